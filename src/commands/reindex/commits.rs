//! Whether anything was committed to the database since the last check.

use crate::sqlite::{Connection, Database, DatabaseError};

/// Asked before a snapshot is taken, it tells afterwards whether that snapshot still is what the database holds.
pub(super) struct Commits {
    connection: Connection,
    version: i64,
}

impl Commits {
    /// Counts from this moment on.
    ///
    /// # Errors
    /// Where the database cannot be opened.
    pub(super) async fn since_now(database: &Database) -> Result<Commits, DatabaseError> {
        let mut connection = database.connect().await?;
        let version = connection.data_version().await?;
        Ok(Commits {
            connection,
            version,
        })
    }

    /// Whether a program has committed, or replaced the file, since the last call.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub(super) async fn any(&mut self, database: &Database) -> Result<bool, DatabaseError> {
        let version = self.connection.data_version().await?;
        let before = std::mem::replace(&mut self.version, version);
        Ok(version != before || database.was_replaced())
    }
}
