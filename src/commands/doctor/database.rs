//! Checks of the database file: does it exist, can it be read, and on which file system is it?

use std::os::unix::fs::MetadataExt as _;

use crate::cli::DatabaseOption;
use crate::figures::size;
use crate::report::doctor::Checks;
use crate::session;
use crate::sqlite::{Connection, Database, DatabaseError};

const ABOUT: &str = "database";

/// Rails keeps the log below 64 MiB; beyond this much, somebody reads without end or checkpoints do not come through.
const LARGE_WAL_BYTES: u64 = 256 << 20;

/// The root of a container's own layer, which goes away with the container (`statfs(2)`).
#[cfg(target_os = "linux")]
const OVERLAY: u32 = 0x794c_7630;

/// The database, where there is one.
pub fn open(options: &DatabaseOption, checks: &mut Checks) -> Option<Database> {
    match session::database(options) {
        Ok(database) => Some(database),
        Err(error) => {
            checks.at(ABOUT, "database.readable").fail_as_said(error);
            None
        }
    }
}

/// Everything about the file; a connection where it can be read.
pub async fn examine(database: &Database, checks: &mut Checks) -> Option<Connection> {
    let connection = connect(database, checks).await;
    if connection.is_some() {
        let bytes = std::fs::metadata(database.path()).map_or(0, |metadata| metadata.len());
        let path = database.path().display();
        checks
            .at(ABOUT, "database.readable")
            .ok(format!("{path} can be read ({})", size(bytes)));
    }
    journal(database, checks);
    owner(database, checks);
    file_system(database, checks);
    lock(database, checks);
    connection
}

/// A connection; where there is none to be had, that is what was found.
pub async fn connect(database: &Database, checks: &mut Checks) -> Option<Connection> {
    match database.connect().await {
        Ok(connection) => Some(connection),
        Err(error) => {
            checks.at(ABOUT, "database.readable").fail_as_said(error);
            None
        }
    }
}

fn journal(database: &Database, checks: &mut Checks) {
    if !database.is_wal() {
        return checks.at(ABOUT, "database.journal").warn(
            "it has a rollback journal: while it is read, no writer can commit",
            "PRAGMA journal_mode = WAL, once, by the application (Rails does so from 7.1 on)",
        );
    }
    let wal = database.wal_bytes();
    let found = format!("it is in WAL mode, its log has {}", size(wal));
    match wal > LARGE_WAL_BYTES {
        false => checks.at(ABOUT, "database.journal").ok(found),
        true => checks.at(ABOUT, "database.journal").warn(
            found,
            "a read transaction that stays open keeps it from being reset: find it (a console, a backup, a report)",
        ),
    }
}

/// A reader of a WAL database makes `-wal` and `-shm` where no process has it open, and the application must be able to write
/// to them.
fn owner(database: &Database, checks: &mut Checks) {
    let Ok(metadata) = std::fs::metadata(database.path()) else {
        return;
    };
    let (ours, owner) = (rustix::process::geteuid().as_raw(), metadata.uid());
    let found = format!("it belongs to uid {owner}, and this program runs as uid {ours}");
    match ours == owner || ours == 0 || !database.is_wal() {
        true => checks.at(ABOUT, "database.owner").ok(found),
        false => checks.at(ABOUT, "database.owner").warn(
            found,
            format!(
                "it can be read while the application has it open, and not otherwise: run as uid {owner}, or as root"
            ),
        ),
    }
}

fn file_system(database: &Database, checks: &mut Checks) {
    if let Some(kind) = database.shared_file_system() {
        return checks.at(ABOUT, "database.file_system").warn(
            format!(
                "it lies on {kind}, which several machines may share: SQLite's log is damaged there, or readers see old data"
            ),
            "put it on a disk of the machine's own, and run application and indexer on that machine",
        );
    }
    #[cfg(target_os = "linux")]
    if rustix::fs::statfs(database.path()).is_ok_and(|kind| kind.f_type as u32 == OVERLAY) {
        return checks.at(ABOUT, "database.file_system").warn(
            "it lies in a container's own layer, which goes away with the container, and which no other container sees",
            "mount the volume that holds the application's storage",
        );
    }
    checks
        .at(ABOUT, "database.file_system")
        .ok("it lies on a file system of this machine's own");
}

fn lock(database: &Database, checks: &mut Checks) {
    match database.lock() {
        Ok(lock) => match lock.unsupported_reason() {
            None => checks
                .at(ABOUT, "database.lock")
                .ok("no other run is at work"),
            Some(reason) => checks.at(ABOUT, "database.lock").warn(
                format!("it cannot be locked: {reason}"),
                "nothing keeps two runs apart here: start them from one place only",
            ),
        },
        Err(DatabaseError::RunLocked { .. }) => checks.at(ABOUT, "database.lock").warn(
            "another run is at work on it",
            "reindex, rollback and clean end with exit code 4 until it has ended",
        ),
        Err(error) => checks.at(ABOUT, "database.lock").fail_as_said(error),
    }
}
