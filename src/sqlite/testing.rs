//! Databases for the tests of this crate.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _};
use tempfile::TempDir;

use crate::sqlite::{Argument, Database, DatabaseError, Snapshot, Value};
use crate::testing::needs;

/// A database in a folder of its own, that goes away with the test.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    /// A database in WAL mode, as Rails makes it, with what `sql` makes in it, and no open connection.
    pub(crate) fn new(sql: &str) -> Scene {
        Scene::without_wal(&format!("PRAGMA journal_mode = WAL; {sql}"))
    }

    /// The same with a rollback journal.
    pub(crate) fn without_wal(sql: &str) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let scene = Scene { folder };
        scene.write(sql);
        scene
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("production.sqlite3")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> Database {
        Database::open(&self.path().into()).unwrap()
    }

    /// What the application does: connects, writes, closes.
    pub(crate) fn write(&self, sql: &str) {
        futures::executor::block_on(async {
            let mut writer = self.writer().await;
            run(&mut writer, sql).await;
            writer.close().await.unwrap();
        });
    }

    /// A connection of the application's that stays open.
    pub(crate) async fn writer(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new()
            .filename(self.path())
            .create_if_missing(true);
        options
            .busy_timeout(Duration::from_secs(5))
            .connect()
            .await
            .unwrap()
    }
}

/// Runs statements, however many.
pub(crate) async fn run(connection: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .unwrap();
}

/// The names in a folder, sorted.
pub(crate) fn listing(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// All rows, as a person would write the values.
pub(crate) async fn rows(
    snapshot: &mut Snapshot<'_>,
    sql: &str,
    arguments: Vec<Argument>,
) -> Result<Vec<Vec<String>>, DatabaseError> {
    let mut stream = snapshot.rows(sql, arguments);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(row.values().into_iter().map(shown).collect());
    }
    Ok(rows)
}

fn shown(value: Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => format!("'{text}'"),
        Value::NotUtf8(bytes) => format!("not UTF-8 {bytes:x?}"),
        Value::Blob(bytes) => format!("blob {bytes:x?}"),
    }
}

/// Runs the ignored test `name` of this crate in a process of its own, as another user where one is given, on the
/// database `path`. Returns whether it passed, and what it printed.
pub(crate) fn in_another_process(name: &str, path: &Path, uid: Option<u32>) -> (bool, String) {
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env(DATABASE, path);
    if let Some(uid) = uid {
        command.uid(uid).gid(uid);
    }
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        printed.contains("1 passed") || printed.contains("1 failed"),
        "{name} was not run: {printed}"
    );
    (output.status.success(), printed)
}

/// The database that [`in_another_process`] hands over.
pub(crate) fn handed_over() -> PathBuf {
    std::env::var_os(DATABASE)
        .expect("run by another test")
        .into()
}

const DATABASE: &str = "BISAN_INDEXER_TEST_DATABASE";

/// Whether this process may become another user, which tests about users need; says so where it may not.
pub(crate) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        needs::missing(needs::ROOT, "files of another user cannot be made");
    }
    is_root
}
