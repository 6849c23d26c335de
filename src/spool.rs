//! The spool: NDJSON batches of documents in an unlinked file.
//!
//! The reader writes as fast as SQLite returns rows, the uploader streams each batch out with a known length. So the
//! read transaction lasts seconds however slow the server or a proxy is, an upload that is repeated sends the same
//! bytes, and no batch is ever in memory. The file has no name from the start and only its owner can read it: it
//! disappears with the process, however that ends.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use tokio::task::JoinHandle;

use crate::error::{CommandError, FAILED};

mod lines;
mod share;
mod split;

pub use lines::{Line, Lines};
use share::Taker;
pub use share::{Inlet, Outlet, share};

/// The temporary file that documents or ids wait in cannot be made, written or read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SpoolError(#[from] pub io::Error);

impl CommandError for SpoolError {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// What comes of using the temporary file.
pub type Result<T> = std::result::Result<T, SpoolError>;

/// What is read from the file at once, and collected before it is written: some system calls a megabyte.
const CHUNK: usize = 256 * 1024;

/// The documents of one upload: a range of the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which of the selected indexes they belong to, by its place in the selection.
    pub index: usize,
    /// The how-many-th batch of that index, from 1. The pieces of a split batch keep its number.
    pub number: u32,
    /// Where the batch begins in the spool.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
    /// How many documents (lines) it holds.
    pub documents: u64,
    /// The id of the first.
    pub first_id: String,
    /// The id of the last.
    pub last_id: String,
}

/// The reading side; cheap to clone.
#[derive(Clone, Debug)]
pub struct Spool {
    file: Arc<File>,
    folder: Arc<Path>,
    /// Whose side it is, where several servers take from it.
    taker: Option<Arc<Taker>>,
}

/// The writing side. What it has announced as a [`Batch`] can be read.
#[derive(Debug)]
pub struct SpoolWriter {
    out: BufWriter<Arc<File>>,
    folder: Arc<Path>,
    index: usize,
    number: u32,
    /// How many bytes were written, buffered ones included.
    written: u64,
    open: Option<Batch>,
}

impl Spool {
    /// A spool in `folder`, or in the system's folder for temporary files (`TMPDIR`).
    pub fn create(folder: Option<&Path>) -> Result<(SpoolWriter, Spool)> {
        let folder = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        Ok(Spool::over(unlinked(&folder)?, folder))
    }

    fn over(file: File, folder: PathBuf) -> (SpoolWriter, Spool) {
        let (file, folder): (_, Arc<Path>) = (Arc::new(file), folder.into());
        let out = BufWriter::with_capacity(CHUNK, Arc::clone(&file));
        let writer = SpoolWriter {
            out,
            folder: Arc::clone(&folder),
            index: 0,
            number: 0,
            written: 0,
            open: None,
        };
        let spool = Spool {
            file,
            folder,
            taker: None,
        };
        (writer, spool)
    }

    /// The bytes of a batch, as an upload's body.
    pub fn body(&self, batch: &Batch) -> SpoolBody {
        let end = batch.offset + batch.bytes;
        SpoolBody {
            spool: self.clone(),
            start: batch.offset,
            end,
            next: batch.offset,
            reading: None,
        }
    }

    /// The same documents in batches of at most `max_bytes` each, cut at line ends; a longer line stays whole. One
    /// batch comes back where there is nothing to cut. Reads the batch's range, so it may take milliseconds.
    pub fn split(&self, batch: &Batch, max_bytes: u64) -> Result<Vec<Batch>> {
        split::split(self, batch, max_bytes)
    }

    /// The documents of a batch, one after the other.
    pub fn lines(&self, batch: &Batch) -> Lines {
        Lines::of(self, batch)
    }

    /// Gives the disk space of a batch back while the spool lives on, where the file system can; of a shared spool, when
    /// every other server has taken it, too. What is read of it afterwards is zeros: only for a batch that will never be
    /// sent again.
    pub fn release(&self, batch: &Batch) {
        let free = match &self.taker {
            None => Some((batch.offset, batch.bytes)),
            Some(taker) => taker.take(batch),
        };
        if let Some((offset, bytes)) = free {
            give_back(&self.file, offset, bytes);
        }
    }

    /// Fills `buffer` with the bytes from `offset` on.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file
            .read_exact_at(buffer, offset)
            .map_err(|error| explained(&self.folder, "read", error))
    }
}

fn give_back(file: &File, offset: u64, bytes: u64) {
    if bytes > 0
        && let Err(error) = make_hole(file, offset, bytes)
    {
        tracing::debug!(%error, "the spool keeps its size until the run ends");
    }
}

#[cfg(target_os = "linux")]
fn make_hole(file: &File, offset: u64, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(file, flags, offset, bytes)?)
}

/// Other systems have other calls for it, or none.
#[cfg(not(target_os = "linux"))]
fn make_hole(_: &File, _: u64, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

impl SpoolWriter {
    /// What follows belongs to the index at place `index` of the selection. Ends the batch of the one before, if it is
    /// still open, and returns it.
    pub fn begin_index(&mut self, index: usize) -> Result<Option<Batch>> {
        let last = self.finish()?;
        (self.index, self.number) = (index, 0);
        Ok(last)
    }

    /// Adds one document: a line of JSON, its line end included. Where it does not fit into `limit_bytes` with the
    /// batch so far, that batch is finished and returned, and the line begins the next one. A single line may be longer
    /// than the limit; it is a batch of its own then.
    pub fn push(&mut self, line: &[u8], id: &str, limit_bytes: u64) -> Result<Option<Batch>> {
        debug_assert!(
            line.ends_with(b"\n") && !line[..line.len() - 1].contains(&b'\n'),
            "one line, with its end"
        );
        let length = line.len() as u64;
        let fits = |batch: &Batch| batch.bytes + length <= limit_bytes;
        let finished = if self.open.as_ref().is_some_and(|batch| !fits(batch)) {
            self.finish()?
        } else {
            None
        };
        self.out
            .write_all(line)
            .map_err(|error| explained(&self.folder, "write", error))?;
        match &mut self.open {
            Some(batch) => {
                batch.bytes += length;
                batch.documents += 1;
                id.clone_into(&mut batch.last_id);
            }
            None => {
                self.number += 1;
                self.open = Some(Batch {
                    index: self.index,
                    number: self.number,
                    offset: self.written,
                    bytes: length,
                    documents: 1,
                    first_id: id.to_owned(),
                    last_id: id.to_owned(),
                });
            }
        }
        self.written += length;
        Ok(finished)
    }

    /// Ends the batch that is open, if there is one.
    pub fn finish(&mut self) -> Result<Option<Batch>> {
        let Some(batch) = self.open.take() else {
            return Ok(None);
        };
        self.out
            .flush()
            .map_err(|error| explained(&self.folder, "write", error))?;
        Ok(Some(batch))
    }
}

/// The body of an upload: a stream of chunks whose total length is known beforehand.
///
/// A clone begins at the beginning, so that a repeated upload sends the same bytes.
#[derive(Debug)]
pub struct SpoolBody {
    spool: Spool,
    start: u64,
    end: u64,
    next: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl SpoolBody {
    /// The length of the whole, for `Content-Length`.
    pub fn len(&self) -> u64 {
        self.end - self.start
    }
}

impl Clone for SpoolBody {
    fn clone(&self) -> Self {
        SpoolBody {
            spool: self.spool.clone(),
            start: self.start,
            end: self.end,
            next: self.start,
            reading: None,
        }
    }
}

impl Stream for SpoolBody {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.reading.is_none() && this.next < this.end {
            let (spool, offset) = (this.spool.clone(), this.next);
            let length = (this.end - offset).min(CHUNK as u64) as usize;
            this.reading = Some(tokio::task::spawn_blocking(move || {
                let mut chunk = vec![0; length];
                spool.read_at(&mut chunk, offset)?;
                Ok(Bytes::from(chunk))
            }));
        }
        let Some(reading) = &mut this.reading else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(reading).poll(context))
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        this.reading = None;
        match &read {
            Ok(chunk) => this.next += chunk.len() as u64,
            Err(_) => this.next = this.end,
        }
        Poll::Ready(Some(read))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let chunks = (self.end - self.next).div_ceil(CHUNK as u64) as usize;
        (chunks, Some(chunks))
    }
}

/// A temporary file without a name, readable by its owner only.
pub(crate) fn unlinked(folder: &Path) -> Result<File> {
    let created = tempfile::tempfile_in(folder).and_then(|file| {
        // It has no name, but /proc shows it to whoever may look at this process.
        file.set_permissions(Permissions::from_mode(0o600))?;
        Ok(file)
    });
    Ok(created.map_err(|error| explained(folder, "create", error))?)
}

/// The system's word, with what it is about and what to do.
pub(crate) fn explained(folder: &Path, verb: &str, error: io::Error) -> io::Error {
    let folder = folder.display();
    let advice = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            ": there is no room for the documents of this run; free some, or point TMPDIR to a larger file system"
        }
        ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ": point TMPDIR to a folder that exists and that this user may write to"
        }
        _ => "",
    };
    io::Error::new(
        error.kind(),
        format!("can't {verb} the spool in {folder} ({error}){advice}"),
    )
}

#[cfg(test)]
mod tests;
