//! A connection that can only read, and can be stopped.

use std::ffi::c_int;
use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Connection as _};

use crate::sqlite::change_token::ChangeToken;
use crate::sqlite::control::{Control, locked};
use crate::sqlite::error::DatabaseError;
use crate::sqlite::explain::Circumstances;
use crate::sqlite::functions;
use crate::sqlite::options::{plain_read, read_only};
use crate::sqlite::reads::{self, ColumnRead};
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
            functions::register(&mut handle).map_err(sqlite_error)?;
            let collations = &control.collations;
            collations.register(&mut handle).map_err(sqlite_error)?;
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

    /// Looks at a statement without running it: is it one SELECT that only reads, what are its columns and parameters?
    pub async fn inspect(&mut self, sql: &str) -> Result<Statement, DatabaseError> {
        let connection = settled(&mut self.inner, &self.control, &self.circumstances).await?;
        let mut handle = locked(connection)
            .await
            .map_err(|error| self.circumstances.explain(&error, 0))?;
        statement::inspect(&mut handle, sql).map_err(|error| match error {
            InspectError::Statement(error) => error.into(),
            InspectError::Database { code, message } => {
                self.circumstances.explain_code(code, message, 0)
            }
        })
    }

    /// The columns that a statement reads, as SQLite names them, without running it.
    pub async fn reads(&mut self, sql: &str) -> Result<Vec<ColumnRead>, DatabaseError> {
        // Its errors are the better ones.
        self.inspect(sql).await?;
        let connection = settled(&mut self.inner, &self.control, &self.circumstances).await?;
        let mut handle = locked(connection)
            .await
            .map_err(|error| self.circumstances.explain(&error, 0))?;
        reads::reads(handle.as_raw_handle(), sql)
            .map_err(|(code, message)| self.circumstances.explain_code(code, message, 0))
    }

    /// Begins a read transaction: everything read through it is of one moment, however long it takes and whoever
    /// writes meanwhile.
    pub async fn snapshot(&mut self) -> Result<Snapshot<'_>, DatabaseError> {
        let connection = settled(&mut self.inner, &self.control, &self.circumstances).await?;
        Snapshot::begin(connection, self.control.clone(), self.circumstances.clone()).await
    }

    /// The token of what is committed now.
    pub(super) async fn change_token(&mut self) -> Result<ChangeToken, DatabaseError> {
        let connection = settled(&mut self.inner, &self.control, &self.circumstances).await?;
        ChangeToken::of(connection)
            .await
            .map_err(|error| self.circumstances.explain(&error, 0))
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

/// The connection, with nothing of the past running on it.
async fn settled<'c>(
    inner: &'c mut Option<SqliteConnection>,
    control: &Control,
    circumstances: &Circumstances,
) -> Result<&'c mut SqliteConnection, DatabaseError> {
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
        // milliseconds once the flag is set, so that waiting here is short.
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
