//! The settings that Meilisearch knows, and since when.
//!
//! A server refuses a whole settings object for one key that it doesn't know. So a key that is too new for this server
//! is skipped with a warning; a key that no version knows is a typing error, and is refused before anything is built.

use std::fmt;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::error::{CommandError, USAGE};
use crate::meilisearch::features::Features;
use crate::meilisearch::version::Version;

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

/// `filterableAttributes` takes objects since then, and only names before.
const FILTER_PATTERNS: Version = (1, 14, 0);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "no version of Meilisearch has a setting `{key}`{}. Correct or remove it in settings.json",
    did_you_mean(nearest)
)]
pub struct UnknownKey {
    pub key: String,
    pub nearest: Option<String>,
}

/// A settings key of an index definition that no version of Meilisearch knows.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{index}/settings.json: {why}")]
pub struct UnknownSetting {
    /// The definition's name.
    pub index: String,
    /// The key, and the nearest right one.
    pub why: UnknownKey,
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

/// A key that this server doesn't take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub key: String,
    pub first: Version,
    pub removed: Option<Version>,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = self.first;
        write!(
            f,
            "`{}` (known from Meilisearch {major}.{minor}.{patch} on",
            self.key
        )?;
        if let Some((major, minor, patch)) = self.removed {
            write!(f, ", removed in {major}.{minor}.{patch}")?;
        }
        f.write_str(")")
    }
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
pub fn check_keys(settings: &Map<String, Value>) -> Result<(), UnknownKey> {
    check_object(settings, "")
}

fn check_object(object: &Map<String, Value>, under: &str) -> Result<(), UnknownKey> {
    for (name, value) in object {
        let path = join(under, name);
        if find(&path).is_none() {
            return Err(UnknownKey {
                nearest: nearest(&path, under),
                key: path,
            });
        }
        if let (true, Value::Object(inner)) = (STRICT.contains(&path.as_str()), value) {
            check_object(inner, &path)?;
        }
    }
    Ok(())
}

/// The settings that this server takes, and what was left out for it.
pub fn for_server(
    settings: &Map<String, Value>,
    features: &Features,
) -> (Map<String, Value>, Vec<LeftOut>) {
    let mut left_out = Vec::new();
    let mut taken = take(settings, "", features, &mut left_out);
    if features
        .version
        .is_some_and(|version| version < FILTER_PATTERNS)
        && let Some(Value::Array(rules)) = taken.get_mut("filterableAttributes")
    {
        *rules = names_of(rules, &mut left_out);
    }
    (taken, left_out)
}

fn take(
    object: &Map<String, Value>,
    under: &str,
    features: &Features,
    left_out: &mut Vec<LeftOut>,
) -> Map<String, Value> {
    let mut taken = Map::new();
    for (name, value) in object {
        let path = join(under, name);
        if let Some(key) = find(&path)
            && !features.accepts(key)
        {
            left_out.push(LeftOut {
                key: path,
                first: key.first,
                removed: key.removed,
            });
            continue;
        }
        let value = match value {
            Value::Object(inner) if STRICT.contains(&path.as_str()) => {
                Value::Object(take(inner, &path, features, left_out))
            }
            other => other.clone(),
        };
        taken.insert(name.clone(), value);
    }
    taken
}

/// Rules with patterns as an old server can have them: their names, where no name is a pattern.
fn names_of(rules: &[Value], left_out: &mut Vec<LeftOut>) -> Vec<Value> {
    let mut names = Vec::new();
    for rule in rules {
        match rule.get("attributePatterns").and_then(Value::as_array) {
            None => names.push(rule.clone()),
            Some(patterns) => {
                let (wild, plain): (Vec<_>, Vec<_>) = patterns
                    .iter()
                    .cloned()
                    .partition(|pattern| pattern.as_str().is_none_or(|name| name.contains('*')));
                names.extend(plain);
                left_out.extend(wild.iter().map(|pattern| LeftOut {
                    key: format!("filterableAttributes: the pattern {pattern}"),
                    first: FILTER_PATTERNS,
                    removed: None,
                }));
            }
        }
    }
    names
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

impl Features {
    /// Whether settings with this key are taken. Where nothing is known, they are sent and the server says so itself.
    fn accepts(&self, key: &Key) -> bool {
        match (self.version, &self.settings_keys) {
            (Some(version), _) => {
                version >= key.first && key.removed.is_none_or(|removed| version < removed)
            }
            (None, Some(shown)) => key.hidden || shown.contains(key.path) || !told_apart(key.path),
            (None, None) => true,
        }
    }
}

/// An answer shows a top-level key or one below it; what lies deeper is as old as the program's oldest server.
fn told_apart(path: &str) -> bool {
    path.matches('.').count() < 2
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
        let error = check_keys(&map(json!({"searchableAttribute": ["title"]}))).unwrap_err();
        assert_eq!(error.nearest.as_deref(), Some("searchableAttributes"));
        assert!(
            error
                .to_string()
                .contains("did you mean `searchableAttributes`?"),
            "{error}"
        );
        let error =
            check_keys(&map(json!({"typoTolerance": {"disableOnNumber": true}}))).unwrap_err();
        assert_eq!(
            error.nearest.as_deref(),
            Some("typoTolerance.disableOnNumbers")
        );
        let error = check_keys(&map(json!({"stop_words": []}))).unwrap_err();
        assert_eq!(error.nearest.as_deref(), Some("stopWords"));
        assert_eq!(
            check_keys(&map(json!({"xyzzy": 1}))).unwrap_err().nearest,
            None
        );
    }

    #[test]
    fn names_of_ones_own_are_no_keys() {
        let settings = map(json!({
            "synonyms": {"قدس": ["القدس"]}, "embedders": {"mine": {}},
            "faceting": {"sortFacetValuesBy": {"author": "count"}}, "chat": {"x": 1}
        }));
        check_keys(&settings).unwrap();
    }

    #[test]
    fn what_a_server_is_too_old_or_too_new_for_is_left_out_and_told() {
        let settings = map(json!({
            "stopWords": ["ال"], "localizedAttributes": [], "vectorStore": "x", "searchCutoffMs": 150,
            "typoTolerance": {"enabled": true, "disableOnNumbers": true}
        }));
        let (taken, left_out) = for_server(&settings, &Features::of_version((1, 8, 0)));
        assert_eq!(
            Value::Object(taken),
            json!({"stopWords": ["ال"], "searchCutoffMs": 150, "typoTolerance": {"enabled": true}})
        );
        let keys: Vec<&str> = left_out.iter().map(|left| left.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "localizedAttributes",
                "vectorStore",
                "typoTolerance.disableOnNumbers"
            ]
        );
        assert_eq!(
            left_out[0].to_string(),
            "`localizedAttributes` (known from Meilisearch 1.10.0 on)"
        );

        let (taken, left_out) = for_server(&settings, &Features::of_version((1, 37, 0)));
        assert!(taken.contains_key("localizedAttributes") && !taken.contains_key("vectorStore"));
        assert_eq!(left_out.len(), 1);
        assert!(left_out[0].to_string().ends_with("removed in 1.37.0)"));
    }

    #[test]
    fn a_server_whose_version_is_secret_is_known_by_the_settings_it_shows() {
        let mut features = Features::unknown();
        let settings = map(
            json!({"stopWords": [], "prefixSearch": "disabled", "typoTolerance": {"disableOnNumbers": true}}),
        );
        assert_eq!(
            for_server(&settings, &features).1,
            [],
            "nothing is known, so the server shall say"
        );
        features.learn(&map(
            json!({"stopWords": [], "typoTolerance": {"enabled": true}}),
        ));
        let (taken, left_out) = for_server(&settings, &features);
        assert_eq!(
            Value::Object(taken),
            json!({"stopWords": [], "typoTolerance": {}})
        );
        assert_eq!(left_out.len(), 2);
    }

    #[test]
    fn filter_patterns_become_names_where_they_can() {
        let settings = map(json!({"filterableAttributes": [
            "a", {"attributePatterns": ["b", "c_*"], "features": {"facetSearch": true}}
        ]}));
        let (taken, left_out) = for_server(&settings, &Features::of_version((1, 13, 0)));
        assert_eq!(taken["filterableAttributes"], json!(["a", "b"]));
        assert_eq!(left_out.len(), 1);
        assert!(left_out[0].key.contains("c_*"));
        assert_eq!(
            for_server(&settings, &Features::of_version((1, 14, 0))).0,
            settings
        );
    }
}
