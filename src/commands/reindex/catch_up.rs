//! Catching up: the rounds that send to a new generation what was written while it was built and swapped.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::job::Job;
use crate::cli::Percent;
use crate::error::Error;
use crate::figures::{counted, documents};
use crate::generation::build::Build;
use crate::interrupt::or_interrupted;
use crate::meilisearch::TaskUid;
use crate::meilisearch::wait::until_the_last_ended;
use crate::prepared::Prepared;
use crate::reader::Read;
use crate::sync::{Beginning, Depth, Followed, Round};
use crate::tracking::Tracking;

/// Rows may carry a timestamp older than their commit: an import stamps all its rows with the minute it began and
/// commits ten minutes later. The catch-up rounds look back so far behind the snapshot.
pub(super) const OVERLAP: SignedDuration = SignedDuration::from_mins(15);

impl Job<'_> {
    /// One round into each build: the writers of the database never stop. Tells how many documents each is to hold then.
    pub(super) async fn catch_up(
        &mut self,
        builds: &[Build],
        read: &Read,
    ) -> Result<(Vec<Followed>, Vec<u64>), Error> {
        let since = read.taken_at - OVERLAP;
        let quiet = self.quiet_until().await?;
        let mut rounds = Vec::with_capacity(builds.len());
        let mut documents = Vec::with_capacity(builds.len());
        for ((index, build), read) in self.indexes.iter().zip(builds).zip(&read.indexes) {
            let mut followed = match quiet.zip(compared_alone(index)) {
                Some((now, tracking)) => Followed::nothing(now, tracking)?,
                None => {
                    let round = self.round(index, &build.uid);
                    let log = read.log.clone();
                    round.run(Depth::Changed, &Beginning { since, log }).await?
                }
            };
            let mut sent = followed.plan.sent_ids()?;
            documents.push(read.documents_after(&mut sent, &mut followed.plan.gone)?);
            rounds.push(followed);
        }
        Ok((rounds, documents))
    }

    /// One more round, now into the live index: for what was committed during the swap. If it fails, the run has still
    /// succeeded, because the swap is done; the next sync sends what is missing.
    ///
    /// No gate comes after it, so it checks `max_loss` itself: the database may be emptied at this moment.
    pub(super) async fn catch_up_live(
        &mut self,
        before: &[Followed],
        max_loss: Percent,
    ) -> Vec<Followed> {
        self.progress.step("catching up once more");
        let mut rounds = Vec::new();
        let indexes = Arc::clone(&self.indexes);
        let quiet = self.quiet_until().await.unwrap_or(None);
        for (index, before) in indexes.iter().zip(before) {
            let from = Beginning {
                since: before.taken_at - OVERLAP,
                log: before.log.clone(),
            };
            let live_uid = &index.definition.live_uid;
            let round = async {
                let others = self.wait_for_others(live_uid).await?;
                if let Some((now, tracking)) =
                    quiet.filter(|_| others == 0).zip(compared_alone(index))
                {
                    return Ok((others, Followed::nothing(now, tracking)?));
                }
                // Documents of other programs have no change timestamp: only a comparison of everything finds them.
                let depth = match others {
                    0 => Depth::Changed,
                    _ => Depth::All,
                };
                let round = Round {
                    max_loss: Some(max_loss),
                    ..self.round(index, live_uid)
                };
                Ok((others, round.run(depth, &from).await?))
            };
            match or_interrupted(round).await {
                Ok((others, followed)) => {
                    if others > 0 {
                        self.warn(&[wrote_into_the_new_one(live_uid, others, &followed)]);
                    }
                    rounds.push(followed);
                }
                Err(error) => {
                    let warning = format!(
                        "{live_uid}: the new index is live; what was committed during the swap could not be added \
                         ({error}), the next run adds it"
                    );
                    self.warn(&[warning]);
                    break;
                }
            }
        }
        rounds
    }

    /// The present time, if nothing was committed since the last call, or since the documents were read.
    async fn quiet_until(&mut self) -> Result<Option<Timestamp>, Error> {
        let now = Timestamp::now();
        let Some(commits) = &mut self.commits else {
            return Ok(None);
        };
        let committed = commits.any().await? || self.database.was_replaced();
        Ok((!committed).then_some(now))
    }

    /// Waits for what other programs have sent to a live uid, and returns how many tasks that were.
    ///
    /// A swap leaves waiting tasks their uid: what they meant for the former generation, they write into the new one.
    async fn wait_for_others(&self, live_uid: &str) -> Result<usize, Error> {
        let queue = self.server.queue().await?;
        let others: Vec<TaskUid> = queue.of(live_uid).map(|task| task.uid).collect();
        // A failed task of another program does not matter here: only its end does.
        until_the_last_ended(self.server, &others).await?;
        Ok(others.len())
    }

    fn round<'a>(&'a self, index: &'a Prepared, uid: &'a str) -> Round<'a> {
        Round {
            database: self.database,
            rows: &self.rows,
            server: self.server,
            index,
            uid,
            limit: &self.limit,
            started: &self.started,
            max_loss: None,
            memory: None,
        }
    }
}

/// What is known of the changes of an index whose edits only a comparison of all documents finds. The comparison is
/// skipped if nothing was committed.
fn compared_alone(index: &Prepared) -> Option<Tracking> {
    let tracking = index.tracking.as_ref();
    tracking.filter(|tracking| !tracking.sees_edits()).cloned()
}

fn wrote_into_the_new_one(live_uid: &str, tasks: usize, followed: &Followed) -> String {
    let tasks = counted(
        tasks as u64,
        "task of another program",
        "tasks of other programs",
    );
    let plan = &followed.plan;
    let set_right = documents(plan.sent() + plan.gone.len());
    format!(
        "{live_uid}: {tasks} waited when it was swapped and wrote into the new index. Every document was compared, and \
         {set_right} set right"
    )
}
