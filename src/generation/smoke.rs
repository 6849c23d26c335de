//! Smoke queries: what a good index answers to a search, and what this one does.

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::catalog::{SmokeQuery, SmokeSet};
use crate::document::ids::DocumentId;
use crate::figures::{counted, listed};
use crate::meilisearch::{MeilisearchError, Server};

/// Hits that are looked at one by one; beyond, the server's own total has to do.
const LOOKED_AT: u64 = 1000;

/// What a set of smoke queries found, one answer a query.
#[derive(Debug, Clone, PartialEq)]
pub struct SetAnswer {
    pub answers: Vec<SmokeAnswer>,
    /// As many must be right.
    needed: u64,
}

/// What a smoke query found.
#[derive(Debug, Clone, PartialEq)]
pub struct SmokeAnswer {
    /// The hits that came, or the server's total where that is more.
    pub hits: u64,
    /// At which place, from 1 on, each document came that had to be found.
    pub finds: Vec<Option<u64>>,
    /// The same of those that should not be found.
    pub not: Vec<Option<u64>>,
    /// The server's own time.
    pub milliseconds: u64,
    pub failure: Option<SmokeFailure>,
}

/// How well queries find the documents that they name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Relevance {
    /// The share of all these documents that is found.
    pub recall: f64,
    /// The mean reciprocal rank: 1 if each query has one of its documents first, 0.5 if second, 0 if none is found.
    pub mrr: f64,
}

/// Why a good index would have answered otherwise.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SmokeFailure {
    #[error("{}, and at least {wanted} {} wanted", counted(*.found, "hit", "hits"), if *.wanted == 1 { "is" } else { "are" })]
    TooFewHits { wanted: u64, found: u64 },
    #[error("{} not among the {}", the_documents(ids), the_first(*n))]
    NotFound { ids: Vec<String>, n: Option<u64> },
    #[error("{} among the {}, and should not be", the_documents(ids), the_first(*n))]
    FoundWrongly { ids: Vec<String>, n: Option<u64> },
    #[error(
        "the hits show no `id`: it is missing in displayedAttributes, so a place can't be told"
    )]
    NoIds,
    #[error("the index's settings do not allow it ({code}: {message})")]
    NotAllowed { code: String, message: String },
}

fn the_documents(ids: &[String]) -> String {
    match ids {
        [id] => format!("the document {id} is"),
        ids => format!("the documents {} are", listed(ids)),
    }
}

fn the_first(n: Option<u64>) -> String {
    n.map_or_else(|| "hits".to_owned(), |n| format!("first {n} hits"))
}

impl SetAnswer {
    /// How many queries were answered as by a good index.
    pub fn right(&self) -> u64 {
        let right = self
            .answers
            .iter()
            .filter(|answer| answer.failure.is_none());
        right.count() as u64
    }

    /// Whether that is enough.
    pub fn passed(&self) -> bool {
        self.right() >= self.needed
    }

    /// Whether it would be enough if the index's settings allowed every query.
    pub fn passes_but_for_settings(&self) -> bool {
        let not_allowed =
            |answer: &&SmokeAnswer| matches!(answer.failure, Some(SmokeFailure::NotAllowed { .. }));
        let refused = self.answers.iter().filter(not_allowed).count() as u64;
        self.right() + refused >= self.needed
    }
}

impl SmokeAnswer {
    fn not_allowed(query: &SmokeQuery, code: String, message: String) -> SmokeAnswer {
        SmokeAnswer {
            hits: 0,
            finds: vec![None; query.finds.len()],
            not: vec![None; query.not.len()],
            milliseconds: 0,
            failure: Some(SmokeFailure::NotAllowed { code, message }),
        }
    }

    /// The place of the first document that had to be found.
    pub fn rank(&self) -> Option<u64> {
        self.finds.iter().flatten().min().copied()
    }
}

impl Relevance {
    /// Of the answers to queries that name documents; none where no query does.
    pub fn of<'a>(answers: impl IntoIterator<Item = &'a SmokeAnswer>) -> Option<Relevance> {
        let (mut wanted, mut found, mut queries, mut reciprocal) = (0_u64, 0_u64, 0_u64, 0.0);
        for answer in answers
            .into_iter()
            .filter(|answer| !answer.finds.is_empty())
        {
            queries += 1;
            wanted += answer.finds.len() as u64;
            found += answer.finds.iter().flatten().count() as u64;
            reciprocal += answer.rank().map_or(0.0, |rank| 1.0 / rank as f64);
        }
        let short = |share: f64| (share * 10_000.0).round() / 10_000.0;
        (queries > 0).then(|| Relevance {
            recall: short(found as f64 / wanted as f64),
            mrr: short(reciprocal / queries as f64),
        })
    }
}

/// Asks the queries of a set.
///
/// # Errors
/// The server could not be asked.
pub async fn ask(
    server: &Server,
    uid: &str,
    set: &SmokeSet,
) -> Result<SetAnswer, MeilisearchError> {
    let mut answers = Vec::with_capacity(set.queries.len());
    for query in &set.queries {
        answers.push(ask_one(server, uid, query).await?);
    }
    Ok(SetAnswer {
        answers,
        needed: set.needed(),
    })
}

/// Asks what a reader would, and looks whether the answer is one of a good index.
///
/// A query that the server refuses (a filter on a field that is not filterable) is a bad answer and not an error: the
/// definition asks for what the index's settings do not allow.
async fn ask_one(
    server: &Server,
    uid: &str,
    query: &SmokeQuery,
) -> Result<SmokeAnswer, MeilisearchError> {
    match server.search(uid, &parameters(query)).await {
        Ok(answer) => Ok(judge(query, &answer)),
        Err(MeilisearchError::Refused { code, message, .. }) => {
            Ok(SmokeAnswer::not_allowed(query, code, message))
        }
        Err(error) => Err(error),
    }
}

/// The application's own parameters, and as many ids as have to be looked at.
fn parameters(query: &SmokeQuery) -> Map<String, Value> {
    let mut parameters = query.search.clone();
    parameters.insert("q".to_owned(), json!(query.q));
    parameters.insert("attributesToRetrieve".to_owned(), json!(["id"]));
    let pages = ["limit", "hitsPerPage", "page", "offset"];
    if !pages.iter().any(|name| parameters.contains_key(*name)) {
        let names_documents = !query.finds.is_empty() || !query.not.is_empty();
        let looked_at = match names_documents {
            true => query.in_top.unwrap_or(LOOKED_AT),
            false => 0,
        };
        parameters.insert(
            "limit".to_owned(),
            json!(query.min_hits.max(looked_at).clamp(1, LOOKED_AT)),
        );
    }
    parameters
}

fn judge(query: &SmokeQuery, answer: &Value) -> SmokeAnswer {
    let none = Vec::new();
    let came = answer
        .get("hits")
        .and_then(Value::as_array)
        .unwrap_or(&none);
    let total = ["totalHits", "estimatedTotalHits"]
        .iter()
        .find_map(|name| answer.get(*name).and_then(Value::as_u64));
    let hits = total.unwrap_or_default().max(came.len() as u64);
    let ids: Vec<DocumentId> = came
        .iter()
        .filter_map(|hit| DocumentId::from_json(hit.get("id")?).ok())
        .collect();
    let places = |wanted: &[Value]| -> Vec<Option<u64>> {
        let place = |id: &Value| {
            let id = DocumentId::from_json(id).ok()?;
            let at = ids.iter().position(|found| *found == id)?;
            Some(at as u64 + 1)
        };
        wanted.iter().map(place).collect()
    };
    let (finds, not) = (places(&query.finds), places(&query.not));
    let n = query.in_top;
    let is_in_top = |place: &Option<u64>| place.is_some_and(|place| n.is_none_or(|n| place <= n));
    let named = |ids: &[Value], places: &[Option<u64>], is: bool| -> Vec<String> {
        let named = ids
            .iter()
            .zip(places)
            .filter(|(_, place)| is_in_top(place) == is);
        named.map(|(id, _)| id.to_string()).collect()
    };
    let missing = named(&query.finds, &finds, false);
    let wrong = named(&query.not, &not, true);
    let shows_no_ids = ids.len() < came.len() && !(finds.is_empty() && not.is_empty());
    let failure = if hits < query.min_hits {
        Some(SmokeFailure::TooFewHits {
            wanted: query.min_hits,
            found: hits,
        })
    } else if shows_no_ids {
        Some(SmokeFailure::NoIds)
    } else if !missing.is_empty() {
        Some(SmokeFailure::NotFound { ids: missing, n })
    } else if !wrong.is_empty() {
        Some(SmokeFailure::FoundWrongly { ids: wrong, n })
    } else {
        None
    };
    SmokeAnswer {
        hits,
        finds,
        not,
        milliseconds: answer
            .get("processingTimeMs")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
        failure,
    }
}

#[cfg(test)]
mod tests;
