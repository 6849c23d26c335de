//! `:arabic_forms` and its relatives: the forms by which Arabic words are searched for, and which the engine would not
//! make of them itself.
//!
//! A query reaches Meilisearch straight from the application, so a text has to hold what is asked for: beside وبالقدس
//! the form قدس. This is light stemming, done for the documents alone. `docs/arabic.md` has the rules, what they find and
//! what they cost.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `arabic/letters.rs` | what is a word, how it is spelt without marks, how the engine compares it |
//! | `arabic/rules.rs` | which forms a word has |
//! | `arabic/own.rs` | the words that no rule may cut, out of `arabic/words/` |

use std::collections::HashSet;

use crate::document::convert::{Anomaly, Unfit, as_text, html, put, put_text, words};
use crate::sqlite::Value;

mod letters;
mod own;
mod rules;

use letters::{Kind, Normal, kind, spelled};

/// What stands between a text and its forms, and between one form and the next. To the engine it ends a sentence, so that no
/// form is a neighbour of another: pairs of neighbours are most of an index.
const BETWEEN: &str = ". ";

/// A form, and the first word of the text that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form<'t> {
    /// What is searched for.
    pub form: String,
    /// The word as it stands in the text.
    pub word: &'t str,
}

/// The forms of a value as an array.
pub(super) fn write_forms(
    value: Value<'_>,
    is_html: bool,
    out: &mut Vec<u8>,
    anomaly: &mut dyn FnMut(Anomaly),
) -> Result<(), Unfit> {
    let text = text_of(value, is_html)?;
    let forms = forms(&text);
    if words::beyond_positions_as_items(forms.len()) {
        anomaly(Anomaly::LongText);
    }
    out.push(b'[');
    for (index, form) in forms.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put(form.form.as_str(), out);
    }
    out.push(b']');
    Ok(())
}

/// The text of a value, and behind it its forms.
pub(super) fn write_text(
    value: Value<'_>,
    is_html: bool,
    out: &mut Vec<u8>,
    anomaly: &mut dyn FnMut(Anomaly),
) -> Result<(), Unfit> {
    let mut text = text_of(value, is_html)?;
    let forms: Vec<String> = forms(&text).into_iter().map(|form| form.form).collect();
    for form in &forms {
        text.push_str(BETWEEN);
        text.push_str(form);
    }
    put_text(&text, out, anomaly);
    Ok(())
}

/// The text that is searched, of which the forms are made.
pub(super) fn text_of(value: Value<'_>, is_html: bool) -> Result<String, Unfit> {
    let text = as_text(value)?;
    Ok(match is_html {
        true => html::to_text(&text),
        false => text.into_owned(),
    })
}

/// Whether a text is one for these conversions: most of its letters are Arabic.
pub fn is_arabic(text: &str) -> bool {
    let letters = || text.chars().filter(|letter| letter.is_alphabetic());
    let arabic = letters().filter(|letter| kind(*letter) == Kind::Arabic);
    2 * arabic.count() > letters().count()
}

/// How the engine compares a word: two words with the same result are one to a search.
pub fn compared(word: &str) -> String {
    Normal::without_article(word).text()
}

/// The words of a text, Arabic and others, and its numbers.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    letters::tokens(text)
}

/// The forms of all words of a text that the engine would not make itself, each once, in the order of the words.
pub fn forms(text: &str) -> Vec<Form<'_>> {
    let mut seen: Set<&str> = Set::with_capacity_and_hasher(text.len() / 16, Default::default());
    let tokens: Vec<(Kind, &str)> = letters::tokens(text)
        .filter(|token| seen.insert(token))
        .filter_map(|token| Some((token.chars().next().map(kind)?, token)))
        .collect();
    let mut forms = Forms::of(&tokens);
    let mut spelling = Vec::new();
    for (kind, token) in tokens {
        match kind {
            Kind::Digit => forms.add_digits(token),
            Kind::Arabic => {
                spelled(token, &mut spelling);
                forms.add_word(token, &spelling);
            }
            Kind::Latin | Kind::Other => {}
        }
    }
    forms.found
}

/// A set whose hash is as fast as hashes are: a text has thousands of words, and each is looked up several times.
type Set<T> = HashSet<T, foldhash::fast::RandomState>;

/// Collects forms, each once, and none that the text has as a word.
struct Forms<'t> {
    found: Vec<Form<'t>>,
    /// The words of the text and the forms so far.
    known: Set<Normal>,
    numbers: Set<String>,
}

impl<'t> Forms<'t> {
    /// None yet, for a text of these words.
    fn of(tokens: &[(Kind, &'t str)]) -> Self {
        let mut known = Set::with_capacity_and_hasher(2 * tokens.len(), Default::default());
        let arabic = tokens.iter().filter(|(kind, _)| *kind == Kind::Arabic);
        known.extend(arabic.map(|(_, token)| Normal::without_article(token)));
        Self {
            found: Vec::new(),
            known,
            numbers: Set::default(),
        }
    }

    /// The number in the other digits: 2026 as ٢٠٢٦ and the other way round, Persian ۲۰۲۶ as both.
    fn add_digits(&mut self, number: &'t str) {
        let mut forms = Vec::with_capacity(2);
        if number.starts_with(|digit: char| digit.is_ascii_digit()) {
            forms.push(number.chars().map(letters::arabic_digit).collect());
        } else {
            let latin: String = number.chars().map(letters::latin_digit).collect();
            let arabic: String = latin.chars().map(letters::arabic_digit).collect();
            forms.push(latin);
            forms.extend(Some(arabic).filter(|arabic| arabic != number));
        }
        for form in forms {
            if self.numbers.insert(form.clone()) {
                self.found.push(Form { form, word: number });
            }
        }
    }

    fn add_word(&mut self, word: &'t str, spelling: &[char]) {
        if spelling.len() < 2 {
            return;
        }
        if !spelling.iter().copied().eq(word.chars()) {
            self.add(word, rules::without_article(spelling), None);
        }
        rules::forms(spelling, |stem, ending| self.add(word, stem, ending));
    }

    fn add(&mut self, word: &'t str, stem: &[char], ending: Option<char>) {
        // A ligature can be several words, whose parts begin and end with spaces.
        let is_space = |letter: &&char| **letter == ' ';
        let before = stem.iter().take_while(is_space).count();
        let behind = match ending {
            None => stem[before..].iter().rev().take_while(is_space).count(),
            Some(_) => 0,
        };
        let letters = stem[before..stem.len() - behind]
            .iter()
            .copied()
            .chain(ending);
        if letters.clone().nth(1).is_some() && self.known.insert(Normal::of(letters.clone())) {
            let form = letters.collect();
            self.found.push(Form { form, word });
        }
    }
}

#[cfg(test)]
mod tests;
