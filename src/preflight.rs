//! All checks that can be made before anything is created.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use serde_json::{Map, Value as Json};

use crate::catalog::IndexDefinition;
use crate::document::{Anomalies, DocumentShape};
use crate::error::{CommandError, Error, FAILED, USAGE};
use crate::generation::records::{Record, record_of};
use crate::meilisearch::{Features, IndexInfo, Server, settings, settings_keys};
use crate::reader::{self, BadRow};
use crate::report::counted;
use crate::sqlite::{Connection, DatabaseError, Row, Snapshot, queries};
use crate::sync::tracking::Tracking;

/// Rows that are read and converted as a sample before anything is created.
pub const SAMPLE_ROWS: usize = 20;

/// The parameter that changes.sql may have.
const SINCE: &str = ":since";

/// The columns that changes.sql must have.
const CHANGES_COLUMNS: [&str; 2] = ["id", "changed_at"];

/// An index whose definition was checked against the database and the server.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The definition.
    pub definition: IndexDefinition,
    /// How its rows become documents.
    pub shape: DocumentShape,
    /// Its settings, without the keys that this server is too old for.
    pub settings: Map<String, Json>,
    /// Whether changes.sql has the parameter `:since`; without it, it names every document each time.
    pub changes_takes_since: bool,
    /// What is known of its changes; `None` if this was not examined.
    pub tracking: Option<Tracking>,
    /// What tells this definition from a later one.
    pub fingerprint: String,
    /// The same of each of its parts.
    pub parts: BTreeMap<String, String>,
    /// The index under the live uid now.
    pub live: Option<Live>,
}

impl Prepared {
    /// Finds out what can be seen of its changes.
    ///
    /// # Errors
    /// Change timestamps that cannot be compared, or what keeps the database from being read.
    pub async fn look_at_changes(&self, snapshot: &mut Snapshot<'_>) -> Result<Tracking, Error> {
        match &self.tracking {
            None => Tracking::look(snapshot, &self.definition, self.changes_takes_since).await,
            Some(before) => {
                before
                    .look_again(snapshot, &self.definition, self.changes_takes_since)
                    .await
            }
        }
    }

    /// The same where times that cannot be compared are something to tell, and not the end.
    ///
    /// # Errors
    /// What keeps the database from being read.
    pub async fn tracking(&self, snapshot: &mut Snapshot<'_>) -> Result<Tracking, Error> {
        let looked = self.look_at_changes(snapshot).await;
        let unusable = looked.as_ref().err().and_then(Error::downcast_ref);
        match unusable.cloned() {
            Some(why) => Ok(Tracking::unusable(why, self.changes_takes_since)),
            None => looked,
        }
    }

    /// What a person should know about following it.
    pub fn blind_spots(&self) -> Vec<String> {
        let spots = self
            .tracking
            .iter()
            .flat_map(|tracking| &tracking.blind_spots);
        spots
            .map(|spot| format!("{}: {spot}", self.definition.live_uid))
            .collect()
    }

    /// Checks that a row has the columns that the shape was read from; call it for the first row of a statement.
    ///
    /// # Errors
    /// The database was migrated since.
    pub fn expect_columns_of(&self, row: &Row) -> Result<(), DefinitionError> {
        if self.shape.is_of(row.columns()) {
            return Ok(());
        }
        Err(DefinitionError::ColumnsChanged {
            index: self.definition.name.clone(),
        })
    }
}

/// The live index as a run has found it.
#[derive(Clone, Debug)]
pub struct Live {
    /// The index; its `createdAt` says which generation it is.
    pub index: IndexInfo,
    /// How many documents it holds.
    pub documents: u64,
    /// Our record of it. Without one, another program made it, or its record is lost.
    pub record: Option<Record>,
}

impl Live {
    /// Whether it was not made for another live uid, and brought here by hand.
    pub fn is_of(&self, live_uid: &str) -> bool {
        self.record
            .as_ref()
            .is_none_or(|record| record.live_uid == live_uid)
    }
}

/// A definition that the database cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// documents.sql has parameters; there is nothing to bind to them.
    #[error("{index}/documents.sql has a parameter {parameter}; it is read whole and gets none")]
    DocumentsParameter {
        /// The definition's name.
        index: String,
        /// The parameter.
        parameter: String,
    },
    /// changes.sql has another parameter than `:since`.
    #[error("{index}/changes.sql has a parameter {parameter}; the only one it gets is :since")]
    ChangesParameter {
        /// The definition's name.
        index: String,
        /// The parameter.
        parameter: String,
    },
    /// changes.sql lacks a column.
    #[error(
        "{index}/changes.sql must return the columns id and changed_at (SELECT id, updated_at AS changed_at …); \
         it returns {}", .columns.join(", ")
    )]
    ChangesColumns {
        /// The definition's name.
        index: String,
        /// Its columns.
        columns: Vec<String>,
    },
    /// SQLite takes two columns of changes.sql for one, and may give the one's values for the other's.
    #[error(
        "{index}/changes.sql has two columns that SQLite takes for one name, {first:?} and {second:?}; give one of them \
         another name, or leave it out"
    )]
    ChangesSameName {
        /// The definition's name.
        index: String,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A column without a name, for which SQLite generates one, and a different one if the statement is part of
    /// another.
    #[error(
        "{index}/documents.sql: the column {column:?} has no name of its own; give it one: AS {suggested}"
    )]
    NoName {
        /// The definition's name.
        index: String,
        /// What SQLite calls it.
        column: String,
        /// What SQLite calls it elsewhere.
        suggested: String,
    },
    /// The columns do not make a document.
    #[error("{index}/documents.sql: {why}")]
    Shape {
        /// The definition's name.
        index: String,
        /// Why.
        why: crate::document::ShapeError,
    },
    /// The database was migrated while its rows were read.
    #[error(
        "{index}/documents.sql returns other columns than when the run began: the database was changed meanwhile (ALTER \
         TABLE, a migration). Nothing that was read since is used; run it once more"
    )]
    ColumnsChanged {
        /// The definition's name.
        index: String,
    },
    /// The live index identifies its documents by another field.
    #[error(
        "{live_uid}: the live index has the primary key `{found}`, and documents.sql gives `id`; \
         a search application that looks hits up by `{found}` would find none. Rename the column, or delete that index"
    )]
    PrimaryKey {
        /// The live uid.
        live_uid: String,
        /// The primary key there.
        found: String,
    },
}

impl CommandError for DefinitionError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::ColumnsChanged { .. } => FAILED,
            _ => USAGE,
        }
    }
}

/// Checks every definition against the database: the statements prepare, each is one SELECT, the columns make
/// documents, and the first rows convert.
///
/// # Errors
/// The first thing that cannot be used, named with its file.
pub async fn against_the_database(
    connection: &mut Connection,
    definitions: Vec<IndexDefinition>,
) -> Result<Vec<Prepared>, Error> {
    let mut prepared = Vec::with_capacity(definitions.len());
    for definition in definitions {
        prepared.push(check_statements(connection, definition).await?);
    }
    let mut snapshot = connection.snapshot().await?;
    for index in &mut prepared {
        check_first_rows(&mut snapshot, index).await?;
        index.tracking = Some(index.tracking(&mut snapshot).await?);
    }
    snapshot.end().await?;
    Ok(prepared)
}

/// Converts the first rows of one definition.
///
/// # Errors
/// All rows that cannot become documents, where one of the first is such a one.
pub async fn check_first_rows(snapshot: &mut Snapshot<'_>, index: &Prepared) -> Result<(), Error> {
    let mut notes = Anomalies::default();
    let mut line = Vec::new();
    let in_documents =
        |why: DatabaseError| why.of_statement(&index.definition.name, "documents.sql");
    let mut rows = snapshot.rows(&index.definition.documents_sql, Vec::new());
    for number in 1..=SAMPLE_ROWS {
        let row = rows.try_next().await.map_err(in_documents)?;
        let Some(row) = row else {
            break;
        };
        line.clear();
        if let Err(why) = index.shape.write(&row.values(), &mut line, &mut notes) {
            drop(rows);
            let met = BadRow {
                row: number as u64,
                why: why.into(),
            };
            return Err(reader::all_bad_rows(snapshot, index, met).await);
        }
    }
    Ok(())
}

/// Checks the statements of one definition: each prepares and is one SELECT, the columns make documents.
///
/// # Errors
/// The first thing that cannot be used, named with its file.
pub async fn check_statements(
    connection: &mut Connection,
    definition: IndexDefinition,
) -> Result<Prepared, Error> {
    let name = &definition.name;
    let documents = connection
        .inspect(&definition.documents_sql)
        .await
        .map_err(|why| why.of_statement(name, "documents.sql"))?;
    if let Some(parameter) = documents.parameters.first() {
        return Err(DefinitionError::DocumentsParameter {
            index: name.clone(),
            parameter: parameter.clone(),
        }
        .into());
    }
    let shape = DocumentShape::new(&documents.columns).map_err(|why| DefinitionError::Shape {
        index: name.clone(),
        why,
    })?;
    expect_the_same_names_inside(connection, name, &definition, &documents.columns).await?;
    let mut changes_takes_since = false;
    if let Some(sql) = &definition.changes_sql {
        let changes = connection
            .inspect(sql)
            .await
            .map_err(|why| why.of_statement(name, "changes.sql"))?;
        if let Some(parameter) = changes.parameters.iter().find(|name| *name != SINCE) {
            return Err(DefinitionError::ChangesParameter {
                index: name.clone(),
                parameter: parameter.clone(),
            }
            .into());
        }
        let named = |column: &str| {
            let columns = changes.columns.iter().cloned();
            columns
                .filter(|one| one.eq_ignore_ascii_case(column))
                .collect::<Vec<String>>()
        };
        if let Some([first, second, ..]) = CHANGES_COLUMNS
            .iter()
            .map(|column| named(column))
            .find(|found| found.len() > 1)
            .as_deref()
        {
            return Err(DefinitionError::ChangesSameName {
                index: name.clone(),
                first: first.clone(),
                second: second.clone(),
            }
            .into());
        }
        if CHANGES_COLUMNS
            .iter()
            .any(|column| named(column).is_empty())
        {
            return Err(DefinitionError::ChangesColumns {
                index: name.clone(),
                columns: changes.columns,
            }
            .into());
        }
        changes_takes_since = !changes.parameters.is_empty();
    }
    let shape = shape.with_filterable(filterable(&definition.settings));
    let conversions: Vec<(&str, u32)> = shape
        .conversions()
        .iter()
        .map(|conversion| (conversion.name(), conversion.version()))
        .collect();
    let fingerprint = definition.fingerprint(conversions.iter().copied());
    let parts = definition.part_fingerprints(conversions);
    Ok(Prepared {
        settings: definition.settings.clone(),
        definition,
        shape,
        changes_takes_since,
        tracking: None,
        fingerprint,
        parts,
        live: None,
    })
}

/// Rows are read by the statement itself and by statements around it, and SQLite must call the columns the same in both.
async fn expect_the_same_names_inside(
    connection: &mut Connection,
    name: &str,
    definition: &IndexDefinition,
    columns: &[String],
) -> Result<(), Error> {
    let (inside, _) = queries::by_ids(&definition.documents_sql, ["1"]);
    let inside = connection
        .inspect(&inside)
        .await
        .map_err(|why| why.of_statement(name, "documents.sql"))?;
    let mut pairs = columns.iter().zip(&inside.columns);
    match pairs.find(|(column, inside)| !column.eq_ignore_ascii_case(inside)) {
        None => Ok(()),
        Some((column, inside)) => Err(DefinitionError::NoName {
            index: name.to_owned(),
            column: column.clone(),
            suggested: inside.clone(),
        }
        .into()),
    }
}

/// The fields that may be filtered by, whose texts the engine knows the beginning of only.
fn filterable(settings: &Map<String, Json>) -> impl Iterator<Item = &str> {
    let rules = settings
        .get("filterableAttributes")
        .and_then(Json::as_array);
    rules.into_iter().flatten().flat_map(|rule| {
        let patterns = rule.get("attributePatterns").and_then(Json::as_array);
        rule.as_str()
            .into_iter()
            .chain(patterns.into_iter().flatten().filter_map(Json::as_str))
    })
}

/// Checks every definition against the server: it is healthy, the key is allowed what a run needs, the settings are
/// keys that Meilisearch knows. Notes what is live now, and returns what a person should know.
///
/// # Errors
/// The first thing that would make the run fail.
pub async fn against_the_server(
    server: &Server,
    prepared: &mut [Prepared],
) -> Result<(Features, Vec<String>), Error> {
    server.health().await?;
    let features = server.features().await?;
    let records = server.records().await?;
    let mut warnings = Vec::new();
    let queue = server.queue().await?;
    if queue.total > 0 {
        let waiting: Vec<String> = queue
            .by_index()
            .iter()
            .map(|(index, tasks)| format!("{tasks} for {index}"))
            .collect();
        warnings.push(format!(
            "{} on the server or at work ({}); ours come after",
            counted(queue.total, "task of others waits", "tasks of others wait"),
            waiting.join(", ")
        ));
    }
    warnings.extend(fit_settings(&features, prepared));
    for index in prepared.iter_mut() {
        let live_uid = index.definition.live_uid.clone();
        let Some(live) = server.index(&live_uid).await? else {
            continue;
        };
        if let Some(found) = live.primary_key.as_ref().filter(|key| *key != "id") {
            let found = found.clone();
            return Err(DefinitionError::PrimaryKey { live_uid, found }.into());
        }
        index.live = Some(Live {
            record: record_of(&live, &records).cloned(),
            documents: server.count_documents(&live_uid).await?,
            index: live,
        });
        let found = server.settings(&live_uid).await?;
        let unmentioned = settings::unmentioned(&index.definition.settings, &found);
        if !unmentioned.is_empty() {
            warnings.push(format!(
                "{live_uid}: the live index has settings that the definition does not mention and the new one will \
                 not have: {}; add them to {}/settings.json to keep them",
                unmentioned.join(", "),
                index.definition.name
            ));
        }
    }
    Ok((features, warnings))
}

/// Leaves out the settings keys that this server is too old for, and says which.
pub fn fit_settings(features: &Features, prepared: &mut [Prepared]) -> Vec<String> {
    let mut warnings = Vec::new();
    for index in prepared {
        let (kept, left_out) = settings_keys::for_server(&index.definition.settings, features);
        index.settings = kept;
        let said = left_out.iter().map(|key| {
            format!(
                "{}: left out for this server: {key}",
                index.definition.live_uid
            )
        });
        warnings.extend(said);
    }
    warnings
}
