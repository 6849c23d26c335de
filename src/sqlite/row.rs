//! One row.

use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{Decode, Row as _, TypeInfo, ValueRef};

use crate::sqlite::value::Value;

/// A row as the database yields it; its values borrow from it.
pub struct Row(SqliteRow);

impl Row {
    pub(super) fn new(row: SqliteRow) -> Row {
        Row(row)
    }

    /// How many columns there are.
    #[allow(clippy::len_without_is_empty)] // a statement has at least one column
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.columns().iter().map(sqlx::Column::name)
    }

    /// All values, in the order of the columns.
    pub fn values(&self) -> Vec<Value<'_>> {
        (0..self.len()).map(|index| self.value(index)).collect()
    }

    /// The value of one column, by its own type, whatever the column was declared as. NULL beyond the last column.
    pub fn value(&self, index: usize) -> Value<'_> {
        let Ok(value) = self.0.try_get_raw(index) else {
            return Value::Null;
        };
        if value.is_null() {
            return Value::Null;
        }
        let name = value.type_info().name().to_owned();
        match name.as_str() {
            "INTEGER" => <i64 as Decode<Sqlite>>::decode(value).map_or(Value::Null, Value::Integer),
            "REAL" => <f64 as Decode<Sqlite>>::decode(value).map_or(Value::Null, Value::Real),
            "TEXT" => text(<&[u8] as Decode<Sqlite>>::decode(value).unwrap_or_default()),
            _ => Value::Blob(<&[u8] as Decode<Sqlite>>::decode(value).unwrap_or_default()),
        }
    }
}

/// SQLite does not check texts: they may hold bytes in any encoding.
fn text(bytes: &[u8]) -> Value<'_> {
    std::str::from_utf8(bytes).map_or(Value::NotUtf8(bytes), Value::Text)
}

#[cfg(test)]
mod tests {
    use crate::sqlite::testing::{Scene, rows};

    async fn read(scene: &Scene, sql: &str) -> Vec<Vec<String>> {
        let mut connection = scene.database().connect().await.unwrap();
        let mut snapshot = connection.snapshot().await.unwrap();
        rows(&mut snapshot, sql, vec![]).await.unwrap()
    }

    #[tokio::test]
    async fn every_value_is_what_it_is_and_not_what_its_column_was_declared_as() {
        let scene = Scene::new(
            "CREATE TABLE t(i INTEGER, t TEXT, s STRING, d datetime(6), x);
             INSERT INTO t VALUES (9223372036854775807, 7, '007', 1735689600, x'00ff'),
                                  ('نص', NULL, 1e999, '2025-01-01', -9223372036854775808),
                                  (-1e999, '', x'', 2.5, 1.5)",
        );
        let values = read(&scene, "SELECT * FROM t ORDER BY rowid").await;
        assert_eq!(
            values[0],
            [
                "9223372036854775807",
                "'7'",
                "7",
                "1735689600",
                "blob [0, ff]"
            ]
        );
        assert_eq!(
            values[1],
            [
                "'نص'",
                "NULL",
                "inf",
                "'2025-01-01'",
                "-9223372036854775808"
            ]
        );
        assert_eq!(values[2], ["-inf", "''", "blob []", "2.5", "1.5"]);
    }

    #[tokio::test]
    async fn a_text_arrives_whole_past_a_nul() {
        let scene =
            Scene::new("CREATE TABLE t(x); INSERT INTO t VALUES ('قبل' || char(0) || 'بعد')");
        assert_eq!(read(&scene, "SELECT x FROM t").await, [["'قبل\0بعد'"]]);
    }

    #[tokio::test]
    async fn a_text_that_is_not_utf8_arrives_as_its_bytes() {
        let scene =
            Scene::new("CREATE TABLE t(x); INSERT INTO t VALUES (CAST(x'ff41d8' AS TEXT)), ('غ')");
        assert_eq!(
            read(&scene, "SELECT x FROM t").await,
            [["not UTF-8 [ff, 41, d8]"], ["'غ'"]]
        );
    }

    #[tokio::test]
    async fn a_database_in_utf16_is_read_as_utf8() {
        let scene = Scene::without_wal(
            "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(x); INSERT INTO t VALUES ('غزة 𐤀' || char(0) || 'b'), ('')",
        );
        assert_eq!(
            read(&scene, "SELECT x FROM t").await,
            [["'غزة 𐤀\0b'"], ["''"]]
        );
    }
}
