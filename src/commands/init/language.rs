//! Which languages a column is written in, and what Meilisearch must be told of that.

use serde_json::{Value, json};
use whatlang::Lang;

/// Letters, by what they are written in.
#[derive(Clone, Debug, Default)]
pub(super) struct Letters {
    latin: u64,
    arabic: u64,
    /// Letters that Persian and Urdu have in nearly every line, and Arabic has not.
    persian: u64,
    urdu: u64,
    hebrew: u64,
    han: u64,
    kana: u64,
    hangul: u64,
    thai: u64,
    khmer: u64,
    other: u64,
    /// The beginning of what is in Latin letters.
    text: String,
}

/// Bytes that are enough to tell one language from another.
const ENOUGH: usize = 6_000;
/// And fewer tell nothing.
const TOO_FEW: usize = 400;

impl Letters {
    pub fn add(&mut self, text: &str) {
        // Tags and entities are no words of the text.
        let mut is_in_a_tag = false;
        let outside = text.chars().filter(|letter| {
            is_in_a_tag = *letter == '<' || (is_in_a_tag && *letter != '>');
            !is_in_a_tag
        });
        for letter in outside.filter(|c| c.is_alphabetic()).take(2_000) {
            let count = match letter {
                'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' => &mut self.latin,
                'ٹ' | 'ڈ' | 'ڑ' | 'ں' | 'ے' => &mut self.urdu,
                'پ' | 'چ' | 'ژ' | 'گ' | 'ک' | 'ی' => &mut self.persian,
                '\u{600}'..='\u{6ff}'
                | '\u{750}'..='\u{77f}'
                | '\u{fb50}'..='\u{fdff}'
                | '\u{fe70}'..='\u{feff}' => &mut self.arabic,
                '\u{590}'..='\u{5ff}' => &mut self.hebrew,
                '\u{3040}'..='\u{30ff}' => &mut self.kana,
                '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' => &mut self.han,
                '\u{ac00}'..='\u{d7af}' => &mut self.hangul,
                '\u{e00}'..='\u{e7f}' => &mut self.thai,
                '\u{1780}'..='\u{17ff}' => &mut self.khmer,
                _ => &mut self.other,
            };
            *count += 1;
        }
        if self.text.len() < ENOUGH && self.latin > 0 {
            self.text.push_str(text);
            self.text.push('\n');
        }
    }

    pub fn any(&self) -> u64 {
        self.latin
            + self.in_arabic_letters()
            + self.hebrew
            + self.han
            + self.kana
            + self.hangul
            + self.thai
            + self.khmer
            + self.other
    }

    fn in_arabic_letters(&self) -> u64 {
        self.arabic + self.persian + self.urdu
    }

    /// The languages that must be named, since the engine writes them otherwise than others and would have to guess from a
    /// word; the most frequent first. Empty where it need not be told.
    pub fn languages(&self) -> Vec<Language> {
        let arabic = self.in_arabic_letters();
        let all = self.any();
        if all == 0 {
            return Vec::new();
        }
        let in_arabic_letters = if self.urdu * 50 > arabic {
            Language::Urdu
        } else if self.persian * 25 > arabic {
            Language::Persian
        } else {
            Language::Arabic
        };
        let chinese = match self.kana * 20 > self.han + self.kana {
            true => (Language::Japanese, self.han + self.kana),
            false => (Language::Chinese, self.han),
        };
        let latin = self.latin_language();
        let mut parts = [
            (in_arabic_letters, arabic),
            (Language::Hebrew, self.hebrew),
            chinese,
            (Language::Korean, self.hangul),
            (Language::Thai, self.thai),
            (Language::Khmer, self.khmer),
            (latin, self.latin),
        ];
        parts.sort_by_key(|(_, letters)| std::cmp::Reverse(*letters));
        let found: Vec<Language> = parts
            .iter()
            .filter(|(language, letters)| letters * least(*language) > all)
            .map(|(language, _)| *language)
            .collect();
        match found.iter().any(|language| *language != Language::English) {
            true => found,
            false => Vec::new(),
        }
    }

    /// Of the languages in Latin letters only those are told apart that the engine treats otherwise than English.
    fn latin_language(&self) -> Language {
        if self.text.len() < TOO_FEW {
            return Language::English;
        }
        match whatlang::detect(&self.text)
            .filter(whatlang::Info::is_reliable)
            .map(|info| info.lang())
        {
            Some(Lang::Deu) => Language::German,
            Some(Lang::Tur) => Language::Turkish,
            Some(Lang::Swe) => Language::Swedish,
            Some(Lang::Vie) => Language::Vietnamese,
            _ => Language::English,
        }
    }

    pub fn add_all(&mut self, other: &Letters) {
        self.latin += other.latin;
        self.arabic += other.arabic;
        self.persian += other.persian;
        self.urdu += other.urdu;
        self.hebrew += other.hebrew;
        self.han += other.han;
        self.kana += other.kana;
        self.hangul += other.hangul;
        self.thai += other.thai;
        self.khmer += other.khmer;
        self.other += other.other;
        self.text.push_str(&other.text);
    }
}

/// A language counts from such a part of the letters: one in ten, and one in four where it is Latin, since names and
/// addresses stand in every text.
fn least(language: Language) -> u64 {
    match language {
        Language::English
        | Language::German
        | Language::Turkish
        | Language::Swedish
        | Language::Vietnamese => 4,
        _ => 10,
    }
}

/// A language whose words the engine finds in its own way; English stands for all that need nothing of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Arabic,
    Persian,
    Urdu,
    Hebrew,
    Chinese,
    Japanese,
    Korean,
    Thai,
    Khmer,
    German,
    Turkish,
    Swedish,
    Vietnamese,
    English,
}

impl Language {
    /// As Meilisearch's `locales` have it.
    pub fn locale(self) -> &'static str {
        match self {
            Language::Arabic => "ara",
            Language::Persian => "pes",
            Language::Urdu => "urd",
            Language::Hebrew => "heb",
            Language::Chinese => "cmn",
            Language::Japanese => "jpn",
            Language::Korean => "kor",
            Language::Thai => "tha",
            Language::Khmer => "khm",
            Language::German => "deu",
            Language::Turkish => "tur",
            Language::Swedish => "swe",
            Language::Vietnamese => "vie",
            Language::English => "eng",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Language::Arabic => "Arabic",
            Language::Persian => "Persian",
            Language::Urdu => "Urdu",
            Language::Hebrew => "Hebrew",
            Language::Chinese => "Chinese",
            Language::Japanese => "Japanese",
            Language::Korean => "Korean",
            Language::Thai => "Thai",
            Language::Khmer => "Khmer",
            Language::German => "German",
            Language::Turkish => "Turkish",
            Language::Swedish => "Swedish",
            Language::Vietnamese => "Vietnamese",
            Language::English => "English",
        }
    }
}

/// `localizedAttributes` for fields and their languages; none where nothing need be said. `*` where all fields are alike.
pub(super) fn localized<'f>(
    fields: impl IntoIterator<Item = (&'f str, &'f Letters)>,
) -> Option<Value> {
    let mut groups: Vec<(Vec<Language>, Vec<&str>)> = Vec::new();
    for (field, letters) in fields {
        let languages = letters.languages();
        if languages.is_empty() {
            continue;
        }
        match groups.iter_mut().find(|(known, _)| *known == languages) {
            Some((_, fields)) => fields.push(field),
            None => groups.push((languages, vec![field])),
        }
    }
    let rules: Vec<Value> = groups
        .iter()
        .map(|(languages, fields)| {
            let locales: Vec<&str> = languages.iter().map(|language| language.locale()).collect();
            json!({ "attributePatterns": fields, "locales": locales })
        })
        .collect();
    (!rules.is_empty()).then_some(Value::Array(rules))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages(text: &str) -> Vec<&'static str> {
        let mut letters = Letters::default();
        letters.add(text);
        letters
            .languages()
            .into_iter()
            .map(Language::locale)
            .collect()
    }

    #[test]
    fn a_language_is_named_where_the_engine_would_have_to_guess() {
        assert_eq!(languages("الزيتون في شمال البلاد"), ["ara"]);
        assert_eq!(languages("کتاب‌های خوب را می‌خوانیم چون گفته‌اند"), ["pes"]);
        assert_eq!(
            languages("یہ کتاب اچھی ہے اور میں اسے پڑھتا ہوں ٹھیک"),
            ["urd"]
        );
        assert_eq!(languages("עץ הזית"), ["heb"]);
        assert_eq!(languages("橄榄树"), ["cmn"]);
        assert_eq!(languages("オリーブの木"), ["jpn"]);
        assert_eq!(languages("ต้นมะกอก"), ["tha"]);
        assert!(languages("Olive trees of the north").is_empty());
        assert!(languages("").is_empty());
        assert_eq!(languages("الزيتون olive الشجرة tree"), ["ara", "eng"]);
    }

    #[test]
    fn german_is_known_by_its_words_and_not_by_a_few_of_them() {
        let german = "Die Ölbäume im Norden des Landes werden im Herbst geerntet, und danach wird in den Dörfern das Öl gepresst. ".repeat(6);
        assert_eq!(languages(&german), ["deu"]);
        assert!(languages("Die Ölbäume").is_empty());
    }

    #[test]
    fn only_the_fields_that_need_it_are_told() {
        let letters = |text: &str| {
            let mut letters = Letters::default();
            letters.add(text);
            letters
        };
        let (arabic, english) = (letters("زيتون"), letters("olive"));
        let rules = localized([
            ("text", &arabic),
            ("translation", &english),
            ("title", &arabic),
        ]);
        assert_eq!(
            rules,
            Some(json!([{ "attributePatterns": ["text", "title"], "locales": ["ara"] }]))
        );
        assert_eq!(localized([("translation", &english)]), None);
    }
}
