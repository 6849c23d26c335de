//! At which rank a query finds a document.
//!
//! It is one search after the other, each begun only if the one before did not tell why a document is not found.

use serde_json::{Map, Value, json};

use super::forms::Forms;
use super::typos::Typos;
use crate::document::convert::arabic::is_arabic;
use crate::document::ids::DocumentId;
use crate::error::Error;
use crate::meilisearch::settings::DEFAULT_MAX_TOTAL_HITS;
use crate::meilisearch::{Features, MeilisearchError, Server, settings_form};
use crate::report::explain::{ByForm, Searched, StandIn, Word};

/// Hits that one request asks for.
const HITS_A_REQUEST: u64 = 1_000;

/// Hits that are looked through, however many the index lets be reached.
const HITS_LOOKED_AT: u64 = 20_000;

/// Hits that a page is taken to have, where the application does not say.
const PAGE: u64 = 20;

/// Words of a query that are asked one by one.
const WORDS: usize = 10;

/// The document that is looked for.
pub struct Of<'a> {
    pub server: &'a Server,
    pub features: &'a Features,
    pub live_uid: &'a str,
    pub id: &'a DocumentId,
    /// The texts of its row that ask for the forms of Arabic words, by their fields.
    pub arabic_texts: &'a [(String, String)],
}

/// Where a query's hits show a document, and if nowhere, which of its words find it.
///
/// # Errors
/// The server, or parameters that it refuses.
pub async fn search(
    of: &Of<'_>,
    q: &str,
    parameters: &Map<String, Value>,
) -> Result<Searched, Error> {
    let Of {
        server,
        live_uid,
        id,
        ..
    } = *of;
    let settings = server.settings(live_uid).await?;
    let max_total_hits = settings
        .get("pagination")
        .and_then(|pagination| pagination.get("maxTotalHits"))
        .and_then(Value::as_u64)
        .unwrap_or(DEFAULT_MAX_TOTAL_HITS);
    let document = server
        .document(live_uid, id.as_str())
        .await?
        .unwrap_or_default();
    let mut search = Search {
        server,
        live_uid,
        id,
        parameters: parameters.clone(),
        reach: max_total_hits.min(HITS_LOOKED_AT),
        shows_id: shows_id(&settings),
        distinct: distinct(&settings, parameters, &document),
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
        shows_id: search.shows_id,
        stand_in: None,
        filtered_out: false,
        words: Vec::new(),
        unsearchable: Vec::new(),
        forms: Vec::new(),
    };
    let forms = Forms::new(of.arabic_texts, &document);
    if forms.are_indexed {
        searched.forms = forms.of_query(q);
    }
    if found.rank.is_some() {
        searched.matches = Some(true);
        return Ok(searched);
    }
    searched.matches = search.matches(q, &found).await?;
    let (field, value) = search.distinct.clone().unzip();
    if searched.matches != Some(false)
        && (found.stand_in.is_some() || found.hits < search.reach)
        && let (Some(field), Some(value)) = (field, value)
    {
        searched.stand_in = Some(StandIn {
            field,
            value,
            id: found.stand_in,
        });
    }
    if searched.matches != Some(true) && !document.is_empty() {
        searched.filtered_out = search.is_filtered_out().await?;
        if searched.filtered_out {
            // What the words find is told of the index, and not of nothing.
            searched.matches = Some(false);
            search.parameters.remove("filter");
        }
        let misses = Misses {
            typos: Typos::new(&settings, of.features),
            forms,
            document: &document,
        };
        searched.words = search.words(q, &settings, &misses).await?;
        searched.unsearchable = unsearchable(&settings, &document, q);
    }
    Ok(searched)
}

/// Whether hits have the field `id`.
fn shows_id(settings: &Map<String, Value>) -> bool {
    let displayed = settings
        .get("displayedAttributes")
        .and_then(Value::as_array);
    displayed.is_none_or(|all| {
        let mut names = all.iter().filter_map(Value::as_str);
        names.any(|name| name == "*" || name == "id")
    })
}

/// The field of which a search shows one document a value, and what this one says there.
fn distinct(
    settings: &Map<String, Value>,
    parameters: &Map<String, Value>,
    document: &Map<String, Value>,
) -> Option<(String, Value)> {
    let asked = parameters.get("distinct").and_then(Value::as_str);
    let set = settings.get("distinctAttribute").and_then(Value::as_str);
    let field = asked.or(set)?;
    let value = document.get(field).filter(|value| !value.is_null())?;
    Some((field.to_owned(), value.clone()))
}

struct Search<'a> {
    server: &'a Server,
    live_uid: &'a str,
    id: &'a DocumentId,
    parameters: Map<String, Value>,
    /// How far hits can be looked at.
    reach: u64,
    /// Whether hits tell which document they are.
    shows_id: bool,
    /// The field of which one document a value is shown, and this one's value.
    distinct: Option<(String, Value)>,
}

struct Found {
    rank: Option<u64>,
    hits: u64,
    /// The id of the hit that has the same value where one document a value is shown.
    stand_in: Option<String>,
}

impl Search<'_> {
    async fn rank(&self, q: &str) -> Result<Found, MeilisearchError> {
        let mut fields = vec!["id"];
        fields.extend(self.distinct.as_ref().map(|(field, _)| field.as_str()));
        let mut found = Found {
            rank: None,
            hits: 0,
            stand_in: None,
        };
        loop {
            let offset = found.hits;
            let limit = match self.shows_id {
                true => HITS_A_REQUEST.min(self.reach - offset),
                // Nothing can be looked for: how many there are is all that they tell.
                false => 1,
            };
            let mut parameters = self.parameters.clone();
            parameters.insert("q".to_owned(), json!(q));
            parameters.insert("offset".to_owned(), json!(offset));
            parameters.insert("limit".to_owned(), json!(limit));
            parameters.insert("attributesToRetrieve".to_owned(), json!(fields));
            let answer = self.server.search(self.live_uid, &parameters).await?;
            let none = Vec::new();
            let hits = answer
                .get("hits")
                .and_then(Value::as_array)
                .unwrap_or(&none);
            let id_of = |hit: &Value| hit.get("id").and_then(|id| DocumentId::from_json(id).ok());
            let place = hits
                .iter()
                .position(|hit| id_of(hit).is_some_and(|id| id == *self.id));
            let total = answer
                .get("estimatedTotalHits")
                .and_then(Value::as_u64)
                .unwrap_or_default();
            let seen = offset + hits.len() as u64;
            if let Some(place) = place {
                found.rank = Some(offset + place as u64 + 1);
                found.hits = total.max(seen);
                return Ok(found);
            }
            if let (None, Some((field, value))) = (&found.stand_in, &self.distinct) {
                let mut same = hits.iter().filter(|hit| hit.get(field) == Some(value));
                found.stand_in = same.find_map(id_of).map(|id| id.to_string());
            }
            let is_last = (hits.len() as u64) < limit;
            if is_last || seen >= self.reach || !self.shows_id {
                // An estimate counts what is beyond the last hit, too.
                found.hits = match is_last {
                    true => seen,
                    false => total.max(seen),
                };
                return Ok(found);
            }
            found.hits = seen;
        }
    }

    /// Whether a query that does not show the document matches it; none where that cannot be told.
    async fn matches(&self, q: &str, found: &Found) -> Result<Option<bool>, MeilisearchError> {
        // The hits are all of them, each tells its id, and none stands for another one.
        if self.shows_id && self.distinct.is_none() && found.hits < self.reach {
            return Ok(Some(false));
        }
        if found.hits == 0 {
            return Ok(Some(false));
        }
        self.matches_by_filter(q).await
    }

    /// Whether a query matches, asked with a filter by id; none where the index cannot be filtered by it.
    async fn matches_by_filter(&self, q: &str) -> Result<Option<bool>, MeilisearchError> {
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
            Err(MeilisearchError::Refused { code, .. }) if code == "invalid_search_filter" => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the filter of the search leaves the document out, whatever the query is.
    async fn is_filtered_out(&self) -> Result<bool, MeilisearchError> {
        let filter = self
            .parameters
            .get("filter")
            .filter(|filter| !filter.is_null());
        let Some(filter) = filter else {
            return Ok(false);
        };
        // Without the rest of the parameters: a threshold or a list of fields would decide, too.
        let alone = Search {
            parameters: Map::from_iter([("filter".to_owned(), filter.clone())]),
            distinct: self.distinct.clone(),
            ..*self
        };
        Ok(alone.finds("").await? == Some(false))
    }

    /// Whether a query finds it, as far as that can be told.
    async fn finds(&self, q: &str) -> Result<Option<bool>, MeilisearchError> {
        if let Some(matches) = self.matches_by_filter(q).await? {
            return Ok(Some(matches));
        }
        let found = self.rank(q).await?;
        match found.rank {
            Some(_) => Ok(Some(true)),
            None => self.matches(q, &found).await,
        }
    }

    /// Which words of a query find the document, each alone, and why one does not.
    async fn words(
        &self,
        q: &str,
        settings: &Map<String, Value>,
        misses: &Misses<'_>,
    ) -> Result<Vec<Word>, MeilisearchError> {
        let ends_open = !q.ends_with(char::is_whitespace);
        let words: Vec<&str> = q.split_whitespace().collect();
        let mut told = Vec::new();
        for (place, word) in words.iter().enumerate().take(WORDS) {
            let is_last = ends_open && place + 1 == words.len();
            if is_stop_word(settings, word) {
                let why = match is_last {
                    true => {
                        "a stop word: at the end of a query it is searched as the beginning of a longer word"
                    }
                    false => "a stop word, which a query passes over",
                };
                // At the end it counts: nothing but longer words are found by it.
                let found = match is_last {
                    true => self.finds(word).await?,
                    false => None,
                };
                told.push(Word {
                    word: (*word).to_owned(),
                    found,
                    why: Some(why.to_owned()).filter(|_| found != Some(true)),
                });
                continue;
            }
            // A space behind it says that the word is whole, as it is in the middle of a query.
            let alone = match is_last {
                true => (*word).to_owned(),
                false => format!("{word} "),
            };
            let found = self.finds(&alone).await?;
            told.push(Word {
                word: (*word).to_owned(),
                found,
                why: match found {
                    Some(false) => misses.why(word, is_last),
                    _ => None,
                },
            });
        }
        Ok(told)
    }
}

/// Why a word does not find a document.
struct Misses<'a> {
    typos: Typos<'a>,
    forms: Forms<'a>,
    document: &'a Map<String, Value>,
}

impl Misses<'_> {
    fn why(&self, word: &str, is_last: bool) -> Option<String> {
        let by_form = self.forms.of(word, is_last);
        match by_form.filter(|_| !self.forms.are_indexed) {
            Some(ByForm {
                form, of, field, ..
            }) => Some(format!(
                "`{of}` in {field} has the form {form}, which a conversion such as :html_arabic would add"
            )),
            None => {
                let near = self.typos.why(word, is_last, self.document);
                let no_form = || {
                    let is_asked = self.forms.are_indexed && is_arabic(word);
                    is_asked.then(|| "it is no word of it, and no form of one".to_owned())
                };
                near.or_else(no_form)
            }
        }
    }
}

fn is_stop_word(settings: &Map<String, Value>, word: &str) -> bool {
    let all = settings.get("stopWords").and_then(Value::as_array);
    let mut all = all.into_iter().flatten().filter_map(Value::as_str);
    let word = settings_form::stop_word(&word.to_lowercase());
    all.any(|one| settings_form::stop_word(&one.to_lowercase()) == word)
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
