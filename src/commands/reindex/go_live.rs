//! Swaps the builds into place.

use jiff::Timestamp;
use serde_json::json;

use super::catch_up::OVERLAP;
use super::{Built, Job};
use crate::error::Error;
use crate::generation::promote::{PromoteError, Proven, promote};
use crate::generation::records::{Record, record_of};
use crate::host;
use crate::prepared::Prepared;

impl Job<'_> {
    /// Completes the records, then swaps every build into place in one call, and proves it.
    ///
    /// The records come first: a run that dies right after the swap leaves live indexes that can be followed at once.
    pub(super) async fn go_live(&self, built: &Built) -> Result<Proven, Error> {
        let mut records = built.records.clone();
        for (i, record) in records.iter_mut().enumerate() {
            record.complete = true;
            record.completed_at = Some(Timestamp::now());
            record.documents = Some(built.passed.documents[i]);
            record.checkpoint = Some(built.caught_up[i].taken_at - OVERLAP);
            record.newest_change = built.caught_up[i].newest;
            record.log = built.caught_up[i].log.clone();
            record.overlap_seconds = u64::try_from(OVERLAP.as_secs()).ok();
            record.database = Some(json!({ "path": self.database.path() }));
        }
        // One time for all of them: generations that were live together are rolled back to together.
        let now = Timestamp::now();
        let known = self.server.records().await?;
        let mut live = Vec::with_capacity(records.len());
        for index in self.indexes.iter() {
            let (created_at, record) = self.former(index, &known, now).await?;
            live.push(created_at);
            records.extend(record);
        }
        self.progress.step("going live");
        let written = self.server.write_records(&records).await?;
        self.succeeded(&[written], "completing the records of the builds")
            .await?;
        let outcome = promote(self.server, &built.passed, &live).await;
        if outcome
            .as_ref()
            .map_or_else(PromoteError::may_still_come, |_| true)
        {
            self.started.release();
        }
        Ok(outcome?)
    }

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
