//! Waiting for tasks: all at once, by uid, until they end or nothing moves any more.
//!
//! A fixed limit (5 seconds, 5 minutes) passes while a task is merely queued behind others; the run is called failed and
//! everything is sent again, which fills the queue further. So it is silence that ends a wait, never its length. A server that
//! is killed for memory and comes back has kept its queue: the same uids go on being asked for.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{
    batches::BatchProgress,
    error::EngineError,
    server::Server,
    tasks::{Queue, Task, TaskStatus, TaskUid},
};
use crate::retry::{Healing, Patience};

/// How long a wait bears what.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Without any sign of progress, where the server would show one.
    pub stall: Duration,
    /// The same where it can't: before 1.12 a batch of an hour looks the same from beginning to end.
    pub stall_blind: Duration,
    /// Without any answer.
    pub unreachable: Duration,
    /// Between two looks: it begins short, for tasks that take milliseconds, and grows.
    pub first_pause: Duration,
    pub longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            stall: Duration::from_secs(10 * 60),
            stall_blind: Duration::from_secs(60 * 60),
            unreachable: Duration::from_secs(5 * 60),
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(1),
        }
    }
}

/// How one task ended.
#[derive(Debug, Clone)]
pub enum Ended {
    Succeeded(Task),
    Failed(Task),
    Canceled(Task),
    /// The server doesn't know it any more: finished tasks are cleared away. Never a success: what the task should have done
    /// decides, a count or a `createdAt`.
    Unknown(TaskUid),
    /// It hadn't ended when another one failed, which ended the wait.
    Unfinished(TaskUid),
}

impl Ended {
    pub fn uid(&self) -> TaskUid {
        match self {
            Ended::Succeeded(task) | Ended::Failed(task) | Ended::Canceled(task) => task.uid,
            Ended::Unknown(uid) | Ended::Unfinished(uid) => *uid,
        }
    }

    pub fn succeeded(&self) -> bool {
        matches!(self, Ended::Succeeded(_))
    }

    /// It failed or was cancelled, and said so.
    pub fn is_failure(&self) -> bool {
        matches!(self, Ended::Failed(_) | Ended::Canceled(_))
    }

    /// The error to end with when this task should have succeeded. `what` it was for, like "upload 3 of articles, ids 1 to 90".
    pub fn into_error(self, what: &str) -> EngineError {
        let uid = self.uid();
        let (how, message) = match self {
            Ended::Succeeded(_) => ("succeeded", "nothing is wrong with it".to_owned()),
            Ended::Failed(task) => ("failed", failure(&task)),
            Ended::Canceled(task) => (
                "was cancelled",
                match task.canceled_by {
                    Some(by) => format!(
                        "by task {by}, which is not ours. Find out who cancels tasks, then run again"
                    ),
                    None => {
                        "by somebody else. Find out who cancels tasks, then run again".to_owned()
                    }
                },
            ),
            Ended::Unknown(_) => (
                "can't be found any more",
                "somebody clears the list of tasks. Run again".to_owned(),
            ),
            Ended::Unfinished(_) => ("had not ended", "another one failed before it".to_owned()),
        };
        EngineError::Task {
            uid,
            what: what.to_owned(),
            how,
            message,
        }
    }
}

fn failure(task: &Task) -> String {
    match (&task.error, task.batch_uid) {
        (None, _) => "the server gives no reason: look at its log".to_owned(),
        (Some(error), Some(batch)) if error.is_internal() => format!(
            "{error}. An internal error fails every task of its batch ({batch}), so these documents may be innocent: \
             look at the server's log and its disk"
        ),
        (Some(error), _) => error.to_string(),
    }
}

/// The first task that failed or was cancelled.
pub fn first_failure(ended: &[Ended]) -> Option<&Ended> {
    ended.iter().find(|ended| ended.is_failure())
}

/// What a wait looks like at this moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaitProgress {
    pub enqueued: usize,
    pub processing: usize,
    pub succeeded: usize,
    /// Failed or cancelled.
    pub failed: usize,
    pub unknown: usize,
    /// Of the batch that the server works on, whosever it is: 0 to 100. None before 1.12.
    pub percent: Option<f32>,
    pub step: Option<String>,
    /// What waits in front of our first task, by index; `…` where it belongs to none.
    pub waiting_behind: Vec<(String, usize)>,
    /// How often our tasks went back from processing to enqueued: the server was stopped or killed. After the second time in
    /// one wait, smaller batches are worth advising.
    pub restarts: u32,
    /// Since when the server hasn't answered.
    pub silent_for: Option<Duration>,
}

/// Waits until all tasks have ended, or one has failed. The order is that of the uids given.
pub async fn wait(
    server: &Server,
    uids: &[TaskUid],
    on_progress: &mut (dyn FnMut(&WaitProgress) + Send),
) -> Result<Vec<Ended>, EngineError> {
    wait_within(server, uids, &Limits::default(), on_progress).await
}

/// [`wait`] with limits of one's own.
pub async fn wait_within(
    server: &Server,
    uids: &[TaskUid],
    limits: &Limits,
    on_progress: &mut (dyn FnMut(&WaitProgress) + Send),
) -> Result<Vec<Ended>, EngineError> {
    // Each look is one attempt: the wait has its own patience, and a look that retries for a minute shows nothing meanwhile.
    let server = server.patient(Patience::NONE);
    let begun = Instant::now();
    let mut watch = Watch::new(uids, *limits, begun);
    loop {
        if watch.is_over() {
            return Ok(watch.ended(uids));
        }
        match look(&server, &watch, begun.elapsed() > Duration::from_secs(1)).await {
            Ok(seen) => watch.saw(seen, Instant::now()),
            Err(error) if error.healing() == Healing::Never => return Err(error),
            Err(error) => watch.heard_nothing(&error, Instant::now(), &server)?,
        }
        on_progress(watch.progress());
        if watch.is_over() {
            return Ok(watch.ended(uids));
        }
        watch.check(Instant::now())?;
        let pause = (begun.elapsed() / 10).clamp(limits.first_pause, limits.longest_pause);
        tokio::time::sleep(pause).await;
    }
}

/// One look at the server.
#[derive(Default)]
struct Seen {
    tasks: Vec<Task>,
    gone: Vec<TaskUid>,
    batch: Option<BatchProgress>,
    /// What waits in front of our first task.
    front: Option<Queue>,
    /// What the server works on, whosever it is.
    at_work: Option<Queue>,
}

/// Looks longer (at batches and at the queue) once a wait has turned out to be one.
async fn look(server: &Server, watch: &Watch, closely: bool) -> Result<Seen, EngineError> {
    let unfinished = watch.unfinished();
    let tasks = server.tasks_by_uids(&unfinished).await?;
    let mut gone = Vec::new();
    for uid in unfinished
        .iter()
        .filter(|uid| !tasks.iter().any(|task| task.uid == **uid))
    {
        if server.task(*uid).await?.is_none() {
            gone.push(*uid);
        }
    }
    if !closely {
        return Ok(Seen {
            tasks,
            gone,
            ..Seen::default()
        });
    }
    let batch = server.batch_progress().await?;
    let at_work = Some(server.at_work().await?);
    let is_processing = tasks
        .iter()
        .any(|task| task.status == TaskStatus::Processing);
    let first = unfinished.first().copied();
    let front = if is_processing {
        Queue::default()
    } else {
        server.queue_before(first, FRONT).await?
    };
    Ok(Seen {
        tasks,
        gone,
        batch,
        front: Some(front),
        at_work,
    })
}

/// Tasks of others that are looked at: enough to say what stands in front, little enough to ask for every second.
const FRONT: usize = 200;

/// What is known of the tasks that are waited for, and when something last moved. It asks nobody and has no clock, so that
/// hours can be tested in microseconds.
struct Watch {
    limits: Limits,
    known: BTreeMap<TaskUid, Option<Ended>>,
    processing: BTreeMap<TaskUid, bool>,
    furthest: Furthest,
    shows_progress: bool,
    works: bool,
    last_moved: Instant,
    last_answer: Instant,
    progress: WaitProgress,
}

/// The furthest point that was seen. Only going beyond it is progress: a server that is killed for memory again and again
/// shows changing figures for ever.
#[derive(Debug, Default)]
struct Furthest {
    ended: usize,
    in_front: Option<usize>,
    at_work: Option<TaskUid>,
    batch: Option<(u64, f32)>,
}

impl Furthest {
    fn goes_beyond(&mut self, ended: usize, seen: &Seen) -> bool {
        let mut beyond = false;
        if ended > self.ended {
            self.ended = ended;
            beyond = true;
        }
        if let Some(front) = &seen.front
            && self
                .in_front
                .is_none_or(|fewest| front.tasks.len() < fewest)
        {
            self.in_front = Some(front.tasks.len());
            beyond = true;
        }
        let newest = seen
            .at_work
            .iter()
            .flat_map(|queue| &queue.tasks)
            .map(|task| task.uid)
            .max();
        if newest > self.at_work {
            self.at_work = newest;
            beyond = true;
        }
        if let Some(batch) = &seen.batch
            && self
                .batch
                .is_none_or(|furthest| (batch.batch, batch.percent) > furthest)
        {
            self.batch = Some((batch.batch, batch.percent));
            beyond = true;
        }
        beyond
    }
}

impl Watch {
    fn new(uids: &[TaskUid], limits: Limits, now: Instant) -> Watch {
        Watch {
            limits,
            known: uids.iter().map(|uid| (*uid, None)).collect(),
            processing: BTreeMap::new(),
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

    fn unfinished(&self) -> Vec<TaskUid> {
        self.known
            .iter()
            .filter(|(_, end)| end.is_none())
            .map(|(uid, _)| *uid)
            .collect()
    }

    fn is_over(&self) -> bool {
        self.progress.failed > 0 || self.known.values().all(Option::is_some)
    }

    fn ended(&self, uids: &[TaskUid]) -> Vec<Ended> {
        let end = |uid: &TaskUid| {
            self.known
                .get(uid)
                .cloned()
                .flatten()
                .unwrap_or(Ended::Unfinished(*uid))
        };
        uids.iter().map(end).collect()
    }

    fn progress(&self) -> &WaitProgress {
        &self.progress
    }

    fn saw(&mut self, seen: Seen, now: Instant) {
        self.last_answer = now;
        for task in &seen.tasks {
            let is_processing = task.status == TaskStatus::Processing;
            let was_processing = self
                .processing
                .insert(task.uid, is_processing)
                .unwrap_or(false);
            if was_processing && task.status == TaskStatus::Enqueued {
                self.progress.restarts += 1;
                // One restart puts all tasks of the batch back.
                self.processing
                    .values_mut()
                    .for_each(|processing| *processing = false);
            }
            if task.status.is_end() {
                self.known.insert(task.uid, Some(end(task.clone())));
            }
        }
        for uid in &seen.gone {
            self.known.insert(*uid, Some(Ended::Unknown(*uid)));
        }
        if let Some(at_work) = &seen.at_work {
            self.works = at_work.total > 0;
            self.shows_progress = seen.batch.is_some();
        }
        let ended = self.known.values().filter(|end| end.is_some()).count();
        if self.furthest.goes_beyond(ended, &seen) {
            self.last_moved = now;
        }
        self.count(seen);
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
            percent: seen.batch.as_ref().map(|batch| batch.percent),
            step: seen.batch.and_then(|batch| batch.step),
            waiting_behind: seen.front.map(|front| front.by_index()).unwrap_or_default(),
            restarts: self.progress.restarts,
            silent_for: None,
        };
    }

    /// A server that restarts is waited for.
    fn heard_nothing(
        &mut self,
        error: &EngineError,
        now: Instant,
        server: &Server,
    ) -> Result<(), EngineError> {
        let silent = now - self.last_answer;
        self.progress.silent_for = Some(silent);
        if silent < self.limits.unreachable {
            return Ok(());
        }
        Err(EngineError::GoneSilent {
            address: server.address().clone(),
            waiting: self.unfinished().len(),
            silent,
            cause: error.to_string(),
        })
    }

    fn check(&self, now: Instant) -> Result<(), EngineError> {
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
            (None, Some((uid, count))) => format!("{count} tasks of {uid} stand in front"),
            (None, None) => format!(
                "{} enqueued, {} processing",
                self.progress.enqueued, self.progress.processing
            ),
        };
        Err(EngineError::Stalled {
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
        _ => Ended::Succeeded(task),
    }
}

#[cfg(test)]
mod tests;
