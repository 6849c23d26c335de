//! How long a word of a query has to be for typos, in letters.
//!
//! The engine counts the bytes of a word, as Meilisearch did up to 1.15; later versions count its letters. A query whose letters
//! have several bytes is so searched for in a transaction in which the sizes are as many bytes: 9 for 5 letters, where they are
//! Arabic. The transaction is never committed. One length is taken for all words of a query, which is not right for a query in
//! two scripts.

use milli_core::heed::RwTxn;
use milli_core::update::{IndexerConfig, Settings};
use milli_core::{Index, Result};

use super::SearchQuery;
use crate::engine::carry_out;
use crate::like::{Feature, Like};

/// A transaction with the sizes that this query needs, where they are others than the index has. It waits for a batch that is
/// being written into this index.
pub fn transaction<'i>(
    index: &'i Index,
    query: &SearchQuery,
    like: Like,
) -> Result<Option<RwTxn<'i>>> {
    let bytes = query.q.as_deref().map_or(1, bytes_a_letter);
    if bytes == 1 || !like.has(Feature::TyposByLetters) {
        return Ok(None);
    }
    let mut wtxn = index.write_txn()?;
    let one = in_bytes(index.min_word_len_one_typo(&wtxn)?, bytes);
    let two = in_bytes(index.min_word_len_two_typos(&wtxn)?, bytes);
    let config = IndexerConfig::default();
    let mut builder = Settings::new(&mut wtxn, index, &config);
    builder.set_min_word_len_one_typo(one);
    builder.set_min_word_len_two_typos(two);
    carry_out(builder, &|| false)?;
    Ok(Some(wtxn))
}

/// The least number of bytes that a word of one letter less has not.
fn in_bytes(letters: u8, bytes_a_letter: usize) -> u8 {
    match usize::from(letters) {
        0 => 0,
        letters => (bytes_a_letter * (letters - 1) + 1).min(255) as u8,
    }
}

/// How many bytes a letter of this text has, on average.
fn bytes_a_letter(text: &str) -> usize {
    let letters = text.chars().filter(|letter| letter.is_alphanumeric());
    let (count, bytes) = letters.fold((0, 0), |(count, bytes), letter| {
        (count + 1, bytes + letter.len_utf8())
    });
    match count {
        0 => 1,
        count => (bytes + count / 2) / count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_two_bytes_need_twice_as_many_less_one() {
        assert_eq!([5, 9].map(|letters| in_bytes(letters, 2)), [9, 17]);
        assert_eq!([5, 9].map(|letters| in_bytes(letters, 1)), [5, 9]);
        assert_eq!([0, 200].map(|letters| in_bytes(letters, 2)), [0, 255]);
    }

    #[test]
    fn a_text_is_measured_by_its_letters_alone() {
        assert_eq!(bytes_a_letter("retrn to haif"), 1);
        assert_eq!(bytes_a_letter("«كتاب جديد»"), 2);
        assert_eq!(bytes_a_letter("日本"), 3);
        assert_eq!(bytes_a_letter(" … "), 1);
    }
}
