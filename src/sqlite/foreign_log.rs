//! A write-ahead log that lies beside a database that it was not written for.
//!
//! A backup is copied onto the file, and the former database's `-wal` stays beside it. SQLite lays the log over
//! whatever file has the name: old pages appear among restored ones, and the first writer makes that damage lasting. A
//! log does not contain the name of its database, but it contains some facts about it. A mismatch that is found here is
//! certain; a pair that fits by chance cannot be distinguished from one that belongs together.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// <https://www.sqlite.org/fileformat.html#the_write_ahead_log>; the last bit says which end of a word the checksums
/// begin at.
const MAGIC: u32 = 0x377f_0682;
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// Where the first page has the number of times that the database was changed.
const COUNTER_AT: usize = 24;

/// The page that SQLite keeps its locks in, which is never written.
const LOCKED_BYTE: u64 = 0x4000_0000;

/// How a log shows that it was not written for the database that it lies beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignLog {
    /// The database says that it has none. (So does every copy that `VACUUM INTO` makes.)
    #[error("the database was written without one")]
    WithoutLog,
    /// Pages of another size.
    #[error("it has pages of {log} bytes, and the database of {database}")]
    PageSize {
        /// The log's.
        log: u32,
        /// The database's.
        database: u32,
    },
    /// The log takes pages for granted that the database does not have, so it was begun over a longer one.
    #[error("it was begun when the database had at least {known} pages, and it has {found}")]
    Shorter {
        /// The least number of pages that the log takes for granted.
        known: u32,
        /// The database's.
        found: u32,
    },
    /// The log changes the database from a state that it is not in.
    #[error("it takes the database from change {from} to change {to}, and it is at {found}")]
    Counter {
        /// The change that the log begins behind.
        from: u32,
        /// Its last.
        to: u32,
        /// The database's.
        found: u32,
    },
}

/// Whether the log at `wal` belongs to another state of `database`, or to another database. `None` where it fits, or
/// where there is none.
///
/// A log of a hundred megabytes is not read for this at every look, only its frames' headers; where they look foreign,
/// every byte is, so that a frame that is just being written is not taken for one that is there.
pub(super) fn look(database: &File, wal: &Path) -> io::Result<Option<ForeignLog>> {
    Ok(match compare(database, wal, Trust::Salts)? {
        None => None,
        Some(_) => compare(database, wal, Trust::Checksums)?,
    })
}

/// What makes a frame a part of the log: older ones lie behind the last until they are written over.
#[derive(Clone, Copy, PartialEq)]
enum Trust {
    Salts,
    Checksums,
}

fn compare(database: &File, wal: &Path, trust: Trust) -> io::Result<Option<ForeignLog>> {
    // A writer may restart the log, or move pages into the database, at any time: what was read of the database
    // between two looks at one and the same log belongs to that log.
    let Some(before) = Header::read(wal)? else {
        return Ok(None);
    };
    let main = Main::read(database)?;
    let Some(after) = Header::read(wal)?.filter(|after| *after == before) else {
        return Ok(None);
    };
    let log = Log::read(
        &File::open(wal)?,
        &after,
        main.pages(after.page_bytes),
        trust,
    )?;
    Ok(log.and_then(|log| log.foreign_to(&main)))
}

/// What the first bytes of a database say.
struct Main {
    with_log: bool,
    page_bytes: u32,
    counter: u32,
    bytes: u64,
}

impl Main {
    fn read(file: &File) -> io::Result<Main> {
        let mut head = [0; 100];
        file.read_exact_at(&mut head, 0)?;
        Ok(Main {
            with_log: head[18] == 2 || head[19] == 2,
            page_bytes: match u16::from_be_bytes([head[16], head[17]]) {
                1 => 65_536,
                bytes => bytes.into(),
            },
            counter: word(&head, COUNTER_AT),
            bytes: file.metadata()?.len(),
        })
    }

    fn pages(&self, page_bytes: u32) -> u32 {
        u32::try_from(self.bytes / u64::from(page_bytes)).unwrap_or(u32::MAX)
    }
}

#[derive(Clone, Copy, PartialEq)]
struct Header {
    page_bytes: u32,
    salts: [u32; 2],
    sums: Sums,
}

impl Header {
    /// `None` where there is no log, or none that SQLite would use.
    fn read(wal: &Path) -> io::Result<Option<Header>> {
        let mut bytes = [0; HEADER_BYTES];
        let read = File::open(wal).and_then(|file| file.read_exact_at(&mut bytes, 0));
        match read {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
                ) =>
            {
                return Ok(None);
            }
            other => other?,
        }
        let magic = word(&bytes, 0);
        let page_bytes = word(&bytes, 8);
        let known = magic & !1 == MAGIC;
        if !known || !page_bytes.is_power_of_two() || !(512..=65_536).contains(&page_bytes) {
            return Ok(None);
        }
        let mut sums = Sums {
            big_endian: magic & 1 == 1,
            sums: [0, 0],
        };
        sums.add(&bytes[..24]);
        Ok(sums.are(&bytes, 24).then(|| Header {
            page_bytes,
            salts: [word(&bytes, 16), word(&bytes, 20)],
            sums,
        }))
    }
}

/// What the committed frames of a log say.
struct Log {
    page_bytes: u32,
    /// The first and the last number of changes in it; none where no frame is of the first page.
    counters: Option<(u32, u32)>,
    /// Pages that the database had after the last commit.
    pages: u32,
    /// The greatest page beyond the end of the database file that is in no frame.
    missing: Option<u32>,
}

impl Log {
    /// `None` where nothing is committed in it.
    fn read(
        file: &File,
        header: &Header,
        main_pages: u32,
        trust: Trust,
    ) -> io::Result<Option<Log>> {
        let mut log = Log {
            page_bytes: header.page_bytes,
            counters: None,
            pages: 0,
            missing: None,
        };
        let (mut counters, mut beyond) = (None, HashSet::new());
        let page_bytes = header.page_bytes as usize;
        let length = match trust {
            Trust::Salts => FRAME_HEADER_BYTES,
            Trust::Checksums => FRAME_HEADER_BYTES + page_bytes,
        };
        let mut frame = vec![0; length];
        let mut sums = header.sums;
        let mut at = HEADER_BYTES as u64;
        let end = file.metadata()?.len();
        let whole = (FRAME_HEADER_BYTES + page_bytes) as u64;
        while at + whole <= end {
            file.read_exact_at(&mut frame, at)?;
            if [word(&frame, 8), word(&frame, 12)] != header.salts {
                break;
            }
            if trust == Trust::Checksums {
                sums.add(&frame[..8]);
                sums.add(&frame[FRAME_HEADER_BYTES..]);
                if !sums.are(&frame, 16) {
                    break;
                }
            }
            let page = word(&frame, 0);
            if page == 1 {
                let mut counter = [0; 4];
                file.read_exact_at(&mut counter, at + (FRAME_HEADER_BYTES + COUNTER_AT) as u64)?;
                let counter = u32::from_be_bytes(counter);
                counters = Some((counters.map_or(counter, |(first, _)| first), counter));
            }
            if page > main_pages {
                beyond.insert(page);
            }
            let committed = word(&frame, 4);
            if committed > 0 {
                log.pages = committed;
                log.counters = counters;
            }
            at += whole;
        }
        if log.pages == 0 {
            return Ok(None);
        }
        let locked = u32::try_from(LOCKED_BYTE / u64::from(header.page_bytes) + 1).ok();
        log.missing = (main_pages..log.pages)
            .rev()
            .map(|page| page + 1)
            .find(|page| !beyond.contains(page) && Some(*page) != locked);
        Ok(Some(log))
    }

    fn foreign_to(&self, main: &Main) -> Option<ForeignLog> {
        if !main.with_log {
            return Some(ForeignLog::WithoutLog);
        }
        if self.page_bytes != main.page_bytes {
            return Some(ForeignLog::PageSize {
                log: self.page_bytes,
                database: main.page_bytes,
            });
        }
        // A page comes into the file by the log alone: what the file does not have, a frame of its log has.
        if let Some(known) = self.missing {
            return Some(ForeignLog::Shorter {
                known,
                found: main.pages(main.page_bytes),
            });
        }
        // Each commit that touches the first page counts one on from what it found, or repeats it; none counts back. And
        // the number goes round.
        let (first, to) = self.counters?;
        let from = first.wrapping_sub(1);
        let fits = main.counter.wrapping_sub(from) <= to.wrapping_sub(from);
        (!fits).then_some(ForeignLog::Counter {
            from,
            to,
            found: main.counter,
        })
    }
}

/// The running checksum of a log: each frame's goes on from the one before.
#[derive(Clone, Copy, PartialEq)]
struct Sums {
    big_endian: bool,
    sums: [u32; 2],
}

impl Sums {
    fn add(&mut self, bytes: &[u8]) {
        let [mut first, mut second] = self.sums;
        for pair in bytes.chunks_exact(8) {
            let (one, other) = (word(pair, 0), word(pair, 4));
            let (one, other) = match self.big_endian {
                true => (one, other),
                false => (one.swap_bytes(), other.swap_bytes()),
            };
            first = first.wrapping_add(one).wrapping_add(second);
            second = second.wrapping_add(other).wrapping_add(first);
        }
        self.sums = [first, second];
    }

    fn are(&self, bytes: &[u8], at: usize) -> bool {
        self.sums == [word(bytes, at), word(bytes, at + 4)]
    }
}

/// The word at this place, most significant byte first, as all of the format is.
fn word(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_be_bytes(word)
}

#[cfg(test)]
mod tests;
