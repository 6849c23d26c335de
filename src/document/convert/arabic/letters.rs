//! Letters: what makes a word, how a word is spelt without what a reader never types, and how the engine compares it.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::decompose_compatible;

/// What a character is to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A letter of the Arabic script, of any language, or a mark on one.
    Arabic,
    /// A digit, European, Arabic or Persian.
    Digit,
    Latin,
    /// Parts words.
    Other,
}

pub fn kind(character: char) -> Kind {
    match character {
        '\u{621}'..='\u{65f}'
        | '\u{66e}'..='\u{6d3}'
        | '\u{6fa}'..='\u{6ff}'
        | '\u{fb50}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefc}' => Kind::Arabic,
        '0'..='9' | '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' => Kind::Digit,
        'a'..='z' | 'A'..='Z' => Kind::Latin,
        _ => Kind::Other,
    }
}

/// The longest pieces of one kind.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(|letter: char| kind(letter) != Kind::Other)?;
        rest = &rest[start..];
        let its_kind = rest.chars().next().map(kind)?;
        let end = rest.find(|letter: char| kind(letter) != its_kind);
        let (token, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(token)
    })
}

/// The line that only stretches a word.
const TATWEEL: char = '\u{640}';

/// Short vowels and other marks of reading, and the stretching line.
fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6ed}' | TATWEEL
    )
}

/// Letters in the form that they have in old encodings and in PDF files, by their place in the word.
fn is_presentation_form(character: char) -> bool {
    matches!(character, '\u{fb50}'..='\u{fefc}')
}

/// The letter that an Arabic keyboard has for one of Persian, Urdu and foreign names.
fn on_arabic_keyboard(letter: char) -> char {
    match letter {
        'ک' | 'ڪ' => 'ك',
        'ی' | 'ې' | 'ۍ' | 'ے' => 'ي',
        'ہ' | 'ھ' | 'ۀ' | 'ە' => 'ه',
        'ۃ' => 'ة',
        'پ' => 'ب',
        'ڤ' => 'ف',
        'چ' | 'گ' => 'ج',
        'ژ' => 'ز',
        other => other,
    }
}

/// The letters of a word as an Arabic reader types them.
pub fn spelled(word: &str, spelling: &mut Vec<char>) {
    spelling.clear();
    let letters = |letter: char| (!is_mark(letter)).then(|| on_arabic_keyboard(letter));
    match word.chars().any(is_presentation_form) {
        true => spelling.extend(word.nfkc().filter_map(letters)),
        false => spelling.extend(word.chars().filter_map(letters)),
    }
}

/// ٧ and ۷ as 7.
pub fn latin_digit(digit: char) -> char {
    let value = match digit {
        '\u{660}'..='\u{669}' => u32::from(digit) - 0x660,
        '\u{6f0}'..='\u{6f9}' => u32::from(digit) - 0x6f0,
        _ => return digit,
    };
    char::from_digit(value, 10).unwrap_or(digit)
}

/// 7 as ٧.
pub fn arabic_digit(digit: char) -> char {
    let arabic = digit
        .to_digit(10)
        .and_then(|value| char::from_u32(0x660 + value));
    arabic.unwrap_or(digit)
}

/// Whether a word begins with the article as the engine knows it, and goes on behind it.
pub fn has_article(mut letters: impl Iterator<Item = char>) -> bool {
    matches!(letters.next(), Some('ا' | 'أ' | 'إ' | 'آ' | 'ٱ'))
        && letters.next() == Some('ل')
        && letters.next().is_some()
}

/// A word as the engine compares it: without marks, with one letter for those that it takes for one.
///
/// Nearly every Arabic word fits into a number, six bits a letter, the first one lowest. A text has thousands of them, and sets
/// of numbers are several times as fast as sets of texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Normal {
    Packed(u128),
    /// A long word, or one with letters of another language.
    Text(String),
}

/// Letters of six bits that a number holds.
const PACKED_LETTERS: u32 = u128::BITS / 6;

/// The number of each letter from U+0621 to U+064A; that of a mark is 0. Letters that the engine takes for one share theirs.
const NUMBERS: [u8; 42] = {
    let mut numbers = [0; 42];
    let mut place = 0;
    while place < numbers.len() {
        let same = match place as u32 + 0x621 {
            0x622 | 0x623 | 0x625 => 0x627,
            0x624 => 0x648,
            0x626 | 0x649 => 0x64a,
            0x629 => 0x647,
            letter => letter,
        };
        numbers[place] = match same {
            0x640 => 0,
            letter => (letter - 0x620) as u8,
        };
        place += 1;
    }
    numbers
};

impl Normal {
    /// Of a word whose article, if it has one, is a part of it.
    pub fn of(letters: impl Iterator<Item = char> + Clone) -> Normal {
        if let Some(packed) = packed(letters.clone()) {
            return Normal::Packed(packed);
        }
        let mut text = String::new();
        for letter in letters {
            decompose_compatible(letter, |part| text.extend(merged(part)));
        }
        match packed(text.chars()) {
            Some(packed) => Normal::Packed(packed),
            None => Normal::Text(text),
        }
    }

    /// Of a word as it stands in a text: the engine cuts the article off.
    pub fn without_article(word: &str) -> Normal {
        let article = match has_article(word.chars()) {
            true => 2,
            false => 0,
        };
        Normal::of(word.chars().skip(article))
    }

    /// Without its first letter, and that one's number; none for an empty word, and for one that is no number.
    pub fn split_first(&self) -> Option<(u8, Normal)> {
        match self {
            Normal::Packed(packed) if *packed != 0 => {
                Some(((packed & 63) as u8, Normal::Packed(packed >> 6)))
            }
            _ => None,
        }
    }

    /// Whether it has at least so many letters, where that is known.
    pub fn has(&self, letters: u32) -> bool {
        match self {
            Normal::Packed(packed) => letters == 0 || packed >> (6 * (letters - 1)) != 0,
            Normal::Text(_) => false,
        }
    }

    /// As text.
    pub fn text(&self) -> String {
        match self {
            Normal::Text(text) => text.clone(),
            Normal::Packed(packed) => {
                let numbers = (0..PACKED_LETTERS).map(|place| (packed >> (6 * place) & 63) as u32);
                let letters = numbers.take_while(|number| *number != 0);
                letters
                    .filter_map(|number| char::from_u32(number + 0x620))
                    .collect()
            }
        }
    }
}

/// A word of Arabic letters as a number, if it fits.
fn packed(letters: impl Iterator<Item = char>) -> Option<u128> {
    let mut packed = 0;
    let mut place = 0;
    for letter in letters {
        let number = match letter {
            'ء'..='ي' => NUMBERS[letter as usize - 0x621],
            'ٱ' => NUMBERS[0x627 - 0x621],
            '\u{64b}'..='\u{65f}' | '\u{670}' => 0,
            _ => return None,
        };
        if number != 0 {
            if place == PACKED_LETTERS {
                return None;
            }
            packed |= u128::from(number) << (6 * place);
            place += 1;
        }
    }
    Some(packed)
}

/// The letter that stands for one without decomposition; none for a mark.
fn merged(letter: char) -> Option<char> {
    match letter {
        TATWEEL | '\u{64b}'..='\u{65f}' | '\u{670}' => None,
        'ٱ' => Some('ا'),
        'ى' => Some('ي'),
        'ة' => Some('ه'),
        other => Some(other.to_ascii_lowercase()),
    }
}

/// The number of a letter, for comparison with the first one of a word.
pub const fn number(letter: char) -> u8 {
    NUMBERS[letter as usize - 0x621]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_the_engine_takes_for_one_are_one() {
        let normal = |word: &str| Normal::of(word.chars());
        for (one, other) in [
            ("أإآٱا", "ااااا"),
            ("مدرسة", "مدرسه"),
            ("مصطفى", "مصطفي"),
            ("مسؤول", "مسوول"),
            ("حقَّ", "حق"),
            ("حـــق", "حق"),
            ("ﻛﺘﺎﺏ", "كتاب"),
        ] {
            assert_eq!(normal(one), normal(other));
            assert_eq!(normal(one).text(), other);
        }
        assert_ne!(normal("ءا"), normal("ا"));
        let long = "ب".repeat(22);
        assert_eq!(normal(&long), Normal::Text(long.clone()));
        assert!(matches!(normal(&long[2..]), Normal::Packed(_)));
        assert_eq!(normal("GAZA").text(), "gaza");
    }

    #[test]
    fn a_word_goes_on_behind_its_first_letter() {
        let word = Normal::of("بغزة".chars());
        let (first, rest) = word.split_first().unwrap();
        assert_eq!((first, rest.text().as_str()), (number('ب'), "غزه"));
        assert!(word.has(4) && !word.has(5) && word.has(0));
        assert!(Normal::of("".chars()).split_first().is_none());
        assert_eq!(Normal::without_article("القدس").text(), "قدس");
        assert_eq!(Normal::without_article("ال").text(), "ال");
    }
}
