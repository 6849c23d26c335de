//! The tables of a database, read from SQLite's schema.

use futures::TryStreamExt as _;

use crate::sqlite::{Argument, DatabaseError, Snapshot, Value};

/// All tables and views.
pub(super) struct Schema {
    pub tables: Vec<Table>,
}

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    View,
    /// A virtual table (full-text search, R-tree), or one of the tables that it keeps its data in.
    Machinery,
}

/// A table or view.
pub(super) struct Table {
    pub name: String,
    pub kind: Kind,
    pub columns: Vec<Column>,
    pub foreign_keys: Vec<ForeignKey>,
}

/// A column.
pub(super) struct Column {
    pub name: String,
    /// The declared type, in capitals.
    pub declared: String,
    /// Its place in the primary key, from 1.
    pub key: Option<usize>,
}

/// A foreign key of one column.
#[derive(Clone)]
pub(super) struct ForeignKey {
    pub column: String,
    pub table: String,
    pub to: String,
}

/// Endings of the tables behind virtual ones, where SQLite does not know their module.
const SHADOWS: [&str; 11] = [
    "data", "idx", "content", "docsize", "config", "segments", "segdir", "stat", "node", "parent",
    "rowid",
];

impl Schema {
    pub async fn read(snapshot: &mut Snapshot<'_>) -> Result<Schema, DatabaseError> {
        let list = "SELECT l.name, l.type, COALESCE(s.sql, '') FROM pragma_table_list AS l \
                    JOIN sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view') \
                    WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY l.name";
        let rows = texts(snapshot, list, &[]).await?;
        let is_virtual = |sql: &str| sql.to_uppercase().starts_with("CREATE VIRTUAL");
        let virtuals: Vec<&str> = rows
            .iter()
            .filter(|row| is_virtual(&row[2]))
            .map(|row| row[0].as_str())
            .collect();
        let mut tables = Vec::with_capacity(rows.len());
        for row in &rows {
            let name = &row[0];
            let behind = |of: &&str| {
                let ending = name
                    .strip_prefix(*of)
                    .and_then(|rest| rest.strip_prefix('_'));
                ending.is_some_and(|ending| SHADOWS.contains(&ending))
            };
            let kind = match row[1].as_str() {
                "view" => Kind::View,
                "table" if !is_virtual(&row[2]) && !virtuals.iter().any(behind) => Kind::Table,
                _ => Kind::Machinery,
            };
            if kind == Kind::Machinery {
                tables.push(Table {
                    name: name.clone(),
                    kind,
                    columns: Vec::new(),
                    foreign_keys: Vec::new(),
                });
                continue;
            }
            tables.push(Table {
                name: name.clone(),
                kind,
                columns: columns(snapshot, name).await?,
                foreign_keys: foreign_keys(snapshot, name).await?,
            });
        }
        Ok(Schema { tables })
    }

    pub fn table(&self, name: &str) -> Option<&Table> {
        let same = |table: &&Table| table.name.eq_ignore_ascii_case(name);
        self.tables.iter().find(same)
    }

    /// What can be named, for an error.
    pub fn names(&self) -> String {
        let usable = self
            .tables
            .iter()
            .filter(|table| table.kind != Kind::Machinery);
        let names: Vec<&str> = usable.map(|table| table.name.as_str()).collect();
        names.join(", ")
    }
}

impl Table {
    /// The columns of the primary key, in its order.
    pub fn key(&self) -> Vec<&Column> {
        let mut key: Vec<&Column> = self
            .columns
            .iter()
            .filter(|column| column.key.is_some())
            .collect();
        key.sort_by_key(|column| column.key);
        key
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

async fn columns(snapshot: &mut Snapshot<'_>, table: &str) -> Result<Vec<Column>, DatabaseError> {
    let sql = "SELECT name, UPPER(type), CAST(pk AS TEXT) FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid";
    let rows = texts(snapshot, sql, &[table]).await?;
    let columns = rows.into_iter().map(|row| Column {
        key: row[2].parse().ok().filter(|place| *place > 0),
        name: row[0].clone(),
        declared: row[1].clone(),
    });
    Ok(columns.collect())
}

async fn foreign_keys(
    snapshot: &mut Snapshot<'_>,
    table: &str,
) -> Result<Vec<ForeignKey>, DatabaseError> {
    let sql = "SELECT MIN(\"from\"), MIN(\"table\"), COALESCE(MIN(\"to\"), '') \
               FROM pragma_foreign_key_list(?1) GROUP BY id HAVING COUNT(*) = 1 ORDER BY id";
    let rows = texts(snapshot, sql, &[table]).await?;
    let keys = rows.into_iter().map(|row| ForeignKey {
        column: row[0].clone(),
        table: row[1].clone(),
        to: row[2].clone(),
    });
    Ok(keys.collect())
}

/// All rows of a short answer, as texts.
pub(super) async fn texts(
    snapshot: &mut Snapshot<'_>,
    sql: &str,
    arguments: &[&str],
) -> Result<Vec<Vec<String>>, DatabaseError> {
    let arguments = arguments
        .iter()
        .map(|text| Argument::Text((*text).to_owned()));
    let mut rows = snapshot.rows(sql, arguments.collect());
    let mut all = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let text = |value: &Value<'_>| match value {
            Value::Text(text) => (*text).to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Null | Value::NotUtf8(_) | Value::Blob(_) => String::new(),
        };
        all.push(row.values().iter().map(text).collect());
    }
    Ok(all)
}
