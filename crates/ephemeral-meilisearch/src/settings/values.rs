//! The forms that values of settings have, and the checks that are more than a type.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use deserr::{Deserr, ValuePointerRef};
use milli_core::update::Setting;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ApiError;
use crate::like::Like;
use crate::search::locales;
use crate::strict::{invalid_value, typed};

/// A checked value, in the form in which it is kept.
pub(super) fn kept(value: impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(|error| ApiError::internal(error.to_string()))
}

/// A list of attributes, where `*` anywhere means all, which is the default.
pub(super) fn wildcards(
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
pub(super) fn words(
    value: Value,
    at: ValuePointerRef<'_>,
    code: &'static str,
    _: Like,
) -> Result<Value, ApiError> {
    kept(typed::<BTreeSet<String>>(value, at, code)?)
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase)]
pub(super) enum Precision {
    ByWord,
    ByAttribute,
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase)]
pub(super) enum Prefixes {
    IndexingTime,
    Disabled,
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase)]
pub(super) enum FacetOrder {
    Alpha,
    Count,
}

#[derive(Deserr)]
#[deserr(rename_all = camelCase, deny_unknown_fields)]
#[allow(
    dead_code,
    reason = "read for its checks; the value is kept as it was sent"
)]
pub(super) struct Faceting {
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
pub(super) struct Pagination {
    #[deserr(default = Setting::NotSet)]
    max_total_hits: Setting<NonZeroUsize>,
}

/// Which languages the matching attributes are in.
#[derive(Deserr, Serialize, Deserialize)]
#[deserr(rename_all = camelCase, deny_unknown_fields)]
#[serde(rename_all = "camelCase")]
pub(super) struct LocaleRule {
    pub(super) attribute_patterns: Vec<String>,
    pub(super) locales: Vec<String>,
}

pub(super) fn localized_attributes(
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
