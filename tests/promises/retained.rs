//! The former generation is kept, so that a rollback is one swap; older ones go.

use crate::support::{Fault, Scene};

async fn titles() -> Scene {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene
}

#[tokio::test]
async fn the_former_live_index_is_kept_and_the_one_before_it_goes() {
    let scene = titles().await;
    let uid = scene.uid("articles");
    let mut former = Vec::new();
    for round in 0..4 {
        let report = scene.reindex().run().await.expect(0).report();
        let kept = scene.generations("articles").await;
        assert_eq!(
            kept.len(),
            usize::from(round > 0),
            "after run {round}: {kept:?}"
        );
        if let (Some(kept), Some(before)) = (kept.first(), former.last()) {
            assert_eq!(
                &scene.api.index(kept).await.unwrap()["createdAt"],
                before,
                "{report}"
            );
            assert_eq!(report["retained"][0], kept.as_str());
        }
        assert_eq!(
            report["deleted"].as_array().unwrap().len(),
            usize::from(round > 1),
            "{report}"
        );
        former.push(scene.api.index(&uid).await.unwrap()["createdAt"].clone());
    }
}

#[tokio::test]
async fn as_many_are_kept_as_was_asked_for() {
    let scene = titles().await;
    for expected in [0, 1, 2, 2] {
        scene.reindex().args(["--retain", "2"]).succeeds().await;
        assert_eq!(scene.generations("articles").await.len(), expected);
    }
    scene.reindex().args(["--retain", "0"]).succeeds().await;
    assert_eq!(scene.generations("articles").await.len(), 0);
    scene.expect_in_step().await;
}

#[tokio::test]
async fn a_retained_generation_is_whole_and_a_swap_brings_it_back() {
    let scene = titles().await;
    let first = scene.already_live().await;
    scene.database.save_title(3, "changed").await;
    scene.reindex().run().await.expect(0);
    let kept = scene.generations("articles").await.remove(0);
    let pairs = serde_json::json!([{"indexes": [scene.uid("articles"), kept]}]);
    scene
        .api
        .succeed("POST", "/swap-indexes", Some(pairs))
        .await;
    assert_eq!(scene.live().await, first);
    // A run after such a rollback is a run like any other.
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(1, &[]).await;
}

#[tokio::test]
async fn two_runs_within_one_second_do_not_collide() {
    let scene = titles().await;
    for _ in 0..3 {
        scene.reindex().args(["--retain", "5"]).succeeds().await;
    }
    assert_eq!(scene.generations("articles").await.len(), 2);
}

/// The run has done what it was for; the next one has one thing more to delete.
#[tokio::test]
async fn a_former_generation_that_cannot_be_deleted_is_named_and_goes_with_the_next_run() {
    let scene = titles().await;
    for _ in 0..2 {
        scene.reindex().run().await.expect(0);
    }
    let former = scene.generations("articles").await.remove(0);
    let before = scene.live().await;
    let proxy = scene.proxy().await;
    proxy.always(
        "DELETE",
        &format!("/indexes/{former}"),
        Fault::meilisearch(400, "bad_request", "it cannot be done"),
    );
    let ended = scene.reindex_through(&proxy).run().await.expect(0);
    ended.says([former.as_str(), "could not be deleted", "it cannot be done"]);
    assert_ne!(scene.live().await, before);
    scene.expect_in_step().await;
    assert!(scene.generations("articles").await.contains(&former));

    scene.reindex().run().await.expect(0);
    assert!(!scene.generations("articles").await.contains(&former));
    scene.expect_nothing_left_over(1, &[]).await;
}
