//! Lists of any number of ids: sorted, without duplicates, and compared with each other.

use std::io;

use crate::document::ids::sorter::{Merge, Sorter};
use crate::document::ids::{DocumentId, to_signed, to_unsigned};
use crate::spool;

/// What an encoded id begins with: numbers come first.
const NUMBER: u8 = 1;
const TEXT: u8 = 2;

/// The number of a row behind its id.
const ROW: usize = 8;

/// A list of ids that takes a few megabytes of memory at most, however many there are and whatever they look like.
///
/// It is filled, then settled, then read. Whether a `7` was put in as a text is forgotten.
#[derive(Debug, Default)]
pub struct IdList {
    sorter: Sorter,
    /// How many there are; until they are settled, one that came twice counts twice.
    len: u64,
    scratch: Vec<u8>,
}

impl IdList {
    pub fn new() -> IdList {
        IdList::default()
    }

    /// Adds an id; one that is there already makes no difference.
    pub fn push(&mut self, id: &DocumentId) -> spool::Result<()> {
        self.scratch.clear();
        encode(id, &mut self.scratch);
        self.sorter.push(&self.scratch)?;
        self.len += 1;
        Ok(())
    }

    /// Adds all ids of another list, which is settled.
    pub fn append(&mut self, other: &IdList) -> spool::Result<()> {
        for id in other.ids()? {
            self.push(&id?)?;
        }
        Ok(())
    }

    /// Sorts the ids that were added, for callers that do not ask for their number.
    pub fn settle_uncounted(&mut self) -> spool::Result<()> {
        self.sorter.settle()
    }

    /// Puts in order what came since, and counts it.
    pub fn settle(&mut self) -> spool::Result<()> {
        self.sorter.settle()?;
        if self.sorter.is_in_memory() {
            self.len = self.sorter.in_memory();
            return Ok(());
        }
        self.len = 0;
        let mut merge = self.sorter.merge(0)?;
        while merge.record().is_some() {
            self.len += 1;
            merge.advance()?;
        }
        Ok(())
    }

    /// How many there are, each counted once if the list is settled.
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All ids, numbers first and as numbers, then texts. The list is settled.
    pub fn ids(&self) -> spool::Result<Ids<'_>> {
        Ok(Ids {
            merge: self.sorter.merge(0)?,
        })
    }

    /// The first ids.
    pub fn first(&self, how_many: usize) -> spool::Result<Vec<DocumentId>> {
        self.ids()?.take(how_many).collect()
    }
}

/// The ids of rows, each with the number of its row: which of them come twice, and in which row, is known in the end.
#[derive(Debug, Default)]
pub struct RowIds {
    sorter: Sorter,
    scratch: Vec<u8>,
}

impl RowIds {
    pub fn push(&mut self, id: &DocumentId, row: u64) -> spool::Result<()> {
        self.scratch.clear();
        encode(id, &mut self.scratch);
        // Behind any id comes a byte that is less than all of an id's: the order is that of ids, then of rows.
        debug_assert!(row >> 56 == 0, "nobody has so many rows");
        self.scratch.extend_from_slice(&row.to_be_bytes());
        self.sorter.push(&self.scratch)
    }

    pub fn settle(&mut self) -> spool::Result<()> {
        self.sorter.settle()
    }

    /// Every row whose id an earlier row had. They are settled.
    pub fn repeated(&self) -> spool::Result<Repeated<'_>> {
        Ok(Repeated {
            merge: self.sorter.merge(ROW)?,
            before: Vec::new(),
        })
    }
}

/// The ids of a list, one after the other.
pub struct Ids<'l> {
    merge: Merge<'l>,
}

impl Iterator for Ids<'_> {
    type Item = spool::Result<DocumentId>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = decode(self.merge.record()?);
        Some(id.and_then(|id| self.merge.advance().map(|()| id)))
    }
}

/// What a row says about its id.
#[derive(Debug, PartialEq)]
pub enum Row {
    /// It is the first with it.
    First,
    /// An earlier one had it.
    Repeated {
        /// The id.
        id: DocumentId,
        /// The row's number.
        row: u64,
    },
}

/// All rows, by their ids.
pub struct Repeated<'l> {
    merge: Merge<'l>,
    before: Vec<u8>,
}

impl Iterator for Repeated<'_> {
    type Item = spool::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.merge.record()?;
        let row = if record == self.before {
            let number = self.merge.tail().try_into().map(u64::from_be_bytes);
            let row = number.map_err(|_| unreadable());
            row.and_then(|row| {
                let id = decode(record)?;
                Ok(Row::Repeated { id, row })
            })
        } else {
            self.before.clear();
            self.before.extend_from_slice(record);
            Ok(Row::First)
        };
        Some(row.and_then(|row| self.merge.advance().map(|()| row)))
    }
}

/// Which of two sides has an id.
#[derive(Debug, PartialEq)]
pub enum Side {
    /// The first alone.
    Left(DocumentId),
    /// The second alone.
    Right(DocumentId),
    /// Both have it.
    Both,
}

/// The ids of two sides, in their order.
pub struct Differences<'l> {
    left: Merge<'l>,
    right: Merge<'l>,
}

impl<'l> Differences<'l> {
    /// Of two lists, both of them settled.
    pub fn of(left: &'l IdList, right: &'l IdList) -> spool::Result<Differences<'l>> {
        Ok(Differences {
            left: left.sorter.merge(0)?,
            right: right.sorter.merge(0)?,
        })
    }

    /// Of rows and a list, both of them settled. The rows have each id once.
    pub fn of_rows(rows: &'l RowIds, list: &'l IdList) -> spool::Result<Differences<'l>> {
        Ok(Differences {
            left: rows.sorter.merge(ROW)?,
            right: list.sorter.merge(0)?,
        })
    }
}

impl Iterator for Differences<'_> {
    type Item = spool::Result<Side>;

    fn next(&mut self) -> Option<Self::Item> {
        let side = match (self.left.record(), self.right.record()) {
            (None, None) => return None,
            (Some(left), Some(right)) if left == right => {
                let both = self.left.advance().and_then(|()| self.right.advance());
                return Some(both.map(|()| Side::Both));
            }
            (Some(left), right) if right.is_none_or(|right| left < right) => {
                let id = decode(left);
                id.and_then(|id| self.left.advance().map(|()| Side::Left(id)))
            }
            (_, Some(right)) => {
                let id = decode(right);
                id.and_then(|id| self.right.advance().map(|()| Side::Right(id)))
            }
            (Some(_), None) => return None,
        };
        Some(side)
    }
}

fn encode(id: &DocumentId, out: &mut Vec<u8>) {
    match id.number {
        Some(number) => {
            out.push(NUMBER);
            out.extend_from_slice(&to_unsigned(number).to_be_bytes());
        }
        None => {
            out.push(TEXT);
            out.extend_from_slice(id.text.as_bytes());
        }
    }
}

fn decode(record: &[u8]) -> spool::Result<DocumentId> {
    match record.split_first() {
        Some((&NUMBER, number)) => {
            let number = number.try_into().map_err(|_| unreadable())?;
            Ok(DocumentId::from(to_signed(u64::from_be_bytes(number))))
        }
        Some((&TEXT, text)) => Ok(DocumentId {
            text: std::str::from_utf8(text).map_err(|_| unreadable())?.into(),
            number: None,
            quoted: true,
        }),
        _ => Err(unreadable()),
    }
}

fn unreadable() -> spool::SpoolError {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a temporary file of ids does not hold what was written into it",
    )
    .into()
}
