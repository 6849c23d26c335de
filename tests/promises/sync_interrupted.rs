//! A round that is cut at any point leaves nothing wrong, and the next one sets everything right.

use futures::future::join_all;
use serde_json::Value;

use crate::support::scene::CHECKPOINTS;
use crate::support::{Fault, FaultProxy, Scene, ServerOptions};

use super::sync_changes::{expect_equal, sync};

async fn checkpoints(scene: &Scene) -> Vec<Value> {
    let mut records = scene.api.documents(CHECKPOINTS).await;
    records.sort_by_key(|record| record["id"].to_string());
    records
}

async fn changed_scene() -> Scene {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.database.save_title(5, "changed").await;
    scene.database.delete_article(6).await;
    scene.database.import(3, "imported").await;
    scene
}

/// At every request of a round, of each depth: cut before it, cut in its body, answer lost, answered 502 in HTML.
#[tokio::test]
async fn whichever_request_fails_the_next_round_mends_it() {
    // Most of it is waiting for what is retried.
    join_all(["changed", "ids", "all"].map(whichever_request_fails_at)).await;
}

async fn whichever_request_fails_at(depth: &str) {
    let scene = changed_scene().await;
    let proxy = scene.proxy().await;
    let through = |proxy: &FaultProxy| {
        sync(&scene)
            .args(["--compare", depth, "--index", "articles"])
            .env("MEILISEARCH_HOST", proxy.url())
    };
    through(&proxy).run().await.expect(0);
    let requests = proxy.seen().len();
    assert!(requests > 5, "{requests}");
    for k in 1..=requests {
        scene.database.save_title(5, &format!("changed {k}")).await;
        let faults = [
            Fault::CutBefore,
            Fault::CutInBody,
            Fault::LoseAnswer,
            Fault::bad_gateway(),
        ];
        let proxy = scene.proxy().await;
        proxy.at(k, faults[k % faults.len()].clone());
        // A request that can be repeated is repeated, so the round may well end well.
        let ended = through(&proxy).run().await;
        let code = ended.status.code();
        assert!(
            matches!(code, Some(0 | 1)),
            "{depth}, request {k}: {}",
            ended.err
        );
        sync(&scene).run().await.expect(0);
        scene.expect_in_step().await;
    }
    expect_equal(&scene).await;
}

/// The server makes another thing of the documents than it was told, as a bug of its own would: their task fails.
#[tokio::test]
async fn a_task_that_fails_leaves_the_checkpoint_where_it_was() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let before = (checkpoints(&scene).await, scene.live().await);
    scene.database.save_title(5, "changed").await;
    let proxy = scene.proxy().await;
    let wrong = Fault::Rewrite {
        from: "\"id\":5,",
        to: "\"id\":\"5 8\",",
    };
    proxy.once("POST", "/indexes/*articles/documents", wrong);
    let failed = sync(&scene)
        .env("MEILISEARCH_HOST", proxy.url())
        .run()
        .await;
    failed
        .expect(1)
        .says(["articles", "invalid_document_id", "5 8"]);
    let path = format!("/tasks?limit=1&indexUids={}", scene.uid("articles"));
    let newest = scene.api.get(&path).await.expect(200)["results"][0].clone();
    assert_eq!(newest["status"], "failed", "{newest}");
    assert_eq!((checkpoints(&scene).await, scene.live().await), before);
    sync(&scene).run().await.expect(0);
    expect_equal(&scene).await;
}

/// Somebody deletes the index under a round. Its upload would make a new one of a few documents.
#[tokio::test]
async fn an_index_that_goes_under_a_round_moves_no_checkpoint() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.already_live().await;
    let before = checkpoints(&scene).await;
    scene.database.save_title(5, "changed").await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/indexes/articles/documents");
    let running = sync(&scene).env("MEILISEARCH_HOST", proxy.url()).start();
    hold.reached("the upload").await;
    scene.api.delete_index("articles").await;
    hold.release();
    let code = running.ended().await.status.code();
    assert_eq!(code, Some(1));
    let articles = |records: Vec<Value>| -> Vec<Value> {
        let of_it = |record: &Value| record["live_uid"] == "articles";
        let mut records: Vec<Value> = records.into_iter().filter(of_it).collect();
        records
            .iter_mut()
            .map(|one| one["checkpoint"].take())
            .collect()
    };
    assert_eq!(articles(checkpoints(&scene).await), articles(before));
}

/// What was accepted is not what was indexed: the round waits for its uploads, and knows how they ended.
#[tokio::test]
async fn an_upload_that_somebody_cancels_is_no_success() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.already_live().await;
    let before = checkpoints(&scene).await;
    scene.database.save_title(5, "changed").await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold_answer("POST", "/indexes/articles/documents");
    let busy = scene.busy().await;
    let running = sync(&scene).env("MEILISEARCH_HOST", proxy.url()).start();
    hold.reached("the upload").await;
    let cancel = "/tasks/cancel?indexUids=articles";
    scene.api.ask("POST", cancel, None).await.expect(200);
    hold.release();
    busy.over().await;
    let words = ["articles", "was cancelled"];
    running.ended().await.expect(1).says(words);
    assert_eq!(checkpoints(&scene).await, before);
    sync(&scene).run().await.expect(0);
    scene.expect_in_step().await;
}

#[tokio::test]
async fn a_killed_sync_is_simply_run_again() {
    let scene = changed_scene().await;
    let proxy = scene.proxy().await;
    for (method, path) in [
        ("POST", "/indexes/*articles/documents"),
        ("POST", "/indexes/*articles/documents/delete-batch"),
        ("PUT", "/indexes/bisan_indexer_checkpoints/documents"),
    ] {
        scene.database.import(1, "more").await;
        scene
            .database
            .execute("DELETE FROM articles WHERE id = (SELECT MIN(id) FROM articles)")
            .await;
        let hold = proxy.hold_answer(method, path);
        let mut running = sync(&scene).env("MEILISEARCH_HOST", proxy.url()).start();
        hold.reached(path).await;
        running.kill();
        running.over().await;
        hold.release();
        sync(&scene).run().await.expect(0);
        scene.expect_in_step().await;
    }
    expect_equal(&scene).await;
}

#[tokio::test]
async fn a_server_that_is_killed_and_started_again_during_a_round_is_waited_for() {
    let Some(mut scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.already_live().await;
    scene.database.import(5, "new").await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold_answer("POST", "/indexes/*articles/documents");
    let running = sync(&scene).env("MEILISEARCH_HOST", proxy.url()).start();
    hold.reached("the upload").await;
    scene.server.kill().await;
    hold.release();
    scene.server.start_again().await;
    running.ended().await.expect(0);
    expect_equal(&scene).await;
}
