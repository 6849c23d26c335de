//! Confirmation before something is changed: a question on a terminal; without a terminal, `--yes` is required.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::cli::Consent;
use crate::error::{CommandError, Error, INTERRUPTED, RuntimeError, UsageError};
use crate::interrupt::or_interrupted;
use crate::terminal;

/// A person was asked, and said no.
#[derive(Debug, thiserror::Error)]
#[error("nothing was changed, as you said")]
pub struct Declined;

impl CommandError for Declined {
    fn exit_code(&self) -> u8 {
        INTERRUPTED
    }
}

/// Whether there is a terminal on which a person can be asked.
pub fn is_anybody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Returns once it may be done. `plan` is what will be done, in whole lines, and is shown before the question.
///
/// # Errors
/// [`Declined`] where a person says no; [`UsageError`] if there is no terminal to ask on and `--yes` was not given.
pub async fn ask(consent: &Consent, plan: &str, question: &str) -> Result<(), Error> {
    if consent.yes {
        return Ok(());
    }
    if !is_anybody_there() {
        return Err(UsageError::error(format!(
            "there is no terminal on which to ask `{question}`; say --yes to do it, or --dry-run to see what would be done"
        )));
    }
    let prompt = format!("{plan}{question} [y/N] ");
    // A thread of its own: a read of the terminal cannot be interrupted, but waiting for it can.
    let answer = or_interrupted(async {
        tokio::task::spawn_blocking(move || read_answer(&prompt))
            .await
            .map_err(io::Error::other)
            .and_then(|answer| answer)
            .map_err(|error| RuntimeError(error).into())
    });
    if is_yes(&answer.await?) {
        Ok(())
    } else {
        Err(Declined.into())
    }
}

fn read_answer(prompt: &str) -> io::Result<String> {
    terminal::question(prompt)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line)
}

/// Anything but a clear yes is a no.
fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_a_clear_yes_is_a_no() {
        for yes in ["y\n", "Yes\n", " YES \n"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "no\n", "yess\n", "نعم\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
