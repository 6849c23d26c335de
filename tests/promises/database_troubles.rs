//! What happens to a database while it is read: an expression that fails at some row, a schema that changes, another file
//! in its place, no room for what was read. The live index stays as it was, and the next run ends well.

use serde_json::{Value, json};

use crate::support::program::Ended;
use crate::support::{Database, Scene, ServerOptions};

/// A small table, read with `documents_sql`, live.
async fn live_things(documents_sql: &str) -> Scene {
    let mut scene = Scene::on(ServerOptions::default()).await;
    let path = scene.path("rails/things.sqlite3");
    scene.database = Database::made_by(
        &path,
        "CREATE TABLE things (id INTEGER PRIMARY KEY, a, b, c);
         INSERT INTO things SELECT value, 'a' || value, value, 'c' || value
         FROM json_each('[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]')",
    )
    .await;
    scene.define(|definitions| definitions.index("things", documents_sql));
    scene.reindex().run().await.expect(0);
    scene
}

async fn documents(scene: &Scene) -> Vec<Value> {
    scene.api.documents(&scene.uid("things")).await
}

#[tokio::test]
async fn an_expression_that_fails_at_some_row_ends_the_run() {
    let scene = live_things("SELECT id, ABS(b) AS b FROM things").await;
    let before = scene.live().await;
    scene
        .database
        .execute("UPDATE things SET b = -9223372036854775808 WHERE id = 9")
        .await;
    for command in ["reindex", "sync"] {
        let ended = scene.command(command).run().await.expect(1);
        ended.says(["things", "integer overflow"]);
        assert_eq!(scene.live().await, before, "{command}");
    }
    scene.expect_nothing_left_over(0, &[]).await;
}

/// Runs a reindex, and changes the schema after the checks and before the read.
async fn altered_meanwhile(scene: &Scene, alter: &str) -> Ended {
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/indexes");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the creation of the build").await;
    scene.database.execute(alter).await;
    hold.release();
    running.ended().await
}

/// A value that slips into another column's place would be in every document, and nobody would be told.
#[tokio::test]
async fn a_schema_that_changes_before_the_read_puts_no_value_into_another_field() {
    for (alter, expected) in [
        (
            "ALTER TABLE things DROP COLUMN a",
            json!({"id": 5, "b": 5, "c": "c5"}),
        ),
        (
            "ALTER TABLE things ADD COLUMN d DEFAULT 'd'",
            json!({"id": 5, "a": "a5", "b": 5, "c": "c5", "d": "d"}),
        ),
        (
            "ALTER TABLE things RENAME COLUMN b TO z",
            json!({"id": 5, "a": "a5", "z": 5, "c": "c5"}),
        ),
    ] {
        let scene = live_things("SELECT * FROM things").await;
        let before = scene.live().await;
        let ended = altered_meanwhile(&scene, alter).await;
        if ended.status.code() == Some(0) {
            for document in documents(&scene).await {
                for (field, of) in [("a", "a"), ("c", "c"), ("d", "d")] {
                    let value = document[field].as_str().unwrap_or(of);
                    assert!(value.starts_with(of), "{alter}: {document}");
                }
            }
        } else {
            ended.expect(1).says(["things"]);
            assert_eq!(scene.live().await, before, "{alter}");
        }
        scene.reindex().run().await.expect(0);
        let documents = documents(&scene).await;
        assert!(documents.contains(&expected), "{alter}: {documents:?}");
    }
}

#[tokio::test]
async fn a_column_that_goes_before_the_read_ends_the_run() {
    let scene = live_things("SELECT id, a FROM things").await;
    let before = scene.live().await;
    let ended = altered_meanwhile(&scene, "ALTER TABLE things DROP COLUMN a").await;
    ended.expect(1).says(["no such column", "a"]);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

/// As a deployment or a restored backup does it. What is live is one of the two as a whole, and the next run is right.
#[tokio::test]
async fn another_file_in_its_place_is_read_by_the_next_run_at_the_latest() {
    let scene = live_things("SELECT id, a FROM things").await;
    let other = Database::made_by(
        &scene.path("rails/other.sqlite3"),
        "PRAGMA journal_mode = DELETE; CREATE TABLE things (id INTEGER PRIMARY KEY, a);
         INSERT INTO things SELECT value, 'other' FROM json_each('[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 20]')",
    )
    .await;
    let whole = async || {
        let documents = documents(&scene).await;
        let others = documents.iter().filter(|one| one["a"] == "other").count();
        assert!([0, 12].contains(&others), "{documents:?}");
        others == 12
    };
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/indexes/things_*/documents");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the upload").await;
    std::fs::rename(&other.path, &scene.database.path).unwrap();
    hold.release();
    let ended = running.ended().await;
    assert!(
        [Some(0), Some(1)].contains(&ended.status.code()),
        "{}",
        ended.err
    );
    whole().await;
    scene.reindex().run().await.expect(0);
    assert!(whole().await);
}

/// The temporary folder takes a hundred KiB a file, and no more.
#[tokio::test]
async fn a_temporary_folder_without_room_ends_the_run_and_says_so() {
    let scene = live_things("SELECT id, a, c FROM things").await;
    let before = scene.live().await;
    scene
        .database
        .execute("UPDATE things SET c = HEX(RANDOMBLOB(20000))")
        .await;
    let ended = scene.reindex().with_files_up_to_kib(100).run().await;
    ended.expect(1).says(["TMPDIR"]);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
    scene.reindex().run().await.expect(0);
}
