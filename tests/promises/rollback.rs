//! A rollback swaps a former generation back in, of all indexes at once, and can be undone the same way.

use serde_json::{Value, json};

use crate::support::leftovers::{leave_a_build, leave_a_complete_build};
use crate::support::{Fault, Scene, ServerOptions};

/// Twice live: what is live now has another title than what was live before.
async fn two_generations(scene: &Scene) -> (Value, Value) {
    scene.already_live().await;
    let before = ids(scene).await;
    scene.database.save_title(1, "جديد").await;
    scene.reindex().run().await.expect(0);
    (before, ids(scene).await)
}

/// `createdAt` of what lies under both live uids.
async fn ids(scene: &Scene) -> Value {
    let live = scene.live().await;
    json!([
        live.created_at(&scene.uid("articles")),
        live.created_at(&scene.uid("authors"))
    ])
}

async fn rollback(scene: &Scene, options: &[&str], code: i32) -> Value {
    let program = scene
        .command("rollback")
        .args(["--output", "json", "--yes"]);
    program
        .args(options.iter().copied())
        .run()
        .await
        .expect(code)
        .report()
}

#[tokio::test]
async fn all_indexes_go_back_at_once_and_twice_is_forward_again() {
    let scene = Scene::new().await;
    let (first, second) = two_generations(&scene).await;
    let former = scene
        .api
        .document(&scene.uid("articles"), "1")
        .await
        .unwrap();

    let report = rollback(&scene, &[], 0).await;
    assert_eq!(
        (&report["outcome"], &report["indexes"][0]["sync_follows"]),
        (&json!("rolled_back"), &json!(true))
    );
    assert_eq!(ids(&scene).await, first);
    let document = scene
        .api
        .document(&scene.uid("articles"), "1")
        .await
        .unwrap();
    assert_ne!(document["title"], former["title"]);

    rollback(&scene, &[], 0).await;
    assert_eq!(ids(&scene).await, second);
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(1, &[]).await;

    let to = first[1].as_str().unwrap();
    rollback(&scene, &["--to", to], 0).await;
    assert_eq!(
        ids(&scene).await,
        first,
        "one of the run's generations stands for all of them"
    );
    scene.command("sync").run().await.expect(0);
    scene.expect_in_step().await;
}

#[tokio::test]
async fn what_is_not_there_is_refused_and_everything_stays() {
    let scene = Scene::new().await;
    let empty = scene.command("rollback").arg("--yes").run().await.expect(3);
    empty.says(["no former generation", "reindex"]);
    let (first, _) = two_generations(&scene).await;
    scene.reindex().run().await.expect(0);
    let live = scene.live().await;
    let host = bisan_indexer::host::name();
    let unfinished = leave_a_build(&scene, "articles", &host, "2026-11-24T14:30:00Z").await;
    for (to, why) in [
        (first[0].as_str().unwrap(), "no generation"),
        (&scene.uid("articles"), "live already"),
        (live.created_at(&scene.uid("authors")), "live already"),
        (&unfinished, "never became complete"),
        ("articles_20200101T000000Z", "no generation"),
    ] {
        let ended = scene
            .command("rollback")
            .args(["--yes", "--to", to])
            .run()
            .await
            .expect(3);
        let ended = ended.says([why, "nothing was changed", "retained"]);
        assert_eq!(ended.out, "");
    }
    assert_eq!(scene.live().await, live);
}

#[tokio::test]
async fn nothing_is_swapped_without_a_yes() {
    let scene = Scene::new().await;
    two_generations(&scene).await;
    let live = scene.live().await;
    scene
        .command("rollback")
        .run()
        .await
        .expect(2)
        .says(["--yes", "--dry-run"]);
    let dry = scene
        .command("rollback")
        .args(["--dry-run", "--output", "json"])
        .reports()
        .await;
    assert_eq!(
        (&dry["outcome"], &dry["indexes"][1]["documents"]),
        (&json!("dry_run"), &json!(4))
    );
    let list = scene
        .command("rollback")
        .args(["--list", "--output", "json"])
        .reports()
        .await;
    let runs = list["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2, "{list}");
    let role = |run: usize, one: usize| runs[run]["generations"][one]["live"].as_bool().unwrap();
    assert!(
        role(0, 0) && role(0, 1) && !role(1, 0) && !role(1, 1),
        "{list}"
    );
    assert_eq!(scene.live().await, live);
}

#[tokio::test]
async fn another_run_excludes_a_rollback() {
    let scene = Scene::new().await;
    two_generations(&scene).await;
    let live = scene.live().await;
    let file = std::fs::File::open(&scene.database.path).unwrap();
    file.try_lock().unwrap();
    scene
        .command("rollback")
        .arg("--yes")
        .run()
        .await
        .expect(4)
        .says(["locked by another run"]);
    assert_eq!(scene.live().await, live);
}

#[tokio::test]
async fn a_generation_that_answers_badly_or_holds_nothing_is_refused() {
    let mut scene = Scene::new().await;
    let titles = |smoke: Value| {
        move |definitions: crate::support::definitions::Definitions| {
            definitions
                .index("articles", "SELECT id, title FROM articles")
                .smoke("articles", smoke)
        }
    };
    scene.define(titles(json!([{"q": ""}])));
    scene.already_live().await;
    scene.reindex().run().await.expect(0);
    let live = scene.live().await;
    let uid = scene.generations("articles").await.remove(0);

    scene.define(titles(
        json!([{"q": "", "min_hits": 99}, {"q": "", "filter": "id > 1"}]),
    ));
    let refused = scene.command("rollback").arg("--yes").run().await.expect(3);
    refused.says(["12 hits", "at least 99", &uid]);
    assert_eq!(scene.live().await, live);
    let report = rollback(&scene, &["--skip-smoke"], 0).await;
    let warnings = report["warnings"].to_string();
    assert!(
        warnings.contains("at least 99") && warnings.contains("do not allow"),
        "{warnings}"
    );
    rollback(&scene, &["--skip-smoke"], 0).await;
    assert_eq!(scene.live().await, live);

    scene.define(titles(json!([])));
    scene
        .api
        .succeed("DELETE", &format!("/indexes/{uid}/documents"), None)
        .await;
    let refused = scene.command("rollback").arg("--yes").run().await.expect(3);
    refused.says(["holds no document", &uid]);
    assert_eq!(scene.live().await, live);
}

#[tokio::test]
async fn what_was_there_before_this_program_can_be_gone_back_to() {
    let scene = Scene::new().await;
    let articles = scene.uid("articles");
    scene
        .api
        .fill(
            &articles,
            json!([{"id": "1", "title": "قديم"}, {"id": "2", "title": "قديم"}]),
        )
        .await;
    scene
        .reindex()
        .args(["--max-loss", "100%"])
        .succeeds()
        .await;
    let live = scene.live().await;

    let report = rollback(&scene, &[], 0).await;
    assert_eq!(report["indexes"][0]["sync_follows"], false);
    assert_eq!(report["stays"][0]["index"], "authors");
    assert_eq!(scene.api.count(&articles).await, 2);
    rollback(&scene, &[], 0).await;
    assert_eq!(scene.live().await, live);
}

#[tokio::test]
async fn a_live_index_that_somebody_deleted_comes_back() {
    let scene = Scene::new().await;
    let (first, _) = two_generations(&scene).await;
    for name in ["articles", "authors"] {
        scene
            .api
            .succeed("DELETE", &format!("/indexes/{}", scene.uid(name)), None)
            .await;
    }
    rollback(&scene, &[], 0).await;
    assert_eq!(ids(&scene).await, first);
    scene.command("clean").arg("--yes").run().await.expect(0);
    scene.expect_nothing_left_over(0, &[]).await;
}

#[tokio::test]
async fn a_lost_answer_to_the_swap_is_looked_into() {
    let scene = Scene::new().await;
    let (first, _) = two_generations(&scene).await;
    let proxy = scene.proxy().await;
    proxy.once("POST", "/swap-indexes", Fault::LoseAnswer);
    let program = scene
        .command("rollback")
        .env("MEILISEARCH_HOST", proxy.url())
        .arg("--yes");
    program.run().await.expect(0);
    assert_eq!(ids(&scene).await, first);
}

#[tokio::test]
async fn a_bad_generation_that_was_rolled_back_from_is_not_the_one_that_is_kept() {
    let scene = Scene::new().await;
    let (good, bad) = two_generations(&scene).await;
    rollback(&scene, &[], 0).await;
    scene.reindex().run().await.expect(0);
    rollback(&scene, &[], 0).await;
    assert_eq!(ids(&scene).await, good);
    let ended = scene
        .command("rollback")
        .args(["--yes", "--to", bad[0].as_str().unwrap()])
        .run()
        .await;
    ended.expect(3);
}

#[tokio::test]
async fn the_oldest_server_rolls_back_too() {
    let scene = Scene::on(ServerOptions {
        like_1_5: true,
        ..ServerOptions::default()
    })
    .await;
    let (first, second) = two_generations(&scene).await;
    rollback(&scene, &[], 0).await;
    assert_eq!(ids(&scene).await, first);
    rollback(&scene, &[], 0).await;
    assert_eq!(ids(&scene).await, second);
}

#[tokio::test]
async fn a_build_that_was_never_swapped_in_is_no_former_generation() {
    let scene = Scene::new().await;
    let (first, _) = two_generations(&scene).await;
    let build = leave_a_complete_build(&scene, "articles", "2026-11-24T14:30:00Z").await;
    let list = scene.command("rollback").arg("--list").succeeds().await.out;
    assert!(list.contains("never live"), "{list}");
    rollback(&scene, &[], 0).await;
    assert_eq!(ids(&scene).await, first);
    rollback(&scene, &[], 0).await;
    rollback(&scene, &["--to", &build], 0).await;
    assert_eq!(scene.api.count(&scene.uid("articles")).await, 1);
    rollback(&scene, &[], 0).await;
    scene.expect_in_step().await;
}

#[tokio::test]
async fn a_build_that_was_never_swapped_in_pushes_no_former_generation_out() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let before = ids(&scene).await;
    let build = leave_a_complete_build(&scene, "articles", "2026-11-24T14:30:00Z").await;
    scene.reindex().run().await.expect(0);
    assert!(scene.api.index(&build).await.is_none());
    rollback(&scene, &[], 0).await;
    assert_eq!(ids(&scene).await, before);
}

/// A swap needs two indexes: the empty one that is made for it goes again, whether the swap is made or not.
#[tokio::test]
async fn the_empty_index_that_was_made_for_the_swap_is_taken_back() {
    let scene = Scene::new().await;
    let (first, _) = two_generations(&scene).await;
    for name in ["articles", "authors"] {
        let path = format!("/indexes/{}", scene.uid(name));
        scene.api.succeed("DELETE", &path, None).await;
    }
    let proxy = scene.proxy().await;
    let refusal = Fault::meilisearch(400, "invalid_swap_indexes", "no");
    proxy.once("POST", "/swap-indexes", refusal);
    let program = scene
        .command("rollback")
        .env("MEILISEARCH_HOST", proxy.url())
        .arg("--yes");
    program.run().await.expect(1).says(["the swap failed"]);
    assert!(scene.live().await.is_empty(), "an empty site for an error");
    scene.expect_nothing_left_over(1, &[]).await;
    rollback(&scene, &[], 0).await;
    assert_eq!(ids(&scene).await, first);
    scene.expect_nothing_left_over(0, &[]).await;
}
