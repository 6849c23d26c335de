//! Every mishap at the requests of one command: at all of them, or at a few of each kind that another seed chooses.

use std::collections::BTreeMap;

use super::mishap::Mishap;
use super::point::Point;
use super::program::Program;
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

/// Some of the requests of an undisturbed run.
pub fn points(requests: &[Point], dice: &mut Dice) -> Vec<Point> {
    let points = match std::env::var("BISAN_CHAOS_POINTS") {
        Ok(all) if all == "all" => requests.len(),
        Ok(number) if !number.is_empty() => number.parse().expect("a number, or `all`"),
        _ => POINTS,
    };
    let points = points.min(requests.len());
    // One of each stretch of the run, so that neither its beginning nor its end is ever left out.
    let begin = |stretch: usize| stretch * requests.len() / points;
    (0..points)
        .map(|stretch| begin(stretch) + dice.below(begin(stretch + 1) - begin(stretch)))
        .map(|place| requests[place].clone())
        .collect()
}

/// Whether every fault is to be tried at every request.
pub fn all_points() -> bool {
    std::env::var("BISAN_CHAOS_POINTS").is_ok_and(|points| points == "all")
}

/// How many of the requests that change nothing are tried.
const READS: usize = 3;

/// The requests at which a run is disturbed, of those that an undisturbed one made: every one with
/// `BISAN_CHAOS_POINTS=all`; else one of each kind that changes something, and a few of those that only ask, which go one
/// way through the program whatever they ask for.
pub fn chosen(requests: &[Point], dice: &mut Dice) -> Vec<Point> {
    if all_points() {
        return requests.to_vec();
    }
    let mut kinds: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut reads = Vec::new();
    for (place, point) in requests.iter().enumerate() {
        match point.changes_something() {
            true => kinds.entry(point.kind()).or_default().push(place),
            false => reads.push(place),
        }
    }
    let mut chosen: Vec<usize> = kinds.values().map(|of_it| dice.one_of(of_it)).collect();
    for _ in 0..READS.min(reads.len()) {
        chosen.push(reads.remove(dice.below(reads.len())));
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|k| requests[k].clone()).collect()
}

/// At each of these requests something was to happen. Where the request changes something, it did. One that only asks may not
/// have come: how often a run looks at its tasks, and what it has to look at, differs from run to run.
pub fn expect_happened(what: &str, happened: &[(Point, bool)]) {
    for (point, happened) in happened {
        assert!(
            *happened || !point.changes_something(),
            "{what}: nothing happened at {point}"
        );
    }
    let count = happened.iter().filter(|(_, happened)| *happened).count();
    eprintln!("{what}: {count} of {} happened", happened.len());
    assert!(
        count * 2 >= happened.len(),
        "{what}: too little happened: {happened:?}"
    );
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
        let mut happened = Vec::new();
        for point in points(&requests, &mut dice) {
            let met = once(&mut trial, mishap, &point, seed).await;
            happened.push((point, met));
        }
        let what = format!(
            "{}: {mishap:?} in {} requests (BISAN_CHAOS_SEED={seed})",
            T::NAME,
            requests.len()
        );
        expect_happened(&what, &happened);
    }
}

/// The requests of an undisturbed run.
async fn requests<T: Trial>(trial: &mut T) -> Vec<Point> {
    trial.prepare().await;
    let proxy = trial.scene().proxy().await;
    through(trial, &proxy).run().await.expect(0);
    trial.expect_well("undisturbed").await;
    Point::all_of(&proxy.seen())
}

async fn once<T: Trial>(trial: &mut T, mishap: Mishap, point: &Point, seed: u64) -> bool {
    trial.prepare().await;
    let proxy = trial.scene().proxy().await;
    let program = through(trial, &proxy);
    let server = &mut trial.scene().server;
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
