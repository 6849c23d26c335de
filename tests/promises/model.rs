//! The model promise: whatever writers, commands, faults and changes of definition come in whatever order, one more run ends
//! well, and both sides are equal to the field.
//!
//! And a second one, of followers: every write that is stamped is seen, however coarsely or late it is stamped, and without
//! changes.sql each write is.
//!
//! A walk is chosen by its seed: some dozen steps on tables of a few rows, each judged by a model that knows what must be
//! true after it. What the index must hold, SQLite itself says (`json_object`), not the program. Several walks share a
//! server, each with live uids of its own beside those of the others: so the programs of the others are part of what
//! happens to each, and so is the death of the server.
//!
//! `BISAN_MODEL_WALKS` says how many walks, `BISAN_MODEL_SEED` with which seed the first one goes. A walk that fails tells
//! its seed and its steps.

mod command;
mod following;
mod judge;
mod sight;
mod walk;
mod world;

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
const LANES: usize = 8;

/// Whose deaths are felt by half of the lanes each.
const SERVERS: usize = 2;

#[tokio::test]
async fn whatever_happened_one_more_run_sets_it_right() {
    let walks = std::env::var("BISAN_MODEL_WALKS").ok();
    let walks = walks.filter(|walks| !walks.is_empty());
    let walks = walks.map_or(WALKS, |walks| walks.parse().expect("a number of walks"));
    let first = Dice::seed_from("BISAN_MODEL_SEED");
    let next = AtomicU64::new(0);
    let tally = Tally::default();
    let folder = tempfile::tempdir().unwrap();
    let servers = join_all((0..SERVERS).map(async |n| {
        let folder = folder.path().join(format!("server-{n}"));
        let server = Server::start(&folder, ServerOptions::default()).await;
        Arc::new(RwLock::new(server))
    }))
    .await;
    let lanes = (0..LANES).map(async |lane| {
        let mut failures = Vec::new();
        loop {
            let walk = next.fetch_add(1, Ordering::Relaxed);
            if walk >= walks {
                return failures;
            }
            let seed = first + walk;
            let server = servers[lane % SERVERS].clone();
            let walked = AssertUnwindSafe(Walk::of(seed, server, tally.clone()))
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
        let tally = tally.lock().unwrap();
        for expected in Command::NAMES {
            assert!(
                tally
                    .keys()
                    .any(|what| what.starts_with(&format!("{expected}: "))),
                "in {walks} walks nobody ran {expected}"
            );
        }
        let mishaps = Mishap::ALL.map(|mishap| format!("{mishap:?}"));
        let others = ["Ctrl-C", "a writer meanwhile"].map(str::to_owned);
        for expected in mishaps.into_iter().chain(others) {
            assert!(
                tally.contains_key(&expected),
                "in {walks} walks {expected} did not come to happen"
            );
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {walks} walks failed, each alone is BISAN_MODEL_WALKS=1 BISAN_MODEL_SEED= one of {failures:?}",
        failures.len()
    );
}
