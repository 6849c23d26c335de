//! Whatever ends a run, and whenever: the live index answers, and nothing has to be cleaned up by hand.

use serde_json::json;

use crate::support::program::Running;
use crate::support::proxy::Hold;
use crate::support::{FaultProxy, Scene, ServerOptions};

/// A path as the proxy sees it, for each stage of a run.
fn stages(scene: &Scene) -> Vec<(&'static str, String)> {
    let build = format!("/indexes/{}_*", scene.uid("articles"));
    vec![
        ("POST", "/indexes".to_owned()),
        ("PATCH", format!("{build}/settings")),
        ("POST", format!("{build}/documents")),
    ]
}

async fn stopped_by(signal: impl Fn(&crate::support::program::Running)) {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let before = scene.already_live().await;
    for (method, path) in stages(&scene) {
        for delivered in [false, true] {
            let proxy = scene.proxy().await;
            let hold = match delivered {
                true => proxy.hold_answer(method, &path),
                false => proxy.hold(method, &path),
            };
            let running = scene.reindex_through(&proxy).start();
            hold.reached(&path).await;
            signal(&running);
            let release = hold.clone();
            // The request under way may still arrive at the server, as it may on any network.
            tokio::spawn(async move { release.release() });
            running.ended().await.expect(130);
            assert_eq!(scene.live().await, before);
            scene.expect_nothing_left_over(0, &[]).await;
        }
    }
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
}

#[tokio::test]
async fn ctrl_c_stops_cleanly_at_any_stage() {
    stopped_by(|running| running.interrupt()).await;
}

#[tokio::test]
async fn docker_stop_stops_cleanly_at_any_stage() {
    stopped_by(|running| running.terminate()).await;
}

#[tokio::test]
async fn ctrl_c_twice_stops_at_once_and_the_next_run_cleans_up() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let before = scene.already_live().await;
    let proxy = scene.proxy().await;
    let upload = proxy.hold("POST", "/indexes/*articles_*/documents");
    // The clean end after the first Ctrl-C asks the server something; it gets no answer.
    let clean_up = (
        proxy.hold("POST", "/tasks/cancel"),
        proxy.hold("GET", "/indexes/*articles_*"),
        proxy.hold("DELETE", "*"),
    );
    let running = scene.reindex_through(&proxy).start();
    // The first look at the build's uid may have been caught by the hold on GET.
    tokio::select! {
        () = upload.reached("the upload") => {}
        () = clean_up.1.reached("a look at the build") => { clean_up.1.release(); upload.reached("the upload").await; }
    }
    running.interrupt();
    crate::support::eventually("the clean end has begun", async || {
        (proxy.count("POST", "/tasks/cancel") + proxy.count("DELETE", "*") > 0).then_some(())
    })
    .await;
    running.interrupt();
    running.ended().await.expect(130);
    assert_eq!(scene.live().await, before);

    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(1, &[]).await;
}

#[tokio::test]
async fn a_run_that_was_killed_is_cleaned_up_by_the_next() {
    for delivered in [false, true] {
        let mut scene = Scene::new().await;
        scene.define_titles();
        let before = scene.already_live().await;
        for (method, path) in stages(&scene) {
            let proxy = scene.proxy().await;
            let hold = if delivered {
                proxy.hold_answer(method, &path)
            } else {
                proxy.hold(method, &path)
            };
            let running = scene.reindex_through(&proxy).start();
            hold.reached(&path).await;
            running.kill();
            assert_eq!(running.ended().await.status.code(), None);
            drop(proxy);
            assert_eq!(scene.live().await, before, "killed at {method} {path}");
        }
        scene.reindex().run().await.expect(0);
        scene.expect_in_step().await;
        scene.expect_nothing_left_over(1, &[]).await;
    }
}

/// A reindex that has come to its swap, which is held back before it is delivered or after it.
async fn at_the_swap(scene: &Scene, delivered: bool) -> (FaultProxy, Hold, Running) {
    let proxy = scene.proxy().await;
    let hold = match delivered {
        true => proxy.hold_answer("POST", "/swap-indexes"),
        false => proxy.hold("POST", "/swap-indexes"),
    };
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the swap").await;
    (proxy, hold, running)
}

#[tokio::test]
async fn a_run_that_was_killed_around_the_swap_leaves_one_whole_generation() {
    for delivered in [false, true] {
        let scene = Scene::new().await;
        let before = scene.already_live().await;
        scene.database.save_title(6, "after").await;
        let (proxy, _hold, running) = at_the_swap(&scene, delivered).await;
        running.kill();
        running.ended().await;
        drop(proxy);
        if delivered {
            // The swap is queued on the server, whoever is there to wait for it.
            crate::support::eventually("the swap is made", async || {
                (scene.live().await != before).then_some(())
            })
            .await;
            scene.expect_in_step().await;
        } else {
            assert_eq!(scene.live().await, before);
        }
        scene.reindex().run().await.expect(0);
        scene.expect_in_step().await;
        scene.expect_nothing_left_over(1, &[]).await;
    }
}

/// A run that was killed leaves its last task in the queue, where a busy server comes to it only later.
#[tokio::test]
async fn what_a_killed_run_left_in_the_queue_is_waited_for() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    let busy = scene.busy().await;
    // The empty index that a first swap needs, which nobody swapped any more.
    let live = json!({"uid": scene.uid("articles"), "primaryKey": "id"});
    scene.api.post("/indexes", live).await.expect(202);
    let proxy = scene.proxy().await;
    let running = scene.reindex_through(&proxy).start();
    proxy.waits_for_tasks().await;
    busy.over().await;
    running.ended().await.expect(0);
    scene.expect_in_step().await;
}

/// Half a swap is no state to be in: from here to its proof nothing is interrupted.
#[tokio::test]
async fn ctrl_c_during_the_swap_ends_in_one_whole_state() {
    for delivered in [false, true] {
        let scene = Scene::new().await;
        let before = scene.already_live().await;
        scene.database.save_title(6, "after").await;
        let (_proxy, hold, running) = at_the_swap(&scene, delivered).await;
        running.interrupt();
        hold.release();
        let ended = running.ended().await;
        match ended.status.code() {
            Some(0) => scene.expect_in_step().await,
            _ => {
                ended.expect(130);
                assert_eq!(scene.live().await, before);
            }
        }
        scene.reindex().run().await.expect(0);
        scene.expect_in_step().await;
        scene.expect_nothing_left_over(1, &[]).await;
    }
}

/// Ctrl-C comes while nothing is interrupted, and then the swap fails: the failure is what is told, and what was begun is
/// cleared up all the same.
#[tokio::test]
async fn ctrl_c_during_a_swap_that_then_fails_hides_nothing_and_leaves_nothing() {
    let scene = Scene::new().await;
    let before = scene.already_live().await;
    let (_proxy, hold, running) = at_the_swap(&scene, false).await;
    running.interrupt();
    // A swap of an index that is not there fails.
    let build = scene.generations("articles").await.remove(0);
    scene.api.delete_index(&build).await;
    hold.release();
    let ended = running.ended().await.expect(1);
    ended
        .says(["the swap failed", build.as_str()])
        .says_nothing_of("\"exit_code\":130");
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

/// An interrupted round has sent documents into the live index: it is not as it was.
#[tokio::test]
async fn an_interrupted_sync_says_what_it_leaves() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    scene.database.save_title(6, "after").await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold_answer("POST", "/indexes/*/documents");
    let running = scene
        .command("sync")
        .env("MEILISEARCH_HOST", proxy.url())
        .start();
    hold.reached("the documents").await;
    running.interrupt();
    running
        .ended()
        .await
        .expect(130)
        .says(["what was sent until then is in the live index"])
        .says_nothing_of("is as it was");
    hold.release();
    scene.command("sync").run().await.expect(0);
    scene.expect_in_step().await;
}

/// The old and the new container of a deployment share the volume.
#[tokio::test]
async fn a_second_run_on_the_same_database_says_so_and_leaves() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/indexes/*articles_*/documents");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the upload").await;
    let builds = scene.generations("articles").await;

    let other = scene.proxy().await;
    scene
        .reindex_through(&other)
        .run()
        .await
        .expect(4)
        .says(["lock"]);
    assert!(
        other
            .seen()
            .iter()
            .all(|seen| seen.method == "GET" || seen.path.ends_with("/fetch")),
        "{:?}",
        other.seen()
    );
    assert_eq!(
        scene.generations("articles").await,
        builds,
        "the first run's build is still there"
    );
    // Looking is allowed at any time.
    scene.reindex().arg("--dry-run").run().await.expect(0);

    hold.release();
    running.ended().await.expect(0);
    scene.expect_in_step().await;
    // The lock went with the process that held it.
    scene.reindex().run().await.expect(0);
}

#[tokio::test]
async fn ctrl_c_while_the_server_is_gone_stops_and_the_next_run_cleans_up() {
    let Some(mut scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.define_titles();
    let before = scene.already_live().await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/indexes/articles_*/documents");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the upload").await;
    scene.server.kill().await;
    hold.release();
    // It would go on trying for a minute; that it then gives up is a promise of `retry.rs`, with a clock of its own.
    running.interrupt();
    running.ended().await.expect(130);
    scene.server.start_again().await;
    assert_eq!(scene.live().await, before);
    scene.reindex().run().await.expect(0);
    scene.expect_nothing_left_over(1, &[]).await;
}

#[tokio::test]
async fn no_file_of_the_spool_is_left_whatever_ends_the_run() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let files = |scene: &Scene| std::fs::read_dir(scene.path("home")).unwrap().count();
    scene.reindex().run().await.expect(0);
    assert_eq!(files(&scene), 0);
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/indexes/*articles_*/documents");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the upload").await;
    running.kill();
    running.ended().await;
    assert_eq!(files(&scene), 0);
}
