//! The only file descriptor of a database file, and what is read from its bytes.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

/// Which file a path leads to. A backup copied over the path with `mv`, or a symbolic link that was turned, is another
/// file under the same name, and an open connection goes on reading the former one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        FileIdentity {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    /// The same, told from files of other machines: a host's name may be given to several.
    pub(super) fn on_this_kernel(self) -> String {
        static BOOT: LazyLock<String> = LazyLock::new(|| {
            let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
            boot.map_or_else(|_| crate::host::name(), |boot| boot.trim().to_owned())
        });
        format!("{}:{}:{}", *BOOT, self.device, self.inode)
    }
}

/// A database file, opened for reading once in this process.
///
/// POSIX takes all of a process's locks on a file away as soon as the process closes ANY descriptor of it. SQLite's
/// own locks are of that kind: a header read on the side, or a run lock that is let go, would quietly unlock the file
/// under a running read, and a writer could then move pages that are being read. So everything here that needs the
/// file shares this descriptor, and it is closed when the last connection has gone.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    file: File,
    identity: FileIdentity,
    /// Whether a `RunLock` of this process holds the file: `flock` is by descriptor, so a second lock through the same
    /// one would be granted.
    run_locked: AtomicBool,
    /// Whether a connection of this process has made `-wal` and `-shm` beside the file.
    made_side_files: AtomicBool,
}

static OPENED: LazyLock<Mutex<HashMap<FileIdentity, Weak<DatabaseFile>>>> =
    LazyLock::new(Mutex::default);

impl DatabaseFile {
    /// The file at `path`, whose metadata are `metadata`: the descriptor that is open already, or a new one.
    pub(super) fn open(path: &Path, metadata: &Metadata) -> io::Result<Arc<Self>> {
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|_, file| file.strong_count() > 0);
        if let Some(file) = opened
            .get(&FileIdentity::of(metadata))
            .and_then(Weak::upgrade)
        {
            return Ok(file);
        }
        let file = File::open(path)?;
        let identity = FileIdentity::of(&file.metadata()?);
        if let Some(known) = opened.get(&identity).and_then(Weak::upgrade) {
            // The path was turned to this file since its metadata were read. Closing the new descriptor would take the
            // locks away, so it stays open.
            std::mem::forget(file);
            return Ok(known);
        }
        let file = Arc::new(DatabaseFile {
            file,
            identity,
            run_locked: false.into(),
            made_side_files: false.into(),
        });
        opened.insert(identity, Arc::downgrade(&file));
        Ok(file)
    }

    pub(super) fn identity(&self) -> FileIdentity {
        self.identity
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// The descriptor, for `flock`.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Marks the file as locked by this process; false if it was.
    pub(super) fn claim(&self) -> bool {
        !self.run_locked.swap(true, Ordering::AcqRel)
    }

    pub(super) fn disclaim(&self) {
        self.run_locked.store(false, Ordering::Release);
    }

    pub(super) fn note_side_files(&self) {
        self.made_side_files.store(true, Ordering::Release);
    }

    pub(super) fn made_side_files(&self) -> bool {
        self.made_side_files.load(Ordering::Acquire)
    }

    /// What the first bytes say.
    pub(super) fn header(&self) -> io::Result<Header> {
        let mut bytes = [0_u8; 100];
        let mut read = 0;
        while read < bytes.len() {
            match self.file.read_at(&mut bytes[read..], read as u64) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Header::of(&bytes[..read]))
    }
}

/// What kind of file this is (<https://www.sqlite.org/fileformat.html#the_database_header>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// No byte at all.
    Empty,
    /// A SQLite database.
    Sqlite {
        /// Whether readers and writers share a write-ahead log.
        wal: bool,
    },
    /// Another kind of file, with what it looks like.
    Other(Option<&'static str>),
}

impl Header {
    fn of(bytes: &[u8]) -> Header {
        const KINDS: [(&[u8], &str); 6] = [
            (b"\x1f\x8b", "compressed by gzip: unpack it first"),
            (b"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it first"),
            (b"PK\x03\x04", "a zip archive: unpack it first"),
            (
                b"PRAGMA foreign_keys",
                "a dump in SQL: load it with `sqlite3 new.sqlite3 < FILE` first",
            ),
            (b"\x37\x7f\x06\x82", "a write-ahead log (-wal)"),
            (b"\x37\x7f\x06\x83", "a write-ahead log (-wal)"),
        ];
        if bytes.is_empty() {
            return Header::Empty;
        }
        if bytes.len() >= 20 && bytes.starts_with(b"SQLite format 3\0") {
            return Header::Sqlite {
                wal: bytes[18] == 2 || bytes[19] == 2,
            };
        }
        Header::Other(
            KINDS
                .iter()
                .find(|(magic, _)| bytes.starts_with(magic))
                .map(|(_, kind)| *kind),
        )
    }
}

/// Whether a path is a pipe, a device or a socket, which must not even be opened: opening a pipe waits for a writer.
pub(super) fn is_special(metadata: &Metadata) -> bool {
    let kind = metadata.file_type();
    kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_opened_once_in_a_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "x").unwrap();
        let open = || DatabaseFile::open(&path, &std::fs::metadata(&path).unwrap()).unwrap();
        let (first, second) = (open(), open());
        assert!(Arc::ptr_eq(&first, &second));

        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "y").unwrap();
        let other = open();
        assert!(!Arc::ptr_eq(&first, &other));
        assert_ne!(first.identity(), other.identity());
    }

    #[test]
    fn the_header_tells_what_a_file_is() {
        let mut header = b"SQLite format 3\0\x10\x00\x01\x01".to_vec();
        header.resize(100, 0);
        assert_eq!(Header::of(&header), Header::Sqlite { wal: false });
        header[18] = 2;
        header[19] = 2;
        assert_eq!(Header::of(&header), Header::Sqlite { wal: true });
        assert_eq!(Header::of(b""), Header::Empty);
        assert_eq!(Header::of(b"hello"), Header::Other(None));
        assert!(
            matches!(Header::of(b"\x1f\x8b\x08\0"), Header::Other(Some(kind)) if kind.contains("gzip"))
        );
    }
}
