//! The keys of `:json` columns. Each is a field to the engine, wherever it stands, and the engine knows a bounded number of
//! them: an object with a key for each user or day is data in the place of a schema.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Counting ends here; the engine knows fewer.
const MOST: usize = 70_000;

/// The different keys that were met, by field. A million documents with the same keys are a few bytes; as many as can be
/// counted are a megabyte.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keys {
    by_field: BTreeMap<String, HashSet<u64>>,
    all: usize,
}

impl Keys {
    /// Adds those of one value of a field.
    pub(super) fn add(&mut self, field: &str, paths: Paths) {
        if paths.0.is_empty() || self.all >= MOST {
            return;
        }
        if !self.by_field.contains_key(field) {
            self.by_field.insert(field.to_owned(), HashSet::new());
        }
        let Some(known) = self.by_field.get_mut(field) else {
            return;
        };
        for path in paths.0 {
            if self.all < MOST && known.insert(path) {
                self.all += 1;
            }
        }
    }

    /// How many there are; more than the engine knows are not counted to the end.
    pub fn len(&self) -> usize {
        self.all
    }

    /// The fields with the most of them first.
    pub fn by_field(&self) -> Vec<(&str, usize)> {
        let counts = self.by_field.iter();
        let mut counts: Vec<_> = counts
            .map(|(field, paths)| (field.as_str(), paths.len()))
            .collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}

/// The different keys of one value, each by the path to it.
#[derive(Debug, Default)]
pub struct Paths(HashSet<u64>);

impl Paths {
    /// Stands for the value itself.
    pub(super) const ROOT: u64 = 0;

    /// Adds a key of an object and returns what stands for the path to it. `above` stands for the object's own path. A list
    /// is no part of a path: `[{"a": 1}]` has the key that `{"a": 1}` has.
    pub(super) fn add(&mut self, above: u64, key: &str) -> u64 {
        let mut path = DefaultHasher::new();
        (above, key).hash(&mut path);
        let path = path.finish();
        if self.0.len() < MOST {
            self.0.insert(path);
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Conversion;
    use crate::sqlite::Value;

    fn see(keys: &mut Keys, field: &str, json: &str) {
        let mut paths = Paths::default();
        Conversion::Json
            .write(Value::Text(json), &mut Vec::new(), &mut |_| {}, &mut paths)
            .unwrap();
        keys.add(field, paths);
    }

    #[test]
    fn a_key_counts_once_wherever_it_stands_and_again_below_another() {
        let mut keys = Keys::default();
        for json in [
            r#"{"a": {"b": 1}}"#,
            r#"[{"a": 2}, {"a": {"b": [{"c": 1}]}}]"#,
            "7",
            "null",
        ] {
            see(&mut keys, "tags", json);
        }
        see(&mut keys, "other", r#"{"a": {"a": 1}}"#);
        assert_eq!(keys.by_field(), [("tags", 3), ("other", 2)]);
        assert_eq!(keys.len(), 5);
    }

    #[test]
    fn counting_ends_where_it_says_enough() {
        let mut keys = Keys::default();
        for begin in (0..200_000).step_by(1000) {
            let entries: Vec<String> = (begin..begin + 1000)
                .map(|n| format!("\"{n}\":1"))
                .collect();
            see(&mut keys, "seen", &format!("{{{}}}", entries.join(",")));
        }
        assert_eq!(keys.len(), MOST);
    }
}
