//! What a wait has seen so far, and whether anything still moves.
//!
//! It sends no request and has no clock: its caller passes what was seen, and when. So hours can be tested in
//! microseconds.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::meilisearch::address::Address;
use crate::meilisearch::batches::BatchProgress;
use crate::meilisearch::ended::{Ended, Limits};
use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::task::{Queue, Task, TaskStatus};
use crate::meilisearch::uid::TaskUid;
use crate::progress::WaitProgress;

/// One look at the server.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) tasks: Vec<Task>,
    pub(super) gone: Vec<TaskUid>,
    pub(super) batch: Option<BatchProgress>,
    /// What waits in front of our first task; none after a mere glance.
    pub(super) front: Option<Queue>,
    /// What the server works on, whosever it is.
    pub(super) at_work: Option<Queue>,
}

/// What is known of the tasks that are waited for, and when something last moved.
pub(super) struct Watch {
    limits: Limits,
    known: BTreeMap<TaskUid, Option<Ended>>,
    /// When the server began with a task. Another moment for the same task: it was stopped or killed meanwhile.
    started: BTreeMap<TaskUid, String>,
    restarts_in_place: u32,
    furthest: Furthest,
    shows_progress: bool,
    works: bool,
    last_moved: Instant,
    last_answer: Instant,
    progress: WaitProgress,
}

/// The furthest point that was seen.
#[derive(Debug, Default)]
struct Furthest {
    ended: usize,
    in_front: Option<usize>,
    at_work: Option<TaskUid>,
    batch: Option<BatchProgress>,
}

/// What a look showed, compared with the looks before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Movement {
    Still,
    /// The server works. Percentages go back and forth between the passes of one batch, so any change counts; but a server
    /// that is killed again and again always shows changes.
    Working,
    /// Something is done that won't be done again.
    Further,
}

impl Furthest {
    fn compare(&mut self, ended: usize, seen: &Seen) -> Movement {
        let mut movement = Movement::Still;
        if let Some(batch) = &seen.batch
            && self.batch.as_ref() != Some(batch)
        {
            self.batch = Some(batch.clone());
            movement = Movement::Working;
        }
        if ended > self.ended {
            self.ended = ended;
            movement = Movement::Further;
        }
        if let Some(front) = &seen.front
            && self
                .in_front
                .is_none_or(|fewest| front.tasks.len() < fewest)
        {
            self.in_front = Some(front.tasks.len());
            movement = Movement::Further;
        }
        let newest = seen
            .at_work
            .iter()
            .flat_map(|queue| &queue.tasks)
            .map(|task| task.uid)
            .max();
        if newest > self.at_work {
            self.at_work = newest;
            movement = Movement::Further;
        }
        movement
    }
}

impl Watch {
    pub(super) fn new(uids: &[TaskUid], limits: Limits, now: Instant) -> Watch {
        Watch {
            limits,
            known: uids.iter().map(|uid| (*uid, None)).collect(),
            started: BTreeMap::new(),
            restarts_in_place: 0,
            furthest: Furthest::default(),
            shows_progress: false,
            works: false,
            last_moved: now,
            last_answer: now,
            progress: WaitProgress {
                enqueued: uids.len(),
                ..WaitProgress::default()
            },
        }
    }

    pub(super) fn unfinished(&self) -> Vec<TaskUid> {
        self.known
            .iter()
            .filter(|(_, end)| end.is_none())
            .map(|(uid, _)| *uid)
            .collect()
    }

    pub(super) fn is_over(&self) -> bool {
        self.progress.failed > 0 || self.known.values().all(Option::is_some)
    }

    pub(super) fn ended(&self, uids: &[TaskUid]) -> Vec<Ended> {
        let end = |uid: &TaskUid| {
            self.known
                .get(uid)
                .cloned()
                .flatten()
                .unwrap_or(Ended::Unfinished(*uid))
        };
        uids.iter().map(end).collect()
    }

    pub(super) fn progress(&self) -> &WaitProgress {
        &self.progress
    }

    pub(super) fn saw(&mut self, seen: Seen, now: Instant) {
        self.last_answer = now;
        for task in seen.tasks.iter().filter(|task| task.status.is_end()) {
            self.known.insert(task.uid, Some(end(task.clone())));
        }
        for uid in &seen.gone {
            self.known.insert(*uid, Some(Ended::Unknown(*uid)));
        }
        if let Some(at_work) = &seen.at_work {
            self.works = at_work.total > 0;
            self.shows_progress = seen.batch.is_some();
        }
        let restarted = self.has_restarted(&seen);
        self.restarts_in_place += u32::from(restarted);
        self.progress.restarts += u32::from(restarted);
        let ended = self.known.values().filter(|end| end.is_some()).count();
        let movement = self.furthest.compare(ended, &seen);
        if movement >= Movement::Working {
            self.last_moved = now;
        }
        if movement == Movement::Further {
            self.restarts_in_place = 0;
        }
        self.count(seen);
    }

    fn has_restarted(&mut self, seen: &Seen) -> bool {
        let at_work = seen.at_work.iter().flat_map(|queue| &queue.tasks);
        let mut restarted = false;
        for task in at_work
            .chain(&seen.tasks)
            .filter(|task| task.status == TaskStatus::Processing)
        {
            if let Some(started) = &task.started_at {
                let before = self.started.insert(task.uid, started.clone());
                restarted |= before.is_some_and(|before| before != *started);
            }
        }
        restarted
    }

    fn count(&mut self, seen: Seen) {
        let ends = || self.known.values().flatten();
        let unfinished = self.known.len() - ends().count();
        let processing = seen
            .tasks
            .iter()
            .filter(|task| task.status == TaskStatus::Processing)
            .count();
        self.progress = WaitProgress {
            enqueued: unfinished.saturating_sub(processing),
            processing,
            succeeded: ends().filter(|end| end.succeeded()).count(),
            failed: ends().filter(|end| end.is_failure()).count(),
            unknown: ends()
                .filter(|end| matches!(end, Ended::Unknown(_)))
                .count(),
            silent_for: None,
            ..std::mem::take(&mut self.progress)
        };
        if let Some(front) = seen.front {
            self.progress.percent = seen.batch.as_ref().map(|batch| batch.percent);
            self.progress.step = seen.batch.and_then(|batch| batch.step);
            self.progress.waiting_behind = front.by_index();
        }
    }

    /// A server that restarts is waited for.
    pub(super) fn heard_nothing(
        &mut self,
        error: &MeilisearchError,
        now: Instant,
        address: &Address,
    ) -> Result<(), MeilisearchError> {
        let silent = now - self.last_answer;
        self.progress.silent_for = Some(silent);
        if silent < self.limits.unreachable {
            return Ok(());
        }
        Err(MeilisearchError::GoneSilent {
            address: address.clone(),
            waiting: self.unfinished().len(),
            silent,
            cause: error.to_string(),
        })
    }

    pub(super) fn check(&self, now: Instant) -> Result<(), MeilisearchError> {
        if self.restarts_in_place >= self.limits.restarts {
            return Err(MeilisearchError::KeepsRestarting {
                times: self.restarts_in_place,
                waiting: self.unfinished().len(),
            });
        }
        if self.progress.silent_for.is_some() {
            return Ok(()); // that has a limit of its own
        }
        let limit = if self.works && !self.shows_progress {
            self.limits.stall_blind
        } else {
            self.limits.stall
        };
        let stalled = now - self.last_moved;
        if stalled < limit {
            return Ok(());
        }
        let last = match (&self.progress.step, self.progress.waiting_behind.first()) {
            (Some(step), _) => format!("its last step is {step}"),
            (None, Some((uid, count))) => format!(
                "{} of {uid} in front",
                crate::figures::counted(*count as u64, "task stands", "tasks stand")
            ),
            (None, None) => format!(
                "{} enqueued, {} processing",
                self.progress.enqueued, self.progress.processing
            ),
        };
        Err(MeilisearchError::Stalled {
            waiting: self.unfinished().len(),
            stalled,
            last,
        })
    }
}

fn end(task: Task) -> Ended {
    match task.status {
        TaskStatus::Failed => Ended::Failed(task),
        TaskStatus::Canceled => Ended::Canceled(task),
        _ if task.remote_failure().is_some() => Ended::Failed(task),
        _ => Ended::Succeeded(task),
    }
}

#[cfg(test)]
mod tests;
