//! All checks that can be made before anything is created.

use std::slice;

use futures::TryStreamExt as _;
use serde_json::{Map, Value as Json};

use crate::catalog::IndexDefinition;
use crate::document::{Anomalies, DocumentShape};
use crate::error::Error;
use crate::figures::counted;
use crate::generation::records::record_of;
use crate::meilisearch::{Features, Server, settings, settings_keys};
use crate::prepared::{DefinitionError, Live, Prepared, refused};
use crate::reader;
use crate::sqlite::{Connection, DatabaseError, Snapshot, advice, queries};
use crate::tracking::{ChangeLog, ChangesBy};
use crate::triggers::{self, TriggersError};

/// Rows that are read and converted as a sample before anything is created.
pub const SAMPLE_ROWS: usize = 20;

/// The parameter of a changes.sql that compares change timestamps.
const SINCE: &str = ":since";

/// The parameter of one that reads a change log.
const AFTER: &str = ":after";

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
            return Err(reader::all_bad_rows(snapshot, index, number as u64, why).await);
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
        .map_err(|why| refused(&definition, why))?;
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
    let changes_by = match &definition.changes_sql {
        Some(sql) => check_changes(connection, name, &definition, sql).await?,
        None => ChangesBy::Time { takes_since: false },
    };
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
        changes_by,
        tracking: None,
        fingerprint,
        parts,
        live: None,
    })
}

/// Checks changes.sql, and tells how it finds what changed.
async fn check_changes(
    connection: &mut Connection,
    name: &str,
    definition: &IndexDefinition,
    sql: &str,
) -> Result<ChangesBy, Error> {
    let index = || name.to_owned();
    let inspected = connection.inspect(sql).await;
    let changes = inspected.map_err(|why| why.of_statement(name, "changes.sql"))?;
    let is_log = changes.parameters.iter().any(|name| name == AFTER);
    let expected = if is_log { AFTER } else { SINCE };
    if let Some(parameter) = changes.parameters.iter().find(|name| *name != expected) {
        return Err(DefinitionError::ChangesParameter {
            index: index(),
            parameter: parameter.clone(),
        }
        .into());
    }
    for column in ["id", if is_log { "seq" } else { "changed_at" }] {
        let columns = changes.columns.iter();
        let named: Vec<&String> = columns
            .filter(|one| one.eq_ignore_ascii_case(column))
            .collect();
        match *named {
            [_] => {}
            [first, second, ..] => {
                return Err(DefinitionError::ChangesSameName {
                    index: index(),
                    first: first.clone(),
                    second: second.clone(),
                }
                .into());
            }
            [] if is_log => {
                return Err(DefinitionError::LogColumns {
                    index: index(),
                    columns: changes.columns,
                }
                .into());
            }
            [] => {
                return Err(DefinitionError::ChangesColumns {
                    index: index(),
                    columns: changes.columns,
                }
                .into());
            }
        }
    }
    if !is_log {
        let takes_since = !changes.parameters.is_empty();
        return Ok(ChangesBy::Time { takes_since });
    }
    let mut snapshot = connection.snapshot().await?;
    let schema = snapshot.schema_version().await?;
    let table = snapshot.log_among(&advice::tables_read(sql)).await?;
    snapshot.end().await?;
    let Some(table) = table else {
        return Err(DefinitionError::NoLog { index: index() }.into());
    };
    // The schema is read before the triggers: one that changes in between is noticed by the next round.
    let missing_triggers = missing_triggers(connection, definition, &table).await?;
    Ok(ChangesBy::Log(ChangeLog {
        table,
        schema,
        missing_triggers,
    }))
}

/// What the change log lacks for this definition. A definition that triggers cannot follow lacks all.
async fn missing_triggers(
    connection: &mut Connection,
    definition: &IndexDefinition,
    log: &str,
) -> Result<Vec<String>, Error> {
    let missing = triggers::missing(connection, slice::from_ref(definition), log).await;
    match missing {
        Ok(missing) => Ok(missing
            .into_iter()
            .map(|one| format!("{} ({})", one.name, one.why))
            .collect()),
        Err(error) if error.is::<TriggersError>() => Ok(vec![error.to_string()]),
        Err(error) => Err(error),
    }
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
