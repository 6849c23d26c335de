use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::StreamExt;
use tempfile::TempDir;

use super::*;
use crate::sqlite::Database;
use crate::sqlite::error::{OpenProblem, UnusableDatabase};
use crate::sqlite::testing::{Scene, handed_over, in_another_process, is_root, listing, run};
use crate::testing::assert_form;

const NAME: &str = "production.sqlite3";

async fn count(database: &Database) -> Result<u64, DatabaseError> {
    let mut connection = database.connect().await?;
    let mut snapshot = connection.snapshot().await?;
    let count = snapshot.count("SELECT * FROM t").await?;
    snapshot.end().await?;
    connection.close().await?;
    Ok(count)
}

fn database_at(path: &Path) -> Database {
    Database::open(&path.into()).unwrap()
}

/// A copy of the database and of the file with this ending beside it, as a crash leaves them; where they are.
fn copy_with(scene: &Scene, ending: &str) -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("copy.sqlite3");
    let beside = folder.path().join(format!("copy.sqlite3{ending}"));
    std::fs::copy(scene.path(), &database).unwrap();
    let original = scene.path().with_file_name(format!("{NAME}{ending}"));
    std::fs::copy(original, &beside).unwrap();
    (folder, database, beside)
}

#[tokio::test]
async fn nothing_is_left_beside_a_closed_database_and_it_is_not_touched() {
    let scene = Scene::new("CREATE TABLE t(x); INSERT INTO t VALUES (1)");
    let state = || {
        let metadata = std::fs::metadata(scene.path()).unwrap();
        (
            std::fs::read(scene.path()).unwrap(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ino(),
        )
    };
    let before = state();
    assert_eq!(listing(scene.folder()), [NAME]);
    assert_eq!(count(&scene.database()).await.unwrap(), 1);
    assert_eq!(listing(scene.folder()), [NAME]);
    assert!(state() == before);

    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    let mut stream = snapshot.rows("SELECT * FROM t", vec![]);
    stream.next().await.unwrap().unwrap();
    drop(stream);
    drop(snapshot);
    drop(connection);
    assert_eq!(
        listing(scene.folder()),
        [NAME],
        "on an error's way out, too"
    );
    assert!(state() == before);
}

#[tokio::test]
async fn the_last_of_several_connections_takes_the_files_away() {
    let scene = Scene::new("CREATE TABLE t(x)");
    let database = scene.database();
    let first = database.connect().await.unwrap();
    let second = scene.database().connect().await.unwrap();
    first.close().await.unwrap();
    assert_eq!(listing(scene.folder()).len(), 3, "the other one needs them");
    second.close().await.unwrap();
    assert_eq!(listing(scene.folder()), [NAME]);
}

#[tokio::test]
async fn the_log_of_an_application_at_work_is_read_and_left_alone() {
    let scene = Scene::new("CREATE TABLE t(x)");
    let mut application = scene.writer().await;
    run(&mut application, "INSERT INTO t VALUES (1), (2)").await;
    let before = listing(scene.folder());
    let log = scene.database().wal_bytes();
    assert_eq!(before.len(), 3);
    assert_eq!(count(&scene.database()).await.unwrap(), 2);
    assert_eq!(
        (listing(scene.folder()), scene.database().wal_bytes()),
        (before, log)
    );
    run(&mut application, "INSERT INTO t VALUES (3)").await;
    assert_eq!(count(&scene.database()).await.unwrap(), 3);
}

#[tokio::test]
async fn an_application_that_comes_while_we_read_keeps_its_log() {
    let scene = Scene::new("CREATE TABLE t(x)");
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    let mut application = scene.writer().await;
    run(&mut application, "INSERT INTO t VALUES (1)").await;
    assert_eq!(snapshot.count("SELECT * FROM t").await.unwrap(), 0);
    snapshot.end().await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(listing(scene.folder()).len(), 3);
    run(&mut application, "INSERT INTO t VALUES (2)").await;
    assert_eq!(count(&scene.database()).await.unwrap(), 2);
}

#[tokio::test]
async fn a_crashed_writers_log_is_read_and_left_for_the_application() {
    let scene = Scene::new("CREATE TABLE t(x)");
    let mut application = scene.writer().await;
    run(&mut application, "INSERT INTO t VALUES (1)").await;
    let (_folder, copy, wal) = copy_with(&scene, "-wal");
    let log = std::fs::read(&wal).unwrap();
    assert!(!log.is_empty());
    assert_eq!(count(&database_at(&copy)).await.unwrap(), 1);
    assert!(std::fs::read(&wal).unwrap() == log);
}

#[tokio::test]
async fn a_busy_database_is_an_error_that_names_the_lock_and_never_empty() {
    let scene = Scene::without_wal("CREATE TABLE t(x); INSERT INTO t VALUES (1)");
    let mut writer = scene.writer().await;
    run(&mut writer, "BEGIN EXCLUSIVE").await;
    let patience = Duration::from_millis(200);
    let begun = Instant::now();
    let error = count(&scene.database().with_busy_timeout(patience))
        .await
        .unwrap_err();
    assert!(begun.elapsed() >= patience);
    assert_form!(error, DatabaseError::Busy { waited, .. } if waited == patience);
    assert!(error.to_string().contains("locked by a writer"), "{error}");
    run(&mut writer, "COMMIT").await;
    assert_eq!(count(&scene.database()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_writer_in_wal_mode_makes_nobody_wait() {
    let scene = Scene::new("CREATE TABLE t(x); INSERT INTO t VALUES (1)");
    let mut writer = scene.writer().await;
    run(&mut writer, "BEGIN EXCLUSIVE; INSERT INTO t VALUES (2)").await;
    let impatient = scene.database().with_busy_timeout(Duration::ZERO);
    assert_eq!(count(&impatient).await.unwrap(), 1);
}

#[tokio::test]
async fn a_name_that_looks_like_a_uri_is_a_name() {
    let scene = Scene::new("CREATE TABLE t(x); INSERT INTO t VALUES (1)");
    for name in ["file:x.db?mode=rwc", "a?b#c%20d.db", "غزة.db", "-x"] {
        let path = scene.path().with_file_name(name);
        std::fs::copy(scene.path(), &path).unwrap();
        assert_eq!(count(&database_at(&path)).await.unwrap(), 1, "{name}");
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(listing(scene.folder()), [NAME]);
}

#[tokio::test]
async fn a_link_is_followed_to_where_the_log_lies() {
    let scene = Scene::new("CREATE TABLE t(x)");
    let mut application = scene.writer().await;
    run(&mut application, "INSERT INTO t VALUES (1)").await;
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.sqlite3");
    std::os::unix::fs::symlink(scene.path(), &link).unwrap();
    assert_eq!(count(&database_at(&link)).await.unwrap(), 1);
    assert_eq!(listing(elsewhere.path()), ["link.sqlite3"]);
}

#[tokio::test]
async fn the_change_token_moves_with_other_connections_writes() {
    let scene = Scene::new("CREATE TABLE t(x)");
    let mut writer = scene.writer().await;
    let mut connection = scene.database().connect().await.unwrap();
    let first = connection.change_token().await.unwrap();
    assert_eq!(connection.change_token().await.unwrap(), first);
    run(&mut writer, "INSERT INTO t VALUES (1)").await;
    assert_ne!(connection.change_token().await.unwrap(), first);
}

#[tokio::test]
async fn a_damaged_header_behind_good_magic_is_no_database() {
    let scene = Scene::without_wal("CREATE TABLE t(x)");
    let mut bytes = std::fs::read(scene.path()).unwrap();
    bytes[100..].fill(0);
    bytes[16..18].fill(0xff);
    std::fs::write(scene.path(), bytes).unwrap();
    let error = count(&scene.database()).await.unwrap_err();
    assert_form!(
        error,
        DatabaseError::NotReadable { .. } | DatabaseError::Corrupt { .. }
    );
    std::fs::write(scene.path(), b"").unwrap();
    let error = Database::open(&scene.path().into()).unwrap_err();
    assert!(matches!(
        error,
        DatabaseError::Unusable(UnusableDatabase::Empty(_))
    ));
}

/// The application's user and another one.
const OWNER: u32 = 65_533;
const OTHER: u32 = 65_534;

/// A database of `OWNER`'s in a folder with this mode, closed.
fn of_owner(mode: u32) -> Scene {
    let scene = Scene::new("CREATE TABLE t(x); INSERT INTO t VALUES (1)");
    for path in [scene.folder().to_owned(), scene.path()] {
        chown(path, Some(OWNER), Some(OWNER)).unwrap();
    }
    std::fs::set_permissions(scene.folder(), std::fs::Permissions::from_mode(mode)).unwrap();
    scene
}

const PROBLEM: &str = "sqlite::connection::tests::helper_prints_what_is_in_the_way";

#[tokio::test]
#[ignore = "run by other tests, as another user"]
async fn helper_prints_what_is_in_the_way() {
    match count(&database_at(&handed_over())).await {
        Ok(count) => println!("{count} rows"),
        Err(DatabaseError::NotReadable {
            problem: OpenProblem::SharedMemory { .. },
            path,
        }) => {
            println!("shared memory of {}", path.display());
        }
        Err(DatabaseError::NotReadable {
            problem: OpenProblem::ForeignOwner { uid, owner },
            ..
        }) => {
            println!("files of {uid} beside {owner}");
        }
        Err(other) => println!("{other:?}"),
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_explained() {
    if !is_root() {
        return;
    }
    let scene = of_owner(0o755);
    let (_, printed) = in_another_process(PROBLEM, &scene.path(), Some(OTHER));
    assert!(printed.contains("shared memory of"), "{printed}");
    assert_eq!(listing(scene.folder()), [NAME]);
}

#[test]
fn files_that_the_application_could_not_write_are_never_made() {
    if !is_root() {
        return;
    }
    let scene = of_owner(0o777);
    let (_, printed) = in_another_process(PROBLEM, &scene.path(), Some(OTHER));
    assert!(printed.contains("files of 65534 beside 65533"), "{printed}");
    assert_eq!(listing(scene.folder()), [NAME]);
    let (_, printed) = in_another_process(PROBLEM, &scene.path(), Some(OWNER));
    assert!(printed.contains("1 rows"), "{printed}");
    assert_eq!(listing(scene.folder()), [NAME]);
}

#[tokio::test]
async fn while_the_application_runs_it_is_enough_to_be_able_to_read() {
    if !is_root() {
        return;
    }
    let scene = of_owner(0o755);
    let mut application = scene.writer().await;
    run(&mut application, "INSERT INTO t VALUES (2)").await;
    let (_, printed) = in_another_process(PROBLEM, &scene.path(), Some(OTHER));
    assert!(printed.contains("2 rows"), "{printed}");
    assert_eq!(listing(scene.folder()).len(), 3);
}

#[tokio::test]
async fn roots_files_belong_to_the_owner_while_they_are_there() {
    if !is_root() {
        return;
    }
    let scene = of_owner(0o755);
    let connection = scene.database().connect().await.unwrap();
    for name in listing(scene.folder()) {
        assert_eq!(
            std::fs::metadata(scene.folder().join(&name)).unwrap().uid(),
            OWNER,
            "{name}"
        );
    }
    let (_, printed) = in_another_process(PROBLEM, &scene.path(), Some(OWNER));
    assert!(printed.contains("1 rows"), "{printed}");
    connection.close().await.unwrap();
    assert_eq!(listing(scene.folder()), [NAME]);
}

#[test]
#[ignore = "run by another test"]
fn helper_takes_the_database_for_itself() {
    futures::executor::block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(handed_over());
        let mut connection = options
            .busy_timeout(Duration::ZERO)
            .connect()
            .await
            .unwrap();
        run(&mut connection, "BEGIN EXCLUSIVE; ROLLBACK").await;
    });
}

#[tokio::test]
async fn looking_at_the_file_on_the_side_does_not_unlock_it_under_a_read() {
    let scene = Scene::without_wal("CREATE TABLE t(x); INSERT INTO t VALUES (1)");
    let taken = || {
        let name = "sqlite::connection::tests::helper_takes_the_database_for_itself";
        in_another_process(name, &scene.path(), None).0
    };
    assert!(taken());
    let mut connection = scene.database().connect().await.unwrap();
    let snapshot = connection.snapshot().await.unwrap();
    assert!(
        !taken(),
        "a reader keeps writers out of a database without WAL"
    );
    drop(scene.database().lock().unwrap());
    drop(scene.database());
    assert!(!taken(), "and still does after a run lock is let go");
    snapshot.end().await.unwrap();
    assert!(taken());
}

#[tokio::test]
async fn a_journal_that_a_crash_left_is_explained_and_left_for_the_application() {
    let scene = Scene::without_wal("CREATE TABLE t(x)");
    let mut writer = scene.writer().await;
    let filler = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                  INSERT INTO t SELECT printf('%.*c', 500, 'x') FROM n";
    run(
        &mut writer,
        &format!("{filler}; PRAGMA cache_size = 1; BEGIN; DELETE FROM t; {filler}; {filler}"),
    )
    .await;
    let (_folder, copy, journal) = copy_with(&scene, "-journal");
    let error = count(&database_at(&copy)).await.unwrap_err();
    let DatabaseError::NotReadable { problem, .. } = error else {
        panic!("{error:?}");
    };
    assert_form!(problem, OpenProblem::Recovery { .. });
    assert!(journal.exists());
}

/// Each look at a statement takes the connection from the thread that works on it. That thread must get it back before it
/// is taken once more than it can be asked for: on a single core both waited for each other for ever.
#[tokio::test]
async fn any_number_of_statements_is_looked_at_one_after_the_other() {
    let scene = Scene::new("CREATE TABLE t(x)");
    let mut connection = scene.database().connect().await.unwrap();
    let looks = async {
        for _ in 0..20_000 {
            connection.inspect("SELECT x FROM t").await.unwrap();
        }
    };
    let patience = Duration::from_secs(60);
    tokio::time::timeout(patience, looks)
        .await
        .expect("they end");
    connection.close().await.unwrap();
}
