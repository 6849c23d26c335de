//! Ranking rules, old and new.

use std::str::FromStr;

use deserr::ValuePointerRef;
use milli_core::heed::RoTxn;
use milli_core::{Criterion, Index};
use serde_json::{Map, Value, json};

use super::values::kept;
use crate::error::ApiError;
use crate::like::{Feature, Like};
use crate::strict::{invalid_value, typed};

pub(super) fn ranking_rules(
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
pub(super) fn criteria(rules: &[String]) -> Result<Vec<Criterion>, milli_core::CriterionError> {
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

pub(super) fn shown_rules(
    index: &Index,
    rtxn: &RoTxn<'_>,
    like: Like,
) -> milli_core::Result<Value> {
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
