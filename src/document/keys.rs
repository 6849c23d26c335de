//! The keys of `:json` columns. Each is a field to the engine, wherever it stands, and the engine knows a bounded number of
//! them: an object with a key for each user or day is data in the place of a schema.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

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
    /// Looks at one field's JSON, which was read before and is right.
    pub(super) fn see(&mut self, field: &str, json: &[u8]) {
        if self.all >= MOST || !json.contains(&b'{') {
            return;
        }
        if !self.by_field.contains_key(field) {
            self.by_field.insert(field.to_owned(), HashSet::new());
        }
        let Some(paths) = self.by_field.get_mut(field) else {
            return;
        };
        let before = paths.len();
        let mut json = serde_json::Deserializer::from_slice(json);
        let looked = Look { paths, above: 0 }.deserialize(&mut json);
        debug_assert!(looked.is_ok());
        self.all += paths.len() - before;
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

/// Looks at a value below the path that `above` stands for. A list is no part of a path: `[{"a": 1}]` has the key that
/// `{"a": 1}` has.
struct Look<'p> {
    paths: &'p mut HashSet<u64>,
    above: u64,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let Look { paths, above } = self;
        while values.next_element_seed(Look { paths, above })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Look { paths, above } = self;
        while let Some(key) = entries.next_key::<Cow<'de, str>>()? {
            if paths.len() >= MOST {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let mut path = DefaultHasher::new();
            (above, key).hash(&mut path);
            let above = path.finish();
            paths.insert(above);
            entries.next_value_seed(Look { paths, above })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_once_wherever_it_stands_and_again_below_another() {
        let mut keys = Keys::default();
        for json in [
            r#"{"a": {"b": 1}}"#,
            r#"[{"a": 2}, {"a": {"b": [{"c": 1}]}}]"#,
            "7",
            "null",
        ] {
            keys.see("tags", json.as_bytes());
        }
        keys.see("other", br#"{"a": {"a": 1}}"#);
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
            keys.see("seen", format!("{{{}}}", entries.join(",")).as_bytes());
        }
        assert_eq!(keys.len(), MOST);
    }
}
