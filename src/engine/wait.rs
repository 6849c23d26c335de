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
    /// How often the server may begin the same batch anew. It is killed for memory each time, and will be the next time.
    pub restarts: u32,
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
            restarts: 5,
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
            Ended::Failed(task) => ("failed", task.failure().unwrap_or_default()),
            Ended::Canceled(task) => ("was cancelled", task.failure().unwrap_or_default()),
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
    /// How often the server began a task anew: it was stopped or killed. After the second time, smaller batches are worth
    /// advising.
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

/// Waits for tasks that all have to succeed, and returns them. `what` they were for, like "the settings of articles".
///
/// A task that has gone is an error here: where its effect can be looked at, use [`wait`].
pub async fn until_succeeded(
    server: &Server,
    uids: &[TaskUid],
    what: &str,
) -> Result<Vec<Task>, EngineError> {
    let ended = wait(server, uids, &mut |_| {}).await?;
    if let Some(failure) = first_failure(&ended) {
        return Err(failure.clone().into_error(what));
    }
    let task = |ended| match ended {
        Ended::Succeeded(task) => Ok(task),
        other => Err(other.into_error(what)),
    };
    ended.into_iter().map(task).collect()
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
            // While its backend is away, a proxy may answer with a page of its own and any status.
            Err(error) if error.healing() == Healing::Never && !is_a_page(&error) => {
                return Err(error);
            }
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

fn is_a_page(error: &EngineError) -> bool {
    matches!(error, EngineError::NotMeilisearch { .. })
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
    /// that is killed again and again shows changes for ever.
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
    fn new(uids: &[TaskUid], limits: Limits, now: Instant) -> Watch {
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
        if self.restarts_in_place >= self.limits.restarts {
            return Err(EngineError::KeepsRestarting {
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
