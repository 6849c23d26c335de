//! The fingerprint of a definition, which tells whether it has changed since a generation was built.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::IndexDefinition;

/// The parts of a definition, as fingerprints name them.
pub const DOCUMENTS: &str = "documents.sql";
pub const CHANGES: &str = "changes.sql";
pub const SETTINGS: &str = "settings.json";
pub const CONVERSION: &str = "conversion";

/// Digits of a part's hash: enough that no two texts share them.
const PART_DIGITS: usize = 16;

impl IndexDefinition {
    /// A SHA-256 over all that decides what the documents and settings of this index look like: `documents.sql`,
    /// `changes.sql`, `settings.json`, and the name and version of each conversion that is used, so that a release
    /// which converts differently is noticed like any other change of definition.
    ///
    /// Layout is not part of it: neither the order of keys in `settings.json`, nor line ends that a checkout turned to
    /// CRLF, nor blanks around a statement.
    pub fn fingerprint<'a>(&self, conversions: impl IntoIterator<Item = (&'a str, u32)>) -> String {
        let mut hash = Sha256::new();
        for (name, text) in self.parts(conversions) {
            add(&mut hash, name, &text);
        }
        hex(hash)
    }

    /// A short hash of each part that the fingerprint covers, by the part's name, so that a later run can say which of
    /// them changed. The conversions are one part.
    pub fn part_fingerprints<'a>(
        &self,
        conversions: impl IntoIterator<Item = (&'a str, u32)>,
    ) -> BTreeMap<String, String> {
        let mut hashes: BTreeMap<&str, Sha256> = BTreeMap::new();
        for (name, text) in self.parts(conversions) {
            add(hashes.entry(name).or_default(), name, &text);
        }
        let short = |hash: Sha256| hex(hash).chars().take(PART_DIGITS).collect();
        hashes
            .into_iter()
            .map(|(name, hash)| (name.to_owned(), short(hash)))
            .collect()
    }

    /// Everything that a fingerprint covers, in its order.
    fn parts<'a>(
        &self,
        conversions: impl IntoIterator<Item = (&'a str, u32)>,
    ) -> Vec<(&'static str, String)> {
        let mut parts = vec![(DOCUMENTS, statement(&self.documents_sql))];
        if let Some(changes) = &self.changes_sql {
            parts.push((CHANGES, statement(changes)));
        }
        let settings = serde_json::to_string(&sorted(&Value::Object(self.settings.clone())));
        parts.push((SETTINGS, settings.unwrap_or_default()));
        let mut conversions: Vec<_> = conversions.into_iter().collect();
        conversions.sort_unstable();
        conversions.dedup();
        parts.extend(
            conversions
                .into_iter()
                .map(|(name, version)| (CONVERSION, format!("{name} {version}"))),
        );
        parts
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A part with its name and length, so that text can't move from one part to the next unnoticed.
fn add(hash: &mut Sha256, name: &str, text: &str) {
    hash.update(format!("{name} {}\n", text.len()));
    hash.update(text);
}

fn statement(sql: &str) -> String {
    sql.replace("\r\n", "\n").trim().to_owned()
}

/// The same value with the keys of every object sorted.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields
                .iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::load::tests::definition;

    fn with_settings(text: &str) -> IndexDefinition {
        IndexDefinition {
            settings: serde_json::from_str(text).unwrap(),
            ..definition("a")
        }
    }

    #[test]
    fn what_changes_documents_or_settings_changes_the_fingerprint() {
        let plain = definition("a");
        let base = plain.fingerprint([("html", 1)]);
        assert_eq!(base.len(), 64);
        let sql = |documents: &str, changes: Option<&str>| IndexDefinition {
            documents_sql: documents.to_owned(),
            changes_sql: changes.map(str::to_owned),
            ..definition("a")
        };
        let others = [
            sql("SELECT 2 AS id", None).fingerprint([("html", 1)]),
            sql("SELECT 1 AS id", Some("")).fingerprint([("html", 1)]),
            sql("SELECT 1 AS id", Some("SELECT 1")).fingerprint([("html", 1)]),
            with_settings(r#"{"stopWords": ["ال"]}"#).fingerprint([("html", 1)]),
            plain.fingerprint([("html", 2)]),
            plain.fingerprint([("html", 1), ("json", 1)]),
            plain.fingerprint([]),
        ];
        for (place, other) in others.iter().enumerate() {
            assert_ne!(*other, base);
            assert!(!others[..place].contains(other));
        }
    }

    #[test]
    fn each_part_is_told_from_the_others() {
        let changes = |text: &str| IndexDefinition {
            changes_sql: Some(text.to_owned()),
            ..with_settings(r#"{"stopWords": ["ال"]}"#)
        };
        let before = changes("SELECT 1").part_fingerprints([("html", 1), ("json", 1)]);
        let names: Vec<&str> = before.keys().map(String::as_str).collect();
        assert_eq!(names, [CHANGES, CONVERSION, DOCUMENTS, SETTINGS]);
        let after = changes("SELECT 2").part_fingerprints([("html", 2), ("json", 1)]);
        let changed: Vec<&str> = before
            .iter()
            .filter(|(name, hash)| after.get(*name) != Some(hash))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(changed, [CHANGES, CONVERSION]);
    }

    #[test]
    fn layout_names_and_smoke_queries_are_none_of_it() {
        let base = definition("a").fingerprint([("html", 1), ("unix", 3)]);
        let mut same = definition("b");
        same.documents_sql = "\r\nSELECT 1 AS id\r\n".to_owned();
        same.live_uid = "B".to_owned();
        assert_eq!(
            same.fingerprint([("unix", 3), ("html", 1), ("html", 1)]),
            base
        );
        let one = with_settings(r#"{"a": {"x": 1, "y": [1, {"c": 1, "b": 2}]}, "b": 1}"#);
        let other = with_settings(r#"{"b": 1, "a": {"y": [1, {"b": 2, "c": 1}], "x": 1}}"#);
        assert_eq!(one.fingerprint([]), other.fingerprint([]));
        let moved = with_settings(r#"{"a": {"x": 1, "y": [{"c": 1, "b": 2}, 1]}, "b": 1}"#);
        assert_ne!(one.fingerprint([]), moved.fingerprint([]));
    }

    #[test]
    fn the_fingerprint_of_a_known_definition_stays_what_it_is() {
        // Another figure here makes every live index out of date: change it only with a reason for the changelog.
        let known = "b7eb5054cf676f37de4fc8e25f7705e4e1e58a59b7ec37976f81b3bfd493aa55";
        assert_eq!(
            with_settings(r#"{"stopWords": ["ال"]}"#).fingerprint([("html", 1)]),
            known
        );
    }
}
