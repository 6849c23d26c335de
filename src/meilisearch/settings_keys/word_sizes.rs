//! `minWordSizeForTypos`, meant in letters.
//!
//! Up to 1.15 a server counts the bytes of a word, and an Arabic letter has two of them: what is 5 and 9 by default is
//! three letters there and five. So a definition can say whose letters it means, `"letters": "ara"` beside the two sizes.
//! That key is this program's own and is never sent.

use std::fmt;

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::meilisearch::features::Features;
use crate::meilisearch::settings_form::{ONE_TYPO, TWO_TYPOS, three_letters};
use crate::meilisearch::version::Version;

/// The key.
pub(super) const LETTERS: &str = "typoTolerance.minWordSizeForTypos.letters";

/// A server counts the letters of a word since then, and its bytes before.
const COUNTS_LETTERS: Version = (1, 16, 0);

/// Servers keep a size in a byte.
const LARGEST: u64 = u8::MAX as u64;

/// A value of the key that is no language.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{LETTERS}` is {found}, and not a language whose letters have a length that is known. Write it as in \
     localizedAttributes: ara, heb, fas, rus, ell, hin, eng … in settings.json"
)]
pub struct UnknownLetters {
    found: String,
}

/// The sizes of a definition that means letters, and what this server gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordSizes {
    language: String,
    letters: [u64; 2],
    sent: [u64; 2],
}

impl fmt::Display for WordSizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            language,
            letters: [one, two],
            sent,
        } = self;
        write!(f, "minWordSizeForTypos is meant in letters ({language}): ")?;
        match sent == &self.letters {
            true => write!(f, "{one} and {two} are sent as they are"),
            false => write!(
                f,
                "this server counts bytes, so {} and {} are sent for {one} and {two}",
                sent[0], sent[1]
            ),
        }
    }
}

/// How many bytes a letter of a language has in UTF-8, by the script that it is written in.
fn bytes_a_letter(language: &str) -> Option<u64> {
    const LENGTHS: [(u64, &str); 3] = [
        (
            1,
            "afr cat ces dan deu eng epo est fin fra hrv hun ind ita jav lat lav lit nld nob pol por ron slk slv spa swe \
             tgl tuk tur uzb vie zul",
        ),
        (2, "ara bel bul ell fas heb hye mkd pes rus srp ukr urd yid"),
        (
            3,
            "amh ben guj hin kan kat khm mal mar mya nep ori pan sin tam tel tha",
        ),
    ];
    let language = three_letters(language);
    LENGTHS
        .iter()
        .find(|(_, languages)| languages.split_whitespace().any(|one| one == language))
        .map(|(length, _)| *length)
}

/// The value is a language.
pub(super) fn check(value: &Value) -> Result<(), UnknownLetters> {
    match value.as_str().and_then(bytes_a_letter) {
        Some(_) => Ok(()),
        None => Err(UnknownLetters {
            found: value.to_string(),
        }),
    }
}

/// The sizes of a definition, if it means letters.
pub fn word_sizes(settings: &Map<String, Value>, features: &Features) -> Option<WordSizes> {
    let sizes = settings.get("typoTolerance")?.get("minWordSizeForTypos")?;
    let language = sizes.get("letters")?.as_str()?;
    let size =
        |name: &str, default: u64| sizes.get(name).and_then(Value::as_u64).unwrap_or(default);
    let letters = [size("oneTypo", ONE_TYPO), size("twoTypos", TWO_TYPOS)];
    let bytes = match features.counts_letters() {
        true => 1,
        false => bytes_a_letter(language)?,
    };
    // The least number of bytes that a word of one letter less has not.
    let in_bytes = |letters: u64| match letters {
        0 => 0,
        letters => (bytes * (letters - 1) + 1).min(LARGEST),
    };
    Some(WordSizes {
        language: language.to_owned(),
        letters,
        sent: letters.map(in_bytes),
    })
}

/// Puts what this server needs in the place of what is meant.
pub(super) fn fit(taken: &mut Map<String, Value>, features: &Features) {
    let sizes = word_sizes(taken, features);
    let tolerance = taken.get_mut("typoTolerance");
    let Some(found) = tolerance.and_then(|tolerance| tolerance.get_mut("minWordSizeForTypos"))
    else {
        return;
    };
    if let Some(WordSizes {
        sent: [one, two], ..
    }) = sizes
    {
        *found = json!({ "oneTypo": one, "twoTypos": two });
    } else if let Some(found) = found.as_object_mut() {
        found.shift_remove("letters");
    }
}

impl Features {
    /// Whether the length of a word is its letters, and not its bytes. A version that the key may not see is a new one.
    pub fn counts_letters(&self) -> bool {
        self.version.is_none_or(|version| version >= COUNTS_LETTERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meilisearch::settings_keys::{check_keys, for_server};

    fn settings(sizes: Value) -> Map<String, Value> {
        let settings = json!({ "typoTolerance": { "minWordSizeForTypos": sizes } });
        settings.as_object().unwrap().clone()
    }

    fn sent(sizes: Value, version: Version) -> Value {
        let (taken, left_out) = for_server(&settings(sizes), &Features::of_version(version));
        assert_eq!(left_out, []);
        taken["typoTolerance"]["minWordSizeForTypos"].clone()
    }

    #[test]
    fn letters_become_bytes_where_bytes_are_counted() {
        let arabic = json!({"oneTypo": 5, "twoTypos": 9, "letters": "ara"});
        for (sizes, old, new) in [
            (arabic.clone(), [9, 17], [5, 9]),
            (json!({"letters": "ar"}), [9, 17], [5, 9]),
            (json!({"oneTypo": 4, "letters": "hin"}), [10, 25], [4, 9]),
            (
                json!({"oneTypo": 0, "twoTypos": 200, "letters": "ara"}),
                [0, 255],
                [0, 200],
            ),
            (json!({"letters": "eng"}), [5, 9], [5, 9]),
        ] {
            let form = |[one, two]: [u64; 2]| json!({"oneTypo": one, "twoTypos": two});
            assert_eq!(sent(sizes.clone(), (1, 15, 2)), form(old), "{sizes}");
            assert_eq!(sent(sizes.clone(), (1, 16, 0)), form(new), "{sizes}");
        }
        let plain = json!({"oneTypo": 4});
        assert_eq!(sent(plain.clone(), (1, 5, 0)), plain, "nobody said letters");
        let (taken, _) = for_server(&settings(arabic), &Features::unknown());
        assert_eq!(taken["typoTolerance"]["minWordSizeForTypos"]["oneTypo"], 5);
    }

    #[test]
    fn what_is_sent_for_what_is_meant_is_told() {
        let settings = settings(json!({"letters": "ara"}));
        let told = |version| {
            let sizes = word_sizes(&settings, &Features::of_version(version));
            sizes.unwrap().to_string()
        };
        assert!(told((1, 5, 1)).ends_with("counts bytes, so 9 and 17 are sent for 5 and 9"));
        assert!(told((1, 50, 0)).ends_with("(ara): 5 and 9 are sent as they are"));
    }

    #[test]
    fn letters_of_no_language_are_refused() {
        for value in [json!("arabic"), json!(2), json!(null), json!("zho")] {
            let error = check_keys(&settings(json!({ "letters": value }))).unwrap_err();
            assert!(
                error.to_string().contains("localizedAttributes: ara"),
                "{error}"
            );
        }
        check_keys(&settings(json!({"letters": "ar"}))).unwrap();
    }
}
