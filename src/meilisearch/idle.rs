//! A time limit on silence.
//!
//! The limits of the HTTP client are about a whole request: an upload of 100 MB over a slow line would run into any of them
//! while its bytes are flowing. This one starts again with each chunk that leaves or arrives.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

#[derive(Clone)]
pub(super) struct Activity {
    last: Arc<Mutex<Instant>>,
    limit: Duration,
}

impl Activity {
    pub(super) fn new(limit: Duration) -> Activity {
        Activity {
            last: Arc::new(Mutex::new(Instant::now())),
            limit,
        }
    }

    /// Something moved.
    pub(super) fn note(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn ends(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) + self.limit
    }

    /// The future's result; none after too long a silence.
    pub(super) async fn watch<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        loop {
            let ends = self.ends();
            tokio::select! {
                output = &mut future => return Some(output),
                () = tokio::time::sleep_until(ends) => if self.ends() <= Instant::now() { return None },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_upload_is_no_silence() {
        let activity = Activity::new(Duration::from_secs(10));
        let upload = async {
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_secs(9)).await;
                activity.note();
            }
            "sent"
        };
        assert_eq!(activity.watch(upload).await, Some("sent"));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_it() {
        let activity = Activity::new(Duration::from_secs(10));
        let begun = Instant::now();
        assert_eq!(activity.watch(std::future::pending::<()>()).await, None);
        assert_eq!(begun.elapsed().as_secs(), 10);
    }
}
