//! Smoke queries: what a good index must answer, asked before it goes live and whenever somebody wants to know.

use serde_json::{Map, Value, json};

use crate::catalog::SmokeQuery;
use crate::engine::{EngineError, Server};
use crate::ids::DocumentId;

/// What an index answered to one smoke query.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoked {
    /// Hits, as the server estimates or counts them.
    pub hits: u64,
    /// The server's own time, in milliseconds.
    pub milliseconds: u64,
    /// Why the answer is not good enough; `None` if it is.
    pub fault: Option<String>,
}

/// Asks one query of the index under `uid`.
///
/// # Errors
/// Where the server could not be asked. A query that it refuses (a filter on a field that is not filterable) is a bad
/// answer, not an error: the definition asks for what its own settings do not allow.
pub async fn ask(server: &Server, uid: &str, query: &SmokeQuery) -> Result<Smoked, EngineError> {
    match server.search(uid, &parameters(query)).await {
        Ok(answer) => Ok(judge(query, &answer)),
        Err(EngineError::Refused { code, message, .. }) => Ok(Smoked {
            hits: 0,
            milliseconds: 0,
            fault: Some(format!("is refused ({code}: {message})")),
        }),
        Err(error) => Err(error),
    }
}

fn parameters(query: &SmokeQuery) -> Map<String, Value> {
    let mut parameters = query.search.clone();
    parameters.insert("q".to_owned(), json!(query.q));
    if let Some(top) = &query.in_top
        && !parameters.contains_key("hitsPerPage")
    {
        parameters.insert("limit".to_owned(), json!(top.n));
    }
    parameters
}

fn judge(query: &SmokeQuery, answer: &Value) -> Smoked {
    let number = |name: &str| answer.get(name).and_then(Value::as_u64);
    let hits = number("totalHits")
        .or_else(|| number("estimatedTotalHits"))
        .unwrap_or(0);
    let fault = if hits < query.min_hits {
        Some(format!(
            "finds {hits}, and must find {} at least",
            query.min_hits
        ))
    } else {
        query.in_top.as_ref().and_then(|top| {
            let wanted = DocumentId::from_json(&top.id).ok();
            let found = answer["hits"]
                .as_array()
                .into_iter()
                .flatten()
                .take(usize::try_from(top.n).unwrap_or(usize::MAX))
                .any(|hit| DocumentId::from_json(&hit["id"]).ok() == wanted);
            (!found).then(|| format!("does not have {} among its first {}", top.id, top.n))
        })
    };
    Smoked {
        hits,
        milliseconds: number("processingTimeMs").unwrap_or(0),
        fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::InTop;

    fn query(min_hits: u64, in_top: Option<(Value, u64)>) -> SmokeQuery {
        SmokeQuery {
            q: "غزة".to_owned(),
            min_hits,
            in_top: in_top.map(|(id, n)| InTop { id, n }),
            search: Map::new(),
        }
    }

    #[test]
    fn too_few_hits_are_a_fault() {
        let answer = json!({ "hits": [], "estimatedTotalHits": 3, "processingTimeMs": 2 });
        assert_eq!(judge(&query(3, None), &answer).fault, None);
        let fault = judge(&query(4, None), &answer).fault.unwrap();
        assert_eq!(fault, "finds 3, and must find 4 at least");
    }

    #[test]
    fn a_document_must_be_high_up_and_its_id_may_be_a_text() {
        let answer = json!({ "hits": [{"id": "9"}, {"id": "7"}], "totalHits": 2 });
        assert_eq!(judge(&query(1, Some((json!(7), 2))), &answer).fault, None);
        assert!(
            judge(&query(1, Some((json!(7), 1))), &answer)
                .fault
                .is_some()
        );
        assert!(
            judge(&query(1, Some((json!(8), 2))), &answer)
                .fault
                .is_some()
        );
    }

    #[test]
    fn the_applications_own_parameters_are_sent() {
        let mut with_page = query(1, Some((json!(7), 5)));
        assert_eq!(parameters(&with_page)["limit"], 5);
        with_page.search.insert("hitsPerPage".to_owned(), json!(20));
        assert_eq!(parameters(&with_page).get("limit"), None);
        assert_eq!(parameters(&with_page)["q"], "غزة");
    }
}
