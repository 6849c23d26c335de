//! Every mishap at the requests of one command: at all of them, or at a few of each kind that another seed chooses.

use std::collections::BTreeMap;

use super::mishap::Mishap;
use super::program::Program;
use super::proxy::Seen;
use super::{Dice, FaultProxy, Scene};

/// A command in a situation in which it has something to do, again and again.
pub trait Trial {
    /// What is tried, for people.
    const NAME: &'static str;

    fn scene(&mut self) -> &mut Scene;

    /// Makes something to do.
    async fn prepare(&mut self);

    fn program(&self) -> Program;

    /// What must be true after the command has ended well, or was killed and run again.
    async fn expect_well(&self, what: &str);
}

/// How many requests of a run are tried with each mishap: `BISAN_CHAOS_POINTS`, a number or `all`.
const POINTS: usize = 2;

/// Some of `requests`, counted from 1.
pub fn points(requests: usize, dice: &mut Dice) -> Vec<usize> {
    let points = match std::env::var("BISAN_CHAOS_POINTS") {
        Ok(all) if all == "all" => requests,
        Ok(number) if !number.is_empty() => number.parse().expect("a number, or `all`"),
        _ => POINTS,
    };
    let points = points.min(requests);
    // One of each stretch of the run, so that neither its beginning nor its end is ever left out.
    let begin = |stretch: usize| stretch * requests / points;
    (0..points)
        .map(|stretch| 1 + begin(stretch) + dice.below(begin(stretch + 1) - begin(stretch)))
        .collect()
}

/// Whether every fault is to be tried at every request.
pub fn all_points() -> bool {
    std::env::var("BISAN_CHAOS_POINTS").is_ok_and(|points| points == "all")
}

/// How many of the requests that change nothing are tried.
const READS: usize = 3;

/// The requests at which a run is disturbed, of those that an undisturbed one made, counted from 1: every one with
/// `BISAN_CHAOS_POINTS=all`; else one of each kind that changes something, and a few of those that only ask, which go one
/// way through the program whatever they ask for.
pub fn chosen(seen: &[Seen], dice: &mut Dice) -> Vec<usize> {
    if all_points() {
        return (1..=seen.len()).collect();
    }
    let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut reads = Vec::new();
    for (k, seen) in (1..).zip(seen) {
        match seen.changes_something() {
            true => kinds.entry(seen.kind()).or_default().push(k),
            false => reads.push(k),
        }
    }
    let mut chosen: Vec<usize> = kinds.values().map(|of_it| dice.one_of(of_it)).collect();
    for _ in 0..READS.min(reads.len()) {
        chosen.push(reads.remove(dice.below(reads.len())));
    }
    chosen.sort_unstable();
    chosen
}

/// Tries it all. Says how much that was.
pub async fn everywhere<T: Trial>(mut trial: T) {
    let seed = Dice::seed_from("BISAN_CHAOS_SEED");
    let mut dice = Dice::seeded(seed);
    let requests = requests(&mut trial).await;
    for mishap in Mishap::ALL {
        if mishap.kills_the_server() && !trial.scene().server.is_ours() {
            continue;
        }
        let mut happened = 0;
        let points = points(requests, &mut dice);
        for k in &points {
            happened += usize::from(once(&mut trial, mishap, *k, seed).await);
        }
        eprintln!(
            "{}: {mishap:?} at {happened} of {requests} requests (BISAN_CHAOS_SEED={seed})",
            T::NAME
        );
        assert!(
            happened * 10 >= points.len() * 5,
            "{}: {mishap:?} came to happen {happened} times only, of {points:?}",
            T::NAME
        );
    }
}

/// How many requests an undisturbed run makes.
async fn requests<T: Trial>(trial: &mut T) -> usize {
    trial.prepare().await;
    let proxy = trial.scene().proxy().await;
    through(trial, &proxy).run().await.expect(0);
    trial.expect_well("undisturbed").await;
    proxy.seen().len()
}

async fn once<T: Trial>(trial: &mut T, mishap: Mishap, k: usize, seed: u64) -> bool {
    trial.prepare().await;
    let proxy = trial.scene().proxy().await;
    let program = through(trial, &proxy);
    let server = &mut trial.scene().server;
    let met = mishap
        .befall(program, &proxy, k, async |hold| {
            server.kill().await;
            // A request that waits at the proxy arrives at nobody.
            hold.release();
            server.start_again().await;
        })
        .await;
    let what = format!(
        "{}: {mishap:?} at request {k}, {:?} (BISAN_CHAOS_SEED={seed})",
        T::NAME,
        proxy.seen().get(k - 1)
    );
    let ended = match met.ended {
        Some(ended) => ended,
        None => trial.program().run().await,
    };
    assert_eq!(
        ended.status.code(),
        Some(0),
        "{what}\n{}\n{}",
        ended.out,
        ended.err
    );
    trial.expect_well(&what).await;
    met.happened
}

fn through<T: Trial>(trial: &T, proxy: &FaultProxy) -> Program {
    trial.program().env("MEILISEARCH_HOST", proxy.url())
}
