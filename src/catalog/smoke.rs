//! `smoke.json`: what a good index must answer.

use std::path::Path;

use serde_json::{Map, Value};

use super::CatalogError;

/// Questions of which a share has to be answered rightly. One that stands alone in the file is a set of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct SmokeSet {
    /// The share, above 0 and up to 1; none for a question that stands alone.
    pub at_least: Option<f64>,
    /// The questions.
    pub queries: Vec<SmokeQuery>,
}

/// One question, and what its answer must have.
#[derive(Clone, Debug, PartialEq)]
pub struct SmokeQuery {
    /// What a reader would type.
    pub q: String,
    /// As many hits there must be, at least.
    pub min_hits: u64,
    /// Ids of documents that must be found, each a number or a text.
    pub finds: Vec<Value>,
    /// Ids of documents that must not be found.
    pub not: Vec<Value>,
    /// How far down is looked for both; none for as far as is reasonable.
    pub in_top: Option<u64>,
    /// The search parameters that the application uses, sent as they are (`filter`, `attributesToSearchOn` ...).
    pub search: Map<String, Value>,
}

impl SmokeSet {
    /// A question that has to be answered rightly.
    pub fn alone(query: SmokeQuery) -> SmokeSet {
        SmokeSet {
            at_least: None,
            queries: vec![query],
        }
    }

    /// How many of its questions have to be answered rightly.
    pub fn needed(&self) -> u64 {
        let all = self.queries.len() as f64;
        // 0.9 of ten is nine, and not the 9.000000000000001 that a product of floats can be.
        (self.at_least.unwrap_or(1.0) * all - 1e-9).ceil() as u64
    }

    /// The sets of a file, in the form of `smoke.json`.
    ///
    /// # Errors
    /// What is wrong with it, named with the place.
    pub fn load(path: &Path) -> Result<Vec<SmokeSet>, CatalogError> {
        let text = std::fs::read_to_string(path).map_err(|error| CatalogError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        parse(path, text.trim_start_matches('\u{feff}'))
    }
}

/// The keys of a question that are not search parameters.
const OUR_KEYS: [&str; 5] = ["q", "min_hits", "in_top", "finds", "not"];

/// Reads the questions of `text`, the content of `path`.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<SmokeSet>, CatalogError> {
    let json = |error| CatalogError::Json {
        path: path.to_owned(),
        error,
    };
    let form = |problem| CatalogError::Form {
        path: path.to_owned(),
        problem,
    };
    let Value::Array(questions) = serde_json::from_str(text).map_err(json)? else {
        return Err(form(
            "a list of questions was expected: [{\"q\": \"...\", \"min_hits\": 1}]".to_owned(),
        ));
    };
    let numbered = questions.into_iter().zip(1..);
    numbered
        .map(|(question, n)| {
            let of_question = |problem| form(format!("question {n}: {problem}"));
            match question.get("queries") {
                Some(_) => set(question).map_err(|problem| form(format!("set {n}: {problem}"))),
                None => read(question).map(SmokeSet::alone).map_err(of_question),
            }
        })
        .collect()
}

fn set(value: Value) -> Result<SmokeSet, String> {
    let expected = "a set must be an object with `at_least` and `queries`: {\"at_least\": 0.9, \"queries\": [...]}";
    let Value::Object(mut fields) = value else {
        return Err(expected.to_owned());
    };
    let at_least = fields.shift_remove("at_least").ok_or(expected)?;
    let share = at_least
        .as_f64()
        .filter(|share| *share > 0.0 && *share <= 1.0)
        .ok_or_else(|| format!("`at_least` must be above 0 and up to 1, not {at_least}"))?;
    let Some(Value::Array(queries)) = fields.shift_remove("queries") else {
        return Err(expected.to_owned());
    };
    if let Some(other) = fields.keys().next() {
        return Err(format!("there is no `{other}` in a set; {expected}"));
    }
    if queries.is_empty() {
        return Err("`queries` is empty".to_owned());
    }
    let numbered = queries.into_iter().zip(1..);
    let queries = numbered
        .map(|(query, n)| read(query).map_err(|problem| format!("question {n}: {problem}")))
        .collect::<Result<_, _>>()?;
    Ok(SmokeSet {
        at_least: Some(share),
        queries,
    })
}

fn read(question: Value) -> Result<SmokeQuery, String> {
    let Value::Object(mut search) = question else {
        return Err("an object was expected: {\"q\": \"...\", \"min_hits\": 1}".to_owned());
    };
    let q = match search.shift_remove("q") {
        Some(Value::String(q)) => q,
        Some(other) => return Err(format!("`q` must be a text, not {other}")),
        None => {
            return Err(
                "`q` is missing, the text to search for (\"\" finds everything)".to_owned(),
            );
        }
    };
    let mut finds = ids("finds", search.shift_remove("finds"))?;
    let not = ids("not", search.shift_remove("not"))?;
    // A question about certain documents says by them how many hits there have to be.
    let fewest = u64::from(finds.is_empty() && not.is_empty());
    let min_hits = search
        .shift_remove("min_hits")
        .map_or(Ok(fewest), |hits| whole_number("min_hits", &hits, 0))?;
    let in_top = match search.shift_remove("in_top") {
        None => None,
        Some(top @ Value::Object(_)) => {
            let (id, n) = document_in_top(top)?;
            finds.push(id);
            Some(n)
        }
        Some(_) if finds.is_empty() && not.is_empty() => {
            return Err(
                "`in_top` must be an object with `id` and `n`: {\"id\": 7, \"n\": 5}; it is a number beside `finds` \
                 or `not`"
                    .to_owned(),
            );
        }
        Some(n) => Some(whole_number("in_top", &n, 1)?),
    };
    if let Some(both) = finds.iter().find(|id| not.contains(id)) {
        return Err(format!("{both} is in `finds` and in `not`"));
    }
    for key in search.keys() {
        if let Some(meant) = misspelt(key) {
            return Err(format!("there is no `{key}`; did you mean `{meant}`?"));
        }
    }
    Ok(SmokeQuery {
        q,
        min_hits,
        finds,
        not,
        in_top,
        search,
    })
}

fn document_in_top(value: Value) -> Result<(Value, u64), String> {
    let expected = "`in_top` must be an object with `id` and `n`: {\"id\": 7, \"n\": 5}";
    let Value::Object(mut fields) = value else {
        return Err(expected.to_owned());
    };
    let id = fields.shift_remove("id").ok_or(expected)?;
    let n = whole_number("in_top.n", &fields.shift_remove("n").ok_or(expected)?, 1)?;
    match fields.keys().next() {
        Some(other) => Err(format!("there is no `{other}` in `in_top`; {expected}")),
        None => Ok((id_of("in_top.id", id)?, n)),
    }
}

fn ids(name: &str, value: Option<Value>) -> Result<Vec<Value>, String> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(ids)) => ids.into_iter().map(|id| id_of(name, id)).collect(),
        Some(other) => Err(format!("`{name}` must be a list of ids, not {other}")),
    }
}

fn id_of(name: &str, id: Value) -> Result<Value, String> {
    match id.is_string() || id.is_i64() || id.is_u64() {
        true => Ok(id),
        false => Err(format!(
            "`{name}` must be a whole number or a text, not {id}"
        )),
    }
}

fn whole_number(name: &str, value: &Value, least: u64) -> Result<u64, String> {
    let number = value.as_u64().filter(|number| *number >= least);
    number
        .ok_or_else(|| format!("`{name}` must be a whole number of at least {least}, not {value}"))
}

/// The key of ours that a search parameter looks like. Meilisearch decides which parameters exist, and newer
/// versions know more; but they are written `likeThis`, so an underscore or a near miss is one of our keys, misspelt,
/// and must not turn a check off.
fn misspelt(key: &str) -> Option<&'static str> {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-'], "");
    let distance = |ours: &&&str| strsim::damerau_levenshtein(&plain(key), &plain(ours));
    let nearest = OUR_KEYS.iter().skip(1).min_by_key(distance)?;
    (key.contains('_') || distance(&nearest) <= 1).then_some(*nearest)
}

#[cfg(test)]
mod tests;
