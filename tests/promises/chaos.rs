//! The chaos promise: a fault at any request, from the first to the last. Whatever the fault, searches were answered
//! with one whole generation all along, the next run ends well, both sides are equal, and nothing is left over.

use futures::future::join_all;

use crate::searches_never_fail::mark;
use crate::support::proxy::Hold;
use crate::support::searcher::Glimpse;
use crate::support::{Fault, FaultProxy, Scene, Searcher, ServerOptions};

/// Most of a run is waiting, so several stages, each with a server of its own, share the requests among them.
const LANES: usize = 4;

/// A small index, and how many requests a run of it makes.
struct Stage {
    scene: Scene,
    requests: usize,
    generation: usize,
}

impl Stage {
    /// The index is live already.
    async fn set() -> Stage {
        let mut scene = Scene::on(ServerOptions::default()).await;
        scene.define_titles();
        mark(&scene, "g0").await;
        scene.already_live().await;
        mark(&scene, "g1").await;
        let proxy = scene.proxy().await;
        scene.reindex_through(&proxy).run().await.expect(0);
        let requests = proxy.seen().len();
        assert!(requests > 20, "{:?}", proxy.seen());
        Stage {
            scene,
            requests,
            generation: 1,
        }
    }

    /// The server has nothing yet.
    async fn bare() -> Stage {
        let mut scene = Scene::on(ServerOptions::default()).await;
        scene.define_titles();
        Stage {
            scene,
            requests: 0,
            generation: 0,
        }
    }

    /// New words in every row, a proxy with a fault to come, and somebody who searches.
    async fn begin(&mut self) -> (FaultProxy, Searcher) {
        self.generation += 1;
        mark(&self.scene, &format!("g{}", self.generation)).await;
        let live = vec![(self.scene.uid("articles"), "title")];
        (
            self.scene.proxy().await,
            Searcher::ask(self.scene.api.clone(), live),
        )
    }

    /// Every answer was one whole generation, the former or the new one. `alive`: the server was up all the time.
    async fn end(&self, what: &str, searcher: Searcher, alive: bool) {
        let (old, new) = (
            format!("g{}", self.generation - 1),
            format!("g{}", self.generation),
        );
        for glimpse in searcher.stop().await.iter().flatten() {
            if let (Glimpse::Error(_), false) = (glimpse, alive) {
                continue;
            }
            let generation = glimpse
                .generation()
                .unwrap_or_else(|| panic!("{what}: {glimpse:?}"));
            assert!(
                generation == old || generation == new,
                "{what}: {glimpse:?}"
            );
        }
        self.scene.expect_in_step().await;
        self.scene.expect_nothing_left_over(1, &[]).await;
    }

    /// Runs up to where the request is held. False: this run made fewer requests than that (how often a task is looked
    /// at differs), and ended well.
    async fn run_to(
        &self,
        hold: &Hold,
        proxy: &FaultProxy,
        then: impl AsyncFnOnce(crate::support::program::Running),
    ) -> bool {
        let mut running = self.scene.reindex_through(proxy).start();
        tokio::select! {
            () = hold.reached("the request at which the fault is to happen") => {}
            () = running.over() => {
                running.ended().await.expect(0);
                return false;
            }
        }
        then(running).await;
        true
    }
}

fn what(fault: &str, k: usize, proxy: &FaultProxy) -> String {
    format!("{fault} request {k}, {:?}", proxy.seen().get(k - 1))
}

/// Every request of a run in turn, shared out over the lanes. `each` tells whether the fault came to happen.
async fn at_any_request(each: impl AsyncFn(&mut Stage, usize) -> bool) {
    let lanes = join_all((1..=LANES).map(async |lane| {
        let mut stage = Stage::set().await;
        let mut happened = 0;
        for k in (lane..=stage.requests).step_by(LANES) {
            happened += usize::from(each(&mut stage, k).await);
        }
        (stage.requests, happened)
    }))
    .await;
    let happened: usize = lanes.iter().map(|(_, happened)| happened).sum();
    assert!(
        happened * 10 >= lanes[0].0 * 8,
        "only {happened} faults of {} came to happen",
        lanes[0].0
    );
}

/// The run itself gets over the fault.
async fn survived(fault: impl Fn() -> Fault) {
    at_any_request(async |stage, k| {
        let (proxy, searcher) = stage.begin().await;
        proxy.at(k, fault());
        let ended = stage.scene.reindex_through(&proxy).run().await;
        let what = what("fault at", k, &proxy);
        assert_eq!(
            ended.status.code(),
            Some(0),
            "{what}\n{}\n{}",
            ended.out,
            ended.err
        );
        stage.end(&what, searcher, true).await;
        proxy.seen().len() >= k
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_ends_before_any_request_is_survived() {
    survived(|| Fault::CutBefore).await;
}

#[tokio::test]
async fn a_connection_that_ends_in_any_body_is_survived() {
    survived(|| Fault::CutInBody).await;
}

#[tokio::test]
async fn a_lost_answer_to_any_request_is_survived() {
    survived(|| Fault::LoseAnswer).await;
}

#[tokio::test]
async fn a_502_page_at_any_request_is_survived() {
    survived(Fault::bad_gateway).await;
}

#[tokio::test]
async fn a_504_after_any_request_was_delivered_is_survived() {
    survived(Fault::gateway_timeout_after_delivery).await;
}

#[tokio::test]
async fn a_429_at_any_request_is_survived() {
    survived(|| Fault::too_many_requests(0)).await;
}

/// The run is killed; what it left is the next one's to clean up.
async fn killed(delivered: bool) {
    at_any_request(async |stage, k| {
        let (proxy, searcher) = stage.begin().await;
        let hold = proxy.hold_at(k, delivered);
        let happened = stage
            .run_to(&hold, &proxy, async |running| {
                running.kill();
                running.ended().await;
            })
            .await;
        let what = what("killed at", k, &proxy);
        stage.scene.reindex().run().await.expect(0);
        stage.end(&what, searcher, true).await;
        happened
    })
    .await;
}

#[tokio::test]
async fn a_run_killed_before_any_request_is_cleaned_up() {
    killed(false).await;
}

#[tokio::test]
async fn a_run_killed_after_any_request_is_cleaned_up() {
    killed(true).await;
}

/// On a server that had nothing before, where there is no former generation to fall back on.
#[tokio::test]
async fn a_first_run_killed_after_any_request_is_cleaned_up() {
    join_all((1..=LANES).map(async |lane| {
        for k in (lane..).step_by(LANES) {
            let stage = Stage::bare().await;
            let proxy = stage.scene.proxy().await;
            let hold = proxy.hold_at(k, true);
            let happened = stage
                .run_to(&hold, &proxy, async |running| {
                    running.kill();
                    running.ended().await;
                })
                .await;
            if !happened {
                assert!(k > 20, "the run made {} requests only", proxy.seen().len());
                break;
            }
            stage
                .scene
                .reindex()
                .args(["--retain", "0"])
                .succeeds()
                .await;
            stage.scene.expect_in_step().await;
            stage.scene.expect_nothing_left_over(0, &[]).await;
        }
    }))
    .await;
}

/// The server is killed and started again; the run waits for it and goes on.
async fn server_killed(delivered: bool) {
    if Scene::on_own_server(ServerOptions::default())
        .await
        .is_none()
    {
        return;
    }
    at_any_request(async |stage, k| {
        let (proxy, searcher) = stage.begin().await;
        let hold = proxy.hold_at(k, delivered);
        let mut running = stage.scene.reindex_through(&proxy).start();
        let happened = tokio::select! {
            () = hold.reached("the request at which the server is killed") => true,
            () = running.over() => false,
        };
        if happened {
            stage.scene.server.kill().await;
            // A request that waits at the proxy arrives at nobody.
            hold.release();
            stage.scene.server.start_again().await;
        }
        let what = what("server killed at", k, &proxy);
        let ended = running.ended().await;
        assert_eq!(
            ended.status.code(),
            Some(0),
            "{what}\n{}\n{}",
            ended.out,
            ended.err
        );
        stage.end(&what, searcher, false).await;
        happened
    })
    .await;
}

#[tokio::test]
async fn a_server_killed_before_any_request_is_waited_for() {
    server_killed(false).await;
}

#[tokio::test]
async fn a_server_killed_after_any_request_is_waited_for() {
    server_killed(true).await;
}
