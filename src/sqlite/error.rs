//! What can go wrong with a database, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{CommandError, Error, FAILED, LOCKED, USAGE};
use crate::sqlite::address::AddressError;
use crate::sqlite::foreign_log::ForeignLog;
use crate::sqlite::statement::StatementError;

/// What went wrong with the database.
///
/// SQLite's own texts mislead where it matters most ("attempt to write a readonly database" for a reader that may not
/// make a `-shm` file), so each state that a production database can be in has a variant that says what to do. In all of
/// them `path` is the database, `message` is SQLite's text, and `rows` is how many rows had come before.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// What was given as the database can't be one: usage.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A statement that is not one reading statement, or that SQLite does not understand: usage.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The file is not there, is not a file or holds no database: usage.
    #[error(transparent)]
    Unusable(#[from] UnusableDatabase),
    /// The run lock is held: another run is in progress.
    #[error(
        "{} is locked by another run: another bisan-indexer (perhaps in the other container of a deployment) is working on this database; wait until it has ended, or end it", path.display()
    )]
    RunLocked { path: PathBuf },
    /// The database file can't be opened or locked, for a reason of the operating system's.
    #[error("can't {intent} {}: {error}", path.display())]
    Io {
        /// "open", "lock".
        intent: &'static str,
        path: PathBuf,
        /// The system's word.
        #[source]
        error: io::Error,
    },
    /// SQLite can't open the database for this user, or as it lies there.
    #[error("can't read {}: {problem}", path.display())]
    NotReadable {
        path: PathBuf,
        /// What is in the way.
        problem: OpenProblem,
    },
    /// A writer held its lock for longer than the busy timeout. Never taken for "no rows".
    #[error(
        "{} is locked by a writer (SQLite: {message}), and still was after {} s; find the transaction that stays open (a console, a migration, a backup), or allow more time with --busy-timeout", path.display(), waited.as_secs_f32()
    )]
    Busy {
        path: PathBuf,
        /// The busy timeout.
        waited: Duration,
        message: String,
    },
    /// The file is damaged. The rows read so far are not the whole, and are not used.
    #[error(
        "{} is damaged (SQLite: {message}{}); nothing that was read of it is used: run `PRAGMA integrity_check` on a copy, then restore a backup or use sqlite3's `.recover`", path.display(), after(*rows)
    )]
    Corrupt {
        path: PathBuf,
        rows: u64,
        message: String,
    },
    /// This program ended the statement.
    #[error("reading {} was interrupted", path.display())]
    Interrupted { path: PathBuf },
    /// A sort needs more temporary space than there is.
    #[error(
        "no space for SQLite's temporary files while reading {} (an ORDER BY or GROUP BY sorts on disk{}): free some, or point SQLITE_TMPDIR to a larger file system", path.display(), after(*rows)
    )]
    TemporarySpace { path: PathBuf, rows: u64 },
    /// The reader thread ended without saying that the last row had come.
    #[error("reading {} ended{} without an end: the rows are not complete; this is a fault of the program, please report it", path.display(), after(*rows))]
    Unfinished { path: PathBuf, rows: u64 },
    /// A statement got fewer or more values than it has parameters. SQLite would read NULL, and the statement would
    /// find nothing.
    #[error("the statement has {expected} parameters and was given {given} values")]
    Arguments {
        /// As many parameters the statement has.
        expected: usize,
        /// As many values were given.
        given: usize,
    },
    /// A statement compares by a collation that the application registers with its own SQLite.
    #[error(
        "it compares by the collation `{collation}`, which the application registers with its own SQLite and which is not in \
         this program{}; write COLLATE BINARY behind the column wherever it is sorted, grouped, joined or compared by, as in \
         ORDER BY name COLLATE BINARY",
        with_columns(columns)
    )]
    Collation {
        collation: String,
        /// The columns that are declared with it, `table.column`.
        columns: Vec<String>,
    },
    /// Anything else that SQLite reports.
    #[error("reading {} failed{}: {message} (SQLite's code {code})", path.display(), after(*rows))]
    Read {
        path: PathBuf,
        rows: u64,
        /// SQLite's extended code; 0 where the error is not SQLite's.
        code: i32,
        message: String,
    },
}

impl CommandError for DatabaseError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Address(_) | Self::Statement(_) | Self::Unusable(_) | Self::Collation { .. } => {
                USAGE
            }
            Self::RunLocked { .. } => LOCKED,
            _ => FAILED,
        }
    }
}

/// A statement of an index definition that the database does not take.
#[derive(Debug, thiserror::Error)]
#[error("{index}/{file}: {why}")]
pub struct RefusedStatement {
    /// The definition's name.
    pub index: String,
    /// Its file.
    pub file: &'static str,
    /// The database's words.
    pub why: DatabaseError,
}

impl CommandError for RefusedStatement {
    fn exit_code(&self) -> u8 {
        self.why.exit_code()
    }
}

impl DatabaseError {
    /// The error of the statement in `file` of the definition `index`: where the statement is to blame, with both names.
    pub fn of_statement(self, index: &str, file: &'static str) -> Error {
        match self {
            Self::Statement(_) | Self::Collation { .. } => RefusedStatement {
                index: index.to_owned(),
                file,
                why: self,
            }
            .into(),
            other => other.into(),
        }
    }
}

/// Why a path is no database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableDatabase {
    /// Nothing is there. Nothing is created either: an empty database would be read as "all was deleted".
    #[error("there is no database {}; {}", path.display(), nearest(path, existing, similar))]
    Missing {
        path: PathBuf,
        /// The nearest folder above it that exists.
        existing: PathBuf,
        /// The name in that folder that is most like the one asked for.
        similar: Option<String>,
    },
    /// A folder.
    #[error("{} is a folder; give the path of the SQLite file in it", .0.display())]
    Folder(PathBuf),
    /// A pipe, a device, a socket.
    #[error("{} is not a regular file; give the path of a SQLite file", .0.display())]
    NotAFile(PathBuf),
    /// No bytes: what SQLite leaves where an application opened a path that did not exist.
    #[error(
        "{} is empty (0 bytes): a database was never written there; is this the path that the application uses?", .0.display()
    )]
    Empty(PathBuf),
    /// Another kind of file.
    #[error("{} is not a SQLite database{}; give the path of the database file itself", path.display(), looks_like(found))]
    NotSqlite {
        path: PathBuf,
        /// What the first bytes say it is instead, where they say it.
        found: Option<&'static str>,
    },
    /// SQLite's interface takes paths as UTF-8 only.
    #[error("the path {} is not UTF-8, which SQLite needs; give the database another path, by a symbolic link for example", .0.display())]
    PathNotUtf8(PathBuf),
}

/// What keeps a reader out of a database that is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenProblem {
    /// SQLITE_READONLY_DIRECTORY, SQLITE_CANTOPEN and their relatives on a WAL database.
    #[error(
        "it is in WAL mode, and a reader of such a database must be able to use or make the files {0}-wal and {0}-shm beside it (SQLite: {3}). Make the folder {1} writable for this user (uid {2}): mount the volume without `:ro`, or run as the user that owns the database. While the application has the database open, being able to read the three files is enough",
        name, folder.display(), uid, message
    )]
    SharedMemory {
        name: String,
        folder: PathBuf,
        /// The user that this process runs as.
        uid: u32,
        message: String,
    },
    /// The reader would leave `-wal` and `-shm` with the wrong owner, and the application could not write any more.
    #[error(
        "it is in WAL mode and no process has it open, so this process (uid {uid}) would make the files -wal and -shm beside it, and the application (uid {owner}) could not write to them. Run as uid {owner}, or as root, or start the application first"
    )]
    ForeignOwner {
        /// The user that this process runs as.
        uid: u32,
        /// The owner of the database.
        owner: u32,
    },
    /// A backup was put in the database's place, and the log of the former one was left beside it.
    #[error(
        "the write-ahead log {name}-wal beside it was not written for it: {why}. A backup was put here and the former database's log left, and SQLite would mix the two. Nothing was read. Stop the application, remove {name}-wal and {name}-shm, and put the backup here again"
    )]
    ForeignLog {
        name: String,
        /// What does not fit.
        why: ForeignLog,
    },
    /// SQLITE_READONLY_ROLLBACK, SQLITE_READONLY_RECOVERY: a crashed writer left its journal.
    #[error(
        "a writer crashed and left a journal that must be applied first, which a reader may not do (SQLite: {message}). Open the database once with the application or with `sqlite3 FILE 'SELECT 1'` as its owner"
    )]
    Recovery { message: String },
    /// SQLITE_NOTADB behind a good header.
    #[error("it is encrypted or damaged (SQLite: {message})")]
    NotADatabase { message: String },
    /// SQLITE_CANTOPEN without WAL, SQLITE_PERM, SQLITE_AUTH.
    #[error("this user (uid {uid}) may not read it, or not enter its folder (SQLite: {message})")]
    Permission {
        /// The user that this process runs as.
        uid: u32,
        message: String,
    },
}

fn after(rows: u64) -> String {
    match rows {
        0 => String::new(),
        rows => format!(" after {}", crate::figures::counted(rows, "row", "rows")),
    }
}

fn with_columns(columns: &[String]) -> String {
    const SHOWN: usize = 5;
    match columns {
        [] => String::new(),
        columns if columns.len() <= SHOWN => format!(" (columns with it: {})", columns.join(", ")),
        columns => format!(
            " (columns with it: {} and {} more)",
            columns[..SHOWN].join(", "),
            columns.len() - SHOWN
        ),
    }
}

/// Addresses as other libraries write them, which here are names of files, since SQLite itself takes them for such.
const OTHER_FORMS: [&str; 2] = ["jdbc:sqlite:", "file:"];

fn nearest(path: &Path, existing: &Path, similar: &Option<String>) -> String {
    let mut names = path.iter().filter_map(|name| name.to_str());
    let form = names.find_map(|name| OTHER_FORMS.iter().find(|form| name.starts_with(**form)));
    if let Some(form) = form {
        return format!("`{form}` is taken for a part of its name: give the path alone");
    }
    let existing = existing.display();
    match similar {
        Some(name) => format!("did you mean `{name}` in {existing}?"),
        None => format!("of that path {existing} exists; is the volume mounted?"),
    }
}

fn looks_like(found: &Option<&'static str>) -> String {
    found.map(|kind| format!(" but {kind}")).unwrap_or_default()
}
