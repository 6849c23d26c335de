//! The rules by which a word has forms.
//!
//! All forms are pieces of the word, some with ة at their end. The order of the rules decides: the article behind a
//! prefix is sure, one letter in front of a word is a guess, for which the word has to be long enough and none of those whose
//! first letter is their own.

use std::cell::LazyCell;

use crate::document::convert::arabic::letters::{Normal, has_article, number};
use crate::document::convert::arabic::own;

/// Pronouns behind a noun, the longer ones first.
const PRONOUNS: [&[char]; 7] = [
    &['ه', 'م', 'ا'],
    &['ه', 'ا'],
    &['ه', 'م'],
    &['ه', 'ن'],
    &['ن', 'ا'],
    &['ك', 'م'],
    &['ه'],
];

/// Gives every form of a word: a piece of it, and a letter that stands behind it.
///
/// What is in front of the word goes first, then what is behind that which is left, so that وبمدينتهم has مدينة.
pub fn forms(word: &[char], mut found: impl FnMut(&[char], Option<char>)) {
    let mut stems = Stems::default();
    let prefix = without_prefix(word, |stem| {
        found(stem, None);
        stems.push(stem);
    });
    if prefix != Prefix::Sure {
        stems.insert_first(without_article(word));
    }
    let mut longer = stems;
    for stem in stems.all() {
        without_pronoun(stem, |stem, ending| {
            found(stem, ending);
            // One that ends in ة is no plural.
            if ending.is_none() {
                longer.push(stem);
            }
        });
    }
    for stem in longer.all() {
        singular(stem, &mut found);
    }
}

/// The pieces of a word of which more forms are made: itself, two without a prefix, and each without a pronoun.
#[derive(Clone, Copy, Default)]
struct Stems<'w> {
    stems: [&'w [char]; 6],
    count: usize,
}

impl<'w> Stems<'w> {
    fn push(&mut self, stem: &'w [char]) {
        if let Some(place) = self.stems.get_mut(self.count) {
            *place = stem;
            self.count += 1;
        }
    }

    fn insert_first(&mut self, stem: &'w [char]) {
        self.push(stem);
        if let Some(stems) = self.stems.get_mut(..self.count) {
            stems.rotate_right(1);
        }
    }

    fn all(&self) -> impl Iterator<Item = &'w [char]> + use<'w> {
        self.stems.into_iter().take(self.count)
    }
}

/// What was found in front of a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    None,
    /// The word may as well be without one.
    Likely,
    /// The word can be nothing else.
    Sure,
}

/// The word behind ال, if it has it.
pub fn without_article(word: &[char]) -> &[char] {
    match has_article(word.iter().copied()) {
        true => &word[2..],
        false => word,
    }
}

/// What the word is without "and", "so", "in", "to" and "like" in front of it.
fn without_prefix<'w>(word: &'w [char], mut found: impl FnMut(&'w [char])) -> Prefix {
    let behind_and = match word {
        ['و' | 'ف', rest @ ..] => rest,
        _ => word,
    };
    let behind_in_or_like = match behind_and {
        ['ب' | 'ك', rest @ ..] => rest,
        _ => behind_and,
    };
    let behind_in_to_or_like = match behind_and {
        ['ب' | 'ك' | 'ل', rest @ ..] => rest,
        _ => behind_and,
    };
    // Most words need neither: no list is asked about them.
    let whole = LazyCell::new(|| Normal::of(word.iter().copied()));
    let behind_first = LazyCell::new(|| Normal::of(word[1..].iter().copied()));
    // وال, فال, بال, كال, وبال …
    if let ['ا', 'ل', rest @ ..] = behind_in_or_like
        && rest.len() >= 2
        && behind_in_or_like.len() < word.len()
        && !own::WAW.has(&whole)
        && !own::PREFIX.has(&whole)
    {
        found(rest);
        return Prefix::Sure;
    }
    // لل, ولل, فلل: the article, or a word that begins with ل.
    if let ['ل', 'ل', stem @ ..] = behind_and
        && stem.len() >= 2
    {
        found(stem);
        found(&behind_and[1..]);
        return Prefix::Sure;
    }
    // A hamza on an alef begins a word.
    if let ['إ' | 'أ' | 'آ', _, _, ..] = behind_in_to_or_like
        && behind_in_to_or_like.len() < word.len()
    {
        found(match behind_in_to_or_like.len() > 4 {
            true => without_article(behind_in_to_or_like),
            false => behind_in_to_or_like,
        });
        return Prefix::Sure;
    }
    // Too short for the rules above, and yet nothing else.
    let prefix = match (behind_in_or_like, behind_and, behind_in_to_or_like) {
        (['ا', 'ل', ..], _, _) | (_, ['ل', 'ل', ..], _) | (_, _, ['إ' | 'أ' | 'آ', ..]) => {
            Prefix::Sure
        }
        _ => Prefix::Likely,
    };
    match word {
        ['و', rest @ ..] if word.len() >= 4 && !own::WAW.has(&whole) => {
            found(rest);
            if let ['ب' | 'ل' | 'ك', stem @ ..] = rest
                && word.len() >= 6
                && !own::PREFIX.has(&behind_first)
            {
                found(stem);
            }
            prefix
        }
        ['ب' | 'ل' | 'ك' | 'ف', rest @ ..]
            if (word.len() >= 5 && !own::PREFIX.has(&whole)) || own::NAMES.has(&behind_first) =>
        {
            found(rest);
            prefix
        }
        _ => Prefix::None,
    }
}

/// The noun before "his", "their" and so on: كتابها has كتاب, مدينتهم has مدينة.
fn without_pronoun<'w>(word: &'w [char], mut found: impl FnMut(&'w [char], Option<char>)) {
    let noun = PRONOUNS.iter().find_map(|pronoun| {
        let noun = word.strip_suffix(*pronoun)?;
        (noun.len() >= 3).then_some((noun, *pronoun))
    });
    match noun {
        None | Some(([.., 'ة'], ['ه'])) => {}
        Some((noun, _)) => {
            found(noun, None);
            if let [stem @ .., 'ت'] = noun
                && stem.len() >= 3
            {
                found(stem, Some('ة'));
            }
        }
    }
}

/// The singular of a regular plural or dual.
fn singular(word: &[char], found: &mut impl FnMut(&[char], Option<char>)) {
    if word.len() < 5 {
        return;
    }
    match word {
        [stem @ .., 'ا', 'ت'] if !ends_by_itself(word) => {
            found(stem, Some('ة'));
            found(stem, None);
        }
        [stem @ .., 'و' | 'ي' | 'ا', 'ن'] if !ends_by_itself(word) => {
            found(stem, None);
            if let [stem @ .., 'ت'] = stem
                && word.len() >= 6
            {
                found(stem, Some('ة'));
            }
        }
        _ => {}
    }
}

/// Whether the ending of a word is its own, also where a letter in front of it is not.
fn ends_by_itself(word: &[char]) -> bool {
    let whole = Normal::of(without_article(word).iter().copied());
    own::ENDING.has(&whole)
        || whole.split_first().is_some_and(|(first, rest)| {
            ['و', 'ف', 'ب', 'ل', 'ك'].map(number).contains(&first)
                && rest.has(3)
                && own::ENDING.has(&rest)
        })
}
