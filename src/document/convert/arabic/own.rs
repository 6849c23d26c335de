//! Words that no rule may cut, because what looks like a prefix or an ending is a part of them.
//!
//! They are in files of their own, each of which says what it is for and how a word is added.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::document::convert::arabic::letters::Normal;

/// A list, by its words as the engine compares them.
pub struct Words(LazyLock<HashSet<Normal, foldhash::fast::RandomState>>);

impl Words {
    /// Whether a word is among them.
    pub fn has(&self, word: &Normal) -> bool {
        self.0.contains(word)
    }
}

/// The words of a file: what stands on lines that do not begin with `#`.
fn read(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
}

fn normals(file: &'static str) -> HashSet<Normal, foldhash::fast::RandomState> {
    read(file).map(|word| Normal::of(word.chars())).collect()
}

const WAW_FILE: &str = include_str!("words/waw.txt");
const PREFIX_FILE: &str = include_str!("words/prefix.txt");
const ENDING_FILE: &str = include_str!("words/ending.txt");
const NAMES_FILE: &str = include_str!("words/names.txt");

/// Words whose first letter و is their own.
pub static WAW: Words = Words(LazyLock::new(|| normals(WAW_FILE)));
/// Words whose first letter ب, ل, ك or ف is their own.
pub static PREFIX: Words = Words(LazyLock::new(|| normals(PREFIX_FILE)));
/// Words whose ending ون, ين, ان or ات is their own.
pub static ENDING: Words = Words(LazyLock::new(|| normals(ENDING_FILE)));
/// Short names that are cut all the same.
pub static NAMES: Words = Words(LazyLock::new(|| normals(NAMES_FILE)));

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::document::Conversion;
    use crate::document::convert::arabic::letters::{Kind, kind};

    const FILES: [&str; 4] = [WAW_FILE, PREFIX_FILE, ENDING_FILE, NAMES_FILE];

    #[test]
    fn every_list_has_arabic_words_each_once() {
        for file in FILES {
            let words: Vec<&str> = read(file).collect();
            assert!(words.len() > 20);
            for word in &words {
                assert!(
                    word.chars().all(|letter| kind(letter) == Kind::Arabic),
                    "{word}"
                );
            }
            assert!(file.starts_with("# ") && file.contains("To add one"));
        }
    }

    #[test]
    fn a_list_that_changes_needs_a_higher_version() {
        let mut hash = Sha256::new();
        for file in FILES {
            let mut words: Vec<String> = normals(file).iter().map(Normal::text).collect();
            words.sort();
            hash.update(words.join(" "));
            hash.update("\n");
        }
        let hash: String = hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        // Another hash here means other forms: raise the version of the four conversions, then write it down.
        assert_eq!(
            (Conversion::ArabicForms.version(), hash.as_str()),
            (
                1,
                "6d10cd4cb2e38f09c9cd7ff04becbadb8887a7fa553920c6ae3ebd37a2820bec"
            )
        );
    }
}
