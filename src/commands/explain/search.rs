//! Where a query puts a document.

use serde_json::{Map, Value, json};

use super::report::{Searched, Word};
use crate::engine::settings::DEFAULT_MAX_TOTAL_HITS;
use crate::engine::{EngineError, Server};
use crate::error::Error;
use crate::ids::DocumentId;
use crate::preflight::Prepared;

/// Hits that one request asks for.
const HITS_A_REQUEST: u64 = 1_000;

/// Hits that are looked through, however many the index lets be reached.
const HITS_LOOKED_AT: u64 = 20_000;

/// Hits that a page is taken to have, where the application does not say.
const PAGE: u64 = 20;

/// Words of a query that are asked one by one.
const WORDS: usize = 10;

/// Where a query's hits show a document, and if nowhere, which of its words find it.
///
/// # Errors
/// The server, or parameters that it refuses.
pub async fn search(
    server: &Server,
    index: &Prepared,
    id: &DocumentId,
    q: &str,
    parameters: &Map<String, Value>,
) -> Result<Searched, Error> {
    let live_uid = &index.definition.live_uid;
    let settings = server.settings(live_uid).await?;
    let max_total_hits = settings
        .get("pagination")
        .and_then(|pagination| pagination.get("maxTotalHits"))
        .and_then(Value::as_u64)
        .unwrap_or(DEFAULT_MAX_TOTAL_HITS);
    let mut search = Search {
        server,
        live_uid,
        id,
        parameters: parameters.clone(),
        reach: max_total_hits.min(HITS_LOOKED_AT),
    };
    for paging in ["limit", "offset", "page", "hitsPerPage"] {
        search.parameters.remove(paging);
    }
    let page = ["limit", "hitsPerPage"]
        .iter()
        .find_map(|name| parameters.get(*name).and_then(Value::as_u64))
        .filter(|page| *page > 0)
        .unwrap_or(PAGE);
    let found = search.rank(q).await?;
    let mut searched = Searched {
        q: q.to_owned(),
        rank: found.rank,
        page: found.rank.map(|rank| rank.div_ceil(page)),
        hits_a_page: page,
        hits: found.hits,
        max_total_hits,
        matches: None,
        words: Vec::new(),
        unsearchable: Vec::new(),
    };
    if found.rank.is_some() {
        searched.matches = Some(true);
        return Ok(searched);
    }
    searched.matches = match found.hits < search.reach {
        true => Some(false),
        // More match than can be reached; only a filter can tell.
        false => search.matches_by_filter(q).await?,
    };
    if searched.matches != Some(true) {
        for word in q.split_whitespace().take(WORDS) {
            searched.words.push(Word {
                word: word.to_owned(),
                found: search.word(word).await?,
            });
        }
        if let Some(document) = server.document(live_uid, id.as_str()).await? {
            searched.unsearchable = unsearchable(&settings, &document, q);
        }
    }
    Ok(searched)
}

struct Search<'a> {
    server: &'a Server,
    live_uid: &'a str,
    id: &'a DocumentId,
    parameters: Map<String, Value>,
    /// How far hits can be looked at.
    reach: u64,
}

struct Found {
    rank: Option<u64>,
    hits: u64,
}

impl Search<'_> {
    async fn rank(&self, q: &str) -> Result<Found, EngineError> {
        let mut offset = 0;
        loop {
            let limit = HITS_A_REQUEST.min(self.reach - offset);
            let mut parameters = self.parameters.clone();
            parameters.insert("q".to_owned(), json!(q));
            parameters.insert("offset".to_owned(), json!(offset));
            parameters.insert("limit".to_owned(), json!(limit));
            parameters.insert("attributesToRetrieve".to_owned(), json!(["id"]));
            let answer = self.server.search(self.live_uid, &parameters).await?;
            let none = Vec::new();
            let hits = answer
                .get("hits")
                .and_then(Value::as_array)
                .unwrap_or(&none);
            let place = hits.iter().position(|hit| {
                hit.get("id")
                    .and_then(|id| DocumentId::from_json(id).ok())
                    .is_some_and(|id| id == *self.id)
            });
            let total = answer.get("estimatedTotalHits").and_then(Value::as_u64);
            let seen = offset + hits.len() as u64;
            if let Some(place) = place {
                let rank = offset + place as u64 + 1;
                return Ok(Found {
                    rank: Some(rank),
                    hits: total.unwrap_or_default().max(seen),
                });
            }
            if (hits.len() as u64) < limit || seen >= self.reach {
                // An estimate counts what is beyond the last hit, too.
                let hits = match (hits.len() as u64) < limit {
                    true => seen,
                    false => total.unwrap_or_default().max(seen),
                };
                return Ok(Found { rank: None, hits });
            }
            offset = seen;
        }
    }

    /// Whether a query matches, asked with a filter by id; none where the index cannot be filtered by it.
    async fn matches_by_filter(&self, q: &str) -> Result<Option<bool>, EngineError> {
        let mut parameters = self.parameters.clone();
        let ours = json!(format!("id = \"{}\"", self.id));
        let filter = match parameters.remove("filter") {
            None | Some(Value::Null) => json!([ours]),
            Some(Value::Array(mut all)) => {
                all.push(ours);
                Value::Array(all)
            }
            Some(one) => json!([one, ours]),
        };
        parameters.insert("filter".to_owned(), filter);
        parameters.insert("q".to_owned(), json!(q));
        parameters.insert("limit".to_owned(), json!(1));
        parameters.insert("attributesToRetrieve".to_owned(), json!(["id"]));
        match self.server.search(self.live_uid, &parameters).await {
            Ok(answer) => Ok(answer
                .get("hits")
                .and_then(Value::as_array)
                .map(|hits| !hits.is_empty())),
            Err(EngineError::Refused { code, .. }) if code == "invalid_search_filter" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a single word finds it; none where more match than can be looked at.
    async fn word(&self, word: &str) -> Result<Option<bool>, EngineError> {
        if let Some(matches) = self.matches_by_filter(word).await? {
            return Ok(Some(matches));
        }
        let found = self.rank(word).await?;
        Ok(match found.rank {
            Some(_) => Some(true),
            None if found.hits < self.reach => Some(false),
            None => None,
        })
    }
}

/// Fields that hold a word of the query literally, and are not searched.
fn unsearchable(
    settings: &Map<String, Value>,
    document: &Map<String, Value>,
    q: &str,
) -> Vec<String> {
    let searched = settings
        .get("searchableAttributes")
        .and_then(Value::as_array);
    let is_searched = |field: &str| {
        searched.is_none_or(|all| {
            all.iter().filter_map(Value::as_str).any(|name| {
                name == "*"
                    || name == field
                    || name
                        .strip_prefix(field)
                        .is_some_and(|rest| rest.starts_with('.'))
            })
        })
    };
    let holds = |value: &Value| {
        let text = value.to_string();
        q.split_whitespace().any(|word| text.contains(word))
    };
    document
        .iter()
        .filter(|(field, value)| !is_searched(field) && holds(value))
        .map(|(field, _)| field.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_field_that_holds_the_word_and_is_not_searched_is_named() {
        let document = map(json!({
            "id": 1, "title": "x", "source": "جريدة القدس", "meta": {"place": "القدس"}, "tags": ["القدس"]
        }));
        let settings = |fields: Value| map(json!({"searchableAttributes": fields}));
        let named = |fields| unsearchable(&settings(fields), &document, "القدس");
        assert_eq!(named(json!(["title"])), ["source", "meta", "tags"]);
        assert_eq!(named(json!(["source", "meta.place"])), ["tags"]);
        assert!(named(json!(["*"])).is_empty());
    }
}
