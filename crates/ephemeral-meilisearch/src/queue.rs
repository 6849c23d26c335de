//! The state of the server: tasks, batches, and which folder each index uid stands for.
//!
//! Requests ask and append; the scheduler takes what is due and reports its end. Everything happens under one lock and
//! goes through the [`Journal`], so that a killed server goes on where it was: a task that was running is still enqueued.

mod state;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use milli_core::progress::Progress;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::batches::Batch;
use crate::error::ApiError;
use crate::filter::{Page, TaskFilter, page_view, paged};
use crate::journal::{Event, Journal};
use crate::keys::Allowed;
use crate::like::Like;
use crate::tasks::{Kind, Status, Task, Uid};

pub use state::State;

/// The batch that is being carried out.
struct Running {
    uid: Uid,
    tasks: Vec<Uid>,
    started_at: OffsetDateTime,
    reason: String,
    progress: Progress,
}

struct Inner {
    state: State,
    journal: Journal,
    running: Option<Running>,
}

/// The queue, shared by routes and scheduler.
pub struct Queue {
    inner: Mutex<Inner>,
    work: Condvar,
    /// Told whenever a batch has ended, or may not begin.
    quiet: Condvar,
    /// The running batch shall stop: one of its tasks is to be cancelled, or the server ends.
    interrupt: AtomicBool,
    closing: AtomicBool,
    held: AtomicBool,
    like: Like,
}

/// A batch on its way.
pub struct Started {
    pub uid: Uid,
    pub started_at: OffsetDateTime,
    pub progress: Progress,
    pub reason: String,
}

impl Queue {
    /// Opens the queue in the folder of the database, with all that was left in it.
    pub fn open(dir: &Path, like: Like) -> io::Result<Self> {
        let (mut journal, events) = Journal::open(&dir.join("journal.jsonl"))?;
        let mut state = State::default();
        for event in events {
            state.apply(event, like);
        }
        journal.rewrite(state.events())?;
        Ok(Self {
            inner: Mutex::new(Inner {
                state,
                journal,
                running: None,
            }),
            work: Condvar::new(),
            quiet: Condvar::new(),
            interrupt: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            held: AtomicBool::new(false),
            like,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock can't leave a change half done: changes are applied after they were written.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock().state)
    }

    /// Makes a change that outlives the process when this returns.
    pub fn commit(&self, event: Event) -> io::Result<()> {
        let mut inner = self.lock();
        inner.journal.write(&event)?;
        inner.state.apply(event, self.like);
        Ok(())
    }

    /// Accepts a task.
    pub fn register(&self, kind: Kind, custom_metadata: Option<String>) -> Result<Task, ApiError> {
        let mut inner = self.lock();
        let task = Task::new(inner.state.next_task, kind, custom_metadata, self.like);
        let event = Event::Registered(task.clone());
        inner.journal.write(&event)?;
        inner.state.apply(event, self.like);
        if let (Kind::TaskCancelation { tasks, .. }, Some(running)) = (&task.kind, &inner.running)
            && running.tasks.iter().any(|uid| tasks.contains(uid))
        {
            self.interrupt.store(true, Ordering::Relaxed);
        }
        drop(inner);
        self.work.notify_all();
        Ok(task)
    }

    /// Waits until a task is enqueued; false when the server ends.
    pub fn wait_for_work(&self) -> bool {
        let mut inner = self.lock();
        loop {
            if self.closing.load(Ordering::Relaxed) {
                return false;
            }
            let mut tasks = inner.state.tasks.values();
            let is_held = self.held.load(Ordering::Relaxed);
            if !is_held && tasks.any(|task| task.status == Status::Enqueued) {
                return true;
            }
            inner = self
                .work
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Marks these tasks as being carried out. That is in memory only: after a kill they are enqueued. None where the queue is
    /// held since they were chosen: nothing begins any more.
    pub fn start(&self, tasks: Vec<Uid>, reason: String) -> Option<Started> {
        let mut inner = self.lock();
        if self.held.load(Ordering::Relaxed) {
            return None;
        }
        let started = Started {
            uid: inner.state.next_batch,
            started_at: OffsetDateTime::now_utc(),
            progress: Progress::default(),
            reason: reason.clone(),
        };
        if !self.closing.load(Ordering::Relaxed) {
            self.interrupt.store(false, Ordering::Relaxed);
        }
        // A cancelation may have come between the choice of the tasks and this moment.
        let canceled = inner.state.tasks.values().any(|task| match &task.kind {
            Kind::TaskCancelation { tasks: chosen, .. } if task.status == Status::Enqueued => {
                !tasks.contains(&task.uid) && chosen.iter().any(|uid| tasks.contains(uid))
            }
            _ => false,
        });
        if canceled {
            self.interrupt.store(true, Ordering::Relaxed);
        }
        inner.running = Some(Running {
            uid: started.uid,
            tasks,
            started_at: started.started_at,
            reason,
            progress: started.progress.clone(),
        });
        Some(started)
    }

    /// Whether the running batch shall stop.
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// Ends the running batch with these tasks as they are now.
    pub fn finish(&self, batch: Batch, tasks: Vec<Task>, forgotten: Vec<Uid>) -> io::Result<()> {
        let mut inner = self.lock();
        if !forgotten.is_empty() {
            let event = Event::Forgotten { tasks: forgotten };
            inner.journal.write(&event)?;
            inner.state.apply(event, self.like);
        }
        let event = Event::Finished { batch, tasks };
        inner.journal.write(&event)?;
        inner.state.apply(event, self.like);
        inner.running = None;
        self.quiet.notify_all();
        Ok(())
    }

    /// Puts the running batch back, undone.
    pub fn release(&self) {
        self.lock().running = None;
        self.quiet.notify_all();
    }

    /// Holds back what is enqueued, or lets it go.
    pub fn hold(&self, held: bool) {
        let _inner = self.lock();
        self.held.store(held, Ordering::Relaxed);
        self.work.notify_all();
        self.quiet.notify_all();
    }

    /// Waits until no batch is being carried out and none will begin by itself: nothing is enqueued, or what is enqueued is
    /// held.
    pub fn wait_until_quiet(&self) {
        let mut inner = self.lock();
        loop {
            let mut tasks = inner.state.tasks.values();
            let waits = !self.held.load(Ordering::Relaxed)
                && tasks.any(|task| task.status == Status::Enqueued);
            let is_quiet = inner.running.is_none() && !waits;
            if is_quiet || self.closing.load(Ordering::Relaxed) {
                return;
            }
            inner = self
                .quiet
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Tells the scheduler to stop as soon as it can.
    pub fn close(&self) {
        let _inner = self.lock();
        self.closing.store(true, Ordering::Relaxed);
        self.interrupt.store(true, Ordering::Relaxed);
        self.work.notify_all();
        self.quiet.notify_all();
    }

    /// The index whose tasks are being carried out.
    pub fn is_indexing(&self, uid: &str) -> bool {
        let inner = self.lock();
        inner.running.as_ref().is_some_and(|running| {
            let mut tasks = running
                .tasks
                .iter()
                .filter_map(|task| inner.state.tasks.get(task));
            tasks.any(|task| task.kind.index() == Some(uid))
        })
    }

    /// The uids of all tasks that match, running ones as such.
    pub fn matching(&self, filter: &TaskFilter, allowed: &Allowed) -> Vec<Uid> {
        let inner = self.lock();
        let matching = inner.current_tasks().filter(|task| filter.matches(task));
        matching
            .filter(|task| is_visible(task, filter, allowed))
            .map(|task| task.uid)
            .collect()
    }

    /// A page of tasks as JSON. Like the real server it cuts the page first and hides what the key may not see after
    /// that, so that a page can be shorter than asked for, and `total` counts hidden tasks too.
    pub fn list_tasks(&self, filter: &TaskFilter, page: Page, allowed: &Allowed) -> Value {
        let inner = self.lock();
        let matching: Vec<Cow<'_, Task>> = inner
            .current_tasks()
            .filter(|task| filter.matches(task))
            .collect();
        let total = matching.len();
        let uids = paged(matching.iter().map(|task| task.uid).collect(), page);
        let by_uid: BTreeMap<Uid, &Task> = matching
            .iter()
            .map(|task| (task.uid, task.as_ref()))
            .collect();
        let shown = uids.iter().filter_map(|uid| by_uid.get(uid));
        let shown = shown.filter(|task| is_visible(task, filter, allowed));
        page_view(
            shown.map(|task| (task.uid, task.view(self.like))).collect(),
            total,
            page,
        )
    }

    /// One task as JSON.
    pub fn task(&self, uid: Uid, allowed: &Allowed) -> Option<Value> {
        let inner = self.lock();
        let task = inner.current(inner.state.tasks.get(&uid)?);
        is_visible(&task, &TaskFilter::default(), allowed).then(|| task.view(self.like))
    }

    /// A page of batches as JSON: those with a task that matches, cut and counted before the key's limits, as tasks are.
    pub fn list_batches(&self, filter: &TaskFilter, page: Page, allowed: &Allowed) -> Value {
        let inner = self.lock();
        let matching: BTreeMap<Uid, Cow<'_, Batch>> = inner
            .batches()
            .filter(|batch| inner.batch_matches(batch, filter, &Allowed::everything()))
            .map(|batch| (batch.uid, batch))
            .collect();
        let total = matching.len();
        let shown = paged(matching.keys().copied().collect(), page);
        let shown = shown
            .iter()
            .filter_map(|uid| matching.get(uid))
            .filter(|batch| inner.batch_matches(batch, filter, allowed));
        let shown = shown.map(|batch| (batch.uid, batch.view(self.like)));
        page_view(shown.collect(), total, page)
    }

    /// One batch as JSON.
    pub fn batch(&self, uid: Uid, allowed: &Allowed) -> Option<Value> {
        let inner = self.lock();
        let batch = inner.batches().find(|batch| batch.uid == uid)?;
        inner
            .batch_matches(&batch, &TaskFilter::default(), allowed)
            .then(|| batch.view(self.like))
    }
}

/// Whether the key may see the task. Tasks of no one index (swaps, cancelations, deletions of tasks) are hidden from keys
/// that are limited to index patterns, and from lists that are filtered by index.
fn is_visible(task: &Task, filter: &TaskFilter, allowed: &Allowed) -> bool {
    match task.kind.index() {
        None => !allowed.is_restricted() && filter.index_uids.is_none(),
        Some(_) => task.kind.indexes().iter().all(|index| allowed.index(index)),
    }
}

impl Inner {
    /// All tasks as clients see them now.
    fn current_tasks(&self) -> impl Iterator<Item = Cow<'_, Task>> {
        self.state.tasks.values().map(|task| self.current(task))
    }

    fn current<'a>(&self, task: &'a Task) -> Cow<'a, Task> {
        match &self.running {
            Some(running) if running.tasks.contains(&task.uid) => {
                let mut task = task.clone();
                task.status = Status::Processing;
                task.started_at = Some(running.started_at);
                task.batch = Some(running.uid);
                Cow::Owned(task)
            }
            _ => Cow::Borrowed(task),
        }
    }

    fn batches(&self) -> impl Iterator<Item = Cow<'_, Batch>> {
        let running = self.running.iter().map(|running| {
            let tasks = running
                .tasks
                .iter()
                .filter_map(|uid| self.state.tasks.get(uid));
            let tasks: Vec<Task> = tasks.map(|task| self.current(task).into_owned()).collect();
            let mut batch = Batch::of(
                running.uid,
                &tasks,
                running.started_at,
                running.reason.clone(),
                json!({}),
            );
            batch.progress = json!(running.progress.as_progress_view());
            Cow::Owned(batch)
        });
        self.state
            .batches
            .values()
            .map(Cow::Borrowed)
            .chain(running)
    }

    /// A batch of which nothing is left is shown to everyone who asks for no particular task.
    fn batch_matches(&self, batch: &Batch, filter: &TaskFilter, allowed: &Allowed) -> bool {
        if filter
            .batch_uids
            .as_ref()
            .is_some_and(|uids| !uids.contains(&batch.uid))
        {
            return false;
        }
        let tasks = batch
            .tasks
            .iter()
            .filter_map(|uid| self.state.tasks.get(uid));
        let mut tasks = tasks.map(|task| self.current(task)).peekable();
        if tasks.peek().is_none() {
            return !filter.is_selective();
        }
        tasks.any(|task| {
            let hidden =
                task.kind.index().is_some() && !is_visible(&task, &TaskFilter::default(), allowed);
            filter.matches(&task) && !hidden
        })
    }
}
