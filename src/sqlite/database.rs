//! The database file: does it exist, is it a database, and which process locks it?

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::sqlite::address::DatabaseAddress;
use crate::sqlite::connection::Connection;
use crate::sqlite::error::{DatabaseError, UnusableDatabase};
use crate::sqlite::explain::{Circumstances, missing};
use crate::sqlite::file::{DatabaseFile, FileIdentity, Header, is_special};
use crate::sqlite::file_system;
use crate::sqlite::lock::RunLock;
use crate::sqlite::side_files::SideFiles;

/// Long enough for a migration or a big import that commits at its end (rollback-journal databases only: in WAL mode a
/// writer never makes a reader wait). Short enough that a console that was left with an open transaction is noticed.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// A database that is there. Opening creates nothing, ever: where a path is wrong or a volume is not mounted, an
/// empty database in its place would be read as "all was deleted".
#[derive(Clone, Debug)]
pub struct Database {
    /// As given, absolute, symbolic links unresolved: what a person recognises, and what may be turned to another file.
    path: PathBuf,
    /// Links resolved: SQLite looks for `-wal` and `-shm` beside the real file.
    real: PathBuf,
    file: Arc<DatabaseFile>,
    busy_timeout: Duration,
}

impl Database {
    /// Finds the database, and looks whether it is one.
    pub fn open(address: &DatabaseAddress) -> Result<Database, DatabaseError> {
        let given = address.path();
        let path = std::path::absolute(given).map_err(|error| io_error("open", given, error))?;
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Err(missing(path).into());
            }
            Err(error) => return Err(io_error("open", &path, error)),
        };
        if metadata.is_dir() {
            return Err(UnusableDatabase::Folder(path).into());
        }
        if is_special(&metadata) {
            return Err(UnusableDatabase::NotAFile(path).into());
        }
        let real = fs::canonicalize(&path).map_err(|error| io_error("open", &path, error))?;
        if real.to_str().is_none() {
            return Err(UnusableDatabase::PathNotUtf8(path).into());
        }
        let file =
            DatabaseFile::open(&real, &metadata).map_err(|error| io_error("open", &path, error))?;
        match file
            .header()
            .map_err(|error| io_error("read", &path, error))?
        {
            Header::Empty => Err(UnusableDatabase::Empty(path).into()),
            Header::Other(found) => Err(UnusableDatabase::NotSqlite { path, found }.into()),
            Header::Sqlite { .. } => Ok(Database {
                path,
                real,
                file,
                busy_timeout: BUSY_TIMEOUT,
            }),
        }
    }

    /// How long a read waits for a writer before it fails (default 30 s).
    pub fn with_busy_timeout(self, busy_timeout: Duration) -> Database {
        Database {
            busy_timeout,
            ..self
        }
    }

    /// The path, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the run lock, at once or not at all.
    pub fn lock(&self) -> Result<RunLock, DatabaseError> {
        RunLock::take(&self.path, &self.file)
    }

    /// The id of that lock, whether it is held or not ([`RunLock::id`]).
    pub fn lock_id(&self) -> String {
        self.file.identity().on_this_kernel()
    }

    /// Opens a connection that can only read.
    pub async fn connect(&self) -> Result<Connection, DatabaseError> {
        let wal = self.is_wal();
        let circumstances = Circumstances {
            path: self.path.clone(),
            wal,
            busy_timeout: self.busy_timeout,
        };
        let side_files = SideFiles::look(&self.real, Arc::clone(&self.file));
        side_files.refuse_foreign_log(&self.path)?;
        if wal {
            side_files.refuse_foreign_owner(&self.path)?;
        }
        Connection::open(&self.real, circumstances, side_files).await
    }

    /// Whether the path leads to another file by now, or to none: a backup was moved onto it. Connections opened
    /// before go on reading the former file; open the database again.
    pub fn was_replaced(&self) -> bool {
        let now = fs::metadata(&self.path).map(|metadata| FileIdentity::of(&metadata));
        now.ok() != Some(self.file.identity())
    }

    /// The kind of file system that the database lies on, if it is one that is shared over a network or with a virtual
    /// machine's host. In WAL mode, SQLite must not be used there by more than one machine.
    pub fn shared_file_system(&self) -> Option<&'static str> {
        file_system::shared_kind(self.file.file())
    }

    /// Whether readers and writers share a write-ahead log.
    pub fn is_wal(&self) -> bool {
        matches!(self.file.header(), Ok(Header::Sqlite { wal: true }))
    }

    /// Bytes of the write-ahead log at this moment. It grows for as long as anybody, this program included, keeps a
    /// read transaction open.
    pub fn wal_bytes(&self) -> u64 {
        SideFiles::look(&self.real, Arc::clone(&self.file)).wal_bytes()
    }
}

fn io_error(intent: &'static str, path: &Path, error: std::io::Error) -> DatabaseError {
    DatabaseError::Io {
        intent,
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::testing::{Scene, listing};
    use crate::testing::assert_form;

    fn open(path: &Path) -> Result<Database, DatabaseError> {
        Database::open(&path.into())
    }

    fn unusable(path: &Path) -> UnusableDatabase {
        match open(path).unwrap_err() {
            DatabaseError::Unusable(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_missing_database_is_not_created_and_the_nearest_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("storage/deep/production.sqlite3");
        let error = unusable(&path);
        assert_form!(&error, UnusableDatabase::Missing { existing, .. } if existing == folder.path());
        let text = error.to_string();
        assert!(
            text.contains("production.sqlite3") && text.contains("is the volume mounted"),
            "{text}"
        );
        assert_eq!(listing(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_right_one() {
        let scene = Scene::new("CREATE TABLE t(x)");
        let wrong = scene.path().with_file_name("production.sqlite");
        let error = unusable(&wrong);
        assert!(
            error
                .to_string()
                .contains("did you mean `production.sqlite3`"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_database_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        assert!(matches!(
            unusable(folder.path()),
            UnusableDatabase::Folder(_)
        ));
        assert!(matches!(
            unusable(&file("empty", b"")),
            UnusableDatabase::Empty(_)
        ));
        assert!(matches!(
            unusable(Path::new("/dev/null")),
            UnusableDatabase::NotAFile(_)
        ));
        assert!(matches!(
            unusable(&file("text", b"hello")),
            UnusableDatabase::NotSqlite { found: None, .. }
        ));
        let zipped = unusable(&file("backup.gz", b"\x1f\x8b\x08\0\0\0\0\0"));
        assert!(zipped.to_string().contains("gzip"), "{zipped}");
        let below_a_file = file("plain", b"x").join("production.sqlite3");
        assert!(matches!(
            unusable(&below_a_file),
            UnusableDatabase::Missing { .. }
        ));
    }

    #[test]
    fn a_database_that_goes_while_it_is_opened_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        for (wal, there) in [(true, true), (true, false), (false, false)] {
            let path = folder.path().join("production.sqlite3");
            let _ = std::fs::remove_file(&path);
            if there {
                std::fs::write(&path, b"x").unwrap();
            }
            let circumstances = Circumstances {
                path,
                wal,
                busy_timeout: Duration::ZERO,
            };
            let error = circumstances.explain_code(14, "unable to open".to_owned(), 0);
            let is_missing = matches!(
                error,
                DatabaseError::Unusable(UnusableDatabase::Missing { .. })
            );
            assert_eq!(is_missing, !there, "{error}");
        }
    }

    #[test]
    fn another_file_under_the_path_is_noticed() {
        let scene = Scene::new("CREATE TABLE t(x)");
        let database = scene.database();
        assert!(!database.was_replaced());
        let backup = scene.path().with_file_name("backup");
        std::fs::copy(scene.path(), &backup).unwrap();
        std::fs::rename(&backup, scene.path()).unwrap();
        assert!(database.was_replaced());
        assert!(!scene.database().was_replaced());
        std::fs::remove_file(scene.path()).unwrap();
        assert!(database.was_replaced());
    }
}
