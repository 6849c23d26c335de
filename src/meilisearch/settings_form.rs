//! A canonical form of settings, so that a comparison finds only real differences.
//!
//! A server sorts stop words and rewrites their letters, fills in defaults, writes `["*"]` for null and `ara` for `ar`.
//! A comparison that treats this as a difference always finds one. For this reason settings were once sent at every
//! start, and every document was indexed again.

mod letters;
mod synonyms;

use serde_json::{Map, Value, json};

use letters::exact_word;
pub(crate) use letters::{stop_word, three_letters};

/// The sizes of `minWordSizeForTypos` that a server has by itself.
pub(crate) const ONE_TYPO: u64 = 5;
pub(crate) const TWO_TYPOS: u64 = 9;

/// The default of a server: before and since 1.2x, which split `attribute` in two.
const RANKING_DEFAULTS: [&[&str]; 2] = [
    &[
        "words",
        "typo",
        "proximity",
        "attribute",
        "sort",
        "exactness",
    ],
    &[
        "words",
        "typo",
        "proximity",
        "attributeRank",
        "sort",
        "wordPosition",
        "exactness",
    ],
];

/// Both say the same about this key. What else the settings say can decide about it.
pub(super) fn agree_within(
    settings: &Map<String, Value>,
    key: &str,
    wanted: &Value,
    found: &Value,
) -> bool {
    match key {
        "synonyms" => synonyms::Words::of(settings).agree(wanted, found),
        _ => agree(key, wanted, found),
    }
}

/// The same for what is decided by the key alone.
fn agree(key: &str, wanted: &Value, found: &Value) -> bool {
    match key {
        "rankingRules" if wanted.is_null() => is_default(key, found),
        "embedders" => embedders_agree(wanted, found),
        // Where the feature is on, a server shows all of it.
        "chat" => covers(&without_null(wanted), &without_null(found)),
        _ => form(key, wanted) == form(key, found),
    }
}

/// The server would return the same if the key had never been set.
pub(super) fn is_default(key: &str, found: &Value) -> bool {
    match key {
        "rankingRules" => {
            found.is_null() || RANKING_DEFAULTS.iter().any(|rules| *found == json!(rules))
        }
        "embedders" => found.is_null() || found.as_object().is_some_and(Map::is_empty),
        "chat" => chat_is_default(found),
        _ => form(key, found) == form(key, &Value::Null),
    }
}

/// Nothing that differs in this form differs in meaning, and the other way round.
fn form(key: &str, value: &Value) -> Value {
    match key {
        "displayedAttributes" if !means_all(value) => set(value, Value::clone),
        "displayedAttributes" | "searchableAttributes" if means_all(value) => json!(["*"]),
        "searchableAttributes" => unique(value, Value::clone),
        "filterableAttributes" => filter_rules(value),
        "foreignKeys" => set(value, Value::clone),
        "sortableAttributes" | "separatorTokens" | "nonSeparatorTokens" | "dictionary" => {
            set(value, Value::clone)
        }
        "stopWords" => set(value, |word| folded(word, stop_word)),
        "synonyms" => with_defaults(value, &[], |_, words| set(words, Value::clone)),
        "typoTolerance" => with_defaults(
            value,
            &[
                ("enabled", json!(true)),
                ("minWordSizeForTypos", Value::Null),
                ("disableOnWords", Value::Null),
                ("disableOnAttributes", Value::Null),
                ("disableOnNumbers", json!(false)),
            ],
            |inner, value| match inner {
                "minWordSizeForTypos" => with_defaults(
                    value,
                    &[("oneTypo", json!(ONE_TYPO)), ("twoTypos", json!(TWO_TYPOS))],
                    |_, size| size.clone(),
                ),
                "disableOnWords" => set(value, |word| folded(word, exact_word)),
                "disableOnAttributes" => set(value, Value::clone),
                _ => value.clone(),
            },
        ),
        "faceting" => with_defaults(
            value,
            &[
                ("maxValuesPerFacet", json!(100)),
                ("sortFacetValuesBy", Value::Null),
            ],
            |inner, value| match inner {
                "sortFacetValuesBy" => {
                    with_defaults(value, &[("*", json!("alpha"))], |_, order| order.clone())
                }
                _ => value.clone(),
            },
        ),
        "pagination" => with_defaults(value, &[("maxTotalHits", json!(1000))], |_, hits| {
            hits.clone()
        }),
        "localizedAttributes" => list_or_null(value, locale_rule),
        "proximityPrecision" => or(value, json!("byWord")),
        "facetSearch" => or(value, json!(true)),
        "prefixSearch" => or(value, json!("indexingTime")),
        _ => value.clone(),
    }
}

fn or(value: &Value, default: Value) -> Value {
    if value.is_null() {
        default
    } else {
        value.clone()
    }
}

/// A list whose order has no meaning, sorted and each item once. Null is the empty list.
fn set(value: &Value, item: impl Fn(&Value) -> Value) -> Value {
    let items = match value {
        Value::Null => return json!([]),
        Value::Array(items) => items,
        other => return other.clone(),
    };
    let mut items: Vec<(String, Value)> = items
        .iter()
        .map(item)
        .map(|item| (item.to_string(), item))
        .collect();
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    items.dedup_by(|(a, _), (b, _)| a == b);
    Value::Array(items.into_iter().map(|(_, item)| item).collect())
}

/// A list whose order has a meaning, in which an item counts where it comes first. Null is the empty list.
fn unique(value: &Value, item: impl Fn(&Value) -> Value) -> Value {
    let items = match value {
        Value::Null => return json!([]),
        Value::Array(items) => items,
        other => return other.clone(),
    };
    let mut unique: Vec<Value> = Vec::new();
    for item in items.iter().map(item) {
        if !unique.contains(&item) {
            unique.push(item);
        }
    }
    Value::Array(unique)
}

/// A list with a `*` anywhere in it means all, which is what null means.
fn means_all(list: &Value) -> bool {
    list.is_null()
        || list
            .as_array()
            .is_some_and(|items| items.contains(&json!("*")))
}

/// An object with its defaults filled in. Null, for the whole or for a part, is the default; keys come sorted.
fn with_defaults(
    value: &Value,
    defaults: &[(&str, Value)],
    part: impl Fn(&str, &Value) -> Value,
) -> Value {
    let given = match value {
        Value::Null => &Map::new(),
        Value::Object(given) => given,
        other => return other.clone(),
    };
    let mut parts: Vec<(String, Value)> = given
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, default) in defaults {
        match parts.iter_mut().find(|(given, _)| given == name) {
            Some((_, value)) if value.is_null() => *value = default.clone(),
            Some(_) => {}
            None => parts.push(((*name).to_owned(), default.clone())),
        }
    }
    parts.sort_by(|(a, _), (b, _)| a.cmp(b));
    Value::Object(
        parts
            .into_iter()
            .map(|(name, value)| (name.clone(), part(&name, &value)))
            .collect(),
    )
}

/// Names are a set. Among patterns the first that a field matches decides about it, so there the order matters.
fn filter_rules(value: &Value) -> Value {
    let rules = value.as_array();
    match rules.is_some_and(|rules| rules.iter().any(Value::is_object)) {
        true => unique(value, filter_rule),
        false => set(value, filter_rule),
    }
}

/// A plain name stands for all features, which a rule with patterns has to ask for.
fn filter_rule(rule: &Value) -> Value {
    if !rule.is_object() {
        return rule.clone();
    }
    with_defaults(
        rule,
        &[
            ("attributePatterns", Value::Null),
            ("features", Value::Null),
        ],
        |inner, value| match inner {
            "attributePatterns" => set(value, Value::clone),
            "features" => with_defaults(
                value,
                &[("facetSearch", json!(false)), ("filter", Value::Null)],
                |inner, value| match inner {
                    "filter" => with_defaults(
                        value,
                        &[("equality", json!(true)), ("comparison", json!(false))],
                        |_, on| on.clone(),
                    ),
                    _ => value.clone(),
                },
            ),
            _ => value.clone(),
        },
    )
}

/// The first rule that matches a field counts, so their order matters; none is the same as an empty list.
fn list_or_null(value: &Value, item: impl Fn(&Value) -> Value) -> Value {
    match value {
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => Value::Array(items.iter().map(item).collect()),
        other => other.clone(),
    }
}

fn locale_rule(rule: &Value) -> Value {
    if !rule.is_object() {
        return rule.clone();
    }
    with_defaults(rule, &[], |inner, value| match inner {
        "attributePatterns" => set(value, Value::clone),
        "locales" => set(value, |locale| {
            folded(locale, |code| three_letters(code).to_owned())
        }),
        _ => value.clone(),
    })
}

fn folded(value: &Value, fold: impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(fold(text)),
        other => other.clone(),
    }
}

/// A server shows an embedder with its defaults filled in and its key masked. So what is wanted must be there, and no other
/// embedder; what else it shows is ignored.
fn embedders_agree(wanted: &Value, found: &Value) -> bool {
    let empty = Map::new();
    let objects = |value: &'_ Value| value.is_null() || value.is_object();
    if !objects(wanted) || !objects(found) {
        return wanted == found;
    }
    let (wanted, found) = (
        wanted.as_object().unwrap_or(&empty),
        found.as_object().unwrap_or(&empty),
    );
    let named = |all: &Map<String, Value>| {
        let mut names: Vec<String> = all
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name.clone())
            .collect();
        names.sort();
        names
    };
    named(wanted) == named(found)
        && wanted
            .iter()
            .all(|(name, wanted)| covers(wanted, found.get(name).unwrap_or(&Value::Null)))
}

fn covers(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().all(|(name, value)| {
            name == "apiKey"
                || value.is_null()
                || covers(value, found.get(name).unwrap_or(&Value::Null))
        }),
        _ => wanted == found,
    }
}

fn without_null(value: &Value) -> Value {
    if value.is_null() {
        json!({})
    } else {
        value.clone()
    }
}

/// What a server shows for a chat that was never set: no description, no parameters, and its own template.
fn chat_is_default(found: &Value) -> bool {
    let is_empty = |key: &str| match found.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Object(parts)) => parts.is_empty(),
        Some(_) => false,
    };
    is_empty("description") && is_empty("searchParameters")
}

#[cfg(test)]
mod tests;
