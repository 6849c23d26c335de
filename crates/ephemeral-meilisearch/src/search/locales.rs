//! The languages by the codes that requests use, of two letters or of three.

use milli_core::tokenizer::Language;

/// The language that a code stands for.
pub fn language(code: &str) -> Option<Language> {
    let long = CODES
        .iter()
        .find(|(short, long)| *short == code || *long == code)
        .map_or(code, |(_, long)| long);
    Language::from_code(long)
}

/// What to say about a code that stands for none.
pub fn refusal(code: &str) -> String {
    let mut known: Vec<&str> = CODES
        .iter()
        .flat_map(|(short, long)| [*short, *long])
        .collect();
    known.push("cmn");
    known.sort_by_key(|code| (code.len(), *code));
    format!(
        "Unsupported locale `{code}`, expected one of {}",
        known.join(", ")
    )
}

/// ISO 639-1 and ISO 639-3.
#[rustfmt::skip]
const CODES: &[(&str, &str)] = &[
    ("af", "afr"),
    ("ak", "aka"),
    ("am", "amh"),
    ("ar", "ara"),
    ("az", "aze"),
    ("be", "bel"),
    ("bn", "ben"),
    ("bg", "bul"),
    ("ca", "cat"),
    ("cs", "ces"),
    ("da", "dan"),
    ("de", "deu"),
    ("el", "ell"),
    ("en", "eng"),
    ("eo", "epo"),
    ("et", "est"),
    ("fi", "fin"),
    ("fr", "fra"),
    ("gu", "guj"),
    ("he", "heb"),
    ("hi", "hin"),
    ("hr", "hrv"),
    ("hu", "hun"),
    ("hy", "hye"),
    ("id", "ind"),
    ("it", "ita"),
    ("jv", "jav"),
    ("ja", "jpn"),
    ("kn", "kan"),
    ("ka", "kat"),
    ("km", "khm"),
    ("ko", "kor"),
    ("la", "lat"),
    ("lv", "lav"),
    ("lt", "lit"),
    ("ml", "mal"),
    ("mr", "mar"),
    ("mk", "mkd"),
    ("my", "mya"),
    ("ne", "nep"),
    ("nl", "nld"),
    ("nb", "nob"),
    ("or", "ori"),
    ("pa", "pan"),
    ("fa", "pes"),
    ("pl", "pol"),
    ("pt", "por"),
    ("ro", "ron"),
    ("ru", "rus"),
    ("si", "sin"),
    ("sk", "slk"),
    ("sl", "slv"),
    ("sn", "sna"),
    ("es", "spa"),
    ("sr", "srp"),
    ("sv", "swe"),
    ("ta", "tam"),
    ("te", "tel"),
    ("tl", "tgl"),
    ("th", "tha"),
    ("tk", "tuk"),
    ("tr", "tur"),
    ("uk", "ukr"),
    ("ur", "urd"),
    ("uz", "uzb"),
    ("vi", "vie"),
    ("yi", "yid"),
    ("zh", "zho"),
    ("zu", "zul"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_codes_of_a_language_are_known() {
        assert_eq!(language("ar"), Some(Language::Ara));
        assert_eq!(language("ara"), Some(Language::Ara));
        assert_eq!(language("cmn"), Some(Language::Cmn));
        assert_eq!(language("xx"), None);
    }

    #[test]
    fn every_code_of_the_table_is_one_of_the_engines() {
        for (short, _) in CODES {
            assert!(language(short).is_some(), "{short}");
        }
    }
}
