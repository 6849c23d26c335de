//! Reads sorted runs side by side, as one sequence of records.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::mem;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use crate::document::ids::sorter::{LONGEST, PREFIX, WINDOW, record_at};
use crate::spool;

/// Sorted records, one behind the other.
pub(super) enum Source<'s> {
    Memory {
        bytes: &'s [u8],
        places: &'s [u32],
    },
    Disk {
        file: &'s File,
        /// What was not read yet.
        rest: Range<u64>,
        window: Vec<u8>,
        used: usize,
    },
}

impl Source<'_> {
    /// Puts the next record into `record`; false at the end.
    fn next(&mut self, record: &mut Vec<u8>) -> spool::Result<bool> {
        record.clear();
        match self {
            Source::Memory { bytes, places } => {
                let Some((place, rest)) = places.split_first() else {
                    return Ok(false);
                };
                record.extend_from_slice(record_at(bytes, *place as usize));
                *places = rest;
            }
            Source::Disk {
                file,
                rest,
                window,
                used,
            } => {
                if window.len() - *used < PREFIX + LONGEST && rest.start < rest.end {
                    window.drain(..*used);
                    *used = 0;
                    refill(file, rest, window)?;
                }
                if *used == window.len() {
                    return Ok(false);
                }
                record.extend_from_slice(record_at(window, *used));
                *used += PREFIX + record.len();
            }
        }
        Ok(true)
    }
}

fn refill(file: &File, rest: &mut Range<u64>, window: &mut Vec<u8>) -> spool::Result<()> {
    let kept = window.len();
    let more = (WINDOW - kept).min((rest.end - rest.start) as usize);
    window.resize(kept + more, 0);
    file.read_exact_at(&mut window[kept..], rest.start)
        .map_err(|error| spool::explained(&std::env::temp_dir(), "read", error))?;
    rest.start += more as u64;
    Ok(())
}

/// A source and its next record, which a heap orders by.
struct Head<'s> {
    record: Vec<u8>,
    source: Source<'s>,
}

impl Ord for Head<'_> {
    /// The least record is the greatest head: a heap gives its greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.record.cmp(&self.record)
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

impl Eq for Head<'_> {}

/// The records of several sources in their order, each once.
pub struct Merge<'s> {
    heads: BinaryHeap<Head<'s>>,
    record: Vec<u8>,
    ended: bool,
    tail: usize,
}

impl<'s> Merge<'s> {
    pub(super) fn begin(
        sources: impl IntoIterator<Item = Source<'s>>,
        tail: usize,
    ) -> spool::Result<Merge<'s>> {
        let mut heads = BinaryHeap::new();
        for mut source in sources {
            let mut record = Vec::new();
            if source.next(&mut record)? {
                heads.push(Head { record, source });
            }
        }
        let mut merge = Merge {
            heads,
            record: Vec::new(),
            ended: false,
            tail,
        };
        merge.advance()?;
        Ok(merge)
    }

    /// The record that it stands at, without its tail.
    pub fn record(&self) -> Option<&[u8]> {
        (!self.ended).then(|| &self.record[..self.record.len() - self.tail])
    }

    /// The tail of that record.
    pub fn tail(&self) -> &[u8] {
        &self.record[self.record.len() - self.tail..]
    }

    /// Goes on to the next one that is another.
    pub fn advance(&mut self) -> spool::Result<()> {
        loop {
            let Some(mut head) = self.heads.peek_mut() else {
                self.ended = true;
                return Ok(());
            };
            // No record is empty, so the first is another than the one before it.
            let is_another = head.record != self.record;
            if is_another {
                mem::swap(&mut self.record, &mut head.record);
            }
            let Head { record, source } = &mut *head;
            if !source.next(record)? {
                PeekMut::pop(head);
            }
            if is_another {
                return Ok(());
            }
        }
    }
}
