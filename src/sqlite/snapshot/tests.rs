use std::time::{Duration, Instant};

use super::*;
use crate::sqlite::testing::{Scene, rows, run};
use crate::sqlite::value::Argument;
use crate::testing::assert_form;

const THOUSAND: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO t SELECT i, printf('%.*c', 2000, 'x') FROM n";

/// Computes for minutes before its first row.
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000) SELECT count(*) FROM n";

/// Long for a test, and far from what an endless statement takes.
const AT_ONCE: Duration = Duration::from_secs(3);

async fn all(snapshot: &mut Snapshot<'_>, sql: &str) -> usize {
    rows(snapshot, sql, vec![]).await.unwrap().len()
}

#[tokio::test]
async fn everything_in_a_snapshot_is_of_one_moment() {
    let scene = Scene::new(THOUSAND);
    let mut writer = scene.writer().await;
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    run(&mut writer, "DELETE FROM t WHERE id <= 10").await;
    assert_eq!(snapshot.count("SELECT * FROM t").await.unwrap(), 1000);
    run(&mut writer, "DELETE FROM t").await;
    assert_eq!(all(&mut snapshot, "SELECT id FROM t").await, 1000);
    snapshot.end().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    assert_eq!(snapshot.count("SELECT * FROM t").await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_committed_before_the_time_of_a_snapshot_is_in_it() {
    let scene = Scene::new("CREATE TABLE t(x)");
    let mut writer = scene.writer().await;
    let mut connection = scene.database().connect().await.unwrap();
    for _ in 0..20 {
        run(&mut writer, "INSERT INTO t VALUES (1)").await;
        let committed = Timestamp::now();
        let mut snapshot = connection.snapshot().await.unwrap();
        let begun = Timestamp::now();
        assert!(committed <= snapshot.taken_at() && snapshot.taken_at() <= begun);
        let seen = snapshot.count("SELECT * FROM t").await.unwrap();
        snapshot.end().await.unwrap();
        let mut after = connection.snapshot().await.unwrap();
        assert_eq!(after.count("SELECT * FROM t").await.unwrap(), seen);
    }
}

#[tokio::test]
async fn a_dropped_stream_and_a_dropped_snapshot_leave_no_old_view_behind() {
    let scene = Scene::new(THOUSAND);
    let mut writer = scene.writer().await;
    let mut connection = scene.database().connect().await.unwrap();
    for rows_taken in [0, 1, 5] {
        let mut snapshot = connection.snapshot().await.unwrap();
        let mut stream = snapshot.rows("SELECT * FROM t ORDER BY id", vec![]);
        for _ in 0..rows_taken {
            stream.next().await.unwrap().unwrap();
        }
        drop(stream);
        assert_eq!(
            all(&mut snapshot, "SELECT 1 FROM t LIMIT 7").await,
            7,
            "the snapshot goes on"
        );
        let before = snapshot.count("SELECT * FROM t").await.unwrap();
        let mut unfinished = snapshot.rows("SELECT * FROM t", vec![]);
        unfinished.next().await.unwrap().unwrap();
        drop(unfinished);
        drop(snapshot);

        run(&mut writer, "INSERT INTO t(x) VALUES ('new')").await;
        let mut snapshot = connection.snapshot().await.unwrap();
        assert_eq!(snapshot.count("SELECT * FROM t").await.unwrap(), before + 1);
        snapshot.end().await.unwrap();
        // A reader that is still there would keep the log from being reset.
        let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut writer)
            .await
            .unwrap();
        assert_eq!(busy, 0);
    }
}

/// Lets SQLite begin to compute, and drops the stream.
async fn begin_endless(snapshot: &mut Snapshot<'_>) {
    let mut stream = snapshot.rows(ENDLESS, vec![]);
    let first = tokio::time::timeout(Duration::from_millis(50), stream.next());
    assert!(first.await.is_err());
}

#[tokio::test]
async fn a_stream_dropped_while_sqlite_computes_stops_the_computing() {
    let scene = Scene::new("CREATE TABLE t(x)");
    let mut connection = scene.database().connect().await.unwrap();
    let begun = Instant::now();
    let mut snapshot = connection.snapshot().await.unwrap();
    begin_endless(&mut snapshot).await;
    assert_eq!(snapshot.count("SELECT * FROM t").await.unwrap(), 0);
    begin_endless(&mut snapshot).await;
    drop(snapshot);
    connection.inspect("SELECT 1").await.unwrap();
    connection.close().await.unwrap();
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn damage_in_the_middle_is_an_error_and_never_the_end() {
    let scene = Scene::without_wal(THOUSAND);
    let mut bytes = std::fs::read(scene.path()).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 3 * 4096].fill(0xa5);
    std::fs::write(scene.path(), bytes).unwrap();

    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    let mut stream = snapshot.rows("SELECT * FROM t", vec![]);
    let mut read = 0;
    let error = loop {
        match stream
            .next()
            .await
            .expect("the stream may not end before the damage")
        {
            Ok(_) => read += 1,
            Err(error) => break error,
        }
    };
    assert_form!(error, DatabaseError::Corrupt { rows, .. } if rows == read && read > 100);
    assert!(
        error.to_string().contains(&format!("after {read} rows")),
        "{error}"
    );
    assert!(stream.next().await.is_none());
    drop(stream);
    snapshot.end().await.unwrap();
}

#[tokio::test]
async fn the_number_of_values_must_be_right() {
    let scene = Scene::new(THOUSAND);
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    let since = "SELECT id FROM t WHERE id > :since AND :since > 0";
    let bound = rows(&mut snapshot, since, vec![Argument::Integer(998)])
        .await
        .unwrap();
    assert_eq!(bound, [["999"], ["1000"]]);
    for (sql, arguments, expected) in [
        (since, vec![], 1),
        (since, vec![Argument::Null, Argument::Null], 1),
        ("SELECT 1", vec![Argument::Text("x".into())], 0),
    ] {
        let given = arguments.len();
        let error = rows(&mut snapshot, sql, arguments).await.unwrap_err();
        assert_form!(error, DatabaseError::Arguments { expected: e, given: g } if (e, g) == (expected, given));
    }
}

#[tokio::test]
async fn nothing_can_be_written() {
    let scene = Scene::new(THOUSAND);
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    for sql in [
        "DELETE FROM t",
        "PRAGMA query_only = OFF",
        "CREATE TABLE u(x)",
        "PRAGMA user_version = 7",
    ] {
        let _ = rows(&mut snapshot, sql, vec![]).await;
    }
    snapshot.end().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    let _ = rows(&mut snapshot, "DELETE FROM t", vec![])
        .await
        .unwrap_err();
    assert_eq!(snapshot.count("SELECT * FROM t").await.unwrap(), 1000);
}

#[test]
fn a_reader_can_run_in_a_task_of_its_own() {
    fn sendable<T: Send>(_: &T) {}
    async fn read(mut connection: crate::sqlite::Connection) -> Result<u64, DatabaseError> {
        let mut snapshot = connection.snapshot().await?;
        let mut rows = snapshot.rows("SELECT 1", vec![]);
        while let Some(row) = rows.next().await {
            row?.values();
        }
        let read = rows.rows();
        drop(rows);
        snapshot.end().await?;
        connection.close().await?;
        Ok(read)
    }
    let scene = Scene::new("");
    let reading = async { read(scene.database().connect().await.unwrap()).await };
    sendable(&reading);
    assert_eq!(futures::executor::block_on(reading).unwrap(), 1);
}
