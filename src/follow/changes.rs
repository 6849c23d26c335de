//! Which ids changes.sql names since an instant.

use futures::TryStreamExt as _;
use jiff::Timestamp;

use super::{Known, Round};
use crate::error::Error;
use crate::ids::{DocumentId, IdError};
use crate::report::counted;
use crate::source::queries::{self, End};
use crate::source::{Argument, Row, Snapshot, Value};
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

/// What the ends of the column tell.
pub(super) struct Column {
    /// That of its least value: a bound in this form hides nothing that is greater.
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
    /// SQLite orders NULL below numbers and numbers below texts, so a bound of one kind would hide every value of the
    /// other, silently. By the same order its two ends tell whether there are two kinds.
    pub(super) async fn column(
        &self,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
    ) -> Result<Option<Column>, Error> {
        let index = || self.index.definition.name.clone();
        let Some(first) = self.change_at(snapshot, End::First, changes).await? else {
            return Ok(None);
        };
        if first.value(1) == Value::Null {
            let without = queries::without_timestamp(changes);
            return Err(ChangesError::Missing {
                index: index(),
                rows: snapshot.count_bound(&without, self.everything()).await?,
                id: shown_id(&first),
            }
            .into());
        }
        let Some(last) = self.change_at(snapshot, End::Last, changes).await? else {
            return Ok(None);
        };
        let form = |row: &Row| {
            timestamp::form(row.value(1)).map_err(|why| ChangesError::Timestamp {
                index: index(),
                id: shown_id(row),
                why,
            })
        };
        let (lowest, highest) = (form(&first)?, form(&last)?);
        if highest == TimestampForm::Text && lowest != TimestampForm::Text {
            return Err(ChangesError::MixedForms {
                index: index(),
                number: shown_id(&first),
                text: shown_id(&last),
            }
            .into());
        }
        let newest = timestamp::parse(last.value(1)).map_err(|why| ChangesError::Timestamp {
            index: index(),
            id: shown_id(&last),
            why,
        })?;
        Ok(Some(Column {
            form: lowest,
            newest,
        }))
    }

    async fn change_at(
        &self,
        snapshot: &mut Snapshot<'_>,
        end: End,
        changes: &str,
    ) -> Result<Option<Row>, Error> {
        let sql = queries::change_at(end, changes);
        Ok(snapshot.only_row(&sql, self.everything()).await?)
    }

    /// Below every number, and every number is below every text: nothing is hidden.
    fn everything(&self) -> Vec<Argument> {
        self.bind(Argument::Integer(i64::MIN))
    }

    fn bind(&self, since: Argument) -> Vec<Argument> {
        if self.index.changes_takes_since {
            vec![since]
        } else {
            Vec::new()
        }
    }
}

fn shown_id(row: &Row) -> String {
    DocumentId::from_value(row.value(0)).map_or_else(|_| "?".to_owned(), |id| id.to_string())
}
