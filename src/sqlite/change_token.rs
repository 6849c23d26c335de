//! A token for what is committed in a database.

use sqlx::sqlite::SqliteConnection;

/// Stands for what is committed in a database: another one after any other connection has changed it. It can be compared with
/// the tokens of the same connection only (SQLite's `PRAGMA data_version`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeToken(i64);

impl ChangeToken {
    pub(super) async fn of(connection: &mut SqliteConnection) -> Result<ChangeToken, sqlx::Error> {
        let version = sqlx::query_scalar("PRAGMA data_version");
        version.fetch_one(connection).await.map(ChangeToken)
    }
}
