//! Settings of an index: what there is, since when, how it is checked, applied and shown.

mod ranking;
mod table;
mod typos;
mod values;

use deserr::ValuePointerRef;
use milli_core::Index;
use milli_core::heed::RoTxn;
use milli_core::update::Settings;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::like::{Feature, Like};
use crate::strict;

pub use ranking::remember_rules;
pub use table::KEYS;

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
