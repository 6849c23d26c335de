//! The database is the application's: it is read, and nothing else ever happens to it or beside it.

use sqlx::Connection;

use crate::support::{Database, Scene};

#[tokio::test]
async fn a_missing_database_is_not_created() {
    let scene = Scene::new().await;
    let missing = scene.path("rails/missing.sqlite3");
    let folder = scene.database.folder();
    for spelling in ["", "sqlite://", "sqlite3:"] {
        let database = format!("{spelling}{}", missing.display());
        let run = scene.program().args([
            "reindex",
            "--meilisearch",
            &scene.server.url,
            "--database",
            &database,
        ]);
        run.run().await.expect(2).says(["missing.sqlite3"]);
    }
    assert_eq!(scene.database.folder(), folder);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let scene = Scene::new().await;
    for (name, content) in [
        ("dump.sql", "CREATE TABLE articles (id);"),
        ("empty.sqlite3", ""),
    ] {
        let path = scene.path(name);
        std::fs::write(&path, content).unwrap();
        let database = path.to_str().unwrap();
        let run = scene.program().args([
            "reindex",
            "--meilisearch",
            &scene.server.url,
            "--database",
            database,
        ]);
        run.run().await.expect(2).says([name]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

#[tokio::test]
async fn nothing_is_left_beside_the_database_and_not_a_byte_of_it_changes() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let (folder, bytes) = (
        scene.database.folder(),
        std::fs::read(&scene.database.path).unwrap(),
    );
    scene.reindex().run().await.expect(0);
    assert_eq!(scene.database.folder(), folder);
    scene.reindex().arg("--dry-run").run().await.expect(0);
    assert_eq!(scene.database.folder(), folder);
    assert_eq!(std::fs::read(&scene.database.path).unwrap(), bytes);
}

/// The application is at work: what it committed lies in the write-ahead log, and it is in the middle of a write.
#[tokio::test]
async fn a_database_under_a_writer_is_read_with_its_log_and_without_waiting() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let mut application = scene.database.open().await;
    sqlx::raw_sql("UPDATE articles SET title = 'only in the log' WHERE id = 3")
        .execute(&mut application)
        .await
        .unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE; UPDATE articles SET title = 'not committed' WHERE id = 4")
        .execute(&mut application)
        .await
        .unwrap();
    let folder = scene.database.folder();
    scene.reindex().run().await.expect(0);
    let title = async |id: &str| {
        scene
            .api
            .document(&scene.uid("articles"), id)
            .await
            .unwrap()["title"]
            .clone()
    };
    assert_eq!(title("3").await, "only in the log");
    assert_ne!(title("4").await, "not committed");
    sqlx::raw_sql("COMMIT")
        .execute(&mut application)
        .await
        .unwrap();
    assert_eq!(scene.database.folder(), folder);
    application.close().await.unwrap();
}

/// A damaged page ends the run; the rows before it are not taken for all rows.
#[tokio::test]
async fn a_damaged_database_is_not_half_indexed() {
    let mut scene = Scene::sized(400, 4).await;
    scene.define(|definitions| {
        definitions.index("articles", "SELECT id, title, body FROM articles")
    });
    let before = scene.already_live().await;
    let mut bytes = std::fs::read(&scene.database.path).unwrap();
    let damage = bytes.len() * 2 / 3..bytes.len() * 5 / 6;
    bytes[damage].fill(0xA5);
    std::fs::write(&scene.database.path, bytes).unwrap();
    scene.reindex().run().await.expect(1).says(["malformed"]);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

#[tokio::test]
async fn a_locked_database_is_an_error_and_never_an_empty_one() {
    let mut scene = Scene::new().await;
    let path = scene.path("rails/rollback.sqlite3");
    let database = Database::made_by(
        &path,
        "PRAGMA journal_mode = DELETE; CREATE TABLE articles (id INTEGER PRIMARY KEY, title); INSERT INTO articles VALUES (1, 'a')",
    )
    .await;
    scene.database = database;
    scene.define(|definitions| definitions.index("articles", "SELECT id, title FROM articles"));
    let mut application = scene.database.open().await;
    sqlx::raw_sql("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE")
        .execute(&mut application)
        .await
        .unwrap();
    let impatient = scene.reindex().args(["--busy-timeout", "2s"]);
    impatient.run().await.expect(1).says(["lock"]);
    sqlx::raw_sql("COMMIT")
        .execute(&mut application)
        .await
        .unwrap();
    application.close().await.unwrap();
    scene.reindex().run().await.expect(0);
}
