//! Whatever goes wrong at any request to one of several servers: no searcher at either gets half an index, the run or the next one
//! ends well, and the servers agree.

use super::Fleet;
use crate::searches_never_fail::mark;
use crate::support::chaos::{all_points, expect_happened, points};
use crate::support::point::Point;
use crate::support::program::Program;
use crate::support::searcher::Glimpse;
use crate::support::{Dice, FaultProxy, Mishap, Searcher};

/// What is tried, again and again.
trait Trial {
    const NAME: &'static str;

    /// Makes something to do.
    async fn prepare(&mut self, fleet: &mut Fleet);

    fn program(&self, fleet: &Fleet, urls: &[String]) -> Program;

    /// Whether this is all of what was live before, or all of what it makes live.
    fn is_whole(&self, glimpse: &Glimpse) -> bool {
        matches!(glimpse, Glimpse::Hits(hits) if hits.len() == ARTICLES)
    }

    /// Sets right what a killed run has left, and looks that all is well.
    async fn expect_well(&self, fleet: &mut Fleet, was_killed: bool, what: &str);
}

/// How many articles there are.
const ARTICLES: usize = 12;

/// Everything that may happen, at some requests to the second server. Where each request is tried, there is a third one.
async fn everywhere<T: Trial>(mut trial: T) {
    let servers = if all_points() { 3 } else { 2 };
    let Some(mut fleet) = Fleet::live(servers).await else {
        return;
    };
    let seed = Dice::seed_from("BISAN_CHAOS_SEED");
    let mut dice = Dice::seeded(seed);
    let requests = {
        trial.prepare(&mut fleet).await;
        let proxy = FaultProxy::before(&fleet.url(1)).await;
        let urls = through(&fleet, &proxy);
        trial.program(&fleet, &urls).run().await.expect(0);
        trial.expect_well(&mut fleet, false, "undisturbed").await;
        Point::all_of(&proxy.seen())
    };
    for mishap in Mishap::ALL {
        let mut happened = Vec::new();
        for point in points(&requests, &mut dice) {
            let met = once(&mut fleet, &mut trial, mishap, &point, seed).await;
            happened.push((point, met));
        }
        let what = format!("{}: {mishap:?} (BISAN_CHAOS_SEED={seed})", T::NAME);
        expect_happened(&what, &happened);
    }
}

async fn once<T: Trial>(
    fleet: &mut Fleet,
    trial: &mut T,
    mishap: Mishap,
    point: &Point,
    seed: u64,
) -> bool {
    trial.prepare(fleet).await;
    let mut searchers = Vec::new();
    for i in 0..fleet.urls().len() {
        let api = fleet.server(i).api();
        searchers.push(Searcher::ask(
            api,
            vec![(fleet.scene.uid("articles"), "title")],
        ));
    }
    let proxy = FaultProxy::before(&fleet.url(1)).await;
    let program = trial.program(fleet, &through(fleet, &proxy));
    let server = fleet.server(1);
    let met = mishap
        .befall(program, &proxy, point.clone(), async |hold| {
            server.kill().await;
            // A request that waits at the proxy arrives at nobody.
            hold.release();
            server.start_again().await;
        })
        .await;
    let what = format!(
        "{}: {mishap:?} at {point} (BISAN_CHAOS_SEED={seed})",
        T::NAME
    );
    if let Some(ended) = &met.ended {
        let (out, err) = (&ended.out, &ended.err);
        assert_eq!(ended.status.code(), Some(0), "{what}\n{out}\n{err}");
    }
    trial.expect_well(fleet, met.ended.is_none(), &what).await;
    for (i, searcher) in searchers.into_iter().enumerate() {
        let was_away = i == 1 && mishap.kills_the_server();
        for glimpse in searcher.stop().await.into_iter().flatten() {
            match glimpse {
                Glimpse::Error(_) if was_away => {}
                whole if trial.is_whole(&whole) => {}
                other => panic!("{what}: server {i}: {other:?}"),
            }
        }
    }
    met.happened
}

/// Where they are, with this in front of the second.
fn through(fleet: &Fleet, proxy: &FaultProxy) -> Vec<String> {
    let mut urls = fleet.urls();
    urls[1] = proxy.url();
    urls
}

async fn expect_the_same(fleet: &Fleet, what: &str) {
    let report = fleet.command("status").run().await.expect(0).report();
    assert_eq!(report["generations"][0]["same"], true, "{what}: {report}");
}

/// New words in every row, which every server is to get.
#[derive(Default)]
struct Reindex {
    generation: usize,
}

impl Trial for Reindex {
    const NAME: &'static str = "reindex";

    async fn prepare(&mut self, fleet: &mut Fleet) {
        self.generation += 1;
        mark(&fleet.scene, &format!("g{}", self.generation)).await;
    }

    fn program(&self, fleet: &Fleet, urls: &[String]) -> Program {
        fleet.command_at("reindex", urls)
    }

    fn is_whole(&self, glimpse: &Glimpse) -> bool {
        let [before, after] = [self.generation - 1, self.generation].map(|n| format!("g{n}"));
        let each = [(before.as_str(), ARTICLES), (after.as_str(), ARTICLES)];
        glimpse.whole(&each).is_some()
    }

    async fn expect_well(&self, fleet: &mut Fleet, was_killed: bool, what: &str) {
        if was_killed {
            fleet.command("reindex").run().await.expect(0);
        }
        fleet.expect_in_step().await;
        for i in 0..fleet.urls().len() {
            fleet.look_at(i);
            fleet.scene.expect_nothing_left_over(1, &[]).await;
        }
        expect_the_same(fleet, what).await;
    }
}

#[tokio::test]
async fn a_reindex_ends_well_whatever_goes_wrong_at_one_server() {
    everywhere(Reindex::default()).await;
}

/// A row that changes, and is to be sent to both.
#[derive(Default)]
struct Sync {
    round: usize,
}

impl Trial for Sync {
    const NAME: &'static str = "sync";

    async fn prepare(&mut self, fleet: &mut Fleet) {
        self.round += 1;
        let title = format!("saved {}", self.round);
        fleet.scene.database.save_title(3, &title).await;
    }

    fn program(&self, fleet: &Fleet, urls: &[String]) -> Program {
        fleet.command_at("sync", urls)
    }

    async fn expect_well(&self, fleet: &mut Fleet, was_killed: bool, what: &str) {
        if was_killed {
            fleet.command("sync").run().await.expect(0);
        }
        fleet.expect_in_step().await;
        expect_the_same(fleet, what).await;
    }
}

#[tokio::test]
async fn a_sync_ends_well_whatever_goes_wrong_at_one_server() {
    everywhere(Sync::default()).await;
}

/// There and back between two generations.
#[derive(Default)]
struct Rollback {
    has_two: bool,
}

impl Trial for Rollback {
    const NAME: &'static str = "rollback";

    async fn prepare(&mut self, fleet: &mut Fleet) {
        if !self.has_two {
            fleet.command("reindex").run().await.expect(0);
            self.has_two = true;
        }
    }

    fn program(&self, fleet: &Fleet, urls: &[String]) -> Program {
        fleet.command_at("rollback", urls).arg("--yes")
    }

    async fn expect_well(&self, fleet: &mut Fleet, was_killed: bool, what: &str) {
        if was_killed {
            // If one went and the other did not, that one is sent after it; else both go.
            let next = fleet.command("rollback").arg("--yes");
            next.run().await.expect(0);
        }
        fleet.expect_in_step().await;
        for i in 0..fleet.urls().len() {
            fleet.look_at(i);
            fleet.scene.expect_nothing_left_over(1, &[]).await;
        }
        expect_the_same(fleet, what).await;
    }
}

#[tokio::test]
async fn a_rollback_ends_well_whatever_goes_wrong_at_one_server() {
    everywhere(Rollback::default()).await;
}
