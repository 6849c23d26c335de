//! What changes.sql or a change log cannot show, in the words in which it is told.

use jiff::Timestamp;

use super::ChangesError;

/// Something that a look at changes.sql cannot show.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BlindSpot {
    /// There is no changes.sql.
    #[error("there is no changes.sql, so an edit is found by comparing documents alone")]
    NoChanges,
    /// changes.sql returns no row, whatever is bound.
    #[error(
        "changes.sql returns no row whatever :since is, and documents.sql does: an edit is found by comparing documents \
         alone. See that its WHERE compares one column with :since, and nothing else"
    )]
    NoRows,
    /// The newest time is outside the range in which changes are possible.
    #[error(
        "the newest changed_at of changes.sql is {value} (id {id}), which would be {read_as}: its unit is not known, so an \
         edit is found by comparing documents alone. Give changed_at a text such as 2025-09-01 11:06:28, a Julian day, or \
         seconds, milliseconds, microseconds or nanoseconds since 1970"
    )]
    UnknownUnit {
        /// The row's id.
        id: String,
        /// What changed_at is.
        value: String,
        /// What it reads as.
        read_as: Timestamp,
    },
    /// The ids are others than those of the documents.
    #[error(
        "changes.sql names no id that documents.sql has (the one names {changes}, the other {documents}), so an edit is \
         found by comparing documents alone. Let both select the same id"
    )]
    OtherIds {
        /// An id of changes.sql.
        changes: String,
        /// An id of documents.sql.
        documents: String,
    },
    /// The change timestamps cannot be compared; a round ends with this error.
    #[error(transparent)]
    Unusable(#[from] ChangesError),
    /// The value bound to `:since` hides rows that are newer.
    #[error(
        "changes.sql compares :since with a column of another unit than changed_at: bound to the time of the newest rows, \
         it does not return them. So it is read whole at each look. Let changed_at be the very column that is compared \
         with :since"
    )]
    BoundHides,
    /// A look reads a whole table.
    #[error(
        "no index makes a look at changes.sql cheap: each look reads the whole of {}; `bisan-indexer doctor` names the \
         index that helps", tables.join(" and ")
    )]
    NoIndex {
        /// What is read.
        tables: Vec<String>,
    },
    /// The change log lacks triggers, or has others than the definition needs.
    #[error(
        "the change log does not hold every write, so an edit is found by comparing documents alone: {}. Execute the SQL that \
         `bisan-indexer triggers` prints", missing.join("; ")
    )]
    Triggers {
        /// What is missing or different.
        missing: Vec<String>,
    },
    /// The change log has no row: it was emptied, and nobody knows when.
    #[error(
        "the change log `{log}` is empty, so nobody knows what was written before: an edit is found by comparing documents \
         alone until a trigger writes into it"
    )]
    EmptyLog {
        /// The table.
        log: String,
    },
    /// The newest time lies in the future.
    #[error(
        "the newest changed_at of changes.sql is {value} (id {id}), which is {read_as} and after tomorrow: set it right, \
         or a change of that row is not seen as one"
    )]
    FarFuture {
        /// The row's id.
        id: String,
        /// What changed_at is.
        value: String,
        /// What it reads as.
        read_as: Timestamp,
    },
}

impl BlindSpot {
    /// Whether an edit is passed over because of it, so that only comparing finds it.
    pub(super) fn hides_edits(&self) -> bool {
        match self {
            Self::NoChanges
            | Self::NoRows
            | Self::UnknownUnit { .. }
            | Self::OtherIds { .. }
            | Self::Triggers { .. }
            | Self::EmptyLog { .. }
            | Self::Unusable(_) => true,
            Self::BoundHides | Self::NoIndex { .. } | Self::FarFuture { .. } => false,
        }
    }
}
