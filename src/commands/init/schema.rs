//! The tables of a database, read from SQLite's schema.

use super::words::Words;
use crate::sqlite::queries::quoted;
use crate::sqlite::{DatabaseError, Snapshot};

/// All tables and views.
pub(super) struct Schema {
    pub tables: Vec<Table>,
}

/// What kind of thing it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    View,
    /// A virtual table (full-text search, R-tree), or one of the tables that it keeps its data in.
    Machinery,
    /// A view that SQLite cannot read: it names a column that is not there, or a function of the application's.
    Unreadable(String),
}

/// A table or view.
pub(super) struct Table {
    pub name: String,
    pub words: Words,
    pub kind: Kind,
    /// Rows can be had by their rowid, under this name.
    pub rowid: Option<&'static str>,
    pub columns: Vec<Column>,
    pub foreign_keys: Vec<ForeignKey>,
    /// The columns of which no two rows have the same value, each alone.
    pub uniques: Vec<String>,
    /// The text that made it.
    pub sql: String,
    /// The columns that a full-text index of the application's has of it, in the index's order.
    pub full_text: Vec<String>,
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    pub words: Words,
    /// The declared type, in capitals.
    pub declared: String,
    pub not_null: bool,
    /// Its place in the primary key, from 1.
    pub key: Option<usize>,
}

/// A foreign key of one column.
#[derive(Clone, Debug)]
pub(super) struct ForeignKey {
    pub column: String,
    pub table: String,
    /// The column there; empty for its primary key.
    pub to: String,
}

/// Endings of the tables behind virtual ones, where SQLite does not know their module.
const SHADOWS: [&str; 11] = [
    "data", "idx", "content", "docsize", "config", "segments", "segdir", "stat", "node", "parent",
    "rowid",
];

/// The names of a rowid.
const ROWIDS: [&str; 3] = ["rowid", "oid", "_rowid_"];

impl Schema {
    pub async fn read(snapshot: &mut Snapshot<'_>) -> Result<Schema, DatabaseError> {
        let list = "SELECT l.name, l.type, COALESCE(s.sql, ''), l.wr FROM pragma_table_list AS l \
                    JOIN sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view') \
                    WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY l.name";
        let rows = snapshot.texts(list, &[]).await?;
        let is_virtual = |sql: &str| sql.to_uppercase().starts_with("CREATE VIRTUAL");
        let virtuals: Vec<(&str, &str)> = rows
            .iter()
            .filter(|row| is_virtual(&row[2]))
            .map(|row| (row[0].as_str(), row[2].as_str()))
            .collect();
        let mut tables = Vec::with_capacity(rows.len());
        for row in &rows {
            let name = &row[0];
            let behind = |(of, _): &(&str, &str)| {
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
            tables.push(Table::read(snapshot, name, kind, &row[2], row[3] == "1").await?);
        }
        for (name, sql) in virtuals {
            full_text(&mut tables, name, sql);
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
            .filter(|table| matches!(table.kind, Kind::Table | Kind::View));
        let names: Vec<&str> = usable.map(|table| table.name.as_str()).collect();
        names.join(", ")
    }
}

impl Table {
    async fn read(
        snapshot: &mut Snapshot<'_>,
        name: &str,
        kind: Kind,
        sql: &str,
        without_rowid: bool,
    ) -> Result<Table, DatabaseError> {
        let mut table = Table {
            name: name.to_owned(),
            words: Words::of(name),
            kind,
            rowid: None,
            columns: Vec::new(),
            foreign_keys: Vec::new(),
            uniques: Vec::new(),
            sql: sql.to_owned(),
            full_text: Vec::new(),
        };
        match table.kind {
            Kind::Machinery | Kind::Unreadable(_) => {}
            Kind::View => {
                let whole = format!("SELECT * FROM {} LIMIT 1", quoted(name));
                let read = async {
                    snapshot.first_row(&whole, Vec::new()).await?;
                    columns(snapshot, name).await
                };
                match read.await {
                    Ok(columns) => table.columns = columns,
                    Err(why @ DatabaseError::Statement(_)) => {
                        table.kind = Kind::Unreadable(why.to_string());
                    }
                    // A function or collation of the application's, or a column that is there no more.
                    Err(why @ (DatabaseError::Collation { .. } | DatabaseError::Read { .. })) => {
                        table.kind = Kind::Unreadable(why.to_string());
                    }
                    Err(other) => return Err(other),
                }
            }
            Kind::Table => {
                table.columns = columns(snapshot, name).await?;
                table.foreign_keys = foreign_keys(snapshot, name).await?;
                table.uniques = uniques(snapshot, name).await?;
                let free = |rowid: &&str| table.column(rowid).is_none();
                table.rowid = ROWIDS.into_iter().find(free).filter(|_| !without_rowid);
            }
        }
        Ok(table)
    }

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

    /// Whether no two rows have the same value in a column.
    pub fn is_unique(&self, column: &str) -> bool {
        let alone =
            matches!(self.key().as_slice(), [only] if only.name.eq_ignore_ascii_case(column));
        alone
            || self
                .uniques
                .iter()
                .any(|unique| unique.eq_ignore_ascii_case(column))
    }
}

/// What an author made a full-text index of is worth searching: its columns, where they are a table's.
fn full_text(tables: &mut [Table], name: &str, sql: &str) {
    let lower = sql.to_lowercase();
    if !lower.contains("using fts") {
        return;
    }
    let arguments = sql
        .split_once('(')
        .map_or("", |(_, rest)| rest)
        .trim_end_matches([')', ';', ' ', '\n']);
    let bare = |text: &str| {
        text.trim()
            .trim_matches(['"', '\'', '`', '[', ']'])
            .to_owned()
    };
    let mut of = None;
    let mut columns = Vec::new();
    for argument in arguments.split(',') {
        match argument.split_once('=') {
            Some((option, value)) if option.trim().eq_ignore_ascii_case("content") => {
                of = Some(bare(value))
            }
            Some(_) => {}
            None if argument.to_lowercase().contains("unindexed") => {}
            None => columns.push(bare(argument.split_whitespace().next().unwrap_or_default())),
        }
    }
    let lower = name.to_lowercase();
    let without = |ending: &str| lower.strip_suffix(ending).map(str::to_owned);
    let of = of.filter(|of| !of.is_empty()).or_else(|| {
        ["_fts", "_search", "_fts5", "_index", "fts"]
            .iter()
            .find_map(|ending| without(ending))
    });
    let table = of.and_then(|of| {
        tables
            .iter_mut()
            .find(|table| table.kind == Kind::Table && table.name.eq_ignore_ascii_case(&of))
    });
    if let Some(table) = table {
        columns.retain(|column| table.column(column).is_some());
        table.full_text = columns;
    }
}

async fn columns(snapshot: &mut Snapshot<'_>, table: &str) -> Result<Vec<Column>, DatabaseError> {
    let sql = "SELECT name, UPPER(type), pk, \"notnull\" FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid";
    let rows = snapshot.texts(sql, &[table]).await?;
    let columns = rows.into_iter().map(|row| Column {
        key: row[2].parse().ok().filter(|place| *place > 0),
        words: Words::of(&row[0]),
        name: row[0].clone(),
        declared: row[1].clone(),
        not_null: row[3] == "1",
    });
    Ok(columns.collect())
}

async fn foreign_keys(
    snapshot: &mut Snapshot<'_>,
    table: &str,
) -> Result<Vec<ForeignKey>, DatabaseError> {
    let sql = "SELECT MIN(\"from\"), MIN(\"table\"), COALESCE(MIN(\"to\"), '') \
               FROM pragma_foreign_key_list(?1) GROUP BY id HAVING COUNT(*) = 1 ORDER BY id DESC";
    let mut keys: Vec<ForeignKey> = Vec::new();
    for row in snapshot.texts(sql, &[table]).await? {
        // Some tools declare a key twice.
        if keys
            .iter()
            .any(|key| key.column.eq_ignore_ascii_case(&row[0]))
        {
            continue;
        }
        keys.push(ForeignKey {
            column: row[0].clone(),
            table: row[1].clone(),
            to: row[2].clone(),
        });
    }
    Ok(keys)
}

async fn uniques(snapshot: &mut Snapshot<'_>, table: &str) -> Result<Vec<String>, DatabaseError> {
    let sql = "SELECT MIN(i.name) FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i \
               WHERE l.\"unique\" = 1 AND l.partial = 0 GROUP BY l.name \
               HAVING COUNT(*) = 1 AND MIN(i.name) IS NOT NULL ORDER BY MIN(i.cid)";
    Ok(snapshot
        .texts(sql, &[table])
        .await?
        .into_iter()
        .flatten()
        .collect())
}
