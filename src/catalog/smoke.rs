//! `smoke.json`: what a good index must answer.

use std::path::Path;

use serde_json::{Map, Value};

use super::CatalogError;

/// One question, and what its answer must have.
#[derive(Clone, Debug, PartialEq)]
pub struct SmokeQuery {
    /// What a reader would type.
    pub q: String,
    /// As many hits there must be, at least.
    pub min_hits: u64,
    /// A document that must be among the first.
    pub in_top: Option<InTop>,
    /// The search parameters that the application uses, sent as they are (`filter`, `attributesToSearchOn` ...).
    pub search: Map<String, Value>,
}

/// A document, and how far down it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct InTop {
    /// The document's id, a number or a text.
    pub id: Value,
    /// It must be among the first so many hits.
    pub n: u64,
}

impl SmokeQuery {
    /// The questions of a file, in the form of `smoke.json`.
    ///
    /// # Errors
    /// What is wrong with it, named with the place.
    pub fn load(path: &Path) -> Result<Vec<SmokeQuery>, CatalogError> {
        let text = std::fs::read_to_string(path).map_err(|error| CatalogError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        parse(path, text.trim_start_matches('\u{feff}'))
    }
}

/// The keys of a question that are not search parameters.
const OUR_KEYS: [&str; 3] = ["q", "min_hits", "in_top"];

/// Reads the questions of `text`, the content of `path`.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<SmokeQuery>, CatalogError> {
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
            read(question).map_err(|problem| form(format!("question {n}: {problem}")))
        })
        .collect()
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
    let min_hits = search
        .shift_remove("min_hits")
        .map_or(Ok(1), |hits| whole_number("min_hits", &hits, 0))?;
    let in_top = search.shift_remove("in_top").map(in_top).transpose()?;
    for key in search.keys() {
        if let Some(meant) = misspelt(key) {
            return Err(format!("there is no `{key}`; did you mean `{meant}`?"));
        }
    }
    Ok(SmokeQuery {
        q,
        min_hits,
        in_top,
        search,
    })
}

fn in_top(value: Value) -> Result<InTop, String> {
    let expected = "`in_top` must be an object with `id` and `n`: {\"id\": 7, \"n\": 5}";
    let Value::Object(mut fields) = value else {
        return Err(expected.to_owned());
    };
    let id = fields.shift_remove("id").ok_or(expected)?;
    let n = whole_number("in_top.n", &fields.shift_remove("n").ok_or(expected)?, 1)?;
    if !matches!(&id, Value::String(_)) && !id.is_i64() && !id.is_u64() {
        return Err(format!(
            "`in_top.id` must be a whole number or a text, not {id}"
        ));
    }
    match fields.keys().next() {
        Some(other) => Err(format!("there is no `{other}` in `in_top`; {expected}")),
        None => Ok(InTop { id, n }),
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
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<SmokeQuery>, String> {
        parse(Path::new("smoke.json"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_question_carries_its_expectations_and_search_parameters() {
        let text = r#"[{"q": "غزة"}, {"q": "", "min_hits": 0, "in_top": {"id": "a", "n": 5}, "limit": 9, "filter": "x = 1"}]"#;
        let questions = read(text).unwrap();
        assert_eq!((questions[0].q.as_str(), questions[0].min_hits), ("غزة", 1));
        assert_eq!(questions[0].in_top, None);
        assert_eq!(questions[1].min_hits, 0);
        assert_eq!(
            questions[1].in_top,
            Some(InTop {
                id: "a".into(),
                n: 5
            })
        );
        assert_eq!(
            questions[1].search.keys().collect::<Vec<_>>(),
            ["limit", "filter"]
        );
        assert_eq!(read("[]").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_question() {
        for (text, expected) in [
            ("{}", "a list of questions"),
            ("[1]", "question 1: an object"),
            (
                r#"[{"q": "a"}, {"min_hits": 1}]"#,
                "question 2: `q` is missing",
            ),
            (r#"[{"q": 7}]"#, "`q` must be a text, not 7"),
            (
                r#"[{"q": "a", "min_hits": -1}]"#,
                "`min_hits` must be a whole number",
            ),
            (r#"[{"q": "a", "min_hit": 5}]"#, "did you mean `min_hits`?"),
            (r#"[{"q": "a", "minHits": 5}]"#, "did you mean `min_hits`?"),
            (r#"[{"q": "a", "inTop": {}}]"#, "did you mean `in_top`?"),
            (
                r#"[{"q": "a", "in_top": {"id": 7}}]"#,
                "`in_top` must be an object",
            ),
            (
                r#"[{"q": "a", "in_top": {"id": 7, "n": 0}}]"#,
                "`in_top.n` must be",
            ),
            (
                r#"[{"q": "a", "in_top": {"id": 1.5, "n": 1}}]"#,
                "`in_top.id` must be",
            ),
            (
                r#"[{"q": "a", "in_top": {"id": 7, "n": 1, "m": 2}}]"#,
                "there is no `m`",
            ),
            ("[{\"q\": \"a\",\n }]", "smoke.json:2:2: not valid JSON"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
