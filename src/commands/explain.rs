//! `explain INDEX ID`: says why an article is not found. It compares the row, the document made from it, and the
//! document on the server, and looks at which rank a query finds it.

mod forms;
mod key;
mod row;
mod search;
mod typos;

pub use row::CannotBecome;
use serde_json::{Map, Value};

use crate::catalog::IndexDefinition;
use crate::cli::Explain;
use crate::commands::side_by_side;
use crate::commands::sync::CannotFollow;
use crate::document::Anomalies;
use crate::document::ids::DocumentId;
use crate::error::{DIFFERENT, Error, UsageError};
use crate::interrupt::or_interrupted;
use crate::meilisearch::MeilisearchError;
use crate::prepared::Prepared;
use crate::report::Answer;
use crate::report::explain::{ExplainReport, InDatabase};
use crate::session::Session;
use crate::sync::{SharedRows, differing_fields};
use crate::{servers, session};

/// The longest word that the engine indexes, in bytes (milli: `MAX_WORD_LENGTH`).
const MAX_WORD_BYTES: usize = 250;

/// Runs it. Sides that differ are an answer: exit code 5.
///
/// # Errors
/// An id or index that is none, or a side that cannot be read.
pub async fn run(options: &Explain) -> Result<Answer, Error> {
    let definitions = selected(options)?;
    let database = session::database(&options.connections.database)?;
    let servers = servers::open(&options.connections.server)?;
    let rows = SharedRows::between(servers.len());
    let defined = or_interrupted(session::defined(&database, definitions)).await?;
    side_by_side::run(servers, async |at| {
        let session = Session::at(&database, &rows, at);
        let report = or_interrupted(explain(options, &session, &defined)).await?;
        let answer = Answer::new(&report, report.summary());
        Ok(if report.sides_agree {
            answer
        } else {
            answer.with_exit_code(DIFFERENT)
        })
    })
    .await
}

/// The definition that is asked about.
fn selected(options: &Explain) -> Result<Vec<IndexDefinition>, Error> {
    let mut definitions = session::definitions(&options.selection)?;
    let known: Vec<String> = definitions.iter().map(|one| one.name.clone()).collect();
    definitions.retain(|one| one.name == options.index_name || one.live_uid == options.index_name);
    if definitions.is_empty() {
        return Err(UsageError::error(format!(
            "there is no index definition `{}`; there are {}",
            options.index_name,
            known.join(", ")
        )));
    }
    Ok(definitions)
}

async fn explain(
    options: &Explain,
    session: &Session,
    defined: &[Prepared],
) -> Result<ExplainReport, Error> {
    let id = DocumentId::from_json(&Value::String(options.id.clone()));
    let preflight = session.prepare(defined).await?;
    let Some(index) = preflight.indexes.first() else {
        return Err(UsageError::error("no index is selected".to_owned()));
    };
    let live_uid = index.definition.live_uid.clone();
    let Some(live) = &index.live else {
        return Err(CannotFollow::NoIndex { live_uid }.into());
    };
    let mut report = ExplainReport::new(index, &options.id, live.index.created_at.clone());
    let mut arabic_texts = Vec::new();
    if let Ok(id) = &id {
        arabic_texts = both_sides(session, index, id, &mut report).await?;
    }
    let mut explained = id.as_ref().ok().cloned();
    let is_nowhere = report.database != InDatabase::Selected && !report.in_index;
    if is_nowhere && report.alike.is_empty() {
        let mut connection = session.database.connect().await?;
        let found = key::find(&mut connection, index, &options.id).await?;
        connection.close().await?;
        match (found, id) {
            (Some(found), _) => {
                explained = found.first_id();
                if let Some(id) = &explained {
                    report.id = id.to_string();
                    arabic_texts = both_sides(session, index, id, &mut report).await?;
                } else {
                    report.is_left_out_of(&found.table);
                }
                report.by_key = Some(found);
            }
            (None, Ok(_)) => {}
            // What no document can have as its id could have been the key of a row.
            (None, Err(why)) => {
                return Err(UsageError::error(format!(
                    "no document can have this id: {why}"
                )));
            }
        }
    }
    if let (Some(q), Some(id)) = (&options.q, &explained) {
        let parameters = parameters(options.search.as_deref())?;
        let of = search::Of {
            server: &session.server,
            features: &preflight.features,
            live_uid: &live_uid,
            id,
            arabic_texts: &arabic_texts,
        };
        let found = search::search(&of, q, &parameters).await;
        report.search = Some(found.map_err(|error| refused(error, &parameters))?);
    }
    report.conclude();
    Ok(report)
}

/// The row and the document, and how they differ. Returns the texts of the row that ask for the forms of Arabic words.
async fn both_sides(
    Session {
        database, server, ..
    }: &Session,
    index: &Prepared,
    id: &DocumentId,
    report: &mut ExplainReport,
) -> Result<Vec<(String, String)>, Error> {
    let live_uid = &index.definition.live_uid;
    let mut connection = database.connect().await?;
    let mut notes = Anomalies::default();
    let selected = row::document(&mut connection, index, id, &mut notes).await?;
    let line = selected.line;
    report.alike = selected.alike;
    let document = server.document(live_uid, id.as_str()).await?;
    report.notes = notes.entries().to_vec();
    report.database = match &line {
        Some(_) => InDatabase::Selected,
        None => row::why_not_selected(&mut connection, index, id)
            .await?
            .note(report),
    };
    connection.close().await?;
    report.in_index = document.is_some();
    report.fields = match (&line, &document) {
        (Some(line), Some(document)) => differing_fields(line, document),
        _ => Vec::new(),
    };
    report.sides_agree = line.is_some() == document.is_some() && report.fields.is_empty();
    let queue = server.queue().await?;
    report.waiting_tasks = queue.of(live_uid).count() as u64;
    if let Some(document) = document {
        report.long_words = long_words(&document);
    }
    Ok(selected.arabic_texts)
}

/// Fields with a word that is too long to be found.
fn long_words(document: &Map<String, Value>) -> Vec<String> {
    let is_long = |text: &str| {
        text.split_whitespace()
            .any(|word| word.len() > MAX_WORD_BYTES)
    };
    document
        .iter()
        .filter(|(_, value)| value.as_str().is_some_and(is_long))
        .map(|(field, _)| field.clone())
        .collect()
}

fn parameters(search: Option<&str>) -> Result<Map<String, Value>, Error> {
    match search {
        None => Ok(Map::new()),
        Some(text) => serde_json::from_str(text).map_err(|error| {
            UsageError::error(format!(
                "--search takes search parameters as Meilisearch's API does, such as '{{\"filter\": \"category = news\"}}': {error}"
            ))
        }),
    }
}

/// A search that the index's settings do not allow is a fault of what was asked.
fn refused(error: Error, parameters: &Map<String, Value>) -> Error {
    match error.downcast_ref() {
        Some(MeilisearchError::Refused { code, message, .. }) if !parameters.is_empty() => {
            UsageError::error(format!(
                "the server refuses this search ({code}): {message}"
            ))
        }
        _ => error,
    }
}
