//! A canonical form of synonyms, by their effect on a search.
//!
//! Up to 1.4x a server keeps the object that it was sent only if its effect is another than that of what it had: of
//! `{"a": []}` it shows `{}`, and of `{"A": ["b"]}` it goes on showing `{"a": ["b"]}`. Code that waits until the
//! object that was sent appears would never end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;

use crate::meilisearch::settings_form::stop_word;

/// What else decides about the words of an index.
pub(super) struct Words {
    /// What no search looks for.
    stop: BTreeSet<String>,
    /// What is a word or a part of one, though it looks like a separator.
    kept: BTreeSet<String>,
}

impl Words {
    pub(super) fn of(settings: &Map<String, Value>) -> Self {
        let texts = |key: &str| -> BTreeSet<String> {
            let list = settings.get(key).and_then(Value::as_array);
            let texts = list.into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        let mut kept = texts("nonSeparatorTokens");
        kept.extend(texts("dictionary"));
        Self {
            stop: texts("stopWords")
                .iter()
                .map(|word| stop_word(word))
                .collect(),
            kept,
        }
    }

    /// A text in which the engine finds no word. Where that is not certain, it is taken for one.
    fn mean_nothing(&self, text: &str) -> bool {
        /// The separators of ASCII, and the Arabic comma, semicolon and question mark.
        const SEPARATORS: &str = "!\"#%&'()*+,-./:;<=>?@[\\]_`{|}~،؛؟…";
        let is_separator = |c: char| c.is_whitespace() || SEPARATORS.contains(c);
        let looks_empty = text.chars().all(is_separator);
        let is_kept = || self.kept.iter().any(|kept| text.contains(kept.as_str()));
        (looks_empty && !is_kept()) || self.stop.contains(&stop_word(text.trim()))
    }

    /// Each word with what stands for it: no search tells small letters from capitals, and finds nothing by an empty list.
    /// Anything else than an object of lists of texts is no synonyms at all, and stays what it is.
    fn synonyms(&self, value: &Value) -> Value {
        let folded = |text: &str| text.nfkd().flat_map(char::to_lowercase).collect::<String>();
        let mut synonyms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let given = match value {
            Value::Null => return json!({}),
            Value::Object(given) => given,
            other => return other.clone(),
        };
        for (word, others) in given {
            let Some(others) = others.as_array() else {
                return value.clone();
            };
            for other in others {
                let Some(other) = other.as_str() else {
                    return value.clone();
                };
                if !self.mean_nothing(word) && !self.mean_nothing(other) {
                    synonyms
                        .entry(folded(word))
                        .or_default()
                        .insert(folded(other));
                }
            }
        }
        json!(synonyms)
    }

    /// Both are the same synonyms.
    pub(super) fn agree(&self, wanted: &Value, found: &Value) -> bool {
        self.synonyms(wanted) == self.synonyms(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(settings: Value, wanted: Value, found: Value) -> bool {
        Words::of(settings.as_object().unwrap()).agree(&wanted, &found)
    }

    #[test]
    fn what_a_search_makes_nothing_of_is_nothing() {
        let none = || json!({});
        for nothing in [
            json!({"a": []}),
            json!({"a": ["", " "]}),
            json!({"": ["a"], "!": ["a"], "a": ["?"]}),
            Value::Null,
        ] {
            assert!(agree(none(), nothing.clone(), none()), "{nothing}");
        }
        assert!(agree(
            json!({"stopWords": ["The", "في"]}),
            json!({"The": ["a"], "في": ["a"]}),
            none()
        ));
        assert!(!agree(
            json!({"stopWords": ["The"]}),
            json!({"the": ["a"]}),
            none()
        ));
        // These are words.
        for word in ["&", "$", "c++"] {
            let settings = json!({"nonSeparatorTokens": ["&"]});
            assert!(!agree(settings, json!({word: ["a"]}), none()), "{word}");
        }
    }

    #[test]
    fn case_order_and_repetition_mean_nothing() {
        let wanted = json!({"Wolverine": ["xmen", "Logan", "logan"], "wolverine": ["x"]});
        assert!(agree(
            json!({}),
            wanted,
            json!({"wolverine": ["x", "Xmen", "logan"]})
        ));
        assert!(!agree(json!({}), json!({"a": ["b"]}), json!({"b": ["a"]})));
        assert!(!agree(
            json!({}),
            json!({"a": ["b"]}),
            json!({"a": ["b", "c"]})
        ));
        // Marks are letters of other scripts.
        assert!(!agree(
            json!({}),
            json!({"की": ["b"]}),
            json!({"का": ["b"]})
        ));
    }
}
