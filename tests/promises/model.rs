//! The model promise: whatever writers, commands, faults and changes of definition come in whatever order, one more run ends
//! well, and both sides are equal to the field.
//!
//! And a second one, of followers: every write that is stamped is seen, however coarsely or late it is stamped, and without
//! changes.sql each write is.
//!
//! A walk is chosen by its seed: some dozen steps on tables of a few rows, each judged by a model that knows what must be
//! true after it. What the index must hold, SQLite itself says (`json_object`), not the program. Several walks share a
//! server, each with live uids of its own beside those of the others: so the programs of the others are part of what
//! happens to each, and so is the death of the server. Each third seed walks with two servers that are to hold the same: what
//! goes wrong happens to one of them, or one of them is away, and in the end both must equal the database.
//!
//! `BISAN_MODEL_WALKS` says how many walks, `BISAN_MODEL_SEED` with which seed the first one goes. A walk that fails tells
//! its seed and its steps.

mod command;
mod following;
mod judge;
mod run;
mod sight;
mod site;
mod together;
mod walk;
mod world;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt as _;
use futures::future::join_all;
use tokio::sync::RwLock;

use crate::support::server::Server;
use crate::support::{Dice, Mishap, ServerOptions};
use command::Command;
use walk::{Tally, Walk};

/// As many as a gate of some minutes has the time for.
const WALKS: u64 = 200;

/// Most of a walk is waiting.
const LANES: usize = 12;

/// Each is shared by some lanes, which feel its deaths; the more there are, the less has each to list.
const SERVERS: usize = 4;

/// The first minor version that is shared. A real 1.5 may open an index for a list that another walk is deleting, panic while
/// it holds the lock of all of its indexes, and do no task ever after: there, each lane has two servers of its own.
const LISTS_BESIDE_DELETIONS: u64 = 6;

/// What the tally says in front of what happened in a walk with two servers.
const AT_TWO: &str = "at two servers: ";

/// Whether a walk has two servers.
fn has_two(seed: u64) -> bool {
    seed.is_multiple_of(3)
}

#[tokio::test]
async fn whatever_happened_one_more_run_sets_it_right() {
    let walks = std::env::var("BISAN_MODEL_WALKS").ok();
    let walks = walks.filter(|walks| !walks.is_empty());
    let walks = walks.map_or(WALKS, |walks| walks.parse().expect("a number of walks"));
    let first = Dice::seed_from("BISAN_MODEL_SEED");
    let next = AtomicU64::new(0);
    let tally = Tally::default();
    let folder = tempfile::tempdir().unwrap();
    let start = async |n: usize| {
        let folder = folder.path().join(format!("server-{n}"));
        let server = Server::start(&folder, ServerOptions::default()).await;
        Arc::new(RwLock::new(server))
    };
    let mut servers = vec![start(0).await];
    let shared = servers[0].read().await.api().minor().await >= LISTS_BESIDE_DELETIONS;
    let (count, apart) = if shared { (SERVERS, 1) } else { (2 * LANES, 2) };
    servers.extend(join_all((1..count).map(start)).await);
    let lanes = (0..LANES).map(async |lane| {
        let mut failures = Vec::new();
        loop {
            let walk = next.fetch_add(1, Ordering::Relaxed);
            if walk >= walks {
                return failures;
            }
            let seed = first + walk;
            let mut servers = servers.clone();
            servers.rotate_left(lane * apart % count);
            servers.truncate(if has_two(seed) { 2 } else { 1 });
            let walked = AssertUnwindSafe(Walk::of(seed, servers, tally.clone()))
                .catch_unwind()
                .await;
            if walked.is_err() {
                failures.push(seed);
            }
        }
    });
    let failures = join_all(lanes).await.concat();
    eprintln!("{walks} walks from BISAN_MODEL_SEED={first} on");
    for (what, times) in tally.lock().unwrap().iter() {
        eprintln!("  {what}: {times}");
    }
    // Fewer walks than that are one that is repeated.
    if walks >= WALKS {
        expect_all_of_it(&tally.lock().unwrap());
    }
    assert!(
        failures.is_empty(),
        "{} of {walks} walks failed, each alone is BISAN_MODEL_WALKS=1 BISAN_MODEL_SEED= one of {failures:?}",
        failures.len()
    );
}

/// Every command was run and everything went wrong, in walks with one server and in walks with two.
fn expect_all_of_it(tally: &BTreeMap<String, usize>) {
    let expect = |what: &str| {
        let happened = tally.keys().any(|known| known.starts_with(what));
        assert!(happened, "in none of the walks: {what}");
    };
    for at in ["", AT_TWO] {
        for command in Command::NAMES {
            expect(&format!("{at}{command}: "));
        }
        for other in ["Ctrl-C", "a writer meanwhile"] {
            expect(&format!("{at}{other}"));
        }
    }
    for mishap in Mishap::ALL {
        expect(&format!("{mishap:?}"));
    }
    // There are too few steps at two servers for each kind to be certain, but not for each way in which one ends.
    for any in ["ProgramKilled", "ServerKilled", "a server away"] {
        expect(&format!("{AT_TWO}{any}"));
    }
}
