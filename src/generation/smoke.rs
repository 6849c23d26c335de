//! Smoke queries: what a good index answers to a search, and what this one does.

use serde::Serialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::catalog::SmokeQuery;
use crate::document::ids::DocumentId;
use crate::figures::counted;
use crate::meilisearch::{MeilisearchError, Server};

/// Hits that are looked at one by one; beyond, the server's own total has to do.
const LOOKED_AT: u64 = 1000;

/// What a smoke query found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SmokeAnswer {
    /// The hits that came, or the server's total where that is more.
    pub hits: u64,
    /// At which place, from 1 on, the document that was looked for came.
    pub rank: Option<u64>,
    /// The server's own time.
    pub milliseconds: u64,
    #[serde(skip)]
    pub failure: Option<SmokeFailure>,
}

/// Why a good index would have answered otherwise.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SmokeFailure {
    #[error("{}, and at least {wanted} {} wanted", counted(*.found, "hit", "hits"), if *.wanted == 1 { "is" } else { "are" })]
    TooFewHits { wanted: u64, found: u64 },
    #[error("the document {id} is not among the first {n} hits")]
    NotInTop { id: String, n: u64 },
    #[error(
        "the hits show no `id`: it is missing in displayedAttributes, so a place can't be told"
    )]
    NoIds,
    #[error("the index's settings do not allow it ({code}: {message})")]
    NotAllowed { code: String, message: String },
}

/// Asks what a reader would, and looks whether the answer is one of a good index.
///
/// A query that the server refuses (a filter on a field that is not filterable) is a bad answer and not an error: the
/// definition asks for what the index's settings do not allow.
pub async fn ask(
    server: &Server,
    uid: &str,
    query: &SmokeQuery,
) -> Result<SmokeAnswer, MeilisearchError> {
    match server.search(uid, &parameters(query)).await {
        Ok(answer) => Ok(judge(query, &answer)),
        Err(MeilisearchError::Refused { code, message, .. }) => Ok(SmokeAnswer {
            hits: 0,
            rank: None,
            milliseconds: 0,
            failure: Some(SmokeFailure::NotAllowed { code, message }),
        }),
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
        let top = query.in_top.as_ref().map_or(0, |top| top.n);
        parameters.insert(
            "limit".to_owned(),
            json!(query.min_hits.max(top).clamp(1, LOOKED_AT)),
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
    let place = |id: &DocumentId| {
        ids.iter()
            .position(|found| found == id)
            .map(|at| at as u64 + 1)
    };
    let wanted = query
        .in_top
        .as_ref()
        .and_then(|top| DocumentId::from_json(&top.id).ok());
    let rank = wanted.as_ref().and_then(place);
    let failure = match &query.in_top {
        _ if hits < query.min_hits => Some(SmokeFailure::TooFewHits {
            wanted: query.min_hits,
            found: hits,
        }),
        Some(_) if ids.len() < came.len() => Some(SmokeFailure::NoIds),
        Some(top) if rank.is_none_or(|rank| rank > top.n) => Some(SmokeFailure::NotInTop {
            id: top.id.to_string(),
            n: top.n,
        }),
        _ => None,
    };
    SmokeAnswer {
        hits,
        rank,
        milliseconds: answer
            .get("processingTimeMs")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
        failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::InTop;

    fn query(min_hits: u64, in_top: Option<(Value, u64)>) -> SmokeQuery {
        SmokeQuery {
            q: "القدس".into(),
            min_hits,
            in_top: in_top.map(|(id, n)| InTop { id, n }),
            search: json!({"filter": "author_id = 1"})
                .as_object()
                .unwrap()
                .clone(),
        }
    }

    fn failure(query: &SmokeQuery, ids: &[Value], total: u64) -> Option<SmokeFailure> {
        let hits: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
        judge(query, &json!({"hits": hits, "estimatedTotalHits": total})).failure
    }

    #[test]
    fn as_many_hits_as_have_to_be_looked_at_are_asked_for() {
        let asked = Value::Object(parameters(&query(3, Some((json!(7), 5)))));
        let expected = json!({"filter": "author_id = 1", "q": "القدس", "attributesToRetrieve": ["id"], "limit": 5});
        assert_eq!(asked, expected);
        let mut paged = query(3, None);
        paged.search.insert("hitsPerPage".into(), json!(2));
        assert!(!parameters(&paged).contains_key("limit"));
        assert_eq!(parameters(&query(0, None))["limit"], 1);
    }

    #[test]
    fn a_good_answer_is_told_from_a_bad_one() {
        assert_eq!(failure(&query(2, None), &[json!(1), json!(2)], 2), None);
        assert_eq!(
            failure(&query(2, None), &[json!(1)], 40),
            None,
            "pages of one"
        );
        let few = SmokeFailure::TooFewHits {
            wanted: 2,
            found: 1,
        };
        assert_eq!(failure(&query(2, None), &[json!(1)], 1), Some(few));
        assert_eq!(
            failure(&query(1, Some((json!(7), 2))), &[json!(1), json!("7")], 2),
            None
        );
        let late = SmokeFailure::NotInTop {
            id: "7".into(),
            n: 1,
        };
        assert_eq!(
            failure(&query(1, Some((json!(7), 1))), &[json!(1), json!(7)], 2),
            Some(late)
        );
        assert_eq!(
            failure(&query(1, Some((json!(7), 1))), &[Value::Null], 2),
            Some(SmokeFailure::NoIds)
        );
        assert_eq!(failure(&query(0, None), &[], 0), None);
    }
}
