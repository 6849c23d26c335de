//! What a round found: documents to send, spooled, and ids to delete, each with its reason.

use serde_json::value::RawValue;

use super::compare::Findings;
use crate::document::Note;
use crate::error::Error;
use crate::ids::{DocumentId, IdSet};
use crate::spool::{Batch, Spool, SpoolWriter};

/// Why a document is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// changes.sql names it, and its document is not what the row says now.
    Changed,
    /// The index does not have it.
    Missing,
    /// The index has it, and at least one field differs; no timestamp told.
    Different,
}

/// What a round found. Documents lie in the spool from the moment that they are found, so memory holds ids alone.
#[derive(Debug)]
pub struct Plan {
    /// Sent because changes.sql names them.
    pub changed: IdSet,
    /// Sent because the index did not have them.
    pub missing: IdSet,
    /// Sent because a field differed.
    pub different: IdSet,
    /// Deleted: the index has them and documents.sql does not return them.
    pub gone: IdSet,
    /// Rows that were read.
    pub rows: u64,
    /// Bytes of NDJSON that those rows became, whether they are sent or not.
    pub row_bytes: u64,
    /// Bytes of NDJSON that are sent.
    pub bytes: u64,
    /// Oddities of the data.
    pub notes: Vec<Note>,
    /// How large an upload may be.
    batch_bytes: u64,
    pub(super) spooled: Vec<Spooled>,
}

/// Batches and the spool that they lie in.
#[derive(Debug)]
pub(super) struct Spooled {
    pub(super) spool: Spool,
    writer: SpoolWriter,
    pub(super) batches: Vec<Batch>,
}

impl Plan {
    pub(super) fn new(batch_bytes: u64) -> Result<Self, Error> {
        let (writer, spool) = Spool::create(None).map_err(Error::Spool)?;
        Ok(Self {
            changed: IdSet::default(),
            missing: IdSet::default(),
            different: IdSet::default(),
            gone: IdSet::default(),
            rows: 0,
            row_bytes: 0,
            bytes: 0,
            batch_bytes,
            notes: Vec::new(),
            spooled: vec![Spooled {
                spool,
                writer,
                batches: Vec::new(),
            }],
        })
    }

    /// How many documents are sent.
    pub fn sent(&self) -> u64 {
        self.changed.len() + self.missing.len() + self.different.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.sent() == 0 && self.gone.is_empty()
    }

    /// The ids of all documents that are sent.
    pub fn sent_ids(&self) -> impl Iterator<Item = DocumentId> + '_ {
        [&self.changed, &self.missing, &self.different]
            .into_iter()
            .flat_map(IdSet::iter)
    }

    /// How many documents an index of `documents` has when all of this is done. Documents that are sent as changed may be
    /// new, which is not known here; the answer is then too low, and a deeper look follows.
    pub(super) fn count_after(&self, documents: u64) -> u64 {
        (documents + self.missing.len()).saturating_sub(self.gone.len())
    }

    /// Nothing more is sent: all batches are complete.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        for spooled in &mut self.spooled {
            let batch = spooled.writer.finish().map_err(Error::Spool)?;
            spooled.batches.extend(batch);
        }
        Ok(())
    }

    /// Takes over what another look found. A document that both would send is sent twice, the later one last.
    pub(super) fn absorb(&mut self, other: Plan) {
        for (ours, theirs) in [
            (&mut self.changed, &other.changed),
            (&mut self.missing, &other.missing),
            (&mut self.different, &other.different),
            (&mut self.gone, &other.gone),
        ] {
            for id in theirs.iter() {
                ours.insert(&id);
            }
        }
        self.rows += other.rows;
        self.row_bytes += other.row_bytes;
        self.bytes += other.bytes;
        self.notes.extend(other.notes);
        self.spooled.extend(other.spooled);
    }
}

impl Findings for Plan {
    fn row(&mut self, bytes: u64) {
        self.rows += 1;
        self.row_bytes += bytes;
    }

    /// The row is to be sent, unless it is on its way already.
    fn differs(
        &mut self,
        id: &DocumentId,
        line: &[u8],
        _document: Option<&RawValue>,
        reason: Reason,
    ) -> Result<(), Error> {
        if self.changed.contains(id) || self.missing.contains(id) || self.different.contains(id) {
            return Ok(());
        }
        match reason {
            Reason::Changed => self.changed.insert(id),
            Reason::Missing => self.missing.insert(id),
            Reason::Different => self.different.insert(id),
        };
        self.gone.remove(id);
        self.bytes += line.len() as u64;
        if let Some(last) = self.spooled.last_mut() {
            let batch = last.writer.push(line, id.as_str(), self.batch_bytes);
            last.batches.extend(batch.map_err(Error::Spool)?);
        }
        Ok(())
    }

    fn gone(&mut self, id: &DocumentId, _document: &RawValue) {
        self.gone.insert(id);
    }

    fn notes(&mut self, notes: &[Note]) {
        self.notes.extend_from_slice(notes);
    }
}
