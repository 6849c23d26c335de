//! The chaos promise for a rollback: a fault at any of its requests. What is live is one whole generation all along, either
//! the former or the other, and a rollback more goes between them.

use crate::support::chaos::{all_points, chosen, expect_happened};
use crate::support::point::Point;
use crate::support::program::Program;
use crate::support::{Dice, Fault, FaultProxy, Scene, ServerOptions};

/// Two generations of one small index, and the requests that a rollback makes.
struct Stage {
    scene: Scene,
    generations: [String; 2],
    requests: Vec<Point>,
}

impl Stage {
    async fn set() -> Stage {
        let mut scene = Scene::on(ServerOptions::default()).await;
        scene.define_titles();
        scene.already_live().await;
        let first = live(&scene).await;
        scene.reindex().run().await.expect(0);
        let second = live(&scene).await;
        let proxy = scene.proxy().await;
        rollback(&scene, &proxy).run().await.expect(0);
        let requests = Point::all_of(&proxy.seen());
        assert!(requests.len() > 10, "{requests:?}");
        Stage {
            scene,
            generations: [first, second],
            requests,
        }
    }

    /// At which requests it goes wrong, and what is said of it.
    fn points(&self) -> (Vec<Point>, String) {
        let seed = Dice::seed_from("BISAN_CHAOS_SEED");
        let points = chosen(&self.requests, &mut Dice::seeded(seed));
        let requests = self.requests.len();
        (
            points,
            format!("in {requests} requests (BISAN_CHAOS_SEED={seed})"),
        )
    }

    fn other(&self, generation: &str) -> &str {
        let is_first = self.generations[0] == generation;
        &self.generations[usize::from(is_first)]
    }

    /// One whole generation is live, the other is kept, and a rollback goes from the one to the other.
    async fn end(&self, what: &str) {
        let now = live(&self.scene).await;
        assert!(self.generations.contains(&now), "{what}: {now}");
        assert_eq!(
            self.scene.api.count(&self.scene.uid("articles")).await,
            12,
            "{what}"
        );
        self.scene.expect_nothing_left_over(1, &[]).await;
        let ended = self.scene.command("rollback").arg("--yes").run().await;
        assert_eq!(ended.status.code(), Some(0), "{what}\n{}", ended.err);
        assert_eq!(live(&self.scene).await, self.other(&now), "{what}");
    }
}

async fn live(scene: &Scene) -> String {
    scene
        .live()
        .await
        .created_at(&scene.uid("articles"))
        .to_owned()
}

fn rollback(scene: &Scene, proxy: &FaultProxy) -> Program {
    scene
        .command("rollback")
        .env("MEILISEARCH_HOST", proxy.url())
        .arg("--yes")
}

/// One of these at each request, or with `BISAN_CHAOS_POINTS=all` each of them.
async fn survived(faults: &[Fault]) {
    let stage = Stage::set().await;
    let rounds = if all_points() { faults.len() } else { 1 };
    for round in 0..rounds {
        let (points, said) = stage.points();
        let mut happened = Vec::new();
        for (place, point) in points.into_iter().enumerate() {
            let fault = &faults[(place + round) % faults.len()];
            let before = live(&stage.scene).await;
            let proxy = stage.scene.proxy().await;
            proxy.at(point.clone(), fault.clone());
            let ended = rollback(&stage.scene, &proxy).run().await;
            let what = format!("{fault} {point}");
            assert_eq!(ended.status.code(), Some(0), "{what}\n{}", ended.err);
            assert_eq!(live(&stage.scene).await, stage.other(&before), "{what}");
            stage.end(&what).await;
            happened.push((point, proxy.happened()));
        }
        expect_happened(&said, &happened);
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

/// Where the program is killed, the swap was sent or it was not; a swap that waits is waited for.
async fn killed(delivered: bool) {
    let stage = Stage::set().await;
    let (points, said) = stage.points();
    let mut happened = Vec::new();
    for point in points {
        let proxy = stage.scene.proxy().await;
        let hold = proxy.hold_at(point.clone(), delivered);
        let mut running = rollback(&stage.scene, &proxy).start();
        tokio::select! {
            () = hold.reached("the request at which the program is killed") => running.kill(),
            () = running.over() => {}
        }
        running.ended().await;
        settled(&stage.scene).await;
        stage.end(&format!("killed at {point}")).await;
        happened.push((point, proxy.happened()));
    }
    expect_happened(&said, &happened);
}

/// Nothing waits on the server any more.
async fn settled(scene: &Scene) {
    crate::support::eventually("no task waits", async || {
        let waiting = scene
            .api
            .get("/tasks?statuses=enqueued,processing&limit=1")
            .await;
        (waiting.expect(200)["total"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_rollback_killed_before_any_request_leaves_one_whole_generation() {
    killed(false).await;
}

#[tokio::test]
async fn a_rollback_killed_after_any_request_leaves_one_whole_generation() {
    killed(true).await;
}

#[tokio::test]
async fn a_server_killed_after_any_request_is_waited_for() {
    if Scene::on_own_server(ServerOptions::default())
        .await
        .is_none()
    {
        return;
    }
    let mut stage = Stage::set().await;
    let (points, said) = stage.points();
    let mut met = Vec::new();
    for point in points {
        let before = live(&stage.scene).await;
        let proxy = stage.scene.proxy().await;
        let hold = proxy.hold_at(point.clone(), true);
        let mut running = rollback(&stage.scene, &proxy).start();
        let happened = tokio::select! {
            () = hold.reached("the request at which the server is killed") => true,
            () = running.over() => false,
        };
        if happened {
            stage.scene.server.kill().await;
            hold.release();
            stage.scene.server.start_again().await;
        }
        let mut ended = running.ended().await;
        if ended.met_a_task_that_was_done() {
            ended = rollback(&stage.scene, &proxy).run().await;
        }
        let what = format!("server killed at {point}");
        assert_eq!(ended.status.code(), Some(0), "{what}\n{}", ended.err);
        assert_eq!(live(&stage.scene).await, stage.other(&before), "{what}");
        stage.end(&what).await;
        met.push((point, happened));
    }
    expect_happened(&said, &met);
}
