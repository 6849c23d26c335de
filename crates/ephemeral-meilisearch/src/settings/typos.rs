//! Typo tolerance, the one setting that is an object within the object.

use std::collections::{BTreeSet, HashSet};

use deserr::{Deserr, ValuePointerRef};
use milli_core::Index;
use milli_core::heed::RoTxn;
use milli_core::update::{Setting, Settings};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::like::{Feature, Like};
use crate::strict::{self, invalid_value, typed};

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

pub(super) fn typo_tolerance(
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

pub(super) fn apply_typo_tolerance(
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

pub(super) fn show_typo_tolerance(
    index: &Index,
    rtxn: &RoTxn<'_>,
    like: Like,
) -> milli_core::Result<Value> {
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
