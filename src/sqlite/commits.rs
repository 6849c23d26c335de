//! Whether anything was committed to the database since the last look.

use crate::sqlite::change_token::ChangeToken;
use crate::sqlite::connection::Connection;
use crate::sqlite::database::Database;
use crate::sqlite::error::DatabaseError;

/// A connection that only looks whether others have committed: the cheapest look there is, without a transaction.
pub struct Commits {
    connection: Connection,
    token: ChangeToken,
}

impl Commits {
    /// Counts from this moment on.
    ///
    /// # Errors
    /// Where the database cannot be opened.
    pub async fn since_now(database: &Database) -> Result<Commits, DatabaseError> {
        let mut connection = database.connect().await?;
        let token = connection.change_token().await?;
        Ok(Commits { connection, token })
    }

    /// Whether a program has committed since the last call. Another database in the place of this one is not noticed
    /// ([`Database::was_replaced`] notices it).
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn any(&mut self) -> Result<bool, DatabaseError> {
        let token = self.connection.change_token().await?;
        Ok(std::mem::replace(&mut self.token, token) != token)
    }

    /// The version of the schema now ([`Snapshot::schema_version`](super::Snapshot::schema_version)).
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn schema_version(&mut self) -> Result<i64, DatabaseError> {
        let mut snapshot = self.connection.snapshot().await?;
        let version = snapshot.schema_version().await?;
        snapshot.end().await?;
        Ok(version)
    }
}
