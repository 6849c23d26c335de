//! Rows as lines of NDJSON: a round reads those of some ids, as they are at that moment. Where there are several servers, what
//! was read for one serves the others, too (`shared`).

mod shared;

use std::sync::Arc;

use futures::TryStreamExt as _;
pub use shared::SharedRows;

use crate::document::Anomalies;
use crate::document::ids::{DocumentId, IdList};
use crate::error::Error;
use crate::prepared::Prepared;
use crate::reader::all_bad_rows;
use crate::sqlite::queries::{self, IDS_PER_READ};
use crate::sqlite::{Connection, Snapshot};
use crate::sync::Round;

impl Round<'_> {
    /// Gives to `each` the row of every id that has one, as its line, and to `notes` the anomalies of these rows.
    pub(super) async fn each_row(
        &self,
        connection: &mut Connection,
        ids: &[DocumentId],
        notes: &mut Anomalies,
        mut each: impl FnMut(&DocumentId, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(shared) = self.rows.shared() else {
            let mut snapshot = connection.snapshot().await?;
            read_rows(&mut snapshot, self.index, ids, notes, |id, line, _| {
                each(&id, line)
            })
            .await?;
            return Ok(snapshot.end().await?);
        };
        let mut rest = ids;
        while !rest.is_empty() {
            let (lines, left) = {
                let mut shared = shared.lock().await;
                shared.first_lines(self.database, self.index, rest).await?
            };
            for line in lines {
                each(&line.id, &line.text)?;
                notes.absorb(line.notes.entries());
            }
            rest = left;
        }
        Ok(())
    }

    /// The ids of all rows, settled.
    pub(super) async fn ids_of_rows(
        &self,
        connection: &mut Connection,
    ) -> Result<Arc<IdList>, Error> {
        if let Some(shared) = self.rows.shared() {
            let mut shared = shared.lock().await;
            return shared.all_ids(self.database, self.index).await;
        }
        let mut snapshot = connection.snapshot().await?;
        let ids = read_ids(&mut snapshot, self.index).await?;
        snapshot.end().await?;
        Ok(Arc::new(ids))
    }
}

/// Reads the rows of these ids, and gives each to `each` as its line, with what was counted until then.
async fn read_rows(
    snapshot: &mut Snapshot<'_>,
    index: &Prepared,
    ids: &[DocumentId],
    notes: &mut Anomalies,
    mut each: impl FnMut(DocumentId, &[u8], &mut Anomalies) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut line = Vec::new();
    let mut rows_read = 0;
    for some in ids.chunks(IDS_PER_READ) {
        let texts = some.iter().map(DocumentId::as_str);
        let (sql, arguments) = queries::by_ids(&index.definition.documents_sql, texts);
        let mut rows = snapshot.rows(&sql, arguments);
        while let Some(row) = rows.try_next().await? {
            if rows.rows() == 1 {
                index.expect_columns_of(&row)?;
            }
            line.clear();
            rows_read += 1;
            match index.shape.write(&row.values(), &mut line, notes) {
                Ok(id) => each(id, &line, notes)?,
                Err(why) => {
                    drop(rows);
                    return Err(all_bad_rows(snapshot, index, rows_read, why).await);
                }
            }
        }
    }
    tracing::debug!(
        index = %index.definition.name, asked = ids.len(), read = rows_read, "rows read"
    );
    Ok(())
}

/// Reads the ids of all rows.
async fn read_ids(snapshot: &mut Snapshot<'_>, index: &Prepared) -> Result<IdList, Error> {
    let mut ids = IdList::new();
    let sql = queries::ids_only(&index.definition.documents_sql);
    let mut rows = snapshot.rows(&sql, Vec::new());
    while let Some(row) = rows.try_next().await? {
        match DocumentId::from_value(row.value(0)) {
            Ok(id) => ids.push(&id)?,
            Err(why) => {
                let row = rows.rows();
                drop(rows);
                return Err(all_bad_rows(snapshot, index, row, why.into()).await);
            }
        }
    }
    ids.settle_uncounted()?;
    Ok(ids)
}
