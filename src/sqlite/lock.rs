//! The run lock: only one process at a time swaps or deletes generations of a database's indexes.
//!
//! It is an advisory `flock` on the database file itself, so nothing lies beside it to be forgotten, a killed process lets
//! go by dying, and the old and the new container of a deployment, which share the volume, exclude each other. SQLite's own
//! locks are of another kind (`fcntl`) and are neither seen nor touched.

use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::sqlite::error::DatabaseError;
use crate::sqlite::file::DatabaseFile;

/// Held by whatever swaps or deletes generations of a database's indexes, until it is dropped or its process ends. Readers and
/// writers of the database do not notice it.
#[derive(Debug)]
#[must_use = "the lock is let go as soon as this is dropped"]
pub struct RunLock {
    state: State,
}

#[derive(Debug)]
enum State {
    Held(Arc<DatabaseFile>),
    Unsupported { reason: String },
}

impl RunLock {
    pub(super) fn take(path: &Path, file: &Arc<DatabaseFile>) -> Result<RunLock, DatabaseError> {
        let held = || DatabaseError::RunLocked {
            path: path.to_owned(),
        };
        if !cfg!(target_os = "linux") {
            return Ok(RunLock::unsupported(
                "on this system flock and SQLite's own locks are one kind".to_owned(),
            ));
        }
        if !file.claim() {
            return Err(held());
        }
        match file.file().try_lock() {
            Ok(()) => Ok(RunLock {
                state: State::Held(Arc::clone(file)),
            }),
            Err(TryLockError::WouldBlock) => {
                file.disclaim();
                Err(held())
            }
            Err(TryLockError::Error(error)) => {
                file.disclaim();
                if is_unsupported(&error) {
                    return Ok(RunLock::unsupported(format!(
                        "its file system has no flock: {error}"
                    )));
                }
                Err(DatabaseError::Io {
                    intent: "lock",
                    path: path.to_owned(),
                    error,
                })
            }
        }
    }

    /// Identifies this lock: who keeps it, and of which database it is. A process that holds it knows that
    /// no other run with the same identifier is alive. None where nothing is locked.
    pub fn id(&self) -> Option<String> {
        match &self.state {
            State::Held(file) => Some(file.identity().on_this_kernel()),
            State::Unsupported { .. } => None,
        }
    }

    /// Why nothing is locked, where there is no such lock. The caller says so and goes on: the
    /// identity checks around a swap still notice another run, only later.
    pub fn unsupported_reason(&self) -> Option<&str> {
        match &self.state {
            State::Held(_) => None,
            State::Unsupported { reason } => Some(reason),
        }
    }

    fn unsupported(reason: String) -> RunLock {
        RunLock {
            state: State::Unsupported { reason },
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        if let State::Held(file) = &self.state {
            // Unlocked by hand, since the descriptor lives on where a connection still shares it.
            if let Err(error) = file.file().unlock() {
                tracing::warn!(%error, "could not let go of the run lock; it ends with this process");
            }
            file.disclaim();
        }
    }
}

/// ENOSYS, EOPNOTSUPP, ENOLCK, EINVAL; and EBADF, NFS's answer to an exclusive lock through a descriptor that only
/// reads (there `flock` is emulated by the very kind of lock that SQLite uses, so it must not be taken anyway).
fn is_unsupported(error: &io::Error) -> bool {
    use rustix::io::Errno;
    error.kind() == io::ErrorKind::Unsupported
        || [
            Errno::NOSYS,
            Errno::OPNOTSUPP,
            Errno::NOLCK,
            Errno::INVAL,
            Errno::BADF,
        ]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::testing::Scene;

    #[test]
    fn a_second_run_is_refused_while_the_first_runs() {
        let scene = Scene::new("CREATE TABLE t(x)");
        let first = scene.database().lock().unwrap();
        assert!(first.unsupported_reason().is_none());
        let error = scene.database().lock().unwrap_err();
        assert!(matches!(error, DatabaseError::RunLocked { .. }));
        assert!(
            error.to_string().contains("another bisan-indexer"),
            "{error}"
        );
        drop(first);
        drop(scene.database().lock().unwrap());
    }

    #[test]
    fn another_process_is_excluded_and_let_in_again() {
        let scene = Scene::new("CREATE TABLE t(x)");
        let try_lock = || {
            let mut flock = std::process::Command::new("flock");
            flock
                .arg("--nonblock")
                .arg(scene.path())
                .arg("true")
                .status()
                .unwrap()
                .success()
        };
        let database = scene.database();
        let lock = database.lock().unwrap();
        assert!(!try_lock());
        drop(lock);
        assert!(
            try_lock(),
            "the lock is gone although the descriptor is still open"
        );
        drop(database);
    }

    #[test]
    fn a_file_system_without_flock_is_not_a_second_run() {
        use rustix::io::Errno;
        let judged =
            |errno: Errno| is_unsupported(&io::Error::from_raw_os_error(errno.raw_os_error()));
        for errno in [Errno::NOLCK, Errno::OPNOTSUPP, Errno::BADF, Errno::NOSYS] {
            assert!(judged(errno), "{errno}");
        }
        assert!(!judged(Errno::INTR) && !judged(Errno::ACCESS));
    }
}
