//! `sync`: one round for each index, or a follower that runs continuously.
//!
//! [`run`] is one round for each index: it reads the checkpoint from the record, compares, sends and deletes what
//! differs, and only then moves the checkpoint.

mod cannot_follow;
mod follower;
mod listen;
mod planned;
mod state;
mod watch;

use std::time::Instant;

use jiff::SignedDuration;

pub use cannot_follow::CannotFollow;
use follower::{Follower, Remembered};
pub use listen::{Health, ask};
pub use watch::watch;

use crate::cli::{Compare, Percent, Sync};
use crate::commands::side_by_side;
use crate::error::Error;
use crate::interrupt::{self, Interrupted, or_interrupted};
use crate::meilisearch::Server;
use crate::prepared::Prepared;
use crate::report::Answer;
use crate::report::sync::{Done, IndexSynced, Outcome, SyncReport};
use crate::report::{of_indexes, warn};
use crate::session::Session;
use crate::sync::{Followed, SharedRows};
use crate::{servers, session};

/// What an interrupted round leaves: each document that it has sent is right, and its record says what it has not reached.
const ROUND_LEFT: &str =
    "what was sent until then is in the live index, and the next round sends the rest";

/// How a round works.
#[derive(Clone, Copy, Debug)]
pub struct RoundPolicy {
    /// How large an upload may be, in bytes.
    pub batch_bytes: u64,
    /// How far behind the last round changes are asked for once more.
    pub overlap: SignedDuration,
    /// How large a share of an index's documents may be deleted.
    pub max_loss: Percent,
    /// How deeply it compares.
    pub compare: Compare,
    /// Up to how many documents every one is compared, where nothing else is asked for.
    pub compare_limit: u64,
    /// Whether it only says what it would do.
    pub dry_run: bool,
}

impl RoundPolicy {
    /// As the options ask.
    pub fn of(options: &Sync, server: &Server) -> RoundPolicy {
        RoundPolicy {
            batch_bytes: session::batch_bytes(&options.upload, server),
            overlap: options.round.overlap,
            max_loss: options.round.max_loss,
            compare: options.compare,
            compare_limit: options.compare_limit,
            dry_run: options.dry_run,
        }
    }
}

/// One round of every selected index. One that fails does not keep the others from theirs.
///
/// # Errors
/// What kept every index from its round. What kept a single one is in its entry of the report.
pub async fn run(options: &Sync) -> Result<Answer, Error> {
    let definitions = session::definitions(&options.selection)?;
    let database = session::database(&options.connections.database)?;
    let servers = servers::open(&options.connections.server)?;
    let rows = SharedRows::between(servers.len());
    let defined = or_interrupted(session::defined(&database, definitions)).await?;
    side_by_side::run(servers, async |at| {
        let session = Session::at(&database, &rows, at);
        let (report, exit_code) = rounds(options, &session, &defined).await?;
        Ok(Answer::new(&report, report.summary()).with_exit_code(exit_code))
    })
    .await
}

/// The rounds at one server.
async fn rounds(
    options: &Sync,
    session: &Session,
    defined: &[Prepared],
) -> Result<(SyncReport, u8), Error> {
    let start = Instant::now();
    let preflight = or_interrupted(session.prepare(defined)).await?;
    let how = RoundPolicy::of(options, &session.server);
    let mut report = SyncReport::new(how.dry_run);
    let blind_spots = preflight.indexes.iter().flat_map(Prepared::blind_spots);
    warn(&mut report.warnings, &of_indexes(blind_spots));
    let mut exit_code = 0;
    for index in &preflight.indexes {
        let follower = Follower {
            how,
            database: &session.database,
            rows: &session.rows,
            server: &session.server,
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
    session: &Session,
    how: RoundPolicy,
    found: Vec<(Prepared, Followed)>,
) -> Result<(SyncReport, u8), Error> {
    let start = Instant::now();
    let mut report = SyncReport::new(how.dry_run);
    let mut exit_code = 0;
    for (index, found) in found {
        let follower = Follower {
            how,
            database: &session.database,
            rows: &session.rows,
            server: &session.server,
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
