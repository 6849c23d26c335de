//! A field of the documents.

use super::language::Letters;

/// The conversion of a text with tags.
pub(super) const HTML: &str = "html";

/// A field of the documents.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub name: String,
    /// What is selected.
    pub expression: String,
    pub conversion: Option<&'static str>,
    /// Where it stands among what is searched; none is not searched.
    pub rank: Option<Rank>,
    pub filtered: bool,
    pub sorted: bool,
    pub why: String,
    /// What it is written in.
    pub letters: Letters,
}

/// The kind of a searched field, and its place in that: names first, long texts last.
pub(super) type Rank = (Group, u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Name,
    Label,
    List,
    Words,
    /// The name of one of a few: a category, a genre.
    Lookup,
    Place,
    Text,
    /// Other forms of words: a text that has the word itself comes first.
    Forms,
}
