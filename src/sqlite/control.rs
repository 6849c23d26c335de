//! Stopping what a connection computes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::Connection as _;
use sqlx::sqlite::{LockedSqliteHandle, SqliteConnection};

use crate::sqlite::collations::Collations;

/// The flags that SQLite's progress handler looks at.
#[derive(Clone, Debug, Default)]
pub(super) struct Control {
    abandoned: Arc<AtomicBool>,
    /// What the statement that runs may have compared by and cannot.
    pub(super) collations: Collations,
}

impl Control {
    /// The rows of the statement that runs are not needed any more.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    pub(super) fn may_go_on(&self) -> bool {
        !self.abandoned.load(Ordering::Relaxed) && !self.collations.were_asked()
    }

    /// Waits until an abandoned statement has ended, so that the next one is not taken for it.
    pub(super) async fn settle(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        if self.abandoned.load(Ordering::Acquire) {
            drop(locked(connection).await?);
            self.abandoned.store(false, Ordering::Release);
        }
        self.collations.forget_asked();
        Ok(())
    }
}

/// The connection's handle, taken from the thread that works on it.
///
/// Requests for it go to that thread through a queue of fifty, and the thread reads the queue only while it has the handle. Each
/// time that it is slower than this program, an answer stays in the queue. Once the queue is full, this program waits for room
/// in it while it holds the handle, and the thread waits for the handle, for ever. The ping is answered when the queue is empty.
pub(super) async fn locked(
    connection: &mut SqliteConnection,
) -> Result<LockedSqliteHandle<'_>, sqlx::Error> {
    connection.ping().await?;
    connection.lock_handle().await
}
