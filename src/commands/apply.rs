//! `apply`: brings the live indexes to the state that definitions and database describe, in the cheapest way that gives
//! the same result, and says why.
//!
//! It does exactly what it has planned: documents are compared once, and those that differ are sent.
//!
//! It is the command for deployment hooks. It reindexes if a definition changed or a live index cannot be followed,
//! changes settings in place if that is cheap, syncs if documents differ, and otherwise does nothing.

mod in_place;
mod plan;

use crate::cli::{Apply, Compare};
use crate::commands::reindex::{Rebuild, rebuild_one};
use crate::commands::sync::{self, RoundPolicy};
use crate::error::{DIFFERENT, Error};
use crate::interrupt::{self, or_interrupted};
use crate::progress::Progress;
use crate::report::Answer;
use crate::report::apply::{Action, ApplyReport};
use crate::session::Session;
use crate::{confirm, session};

use plan::{Planned, plan};

/// Runs it.
///
/// # Errors
/// Whatever keeps the way that was chosen from its end.
pub async fn run(options: &Apply, progress: &Progress) -> Result<Answer, Error> {
    let session = Session::open(&options.connections)?;
    let planned = or_interrupted(plan(options, &session))
        .await
        .map_err(|error| interrupt::leaving(error, "nothing was changed"))?;
    let mut report = ApplyReport::new(planned.iter().map(|one| one.plan.clone()).collect());
    let text = report.describe();
    if report.way == Action::Nothing {
        return Ok(Answer::new(&report, text));
    }
    if options.dry_run {
        let code = if options.exit_code { DIFFERENT } else { 0 };
        return Ok(Answer::new(&report, text).with_exit_code(code));
    }
    confirm::ask(&options.consent, &text, "Apply this?").await?;
    let (mut summary, mut exit_code) = (text, 0);
    if report.way == Action::Reindex {
        // What it found was for the reader.
        drop(planned);
        let server = session.server.clone();
        let done = rebuild_one(
            &session.database,
            server,
            session::definitions(&options.selection)?,
            &rebuilding(options),
            progress,
        )
        .await?;
        summary.push_str(&done.summary());
        report.reindex = Some(done);
    } else {
        take_over(&session, &planned).await?;
        let found = planned
            .into_iter()
            .filter_map(|one| Some((one.prepared, one.found?)))
            .collect();
        let (done, code) = sync::carry_out(&session, following(options, &session), found).await?;
        summary.push_str(&done.summary());
        (report.sync, exit_code) = (Some(done), code);
    }
    report.done = exit_code == 0;
    Ok(Answer::new(&report, summary).with_exit_code(exit_code))
}

/// Makes each live index one of the definition as it is now, where that takes no rebuild.
async fn take_over(session: &Session, planned: &[Planned]) -> Result<(), Error> {
    if planned.iter().all(|one| one.send.is_none()) {
        return Ok(());
    }
    // A reindex or rollback that swaps in the middle would get the settings, and its generation the wrong record.
    let _lock = session.lock()?;
    for one in planned {
        if let Some(send) = &one.send {
            in_place::take_over(&session.server, &one.prepared, send).await?;
        }
    }
    Ok(())
}

fn rebuilding(options: &Apply) -> Rebuild {
    Rebuild {
        upload: options.upload.clone(),
        required: 1,
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
