//! A connection that can only read, and can be stopped.

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::sqlite::{LockedSqliteHandle, SqliteConnection};
use sqlx::{ConnectOptions, Connection as _};

use crate::sqlite::collations::Collations;
use crate::sqlite::error::{Circumstances, DatabaseError};
use crate::sqlite::functions;
use crate::sqlite::options::{plain_read, read_only};
use crate::sqlite::side_files::SideFiles;
use crate::sqlite::snapshot::Snapshot;
use crate::sqlite::statement::{self, InspectError, Statement};

/// How many steps of SQLite's machine pass between two looks at the stop flag: some microseconds.
const STEPS_BETWEEN_LOOKS: i32 = 1000;

/// One connection to a database, for reading.
///
/// Dropping it closes it; [`close`](Self::close) waits until that has happened. Either way nothing is left beside the
/// database that was not there before.
#[derive(Debug)]
pub struct Connection {
    /// `None` only while closing.
    inner: Option<SqliteConnection>,
    circumstances: Circumstances,
    control: Control,
    side_files: SideFiles,
}

/// Ends whatever a [`Connection`] is computing, from anywhere: a signal handler's task, another thread.
///
/// Dropping a future does not do that: SQLite computes in a thread of its own until it has the next row, which a large
/// sort or a cross join may take minutes for.
#[derive(Clone, Debug)]
pub struct Interrupter(Control);

impl Interrupter {
    /// Stops the statement that runs and all later ones, for good: they fail with [`DatabaseError::Interrupted`].
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::Release);
    }
}

/// The flags that SQLite's progress handler looks at.
#[derive(Clone, Debug, Default)]
pub(super) struct Control {
    stop: Arc<AtomicBool>,
    abandoned: Arc<AtomicBool>,
    /// What the statement that runs may have compared by and cannot.
    pub(super) collations: Collations,
}

impl Control {
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// The rows of the statement that runs are of no interest to anybody any more.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    fn may_go_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
            && !self.abandoned.load(Ordering::Relaxed)
            && !self.collations.were_asked()
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

impl Connection {
    pub(super) async fn open(
        real: &Path,
        circumstances: Circumstances,
        side_files: SideFiles,
    ) -> Result<Connection, DatabaseError> {
        let explain = |error: sqlx::Error| circumstances.explain(&error, 0);
        let control = Control::default();
        let mut inner = read_only(real, circumstances.busy_timeout)
            .connect()
            .await
            .map_err(explain)?;
        let handler = control.clone();
        let opened = async {
            let mut handle = locked(&mut inner).await?;
            handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || handler.may_go_on());
            functions::register(handle.as_raw_handle()).map_err(sqlite_error)?;
            control
                .collations
                .register(handle.as_raw_handle())
                .map_err(sqlite_error)?;
            drop(handle);
            plain_read(&mut inner).await?;
            control.collations.read_columns(&mut inner).await
        };
        let opened = opened.await;
        side_files.note_ours();
        let explained = opened.map_err(explain);
        let connection = Connection {
            inner: Some(inner),
            circumstances,
            control,
            side_files,
        };
        explained.map(|()| connection)
    }

    /// A handle that stops this connection.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(self.control.clone())
    }

    /// Looks at a statement without running it: is it one SELECT that only reads, what are its columns and parameters?
    pub async fn inspect(&mut self, sql: &str) -> Result<Statement, DatabaseError> {
        let connection = settled(&mut self.inner, &self.control, &self.circumstances).await?;
        let mut handle = locked(connection)
            .await
            .map_err(|error| self.circumstances.explain(&error, 0))?;
        statement::inspect(handle.as_raw_handle(), sql).map_err(|error| match error {
            InspectError::Statement(error) => error.into(),
            InspectError::Database { code, message } => {
                self.circumstances.explain_code(code, message, 0)
            }
        })
    }

    /// Begins a read transaction: everything read through it is of one moment, however long it takes and whoever
    /// writes meanwhile.
    pub async fn snapshot(&mut self) -> Result<Snapshot<'_>, DatabaseError> {
        let connection = settled(&mut self.inner, &self.control, &self.circumstances).await?;
        Snapshot::begin(connection, self.control.clone(), self.circumstances.clone()).await
    }

    /// A number that is another one after any other connection has changed the database: the cheapest look there is.
    /// It is comparable on this very connection only, and does not notice another file under the path
    /// ([`Database::was_replaced`](super::Database::was_replaced) does).
    pub async fn data_version(&mut self) -> Result<i64, DatabaseError> {
        let connection = settled(&mut self.inner, &self.control, &self.circumstances).await?;
        let version = sqlx::query_scalar("PRAGMA data_version")
            .fetch_one(connection)
            .await;
        version.map_err(|error| self.circumstances.explain(&error, 0))
    }

    /// Closes the connection and waits until that has happened.
    pub async fn close(mut self) -> Result<(), DatabaseError> {
        let Some(inner) = self.inner.take() else {
            return Ok(());
        };
        let closed = inner
            .close()
            .await
            .map_err(|error| self.circumstances.explain(&error, 0));
        self.side_files.tidy().await;
        closed
    }
}

/// A code of SQLite's, of which no call of sqlx's tells.
fn sqlite_error(code: c_int) -> sqlx::Error {
    sqlx::Error::Protocol(format!("SQLite's code {code}"))
}

/// The connection's handle, taken from the thread that works on it.
///
/// That thread is asked for it through a queue of fifty, and takes what is asked there only when it has the handle back. Each
/// time that it is slower than we are, its answer stays in the queue; once that is full, we wait for room in it with the
/// handle in hand, and the thread waits for the handle, for ever. The ping is answered when the queue is empty.
async fn locked(connection: &mut SqliteConnection) -> Result<LockedSqliteHandle<'_>, sqlx::Error> {
    connection.ping().await?;
    connection.lock_handle().await
}

/// The connection, with nothing of the past running on it.
async fn settled<'c>(
    inner: &'c mut Option<SqliteConnection>,
    control: &Control,
    circumstances: &Circumstances,
) -> Result<&'c mut SqliteConnection, DatabaseError> {
    if control.is_stopped() {
        return Err(DatabaseError::Interrupted {
            path: circumstances.path.clone(),
        });
    }
    let closed = || circumstances.explain(&sqlx::Error::WorkerCrashed, 0);
    let connection = inner.as_mut().ok_or_else(closed)?;
    control
        .settle(connection)
        .await
        .map_err(|error| circumstances.explain(&error, 0))?;
    Ok(connection)
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take() else {
            return;
        };
        self.control.abandon();
        if !self.side_files.are_ours() {
            return;
        }
        // On an error's way out, too, the files that we made go away. SQLite's thread ends a statement within
        // milliseconds once it is told, so that waiting here is short.
        let side_files = self.side_files.clone();
        let tidying = std::thread::spawn(move || {
            futures::executor::block_on(async {
                if inner.close().await.is_ok() {
                    side_files.tidy().await;
                }
            });
        });
        if tidying.join().is_err() {
            tracing::debug!("the connection did not close cleanly");
        }
    }
}

#[cfg(test)]
mod tests;
