//! Reads a batch line by line.

use super::split::first_field;
use super::{Batch, CHUNK, Result, Spool};

/// One document of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// The JSON, line end included.
    pub json: Vec<u8>,
}

/// The documents of a batch, from first to last. Each read blocks for as long as a page cache needs.
#[derive(Debug)]
pub struct Lines {
    spool: Spool,
    at: u64,
    end: u64,
    /// What was read and not yet returned.
    read: Vec<u8>,
}

impl Lines {
    pub(super) fn of(spool: &Spool, batch: &Batch) -> Self {
        Self {
            spool: spool.clone(),
            at: batch.offset,
            end: batch.offset + batch.bytes,
            read: Vec::new(),
        }
    }

    fn line(&mut self) -> Result<Option<Line>> {
        let mut searched = 0;
        loop {
            let end = self.read[searched..].iter().position(|byte| *byte == b'\n');
            if let Some(end) = end {
                let rest = self.read.split_off(searched + end + 1);
                let json = std::mem::replace(&mut self.read, rest);
                let id = first_field(&json)?;
                return Ok(Some(Line { id, json }));
            }
            if self.at == self.end {
                return Ok(None);
            }
            searched = self.read.len();
            let length = (self.end - self.at).min(CHUNK as u64);
            self.read.resize(searched + length as usize, 0);
            self.spool.read_at(&mut self.read[searched..], self.at)?;
            self.at += length;
        }
    }
}

impl Iterator for Lines {
    type Item = Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line().transpose()
    }
}
