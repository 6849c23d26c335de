//! What this server takes of settings: it may be too old or too new for a key.

use std::fmt;

use serde_json::{Map, Value};

use crate::meilisearch::features::Features;
use crate::meilisearch::settings_keys::{Key, STRICT, find, join, word_sizes};
use crate::meilisearch::version::Version;

/// `filterableAttributes` takes objects since then, and only names before.
const FILTER_PATTERNS: Version = (1, 14, 0);

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

/// The settings that this server takes, in its own units, and what was left out for it.
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
    word_sizes::fit(&mut taken, features);
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
