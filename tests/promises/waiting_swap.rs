//! A run is killed while its swap waits in the server's queue, behind somebody else's work. Whoever comes next finds a
//! complete build that is not live *yet*: what looks like a leftover now is live in a moment, and under its uid lies then
//! what was live before.

use serde_json::json;

use crate::support::program::Program;
use crate::support::{Busy, Scene, ServerOptions};

/// The `createdAt`s of all that lies around of the articles, live first.
async fn all(scene: &Scene) -> Vec<String> {
    let mut uids = vec![scene.uid("articles")];
    uids.extend(scene.generations("articles").await);
    let mut all = Vec::new();
    for uid in uids {
        let index = scene.api.index(&uid).await.unwrap();
        all.push(index["createdAt"].as_str().unwrap().to_owned());
    }
    all
}

/// Two generations, and the swap of a third that waits behind somebody else's work; its run is dead. With what was live then.
async fn killed() -> Option<(Scene, String, Busy)> {
    let mut scene = Scene::on_own_server(ServerOptions::default()).await?;
    scene.define_titles();
    scene.already_live().await;
    scene.reindex().run().await.expect(0);
    let live = all(&scene).await.remove(0);
    scene.database.save_title(1, "of the third").await;
    let proxy = scene.proxy().await;
    let swap = proxy.hold("POST", "/swap-indexes");
    let running = scene.reindex_through(&proxy).start();
    swap.reached("the swap").await;
    let busy = scene.busy().await;
    swap.release();
    scene.api.until_wait(1, "types=indexSwap").await;
    running.kill();
    running.ended().await;
    Some((scene, live, busy))
}

/// Runs it. The swap goes on only when the program waits for it.
async fn ends_well(scene: &Scene, program: Program, busy: Busy) {
    let proxy = scene.proxy().await;
    let running = program.env("MEILISEARCH_HOST", proxy.url()).start();
    proxy.waits_for_tasks().await;
    busy.over().await;
    running.ended().await.expect(0);
}

/// A key that is limited to index patterns: no swap is shown to it.
async fn key_that_sees_no_swaps(scene: &Scene) -> String {
    let key = json!({"actions": ["*"], "indexes": ["a*", "bisan_indexer_checkpoints"], "expiresAt": null});
    scene.api.post("/keys", key).await.expect(201)["key"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_clean_up_takes_nothing_that_is_live_in_a_moment() {
    for restricted in [false, true] {
        let Some((scene, live, busy)) = killed().await else {
            return;
        };
        let mut clean = scene.command("clean").arg("--yes");
        if restricted {
            clean = clean.env("MEILISEARCH_API_KEY", key_that_sees_no_swaps(&scene).await);
        }
        ends_well(&scene, clean, busy).await;
        scene.expect_in_step().await;
        let all = all(&scene).await;
        assert!(
            all[0] != live && all.contains(&live) && all.len() == 3,
            "{live} was live, of {all:?} the first is (restricted: {restricted})"
        );
    }
}

#[tokio::test]
async fn a_reindex_waits_for_it_and_goes_live() {
    for restricted in [false, true] {
        let Some((scene, live, busy)) = killed().await else {
            return;
        };
        let mut reindex = scene.command("reindex").args(["--retain", "9"]);
        if restricted {
            reindex = reindex.env("MEILISEARCH_API_KEY", key_that_sees_no_swaps(&scene).await);
        }
        ends_well(&scene, reindex, busy).await;
        scene.expect_in_step().await;
        let all = all(&scene).await;
        assert!(
            all[0] != live && all.contains(&live) && all.len() == 4,
            "{live} was live, of {all:?} the first is (restricted: {restricted})"
        );
    }
}

#[tokio::test]
async fn a_rollback_goes_back_from_what_it_made_live() {
    for restricted in [false, true] {
        let Some((scene, live, busy)) = killed().await else {
            return;
        };
        let mut rollback = scene.command("rollback").arg("--yes");
        if restricted {
            rollback = rollback.env("MEILISEARCH_API_KEY", key_that_sees_no_swaps(&scene).await);
        }
        ends_well(&scene, rollback, busy).await;
        let all = all(&scene).await;
        assert!(
            all[0] == live && all.len() == 3,
            "{live} was live, of {all:?} the first is (restricted: {restricted})"
        );
    }
}
