//! The files `-wal` and `-shm` beside a database in WAL mode, and which process left them there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::{ConnectOptions, Connection as _};

use crate::sqlite::error::{DatabaseError, OpenProblem};
use crate::sqlite::explain::effective_uid;
use crate::sqlite::file::DatabaseFile;
use crate::sqlite::foreign_log;
use crate::sqlite::options::{plain_read, read_write};

/// The files `-wal` and `-shm` beside a database.
///
/// SQLite makes them for a reader too, and a reader, unlike a writer, leaves them behind when it closes. Left by another
/// user they would keep the application from writing at all; left by anybody they are a surprise in a backup. So what
/// was not there before a connection is not there after it.
#[derive(Clone, Debug)]
pub(super) struct SideFiles {
    database: PathBuf,
    wal: PathBuf,
    /// Whether both were there when we looked.
    complete: bool,
    file: Arc<DatabaseFile>,
}

impl SideFiles {
    /// The files that exist now. Call it before a connection is opened.
    pub(super) fn look(database: &Path, file: Arc<DatabaseFile>) -> SideFiles {
        let beside = |suffix: &str| {
            let mut path = database.as_os_str().to_owned();
            path.push(suffix);
            PathBuf::from(path)
        };
        let wal = beside("-wal");
        let complete = wal.exists() && beside("-shm").exists();
        SideFiles {
            database: database.to_owned(),
            wal,
            complete,
            file,
        }
    }

    pub(super) fn wal_bytes(&self) -> u64 {
        fs::metadata(&self.wal).map_or(0, |metadata| metadata.len())
    }

    /// Refuses where this user would make the files and the application could not write to them. (root is harmless:
    /// SQLite gives them to the database's owner then.)
    pub(super) fn refuse_foreign_owner(&self, path: &Path) -> Result<(), DatabaseError> {
        use std::os::unix::fs::MetadataExt;

        use rustix::fs::{Access, access};
        let Ok(metadata) = self.file.metadata() else {
            return Ok(());
        };
        let folder = self.database.parent().unwrap_or(Path::new("/"));
        let (uid, owner) = (effective_uid(), metadata.uid());
        let can_make_files = access(folder, Access::WRITE_OK).is_ok();
        if !self.complete && can_make_files && would_be_foreign(uid, owner) {
            let problem = OpenProblem::ForeignOwner { uid, owner };
            return Err(DatabaseError::NotReadable {
                path: path.to_owned(),
                problem,
            });
        }
        Ok(())
    }

    /// Refuses a log that was not written for this database. To be called before SQLite may see the two together: it
    /// would lay the one over the other.
    pub(super) fn refuse_foreign_log(&self, path: &Path) -> Result<(), DatabaseError> {
        let found = foreign_log::look(self.file.file(), &self.wal);
        let why = match found {
            Ok(Some(why)) => why,
            Ok(None) => return Ok(()),
            Err(error) => {
                // What cannot be read is SQLite's to say something about.
                tracing::debug!(%error, "the write-ahead log was not looked at");
                return Ok(());
            }
        };
        let name = path.file_name().unwrap_or_default();
        let problem = OpenProblem::ForeignLog {
            name: name.to_string_lossy().into_owned(),
            why,
        };
        Err(DatabaseError::NotReadable {
            path: path.to_owned(),
            problem,
        })
    }

    /// To be called when a connection is open: whether it has made the files is known by now. Another connection of
    /// this process may close last, so that is noted with the file.
    pub(super) fn note_ours(&self) {
        if !self.complete && self.wal.exists() {
            self.file.note_side_files();
        }
    }

    pub(super) fn are_ours(&self) -> bool {
        self.file.made_side_files()
    }

    /// Removes the files if this process made them, no process uses them and the log is empty; to be called when the
    /// connection is closed. SQLite does it, by its own protocol: a connection that may write and closes last removes
    /// both, under the lock that keeps others from opening meanwhile. To unlink them here could take the log away from
    /// an application that has just opened it. The database itself is not touched: there is nothing in the log.
    pub(super) async fn tidy(&self) {
        if !self.are_ours() || !self.wal.exists() || self.wal_bytes() > 0 {
            return;
        }
        /// A process that holds the database exclusively will remove the files, too.
        const PATIENCE: Duration = Duration::from_millis(200);
        let closed = async {
            let mut connection = read_write(&self.database, PATIENCE).connect().await?;
            plain_read(&mut connection).await?;
            connection.close().await
        };
        if let Err(error) = closed.await {
            tracing::debug!(%error, "SQLite's -wal and -shm stay beside the database until the application closes it");
        }
    }
}

fn would_be_foreign(uid: u32, owner: u32) -> bool {
    uid != 0 && uid != owner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_root_and_of_the_owner_are_usable_by_the_application() {
        assert!(!would_be_foreign(0, 1000));
        assert!(!would_be_foreign(1000, 1000));
        assert!(would_be_foreign(1001, 1000));
        assert!(would_be_foreign(1000, 0));
    }
}
