//! What `sync` refuses to follow, what it says then, and that it changes nothing.

use serde_json::json;

use crate::support::scene::CHECKPOINTS;
use crate::support::{Scene, ServerOptions};

use super::sync_changes::{expect_equal, figures, sync};

#[tokio::test]
async fn an_empty_server_is_not_nothing_to_do() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    let ended = sync(&scene).run().await.expect(3);
    ended.says(["articles", "reindex"]);
    assert!(scene.api.indexes().await.is_empty(), "nothing is created");
}

#[tokio::test]
async fn a_live_index_without_a_checkpoint_is_refused() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.already_live().await;
    scene.api.delete_index(CHECKPOINTS).await;
    let before = scene.live().await;
    let ended = sync(&scene).run().await.expect(3);
    ended.says(["articles", "checkpoint", "bisan-indexer reindex"]);
    assert_eq!(scene.live().await, before);
    assert_eq!(scene.api.indexes().await.len(), 2, "nothing is created");
}

#[tokio::test]
async fn an_index_that_somebody_else_made_is_refused() {
    let scene = Scene::new().await;
    scene
        .api
        .fill(
            &scene.uid("articles"),
            json!([{"id": "1", "title": "the gem's"}]),
        )
        .await;
    sync(&scene)
        .args(["--index", "articles"])
        .run()
        .await
        .expect(3)
        .says(["not built by this program", "reindex"]);
}

#[tokio::test]
async fn a_definition_that_changed_since_is_refused() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    let before = scene.live().await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, title, excerpt FROM articles")
            .settings("articles", json!({"searchableAttributes": ["title"]}))
    });
    sync(&scene).run().await.expect(3).says([
        "articles",
        "definition has changed",
        "bisan-indexer apply",
    ]);
    assert_eq!(scene.live().await, before);
}

#[tokio::test]
async fn one_index_that_cannot_be_followed_does_not_keep_the_others_from_it() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene
        .api
        .succeed(
            "DELETE",
            &format!("/indexes/{}", scene.uid("articles")),
            None,
        )
        .await;
    scene.database.rename_author(2, "renamed").await;
    let report = sync(&scene).run().await.expect(3).report();
    assert!(
        figures(&report, "articles")["error"].is_string(),
        "{report}"
    );
    assert_eq!(figures(&report, "authors")["sent_different"], 1, "{report}");
}

#[tokio::test]
async fn a_database_restored_from_a_backup_is_followed_back() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let backup = scene.path("backup.sqlite3");
    scene
        .database
        .execute(&format!("VACUUM INTO '{}'", backup.display()))
        .await;
    scene.database.save_title(3, "after the backup").await;
    scene.database.import(2, "after the backup").await;
    sync(&scene).run().await.expect(0);
    for side in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{side}", scene.database_url()));
    }
    std::fs::copy(&backup, &scene.database.path).unwrap();
    // Even where only what changed was asked for: time has gone back.
    sync(&scene)
        .args(["--compare", "changed"])
        .succeeds()
        .await
        .says(["older than what was followed"]);
    sync(&scene)
        .args(["--compare", "changed"])
        .succeeds()
        .await
        .says_nothing_of("older than what was followed");
    expect_equal(&scene).await;
}

/// As after `kill -9` of the application and `cp backup.sqlite3 production.sqlite3`: SQLite would lay the old log over the
/// restored database, and the index would be made of both.
#[tokio::test]
async fn a_backup_beside_the_log_of_what_it_replaced_is_not_read() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let before = scene.live().await;
    let backup = scene.path("backup.sqlite3");
    scene
        .database
        .execute(&format!("VACUUM INTO '{}'", backup.display()))
        .await;
    let log = std::path::PathBuf::from(format!("{}-wal", scene.database_url()));
    let kept = scene.path("log");
    let application = scene.database.open().await;
    scene.database.import(5, "after the backup").await;
    std::fs::copy(&log, &kept).unwrap();
    drop(application);
    scene
        .database
        .execute("PRAGMA wal_checkpoint(TRUNCATE)")
        .await;
    std::fs::copy(&backup, &scene.database.path).unwrap();
    std::fs::copy(&kept, &log).unwrap();
    for command in ["sync", "reindex"] {
        let ended = scene.command(command).run().await.expect(1);
        ended.says(["-wal", "not written for it", "remove", "again"]);
    }
    assert_eq!(scene.live().await, before);
    assert_eq!(
        std::fs::read(&backup).unwrap(),
        std::fs::read(&scene.database.path).unwrap(),
        "nothing of the log has come into the database"
    );
    std::fs::remove_file(&log).unwrap();
    sync(&scene).run().await.expect(0);
    expect_equal(&scene).await;
}
