//! Swaps the builds into place.

use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;

use super::Rebuild;
use super::catch_up::OVERLAP;
use super::job::{Built, Job};
use crate::error::Error;
use crate::generation::promote::{PromoteError, Proven, promote};
use crate::generation::quiesce::quiesce;
use crate::generation::records::{Record, record_of};
use crate::host;
use crate::prepared::Prepared;
use crate::report::reindex::{Outcome, ReindexReport};

/// Builds with complete records, which only have to be swapped in.
pub(super) struct Ready<'a> {
    built: Built<'a>,
    /// `createdAt` of what is live now, one an index.
    live: Vec<String>,
}

impl<'a> Built<'a> {
    /// Completes the records: a run that dies right after the swap leaves live indexes that can be followed at once.
    ///
    /// Where others wait for this server to swap, what stands in front of the swap is waited for, so that it takes as long
    /// everywhere.
    pub(super) async fn complete(
        self,
        others_wait: bool,
        now: Timestamp,
    ) -> Result<Ready<'a>, Error> {
        let live = self.write_records(now).await?;
        if others_wait {
            let indexes = self.job.indexes.iter();
            let live_uids = indexes.map(|index| index.definition.live_uid.as_str());
            quiesce(self.job.server, live_uids).await?;
        }
        Ok(Ready { built: self, live })
    }

    async fn write_records(&self, now: Timestamp) -> Result<Vec<String>, Error> {
        let Built { job, passed, .. } = self;
        let mut records = self.records.clone();
        for (i, record) in records.iter_mut().enumerate() {
            record.complete = true;
            record.completed_at = Some(Timestamp::now());
            record.documents = Some(passed.documents[i]);
            record.checkpoint = Some(self.caught_up[i].taken_at - OVERLAP);
            record.newest_change = self.caught_up[i].newest;
            record.log = self.caught_up[i].log.clone();
            record.overlap_seconds = u64::try_from(OVERLAP.as_secs()).ok();
            record.database = Some(json!({ "path": job.database.path() }));
        }
        let known = job.server.records().await?;
        let mut live = Vec::with_capacity(records.len());
        for index in job.indexes.iter() {
            let (created_at, record) = job.former(index, &known, now).await?;
            live.push(created_at);
            records.extend(record);
        }
        job.progress.step("going live");
        let written = job.server.write_records(&records).await?;
        job.succeeded(&[written], "completing the records of the builds")
            .await?;
        Ok(live)
    }
}

impl Ready<'_> {
    /// Swaps every build into place in one call, proves it, and brings what is live then up to date.
    pub(super) async fn go_live(
        self,
        how: &Rebuild,
        start: Instant,
    ) -> Result<ReindexReport, Error> {
        let proven = self.promote().await?;
        let Built {
            mut job,
            read,
            caught_up: before,
            passed,
            ..
        } = self.built;
        let caught_up = job.catch_up_live(&before, how.max_loss).await;
        let pruned = job.prune(how.retain, &proven).await;

        job.times.swapping = proven.seconds;
        job.times.total = start.elapsed().as_secs_f64();
        let mut report =
            ReindexReport::of(Outcome::Live, &job.indexes, &read, job.times, job.warnings);
        for (i, index) in report.indexes.iter_mut().enumerate() {
            index.created_at = Some(passed.builds()[i].created_at.clone());
            index.documents_indexed = Some(passed.documents[i]);
            index.vectors_taken = job.vectors_taken.get(i).copied().unwrap_or(0);
            for followed in [Some(&before[i]), caught_up.get(i)].into_iter().flatten() {
                index.caught_up += followed.plan.sent();
                index.caught_up_deletes += followed.plan.gone.len();
            }
        }
        report.retained = pruned.retained;
        report.deleted = [job.leftovers.deleted, pruned.deleted].concat();
        Ok(report)
    }

    /// Once a swap may have been made, nothing that it names may be taken back.
    async fn promote(&self) -> Result<Proven, Error> {
        let Built { job, passed, .. } = &self.built;
        let outcome = promote(job.server, passed, &self.live).await;
        if outcome
            .as_ref()
            .map_or_else(PromoteError::may_still_come, |_| true)
        {
            job.started.release();
        }
        Ok(outcome?)
    }
}

impl Job<'_> {
    /// The index under the live uid, which will be the former generation: its `createdAt`, and a record of it if it has
    /// none.
    ///
    /// Where nothing is there yet, an empty index is made, since a swap needs two. Its record says that it is incomplete,
    /// so that it is deleted afterwards, by this run or by the next.
    async fn former(
        &self,
        index: &Prepared,
        known: &[Record],
        now: Timestamp,
    ) -> Result<(String, Option<Record>), Error> {
        let host = host::name();
        if let Some(live) = &index.live {
            // Another program made it. It is adopted, so that a rollback to it is possible, and it is pruned later.
            let adopted = match record_of(&live.index, known) {
                None => Some(Record::adopt(&live.index, &host, now)),
                Some(_) => None,
            };
            return Ok((live.index.created_at.clone(), adopted));
        }
        let live_uid = &index.definition.live_uid;
        let made = self.server.new_index(live_uid).await?;
        let made = made.ok_or_else(|| PromoteError::Overtaken {
            live_uid: live_uid.clone(),
            expected: "nothing".to_owned(),
            found: "somebody created it".to_owned(),
        })?;
        let placeholder = Record::placeholder(&made, &host, now);
        self.started.stand_in(&placeholder);
        Ok((made.created_at, Some(placeholder)))
    }
}
