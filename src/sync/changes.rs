//! Reads the ids that changes.sql returns since a given instant.

use futures::TryStreamExt as _;
use jiff::Timestamp;

use crate::document::ids::{DocumentId, IdError};
use crate::document::timestamp::{self, NotATimestamp};
use crate::error::{CommandError, Error, FAILED};
use crate::figures::counted;
use crate::spool;
use crate::sqlite::{Argument, Snapshot, queries};
use crate::sync::Round;

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
    /// A document on the server whose id is none.
    #[error("{uid}: a document of the index is not known by its id: {why}")]
    InIndex {
        /// The index.
        uid: String,
        /// What is wrong.
        why: IdError,
    },
}

impl CommandError for ChangesError {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

impl Round<'_> {
    /// Gives to `each` the ids that changes.sql names and that may have changed at or after `since`, with their times,
    /// compared as instants. `bound` is what hides none of them.
    pub(super) async fn each_change(
        &self,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
        bound: Vec<Argument>,
        since: Timestamp,
        mut each: impl FnMut(DocumentId, Timestamp) -> spool::Result<()>,
    ) -> Result<(), Error> {
        let name = || self.index.definition.name.clone();
        let sql = queries::changes(changes);
        let mut rows = snapshot.rows(&sql, bound);
        while let Some(row) = rows.try_next().await? {
            let id = DocumentId::from_value(row.value(0))
                .map_err(|why| ChangesError::Id { index: name(), why })?;
            let at = timestamp::parse(row.value(1)).map_err(|why| ChangesError::Timestamp {
                index: name(),
                id: id.to_string(),
                why,
            })?;
            if timestamp::may_be_after(at, since) {
                each(id, at)?;
            }
        }
        Ok(())
    }

    /// Gives to `each` the ids that the change log names after the row `after`.
    pub(super) async fn each_logged(
        &self,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
        after: i64,
        mut each: impl FnMut(DocumentId) -> spool::Result<()>,
    ) -> Result<(), Error> {
        let sql = queries::logged_changes(changes);
        let mut rows = snapshot.rows(&sql, vec![Argument::Integer(after)]);
        while let Some(row) = rows.try_next().await? {
            let id = DocumentId::from_value(row.value(0));
            each(id.map_err(|why| ChangesError::Id {
                index: self.index.definition.name.clone(),
                why,
            })?)?;
        }
        Ok(())
    }
}
