//! One round of one index: from its record, through the comparison, to its record.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::cannot_follow::{CannotFollow, MAX_ATTEMPTS};
use crate::cli::Compare;
use crate::commands::sync::RoundPolicy;
use crate::error::Error;
use crate::generation::build::Started;
use crate::generation::generations::Generations;
use crate::generation::records::{Change, Record, RecordWrite, record_of};
use crate::meilisearch::Server;
use crate::meilisearch::uid::same_identity;
use crate::meilisearch::upload::BatchLimit;
use crate::meilisearch::wait::until_succeeded;
use crate::prepared::Prepared;
use crate::report::sync::Done;
use crate::sqlite::{Database, LogPosition};
use crate::sync::lag::followed_until;
use crate::sync::{Beginning, Depth, Followed, Memory, Round, SharedRows};
use crate::tracking::Tracking;

/// A record is not written for its checkpoint alone, unless it would fall this far behind: a round that saw nothing new
/// makes no task. One that saw rows touched whose documents are the same does, or `status` would count them as waiting.
const CHECKPOINT_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Nor for its position in the change log, unless that would fall so many rows behind: a log keeps at least ten times as many.
const LOG_ROWS_UNWRITTEN: i64 = 10_000;

/// Follows one index.
pub struct Follower<'a> {
    /// How it works.
    pub how: RoundPolicy,
    /// The database.
    pub database: &'a Database,
    /// What is read of it for other servers, too.
    pub rows: &'a SharedRows,
    /// The server.
    pub server: &'a Server,
    /// The index, checked.
    pub index: &'a Prepared,
}

/// A round that was done.
pub struct RoundDone {
    /// What was done.
    pub done: Done,
    /// Everything committed before this moment is in the index now.
    pub taken_at: Timestamp,
    /// Whether every edit that was committed before is in the index, too.
    pub saw_edits: bool,
    /// What is known of the changes of this index.
    pub tracking: Tracking,
    /// What the next round may pass over.
    pub remembered: Remembered,
}

/// What rounds have seen, and of which generation.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    created_at: Option<String>,
    memory: Memory,
}

impl Remembered {
    /// The memory, if it is about this generation: another one holds other documents.
    fn of(&self, created_at: Option<&String>) -> Option<&Memory> {
        let (ours, other) = (self.created_at.as_ref()?, created_at?);
        same_identity(ours, other).then_some(&self.memory)
    }
}

impl RoundDone {
    fn new(done: Done, followed: Followed, created_at: Option<String>) -> Self {
        Self {
            done,
            taken_at: followed.taken_at,
            saw_edits: followed.saw_edits(),
            tracking: followed.tracking,
            remembered: Remembered {
                created_at,
                memory: followed.memory,
            },
        }
    }
}

impl Follower<'_> {
    /// One round, begun again where another program swapped the index in its middle: it goes on from the checkpoint of
    /// the generation that is live now. Without a `depth`, the options say how deeply it compares.
    ///
    /// # Errors
    /// [`CannotFollow`], or what kept the round from its end.
    pub async fn follow(
        &self,
        depth: Option<Depth>,
        remembered: &Remembered,
    ) -> Result<RoundDone, Error> {
        let live_uid = &self.index.definition.live_uid;
        for _ in 0..MAX_ATTEMPTS {
            if let Some(done) = self.round(depth, remembered).await? {
                return Ok(done);
            }
            tracing::info!(
                "{live_uid}: swapped by another program during the round; the round is repeated"
            );
        }
        Err(CannotFollow::Swapped {
            live_uid: live_uid.clone(),
        }
        .into())
    }

    /// One round; `None` where the live index is another one at its end than at its beginning.
    async fn round(
        &self,
        depth: Option<Depth>,
        remembered: &Remembered,
    ) -> Result<Option<RoundDone>, Error> {
        let start = Instant::now();
        let live_uid = &self.index.definition.live_uid;
        let record = self.record().await?;
        let limit = BatchLimit::new(self.how.batch_bytes);
        let started = Started::default();
        let round = Round {
            memory: remembered.of(record.created_at.as_ref()),
            ..self.live_round(&limit, &started)
        };
        let created_at = record.created_at.clone();
        let from = Beginning {
            since: since(&record, self.how.overlap, Timestamp::now()),
            log: record.log.clone(),
        };
        let depth = match depth {
            Some(depth) => depth,
            None => self.depth().await?,
        };
        if self.how.dry_run {
            let followed = round.dry_run(depth, &from).await?;
            let checkpoint = record.checkpoint.map(|checkpoint| checkpoint.to_string());
            let seconds = start.elapsed().as_secs_f64();
            let done = Done::new(&followed, checkpoint, seconds, true)?;
            return Ok(Some(RoundDone::new(done, followed, created_at)));
        }
        let mut followed = round.run(depth, &from).await?;
        if followed.depth < Depth::All && went_back(&record, &followed) {
            tracing::warn!(
                "{live_uid}: the newest change in the database is older than what was followed already (restored from a \
                 backup, or its newest row deleted); comparing every document"
            );
            followed = round.run(Depth::All, &from).await?;
        }
        let Some(checkpoint) = self.move_on(record, &followed).await? else {
            return Ok(None);
        };
        let seconds = start.elapsed().as_secs_f64();
        let done = Done::new(&followed, Some(checkpoint.to_string()), seconds, false)?;
        Ok(Some(RoundDone::new(done, followed, created_at)))
    }

    /// A round that brings the live index up to date.
    pub(super) fn live_round<'a>(
        &'a self,
        limit: &'a BatchLimit,
        started: &'a Started,
    ) -> Round<'a> {
        Round {
            database: self.database,
            rows: self.rows,
            server: self.server,
            index: self.index,
            uid: &self.index.definition.live_uid,
            limit,
            started,
            max_loss: Some(self.how.max_loss),
            memory: None,
        }
    }

    /// How deeply the options ask to compare.
    async fn depth(&self) -> Result<Depth, Error> {
        let tracking = self.index.tracking.as_ref();
        Ok(match self.how.compare {
            Compare::Changed => Depth::Changed,
            Compare::Ids => Depth::Ids,
            Compare::All => Depth::All,
            // Ids show no edit, and nothing else would.
            Compare::Auto if tracking.is_some_and(|tracking| !tracking.sees_edits()) => Depth::All,
            Compare::Auto => {
                let live_uid = &self.index.definition.live_uid;
                let documents = self.server.count_documents(live_uid).await?;
                match documents <= self.how.compare_limit {
                    true => Depth::All,
                    false => Depth::Ids,
                }
            }
        })
    }

    /// The record of what is live now.
    pub(super) async fn record(&self) -> Result<Record, Error> {
        let live_uid = self.index.definition.live_uid.clone();
        let Some(live) = self.server.index(&live_uid).await? else {
            let moved = moved_to(self.server, &live_uid).await?;
            return Err(match moved {
                Some(uid) => CannotFollow::Moved { live_uid, uid },
                None => CannotFollow::NoIndex { live_uid },
            }
            .into());
        };
        let records = self.server.records().await?;
        let record = record_of(&live, &records).cloned();
        if let Some(record) = record.as_ref().filter(|one| one.live_uid != live_uid) {
            let built_for = record.live_uid.clone();
            return Err(CannotFollow::OfAnother {
                live_uid,
                built_for,
            }
            .into());
        }
        let Some(record) = record.filter(|record| record.checkpoint.is_some()) else {
            return Err(CannotFollow::NoCheckpoint { live_uid }.into());
        };
        if record.fingerprint != self.index.fingerprint {
            return Err(CannotFollow::OtherDefinition { live_uid }.into());
        }
        Ok(record)
    }

    /// Moves the record on, now that every task of the round has succeeded. Returns the checkpoint; `None` where the
    /// generation that was followed is not the live one any more.
    pub(super) async fn move_on(
        &self,
        record: Record,
        followed: &Followed,
    ) -> Result<Option<Timestamp>, Error> {
        let live_uid = &self.index.definition.live_uid;
        let live = self.server.index(live_uid).await?;
        let still_live = live.is_some_and(|live| {
            record
                .created_at
                .as_ref()
                .is_some_and(|created_at| same_identity(created_at, &live.created_at))
        });
        if !still_live {
            return Ok(None);
        }
        let before = record.checkpoint.unwrap_or(Timestamp::UNIX_EPOCH);
        let checkpoint = followed.taken_at - self.how.overlap;
        let is_young = checkpoint.duration_since(before).abs() < CHECKPOINT_EVERY;
        let saw_nothing_new = followed.plan.is_empty()
            && !followed_until(&record).is_none_or(|until| followed.has_seen_change_after(until));
        let stays = saw_nothing_new
            && is_young
            && !went_back(&record, followed)
            && log_stays(record.log.as_ref(), followed.log.as_ref());
        // Up to where edits were looked for is what a checkpoint says.
        if stays || !followed.saw_edits() {
            return Ok(Some(before));
        }
        let change = Change::Followed {
            checkpoint,
            overlap_seconds: u64::try_from(self.how.overlap.as_secs()).ok(),
            documents: self.server.count_documents(live_uid).await?,
            newest_change: followed.newest,
            log: followed.log.clone(),
        };
        // Looked at once more: a checkpoint that was reached by a former definition, or while a rollback went to and fro, may
        // have passed over changes.
        let records = self.server.records().await?;
        if !records.iter().any(|now| now.is_still(&record)) {
            return Ok(None);
        }
        let note = RecordWrite::Part(&record, change);
        let task = self.server.write_into_records(&[note]).await?;
        until_succeeded(self.server, &[task], "moving the checkpoint on").await?;
        Ok(Some(checkpoint))
    }
}

/// The present uid of the index that was built for this live uid, if it was renamed by hand.
async fn moved_to(server: &Server, live_uid: &str) -> Result<Option<String>, Error> {
    let indexes = server.indexes().await?;
    let records = server.records().await?;
    let moved = Generations::of(live_uid, &indexes, &records).moved;
    Ok(moved.into_iter().next().map(|one| one.index.uid))
}

/// Whether the database's newest change lies before one that was followed already. Time goes back where a backup is
/// restored; a follower by timestamps alone would wait for it to catch up, and miss everything until then.
///
/// Where changes.sql does not show the edits, its times say nothing of that either, and everything is compared anyhow.
fn went_back(record: &Record, followed: &Followed) -> bool {
    let is_older = |before| followed.newest.is_none_or(|now| now < before);
    // A change log tells that by itself.
    followed.log.is_none()
        && followed.tracking.sees_edits()
        && record.newest_change.is_some_and(is_older)
}

/// Whether the position in the change log need not be written for its own sake. It is not, if it has moved by some rows that
/// are not about this index.
fn log_stays(before: Option<&LogPosition>, now: Option<&LogPosition>) -> bool {
    match (before, now) {
        (None, None) => true,
        (Some(before), Some(now)) => {
            before.schema == now.schema && now.seq - before.seq < LOG_ROWS_UNWRITTEN
        }
        _ => false,
    }
}

/// The time from which a round looks for changes: that of the last snapshot, less the present overlap.
///
/// That time is from the clock of the machine that took the snapshot. If it is in the future, that clock was ahead, or
/// this one was set back. Then the round begins at the newest change that was in the database at that time, which is
/// from the clock of its writers. If that is in the future too, the round reads all changes.
fn since(record: &Record, overlap: SignedDuration, now: Timestamp) -> Timestamp {
    let followed = followed_until(record).unwrap_or(Timestamp::UNIX_EPOCH);
    if followed <= now {
        return followed - overlap;
    }
    tracing::warn!(
        "{}: the last round was at {followed} by the clock of its machine, and here it is {now}; looking back further",
        record.live_uid
    );
    match record.newest_change {
        Some(newest) if newest <= now => newest - overlap,
        _ => Timestamp::UNIX_EPOCH,
    }
}

#[cfg(test)]
mod tests;
