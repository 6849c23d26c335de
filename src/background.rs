//! Work in a background task, which is cancelled when its handle is dropped.

use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::error::{Error, RuntimeError};

/// A separate task, because both sides may keep a processor busy. Dropping it cancels the task.
pub struct Background<T>(JoinSet<Result<T, Error>>);

impl<T: Send + 'static> Background<T> {
    /// Begins it.
    pub fn begin<E: Into<Error>>(
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Background<T> {
        let mut task = JoinSet::new();
        let work = async move { work.await.map_err(Into::into) };
        // What it logs is about the same server as what is logged here.
        task.spawn(work.in_current_span());
        Background(task)
    }

    /// What became of it, once it has ended.
    ///
    /// # Errors
    /// Its own.
    pub async fn outcome(mut self) -> Result<T, Error> {
        match self.0.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(broken)) => Err(RuntimeError(std::io::Error::other(broken)).into()),
            None => Err(RuntimeError(std::io::Error::other("nothing was begun")).into()),
        }
    }
}
