//! settings.json and smoke.json: how the documents are searched.

use serde_json::{Map, Value, json};

use super::field::Field;
use super::language::{Language, localized};
use crate::sqlite::queries::quoted;
use crate::sqlite::{DatabaseError, Snapshot};

/// As many hits as Meilisearch shows unless it is told otherwise.
const SHOWN_BY_DEFAULT: u64 = 1000;

/// The engine splits the article off, so that a query with it would find every text that has any word with it.
const ARTICLE: &str = "ال";

/// The fields that are searched, the most important first.
pub(super) fn searched(fields: &[Field]) -> Vec<&Field> {
    let mut searched: Vec<&Field> = fields.iter().filter(|field| field.rank.is_some()).collect();
    searched.sort_by_key(|field| field.rank);
    searched
}

pub(super) fn settings(fields: &[Field], rows: u64) -> Map<String, Value> {
    let searched = searched(fields);
    let names = |fields: &mut dyn Iterator<Item = &Field>| -> Value {
        fields
            .map(|field| Value::from(field.name.as_str()))
            .collect()
    };
    let mut settings = Map::new();
    settings.insert(
        "searchableAttributes".to_owned(),
        names(&mut searched.iter().copied()),
    );
    settings.insert(
        "filterableAttributes".to_owned(),
        names(&mut fields.iter().filter(|field| field.filtered)),
    );
    settings.insert(
        "sortableAttributes".to_owned(),
        names(&mut fields.iter().filter(|field| field.sorted)),
    );
    if fields.iter().any(Field::is_hidden) {
        let shown = fields.iter().filter(|field| !field.is_hidden());
        let names = shown.map(|field| field.name.as_str());
        let shown: Vec<&str> = ["id"].into_iter().chain(names).collect();
        settings.insert("displayedAttributes".to_owned(), json!(shown));
    }
    let is_arabic = |field: &&Field| field.letters.languages().contains(&Language::Arabic);
    if searched.iter().any(is_arabic) {
        settings.insert("stopWords".to_owned(), json!([ARTICLE]));
    }
    let written = searched
        .iter()
        .map(|field| (field.name.as_str(), &field.letters));
    if let Some(rules) = localized(written) {
        settings.insert("localizedAttributes".to_owned(), rules);
    }
    if rows > SHOWN_BY_DEFAULT {
        let enough = 10_u64.pow(rows.saturating_mul(2).ilog10() + 1);
        settings.insert("pagination".to_owned(), json!({ "maxTotalHits": enough }));
    }
    settings
}

/// The languages of what is searched, for a person.
pub(super) fn languages(fields: &[Field]) -> Vec<&'static str> {
    let mut all: Vec<&'static str> = Vec::new();
    for language in searched(fields)
        .iter()
        .flat_map(|field| field.letters.languages())
    {
        if !all.contains(&language.name()) {
            all.push(language.name());
        }
    }
    all
}

/// Everything: what any index with documents answers, whatever its settings.
pub(super) fn ask_for_everything(rows: u64) -> Value {
    json!({ "q": "", "min_hits": rows.min(1) })
}

/// Everything, and a word of a row's name.
pub(super) async fn smoke(
    snapshot: &mut Snapshot<'_>,
    documents: &str,
    fields: &[Field],
    rows: u64,
) -> Result<Value, DatabaseError> {
    let mut queries = vec![ask_for_everything(rows)];
    let first = searched(fields)
        .into_iter()
        .find(|field| field.conversion.is_none());
    if let Some(field) = first {
        let sql = format!(
            "SELECT {c} FROM ({documents}) WHERE {c} <> '' LIMIT 1",
            c = quoted(&field.name)
        );
        let row = snapshot
            .texts(&sql, &[])
            .await?
            .into_iter()
            .flatten()
            .next();
        let text = row.unwrap_or_default();
        let words = text.split(|c: char| !c.is_alphabetic());
        let readable = words.filter(|word| (3..=20).contains(&word.chars().count()));
        if let Some(word) = readable.max_by_key(|word| word.chars().count()) {
            queries.push(json!({ "q": word, "min_hits": 1 }));
        }
    }
    Ok(Value::Array(queries))
}
