//! `apply`: brings the live indexes to the state that definitions and database describe, in the cheapest way that gives
//! the same result, and says why.
//!
//! It does exactly what it has planned: documents are compared once, and those that differ are sent.
//!
//! It is the command for deployment hooks. It reindexes if a definition changed or a live index cannot be followed,
//! changes settings in place if that is cheap, syncs if documents differ, and otherwise does nothing.

mod in_place;
mod plan;
mod several;

use crate::cli::{Apply, Compare};
use crate::commands::reindex::{Rebuild, rebuild_one};
use crate::commands::sync::{self, RoundPolicy};
use crate::error::{DIFFERENT, Error};
use crate::interrupt::{self, or_interrupted};
use crate::prepared::Prepared;
use crate::progress::Progress;
use crate::report::Answer;
use crate::report::apply::{Action, ApplyReport};
use crate::report::sync::SyncReport;
use crate::session::Session;
use crate::sync::SharedRows;
use crate::{confirm, servers, session};

use plan::{Planned, plan};
use several::at_several;

const QUESTION: &str = "Apply this?";

/// Runs it.
///
/// # Errors
/// Whatever keeps the way that was chosen from its end.
pub async fn run(options: &Apply, progress: &Progress) -> Result<Answer, Error> {
    let database = session::database(&options.connections.database)?;
    let servers = servers::open(&options.connections.server)?;
    let required = options.require.among(servers.len())?;
    let definitions = session::definitions(&options.selection)?;
    let defined = before_any_change(session::defined(&database, definitions)).await?;
    match servers.as_slice() {
        [at] => {
            let session = Session::at(&database, &SharedRows::between(1), at);
            at_one(options, &session, &defined, progress).await
        }
        _ => at_several(options, &database, &defined, servers, required, progress).await,
    }
}

/// What is done before anything is changed, or says that nothing was.
async fn before_any_change<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let done = or_interrupted(work).await;
    done.map_err(|error| interrupt::leaving(error, "nothing was changed"))
}

async fn at_one(
    options: &Apply,
    session: &Session,
    defined: &[Prepared],
    progress: &Progress,
) -> Result<Answer, Error> {
    let planned = before_any_change(plan(options, session, defined)).await?;
    let mut report = ApplyReport::new(planned.iter().map(|one| one.plan.clone()).collect());
    let text = report.describe();
    if report.way == Action::Nothing {
        return Ok(Answer::new(&report, text));
    }
    if options.dry_run {
        let code = if options.exit_code { DIFFERENT } else { 0 };
        return Ok(Answer::new(&report, text).with_exit_code(code));
    }
    confirm::ask(&options.consent, &text, QUESTION).await?;
    let (mut summary, mut exit_code) = (text, 0);
    if report.way == Action::Reindex {
        // What it found was for the reader.
        drop(planned);
        let server = session.server.clone();
        let done = rebuild_one(
            &session.database,
            server,
            session::definitions(&options.selection)?,
            &rebuilding(options, 1),
            progress,
        )
        .await?;
        summary.push_str(&done.summary());
        report.reindex = Some(done);
    } else {
        if changes_definition(&planned) {
            // A reindex or rollback that swaps in the middle would get the settings, and its generation the wrong record.
            let _lock = session.lock()?;
            take_over(session, &planned).await?;
        }
        let (done, code) = send(options, session, planned).await?;
        summary.push_str(&done.summary());
        (report.sync, exit_code) = (Some(done), code);
    }
    report.done = exit_code == 0;
    Ok(Answer::new(&report, summary).with_exit_code(exit_code))
}

/// Whether a live index is to become one of the definition as it is now, without a rebuild.
fn changes_definition(planned: &[Planned]) -> bool {
    planned.iter().any(|one| one.send.is_some())
}

/// Makes each live index one of the definition as it is now, where that takes no rebuild. The run lock is held.
async fn take_over(session: &Session, planned: &[Planned]) -> Result<(), Error> {
    for one in planned {
        if let Some(send) = &one.send {
            in_place::take_over(&session.server, &one.prepared, send).await?;
        }
    }
    Ok(())
}

/// Sends and deletes the documents that were found to differ.
async fn send(
    options: &Apply,
    session: &Session,
    planned: Vec<Planned>,
) -> Result<(SyncReport, u8), Error> {
    let found = planned
        .into_iter()
        .filter_map(|one| Some((one.prepared, one.found?)))
        .collect();
    sync::carry_out(session, following(options, session), found).await
}

fn rebuilding(options: &Apply, required: usize) -> Rebuild {
    Rebuild {
        upload: options.upload.clone(),
        required,
        retain: options.former.retain,
        max_loss: options.round.max_loss,
    }
}

fn following(options: &Apply, session: &Session) -> RoundPolicy {
    RoundPolicy {
        batch_bytes: session::batch_bytes(&options.upload, &session.server),
        overlap: options.round.overlap,
        max_loss: options.round.max_loss,
        // A deployment's migrations write without timestamps: only a look at every document finds all that they did.
        compare: Compare::All,
        compare_limit: 0,
        dry_run: false,
    }
}
