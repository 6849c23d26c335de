//! The checks that a build must pass before it is swapped in.
//!
//! Each gate prevents one way in which a bad index could become live: half-filled, empty because the source returned
//! nothing, with the wrong settings, or without answers to the smoke queries.
//!
//! They are in one file, so that one sees all of them side by side.

use serde_json::Value;

use crate::catalog::SmokeSet;
use crate::cli::Percent;
use crate::document::Keys;
use crate::error::{CommandError, Error, REFUSED};
use crate::figures::{counted, grouped};
use crate::generation::build::Build;
use crate::generation::smoke::{self, SetAnswer};
use crate::meilisearch::uid::same_identity;
use crate::meilisearch::{MeilisearchError, Server, settings};
use crate::prepared::Prepared;
use crate::reader::IndexRead;

/// An index with more fields than this is suspected of holding data as keys (a JSON object keyed by names or dates).
const MANY_FIELDS: usize = 1_000;
/// The engine knows 65,536 fields in an index and drops those beyond without an error; nearer than this is refused.
const TOO_MANY_FIELDS: usize = 60_000;

/// The builds that passed every gate. There is no other way to make one, and no swap without one.
#[derive(Debug)]
pub struct PassedGates {
    builds: Vec<Build>,
    /// What should be known, though it closes no gate.
    pub warnings: Vec<String>,
    /// Documents in each build, by the server's own count.
    pub documents: Vec<u64>,
}

impl<'a> Expected<'a> {
    /// What was read of an index, and `documents` with what changed since, is what its build must hold.
    pub fn of(prepared: &'a Prepared, read: &'a IndexRead, documents: u64) -> Expected<'a> {
        Expected {
            prepared,
            documents,
            keys: &read.keys,
        }
    }
}

impl PassedGates {
    /// The builds.
    pub fn builds(&self) -> &[Build] {
        &self.builds
    }
}

/// A gate that stayed closed, with the figure that kept it closed.
#[derive(Debug, thiserror::Error)]
pub enum ClosedGate {
    /// The build was deleted, or another index was put under its uid.
    #[error(
        "{uid}: the build is not the index that this run made ({found}); was it deleted or replaced by somebody?"
    )]
    Replaced {
        /// The build's uid.
        uid: String,
        /// What is there.
        found: String,
    },
    /// Documents were lost on the way, or were too many.
    #[error("{uid}: {} sent and the index holds {found}", counted(*.expected, "document was", "documents were"))]
    Count {
        /// The build's uid.
        uid: String,
        /// Distinct ids sent, less those deleted again.
        expected: u64,
        /// As the documents route counts.
        found: u64,
    },
    /// The source yielded nothing, or far less than before.
    #[error(
        "{live_uid}: {} instead of {before}, a loss of {lost:.0} % where --max-loss allows {allowed}; \
         if that is right, say --max-loss {}%", counted(*.found, "document", "documents"), .lost.ceil()
    )]
    Loss {
        /// The live uid.
        live_uid: String,
        /// Documents of the live index.
        before: u64,
        /// Documents of the build.
        found: u64,
        /// The share lost, in percent.
        lost: f64,
        /// What is allowed.
        allowed: Percent,
    },
    /// Nothing at all came out of documents.sql, and nothing was there before.
    #[error(
        "{live_uid}: documents.sql returned no row; if an empty index is right, say --max-loss 100%"
    )]
    Empty {
        /// The live uid.
        live_uid: String,
    },
    /// The server holds other settings than were sent.
    #[error("{uid}: the settings on the server are not those of the definition: {differences}")]
    Settings {
        /// The build's uid.
        uid: String,
        /// Key by key.
        differences: String,
    },
    /// Data has become keys.
    #[error(
        "{index}: {} fields, and the engine knows 65,536 at most and drops the others: data has become keys of {columns}. \
         Put them into values: a list of texts or of objects", grouped(*.fields as u64)
    )]
    Fields {
        /// The live uid.
        index: String,
        /// How many.
        fields: usize,
        /// Those with the most.
        columns: String,
    },
    /// A former generation was deleted, or another index was put under its uid.
    #[error("{uid}: the generation made at {expected} does not lie there any more ({found})")]
    Gone {
        /// Where it lay.
        uid: String,
        /// Its `createdAt`.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A former generation was emptied since.
    #[error("{uid}: the generation holds no document, and the live index has {live}")]
    Hollow {
        /// Where it lies.
        uid: String,
        /// Documents of the live index.
        live: u64,
    },
    /// A smoke query was not answered as it should.
    #[error("{uid}: the smoke query {query}: {why}")]
    Smoke {
        /// The build's uid.
        uid: String,
        /// The query, as JSON.
        query: String,
        /// What came instead.
        why: String,
    },
    /// Too few smoke queries of a set were answered as they should.
    #[error(
        "{uid}: {right} of a set of {} were answered rightly, and {needed} have to be; one that was not is {query}: \
         {why}", counted(*.all, "smoke query", "smoke queries")
    )]
    SmokeSet {
        /// The build's uid.
        uid: String,
        /// Queries that were answered rightly.
        right: u64,
        /// Queries that have to be.
        needed: u64,
        /// Queries of the set.
        all: u64,
        /// The first that was not, as JSON.
        query: String,
        /// What came instead.
        why: String,
    },
}

impl ClosedGate {
    /// The gate that a set of smoke queries keeps closed, if it does.
    pub(super) fn of_smoke(uid: &str, set: &SmokeSet, found: &SetAnswer) -> Option<ClosedGate> {
        let mut failures = set
            .queries
            .iter()
            .zip(&found.answers)
            .filter_map(|(query, answer)| Some((query, answer.failure.as_ref()?)));
        let (query, why) = failures.next().filter(|_| !found.passed())?;
        let uid = uid.to_owned();
        let query = Value::from(query.q.as_str()).to_string();
        let why = why.to_string();
        Some(match set.at_least {
            None => ClosedGate::Smoke { uid, query, why },
            Some(_) => ClosedGate::SmokeSet {
                uid,
                right: found.right(),
                needed: set.needed(),
                all: set.queries.len() as u64,
                query,
                why,
            },
        })
    }
}

/// All gates that stayed closed.
#[derive(Debug, thiserror::Error)]
#[error("refused by {}; the live index is as it was{}", plural(.0.len()), list(.0))]
pub struct ClosedGates(pub Vec<ClosedGate>);

impl CommandError for ClosedGates {
    fn exit_code(&self) -> u8 {
        REFUSED
    }
}

fn plural(gates: usize) -> String {
    match gates {
        1 => "a gate".to_owned(),
        gates => format!("{gates} gates"),
    }
}

fn list(gates: &[ClosedGate]) -> String {
    gates.iter().map(|gate| format!("\n  {gate}")).collect()
}

/// What one build is expected to be, by what was read.
pub struct Expected<'a> {
    /// Its definition.
    pub prepared: &'a Prepared,
    /// How many documents it must hold.
    pub documents: u64,
    /// The keys of its `:json` columns.
    pub keys: &'a Keys,
}

/// Runs every gate on every build.
///
/// # Errors
/// [`ClosedGates`] with every gate that stayed closed; [`MeilisearchError`] where the server could not be asked.
pub async fn check(
    server: &Server,
    builds: &[Build],
    expected: &[Expected<'_>],
    max_loss: Percent,
) -> Result<PassedGates, Error> {
    let mut closed = Vec::new();
    let mut warnings = Vec::new();
    let mut documents = Vec::new();
    for (build, expected) in builds.iter().zip(expected) {
        documents.push(expected.documents);
        match server.index(&build.uid).await? {
            Some(index) if same_identity(&index.created_at, &build.created_at) => {}
            found => {
                closed.push(ClosedGate::Replaced {
                    uid: build.uid.clone(),
                    found: match found {
                        Some(index) => format!("one made at {} is there", index.created_at),
                        None => "nothing is there".to_owned(),
                    },
                });
                continue;
            }
        }
        let found = server.count_documents(&build.uid).await?;
        if found != expected.documents {
            closed.push(ClosedGate::Count {
                uid: build.uid.clone(),
                expected: expected.documents,
                found,
            });
        }
        closed.extend(loss(expected.prepared, found, max_loss));
        closed.extend(check_settings(server, build, expected.prepared).await?);
        let (gate, warning) = check_fields(expected);
        closed.extend(gate);
        warnings.extend(warning);
        closed.extend(smoke(server, &build.uid, &expected.prepared.definition.smoke).await?);
    }
    if closed.is_empty() {
        Ok(PassedGates {
            builds: builds.to_vec(),
            warnings,
            documents,
        })
    } else {
        Err(ClosedGates(closed).into())
    }
}

/// The gates that smoke queries keep closed, because the index does not answer them as it should.
///
/// # Errors
/// The server could not be asked.
pub async fn smoke(
    server: &Server,
    uid: &str,
    sets: &[SmokeSet],
) -> Result<Vec<ClosedGate>, MeilisearchError> {
    let mut closed = Vec::new();
    for set in sets {
        let found = smoke::ask(server, uid, set).await?;
        closed.extend(ClosedGate::of_smoke(uid, set, &found));
    }
    Ok(closed)
}

/// The gates that need no build: has the source become empty, or lost too much, or made keys of data? Returns what should
/// be known, though it closes no gate.
///
/// # Errors
/// [`ClosedGates`] with every index that did.
pub fn check_source<'a>(
    expected: impl IntoIterator<Item = Expected<'a>>,
    max_loss: Percent,
) -> Result<Vec<String>, ClosedGates> {
    let mut closed = Vec::new();
    let mut warnings = Vec::new();
    for expected in expected {
        closed.extend(loss(expected.prepared, expected.documents, max_loss));
        let (gate, warning) = check_fields(&expected);
        closed.extend(gate);
        warnings.extend(warning);
    }
    if closed.is_empty() {
        Ok(warnings)
    } else {
        Err(ClosedGates(closed))
    }
}

fn loss(prepared: &Prepared, found: u64, max_loss: Percent) -> Option<ClosedGate> {
    let live_uid = prepared.definition.live_uid.clone();
    // An index that was moved there by hand from another live uid cannot serve for comparison.
    let measure = prepared.live.as_ref().filter(|live| live.is_of(&live_uid));
    let before = measure.map_or(0, |live| live.documents);
    if before == 0 {
        let allowed = found > 0 || max_loss.fraction() >= 1.0;
        return (!allowed).then_some(ClosedGate::Empty { live_uid });
    }
    let lost = before.saturating_sub(found) as f64 / before as f64;
    (lost > max_loss.fraction()).then_some(ClosedGate::Loss {
        live_uid,
        before,
        found,
        lost: lost * 100.0,
        allowed: max_loss,
    })
}

async fn check_settings(
    server: &Server,
    build: &Build,
    prepared: &Prepared,
) -> Result<Option<ClosedGate>, MeilisearchError> {
    let found = server.settings(&build.uid).await?;
    let differences = settings::differences(&prepared.settings, &found);
    Ok((!differences.is_empty()).then(|| ClosedGate::Settings {
        uid: build.uid.clone(),
        differences: differences
            .iter()
            .map(|difference| {
                format!(
                    "{} is {} instead of {}",
                    difference.key, difference.found, difference.wanted
                )
            })
            .collect::<Vec<_>>()
            .join("; "),
    }))
}

/// Whether data has become keys: closed near the engine's limit, a warning long before.
fn check_fields(expected: &Expected<'_>) -> (Option<ClosedGate>, Option<String>) {
    let index = expected.prepared.definition.live_uid.clone();
    let fields = expected.prepared.shape.fields().count() + expected.keys.len();
    if fields <= MANY_FIELDS {
        return (None, None);
    }
    let columns = expected.keys.by_field();
    let columns = columns
        .iter()
        .take(3)
        .map(|(field, count)| format!("{field}:json ({})", grouped(*count as u64)))
        .collect::<Vec<_>>()
        .join(", ");
    if fields > TOO_MANY_FIELDS {
        let closed = ClosedGate::Fields {
            index,
            fields,
            columns,
        };
        return (Some(closed), None);
    }
    let fields = grouped(fields as u64);
    let warning = format!("{index}: {fields} fields; data may have become keys of {columns}");
    (None, Some(warning))
}
