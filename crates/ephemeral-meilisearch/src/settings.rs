//! Settings of an index: one table of what there is, since when, how it is checked, applied and shown.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::num::NonZeroUsize;
use std::str::FromStr;

use deserr::{Deserr, ValuePointerRef};
use milli_core::heed::RoTxn;
use milli_core::index::PrefixSearch;
use milli_core::proximity::ProximityPrecision;
use milli_core::update::{Setting, Settings};
use milli_core::{Criterion, FilterableAttributesRule, Index, LocalizedAttributesRule, OrderBy};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::like::{Feature, Like};
use crate::search::locales;
use crate::strict::{self, invalid_value, typed};

/// One key of the settings object.
pub struct Key {
    /// The name in the object.
    pub name: &'static str,
    /// The name as a route of its own.
    pub route: &'static str,
    /// The error code of a bad value.
    pub code: &'static str,
    /// Whether the route takes PATCH (objects) or PUT (everything else).
    pub patched: bool,
    since: Option<Feature>,
    check: fn(Value, ValuePointerRef<'_>, &'static str, Like) -> Result<Value, ApiError>,
    apply: fn(&mut Settings<'_, '_, '_>, Value) -> serde_json::Result<()>,
    show: fn(&Index, &RoTxn<'_>, Like) -> milli_core::Result<Value>,
}

impl Key {
    /// Whether the imitated version knows the key.
    pub fn is_known(&self, like: Like) -> bool {
        self.since.is_none_or(|feature| like.has(feature))
    }

    /// Whether the key can be set here. The others are known by name, as the real server knows them, but need one of its
    /// experimental features.
    fn is_experimental(&self) -> bool {
        matches!(self.name, "foreignKeys" | "chat")
    }

    /// Checks a value, and brings it into the form in which it is kept; `null` resets.
    pub fn check(
        &self,
        value: Value,
        at: ValuePointerRef<'_>,
        like: Like,
    ) -> Result<Value, ApiError> {
        if self.is_experimental() {
            return Err(ApiError::new(
                "feature_not_enabled",
                format!(
                    "Setting `{}` in the settings requires enabling an experimental feature, which this throw-away server has not.",
                    self.name
                ),
            ));
        }
        match value {
            Value::Null => Ok(Value::Null),
            value => (self.check)(value, at, self.code, like),
        }
    }
}

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

/// Checks a whole settings object.
pub fn check(body: Value, like: Like) -> Result<Map<String, Value>, ApiError> {
    let known: Vec<&str> = KEYS
        .iter()
        .filter(|key| key.is_known(like))
        .map(|key| key.name)
        .collect();
    let mut body = strict::Body::read(body, &known)?;
    let mut settings = Map::new();
    for key in KEYS.iter().filter(|key| key.is_known(like)) {
        if let Some(value) = body.raw(key.name) {
            settings.insert(
                key.name.to_owned(),
                key.check(value, ValuePointerRef::Origin.push_key(key.name), like)?,
            );
        }
    }
    Ok(settings)
}

/// The settings object that resets everything that the version knows.
pub fn all_reset(like: Like) -> Map<String, Value> {
    let keys = KEYS
        .iter()
        .filter(|key| key.is_known(like) && !key.is_experimental());
    keys.map(|key| (key.name.to_owned(), Value::Null)).collect()
}

/// Settings as the details of a task show them.
pub fn as_details(settings: &Map<String, Value>) -> Map<String, Value> {
    let shown = |(name, value): (&String, &Value)| match name.as_str() {
        "displayedAttributes" | "searchableAttributes" if value.is_null() => {
            (name.clone(), json!(["*"]))
        }
        _ => (name.clone(), value.clone()),
    };
    settings.iter().map(shown).collect()
}

/// Puts checked settings into the engine's builder.
pub fn apply(
    builder: &mut Settings<'_, '_, '_>,
    settings: &Map<String, Value>,
) -> serde_json::Result<()> {
    for key in KEYS.iter() {
        if let Some(value) = settings.get(key.name) {
            (key.apply)(builder, value.clone())?;
        }
    }
    Ok(())
}

/// The settings of an index, as far as the version knows them.
pub fn show(index: &Index, rtxn: &RoTxn<'_>, like: Like) -> milli_core::Result<Map<String, Value>> {
    let keys = KEYS
        .iter()
        .filter(|key| key.is_known(like) && !key.is_experimental());
    keys.map(|key| Ok((key.name.to_owned(), (key.show)(index, rtxn, like)?)))
        .collect()
}

/// One setting of an index.
pub fn show_one(
    key: &Key,
    index: &Index,
    rtxn: &RoTxn<'_>,
    like: Like,
) -> milli_core::Result<Value> {
    (key.show)(index, rtxn, like)
}

fn kept(value: impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(|error| ApiError::internal(error.to_string()))
}

/// A list of attributes, where `*` anywhere means all, which is the default.
fn wildcards(
    value: Value,
    at: ValuePointerRef<'_>,
    code: &'static str,
    _: Like,
) -> Result<Value, ApiError> {
    let names = typed::<Vec<String>>(value, at, code)?;
    match names.iter().any(|name| name == "*") {
        true => Ok(Value::Null),
        false => kept(names),
    }
}

/// A set of words.
fn words(
    value: Value,
    at: ValuePointerRef<'_>,
    code: &'static str,
    _: Like,
) -> Result<Value, ApiError> {
    kept(typed::<BTreeSet<String>>(value, at, code)?)
}

fn ranking_rules(
    value: Value,
    at: ValuePointerRef<'_>,
    code: &'static str,
    like: Like,
) -> Result<Value, ApiError> {
    let rules = typed::<Vec<String>>(value, at, code)?;
    for (index, rule) in rules.iter().enumerate() {
        if like.has(Feature::SplitAttributeRule) && SPLIT_RULES.contains(&rule.as_str()) {
            continue;
        }
        Criterion::from_str(rule)
            .map_err(|error| invalid_value(at.push_index(index), error, code))?;
    }
    kept(rules)
}

/// The newest servers have these two rules in the place of `attribute`. The engine here is older than they are.
const SPLIT_RULES: [&str; 2] = ["attributeRank", "wordPosition"];

/// The default rules of the newest servers.
const SPLIT_DEFAULT: [&str; 7] = [
    "words",
    "typo",
    "proximity",
    "attributeRank",
    "sort",
    "wordPosition",
    "exactness",
];

/// The engine's rules for these names: the first half of a split `attribute` stands for the whole of it.
fn criteria(rules: &[String]) -> Result<Vec<Criterion>, milli_core::CriterionError> {
    let mut criteria: Vec<Criterion> = Vec::new();
    for rule in rules {
        let criterion = match rule.as_str() {
            split if SPLIT_RULES.contains(&split) => Criterion::Attribute,
            other => Criterion::from_str(other)?,
        };
        if criterion != Criterion::Attribute || !criteria.contains(&Criterion::Attribute) {
            criteria.push(criterion);
        }
    }
    Ok(criteria)
}

/// The rules as they were sent, beside the index. The engine can't tell the two halves of a split `attribute` from the
/// whole, nor a list that was sent from an equal default, but who compares settings can.
const RULES_FILE: &str = "ranking-rules.json";

/// Remembers ranking rules as they were sent, or that they were reset.
pub fn remember_rules(index: &Index, updates: &[&Map<String, Value>]) -> std::io::Result<()> {
    let Some(rules) = updates
        .iter()
        .rev()
        .find_map(|update| update.get("rankingRules"))
    else {
        return Ok(());
    };
    let file = index.path().join(RULES_FILE);
    match rules {
        Value::Null if file.exists() => std::fs::remove_file(file),
        Value::Null => Ok(()),
        rules => {
            let new = file.with_extension("new");
            std::fs::write(&new, rules.to_string())?;
            std::fs::rename(new, file)
        }
    }
}

fn shown_rules(index: &Index, rtxn: &RoTxn<'_>, like: Like) -> milli_core::Result<Value> {
    if let Ok(sent) = std::fs::read(index.path().join(RULES_FILE)) {
        return serde_json::from_slice(&sent)
            .map_err(|error| milli_core::UserError::SerdeJson(error).into());
    }
    let criteria = index.criteria(rtxn)?;
    if like.has(Feature::SplitAttributeRule) && criteria == milli_core::default_criteria() {
        return Ok(json!(SPLIT_DEFAULT));
    }
    Ok(json!(
        criteria.iter().map(ToString::to_string).collect::<Vec<_>>()
    ))
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase)]
enum Precision {
    ByWord,
    ByAttribute,
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase)]
enum Prefixes {
    IndexingTime,
    Disabled,
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase)]
enum FacetOrder {
    Alpha,
    Count,
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase, deny_unknown_fields)]
#[allow(
    dead_code,
    reason = "read for its checks; the value is kept as it was sent"
)]
struct Faceting {
    #[deserr(default = Setting::NotSet)]
    max_values_per_facet: Setting<usize>,
    #[deserr(default = Setting::NotSet)]
    sort_facet_values_by: Setting<BTreeMap<String, FacetOrder>>,
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase, deny_unknown_fields)]
#[allow(
    dead_code,
    reason = "read for its checks; the value is kept as it was sent"
)]
struct Pagination {
    #[deserr(default = Setting::NotSet)]
    max_total_hits: Setting<NonZeroUsize>,
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase, deny_unknown_fields)]
#[allow(
    dead_code,
    reason = "read for its checks; the value is kept as it was sent"
)]
struct TypoTolerance {
    #[deserr(default = Setting::NotSet)]
    enabled: Setting<bool>,
    #[deserr(default = Setting::NotSet)]
    min_word_size_for_typos: Setting<MinWordSizes>,
    #[deserr(default = Setting::NotSet)]
    disable_on_words: Setting<BTreeSet<String>>,
    #[deserr(default = Setting::NotSet)]
    disable_on_attributes: Setting<BTreeSet<String>>,
    #[deserr(default = Setting::NotSet)]
    disable_on_numbers: Setting<bool>,
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase, deny_unknown_fields)]
struct MinWordSizes {
    #[deserr(default = Setting::NotSet)]
    one_typo: Setting<u8>,
    #[deserr(default = Setting::NotSet)]
    two_typos: Setting<u8>,
}

fn typo_tolerance(
    value: Value,
    at: ValuePointerRef<'_>,
    code: &'static str,
    like: Like,
) -> Result<Value, ApiError> {
    let settings = typed::<TypoTolerance>(value.clone(), at, code)?;
    if !like.has(Feature::Of15) && value.get("disableOnNumbers").is_some() {
        let known = [
            "enabled",
            "minWordSizeForTypos",
            "disableOnWords",
            "disableOnAttributes",
        ];
        return Err(ApiError::new(
            code,
            strict::unknown_field_at("disableOnNumbers", &known, at),
        ));
    }
    if let Setting::Set(MinWordSizes {
        one_typo: Setting::Set(one),
        two_typos: Setting::Set(two),
    }) = settings.min_word_size_for_typos
        && one > two
    {
        let why = milli_core::UserError::InvalidMinTypoWordLenSetting(one, two);
        return Err(invalid_value(at.push_key("minWordSizeForTypos"), why, code));
    }
    Ok(value)
}

fn apply_typo_tolerance(
    settings: &mut Settings<'_, '_, '_>,
    value: Value,
) -> serde_json::Result<()> {
    let typo = |name: &str| match &value {
        Value::Object(fields) => fields.get(name).cloned(),
        _ => Some(Value::Null),
    };
    match typo("enabled") {
        None => {}
        Some(Value::Null) => settings.reset_authorize_typos(),
        Some(on) => settings.set_autorize_typos(bool::deserialize(on)?),
    }
    if let Some(sizes) = typo("minWordSizeForTypos") {
        let size = |name: &str| match &sizes {
            Value::Object(fields) => fields.get(name).cloned(),
            _ => Some(Value::Null),
        };
        match size("oneTypo") {
            None => {}
            Some(Value::Null) => settings.reset_min_word_len_one_typo(),
            Some(length) => settings.set_min_word_len_one_typo(u8::deserialize(length)?),
        }
        match size("twoTypos") {
            None => {}
            Some(Value::Null) => settings.reset_min_word_len_two_typos(),
            Some(length) => settings.set_min_word_len_two_typos(u8::deserialize(length)?),
        }
    }
    match typo("disableOnWords") {
        None => {}
        Some(Value::Null) => settings.reset_exact_words(),
        Some(words) => settings.set_exact_words(BTreeSet::deserialize(words)?),
    }
    match typo("disableOnAttributes") {
        None => {}
        Some(Value::Null) => settings.reset_exact_attributes(),
        Some(names) => settings.set_exact_attributes(HashSet::deserialize(names)?),
    }
    match typo("disableOnNumbers") {
        None => {}
        Some(Value::Null) => settings.reset_disable_on_numbers(),
        Some(on) => settings.set_disable_on_numbers(bool::deserialize(on)?),
    }
    Ok(())
}

fn show_typo_tolerance(index: &Index, rtxn: &RoTxn<'_>, like: Like) -> milli_core::Result<Value> {
    let words = match index.exact_words(rtxn)? {
        Some(words) => words.stream().into_strs()?,
        None => Vec::new(),
    };
    let mut shown = json!({
        "enabled": index.authorize_typos(rtxn)?,
        "minWordSizeForTypos": {
            "oneTypo": index.min_word_len_one_typo(rtxn)?,
            "twoTypos": index.min_word_len_two_typos(rtxn)?,
        },
        "disableOnWords": words,
        "disableOnAttributes": index.exact_attributes(rtxn)?,
    });
    if like.has(Feature::Of15) {
        shown["disableOnNumbers"] = index.disabled_typos_terms(rtxn)?.disable_on_numbers.into();
    }
    Ok(shown)
}

/// Which languages the matching attributes are in.
#[derive(Deserr, Serialize, Deserialize)]
#[deserr(rename_all = camelCase, deny_unknown_fields)]
#[serde(rename_all = "camelCase")]
struct LocaleRule {
    attribute_patterns: Vec<String>,
    locales: Vec<String>,
}

fn localized_attributes(
    value: Value,
    at: ValuePointerRef<'_>,
    code: &'static str,
    _: Like,
) -> Result<Value, ApiError> {
    let rules = typed::<Vec<LocaleRule>>(value, at, code)?;
    for (index, rule) in rules.iter().enumerate() {
        let at = at.push_index(index);
        let at = at.push_key("locales");
        for (index, locale) in rule.locales.iter().enumerate() {
            if locales::language(locale).is_none() {
                let why = format!("`{locale}` is not a known locale");
                return Err(invalid_value(at.push_index(index), why, code));
            }
        }
    }
    kept(rules)
}
