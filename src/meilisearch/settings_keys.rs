//! The settings that Meilisearch knows, and since when.
//!
//! A server refuses a whole settings object for one key that it doesn't know. So a key that is too new for this server
//! is skipped with a warning; a key that no version knows is a typing error, and is refused before anything is built.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::error::{CommandError, USAGE};
use crate::meilisearch::version::Version;

mod for_server;
mod word_sizes;

pub use for_server::for_server;
pub use word_sizes::{UnknownLetters, word_sizes};

/// One key. A dot leads into a nested object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub path: &'static str,
    pub first: Version,
    pub removed: Option<Version>,
    /// Not shown by a server that knows it, as long as an experimental feature is off: its absence says nothing.
    pub hidden: bool,
}

const OLDEST: Version = (1, 5, 0);

const fn key(path: &'static str, first: Version) -> Key {
    Key {
        path,
        first,
        removed: None,
        hidden: false,
    }
}

const fn hidden(path: &'static str, first: Version, removed: Option<Version>) -> Key {
    Key {
        path,
        first,
        removed,
        hidden: true,
    }
}

pub const KEYS: &[Key] = &[
    key("displayedAttributes", OLDEST),
    key("searchableAttributes", OLDEST),
    key("filterableAttributes", OLDEST),
    key("sortableAttributes", OLDEST),
    key("rankingRules", OLDEST),
    key("stopWords", OLDEST),
    key("nonSeparatorTokens", OLDEST),
    key("separatorTokens", OLDEST),
    key("dictionary", OLDEST),
    key("synonyms", OLDEST),
    key("distinctAttribute", OLDEST),
    key("typoTolerance", OLDEST),
    key("typoTolerance.enabled", OLDEST),
    key("typoTolerance.minWordSizeForTypos", OLDEST),
    key("typoTolerance.minWordSizeForTypos.oneTypo", OLDEST),
    key("typoTolerance.minWordSizeForTypos.twoTypos", OLDEST),
    key("typoTolerance.disableOnWords", OLDEST),
    key("typoTolerance.disableOnAttributes", OLDEST),
    key("typoTolerance.disableOnNumbers", (1, 15, 0)),
    key("faceting", OLDEST),
    key("faceting.maxValuesPerFacet", OLDEST),
    key("faceting.sortFacetValuesBy", OLDEST),
    key("pagination", OLDEST),
    key("pagination.maxTotalHits", OLDEST),
    key("proximityPrecision", (1, 6, 0)),
    hidden("embedders", (1, 6, 0), None),
    key("searchCutoffMs", (1, 8, 0)),
    key("localizedAttributes", (1, 10, 0)),
    key("facetSearch", (1, 12, 0)),
    key("prefixSearch", (1, 12, 0)),
    hidden("chat", (1, 15, 1), None),
    hidden("vectorStore", (1, 21, 0), Some((1, 37, 0))),
    hidden("foreignKeys", (1, 39, 0), None),
];

/// Objects of which Meilisearch refuses unknown keys, as it does at the top. Other objects hold names of the user's own.
const STRICT: &[&str] = &[
    "typoTolerance",
    "typoTolerance.minWordSizeForTypos",
    "faceting",
    "pagination",
];

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "no version of Meilisearch has a setting `{key}`{}. Correct or remove it in settings.json",
    did_you_mean(nearest)
)]
pub struct UnknownKey {
    pub key: String,
    pub nearest: Option<String>,
}

/// A setting that cannot be sent to any version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadSetting {
    #[error(transparent)]
    UnknownKey(#[from] UnknownKey),
    #[error(transparent)]
    UnknownLetters(#[from] UnknownLetters),
}

/// A setting of an index definition that no version of Meilisearch knows.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{index}/settings.json: {why}")]
pub struct UnknownSetting {
    /// The definition's name.
    pub index: String,
    /// The setting, and what would be right.
    pub why: BadSetting,
}

impl CommandError for UnknownSetting {
    fn exit_code(&self) -> u8 {
        USAGE
    }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|nearest| format!(": did you mean `{nearest}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
pub fn known_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter()
        .map(|key| key.path)
        .filter(|path| !path.contains('.'))
}

/// Every key of the settings of the definition `index` is one that some version knows.
pub fn check_definition(index: &str, settings: &Map<String, Value>) -> Result<(), UnknownSetting> {
    check_keys(settings).map_err(|why| UnknownSetting {
        index: index.to_owned(),
        why,
    })
}

/// Every key is one that some version knows.
pub fn check_keys(settings: &Map<String, Value>) -> Result<(), BadSetting> {
    check_object(settings, "")
}

fn check_object(object: &Map<String, Value>, under: &str) -> Result<(), BadSetting> {
    for (name, value) in object {
        let path = join(under, name);
        if path == word_sizes::LETTERS {
            word_sizes::check(value)?;
            continue;
        }
        if find(&path).is_none() {
            return Err(BadSetting::UnknownKey(UnknownKey {
                nearest: nearest(&path, under),
                key: path,
            }));
        }
        if let (true, Value::Object(inner)) = (STRICT.contains(&path.as_str()), value) {
            check_object(inner, &path)?;
        }
    }
    Ok(())
}

fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

fn join(under: &str, name: &str) -> String {
    if under.is_empty() {
        name.to_owned()
    } else {
        format!("{under}.{name}")
    }
}

/// The right key that is spelt most like this one, among those that could stand in its place.
fn nearest(path: &str, under: &str) -> Option<String> {
    let siblings = KEYS
        .iter()
        .map(|key| key.path)
        .filter(|other| match other.rsplit_once('.') {
            Some((parent, _)) => parent == under,
            None => under.is_empty(),
        });
    let alike = |other: &str| {
        strsim::normalized_damerau_levenshtein(&other.to_lowercase(), &path.to_lowercase())
    };
    let (nearest, likeness) = siblings
        .map(|other| (other, alike(other)))
        .max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (likeness > 0.5).then(|| nearest.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_key_that_no_version_knows_is_refused_with_the_nearest_right_one() {
        let nearest = |settings: Value| match check_keys(&map(settings)).unwrap_err() {
            BadSetting::UnknownKey(error) => (error.nearest.clone(), error.to_string()),
            other => panic!("{other}"),
        };
        let (meant, said) = nearest(json!({"searchableAttribute": ["title"]}));
        assert_eq!(meant.as_deref(), Some("searchableAttributes"));
        assert!(
            said.contains("did you mean `searchableAttributes`?"),
            "{said}"
        );
        let (meant, _) = nearest(json!({"typoTolerance": {"disableOnNumber": true}}));
        assert_eq!(meant.as_deref(), Some("typoTolerance.disableOnNumbers"));
        let (_, said) = nearest(json!({"stop_words": []}));
        assert!(said.contains("did you mean `stopWords`?"), "{said}");
        assert_eq!(nearest(json!({"xyzzy": 1})).0, None);
    }

    #[test]
    fn names_of_ones_own_are_no_keys() {
        let settings = map(json!({
            "synonyms": {"قدس": ["القدس"]}, "embedders": {"mine": {}},
            "faceting": {"sortFacetValuesBy": {"author": "count"}}, "chat": {"x": 1}
        }));
        check_keys(&settings).unwrap();
    }
}
