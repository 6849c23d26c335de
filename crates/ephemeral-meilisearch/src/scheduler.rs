//! The one thread that carries out tasks, one batch at a time.

mod documents;
mod history;
mod indexes;

use std::io;
use std::sync::Arc;

use milli_core::Index;
use milli_core::progress::{Progress, VariableNameStep};
use serde_json::json;
use time::OffsetDateTime;

use crate::autobatch::{IndexFacts, Plan, Work, plan};
use crate::batches::Batch;
use crate::engine;
use crate::error::ApiError;
use crate::journal::Event;
use crate::like::Feature;
use crate::queue::Started;
use crate::state::AppState;
use crate::tasks::{Kind, Status, Task, Uid};

/// Why a batch did not end.
enum Halt {
    /// It was told to stop; its tasks are enqueued again.
    Stopped,
    /// All its tasks fail with this.
    Failed(ApiError),
}

impl<E: Into<ApiError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Halt::Failed(error.into())
    }
}

type Done = Result<(), Halt>;

/// Works until the queue is closed.
pub fn run(state: &Arc<AppState>) {
    while state.queue.wait_for_work() {
        let facts = |uid: &str| index_facts(state, uid);
        // The plan is made on a copy: it opens the index, and requests must not wait for that.
        let tasks: Vec<Task> = state.queue.read(|state| {
            state
                .tasks
                .values()
                .filter(|task| task.status == Status::Enqueued)
                .cloned()
                .collect()
        });
        let Some(plan) = plan(tasks.iter(), facts, state.like) else {
            continue;
        };
        let tasks = tasks
            .into_iter()
            .filter(|task| plan.tasks.contains(&task.uid))
            .collect();
        if let Err(error) = carry_out(state, plan, tasks) {
            // The journal can't be written: going on would lose what was done.
            eprintln!("the task queue can't be written, the scheduler stops: {error}");
            return;
        }
    }
}

fn index_facts(state: &AppState, uid: &str) -> IndexFacts {
    let Ok(index) = state.index(uid) else {
        return IndexFacts::default();
    };
    let primary_key = index.read_txn().ok().and_then(|rtxn| {
        let primary_key = index.primary_key(&rtxn).ok()?;
        primary_key.map(str::to_owned)
    });
    IndexFacts {
        exists: true,
        primary_key,
    }
}

fn carry_out(state: &AppState, plan: Plan, mut tasks: Vec<Task>) -> io::Result<()> {
    let Some(started) = state.queue.start(plan.tasks.clone(), plan.reason) else {
        return Ok(());
    };
    step(&started.progress, "processing tasks");
    let mut run = Run {
        state,
        started: &started,
        tasks: &mut tasks,
        forgotten: Vec::new(),
    };
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run.work(plan.work)));
    let forgotten = std::mem::take(&mut run.forgotten);
    let done = done.unwrap_or_else(|_| {
        Err(Halt::Failed(ApiError::internal(
            "An unexpected crash occurred when processing the task",
        )))
    });
    match done {
        Ok(()) => {}
        Err(Halt::Stopped) => {
            state.queue.release();
            return Ok(());
        }
        Err(Halt::Failed(error)) => tasks.iter_mut().for_each(|task| task.fail(error.clone())),
    }

    step(&started.progress, "writing tasks to disk");
    let finished_at = OffsetDateTime::now_utc();
    for task in &mut tasks {
        task.batch = Some(started.uid);
        task.finished_at = Some(finished_at);
        // Before batches there were no times of a batch to give to a task that never ran.
        if task.status != Status::Canceled || state.like.has(Feature::Batches) {
            task.started_at = Some(started.started_at);
        }
    }
    let trace = json!(started.progress.accumulated_durations());
    let mut batch = Batch::of(
        started.uid,
        &tasks,
        started.started_at,
        started.reason.clone(),
        trace,
    );
    batch.finished_at = Some(finished_at);
    // Payloads are removed after the tasks are on disk as ended: a kill between the two leaves files, not a task without.
    let payloads: Vec<String> = tasks
        .iter()
        .filter_map(|task| task.kind.payload().map(str::to_owned))
        .collect();
    state.queue.finish(batch, tasks, forgotten)?;
    for payload in payloads {
        let _ = std::fs::remove_file(state.payloads.join(payload));
    }
    Ok(())
}

/// Names what is being done, for `/batches`.
fn step(progress: &Progress, name: &str) {
    enum Outer {}
    progress.update_progress(VariableNameStep::<Outer>::new(name.to_owned(), 0, 2));
}

/// A batch while it is carried out.
struct Run<'a> {
    state: &'a AppState,
    started: &'a Started,
    tasks: &'a mut Vec<Task>,
    /// Tasks that are deleted when the batch ends.
    forgotten: Vec<Uid>,
}

impl Run<'_> {
    fn work(&mut self, work: Work) -> Done {
        match work {
            Work::Cancelation => self.cancel_tasks(),
            Work::TaskDeletion => self.delete_tasks(),
            Work::Documents => {
                let index = self.index_to_write()?;
                self.write_documents(&index)
            }
            Work::Deletions => {
                let index = self.existing_index()?;
                self.delete_documents(&index)
            }
            Work::Clear => self.clear(),
            Work::Settings => {
                let index = self.index_to_write()?;
                self.write_settings(&index)
            }
            Work::SettingsAndDocuments => {
                let index = self.index_to_write()?;
                self.write_settings(&index)?;
                self.write_documents(&index)
            }
            Work::IndexCreation => self.create_index(),
            Work::IndexUpdate => self.update_index(),
            Work::IndexDeletion => self.delete_index(),
            Work::Swap => self.swap(),
        }
    }

    fn uid(&self) -> String {
        self.tasks
            .first()
            .and_then(|task| task.kind.index())
            .unwrap_or_default()
            .to_owned()
    }

    fn existing_index(&self) -> Result<Index, Halt> {
        Ok(self.state.index(&self.uid())?)
    }

    /// The index of the batch, created if it is missing and a task may do so.
    fn index_to_write(&self) -> Result<Index, Halt> {
        let uid = self.uid();
        let exists = self
            .state
            .queue
            .read(|state| state.indexes.contains_key(&uid));
        let may_create = self.tasks.iter().any(|task| match &task.kind {
            Kind::DocumentAddition { create, .. } => *create,
            Kind::Settings { create, reset, .. } => *create && !*reset,
            _ => false,
        });
        match exists || !may_create {
            true => Ok(self.state.index(&uid)?),
            false => {
                let (folder, index) = self.state.store.create()?;
                self.state
                    .queue
                    .commit(Event::IndexCreated { uid, folder })?;
                Ok(index)
            }
        }
    }

    /// An error of the whole batch. Newer servers say in which index it happened.
    fn failed(&self, error: milli_core::Error) -> Halt {
        if engine::was_stopped(&error) {
            return Halt::Stopped;
        }
        let mut error = ApiError::from(error);
        if self.state.like.has(Feature::NewIndexer) {
            error.message = format!("Index `{}`: {}", self.uid(), error.message);
        }
        Halt::Failed(error)
    }
}
