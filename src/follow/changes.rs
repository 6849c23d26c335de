//! Which ids changes.sql names since an instant.

use futures::TryStreamExt as _;
use jiff::Timestamp;

use super::{Known, Round};
use crate::error::Error;
use crate::ids::{DocumentId, IdError};
use crate::source::{Argument, Snapshot, Value, queries};
use crate::timestamp::{self, BoundValue, NotATimestamp, TimestampForm};

/// A row of changes.sql that cannot be compared.
#[derive(Debug, thiserror::Error)]
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
        "{index}/changes.sql: {rows} rows have no change timestamp, first id {id}; give them one (COALESCE with \
         another column, say), or leave changes.sql out, so that everything is compared"
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

/// What one pass over the column tells.
pub(super) struct Column {
    form: TimestampForm,
    /// The newest change. By SQLite's own order, which for texts is that of instants but for offsets.
    pub(super) newest: Timestamp,
}

impl Round<'_> {
    /// The ids that changes.sql names at or after `since`, compared as instants.
    pub(super) async fn changed_ids(
        &self,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
        column: &Column,
        since: Timestamp,
    ) -> Result<Known, Error> {
        let name = || self.index.definition.name.clone();
        let bound = match timestamp::lower_bound(column.form, since) {
            BoundValue::Integer(number) => Argument::Integer(number),
            BoundValue::Text(text) => Argument::Text(text),
        };
        let mut changed = Known::new();
        let sql = queries::changes(changes);
        let mut rows = snapshot.rows(&sql, self.bind(bound));
        while let Some(row) = rows.try_next().await? {
            let id = DocumentId::from_value(row.value(0))
                .map_err(|why| ChangesError::Id { index: name(), why })?;
            let at = timestamp::parse(row.value(1)).map_err(|why| ChangesError::Timestamp {
                index: name(),
                id: id.to_string(),
                why,
            })?;
            if at >= since {
                // An author and an article may both name the article: the later one counts.
                let latest = changed.entry(id).or_insert(at);
                *latest = at.max(*latest);
            }
        }
        Ok(changed)
    }

    /// In which form changes.sql gives its timestamps, and the newest of them; `None` where it returns no row at all.
    ///
    /// One pass over the column, without its rows: SQLite orders numbers below texts, so a bound of one kind would hide
    /// every value of the other, silently.
    pub(super) async fn column(
        &self,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
    ) -> Result<Option<Column>, Error> {
        let index = || self.index.definition.name.clone();
        let sql = format!(
            "SELECT typeof(c.changed_at), COUNT(*), MIN(c.id), MAX(c.changed_at) FROM ({}) AS c GROUP BY 1",
            queries::changes(changes)
        );
        // Below every number, and every number is below every text: nothing is hidden.
        let mut rows = snapshot.rows(&sql, self.bind(Argument::Integer(i64::MIN)));
        let (mut number, mut text) = (None, None);
        while let Some(row) = rows.try_next().await? {
            let id = DocumentId::from_value(row.value(2))
                .map_or_else(|_| "?".to_owned(), |id| id.to_string());
            let value = row.value(3);
            if value == Value::Null {
                let rows = match row.value(1) {
                    Value::Integer(count) => u64::try_from(count).unwrap_or(0),
                    _ => 0,
                };
                let index = index();
                return Err(ChangesError::Missing { index, rows, id }.into());
            }
            let wrong = |why| ChangesError::Timestamp {
                index: index(),
                id: id.clone(),
                why,
            };
            let column = Column {
                form: timestamp::form(value).map_err(wrong)?,
                newest: timestamp::parse(value).map_err(wrong)?,
            };
            match value {
                Value::Integer(_) | Value::Real(_) => number = Some((id, column)),
                _ => text = Some((id, column)),
            }
        }
        match (number, text) {
            (Some((number, _)), Some((text, _))) => Err(ChangesError::MixedForms {
                index: index(),
                number,
                text,
            }
            .into()),
            (Some((_, column)), None) | (None, Some((_, column))) => Ok(Some(column)),
            (None, None) => Ok(None),
        }
    }

    fn bind(&self, since: Argument) -> Vec<Argument> {
        if self.index.changes_takes_since {
            vec![since]
        } else {
            Vec::new()
        }
    }
}
