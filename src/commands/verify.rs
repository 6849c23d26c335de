//! `verify`: compares every document with documents.sql field by field, and finds documents without a row. It changes
//! nothing and creates no task.

use std::time::Instant;

use crate::cli::Verify;
use crate::commands::side_by_side;
use crate::commands::sync::CannotFollow;
use crate::error::{DIFFERENT, Error};
use crate::generation::build::Started;
use crate::interrupt::{Interrupted, or_interrupted};
use crate::meilisearch::settings;
use crate::meilisearch::uid::same_identity;
use crate::meilisearch::upload::BatchLimit;
use crate::prepared::Prepared;
use crate::report::Answer;
use crate::report::verify::{IndexVerified, VerifyReport};
use crate::session::Session;
use crate::sync::{Drift, Round, SharedRows};
use crate::{servers, session};

/// Documents that are shown field by field unless all are asked for.
const SHOWN: usize = 20;

/// How often an index that another program swaps meanwhile is read from the beginning.
const MAX_ATTEMPTS: u32 = 3;

/// Runs it. Drift is an answer: exit code 5.
///
/// # Errors
/// Where one side cannot be read. What concerns a single index is in its entry, and the others are still verified.
pub async fn run(options: &Verify) -> Result<Answer, Error> {
    let definitions = session::definitions(&options.selection)?;
    let database = session::database(&options.connections.database)?;
    let servers = servers::open(&options.connections.server)?;
    let rows = SharedRows::between(servers.len());
    let defined = or_interrupted(session::defined(&database, definitions)).await?;
    side_by_side::run(servers, async |at| {
        let session = Session::at(&database, &rows, at);
        verify_all(options, &session, &defined).await
    })
    .await
}

async fn verify_all(
    options: &Verify,
    session: &Session,
    defined: &[Prepared],
) -> Result<Answer, Error> {
    let start = Instant::now();
    let preflight = or_interrupted(session.prepare(defined)).await?;
    let show = if options.all { usize::MAX } else { SHOWN };
    let mut indexes = Vec::with_capacity(preflight.indexes.len());
    let mut exit_code = 0;
    for index in &preflight.indexes {
        let verified = or_interrupted(verify(session, index, show)).await;
        let entry = match verified {
            Err(error) if error.is::<Interrupted>() => return Err(error),
            Err(error) => {
                tracing::error!("{error}");
                // What could not be verified weighs more than what differs.
                exit_code = match exit_code {
                    0 | DIFFERENT => error.exit_code(),
                    worse => worse,
                };
                IndexVerified::failed(index, &error)
            }
            Ok(entry) => {
                if exit_code == 0 && !entry.is_equal() {
                    exit_code = DIFFERENT;
                }
                entry
            }
        };
        indexes.push(entry);
    }
    let report = VerifyReport::new(indexes, start.elapsed().as_secs_f64());
    Ok(Answer::new(&report, report.summary()).with_exit_code(exit_code))
}

async fn verify(session: &Session, index: &Prepared, show: usize) -> Result<IndexVerified, Error> {
    let start = Instant::now();
    let server = &session.server;
    let live_uid = &index.definition.live_uid;
    for _ in 0..MAX_ATTEMPTS {
        let Some(before) = server.index(live_uid).await? else {
            break;
        };
        let drift = drift(session, index, show).await?;
        let found = server.settings(live_uid).await?;
        let after = server.index(live_uid).await?;
        if after.is_some_and(|after| same_identity(&before.created_at, &after.created_at)) {
            return Ok(IndexVerified {
                settings: settings::differences(&index.settings, &found),
                unmentioned: settings::unmentioned(&index.definition.settings, &found),
                documents: server.count_documents(live_uid).await?,
                ..IndexVerified::new(index, before.created_at, &drift, start.elapsed())
            });
        }
        tracing::info!("{live_uid}: swapped by another program meanwhile; comparing again");
    }
    let live_uid = live_uid.clone();
    Err(match server.index(&live_uid).await? {
        None => CannotFollow::NoIndex { live_uid },
        Some(_) => CannotFollow::Swapped { live_uid },
    }
    .into())
}

async fn drift(session: &Session, index: &Prepared, show: usize) -> Result<Drift, Error> {
    let round = Round {
        database: &session.database,
        rows: &session.rows,
        server: &session.server,
        index,
        uid: &index.definition.live_uid,
        // Nothing is sent.
        limit: &BatchLimit::new(u64::MAX),
        started: &Started::default(),
        max_loss: None,
        memory: None,
    };
    round.drift(show).await
}
