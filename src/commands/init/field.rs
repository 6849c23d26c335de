//! A field of a definition that is about to be written.

/// A field of the documents.
pub(super) struct Field {
    pub name: String,
    /// What is selected.
    pub expression: String,
    pub conversion: Option<&'static str>,
    /// Where it stands among what is searched; none is not searched.
    pub rank: Option<(usize, u64)>,
    pub filtered: bool,
    pub sorted: bool,
}
