//! Ctrl-C and SIGTERM: once stops cleanly, twice at once.

use std::future::Future;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::error::{CommandError, Error, INTERRUPTED};

static ASKED: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));
static LISTENING: AtomicBool = AtomicBool::new(false);

/// SIGINT or SIGTERM, somewhere.
#[derive(Debug, thiserror::Error)]
#[error("interrupted{}", left.map(|left| format!("; {left}")).unwrap_or_default())]
pub struct Interrupted {
    /// What is known of the live indexes: said only by who knows it.
    left: Option<&'static str>,
}

impl CommandError for Interrupted {
    fn exit_code(&self) -> u8 {
        INTERRUPTED
    }
}

/// The same error; where it is an interrupt of which nothing is said yet, with what it leaves.
pub fn leaving(error: Error, left: &'static str) -> Error {
    match error.downcast_ref() {
        Some(Interrupted { left: None }) => Interrupted { left: Some(left) }.into(),
        _ => error,
    }
}

/// Listens for SIGINT and SIGTERM from now on. The first lets [`or_interrupted`] end; the second ends the process
/// at once, for a person who will not wait for the clean-up.
///
/// # Errors
/// Where the system refuses a signal handler.
pub fn listen() -> std::io::Result<()> {
    if LISTENING.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if ASKED.send_replace(true) {
                std::process::exit(INTERRUPTED.into());
            }
            tracing::warn!("stopping cleanly; once more to stop at once");
        }
    });
    Ok(())
}

/// Returns when the first interrupt comes.
pub async fn asked() {
    // The sender is never dropped, so this waits for the value alone.
    let _ = ASKED.subscribe().wait_for(|asked| *asked).await;
}

/// Runs `work` to its end, or to the first interrupt.
///
/// `work` is dropped where it waits, so it must leave what has to be undone in something that outlives it.
///
/// # Errors
/// [`Interrupted`], or the error of `work`.
pub async fn or_interrupted<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::select! {
        biased;
        () = asked() => Err(Interrupted { left: None }.into()),
        outcome = work => outcome,
    }
}
