//! settings.json and smoke.json: how the documents are searched.

use serde_json::{Map, Value, json};

use super::schema::{quoted, texts};
use super::write::Field;
use crate::source::{Snapshot, SourceError};

/// As many hits as Meilisearch shows unless it is told otherwise.
const SHOWN_BY_DEFAULT: u64 = 1000;

pub(super) fn settings(fields: &[Field], rows: u64) -> Map<String, Value> {
    let mut searched: Vec<&Field> = fields.iter().filter(|field| field.rank.is_some()).collect();
    searched.sort_by_key(|field| field.rank);
    let names = |fields: &mut dyn Iterator<Item = &Field>| -> Value {
        fields
            .map(|field| Value::from(field.name.as_str()))
            .collect()
    };
    let mut settings = Map::new();
    settings.insert(
        "searchableAttributes".to_owned(),
        names(&mut searched.into_iter()),
    );
    settings.insert(
        "filterableAttributes".to_owned(),
        names(&mut fields.iter().filter(|field| field.filtered)),
    );
    settings.insert(
        "sortableAttributes".to_owned(),
        names(&mut fields.iter().filter(|field| field.sorted)),
    );
    if rows > SHOWN_BY_DEFAULT {
        let enough = 10_u64.pow(rows.saturating_mul(2).ilog10() + 1);
        settings.insert("pagination".to_owned(), json!({ "maxTotalHits": enough }));
    }
    settings
}

/// Everything, and a word of a row's name.
pub(super) async fn smoke(
    snapshot: &mut Snapshot<'_>,
    documents: &str,
    fields: &[Field],
    rows: u64,
) -> Result<Value, SourceError> {
    let mut queries = vec![json!({ "q": "", "min_hits": rows.min(1) })];
    let plain = fields.iter().filter(|field| field.conversion.is_none());
    let first = plain
        .filter(|field| field.rank.is_some())
        .min_by_key(|field| field.rank);
    if let Some(field) = first {
        let sql = format!(
            "SELECT {c} FROM ({documents}) WHERE {c} <> '' LIMIT 1",
            c = quoted(&field.name)
        );
        let row = texts(snapshot, &sql, &[])
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
