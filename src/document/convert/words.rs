//! The limits of the engine's inverted index: how long a word or a text may be.

/// Meilisearch numbers the words of a field with 16 bits; what comes after the last number is stored and never found.
const POSITIONS: usize = 65_535;

/// What the end of a sentence adds to the positions, so that a phrase does not reach over it.
const SENTENCE_END: usize = 7;

/// Whether a text has more words than Meilisearch searches, roughly: an Arabic word with the article counts twice, for
/// the engine splits it, and the end of a sentence costs several positions.
pub(super) fn beyond_positions(text: &str) -> bool {
    // A position takes two bytes at least: a letter and what parts it from the next. Nearly all texts end here.
    if text.len() <= 2 * POSITIONS {
        return false;
    }
    let mut positions = 0;
    for word in text.split_whitespace() {
        positions += 1;
        if word.strip_prefix("ال").is_some_and(|rest| !rest.is_empty()) {
            positions += 1;
        }
        if word.ends_with(['.', '!', '?', '؟']) {
            positions += SENTENCE_END;
        }
        if positions > POSITIONS {
            return true;
        }
    }
    false
}

/// The same for an array: its items are as far from each other as sentences are.
pub(super) fn beyond_positions_as_items(count: usize) -> bool {
    count * (1 + SENTENCE_END) > POSITIONS
}
