//! The cost of a settings change on a full index: a millisecond, a part of a rebuild, or more than a rebuild.
//!
//! Measured on an index of 5,207 articles (82 MB); docs/apply.md has the table. For versions between the two that were
//! measured, the behaviour of the older one is assumed.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::meilisearch::settings::Difference;
use crate::meilisearch::version::Version;

/// What Meilisearch does when a key changes on a full index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// No document is looked at.
    Nothing,
    /// A part of what is known of the documents is computed again, for a fraction of the cost of a rebuild.
    Part,
    /// Every document is indexed again, which costs as much as a rebuild, or more.
    All,
}

/// From here on a change of what is filtered, sorted or made distinct by reads those fields only.
const PARTS_ARE_CHEAP: Version = (1, 50, 0);

/// Keys that say how a search is done, and nothing about what is stored for it.
const OF_SEARCHES: [&str; 5] = [
    "displayedAttributes",
    "synonyms",
    "faceting",
    "pagination",
    "searchCutoffMs",
];

/// Keys that concern some fields.
const OF_FIELDS: [&str; 3] = [
    "filterableAttributes",
    "sortableAttributes",
    "distinctAttribute",
];

/// What a change of this key costs on a server of this version; none is one that the key may not know.
pub fn cost(difference: &Difference, version: Option<Version>) -> Cost {
    let is_recent = version.is_some_and(|version| version >= PARTS_ARE_CHEAP);
    let (wanted, found) = (&difference.wanted, &difference.found);
    match difference.key.as_str() {
        "synonyms" if !is_recent => Cost::All,
        "typoTolerance" if !changes_fields_without_typos(wanted, found) => Cost::Nothing,
        "rankingRules" if rules_by_field(wanted) == rules_by_field(found) => Cost::Nothing,
        "rankingRules" if is_recent => Cost::Part,
        // The order is a weight; a field more or less is in every word's list.
        "searchableAttributes" if is_recent && same_names(wanted, found) => Cost::Part,
        key if OF_SEARCHES.contains(&key) => Cost::Nothing,
        key if OF_FIELDS.contains(&key) && is_recent => Cost::Part,
        _ => Cost::All,
    }
}

/// The names of a list, in no order; none where it is no list of names.
fn names(list: &Value) -> Option<BTreeSet<&str>> {
    list.as_array()?.iter().map(Value::as_str).collect()
}

fn same_names(one: &Value, other: &Value) -> bool {
    names(one).is_some_and(|one| Some(one) == names(other))
}

/// Ranking rules such as `published_at:desc`, for which a field is read.
fn rules_by_field(rules: &Value) -> BTreeSet<&str> {
    let names = names(rules).unwrap_or_default();
    names
        .into_iter()
        .filter(|rule| rule.contains(':'))
        .collect()
}

/// `disableOnAttributes` is the one part of it that is stored with the documents.
fn changes_fields_without_typos(wanted: &Value, found: &Value) -> bool {
    let part = |value: &Value| {
        value
            .get("disableOnAttributes")
            .cloned()
            .unwrap_or_default()
    };
    let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let (wanted, found) = (part(wanted), part(found));
    wanted != found && !(is_empty(&wanted) && is_empty(&found))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Cost::{All, Nothing, Part};
    use super::*;

    fn of(key: &str, wanted: Value, found: Value, version: Option<Version>) -> Cost {
        let difference = Difference {
            key: key.to_owned(),
            wanted,
            found,
        };
        cost(&difference, version)
    }

    #[test]
    fn what_a_change_costs_depends_on_key_and_version() {
        let (old, new) = (Some((1, 5, 1)), Some((1, 50, 0)));
        let none = || Value::Null;
        for (key, on_old, on_new) in [
            ("pagination", Nothing, Nothing),
            ("synonyms", All, Nothing),
            ("filterableAttributes", All, Part),
            ("stopWords", All, All),
            ("searchableAttributes", All, All),
            ("a_key_of_the_future", All, All),
        ] {
            assert_eq!(of(key, none(), none(), old), on_old, "{key}");
            assert_eq!(of(key, none(), none(), new), on_new, "{key}");
            assert_eq!(of(key, none(), none(), None), on_old, "{key}");
        }
    }

    #[test]
    fn what_changes_within_a_key_decides_too() {
        let (old, new) = (Some((1, 5, 1)), Some((1, 50, 0)));
        let (rules, names) = (json!(["words", "typo"]), json!(["a", "b"]));
        let [swapped, fewer] = [json!(["b", "a"]), json!(["a"])];
        let (by_word, by_attribute) = (json!("byWord"), json!("byAttribute"));
        let (reversed, by_field) = (json!(["typo", "words"]), json!(["words", "at:desc"]));
        for (key, wanted, found, on_old, on_new) in [
            ("rankingRules", reversed, &rules, Nothing, Nothing),
            ("rankingRules", by_field, &rules, All, Part),
            ("searchableAttributes", swapped, &names, All, Part),
            ("searchableAttributes", fewer, &names, All, All),
            (
                "proximityPrecision",
                by_attribute.clone(),
                &by_word,
                All,
                All,
            ),
            ("proximityPrecision", Value::Null, &by_attribute, All, All),
        ] {
            let cost = |version| of(key, wanted.clone(), found.clone(), version);
            assert_eq!((cost(old), cost(new)), (on_old, on_new), "{key} {wanted}");
        }
    }

    #[test]
    fn only_one_part_of_typo_tolerance_is_stored_with_the_documents() {
        let version = Some((1, 5, 0));
        let off = json!({"enabled": false, "disableOnAttributes": []});
        assert_eq!(
            of("typoTolerance", json!({"enabled": true}), off, version),
            Nothing
        );
        let title = json!({"disableOnAttributes": ["title"]});
        assert_eq!(of("typoTolerance", title, json!({}), version), All);
    }
}
