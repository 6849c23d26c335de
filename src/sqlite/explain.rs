//! An error of SQLite, with what is known of the database: what happened, and what to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sqlite::error::{DatabaseError, OpenProblem, UnusableDatabase};

/// What is known of a database when SQLite reports an error about it.
#[derive(Clone, Debug)]
pub(super) struct Circumstances {
    pub(super) path: PathBuf,
    pub(super) wal: bool,
    pub(super) busy_timeout: Duration,
}

impl Circumstances {
    /// SQLite's error as one that says what to do; `rows` had come before it.
    pub(super) fn explain(&self, error: &sqlx::Error, rows: u64) -> DatabaseError {
        let Some(database) = error.as_database_error() else {
            let (path, message) = (self.path.clone(), error.to_string());
            return DatabaseError::Read {
                path,
                rows,
                code: 0,
                message,
            };
        };
        let code = database
            .code()
            .and_then(|code| code.parse().ok())
            .unwrap_or(0);
        self.explain_code(code, database.message().to_owned(), rows)
    }

    /// The same of an extended result code.
    pub(super) fn explain_code(&self, code: i32, message: String, rows: u64) -> DatabaseError {
        let path = self.path.clone();
        let not_readable = |problem| DatabaseError::NotReadable {
            path: path.clone(),
            problem,
        };
        // The low byte is the kind, the rest says more of it (https://www.sqlite.org/rescode.html).
        match (code & 0xff, code) {
            // It was there when it was looked at, a moment ago.
            (14, _) if matches!(path.try_exists(), Ok(false)) => missing(path).into(),
            (_, 264 | 776) => not_readable(OpenProblem::Recovery { message }),
            (8 | 14, _) if self.wal => not_readable(self.shared_memory(message)),
            (3 | 14 | 23, _) => not_readable(OpenProblem::Permission {
                uid: effective_uid(),
                message,
            }),
            (5 | 6, _) => DatabaseError::Busy {
                path,
                waited: self.busy_timeout,
                message,
            },
            (9, _) => DatabaseError::Interrupted { path },
            (11, _) => DatabaseError::Corrupt {
                path,
                rows,
                message,
            },
            (13, _) | (_, 6410) => DatabaseError::TemporarySpace { path, rows },
            (26, _) => not_readable(OpenProblem::NotADatabase { message }),
            _ => DatabaseError::Read {
                path,
                rows,
                code,
                message,
            },
        }
    }

    fn shared_memory(&self, message: String) -> OpenProblem {
        let name = self
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let folder = self.path.parent().unwrap_or(Path::new("/")).to_owned();
        OpenProblem::SharedMemory {
            name,
            folder,
            uid: effective_uid(),
            message,
        }
    }
}

/// The user whose rights decide.
pub(super) fn effective_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Names what there is of a path that is not there.
pub(super) fn missing(path: PathBuf) -> UnusableDatabase {
    let existing = path
        .ancestors()
        .skip(1)
        .find(|folder| folder.is_dir())
        .unwrap_or(Path::new("/"))
        .to_owned();
    let wanted = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let in_its_folder = path.parent() == Some(&existing);
    let similar = in_its_folder
        .then(|| most_similar(&existing, &wanted))
        .flatten();
    UnusableDatabase::Missing {
        path,
        existing,
        similar,
    }
}

/// The file in `folder` whose name is most like `wanted`: `production.sqlite3` for `production.sqlite`.
fn most_similar(folder: &Path, wanted: &str) -> Option<String> {
    /// Below it, names have little in common but their ending.
    const ALIKE: f64 = 0.9;
    let names = fs::read_dir(folder)
        .ok()?
        .flatten()
        .take(1000)
        .filter(|entry| entry.path().is_file());
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let names = names.filter(|name| {
        !name.ends_with("-wal") && !name.ends_with("-shm") && !name.ends_with("-journal")
    });
    let scored = names
        .map(|name| (strsim::jaro_winkler(&name, wanted), name))
        .filter(|(score, _)| *score >= ALIKE);
    scored
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
