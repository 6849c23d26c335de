//! settings.json and smoke.json: how the documents are searched.

use serde_json::{Map, Value, json};

use super::field::Field;
use super::look::Seen;
use super::schema::texts;
use crate::sqlite::queries::quoted;
use crate::sqlite::{DatabaseError, Snapshot};

/// As many hits as Meilisearch shows unless it is told otherwise.
const SHOWN_BY_DEFAULT: u64 = 1000;

/// Which writing the texts that are searched are in.
#[derive(Default)]
pub(super) struct Writing {
    texts: u64,
    arabic: u64,
    persian: u64,
}

impl Writing {
    pub fn add(&mut self, seen: &Seen) {
        self.texts += seen.texts;
        self.arabic += seen.arabic;
        self.persian += seen.persian;
    }

    /// Most of it is Arabic. Persian and Urdu have its letters, and neither its article nor its language.
    pub fn is_arabic(&self) -> bool {
        self.arabic * 2 > self.texts && self.persian * 2 < self.arabic
    }
}

/// The engine splits the article off, so that a query with it would find every text that has any word with it.
const ARTICLE: &str = "ال";

pub(super) fn settings(fields: &[Field], rows: u64, is_arabic: bool) -> Map<String, Value> {
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
    if is_arabic {
        settings.insert("stopWords".to_owned(), json!([ARTICLE]));
        settings.insert(
            "localizedAttributes".to_owned(),
            json!([{ "attributePatterns": ["*"], "locales": ["ara"] }]),
        );
    }
    if rows > SHOWN_BY_DEFAULT {
        let enough = 10_u64.pow(rows.saturating_mul(2).ilog10() + 1);
        settings.insert("pagination".to_owned(), json!({ "maxTotalHits": enough }));
    }
    settings
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

#[cfg(test)]
mod tests {
    use super::*;

    fn is_arabic(texts: u64, arabic: u64, persian: u64) -> bool {
        let mut writing = Writing::default();
        writing.add(&Seen {
            texts,
            arabic,
            persian,
            ..Seen::default()
        });
        writing.is_arabic()
    }

    #[test]
    fn texts_are_arabic_where_most_are_and_none_of_its_neighbours() {
        assert!(is_arabic(10, 10, 0));
        assert!(is_arabic(10, 9, 2), "a Persian name among Arabic texts");
        assert!(!is_arabic(10, 4, 0), "some Arabic in another language");
        assert!(!is_arabic(10, 10, 9), "Persian");
        assert!(!is_arabic(0, 0, 0), "nothing");
    }
}
