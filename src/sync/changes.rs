//! Reads the ids that changes.sql returns since a given instant.

use futures::TryStreamExt as _;
use jiff::Timestamp;

use crate::document::ids::{DocumentId, IdError};
use crate::document::timestamp;
use crate::error::Error;
use crate::prepared::Prepared;
use crate::reader::all_bad_rows;
use crate::spool;
use crate::sqlite::{Argument, Snapshot, Value, queries};
use crate::sync::Round;
use crate::tracking::ChangesError;

/// So many texts that can be no id of a document may be named by one look.
const MOST_UNFIT: usize = 10_000;

/// So many of them are looked up by one statement.
const UNFIT_PER_READ: usize = 500;

/// Texts that changes.sql names and that can be no id of a document. It may name rows that documents.sql leaves out, a log
/// names each row of its tables; but where documents.sql returns one, it is a bad row.
struct Unfit<'r> {
    index: &'r Prepared,
    ids: Vec<(String, IdError)>,
}

impl<'r> Unfit<'r> {
    fn of(index: &'r Prepared) -> Self {
        Self {
            index,
            ids: Vec::new(),
        }
    }

    /// The id that changes.sql names, if a document can have it.
    fn sort_out(&mut self, value: Value<'_>) -> Result<Option<DocumentId>, ChangesError> {
        match (DocumentId::from_value(value), value) {
            (Ok(id), _) => Ok(Some(id)),
            (Err(why), Value::Text(text)) if self.ids.len() < MOST_UNFIT => {
                self.ids.push((text.to_owned(), why));
                Ok(None)
            }
            (Err(why), _) => Err(ChangesError::Id {
                index: self.index.definition.name.clone(),
                why,
            }),
        }
    }

    /// Looks whether documents.sql leaves all of them out.
    async fn expect_left_out(self, snapshot: &mut Snapshot<'_>) -> Result<(), Error> {
        for some in self.ids.chunks(UNFIT_PER_READ) {
            let texts = some.iter().map(|(text, _)| text.as_str());
            let (sql, arguments) = queries::ids_among(&self.index.definition.documents_sql, texts);
            if snapshot.first_row(&sql, arguments).await?.is_some()
                && let Some((_, why)) = some.first()
            {
                return Err(all_bad_rows(snapshot, self.index, 1, why.clone().into()).await);
            }
        }
        Ok(())
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
        let mut unfit = Unfit::of(self.index);
        let sql = queries::changes(changes);
        let mut rows = snapshot.rows(&sql, bound);
        while let Some(row) = rows.try_next().await? {
            let Some(id) = unfit.sort_out(row.value(0))? else {
                continue;
            };
            let at = timestamp::parse(row.value(1)).map_err(|why| ChangesError::Timestamp {
                index: self.index.definition.name.clone(),
                id: id.to_string(),
                why,
            })?;
            if timestamp::may_be_after(at, since) {
                each(id, at)?;
            }
        }
        drop(rows);
        unfit.expect_left_out(snapshot).await
    }

    /// Gives to `each` the ids that the change log names after the row `after`.
    pub(super) async fn each_logged(
        &self,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
        after: i64,
        mut each: impl FnMut(DocumentId) -> spool::Result<()>,
    ) -> Result<(), Error> {
        let mut unfit = Unfit::of(self.index);
        let sql = queries::logged_changes(changes);
        let mut rows = snapshot.rows(&sql, vec![Argument::Integer(after)]);
        while let Some(row) = rows.try_next().await? {
            if let Some(id) = unfit.sort_out(row.value(0))? {
                each(id)?;
            }
        }
        drop(rows);
        unfit.expect_left_out(snapshot).await
    }
}
