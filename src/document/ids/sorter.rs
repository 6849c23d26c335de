//! Sorts any number of byte strings: those that do not fit into a small buffer are stored in unlinked files.
//!
//! A set of a million texts in memory takes a hundred megabytes. Here a few megabytes are collected, sorted, and written
//! as a run; the runs are merged while they are read. Runs of one level are merged into one of the next before they are
//! too many, so that neither memory nor the number of open files grows with the input.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::{io, mem};

use crate::spool;

mod merge;

pub use merge::Merge;
use merge::Source;

/// What is collected before it is sorted and written; fifty thousand UUIDs.
const MEMORY: usize = 2 << 20;

/// What is read of a run at once. A hundred runs are read side by side, of each of two sides.
const WINDOW: usize = 16 << 10;

/// How many runs of a level become one of the next.
const FAN_IN: usize = 64;

/// The longest record: an id has 511 bytes at most.
const LONGEST: usize = 1 << 10;

/// Each record begins with its length.
const PREFIX: usize = 2;

/// A growing number of records, which are read in their order, each once.
#[derive(Debug, Default)]
pub(super) struct Sorter {
    /// Records in memory, each behind its length.
    bytes: Vec<u8>,
    /// Where each begins.
    places: Vec<u32>,
    /// Whether those in memory came in their order, each once.
    is_sorted: bool,
    levels: Vec<Level>,
    limits: Limits,
}

/// The sizes, which tests make small.
#[derive(Clone, Copy, Debug)]
struct Limits {
    memory: usize,
    fan_in: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: MEMORY,
            fan_in: FAN_IN,
        }
    }
}

/// Runs of about one size, one behind the other in a file.
#[derive(Debug)]
struct Level {
    file: File,
    runs: Vec<Range<u64>>,
    written: u64,
}

impl Sorter {
    pub(super) fn push(&mut self, record: &[u8]) -> spool::Result<()> {
        debug_assert!(record.len() <= LONGEST, "an id of at most 511 bytes");
        let place = self.bytes.len();
        if place + PREFIX + record.len() + mem::size_of_val(&*self.places) > self.limits.memory {
            self.spill()?;
            return self.push_into_memory(record);
        }
        self.push_into_memory(record)
    }

    fn push_into_memory(&mut self, record: &[u8]) -> spool::Result<()> {
        let (Ok(place), Ok(length)) =
            (u32::try_from(self.bytes.len()), u16::try_from(record.len()))
        else {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge).into());
        };
        let last = self.places.last().map(|place| self.record(*place));
        self.is_sorted = last.is_none_or(|last| self.is_sorted && last < record);
        self.places.push(place);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(record);
        Ok(())
    }

    fn record(&self, place: u32) -> &[u8] {
        record_at(&self.bytes, place as usize)
    }

    /// Puts in order what came since. To be called before it is read.
    pub(super) fn settle(&mut self) -> spool::Result<()> {
        if self.levels.is_empty() {
            self.sort();
            return Ok(());
        }
        // It is on disk anyway: what is left goes there, too, and the memory is free.
        self.spill()?;
        (self.bytes, self.places) = (Vec::new(), Vec::new());
        Ok(())
    }

    fn sort(&mut self) {
        if !self.is_sorted {
            let bytes = &self.bytes;
            let record = |place: &u32| record_at(bytes, *place as usize);
            self.places
                .sort_unstable_by(|one, other| record(one).cmp(record(other)));
            self.places
                .dedup_by(|one, other| record(one) == record(other));
            self.is_sorted = true;
        }
    }

    /// Writes what is in memory as a run.
    fn spill(&mut self) -> spool::Result<()> {
        if self.places.is_empty() {
            return Ok(());
        }
        self.sort();
        if self.levels.is_empty() {
            self.levels.push(Level::new()?);
        }
        let mut run = self.levels[0].begin();
        for place in &self.places {
            run.add(record_at(&self.bytes, *place as usize))?;
        }
        run.end()?;
        self.bytes.clear();
        self.places.clear();
        self.merge_levels()
    }

    fn merge_levels(&mut self) -> spool::Result<()> {
        let mut full = 0;
        while self.levels[full].runs.len() >= self.limits.fan_in {
            if self.levels.len() == full + 1 {
                self.levels.push(Level::new()?);
            }
            let (below, above) = self.levels.split_at_mut(full + 1);
            let mut merged = Merge::begin(below[full].sources(), 0)?;
            let mut run = above[0].begin();
            while let Some(record) = merged.record() {
                run.add(record)?;
                merged.advance()?;
            }
            run.end()?;
            drop(merged);
            below[full].clear()?;
            full += 1;
        }
        Ok(())
    }

    /// Whether all of it is in memory.
    pub(super) fn is_in_memory(&self) -> bool {
        self.levels.is_empty()
    }

    /// How many records are in memory; each is there once when it is settled.
    pub(super) fn in_memory(&self) -> u64 {
        self.places.len() as u64
    }

    /// All records in their order, each once; the last `tail` bytes of each are not part of what is returned. It is settled.
    pub(super) fn merge(&self, tail: usize) -> spool::Result<Merge<'_>> {
        let memory = Source::Memory {
            bytes: &self.bytes,
            places: &self.places,
        };
        let disk = self.levels.iter().flat_map(Level::sources);
        Merge::begin(disk.chain([memory]), tail)
    }
}

fn record_at(bytes: &[u8], place: usize) -> &[u8] {
    let begin = place + PREFIX;
    let length = u16::from_le_bytes([bytes[place], bytes[place + 1]]);
    &bytes[begin..begin + usize::from(length)]
}

impl Level {
    fn new() -> spool::Result<Level> {
        Ok(Level {
            file: spool::unlinked(&std::env::temp_dir())?,
            runs: Vec::new(),
            written: 0,
        })
    }

    fn begin(&mut self) -> Run<'_> {
        Run {
            begin: self.written,
            end: self.written,
            buffer: Vec::with_capacity(2 * WINDOW),
            level: self,
        }
    }

    fn sources(&self) -> impl Iterator<Item = Source<'_>> {
        self.runs.iter().map(|run| Source::Disk {
            file: &self.file,
            rest: run.clone(),
            window: Vec::new(),
            used: 0,
        })
    }

    /// What was in it lies elsewhere now.
    fn clear(&mut self) -> spool::Result<()> {
        self.runs.clear();
        self.written = 0;
        self.file.set_len(0)?;
        Ok(())
    }
}

/// A run that is being written.
struct Run<'l> {
    level: &'l mut Level,
    begin: u64,
    end: u64,
    buffer: Vec<u8>,
}

impl Run<'_> {
    fn add(&mut self, record: &[u8]) -> spool::Result<()> {
        if self.buffer.len() + PREFIX + record.len() > self.buffer.capacity() {
            self.write()?;
        }
        let length = u16::try_from(record.len()).map_err(io::Error::other)?;
        self.buffer.extend_from_slice(&length.to_le_bytes());
        self.buffer.extend_from_slice(record);
        Ok(())
    }

    fn write(&mut self) -> spool::Result<()> {
        let file = &self.level.file;
        file.write_all_at(&self.buffer, self.end)
            .map_err(|error| spool::explained(&std::env::temp_dir(), "write", error))?;
        self.end += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn end(mut self) -> spool::Result<()> {
        self.write()?;
        self.level.runs.push(self.begin..self.end);
        self.level.written = self.end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn small(memory: usize, fan_in: usize) -> Sorter {
        Sorter {
            limits: Limits { memory, fan_in },
            ..Sorter::default()
        }
    }

    fn read(sorter: &Sorter) -> Vec<Vec<u8>> {
        let mut merge = sorter.merge(0).unwrap();
        let mut all = Vec::new();
        while let Some(record) = merge.record() {
            all.push(record.to_vec());
            merge.advance().unwrap();
        }
        all
    }

    proptest! {
        #[test]
        fn records_come_out_in_their_order_each_once(
            records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 0..400),
            memory in 40_usize..3_000,
            fan_in in 2_usize..6,
        ) {
            let mut sorter = small(memory, fan_in);
            let mut model = BTreeSet::new();
            for (number, record) in records.iter().enumerate() {
                sorter.push(record).unwrap();
                model.insert(record.clone());
                // It may be read at any time, and grow on.
                if number % 150 == 0 {
                    sorter.settle().unwrap();
                    prop_assert_eq!(read(&sorter), model.iter().cloned().collect::<Vec<_>>());
                }
            }
            sorter.settle().unwrap();
            prop_assert_eq!(read(&sorter), model.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn neither_memory_nor_runs_grow_with_what_there_is() {
        let mut sorter = small(1_000, 4);
        for number in (0..50_000_u32).rev() {
            sorter.push(&number.to_be_bytes()).unwrap();
            assert!(sorter.bytes.len() <= 1_000);
            assert!(sorter.levels.iter().all(|level| level.runs.len() < 4));
        }
        sorter.settle().unwrap();
        assert!(sorter.bytes.capacity() == 0 && !sorter.is_in_memory());
        let all = read(&sorter);
        assert_eq!(all.len(), 50_000);
        assert!(all.is_sorted());
    }
}
