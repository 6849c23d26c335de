//! Rows become documents become batches: one snapshot of the database, read once, from its first row to its last.
//!
//! The read transaction lasts as long as SQLite needs to yield the rows and not a moment longer: batches go into the
//! spool, and the uploader follows at the pace of the server.

use std::time::Instant;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::document::{DocumentError, Keys, Note, Notes};
use crate::engine::upload::BatchLimit;
use crate::error::Error;
use crate::ids::IdSet;
use crate::preflight::Prepared;
use crate::progress::Progress;
use crate::source::{Connection, Snapshot};
use crate::spool::{Batch, SpoolWriter};

/// How many bad rows are shown. All are counted: mending one at a time, a run each, is no way to mend a table.
const SHOWN_BAD_ROWS: usize = 10;

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
    /// The ids, each once.
    pub ids: IdSet,
    /// Oddities that are no errors, counted.
    pub notes: Vec<Note>,
    /// The keys of its `:json` columns.
    pub keys: Keys,
}

/// Rows that cannot become documents.
#[derive(Debug, thiserror::Error)]
#[error("{}", describe(.index, *.total, .shown))]
pub struct BadRows {
    /// The definition's name.
    pub index: String,
    /// How many there are.
    pub total: u64,
    /// The first of them, with their row's number in the result, from 1.
    pub shown: Vec<BadRow>,
}

/// One row that cannot become a document.
#[derive(Debug)]
pub struct BadRow {
    /// The row's number in the result of documents.sql, from 1.
    pub row: u64,
    /// What is wrong with it.
    pub why: RowFault,
}

/// What is wrong with a row.
#[derive(Debug, thiserror::Error)]
pub enum RowFault {
    /// A value cannot be sent.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The id was there before. The later document would silently replace the earlier one.
    #[error(
        "id {id} is returned a second time; one row must be one document (a join that multiplies rows?)"
    )]
    Repeated {
        /// The id.
        id: String,
    },
}

fn describe(index: &str, total: u64, shown: &[BadRow]) -> String {
    let mut text = format!(
        "{index}: {total} row{} of documents.sql cannot be indexed; nothing was made live",
        if total == 1 { "" } else { "s" }
    );
    for bad in shown {
        text.push_str(&format!("\n  row {}: {}", bad.row, bad.why));
    }
    let more = total - shown.len() as u64;
    if more > 0 {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

/// The count that SQLite gives and the rows that it yielded differ, within one snapshot.
#[derive(Debug, thiserror::Error)]
#[error(
    "{index}: SQLite counts {counted} rows and yielded {read} in one snapshot; check the database with PRAGMA integrity_check"
)]
pub struct IncompleteRead {
    /// The definition's name.
    pub index: String,
    /// By COUNT(*).
    pub counted: u64,
    /// By reading.
    pub read: u64,
}

/// Where documents go.
pub struct Output {
    /// The spool; without one (a dry run) documents are only made.
    pub spool: Option<SpoolWriter>,
    /// Told of each batch that is ready to be sent.
    pub batches: mpsc::UnboundedSender<Batch>,
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
        counts.push(snapshot.count(&index.definition.documents_sql).await?);
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
        read.push(one);
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

async fn read_one(
    snapshot: &mut Snapshot<'_>,
    number: usize,
    index: &Prepared,
    output: &mut Output,
    progress: &Progress,
) -> Result<IndexRead, Error> {
    let mut read = IndexRead {
        rows: 0,
        bytes: 0,
        batches: 0,
        ids: IdSet::default(),
        notes: Vec::new(),
        keys: Keys::default(),
    };
    let mut notes = Notes::default();
    let mut bad = BadRows {
        index: index.definition.name.clone(),
        total: 0,
        shown: Vec::new(),
    };
    let mut line = Vec::new();
    if let Some(spool) = &mut output.spool
        && let Some(batch) = spool.begin_index(number).map_err(Error::Spool)?
    {
        let _ = output.batches.send(batch);
    }
    let mut rows = snapshot.rows(&index.definition.documents_sql, Vec::new());
    while let Some(row) = rows.try_next().await? {
        if read.rows == 0 {
            index.expect_columns_of(&row)?;
        }
        read.rows += 1;
        line.clear();
        let fault = match index.shape.write(&row.values(), &mut line, &mut notes) {
            Ok(id) if read.ids.insert(&id) => {
                read.bytes += line.len() as u64;
                progress.row(line.len() as u64);
                if bad.total == 0
                    && let Some(spool) = &mut output.spool
                    && let Some(batch) = spool
                        .push(&line, id.as_str(), output.limit.bytes())
                        .map_err(Error::Spool)?
                {
                    read.batches += 1;
                    let _ = output.batches.send(batch);
                }
                continue;
            }
            Ok(id) => RowFault::Repeated { id: id.to_string() },
            Err(error) => error.into(),
        };
        bad.total += 1;
        if bad.shown.len() < SHOWN_BAD_ROWS {
            bad.shown.push(BadRow {
                row: read.rows,
                why: fault,
            });
        }
    }
    drop(rows);
    if bad.total > 0 {
        return Err(bad.into());
    }
    if let Some(spool) = &mut output.spool
        && let Some(batch) = spool.finish().map_err(Error::Spool)?
    {
        read.batches += 1;
        let _ = output.batches.send(batch);
    }
    read.notes = notes.entries().to_vec();
    read.keys = notes.keys;
    Ok(read)
}
