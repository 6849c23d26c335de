//! The application's change log: a table to which its triggers append a row at each write.
//!
//! A log has the columns `seq`, `src`, `id` and `at` (`bisan-indexer triggers` prints its SQL). A sequence number rolls
//! back with its transaction, and SQLite has one writer at a time, so the order of the numbers is the order of the
//! commits: whatever was committed after a row has a greater number, and nothing appears later with a smaller one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sqlite::error::DatabaseError;
use crate::sqlite::queries::quoted;
use crate::sqlite::snapshot::Snapshot;
use crate::sqlite::value::{Argument, Value};

/// The columns of a log.
pub const LOG_COLUMNS: [&str; 4] = ["seq", "src", "id", "at"];

/// The columns of a table; bind its name.
const COLUMNS_OF: &str = "SELECT name FROM pragma_table_info(?1)";

/// A number that is another one after the schema was changed (<https://www.sqlite.org/pragma.html#pragma_schema_version>).
const SCHEMA_VERSION: &str = "SELECT schema_version FROM pragma_schema_version";

/// How far a log was read: its last row then, with everything that tells it from another row of the same number. A
/// restored backup, or a log that was emptied and began again, gives the number to another row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPosition {
    /// The row's number.
    pub seq: i64,
    /// The row's source.
    pub src: String,
    /// The row's id, as a text.
    pub id: String,
    /// When the row was written, in milliseconds since 1970.
    pub at: i64,
    /// The version of the schema then. Where it has moved, a trigger may have been missing for a while.
    pub schema: i64,
}

impl LogPosition {
    /// When the row was written.
    pub fn written_at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.at).ok()
    }
}

/// Why the log does not tell everything that was written since a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogGap {
    /// Nothing was read from it so far.
    #[error("the index was not followed by the change log so far")]
    New,
    /// A migration: SQLite's way to change a table copies it, without its triggers.
    #[error(
        "the schema was changed (a migration, VACUUM), so writes may be missing in the change log"
    )]
    Schema,
    /// The row is not there any more, or is another one.
    #[error(
        "the change log does not continue at the row that was read last (a restored backup, a log that began again, or \
         more changes than it keeps)"
    )]
    Row,
}

impl Snapshot<'_> {
    /// The version of the schema.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn schema_version(&mut self) -> Result<i64, DatabaseError> {
        let row = self.only_row(SCHEMA_VERSION, Vec::new()).await?;
        Ok(row.map_or(0, |row| integer(row.value(0))))
    }

    /// The last row of a log, with the version of the schema; `None` where the log is empty.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn end_of_log(&mut self, log: &str) -> Result<Option<LogPosition>, DatabaseError> {
        let schema = self.schema_version().await?;
        self.log_row(log, "ORDER BY l.seq DESC LIMIT 1", Vec::new(), schema)
            .await
    }

    /// Whether everything that was written since `position` is in the log.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn gap_since(
        &mut self,
        log: &str,
        position: Option<&LogPosition>,
    ) -> Result<Option<LogGap>, DatabaseError> {
        let Some(position) = position else {
            return Ok(Some(LogGap::New));
        };
        let schema = self.schema_version().await?;
        if schema != position.schema {
            return Ok(Some(LogGap::Schema));
        }
        let seq = vec![Argument::Integer(position.seq)];
        let row = self.log_row(log, "WHERE l.seq = ?1", seq, schema).await?;
        Ok((row.as_ref() != Some(position)).then_some(LogGap::Row))
    }

    /// When the row of this number was written.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn log_time(
        &mut self,
        log: &str,
        seq: i64,
    ) -> Result<Option<Timestamp>, DatabaseError> {
        let seq = vec![Argument::Integer(seq)];
        let row = self.log_row(log, "WHERE l.seq = ?1", seq, 0).await?;
        Ok(row.and_then(|row| row.written_at()))
    }

    /// Which of these tables is a log.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn log_among(&mut self, tables: &[String]) -> Result<Option<String>, DatabaseError> {
        for table in tables {
            let columns = self.texts(COLUMNS_OF, &[table]).await?.concat();
            if LOG_COLUMNS
                .iter()
                .all(|name| columns.iter().any(|column| column == name))
            {
                return Ok(Some(table.clone()));
            }
        }
        Ok(None)
    }

    async fn log_row(
        &mut self,
        log: &str,
        which: &str,
        arguments: Vec<Argument>,
        schema: i64,
    ) -> Result<Option<LogPosition>, DatabaseError> {
        let sql = format!(
            "SELECT l.seq, l.src, CAST(l.id AS TEXT), l.at FROM main.{} AS l {which}",
            quoted(log)
        );
        let row = self.only_row(&sql, arguments).await?;
        Ok(row.map(|row| LogPosition {
            seq: integer(row.value(0)),
            src: text(row.value(1)),
            id: text(row.value(2)),
            at: integer(row.value(3)),
            schema,
        }))
    }
}

fn integer(value: Value<'_>) -> i64 {
    match value {
        Value::Integer(number) => number,
        _ => 0,
    }
}

fn text(value: Value<'_>) -> String {
    match value {
        Value::Text(text) => text.to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::testing::Scene;

    const LOG: &str = "CREATE TABLE log (seq INTEGER PRIMARY KEY, src TEXT NOT NULL, id NOT NULL, at INTEGER NOT NULL);
        INSERT INTO log (src, id, at) VALUES ('', 'created', 1), ('a', 7, 2);";

    async fn gap(scene: &Scene, position: Option<&LogPosition>) -> Option<LogGap> {
        let mut connection = scene.database().connect().await.unwrap();
        let mut snapshot = connection.snapshot().await.unwrap();
        snapshot.gap_since("log", position).await.unwrap()
    }

    #[tokio::test]
    async fn a_log_continues_while_its_last_row_is_the_same_and_the_schema_too() {
        let scene = Scene::new(LOG);
        let mut connection = scene.database().connect().await.unwrap();
        let mut snapshot = connection.snapshot().await.unwrap();
        let tables = ["sqlite_schema".to_owned(), "log".to_owned()];
        let log = snapshot.log_among(&tables).await.unwrap();
        assert_eq!(log.as_deref(), Some("log"));
        let end = snapshot.end_of_log("log").await.unwrap().unwrap();
        assert_eq!(
            (end.seq, end.src.as_str(), end.id.as_str(), end.at),
            (2, "a", "7", 2)
        );
        snapshot.end().await.unwrap();
        connection.close().await.unwrap();

        assert_eq!(gap(&scene, None).await, Some(LogGap::New));
        assert_eq!(gap(&scene, Some(&end)).await, None);
        scene.write("INSERT INTO log (src, id, at) VALUES ('a', 8, 3)");
        assert_eq!(gap(&scene, Some(&end)).await, None);
        scene.write("UPDATE log SET at = 4 WHERE seq = 2");
        assert_eq!(gap(&scene, Some(&end)).await, Some(LogGap::Row));
        scene.write("UPDATE log SET at = 2 WHERE seq = 2");
        assert_eq!(gap(&scene, Some(&end)).await, None);
        scene.write("CREATE TABLE other (x)");
        assert_eq!(gap(&scene, Some(&end)).await, Some(LogGap::Schema));
    }
}
