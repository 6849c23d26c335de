//! The database's side: what documents.sql makes of an id, and if nothing, why.

use futures::TryStreamExt as _;

use super::report::ExplainReport;
use super::report::InDatabase;
use crate::document::Notes;
use crate::error::Error;
use crate::ids::DocumentId;
use crate::preflight::Prepared;
use crate::reader::{BadRow, BadRows};
use crate::source::{Connection, Value, advice, queries};

/// What became of an id that documents.sql does not return.
#[derive(Debug)]
pub struct NotSelected {
    state: InDatabase,
    table: Option<String>,
    /// Columns that documents.sql mentions in its conditions, with their values.
    columns: Vec<(String, String)>,
    clock: Option<String>,
}

impl NotSelected {
    /// Writes it down, and says in which state the row is.
    pub fn note(self, report: &mut ExplainReport) -> InDatabase {
        report.table = self.table;
        report.columns = self
            .columns
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        report.clock = self.clock;
        self.state
    }
}

/// The document that a row becomes, as a line of JSON; none where documents.sql does not return it.
pub async fn document(
    connection: &mut Connection,
    index: &Prepared,
    id: &DocumentId,
    notes: &mut Notes,
) -> Result<Option<Vec<u8>>, Error> {
    let (sql, arguments) = queries::by_ids(&index.definition.documents_sql, [id.as_str()]);
    let mut snapshot = connection.snapshot().await?;
    let mut rows = snapshot.rows(&sql, arguments);
    let row = rows.try_next().await?;
    let mut line = Vec::new();
    if let Some(row) = &row {
        index
            .shape
            .write(&row.values(), &mut line, notes)
            .map_err(|why| BadRows {
                index: index.definition.name.clone(),
                total: 1,
                shown: vec![BadRow {
                    row: 1,
                    why: why.into(),
                }],
            })?;
    }
    drop(rows);
    snapshot.end().await?;
    Ok(row.map(|_| line))
}

/// Whether the table that the id comes from holds the row all the same, and what its columns say that documents.sql
/// has conditions about.
pub async fn why_not_selected(
    connection: &mut Connection,
    index: &Prepared,
    id: &DocumentId,
) -> Result<NotSelected, Error> {
    let documents_sql = &index.definition.documents_sql;
    let mut found = NotSelected {
        state: InDatabase::Unknown,
        table: None,
        columns: Vec::new(),
        clock: None,
    };
    let statement = connection.inspect(documents_sql).await?;
    let place = statement.columns.iter().position(|column| column == "id");
    let origin = place.and_then(|place| statement.origins.get(place));
    let Some((Some(table), Some(column))) =
        origin.map(|origin| (origin.table.clone(), origin.column.clone()))
    else {
        return Ok(found);
    };
    let (sql, arguments) = queries::in_table(&table, &column, id.as_str());
    found.table = Some(table);
    let columns = connection.inspect(&sql).await?.columns;
    let mut snapshot = connection.snapshot().await?;
    let mut rows = snapshot.rows(&sql, arguments);
    let row = rows.try_next().await?;
    found.state = match &row {
        Some(_) => InDatabase::FilteredOut,
        None => InDatabase::Absent,
    };
    if let Some(row) = &row {
        let conditions = advice::names_in_conditions(documents_sql);
        found.columns = columns
            .into_iter()
            .enumerate()
            .filter(|(_, name)| conditions.contains(&name.to_lowercase()))
            .map(|(place, name)| (name, shown(row.value(place))))
            .collect();
        found.clock = advice::unsteady(documents_sql);
    }
    drop(rows);
    snapshot.end().await?;
    Ok(found)
}

fn shown(value: Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        other => other.excerpt(),
    }
}
