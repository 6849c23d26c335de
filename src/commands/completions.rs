//! `completions`: prints the script with which a shell completes commands and options.

use clap::CommandFactory as _;
use serde::Serialize;

use crate::cli::{Cli, Completions};
use crate::report::Answer;

/// What `--output json` gets.
#[derive(Debug, Serialize)]
struct CompletionsReport {
    /// The shell's name.
    shell: String,
    /// The script, as the shell reads it.
    script: String,
}

/// Runs it.
pub fn run(options: &Completions) -> Answer {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, name, &mut script);
    let report = CompletionsReport {
        shell: options.shell.to_string(),
        script: String::from_utf8_lossy(&script).into_owned(),
    };
    Answer::product(&report, report.script.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_documented_field_by_field() {
        let report = CompletionsReport {
            shell: "bash".to_owned(),
            script: "_bisan-indexer() { ... }".to_owned(),
        };
        crate::report::expect_documented("completions", &report);
    }
}
