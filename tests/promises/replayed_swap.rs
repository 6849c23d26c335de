//! A server that dies between committing a swap and committing its task runs the swap again at its next start. That swaps
//! *back*, and the task then says `succeeded`. Whoever believes the task, or looks once and then deletes the former
//! generation, has deleted what is live.

use serde_json::json;

use crate::support::program::Program;
use crate::support::scene::Live;
use crate::support::{Fault, FaultProxy, Scene, ServerOptions, needs};

/// Two generations are there, the database has moved on since, and the next swap is the server's death. None where the
/// server cannot be asked for that.
async fn about_to_die() -> Option<(Scene, Live)> {
    let mut scene = Scene::on_own_server(ServerOptions::default()).await?;
    scene.already_live().await;
    scene.database.save_title(1, "of the second").await;
    scene.reindex().run().await.expect(0);
    if !scene.server.will_die_of_a_swap().await {
        needs::missing(
            needs::THROW_AWAY_SERVER,
            "a real server cannot be asked to die of a swap",
        );
        return None;
    }
    let before = scene.live().await;
    scene.database.save_title(2, "of the third").await;
    Some((scene, before))
}

fn rollback(scene: &Scene) -> Program {
    scene
        .command("rollback")
        .args(["--yes", "--output", "json"])
}

/// `createdAt` of both live indexes.
fn identities(scene: &Scene, live: &Live) -> [String; 2] {
    ["articles", "authors"].map(|name| live.created_at(&scene.uid(name)).to_owned())
}

/// What the next swap is to bring back.
async fn former(scene: &Scene) -> [String; 2] {
    let mut former = Vec::new();
    for name in ["articles", "authors"] {
        let uid = scene.generations(name).await.remove(0);
        let index = scene.api.index(&uid).await.unwrap();
        former.push(index["createdAt"].as_str().unwrap().to_owned());
    }
    former.try_into().unwrap()
}

/// Every task of a swap says that it succeeded, also the one that undid it.
async fn expect_swaps(scene: &Scene, swaps: u64) {
    let tasks = scene.api.get("/tasks?types=indexSwap").await.expect(200);
    let succeeded = tasks["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|task| task["status"] == "succeeded");
    assert_eq!(
        (succeeded.count() as u64, &tasks["total"]),
        (swaps, &json!(swaps)),
        "{tasks}"
    );
}

/// The run waits for the server, finds its swap undone, and makes it again. Whatever became of the answer.
async fn waited_for(retain: usize, fault: Option<Fault>) {
    let Some((mut scene, before)) = about_to_die().await else {
        return;
    };
    let proxy = scene.proxy().await;
    if let Some(fault) = fault {
        proxy.once("POST", "/swap-indexes", fault);
    }
    let running = scene
        .reindex_through(&proxy)
        .arg("--retain")
        .arg(retain.to_string())
        .start();
    scene.server.died().await;
    scene.server.start_again().await;
    running.ended().await.expect(0);
    assert_eq!(proxy.count("POST", "/swap-indexes"), 2);
    expect_swaps(&scene, 4).await;
    let after = scene.live().await;
    for (old, new) in identities(&scene, &before)
        .iter()
        .zip(identities(&scene, &after))
    {
        assert_ne!(*old, new);
    }
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(retain, &[]).await;
    if retain > 0 {
        assert_eq!(former(&scene).await, identities(&scene, &before));
    }
}

#[tokio::test]
async fn a_reindex_finds_its_swap_undone_and_makes_it_again() {
    waited_for(1, None).await;
}

/// The former generation is deleted right after the swap: had that been believed too early, nothing would be left.
#[tokio::test]
async fn a_reindex_that_keeps_nothing_deletes_nothing_before_the_swap_holds() {
    waited_for(0, None).await;
}

#[tokio::test]
async fn a_swap_whose_answer_was_lost_as_well_is_made_again() {
    waited_for(0, Some(Fault::gateway_timeout_after_delivery())).await;
    waited_for(1, Some(Fault::LoseAnswer)).await;
}

/// Before a first run nothing is live, so the swap takes an empty index out. Undone, that is what a searcher would find.
#[tokio::test]
async fn a_first_run_finds_its_swap_undone_and_makes_it_again() {
    for together in [false, true] {
        let Some(mut scene) = Scene::on_own_server(ServerOptions::default()).await else {
            return;
        };
        if !scene.server.will_die_of_a_swap().await {
            return;
        }
        let running = scene.reindex().args(["--retain", "0"]).start();
        scene.server.died().await;
        if together {
            running.kill();
            running.ended().await;
            scene.server.start_again().await;
            scene.reindex().args(["--retain", "0"]).succeeds().await;
        } else {
            scene.server.start_again().await;
            running.ended().await.expect(0);
        }
        scene.expect_in_step().await;
        scene.expect_nothing_left_over(0, &[]).await;
    }
}

/// A key that is limited to index patterns sees no swap at all: neither that it is there nor how it ended.
#[tokio::test]
async fn a_key_that_sees_no_swaps_is_enough() {
    let Some((mut scene, before)) = about_to_die().await else {
        return;
    };
    let key = json!({"actions": ["*"], "indexes": ["a*", "bisan_indexer_checkpoints"], "expiresAt": null});
    let key = scene.api.post("/keys", key).await.expect(201)["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let running = scene
        .reindex()
        .env("MEILISEARCH_API_KEY", &key)
        .secret(&key)
        .args(["--retain", "0"])
        .start();
    scene.server.died().await;
    scene.server.start_again().await;
    running.ended().await.expect(0);
    assert_ne!(
        identities(&scene, &scene.live().await),
        identities(&scene, &before)
    );
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(0, &[]).await;
}

#[tokio::test]
async fn a_rollback_finds_its_swap_undone_and_makes_it_again() {
    let Some((mut scene, before)) = about_to_die().await else {
        return;
    };
    let first = former(&scene).await;
    let running = rollback(&scene).start();
    scene.server.died().await;
    scene.server.start_again().await;
    running.ended().await.expect(0);
    assert_eq!(identities(&scene, &scene.live().await), first);
    assert_eq!(former(&scene).await, identities(&scene, &before));
    scene.expect_nothing_left_over(1, &[]).await;
    expect_swaps(&scene, 4).await;
    rollback(&scene).run().await.expect(0);
    assert_eq!(
        identities(&scene, &scene.live().await),
        identities(&scene, &before)
    );
}

/// The program dies with the server, and what it wanted is undone without it.
async fn died_together(program: impl Fn(&Scene, &FaultProxy) -> Program) -> Option<(Scene, Live)> {
    let (mut scene, before) = about_to_die().await?;
    let proxy = scene.proxy().await;
    let running = program(&scene, &proxy).start();
    scene.server.died().await;
    running.kill();
    running.ended().await;
    scene.server.start_again().await;
    Some((scene, before))
}

#[tokio::test]
async fn the_next_reindex_after_both_died_goes_live() {
    let died = died_together(|scene, proxy| scene.reindex_through(proxy)).await;
    let Some((scene, before)) = died else { return };
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(1, &[]).await;
    assert_eq!(
        former(&scene).await,
        identities(&scene, &before),
        "the build that never stayed live takes nobody's place"
    );
}

#[tokio::test]
async fn the_next_rollback_after_both_died_goes_back() {
    let died =
        died_together(|scene, proxy| rollback(scene).env("MEILISEARCH_HOST", proxy.url())).await;
    let Some((scene, before)) = died else { return };
    rollback(&scene).run().await.expect(0);
    let first = identities(&scene, &scene.live().await);
    assert_ne!(first, identities(&scene, &before));
    assert_eq!(former(&scene).await, identities(&scene, &before));
    scene.expect_nothing_left_over(1, &[]).await;
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
    assert_eq!(former(&scene).await, first);
}

/// Whoever comes first after the restart: what is live stays whole, and nothing is deleted that somebody may want.
#[tokio::test]
async fn a_sync_and_a_clean_up_right_after_both_died_are_harmless() {
    let died = died_together(|scene, proxy| scene.reindex_through(proxy)).await;
    let Some((scene, before)) = died else { return };
    let (sync, clean) = tokio::join!(
        scene.command("sync").run(),
        scene.command("clean").arg("--yes").run()
    );
    sync.expect(0);
    clean.expect(0);
    assert_eq!(
        identities(&scene, &scene.live().await),
        identities(&scene, &before)
    );
    scene.expect_in_step().await;
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(1, &[]).await;
    assert_eq!(former(&scene).await, identities(&scene, &before));
}
