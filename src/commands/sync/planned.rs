//! Carries out an earlier plan, and moves the checkpoint.

use std::time::Instant;

use jiff::Timestamp;

use super::follower::{Follower, Remembered};
use crate::error::Error;
use crate::generation::build::Started;
use crate::meilisearch::uid::same_identity;
use crate::meilisearch::upload::BatchLimit;
use crate::prepared::Live;
use crate::report::sync::Done;
use crate::sqlite::LogPosition;
use crate::sync::Followed;
use crate::sync::lag::followed_until;

impl Follower<'_> {
    /// Carries out what was found in the generation that was live when this run began. Where another one is live by now, the
    /// plan says nothing about it: then it is one whole round.
    ///
    /// # Errors
    /// What keeps a round from its end.
    pub async fn carry_out(&self, mut found: Followed) -> Result<Done, Error> {
        let start = Instant::now();
        let live_uid = &self.index.definition.live_uid;
        let record = self.record().await?;
        let is_planned = |live: &Live| {
            let created_at = record.created_at.as_ref();
            // A rollback that went and came back leaves the same generation, which has missed what was sent meanwhile.
            let swapped_at = live.record.as_ref().and_then(|record| record.swapped_at);
            created_at.is_some_and(|it| same_identity(&live.index.created_at, it))
                && swapped_at == record.swapped_at
        };
        if self.index.live.as_ref().is_some_and(is_planned) {
            // A checkpoint that another program has moved since the plan was made is not moved back.
            let others = followed_until(&record).filter(|until| *until <= Timestamp::now());
            found.taken_at = others.map_or(found.taken_at, |until| until.max(found.taken_at));
            found.log = newer(found.log, record.log.clone());
            let limit = BatchLimit::new(self.how.batch_bytes);
            let started = Started::default();
            let round = self.live_round(&limit, &started);
            let followed = round.carry_out_found(found).await?;
            if let Some(checkpoint) = self.move_on(record, &followed).await? {
                let seconds = start.elapsed().as_secs_f64();
                return Done::new(&followed, Some(checkpoint.to_string()), seconds, false);
            }
        }
        tracing::info!(
            "{live_uid}: swapped by another program since the plan was made; compared again"
        );
        Ok(self.follow(None, &Remembered::default()).await?.done)
    }
}

/// The position that is further on in the same log.
fn newer(ours: Option<LogPosition>, theirs: Option<LogPosition>) -> Option<LogPosition> {
    match (&ours, theirs) {
        (Some(found), Some(there)) if there.schema == found.schema && there.seq > found.seq => {
            Some(there)
        }
        _ => ours,
    }
}
