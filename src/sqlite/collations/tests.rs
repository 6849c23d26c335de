use futures::TryStreamExt as _;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::*;
use crate::sqlite::testing::{Scene, rows};
use crate::sqlite::{DatabaseError, Snapshot};

/// What an application makes that has a collation of its own.
async fn scene() -> Scene {
    let scene = Scene::new("CREATE TABLE other (id INTEGER PRIMARY KEY)");
    let mut writer = SqliteConnectOptions::new()
        .filename(scene.path())
        .collation("unicase", |one, other| {
            one.to_lowercase().cmp(&other.to_lowercase())
        })
        .connect()
        .await
        .unwrap();
    let sql = "CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT COLLATE unicase, note TEXT);
         CREATE INDEX i ON words (word);
         WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
         INSERT INTO words SELECT n, 'word ' || n, 'note' FROM n";
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut writer)
        .await
        .unwrap();
    writer.close().await.unwrap();
    scene
}

async fn error(snapshot: &mut Snapshot<'_>, sql: &str) -> DatabaseError {
    let read: Result<Vec<_>, _> = snapshot.rows(sql, vec![]).try_collect().await;
    read.err().unwrap()
}

#[tokio::test]
async fn what_compares_nothing_is_read_and_what_compares_is_not() {
    let scene = scene().await;
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    for round in 0..2 {
        assert_eq!(
            snapshot.count("SELECT id, word FROM words").await.unwrap(),
            5000,
            "{round}"
        );
        for sql in [
            "SELECT id FROM words ORDER BY +word",
            "SELECT id FROM words WHERE word = 'word 7'",
            "SELECT id FROM words WHERE word IN ('word 7', 'word 9') AND id < 100",
            "SELECT max(+word) FROM words",
            "SELECT DISTINCT word FROM words",
            "SELECT a.id FROM words AS a JOIN words AS b ON a.word = b.note",
        ] {
            let error = error(&mut snapshot, sql).await;
            let DatabaseError::Collation { collation, columns } = error else {
                panic!("{sql}: {error:?}");
            };
            assert_eq!(
                (collation.as_str(), columns),
                ("unicase", vec!["words.word".to_owned()])
            );
        }
        // The application has put the index into this order; nobody compares.
        let sorted = "SELECT word FROM words ORDER BY word LIMIT 2";
        assert_eq!(
            rows(&mut snapshot, sorted, vec![]).await.unwrap(),
            [["'word 1'"], ["'word 10'"]]
        );
        let by_bytes = "SELECT id FROM words WHERE word COLLATE BINARY IN ('word 7', 'WORD 9')";
        assert_eq!(
            rows(&mut snapshot, by_bytes, vec![]).await.unwrap(),
            [["7"]]
        );
    }
    snapshot.end().await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn what_a_stand_in_was_asked_says_nothing_of_the_next_statement() {
    let scene = scene().await;
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    error(&mut snapshot, "SELECT id FROM words ORDER BY +word").await;
    snapshot.end().await.unwrap();
    connection.inspect("SELECT id FROM words").await.unwrap();
    connection.change_token().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    // Dropped in the middle of a sort, which ends later.
    drop(snapshot.rows("SELECT id FROM words ORDER BY +word", vec![]));
    assert_eq!(snapshot.count("SELECT 1 FROM words").await.unwrap(), 5000);
}

#[test]
fn the_columns_of_a_collation_are_read_from_the_text_of_the_table() {
    let sql = "CREATE TABLE \"note types\" ( id integer PRIMARY KEY, -- COLLATE unicase\n
        name text NOT NULL COLLATE unicase, \"the, tag\" TEXT DEFAULT ('a, COLLATE x') collate \"UNICASE\",
        other TEXT COLLATE NOCASE, n DECIMAL(10, 2), PRIMARY KEY (name))";
    let found = collated_columns(sql);
    let pair = |column: &str, collation: &str| (column.to_owned(), collation.to_owned());
    assert_eq!(
        found,
        [
            pair("name", "unicase"),
            pair("the, tag", "UNICASE"),
            pair("other", "NOCASE")
        ]
    );
}
