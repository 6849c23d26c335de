//! The table of all settings.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use milli_core::index::PrefixSearch;
use milli_core::proximity::ProximityPrecision;
use milli_core::{FilterableAttributesRule, LocalizedAttributesRule, OrderBy};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Key;
use super::ranking::{criteria, ranking_rules, shown_rules};
use super::typos::{apply_typo_tolerance, show_typo_tolerance, typo_tolerance};
use super::values::{
    Faceting, LocaleRule, Pagination, Precision, Prefixes, kept, localized_attributes, wildcards,
    words,
};
use crate::like::Feature;
use crate::search::locales;
use crate::strict::{invalid_value, typed};

/// All keys, in the order in which the real server shows them.
pub static KEYS: [Key; 22] = [
    Key {
        name: "displayedAttributes",
        route: "displayed-attributes",
        code: "invalid_settings_displayed_attributes",
        patched: false,
        since: None,
        check: wildcards,
        apply: |settings, value| {
            match serde_json::from_value(value)? {
                Some(fields) => settings.set_displayed_fields(fields),
                None => settings.reset_displayed_fields(),
            }
            Ok(())
        },
        show: |index, rtxn, _| {
            Ok(index
                .displayed_fields(rtxn)?
                .map_or(json!(["*"]), |fields| json!(fields)))
        },
    },
    Key {
        name: "searchableAttributes",
        route: "searchable-attributes",
        code: "invalid_settings_searchable_attributes",
        patched: false,
        since: None,
        check: wildcards,
        apply: |settings, value| {
            match serde_json::from_value(value)? {
                Some(fields) => settings.set_searchable_fields(fields),
                None => settings.reset_searchable_fields(),
            }
            Ok(())
        },
        show: |index, rtxn, _| {
            Ok(index
                .user_defined_searchable_fields(rtxn)?
                .map_or(json!(["*"]), |fields| json!(fields)))
        },
    },
    Key {
        name: "filterableAttributes",
        route: "filterable-attributes",
        code: "invalid_settings_filterable_attributes",
        patched: false,
        since: None,
        check: |value, at, code, like| match like.has(Feature::FilterableObjects) {
            true => kept(typed::<Vec<FilterableAttributesRule>>(value, at, code)?),
            false => kept(typed::<BTreeSet<String>>(value, at, code)?),
        },
        apply: |settings, value| {
            match serde_json::from_value::<Option<Vec<FilterableAttributesRule>>>(value)? {
                Some(rules) => settings.set_filterable_fields(rules),
                None => settings.reset_filterable_fields(),
            }
            Ok(())
        },
        show: |index, rtxn, _| Ok(json!(index.filterable_attributes_rules(rtxn)?)),
    },
    Key {
        name: "sortableAttributes",
        route: "sortable-attributes",
        code: "invalid_settings_sortable_attributes",
        patched: false,
        since: None,
        check: words,
        apply: |settings, value| {
            match serde_json::from_value::<Option<HashSet<String>>>(value)? {
                Some(fields) => settings.set_sortable_fields(fields),
                None => settings.reset_sortable_fields(),
            }
            Ok(())
        },
        show: |index, rtxn, _| {
            Ok(json!(
                index
                    .sortable_fields(rtxn)?
                    .into_iter()
                    .collect::<BTreeSet<_>>()
            ))
        },
    },
    Key {
        name: "foreignKeys",
        route: "foreign-keys",
        code: "invalid_settings_foreign_keys",
        patched: false,
        since: Some(Feature::SettingsOf39),
        check: |value, _, _, _| Ok(value),
        apply: |_, _| Ok(()),
        show: |_, _, _| Ok(Value::Null),
    },
    Key {
        name: "rankingRules",
        route: "ranking-rules",
        code: "invalid_settings_ranking_rules",
        patched: false,
        since: None,
        check: ranking_rules,
        apply: |settings, value| {
            match serde_json::from_value::<Option<Vec<String>>>(value)? {
                Some(rules) => {
                    settings.set_criteria(criteria(&rules).map_err(serde::de::Error::custom)?)
                }
                None => settings.reset_criteria(),
            }
            Ok(())
        },
        show: |index, rtxn, like| shown_rules(index, rtxn, like),
    },
    Key {
        name: "stopWords",
        route: "stop-words",
        code: "invalid_settings_stop_words",
        patched: false,
        since: None,
        check: words,
        apply: |settings, value| {
            match serde_json::from_value::<Option<BTreeSet<String>>>(value)? {
                Some(words) => settings.set_stop_words(words),
                None => settings.reset_stop_words(),
            }
            Ok(())
        },
        show: |index, rtxn, _| match index.stop_words(rtxn)? {
            Some(words) => Ok(json!(words.stream().into_strs()?)),
            None => Ok(json!([])),
        },
    },
    Key {
        name: "nonSeparatorTokens",
        route: "non-separator-tokens",
        code: "invalid_settings_non_separator_tokens",
        patched: false,
        since: None,
        check: words,
        apply: |settings, value| {
            match serde_json::from_value::<Option<BTreeSet<String>>>(value)? {
                Some(tokens) => settings.set_non_separator_tokens(tokens),
                None => settings.reset_non_separator_tokens(),
            }
            Ok(())
        },
        show: |index, rtxn, _| Ok(json!(index.non_separator_tokens(rtxn)?.unwrap_or_default())),
    },
    Key {
        name: "separatorTokens",
        route: "separator-tokens",
        code: "invalid_settings_separator_tokens",
        patched: false,
        since: None,
        check: words,
        apply: |settings, value| {
            match serde_json::from_value::<Option<BTreeSet<String>>>(value)? {
                Some(tokens) => settings.set_separator_tokens(tokens),
                None => settings.reset_separator_tokens(),
            }
            Ok(())
        },
        show: |index, rtxn, _| Ok(json!(index.separator_tokens(rtxn)?.unwrap_or_default())),
    },
    Key {
        name: "dictionary",
        route: "dictionary",
        code: "invalid_settings_dictionary",
        patched: false,
        since: None,
        check: words,
        apply: |settings, value| {
            match serde_json::from_value::<Option<BTreeSet<String>>>(value)? {
                Some(words) => settings.set_dictionary(words),
                None => settings.reset_dictionary(),
            }
            Ok(())
        },
        show: |index, rtxn, _| Ok(json!(index.dictionary(rtxn)?.unwrap_or_default())),
    },
    Key {
        name: "synonyms",
        route: "synonyms",
        code: "invalid_settings_synonyms",
        patched: false,
        since: None,
        check: |value, at, code, _| kept(typed::<BTreeMap<String, Vec<String>>>(value, at, code)?),
        apply: |settings, value| {
            match serde_json::from_value::<Option<BTreeMap<String, Vec<String>>>>(value)? {
                Some(synonyms) => settings.set_synonyms(synonyms),
                None => settings.reset_synonyms(),
            }
            Ok(())
        },
        show: |index, rtxn, _| Ok(json!(index.user_defined_synonyms(rtxn)?)),
    },
    Key {
        name: "distinctAttribute",
        route: "distinct-attribute",
        code: "invalid_settings_distinct_attribute",
        patched: false,
        since: None,
        check: |value, at, code, _| kept(typed::<String>(value, at, code)?),
        apply: |settings, value| {
            match serde_json::from_value(value)? {
                Some(field) => settings.set_distinct_field(field),
                None => settings.reset_distinct_field(),
            }
            Ok(())
        },
        show: |index, rtxn, _| Ok(json!(index.distinct_field(rtxn)?)),
    },
    Key {
        name: "proximityPrecision",
        route: "proximity-precision",
        code: "invalid_settings_proximity_precision",
        patched: false,
        since: Some(Feature::SettingsOf6),
        check: |value, at, code, _| {
            typed::<Precision>(value.clone(), at, code)?;
            Ok(value)
        },
        apply: |settings, value| {
            match serde_json::from_value::<Option<ProximityPrecision>>(value)? {
                Some(precision) => settings.set_proximity_precision(precision),
                None => settings.reset_proximity_precision(),
            }
            Ok(())
        },
        show: |index, rtxn, _| Ok(json!(index.proximity_precision(rtxn)?.unwrap_or_default())),
    },
    Key {
        name: "typoTolerance",
        route: "typo-tolerance",
        code: "invalid_settings_typo_tolerance",
        patched: true,
        since: None,
        check: typo_tolerance,
        apply: apply_typo_tolerance,
        show: show_typo_tolerance,
    },
    Key {
        name: "faceting",
        route: "faceting",
        code: "invalid_settings_faceting",
        patched: true,
        since: None,
        check: |value, at, code, _| {
            typed::<Faceting>(value.clone(), at, code)?;
            Ok(value)
        },
        apply: |settings, value| {
            let Some(faceting) = serde_json::from_value::<Option<Map<String, Value>>>(value)?
            else {
                settings.reset_max_values_per_facet();
                settings.reset_sort_facet_values_by();
                return Ok(());
            };
            match faceting.get("maxValuesPerFacet") {
                None => {}
                Some(Value::Null) => settings.reset_max_values_per_facet(),
                Some(max) => settings.set_max_values_per_facet(usize::deserialize(max)?),
            }
            match faceting.get("sortFacetValuesBy") {
                None => {}
                Some(Value::Null) => settings.reset_sort_facet_values_by(),
                Some(order) => {
                    let order = BTreeMap::<String, String>::deserialize(order)?;
                    let order = order
                        .into_iter()
                        .map(|(facet, order)| match order.as_str() {
                            "count" => (facet, OrderBy::Count),
                            _ => (facet, OrderBy::Lexicographic),
                        });
                    settings.set_sort_facet_values_by(order.collect());
                }
            }
            Ok(())
        },
        show: |index, rtxn, _| {
            let order = index
                .sort_facet_values_by(rtxn)?
                .into_iter()
                .map(|(facet, order)| match order {
                    OrderBy::Count => (facet, "count"),
                    OrderBy::Lexicographic => (facet, "alpha"),
                });
            Ok(json!({
                "maxValuesPerFacet": index.max_values_per_facet(rtxn)?.unwrap_or(100),
                "sortFacetValuesBy": order.collect::<BTreeMap<_, _>>(),
            }))
        },
    },
    Key {
        name: "pagination",
        route: "pagination",
        code: "invalid_settings_pagination",
        patched: true,
        since: None,
        check: |value, at, code, _| {
            typed::<Pagination>(value.clone(), at, code)?;
            Ok(value)
        },
        apply: |settings, value| {
            match value.get("maxTotalHits") {
                None if value.is_object() => {}
                None | Some(Value::Null) => settings.reset_pagination_max_total_hits(),
                Some(max) => settings.set_pagination_max_total_hits(usize::deserialize(max)?),
            }
            Ok(())
        },
        show: |index, rtxn, _| {
            Ok(json!({"maxTotalHits": index.pagination_max_total_hits(rtxn)?.unwrap_or(1000)}))
        },
    },
    Key {
        name: "embedders",
        route: "embedders",
        code: "invalid_settings_embedders",
        patched: true,
        since: Some(Feature::SettingsOf6),
        check: |value, at, code, _| match value.as_object() {
            Some(embedders) if embedders.values().all(Value::is_null) => Ok(value),
            Some(_) => Err(invalid_value(
                at,
                "this throw-away server has no embedders",
                code,
            )),
            None => kept(typed::<BTreeMap<String, bool>>(value, at, code)?),
        },
        apply: |_, _| Ok(()),
        show: |_, _, _| Ok(json!({})),
    },
    Key {
        name: "searchCutoffMs",
        route: "search-cutoff-ms",
        code: "invalid_settings_search_cutoff_ms",
        patched: false,
        since: Some(Feature::SearchCutoff),
        check: |value, at, code, _| kept(typed::<u64>(value, at, code)?),
        apply: |settings, value| {
            match serde_json::from_value(value)? {
                Some(milliseconds) => settings.set_search_cutoff(milliseconds),
                None => settings.reset_search_cutoff(),
            }
            Ok(())
        },
        show: |index, rtxn, _| Ok(json!(index.search_cutoff(rtxn)?)),
    },
    Key {
        name: "localizedAttributes",
        route: "localized-attributes",
        code: "invalid_settings_localized_attributes",
        patched: false,
        since: Some(Feature::Locales),
        check: localized_attributes,
        apply: |settings, value| {
            match serde_json::from_value::<Option<Vec<LocaleRule>>>(value)? {
                Some(rules) => {
                    let rules = rules.into_iter().map(|rule| {
                        let locales = rule
                            .locales
                            .iter()
                            .filter_map(|locale| locales::language(locale))
                            .collect();
                        LocalizedAttributesRule::new(rule.attribute_patterns, locales)
                    });
                    settings.set_localized_attributes_rules(rules.collect());
                }
                None => settings.reset_localized_attributes_rules(),
            }
            Ok(())
        },
        show: |index, rtxn, _| {
            let rules = index.localized_attributes_rules(rtxn)?.map(|rules| {
                let rules = rules.into_iter().map(|rule| LocaleRule {
                    attribute_patterns: rule.attribute_patterns.patterns,
                    locales: rule
                        .locales
                        .iter()
                        .map(|language| language.code().to_owned())
                        .collect(),
                });
                rules.collect::<Vec<_>>()
            });
            Ok(json!(rules))
        },
    },
    Key {
        name: "facetSearch",
        route: "facet-search",
        code: "invalid_settings_facet_search",
        patched: false,
        since: Some(Feature::SettingsOf12),
        check: |value, at, code, _| kept(typed::<bool>(value, at, code)?),
        apply: |settings, value| {
            match serde_json::from_value(value)? {
                Some(on) => settings.set_facet_search(on),
                None => settings.reset_facet_search(),
            }
            Ok(())
        },
        show: |index, rtxn, _| Ok(json!(index.facet_search(rtxn)?)),
    },
    Key {
        name: "prefixSearch",
        route: "prefix-search",
        code: "invalid_settings_prefix_search",
        patched: false,
        since: Some(Feature::SettingsOf12),
        check: |value, at, code, _| {
            typed::<Prefixes>(value.clone(), at, code)?;
            Ok(value)
        },
        apply: |settings, value| {
            match serde_json::from_value::<Option<PrefixSearch>>(value)? {
                Some(when) => settings.set_prefix_search(when),
                None => settings.reset_prefix_search(),
            }
            Ok(())
        },
        show: |index, rtxn, _| Ok(json!(index.prefix_search(rtxn)?.unwrap_or_default())),
    },
    Key {
        name: "chat",
        route: "chat",
        code: "invalid_settings_index_chat",
        patched: true,
        since: Some(Feature::SettingsOf39),
        check: |value, _, _, _| Ok(value),
        apply: |_, _| Ok(()),
        show: |_, _, _| Ok(Value::Null),
    },
];
