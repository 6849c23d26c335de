//! The chaos promise: a fault at any request, from the first to the last. Whatever the fault, searches were answered
//! with one whole generation all along, the next run ends well, both sides are equal, and nothing is left over.
//!
//! Faults on the wire come in three classes, and what a program can know after one is all that tells them apart: the server
//! was not reached, it did what was asked and nobody heard so, or somebody in between refused. A gate of some minutes tries
//! each class at each kind of request; `BISAN_CHAOS_POINTS=all` tries each fault at each request.

use futures::future::join_all;

use crate::searches_never_fail::mark;
use crate::support::chaos::{all_points, chosen, expect_happened};
use crate::support::point::Point;
use crate::support::proxy::Hold;
use crate::support::searcher::Glimpse;
use crate::support::{Dice, Fault, FaultProxy, Scene, Searcher, ServerOptions};

/// Most of a run is waiting, so several stages, each with a server of its own, share the requests among them.
const LANES: usize = 4;

/// How many rows the table has at first.
const ROWS: usize = 12;

/// A small index, and the requests that a run of it makes.
struct Stage {
    scene: Scene,
    requests: Vec<Point>,
    generation: usize,
}

impl Stage {
    /// The index is live already.
    async fn set() -> Stage {
        let mut scene = Scene::on(ServerOptions::default()).await;
        scene.define_titles();
        mark(&scene, "g0").await;
        scene.already_live().await;
        let mut stage = Stage {
            scene,
            requests: Vec::new(),
            generation: 0,
        };
        let (proxy, searcher) = stage.begin().await;
        let undisturbed = stage.scene.reindex_through(&proxy).run().await;
        undisturbed.expect(0);
        stage.end("undisturbed", searcher, true).await;
        stage.requests = Point::all_of(&proxy.seen());
        assert!(stage.requests.len() > 20, "{:?}", stage.requests);
        stage
    }

    /// The server has nothing yet.
    async fn bare() -> Stage {
        let mut scene = Scene::on(ServerOptions::default()).await;
        scene.define_titles();
        Stage {
            scene,
            requests: Vec::new(),
            generation: 0,
        }
    }

    /// How many documents a generation has: each another number than the one before it.
    fn rows(generation: usize) -> usize {
        ROWS + generation % 2
    }

    /// New words in every row and another number of them, a proxy with a fault to come, and somebody who searches.
    async fn begin(&mut self) -> (FaultProxy, Searcher) {
        self.generation += 1;
        match Stage::rows(self.generation) {
            ROWS => {
                let last = "DELETE FROM articles WHERE id = (SELECT MAX(id) FROM articles)";
                self.scene.database.execute(last).await;
            }
            _ => drop(self.scene.database.import(1, "one more").await),
        }
        mark(&self.scene, &format!("g{}", self.generation)).await;
        let live = vec![(self.scene.uid("articles"), "title")];
        (
            self.scene.proxy().await,
            Searcher::ask(self.scene.api.clone(), live),
        )
    }

    /// Every answer was one whole generation, the former or the new one. `alive`: the server was up all the time.
    async fn end(&self, what: &str, searcher: Searcher, alive: bool) {
        let name = |generation: usize| format!("g{generation}");
        let (old, new) = (name(self.generation - 1), name(self.generation));
        let sizes = [
            (old.as_str(), Stage::rows(self.generation - 1)),
            (new.as_str(), Stage::rows(self.generation)),
        ];
        let rounds = searcher.stop().await;
        let mut seen = Vec::new();
        for glimpse in rounds.iter().flatten() {
            if let (Glimpse::Error(_), false) = (glimpse, alive) {
                continue;
            }
            let whole = glimpse.whole(&sizes);
            seen.push(whole.unwrap_or_else(|| panic!("{what}: {glimpse:?}")));
        }
        seen.dedup();
        assert!(
            seen == [old.as_str(), new.as_str()] || seen == [new.as_str()],
            "{what}: {seen:?}"
        );
        self.scene.expect_in_step().await;
        self.scene.expect_nothing_left_over(1, &[]).await;
    }

    /// Runs up to where the request is held. False: this run made no such request (how often a task is looked at
    /// differs), and ended well.
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

/// The chosen requests of a run, shared out over the lanes. `each` tells whether it came to happen, and is told which one in
/// the row of requests it is.
async fn at_any_request(each: impl AsyncFn(&mut Stage, usize, &Point) -> bool) {
    let seed = Dice::seed_from("BISAN_CHAOS_SEED");
    let stages = join_all((0..LANES).map(|_| Stage::set())).await;
    let requests = stages[0].requests.clone();
    let points = &chosen(&requests, &mut Dice::seeded(seed));
    let lanes = join_all(
        stages
            .into_iter()
            .enumerate()
            .map(async |(lane, mut stage)| {
                let mut happened = Vec::new();
                for (place, point) in points.iter().enumerate().skip(lane).step_by(LANES) {
                    let met = each(&mut stage, place, point).await;
                    happened.push((point.clone(), met));
                }
                happened
            }),
    )
    .await;
    let happened: Vec<_> = lanes.into_iter().flatten().collect();
    let what = format!("in {} requests (BISAN_CHAOS_SEED={seed})", requests.len());
    expect_happened(&what, &happened);
}

/// The run itself gets over the fault: one of these at each request, or with `BISAN_CHAOS_POINTS=all` each of them.
async fn survived(faults: &[Fault]) {
    let rounds = if all_points() { faults.len() } else { 1 };
    for round in 0..rounds {
        at_any_request(async |stage, place, point| {
            let (proxy, searcher) = stage.begin().await;
            let fault = &faults[(place + round) % faults.len()];
            proxy.at(point.clone(), fault.clone());
            let ended = stage.scene.reindex_through(&proxy).run().await;
            let what = format!("{fault} {point}");
            assert_eq!(
                ended.status.code(),
                Some(0),
                "{what}\n{}\n{}",
                ended.out,
                ended.err
            );
            stage.end(&what, searcher, true).await;
            proxy.happened()
        })
        .await;
    }
}

#[tokio::test]
async fn a_request_that_does_not_arrive_is_survived_whichever_it_is() {
    survived(&[Fault::CutBefore, Fault::CutInBody]).await;
}

#[tokio::test]
async fn an_answer_that_does_not_arrive_is_survived_whichever_it_is() {
    survived(&[Fault::LoseAnswer, Fault::gateway_timeout_after_delivery()]).await;
}

#[tokio::test]
async fn a_refusal_in_between_is_survived_whichever_request_it_meets() {
    survived(&[
        Fault::bad_gateway(),
        Fault::unavailable(),
        Fault::too_many_requests(0),
    ])
    .await;
}

/// The run is killed; what it left is the next one's to clean up.
async fn killed(delivered: bool) {
    at_any_request(async |stage, _, point| {
        let (proxy, searcher) = stage.begin().await;
        let hold = proxy.hold_at(point.clone(), delivered);
        let happened = stage
            .run_to(&hold, &proxy, async |running| {
                running.kill();
                running.ended().await;
            })
            .await;
        let what = format!("killed at {point}");
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
    let seed = Dice::seed_from("BISAN_CHAOS_SEED");
    let undisturbed = Stage::bare().await;
    let proxy = undisturbed.scene.proxy().await;
    undisturbed
        .scene
        .reindex_through(&proxy)
        .run()
        .await
        .expect(0);
    let requests = Point::all_of(&proxy.seen());
    let points = chosen(&requests, &mut Dice::seeded(seed));
    assert!(points.len() > 8, "{points:?} of {requests:?}");
    let happened = join_all((0..LANES).map(async |lane| {
        let mut happened = Vec::new();
        for point in points.iter().skip(lane).step_by(LANES) {
            let stage = Stage::bare().await;
            let proxy = stage.scene.proxy().await;
            let hold = proxy.hold_at(point.clone(), true);
            let met = stage
                .run_to(&hold, &proxy, async |running| {
                    running.kill();
                    running.ended().await;
                })
                .await;
            happened.push((point.clone(), met));
            stage
                .scene
                .reindex()
                .args(["--retain", "0"])
                .succeeds()
                .await;
            stage.scene.expect_in_step().await;
            stage.scene.expect_nothing_left_over(0, &[]).await;
        }
        happened
    }))
    .await;
    let happened: Vec<_> = happened.into_iter().flatten().collect();
    expect_happened(&format!("BISAN_CHAOS_SEED={seed}"), &happened);
}

/// The server is killed and started again; the run waits for it and goes on.
async fn server_killed(delivered: bool) {
    if Scene::on_own_server(ServerOptions::default())
        .await
        .is_none()
    {
        return;
    }
    at_any_request(async |stage, _, point| {
        let (proxy, searcher) = stage.begin().await;
        let hold = proxy.hold_at(point.clone(), delivered);
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
        let what = format!("server killed at {point}");
        let mut ended = running.ended().await;
        if ended.met_a_task_that_was_done() {
            ended = stage.scene.reindex().run().await;
        }
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
