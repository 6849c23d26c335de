//! Reads one snapshot of the database once, from its first row to its last, and turns rows into documents and batches.
//!
//! The read transaction lasts only as long as SQLite needs to return the rows: batches go into the spool, and the
//! uploader follows at the speed of the server.

use std::time::Instant;

use futures::TryStreamExt as _;
use jiff::Timestamp;

use crate::document::bad_rows::{BadRows, RowFault};
use crate::document::ids::{self, Differences, IdList, RowIds, Side};
use crate::document::{Anomalies, AnomalyCount, DocumentError, Keys};
use crate::error::{CommandError, Error, FAILED};
use crate::meilisearch::upload::BatchLimit;
use crate::prepared::Prepared;
use crate::progress::Progress;
use crate::spool;
use crate::spool::{Outlet, SpoolWriter};
use crate::sqlite::{Connection, DatabaseError, LogPosition, Snapshot};

/// How many ids are compared before other tasks get a turn, for example the one that handles Ctrl-C.
const ROWS_A_TURN: usize = 10_000;

/// What was read of all indexes, in one snapshot.
pub struct Read {
    /// When the snapshot was taken, by this machine's clock.
    pub taken_at: Timestamp,
    /// How long the read transaction was open, in seconds.
    pub seconds: f64,
    /// One entry an index, in the order of the definitions.
    pub indexes: Vec<IndexRead>,
}

/// What was read of one index.
pub struct IndexRead {
    /// Rows, each of them a document.
    pub rows: u64,
    /// Bytes of NDJSON.
    pub bytes: u64,
    /// Batches made of them.
    pub batches: u32,
    /// The ids of the rows, each once.
    pub ids: RowIds,
    /// Anomalies that are no errors, counted.
    pub notes: Vec<AnomalyCount>,
    /// The keys of its `:json` columns.
    pub keys: Keys,
    /// The last row of its change log in the snapshot.
    pub log: Option<LogPosition>,
}

impl IndexRead {
    /// How many documents an index holds that got what was read, and then these changes: as many as their ids.
    ///
    /// # Errors
    /// Where the ids cannot be read back from the temporary folder.
    pub fn documents_after(&self, sent: &mut IdList, deleted: &mut IdList) -> Result<u64, Error> {
        if sent.is_empty() && deleted.is_empty() {
            return Ok(self.rows);
        }
        let mut changes = || -> spool::Result<(u64, u64)> {
            sent.settle()?;
            deleted.settle()?;
            let mut added = 0;
            for side in Differences::of_rows(&self.ids, sent)? {
                added += u64::from(matches!(side?, Side::Right(_)));
            }
            // A deleted document that another program had put there is not counted.
            let mut unread = IdList::new();
            let mut removed = 0;
            for side in Differences::of_rows(&self.ids, deleted)? {
                match side? {
                    Side::Left(_) => {}
                    Side::Right(id) => unread.push(&id)?,
                    Side::Both => removed += 1,
                }
            }
            sent.settle_uncounted()?;
            unread.settle_uncounted()?;
            for side in Differences::of(sent, &unread)? {
                removed += u64::from(side? == Side::Both);
            }
            Ok((added, removed))
        };
        let (added, removed) = changes()?;
        Ok((self.rows + added).saturating_sub(removed))
    }
}

/// The count that SQLite gives and the rows that it yielded differ, within one snapshot.
#[derive(Debug, thiserror::Error)]
#[error(
    "{index}: SQLite counts {} and yielded {read} in one snapshot; check the database with PRAGMA integrity_check",
    crate::figures::counted(*.counted, "row", "rows")
)]
pub struct IncompleteRead {
    /// The definition's name.
    pub index: String,
    /// By COUNT(*).
    pub counted: u64,
    /// By reading.
    pub read: u64,
}

impl CommandError for IncompleteRead {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// Where documents go.
pub struct Output {
    /// The spool; without one (a dry run) documents are only made.
    pub spool: Option<SpoolWriter>,
    /// Receives each batch that is ready to be sent.
    pub batches: Outlet,
    /// How large a batch may be; the uploader lowers it when a server or proxy refuses.
    pub limit: BatchLimit,
}

/// Reads every document of all `indexes`, in one snapshot.
///
/// # Errors
/// The first error of the database; else all bad rows of the first index that has any, after a look at every row.
pub async fn read_all(
    mut connection: Connection,
    indexes: &[Prepared],
    mut output: Output,
    progress: &Progress,
) -> Result<Read, Error> {
    let mut snapshot = connection.snapshot().await?;
    let began = Instant::now();
    let taken_at = snapshot.taken_at();
    let mut counts = Vec::with_capacity(indexes.len());
    for index in indexes {
        let counted = snapshot.count(&index.definition.documents_sql).await;
        counts.push(counted.map_err(|why| in_documents(index, why))?);
    }
    progress.reading(counts.iter().sum());
    let mut read = Vec::with_capacity(indexes.len());
    for (number, (index, counted)) in indexes.iter().zip(counts).enumerate() {
        let one = read_one(&mut snapshot, number, index, &mut output, progress).await?;
        if one.rows != counted {
            return Err(IncompleteRead {
                index: index.definition.name.clone(),
                counted,
                read: one.rows,
            }
            .into());
        }
        let log = match index.changes_by.log() {
            Some(log) => snapshot.end_of_log(&log.table).await?,
            None => None,
        };
        read.push(IndexRead { log, ..one });
    }
    snapshot.end().await?;
    let seconds = began.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(Read {
        taken_at,
        seconds,
        indexes: read,
    })
}

/// Every row of an index that cannot become a document, after one was found, so that a person can correct all of them
/// after one run.
pub async fn all_bad_rows(
    snapshot: &mut Snapshot<'_>,
    index: &Prepared,
    row: u64,
    why: DocumentError,
) -> Error {
    let mut nowhere = Output {
        spool: None,
        batches: Outlet::nowhere(),
        limit: BatchLimit::new(u64::MAX),
    };
    match read_one(snapshot, 0, index, &mut nowhere, &Progress::silent()).await {
        Err(error) => error,
        // The row was corrected in the meantime, or documents.sql returns other rows each time.
        Ok(_) => {
            let mut met = BadRows::of(&index.definition.name);
            met.add(row, why);
            met.into()
        }
    }
}

fn in_documents(index: &Prepared, why: DatabaseError) -> Error {
    why.of_statement(&index.definition.name, "documents.sql")
}

async fn read_one(
    snapshot: &mut Snapshot<'_>,
    number: usize,
    index: &Prepared,
    output: &mut Output,
    progress: &Progress,
) -> Result<IndexRead, Error> {
    let mut read = IndexRead {
        log: None,
        rows: 0,
        bytes: 0,
        batches: 0,
        ids: RowIds::default(),
        notes: Vec::new(),
        keys: Keys::default(),
    };
    let mut notes = Anomalies::default();
    let mut bad = BadRows::of(&index.definition.name);
    let mut line = Vec::new();
    if let Some(spool) = &mut output.spool
        && let Some(batch) = spool.begin_index(number)?
    {
        output.batches.send(batch);
    }
    let mut rows = snapshot.rows(&index.definition.documents_sql, Vec::new());
    while let Some(row) = rows
        .try_next()
        .await
        .map_err(|why| in_documents(index, why))?
    {
        if read.rows == 0 {
            index.expect_columns_of(&row)?;
        }
        read.rows += 1;
        line.clear();
        let id = match index.shape.write(&row.values(), &mut line, &mut notes) {
            Ok(id) => id,
            Err(why) => {
                bad.add(read.rows, why);
                continue;
            }
        };
        read.ids.push(&id, read.rows)?;
        read.bytes += line.len() as u64;
        progress.row(line.len() as u64);
        if bad.is_empty()
            && let Some(spool) = &mut output.spool
            && let Some(batch) = spool.push(&line, id.as_str(), output.limit.bytes())?
        {
            read.batches += 1;
            output.batches.send(batch);
        }
    }
    drop(rows);
    find_repeated(&mut read.ids, &mut bad).await?;
    if !bad.is_empty() {
        return Err(bad.into());
    }
    if let Some(spool) = &mut output.spool
        && let Some(batch) = spool.finish()?
    {
        read.batches += 1;
        output.batches.send(batch);
    }
    read.notes = notes.entries().to_vec();
    read.keys = notes.keys;
    Ok(read)
}

/// Finds the rows whose id an earlier row had. Which those are is known when all ids lie side by side.
async fn find_repeated(ids: &mut RowIds, bad: &mut BadRows) -> Result<(), Error> {
    ids.settle()?;
    let rows = ids.repeated()?;
    for (number, row) in rows.enumerate() {
        if let ids::Row::Repeated { id, row } = row? {
            let id = id.to_string();
            bad.add(row, RowFault::Repeated { id });
        }
        if number % ROWS_A_TURN == 0 {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
