//! Rows of changes.sql that cannot be used.

use crate::document::ids::IdError;
use crate::document::timestamp::NotATimestamp;
use crate::error::{CommandError, FAILED};
use crate::figures::counted;

/// A row of changes.sql that cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChangesError {
    /// The column holds numbers and texts; no comparison in SQL holds for both.
    #[error(
        "{index}/changes.sql: change timestamps are numbers and texts in one column (id {number} has a number, id \
         {text} a text); make them one form"
    )]
    MixedForms {
        /// The definition's name.
        index: String,
        /// An id with a number.
        number: String,
        /// An id with a text.
        text: String,
    },
    /// A row has no change timestamp: it would never be seen as changed.
    #[error(
        "{index}/changes.sql: {} no change timestamp, first id {id}; give every row one (COALESCE with another column, \
         say), or leave changes.sql out, so that everything is compared", counted(*.rows, "row has", "rows have")
    )]
    Missing {
        /// The definition's name.
        index: String,
        /// How many.
        rows: u64,
        /// One of them.
        id: String,
    },
    /// A value that is no timestamp.
    #[error("{index}/changes.sql: id {id}: {why}")]
    Timestamp {
        /// The definition's name.
        index: String,
        /// The row's id.
        id: String,
        /// What is wrong.
        why: NotATimestamp,
    },
    /// An id that is none.
    #[error("{index}/changes.sql: {why}")]
    Id {
        /// The definition's name.
        index: String,
        /// What is wrong.
        why: IdError,
    },
}

impl CommandError for ChangesError {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}
