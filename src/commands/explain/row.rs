//! The database's side: what documents.sql returns for an id, and if it returns nothing, why.

use futures::TryStreamExt as _;

use crate::document::ids::DocumentId;
use crate::document::{Anomalies, DocumentError};
use crate::error::{CommandError, Error, FAILED};
use crate::prepared::Prepared;
use crate::report::explain::{ExplainReport, InDatabase};
use crate::sqlite::{Connection, Value, advice, queries};

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

/// What documents.sql returns for an id.
pub struct Selected {
    /// The document that the row becomes, as a line of JSON; none where there is no such row.
    pub line: Option<Vec<u8>>,
    /// Its texts whose column asks for the forms of Arabic words, by their fields.
    pub arabic_texts: Vec<(String, String)>,
    /// Ids that a column with COLLATE NOCASE takes for the same. To Meilisearch they are others.
    pub alike: Vec<String>,
}

/// Reads what documents.sql returns for an id.
pub async fn document(
    connection: &mut Connection,
    index: &Prepared,
    id: &DocumentId,
    notes: &mut Anomalies,
) -> Result<Selected, Error> {
    let (sql, arguments) = queries::by_ids(&index.definition.documents_sql, [id.as_str()]);
    let mut selected = Selected {
        line: None,
        arabic_texts: Vec::new(),
        alike: Vec::new(),
    };
    let mut snapshot = connection.snapshot().await?;
    let mut rows = snapshot.rows(&sql, arguments);
    while let Some(row) = rows.try_next().await? {
        let mut line = Vec::new();
        let mut of_row = Anomalies::default();
        let found = index
            .shape
            .write(&row.values(), &mut line, &mut of_row)
            .map_err(|why| CannotBecome {
                index: index.definition.name.clone(),
                why,
            })?;
        if found == *id {
            selected.line = Some(line);
            selected.arabic_texts = index.shape.arabic_texts(&row.values());
            *notes = of_row;
            break;
        }
        selected.alike.push(found.to_string());
    }
    drop(rows);
    snapshot.end().await?;
    Ok(selected)
}

/// The row that was asked for is one that cannot be indexed.
#[derive(Debug, thiserror::Error)]
#[error("{index}: documents.sql returns its row, which cannot be indexed: {why}")]
pub struct CannotBecome {
    /// The definition's name.
    pub index: String,
    /// What is wrong with it.
    pub why: DocumentError,
}

impl CommandError for CannotBecome {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// Whether the table that the id comes from still holds the row, and what its columns say that documents.sql
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
