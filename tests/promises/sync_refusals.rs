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
    scene
        .api
        .succeed("DELETE", &format!("/indexes/{CHECKPOINTS}"), None)
        .await;
    let before = scene.live().await;
    let ended = sync(&scene).run().await.expect(3);
    ended.says(["articles", "checkpoint", "reindex"]);
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
    sync(&scene)
        .run()
        .await
        .expect(3)
        .says(["articles", "definition has changed"]);
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
        .run()
        .await
        .expect(0)
        .says(["older than what was followed"]);
    sync(&scene)
        .args(["--compare", "changed"])
        .run()
        .await
        .expect(0)
        .says_nothing_of("older than what was followed");
    expect_equal(&scene).await;
}
