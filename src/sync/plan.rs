//! What a round found: documents to send, spooled, and ids to delete, each with its reason.

use serde_json::value::RawValue;

use crate::document::ids::{DocumentId, IdList};
use crate::document::{Anomalies, AnomalyCount};
use crate::error::Error;
use crate::spool::{Batch, Spool, SpoolWriter};
use crate::sync::compare::Findings;

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

/// What a round found. Documents lie in the spool from the moment that they are found, and beyond some number their ids do,
/// too. How many there are is known for certain once it is finished.
#[derive(Debug)]
pub struct Plan {
    /// Sent because changes.sql names them.
    pub changed: IdList,
    /// Sent because the index did not have them.
    pub missing: IdList,
    /// Sent because a field differed.
    pub different: IdList,
    /// Deleted: the index has them and documents.sql does not return them.
    pub gone: IdList,
    /// Rows that were read.
    pub rows: u64,
    /// Bytes of NDJSON that those rows became, whether they are sent or not.
    pub row_bytes: u64,
    /// Bytes of NDJSON that are sent.
    pub bytes: u64,
    /// Anomalies of the data.
    pub notes: Anomalies,
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
        let (writer, spool) = Spool::create(None)?;
        Ok(Self {
            changed: IdList::new(),
            missing: IdList::new(),
            different: IdList::new(),
            gone: IdList::new(),
            rows: 0,
            row_bytes: 0,
            bytes: 0,
            batch_bytes,
            notes: Anomalies::new(),
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

    /// The ids of all documents that are sent. It is finished.
    pub fn sent_ids(&self) -> Result<IdList, Error> {
        let mut all = IdList::new();
        for ids in [&self.changed, &self.missing, &self.different] {
            all.append(ids)?;
        }
        all.settle()?;
        Ok(all)
    }

    /// How many documents an index of `documents` has when all of this is done. Documents that are sent as changed may be
    /// new, which is not known here; the answer is then too low, and a deeper look follows.
    pub(super) fn count_after(&self, documents: u64) -> u64 {
        (documents + self.missing.len()).saturating_sub(self.gone.len())
    }

    /// The caller does not send this plan, so its documents need no space on the disk; the report of them stays.
    pub(super) fn drop_documents(&mut self) {
        self.spooled.clear();
    }

    /// Nothing more is found: all batches are complete, and all ids counted.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        for ids in [
            &mut self.changed,
            &mut self.missing,
            &mut self.different,
            &mut self.gone,
        ] {
            ids.settle()?;
        }
        for spooled in &mut self.spooled {
            let batch = spooled.writer.finish()?;
            spooled.batches.extend(batch);
        }
        Ok(())
    }

    /// Takes over what another look found, which is finished. A document that both would send is sent twice, the later one
    /// last.
    pub(super) fn absorb(&mut self, other: Plan) -> Result<(), Error> {
        for (ours, theirs) in [
            (&mut self.changed, &other.changed),
            (&mut self.missing, &other.missing),
            (&mut self.different, &other.different),
            (&mut self.gone, &other.gone),
        ] {
            ours.append(theirs)?;
        }
        self.rows += other.rows;
        self.row_bytes += other.row_bytes;
        self.bytes += other.bytes;
        self.notes.absorb(other.notes.entries());
        self.spooled.extend(other.spooled);
        self.finish()
    }
}

impl Findings for Plan {
    fn row(&mut self, bytes: u64) {
        self.rows += 1;
        self.row_bytes += bytes;
    }

    /// The row is to be sent.
    fn differs(
        &mut self,
        id: &DocumentId,
        line: &[u8],
        _document: Option<&RawValue>,
        reason: Reason,
    ) -> Result<(), Error> {
        let ids = match reason {
            Reason::Changed => &mut self.changed,
            Reason::Missing => &mut self.missing,
            Reason::Different => &mut self.different,
        };
        ids.push(id)?;
        self.bytes += line.len() as u64;
        if let Some(last) = self.spooled.last_mut() {
            let batch = last.writer.push(line, id.as_str(), self.batch_bytes);
            last.batches.extend(batch?);
        }
        Ok(())
    }

    fn gone(&mut self, id: &DocumentId, _document: &RawValue) -> Result<(), Error> {
        self.gone.push(id).map_err(Error::from)
    }

    fn notes(&mut self, notes: &[AnomalyCount]) {
        self.notes.absorb(notes);
    }
}
