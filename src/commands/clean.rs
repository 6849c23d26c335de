//! `clean`: lists the leftovers of runs that have died, says why each may be deleted, and deletes them on request.

use crate::cli::Clean;
use crate::error::Error;
use crate::generation::generations::{Deletable, Observer};
use crate::generation::prune::{self, IndexGenerations};
use crate::generation::quiesce::quiesce;
use crate::generation::records::Record;
use crate::interrupt::or_interrupted;
use crate::meilisearch::Server;
use crate::meilisearch::uid::same_identity;
use crate::report::Answer;
use crate::report::clean::{CleanReport, Outcome};
use crate::session::Session;
use crate::{confirm, session};

/// Runs it.
///
/// # Errors
/// Where another run holds the lock, where a person says no, or where the server cannot be asked.
pub async fn run(options: &Clean) -> Result<Answer, Error> {
    let definitions = session::definitions(&options.selection)?;
    let session = Session::open(&options.connections)?;
    let server = &session.server;
    let live_uids: Vec<&str> = definitions
        .iter()
        .map(|definition| definition.live_uid.as_str())
        .collect();
    // The verdicts say "by a run that has ended": that is so only if no run holds the lock now. It is let go again, since
    // a person may take a while to answer.
    let observer = prune::observer(&session.lock()?);
    let found = or_interrupted(look(server, &live_uids, &observer)).await?;
    let mut report = CleanReport::of(&found);
    if report.outcome == Outcome::NothingToDo {
        return Ok(Answer::new(&report, report.summary()));
    }
    let nobody_to_ask = !options.consent.yes && !confirm::is_anybody_there();
    if options.dry_run || nobody_to_ask {
        return Ok(Answer::new(&report, report.summary()));
    }
    confirm::ask(&options.consent, &report.table(), "Delete what may go?").await?;

    let lock = session.lock()?;
    let observer = prune::observer(&lock);
    let again = or_interrupted(look_at_rest(server, &live_uids, &observer)).await?;
    let (generations, records) = still_there(&found, &again);
    // Not interrupted half-way: it is short, and what was sent is done anyway.
    let pruned = prune::delete(server, &generations, records.clone()).await?;
    let left = server.indexes().await?;
    report.note_deleted(&generations, &records, |generation| {
        !left
            .iter()
            .any(|index| same_identity(&index.created_at, generation.created_at()))
    });
    report.warn(pruned);
    Ok(Answer::new(&report, report.summary()))
}

async fn look(
    server: &Server,
    live_uids: &[&str],
    observer: &Observer,
) -> Result<Vec<IndexGenerations>, Error> {
    server.health().await?;
    Ok(prune::look(server, live_uids.iter().copied(), observer).await?)
}

/// The same, when no swap of a run that was killed is still to come.
async fn look_at_rest(
    server: &Server,
    live_uids: &[&str],
    observer: &Observer,
) -> Result<Vec<IndexGenerations>, Error> {
    quiesce(server, live_uids.iter().copied()).await?;
    look(server, live_uids, observer).await
}

/// What was shown and may still go, now that the lock is held: nothing else is deleted.
fn still_there(
    shown: &[IndexGenerations],
    now: &[IndexGenerations],
) -> (Vec<Deletable>, Vec<Record>) {
    let deletable = |indexes: &[IndexGenerations]| -> Vec<Deletable> {
        let leftovers = indexes.iter().flat_map(|index| &index.leftovers);
        leftovers
            .filter_map(|leftover| leftover.deletable.clone())
            .collect()
    };
    let was_shown = deletable(shown);
    let generations = deletable(now)
        .into_iter()
        .filter(|one| was_shown.contains(one));
    let records = shown
        .iter()
        .flat_map(|index| &index.forgettable)
        .filter(|record| {
            let mut now = now.iter().flat_map(|index| &index.forgettable);
            now.any(|again| again.id == record.id)
        });
    (generations.collect(), records.cloned().collect())
}
