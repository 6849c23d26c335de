//! Checks of Meilisearch itself: does it answer, which version is it, who may write to it, and which tasks wait?

use serde_json::Value;

use crate::figures::{grouped, size};
use crate::meilisearch::version::Version;
use crate::meilisearch::{Features, MeilisearchError, Server};
use crate::report::doctor::Checks;
use crate::report::status::QueueStatus;

const ABOUT: &str = "server";

/// The first and the last version that this program was held to.
const TESTED: (Version, Version) = ((1, 5, 0), (1, 50, u64::MAX));

/// More than this, and a newcomer's task waits for a while.
const LONG_QUEUE: u64 = 1_000;
/// At a million tasks a server deletes 100,000 finished ones itself; up to 1.22.0 the newest, which somebody may still be
/// waiting for.
const MANY_TASKS: u64 = 700_000;

/// Everything about the server; what it can do, where it answers.
pub async fn examine(server: &Server, checks: &mut Checks) -> Option<Features> {
    if let Err(error) = server.health().await {
        checks.at(ABOUT, "server.health").fail_as_said(error);
        return None;
    }
    checks
        .at(ABOUT, "server.health")
        .ok(format!("{} answers", server.address()));
    open_to_everybody(server, checks).await;
    let features = match server.features().await {
        Ok(features) => {
            version(&features, checks);
            features
        }
        // The checks of the key report the rights that it lacks.
        Err(error) if error.is_forbidden() => Features::unknown(),
        Err(error) => {
            checks.at(ABOUT, "server.version").fail_as_said(error);
            return None;
        }
    };
    report_error(queue(server, checks).await, "server.queue", checks);
    report_error(space(server, checks).await, "server.space", checks);
    checks.at(ABOUT, "server.upload_limit").ok(
        "the largest upload that server and proxy take shows when it is tried: what is refused with 413 is sent in halves",
    );
    Some(features)
}

fn report_error(outcome: Result<(), MeilisearchError>, check: &'static str, checks: &mut Checks) {
    match outcome {
        Err(error) if !error.is_forbidden() => checks.at(ABOUT, check).fail_as_said(error),
        _ => {}
    }
}

/// Whether somebody without a key may do everything.
async fn open_to_everybody(server: &Server, checks: &mut Checks) {
    const CHECK: &str = "server.open";
    let Ok(stranger) = Server::new(server.address().clone(), None) else {
        return;
    };
    if stranger
        .raw(reqwest::Method::GET, "/indexes?limit=1", None)
        .await
        .is_err()
    {
        return checks
            .at(ABOUT, CHECK)
            .ok("without a key nobody reads or writes");
    }
    checks.at(ABOUT, CHECK).warn(match server.address().is_loopback() {
            true => "it takes reads and writes without a key, from everybody who reaches it",
            false => "it takes reads and writes without a key, and other machines reach it: anybody may empty the indexes",
        }, "start it with MEILI_MASTER_KEY (16 bytes or more), and give application and indexer keys of their own \
         (`bisan-indexer key`); until then close its port");
}

fn version(features: &Features, checks: &mut Checks) {
    const CHECK: &str = "server.version";
    let Some(version @ (major, minor, patch)) = features.version else {
        return checks.at(ABOUT, CHECK).ok(
            "the key may not ask for the version, which is enough: what the server can do is found out by asking",
        );
    };
    let name = format!("it is Meilisearch {major}.{minor}.{patch}");
    let (first, last) = TESTED;
    if version < first {
        return checks.at(ABOUT, CHECK).fail(
            format!("{name}, and 1.5 is the oldest that this program knows"),
            "update it",
        );
    }
    if version > last {
        return checks.at(ABOUT, CHECK).warn(
            format!("{name}, newer than what this program was tested with (1.5 to 1.50)"),
            "look whether there is a newer bisan-indexer; `reindex` and its gates hold all the same",
        );
    }
    let lacks: Vec<&str> = [
        ((1, 12, 0), "how far a batch is is not told (from 1.12 on)"),
        (
            (1, 14, 0),
            "documents are asked for by id one at a time (from 1.14 on together)",
        ),
        (
            (1, 22, 1),
            "a full list of tasks loses its newest ones (from 1.22.1 on the oldest)",
        ),
    ]
    .into_iter()
    .filter(|(since, _)| version < *since)
    .map(|(_, what)| what)
    .collect();
    checks.at(ABOUT, CHECK).ok(match lacks.is_empty() {
        true => name,
        false => format!("{name}: {}", lacks.join("; ")),
    });
}

async fn queue(server: &Server, checks: &mut Checks) -> Result<(), MeilisearchError> {
    let queue = server.queue().await?;
    let found = QueueStatus::of(&queue).summary();
    match queue.total > LONG_QUEUE {
        false => checks.at(ABOUT, "server.queue").ok(found),
        true => checks.at(ABOUT, "server.queue").warn(
            found,
            "all tasks of a server are worked on one after the other: find out who sends that many small ones",
        ),
    }
    let all = server
        .raw(reqwest::Method::GET, "/tasks?limit=1", None)
        .await?;
    let all = all.get("total").and_then(Value::as_u64).unwrap_or(0);
    if all > MANY_TASKS {
        checks.at(ABOUT, "server.tasks").warn(
            format!(
                "it keeps {} tasks; at 1,000,000 it deletes some, and a full task database takes no writes",
                grouped(all)
            ),
            "delete the finished ones: DELETE /tasks?statuses=succeeded,failed,canceled",
        );
    }
    Ok(())
}

async fn space(server: &Server, checks: &mut Checks) -> Result<(), MeilisearchError> {
    const CHECK: &str = "server.space";
    let stats = server.stats().await?;
    let needed = stats.used_database_size.unwrap_or(stats.database_size);
    let spare = stats.database_size.saturating_sub(needed);
    let found = format!(
        "its files have {}; a reindex needs as much again as its live indexes, up to {} here",
        size(stats.database_size),
        size(needed)
    );
    let free = server.address().is_loopback().then(free_space).flatten();
    match free {
        // Which disk a server's files are on is not told; on this machine the one that this program is on is likely.
        Some(free) if free + spare < needed => checks.at(ABOUT, CHECK).warn(
            format!("{found}; this machine's disk has {} free", size(free)),
            "free some, or let the server's files lie on a larger disk",
        ),
        Some(free) => checks.at(ABOUT, CHECK).ok(format!(
            "{found}; this machine's disk has {} free",
            size(free)
        )),
        None => checks
            .at(ABOUT, CHECK)
            .ok(format!("{found}; how much is free on its disk is not told")),
    }
    Ok(())
}

fn free_space() -> Option<u64> {
    let folder = std::env::current_dir().ok()?;
    let disk = rustix::fs::statvfs(&folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}
