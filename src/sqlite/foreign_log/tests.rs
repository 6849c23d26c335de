use super::*;
use crate::sqlite::testing::{Scene, run};
use crate::testing::assert_form;
use proptest::prelude::*;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use std::path::PathBuf;

const TABLE: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, x);";
const GROW: &str =
    "INSERT INTO t(x) SELECT randomblob(2000) FROM json_each('[1,2,3,4,5,6,7,8,9,10]')";

fn beside(path: &Path) -> PathBuf {
    path.with_file_name(format!(
        "{}-wal",
        path.file_name().unwrap().to_str().unwrap()
    ))
}

fn found(path: &Path) -> Option<ForeignLog> {
    look(&File::open(path).unwrap(), &beside(path)).unwrap()
}

/// The log that `scene`'s writers have left, beside that backup: as after `kill -9` and `cp backup production.sqlite3`.
fn restored(scene: &Scene, backup: &Path) -> Option<ForeignLog> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("restored.sqlite3");
    std::fs::copy(backup, &path).unwrap();
    std::fs::copy(beside(&scene.path()), beside(&path)).unwrap();
    found(&path)
}

/// A backup of how the database is now, made by a statement.
async fn backup(scene: &Scene, writer: &mut SqliteConnection, name: &str) -> PathBuf {
    let path = scene.folder().join(name);
    run(writer, &format!("VACUUM INTO '{}'", path.display())).await;
    path
}

/// A backup by `cp`, when the log has been taken in.
async fn copy(scene: &Scene, writer: &mut SqliteConnection) -> PathBuf {
    run(writer, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    let path = scene.folder().join("copy");
    std::fs::copy(scene.path(), &path).unwrap();
    path
}

#[tokio::test]
async fn a_copy_that_was_made_without_a_log_has_none() {
    let scene = Scene::new(TABLE);
    let mut writer = scene.writer().await;
    let backup = backup(&scene, &mut writer, "backup").await;
    run(&mut writer, GROW).await;
    assert_eq!(restored(&scene, &backup), Some(ForeignLog::WithoutLog));
    assert_eq!(found(&scene.path()), None);
}

#[tokio::test]
async fn an_older_copy_lacks_pages_that_the_log_takes_for_granted() {
    let scene = Scene::new(TABLE);
    let mut writer = scene.writer().await;
    let copy = copy(&scene, &mut writer).await;
    run(&mut writer, GROW).await;
    run(&mut writer, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    run(&mut writer, "UPDATE t SET x = 1 WHERE id = 1").await;
    let found = restored(&scene, &copy);
    assert_form!(found, Some(ForeignLog::Shorter { .. }));
}

#[tokio::test]
async fn an_older_copy_was_changed_less_often() {
    let scene = Scene::new(TABLE);
    let mut writer = scene.writer().await;
    run(&mut writer, GROW).await;
    run(&mut writer, "DELETE FROM t").await;
    let copy = copy(&scene, &mut writer).await;
    // Pages that are free already: the database does not grow. Another connection each time, as of a pool.
    for name in ["a", "b", "c"] {
        let mut other = scene.writer().await;
        run(&mut other, &format!("CREATE TABLE {name}(x)")).await;
        other.close().await.unwrap();
    }
    run(
        &mut writer,
        "PRAGMA wal_checkpoint(TRUNCATE); CREATE TABLE d(x)",
    )
    .await;
    let found = restored(&scene, &copy);
    assert_form!(found, Some(ForeignLog::Counter { .. }));
}

#[tokio::test]
async fn pages_of_another_size_are_another_database() {
    let (scene, other) = (
        Scene::new(TABLE),
        Scene::without_wal("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; CREATE TABLE t(x)"),
    );
    let mut writer = scene.writer().await;
    run(&mut writer, GROW).await;
    let found = restored(&scene, &other.path());
    assert_form!(found, Some(ForeignLog::PageSize { .. }));
}

/// What is in the log's file behind its last commit is of former times.
#[tokio::test]
async fn what_is_no_log_is_not_taken_for_one() {
    let scene = Scene::new(TABLE);
    assert_eq!(found(&scene.path()), None);
    for bytes in [&b""[..], b"x", &[0; 4096]] {
        std::fs::write(beside(&scene.path()), bytes).unwrap();
        assert_eq!(found(&scene.path()), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever writers do, at each moment the log is their database's.
    #[test]
    fn a_log_beside_its_own_database_is_never_foreign(
        steps in prop::collection::vec((0..3_usize, 0..10_usize), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let scene = Scene::new(TABLE);
            let mut writers = [scene.writer().await, scene.writer().await, scene.writer().await];
            for (writer, step) in steps {
                let sql = [
                    GROW,
                    "INSERT INTO t(x) VALUES (1)",
                    "UPDATE t SET x = randomblob(100) WHERE id % 3 = 0",
                    "DELETE FROM t WHERE id % 2 = 0",
                    "DELETE FROM t",
                    "CREATE TABLE IF NOT EXISTS u(x); DROP TABLE u",
                    "VACUUM",
                    "PRAGMA wal_checkpoint(PASSIVE)",
                    "PRAGMA wal_checkpoint(TRUNCATE)",
                    "PRAGMA cache_size = 1; BEGIN; INSERT INTO t(x) SELECT randomblob(3000) FROM t; INSERT INTO t(x)
                       SELECT randomblob(3000) FROM json_each('[1,2,3,4,5,6,7,8,9]'); DELETE FROM t WHERE id % 2 = 1; ROLLBACK",
                ][step];
                run(&mut writers[writer], sql).await;
                for trust in [Trust::Salts, Trust::Checksums] {
                    let database = File::open(scene.path()).unwrap();
                    let found = compare(&database, &beside(&scene.path()), trust).unwrap();
                    assert_eq!(found, None, "after {sql}");
                    std::mem::forget(database); // closed, it would take the writers' locks away
                }
            }
        });
    }
}
