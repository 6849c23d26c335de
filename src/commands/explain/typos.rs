//! Why a word does not find a document that contains a similar word.
//!
//! Meilisearch tolerates one wrong letter in a word, or two in a long one, and counts a wrong first letter twice.
//! Settings can turn this off. The length of a word is counted in letters, and up to 1.15 in bytes: an Arabic letter has
//! two.

use serde_json::{Map, Value};

use super::forms::texts_in;
use crate::meilisearch::Features;
use crate::meilisearch::settings_form::{ONE_TYPO, TWO_TYPOS};

/// What the settings allow.
pub struct Typos<'s> {
    settings: &'s Map<String, Value>,
    counts_letters: bool,
}

impl<'s> Typos<'s> {
    pub fn new(settings: &'s Map<String, Value>, features: &Features) -> Typos<'s> {
        Typos {
            settings,
            counts_letters: features.counts_letters(),
        }
    }

    /// A sentence about the most similar word of the document, where it is near and yet not near enough. `is_last` is
    /// of the query's last word, which is searched as the beginning of a word, too.
    pub fn why(&self, word: &str, is_last: bool, document: &Map<String, Value>) -> Option<String> {
        let word = word.to_lowercase();
        let mut nearest: Option<(usize, String)> = None;
        for (field, value) in document {
            let mut texts = Vec::new();
            texts_in(field, value, &mut texts);
            for other in texts.iter().flat_map(|(_, text)| words(text)) {
                let Some((typos, why)) = self.between(&word, is_last, &other, field) else {
                    continue;
                };
                if nearest.as_ref().is_none_or(|(least, _)| typos < *least) {
                    nearest = Some((typos, why));
                }
            }
        }
        nearest.map(|(_, why)| why)
    }

    /// How far a word of a field is from one of the query, and why it is not found; none if it does not matter.
    fn between(
        &self,
        word: &str,
        is_last: bool,
        other: &str,
        field: &str,
    ) -> Option<(usize, String)> {
        if other == word {
            return None;
        }
        if other.starts_with(word) {
            let off = self.settings.get("prefixSearch").and_then(Value::as_str) == Some("disabled");
            let why = match (is_last, off) {
                (true, false) => return None,
                (true, true) => "prefixSearch is off".to_owned(),
                (false, _) => {
                    "only the last word of a query is searched as the beginning of a word"
                        .to_owned()
                }
            };
            return Some((0, format!("`{other}` in {field} begins with it, and {why}")));
        }
        // Most words are far from each other, which their lengths tell.
        if word.chars().count().abs_diff(other.chars().count()) > 2 {
            return None;
        }
        let first = usize::from(word.chars().next() != other.chars().next());
        let typos = strsim::damerau_levenshtein(word, other) + first;
        let (allowed, why) = self.allowed(word, field);
        if typos > 2 || typos <= allowed {
            return None;
        }
        let typos_are = match typos {
            1 => "1 typo".to_owned(),
            more => format!("{more} typos"),
        };
        Some((
            typos,
            format!("`{other}` in {field} is {typos_are} away, and {why}"),
        ))
    }

    /// How many typos a word may have in a field, and by what.
    fn allowed(&self, word: &str, field: &str) -> (usize, String) {
        let empty = Map::new();
        let tolerance = self
            .settings
            .get("typoTolerance")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        let is = |name: &str, default: bool| {
            tolerance
                .get(name)
                .and_then(Value::as_bool)
                .unwrap_or(default)
        };
        let names = |list: &str, name: &str| {
            let all = tolerance.get(list).and_then(Value::as_array);
            let mut all = all.into_iter().flatten().filter_map(Value::as_str);
            all.any(|one| one.to_lowercase() == name.to_lowercase())
        };
        if !is("enabled", true) {
            return (0, "typoTolerance is off".to_owned());
        }
        if names("disableOnWords", word) {
            return (0, format!("disableOnWords names `{word}`"));
        }
        if names("disableOnAttributes", field) {
            return (0, format!("disableOnAttributes names {field}"));
        }
        if is("disableOnNumbers", false) && word.chars().all(|letter| letter.is_numeric()) {
            return (0, "disableOnNumbers is on".to_owned());
        }
        let size = |name: &str, default: u64| {
            let sizes = tolerance.get("minWordSizeForTypos");
            let size = sizes.and_then(|sizes| sizes.get(name)?.as_u64());
            size.unwrap_or(default)
        };
        let (one, two) = (size("oneTypo", ONE_TYPO), size("twoTypos", TWO_TYPOS));
        let (length, unit) = match self.counts_letters {
            true => (word.chars().count() as u64, "letters"),
            false => (word.len() as u64, "bytes"),
        };
        let allowed = usize::from(length >= one) + usize::from(length >= two && length >= one);
        let typos = match allowed {
            0 => "no typo".to_owned(),
            _ => "1 typo at the most".to_owned(),
        };
        let why = format!(
            "a word of {length} {unit} may have {typos} (minWordSizeForTypos: oneTypo {one}, twoTypos {two})"
        );
        (allowed, why)
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn expect(settings: Value, word: &str, is_last: bool, parts: &[&str]) {
        let document = json!({"id": 1, "title": "Olive harvest, يافا", "tags": ["grove 1948"]});
        let settings = settings.as_object().unwrap();
        let features = Features::of_version((1, 50, 0));
        let why = Typos::new(settings, &features).why(word, is_last, document.as_object().unwrap());
        match (&why, parts) {
            (None, []) => {}
            (Some(why), parts) if !parts.is_empty() => {
                for part in parts {
                    assert!(why.contains(part), "{part} is not in {why}");
                }
            }
            _ => panic!("{word}: {why:?}, expected {parts:?}"),
        }
    }

    #[test]
    fn the_limit_that_a_word_misses_is_named() {
        expect(json!({}), "harvist", true, &[]);
        expect(json!({}), "harvset", true, &[]);
        expect(json!({}), "xylophone", true, &[]);
        expect(
            json!({}),
            "oliv",
            false,
            &["`olive` in title begins with it", "only the last word"],
        );
        expect(
            json!({"prefixSearch": "disabled"}),
            "oliv",
            true,
            &["prefixSearch is off"],
        );
        expect(json!({}), "oleve", true, &[]);
        expect(json!({}), "grov3", true, &[]);
        expect(
            json!({}),
            "alive",
            true,
            &[
                "`olive` in title is 2 typos away",
                "5 letters may have 1 typo at the most",
            ],
        );
        expect(
            json!({}),
            "1949",
            true,
            &[
                "`1948` in tags is 1 typo away",
                "4 letters may have no typo",
            ],
        );
        expect(
            json!({}),
            "يافه",
            true,
            &[
                "`يافا` in title is 1 typo away",
                "4 letters may have no typo",
            ],
        );
        let off = |tolerance: Value| json!({"typoTolerance": tolerance});
        expect(
            off(json!({"enabled": false})),
            "harvist",
            true,
            &["typoTolerance is off"],
        );
        expect(
            off(json!({"disableOnWords": ["Harvist"]})),
            "harvist",
            true,
            &["disableOnWords names `harvist`"],
        );
        expect(
            off(json!({"disableOnAttributes": ["title"]})),
            "harvist",
            true,
            &["disableOnAttributes names title"],
        );
        expect(
            off(json!({"disableOnNumbers": true, "minWordSizeForTypos": {"oneTypo": 3}})),
            "1949",
            true,
            &["disableOnNumbers"],
        );
        expect(
            off(json!({"minWordSizeForTypos": {"oneTypo": 8, "twoTypos": 12}})),
            "harvist",
            true,
            &["7 letters may have no typo", "oneTypo 8"],
        );
    }

    #[test]
    fn an_old_server_counts_bytes() {
        let document = json!({"title": "يافا"});
        let document = document.as_object().unwrap();
        let settings = Map::new();
        let old = Typos::new(&settings, &Features::of_version((1, 15, 0)));
        assert_eq!(
            old.why("يافه", true, document),
            None,
            "8 bytes may have one"
        );
        let why = old.why("يالو", true, document).unwrap();
        assert!(why.contains("a word of 8 bytes may have 1 typo"), "{why}");
    }
}
