//! `sync`: one round for each index, or a follower that runs continuously.
//!
//! [`run`] is one round for each index: it reads the checkpoint from the record, compares, sends and deletes what
//! differs, and only then moves the checkpoint.

mod follower;
mod listen;
mod planned;
mod report;
mod state;
mod watch;

use std::time::Instant;

pub use follower::CannotFollow;
use follower::{Follower, Remembered};
pub use listen::{Health, ask};
pub use report::{Done, IndexSynced, Outcome, SyncReport};
pub use watch::watch;

use crate::cli::Sync;
use crate::error::Error;
use crate::interrupt::{self, Interrupted, or_interrupted};
use crate::meilisearch::Server;
use crate::prepared::Prepared;
use crate::sqlite::Database;
use crate::sync::Followed;

/// What an interrupted round leaves: each document that it has sent is right, and its record says what it has not reached.
const ROUND_LEFT: &str =
    "what was sent until then is in the live index, and the next round sends the rest";

/// One round of every selected index. One that fails does not keep the others from theirs.
///
/// # Errors
/// What kept every index from its round. What kept a single one is in its entry of the report.
pub async fn run(options: &Sync) -> Result<(SyncReport, u8), Error> {
    let start = Instant::now();
    let definitions = super::definitions(&options.selection)?;
    let database = super::database(&options.connections.database)?;
    let server = super::server(&options.connections.server)?;
    let preflight = or_interrupted(super::preflight(&database, &server, definitions)).await?;
    let mut report = SyncReport {
        outcome: if options.dry_run {
            Outcome::DryRun
        } else {
            Outcome::Synced
        },
        indexes: Vec::new(),
        seconds: 0.0,
        warnings: Vec::new(),
    };
    for warning in preflight.indexes.iter().flat_map(Prepared::blind_spots) {
        tracing::warn!("{warning}");
        report.warnings.push(warning);
    }
    let mut exit_code = 0;
    for index in &preflight.indexes {
        let follower = Follower {
            options,
            database: &database,
            server: &server,
            index,
        };
        let outcome = or_interrupted(follower.follow(None, &Remembered::default())).await;
        let outcome = outcome.map(|round| round.done);
        exit_code = exit_code.max(add(&mut report, index, outcome)?);
    }
    report.seconds = start.elapsed().as_secs_f64();
    Ok((report, exit_code))
}

/// Carries out an earlier plan for each index, instead of a round.
///
/// # Errors
/// An interruption. What kept a single index from its end is in its entry of the report.
pub async fn carry_out(
    options: &Sync,
    database: &Database,
    server: &Server,
    found: Vec<(Prepared, Followed)>,
) -> Result<(SyncReport, u8), Error> {
    let start = Instant::now();
    let mut report = SyncReport {
        outcome: Outcome::Synced,
        indexes: Vec::new(),
        seconds: 0.0,
        warnings: Vec::new(),
    };
    let mut exit_code = 0;
    for (index, found) in found {
        let follower = Follower {
            options,
            database,
            server,
            index: &index,
        };
        let outcome = or_interrupted(follower.carry_out(found)).await;
        exit_code = exit_code.max(add(&mut report, &index, outcome)?);
    }
    report.seconds = start.elapsed().as_secs_f64();
    Ok((report, exit_code))
}

/// Adds what became of one index to the report, and returns its exit code.
fn add(
    report: &mut SyncReport,
    index: &Prepared,
    outcome: Result<Done, Error>,
) -> Result<u8, Error> {
    let mut entry = IndexSynced {
        index: index.definition.name.clone(),
        live_uid: index.definition.live_uid.clone(),
        error: None,
        done: None,
    };
    let mut exit_code = 0;
    match outcome {
        Ok(done) => entry.done = Some(done),
        Err(error) if error.is::<Interrupted>() => {
            return Err(interrupt::leaving(error, ROUND_LEFT));
        }
        Err(error) => {
            report.outcome = Outcome::Failed;
            exit_code = error.exit_code();
            tracing::error!("{error}");
            entry.error = Some(error.to_string());
        }
    }
    report.indexes.push(entry);
    Ok(exit_code)
}
