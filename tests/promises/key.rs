//! A key that `key --create` makes is enough for what it is for, and for nothing else.

use serde_json::json;

use crate::support::{Api, Fault, Scene, ServerOptions};

/// Makes a key with the scene's master key.
async fn make(scene: &Scene, options: &[&str]) -> String {
    let made = scene.command("key").arg("--create");
    let ended = made.args(options.iter().copied()).run().await.expect(0);
    let key = ended.out.strip_suffix('\n').unwrap();
    assert!(
        key.len() >= 16 && !key.contains(char::is_whitespace),
        "the key alone is on standard output: {key:?}"
    );
    assert!(!ended.err.contains(key), "and only there");
    key.to_owned()
}

async fn the_indexer_needs_no_more(options: ServerOptions) {
    let Some(scene) = Scene::on_own_server(options).await else {
        return;
    };
    scene.api.fill("somebody_elses", json!([{"id": 1}])).await;
    let key = make(&scene, &[]).await;
    let run = |command: &str, more: &[&str]| {
        let program = scene.command(command).env("MEILISEARCH_API_KEY", &key);
        program.secret(&key).args(more.to_vec()).run()
    };
    run("reindex", &[]).await.expect(0);
    scene.database.save_title(1, "عنوان جديد").await;
    scene.database.delete_article(2).await;
    run("sync", &["--compare", "changed"]).await.expect(0);
    run("sync", &["--compare", "all"]).await.expect(0);
    scene.expect_in_step().await;
    run("reindex", &["--retain", "1"]).await.expect(0);
    run("reindex", &["--retain", "1"]).await.expect(0);
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(1, &["somebody_elses"]).await;
    run("status", &[]).await.expect(0);
    run("smoke", &[]).await.expect(0);
    run("rollback", &["--yes"]).await.expect(0);
    run("clean", &["--yes"]).await.expect(0);

    let limited = Api::new(&scene.server.url, Some(&key));
    for forbidden in ["/indexes/somebody_elses", "/keys"] {
        assert_eq!(limited.get(forbidden).await.status, 403, "{forbidden}");
    }
}

#[tokio::test]
async fn the_key_made_is_enough_for_every_command_and_opens_nothing_else() {
    the_indexer_needs_no_more(ServerOptions::default()).await;
}

#[tokio::test]
async fn so_it_is_on_a_server_of_version_1_5() {
    the_indexer_needs_no_more(ServerOptions {
        like_1_5: true,
        ..ServerOptions::default()
    })
    .await;
}

#[tokio::test]
async fn the_applications_key_searches_and_does_nothing_else() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.already_live().await;
    let key = make(&scene, &["--for", "application", "--expires-in", "2h"]).await;
    let application = Api::new(&scene.server.url, Some(&key));
    let found = application.search("articles", json!({"q": ""})).await;
    assert_eq!(found["hits"].as_array().unwrap().len(), 12);
    assert_eq!(
        application.get("/indexes/articles/documents").await.status,
        403
    );
    let keys = scene.api.get("/keys").await.expect(200);
    let ours = keys["results"].as_array().unwrap().iter();
    let ours = ours.clone().find(|one| one["key"] == key.as_str()).unwrap();
    let expires_at: jiff::Timestamp = ours["expiresAt"].as_str().unwrap().parse().unwrap();
    let left = expires_at.duration_since(jiff::Timestamp::now());
    assert!((110..=120).contains(&left.as_mins()), "{ours}");
    assert_eq!(ours["indexes"], json!(["articles", "authors"]));
}

#[tokio::test]
async fn without_being_told_to_it_makes_nothing_and_needs_no_server() {
    let scene = Scene::new().await;
    let before = scene.api.get("/keys?limit=100").await;
    let report = scene
        .command("key")
        .args(["--output", "json", "--uid", "articles=Article"])
        .reports()
        .await;
    assert_eq!(
        (&report["outcome"], &report["server"], &report["key"]),
        (&json!("told"), &json!("guarded"), &json!(null))
    );
    assert!(report["indexes"].to_string().contains("Article_*"));
    let after = scene.api.get("/keys?limit=100").await;
    assert_eq!(before.body, after.body);
}

#[tokio::test]
async fn only_the_master_key_makes_keys() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    let key = make(&scene, &[]).await;
    let again = scene.command("key").env("MEILISEARCH_API_KEY", &key);
    let ended = again.secret(&key).arg("--create").run().await;
    assert_eq!(ended.expect(3).says(["master key"]).out, "");
}

#[tokio::test]
async fn a_server_without_a_master_key_is_told_what_to_do_in_which_order() {
    let options = ServerOptions {
        open: true,
        ..ServerOptions::default()
    };
    let Some(scene) = Scene::on_own_server(options).await else {
        return;
    };
    let told = scene.command("key").run().await.expect(0).out;
    for step in ["1. ", "MEILI_MASTER_KEY", "6. "] {
        assert!(told.contains(step), "`{step}` is missing in\n{told}");
    }
    let ended = scene.command("key").arg("--create").run().await;
    let ended = ended.expect(3).says(["no master key", "MEILI_MASTER_KEY"]);
    assert_eq!(ended.out, "");
}

/// A second request would make a second key, so it is not made: a person has to look.
#[tokio::test]
async fn a_key_whose_making_was_answered_by_somebody_else_is_told_of() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    for fault in [Fault::page_after_delivery(200), Fault::LoseAnswer] {
        let proxy = scene.proxy().await;
        proxy.once("POST", "/keys", fault);
        scene
            .command("key")
            .arg("--create")
            .env("MEILISEARCH_HOST", proxy.url())
            .run()
            .await
            .expect(1)
            .says(["is not known", "GET /keys"]);
        assert_eq!(proxy.count("POST", "/keys"), 1);
    }
}
