//! The natural key of a computed id: `NEWCO` where documents.sql says `hex(code) AS id`.

use futures::TryStreamExt as _;

use crate::document::ids::DocumentId;
use crate::error::Error;
use crate::prepared::Prepared;
use crate::report::explain::ByKey;
use crate::sqlite::{Argument, Connection, DatabaseError, Snapshot, advice, queries};

/// As many ids of one row are shown.
const SHOWN_IDS: usize = 10;

impl ByKey {
    /// The id to explain.
    pub fn first_id(&self) -> Option<DocumentId> {
        let first = self.ids.first()?;
        DocumentId::from_json(&serde_json::Value::String(first.clone())).ok()
    }
}

/// Looks for a row that documents.sql reads and whose key is `asked`.
///
/// Which ids such a row gets is asked of documents.sql itself, with the table narrowed to that row: a common table expression
/// of the table's name stands in front of it.
pub async fn find(
    connection: &mut Connection,
    index: &Prepared,
    asked: &str,
) -> Result<Option<ByKey>, Error> {
    let documents_sql = &index.definition.documents_sql;
    let mut left_out = None;
    for table in advice::tables_read(documents_sql) {
        for column in keys(connection, &table).await? {
            let (exists, arguments) = queries::in_table(&table, &column, asked);
            if !has_row(connection, &exists, arguments).await? {
                continue;
            }
            let Some(ids) = ids_of(connection, documents_sql, &table, &column, asked).await? else {
                continue;
            };
            let found = ByKey {
                table: table.clone(),
                column,
                ids,
            };
            if !found.ids.is_empty() {
                return Ok(Some(found));
            }
            left_out.get_or_insert(found);
        }
    }
    Ok(left_out)
}

/// The columns of a table, or of the tables behind a view, that belong to a PRIMARY KEY or a UNIQUE index.
async fn keys(connection: &mut Connection, table: &str) -> Result<Vec<String>, Error> {
    // A name that is no table: a common table expression, a function.
    let Some(statement) = inspected(connection, &queries::whole_table(table)).await? else {
        return Ok(Vec::new());
    };
    let mut keys = Vec::new();
    let mut snapshot = connection.snapshot().await?;
    for (name, origin) in statement.columns.into_iter().zip(statement.origins) {
        let (Some(table), Some(column)) = (origin.table, origin.column) else {
            continue;
        };
        let arguments = vec![Argument::Text(table), Argument::Text(column)];
        let row = snapshot.only_row(queries::IS_KEY, arguments).await?;
        if row.is_some() {
            keys.push(name);
        }
    }
    snapshot.end().await?;
    Ok(keys)
}

async fn has_row(
    connection: &mut Connection,
    sql: &str,
    arguments: Vec<Argument>,
) -> Result<bool, Error> {
    let mut snapshot = connection.snapshot().await?;
    let mut rows = snapshot.rows(sql, arguments);
    let row = rows.try_next().await;
    drop(rows);
    snapshot.end().await?;
    match row {
        Ok(row) => Ok(row.is_some()),
        // A key whose collation is the application's cannot be looked up.
        Err(DatabaseError::Collation { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The ids that documents.sql gives to the row; none where the table cannot be narrowed.
async fn ids_of(
    connection: &mut Connection,
    documents_sql: &str,
    table: &str,
    column: &str,
    asked: &str,
) -> Result<Option<Vec<String>>, Error> {
    // The rowid is no column of a table until it is named.
    for with_rowid in [false, true] {
        let narrowed = queries::of_one_row(documents_sql, table, column, with_rowid);
        if inspected(connection, &narrowed(1)).await?.is_none() {
            continue;
        }
        let mut snapshot = connection.snapshot().await?;
        // Where another table decides which rows come (a LEFT JOIN), or the name is not met, they come without this one, too.
        let others = ids(&mut snapshot, &narrowed(1), vec![Argument::Null], 1).await?;
        let found = match others.is_empty() {
            true => {
                let arguments: Vec<Argument> = queries::spellings(asked).collect();
                let sql = narrowed(arguments.len());
                Some(ids(&mut snapshot, &sql, arguments, SHOWN_IDS).await?)
            }
            false => None,
        };
        snapshot.end().await?;
        return Ok(found);
    }
    Ok(None)
}

async fn ids(
    snapshot: &mut Snapshot<'_>,
    sql: &str,
    arguments: Vec<Argument>,
    most: usize,
) -> Result<Vec<String>, Error> {
    let mut rows = snapshot.rows(sql, arguments);
    let mut ids = Vec::new();
    while ids.len() < most
        && let Some(row) = rows.try_next().await?
    {
        if let Ok(id) = DocumentId::from_value(row.value(0)) {
            ids.push(id.to_string());
        }
    }
    Ok(ids)
}

/// A statement that may not be one.
async fn inspected(
    connection: &mut Connection,
    sql: &str,
) -> Result<Option<crate::sqlite::Statement>, Error> {
    match connection.inspect(sql).await {
        Ok(statement) => Ok(Some(statement)),
        Err(DatabaseError::Statement(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
