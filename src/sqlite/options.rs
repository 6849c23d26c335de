//! The options with which SQLite is opened.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// Rows that may wait between the reader's thread and this program. A row may hold a body of many megabytes, so few;
/// measured at 339 MB/s with 8, 290 MB/s with sqlx's 50, 219 MB/s with 1.
const ROWS_AHEAD: usize = 8;

/// What each connection keeps of the database's pages: 512 KiB instead of SQLite's 2 MiB. Tables are read from their first row to
/// their last, and the system keeps the file's pages anyway.
const PAGE_CACHE: &str = "-512";

/// For reading. Two options of SQLite forbid writes.
///
/// `real` must be absolute: SQLite would take a name that begins with `file:` for a URI, whose parameters may ask for
/// anything (`?mode=rwc`).
pub(super) fn read_only(real: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    common(real, busy_timeout).read_only(true)
}

/// For a connection that closes last (see `side_files.rs`). It never runs a statement that writes.
pub(super) fn read_write(real: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    common(real, busy_timeout).create_if_missing(false)
}

fn common(real: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    debug_assert!(real.is_absolute());
    SqliteConnectOptions::new()
        .filename(real)
        .busy_timeout(busy_timeout)
        .row_buffer_size(ROWS_AHEAD)
        .foreign_keys(false)
        .pragma("query_only", "ON")
        .pragma("cache_size", PAGE_CACHE)
        // Damaged pages are noticed when they are loaded, not when a row of nonsense comes out of them.
        .pragma("cell_size_check", "ON")
        // sqlx would log every statement, and slow ones with their text at a level that people look at.
        .disable_statement_logging()
}

/// The smallest real read: it takes the locks, opens the log and reads the schema, so that whatever is in the way
/// comes up here.
pub(super) async fn plain_read(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1 FROM sqlite_schema LIMIT 1")
        .fetch_optional(connection)
        .await?;
    Ok(())
}
