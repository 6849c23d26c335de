//! The one thread that carries out tasks, one batch at a time.

use std::fs::File;
use std::io;
use std::sync::Arc;

use milli_core::Index;
use milli_core::progress::{Progress, VariableNameStep};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::autobatch::{IndexFacts, Plan, Work, plan};
use crate::batches::Batch;
use crate::documents;
use crate::engine::{self, Operation, Outcome};
use crate::error::ApiError;
use crate::journal::Event;
use crate::like::{Feature, Like};
use crate::queue::Started;
use crate::state::AppState;
use crate::tasks::{Kind, Status, Swap, Task, Uid};

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
    let started = state.queue.start(plan.tasks.clone(), plan.reason);
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
        .filter_map(payload_of)
        .map(str::to_owned)
        .collect();
    state.queue.finish(batch, tasks, forgotten)?;
    for payload in payloads {
        let _ = std::fs::remove_file(state.payloads.join(payload));
    }
    Ok(())
}

fn payload_of(task: &Task) -> Option<&str> {
    match &task.kind {
        Kind::DocumentAddition { payload, .. } => Some(payload),
        _ => None,
    }
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

    fn write_documents(&mut self, index: &Index) -> Done {
        step(&self.started.progress, "indexing documents");
        let mut primary_key = None;
        let mut payloads = Vec::new();
        let mut deletions: Vec<Vec<String>> = Vec::new();
        let mut planned = Vec::new();
        for task in self.tasks.iter() {
            match &task.kind {
                Kind::DocumentAddition {
                    payload,
                    replace,
                    primary_key: key,
                    skip_creation,
                    ..
                } => {
                    primary_key = primary_key.or(key.clone());
                    let file = File::open(self.state.payloads.join(payload))?;
                    let file = match skip_creation {
                        true => only_known(index, &file, &self.state.payloads)?,
                        false => file,
                    };
                    planned.push(Planned::Payload {
                        at: payloads.len(),
                        replace: *replace,
                    });
                    payloads.push(engine::map(&file)?);
                }
                Kind::DocumentDeletion { ids, .. } => {
                    planned.push(Planned::Deletion(deletions.len()));
                    deletions.push(ids.clone());
                }
                Kind::DocumentDeletionByFilter { filter, .. } => {
                    let rtxn = index.read_txn()?;
                    let found = documents::filtered(index, &rtxn, filter)?;
                    planned.push(Planned::Deletion(deletions.len()));
                    deletions.push(if found.is_empty() {
                        Vec::new()
                    } else {
                        documents::external_ids(index, &rtxn, found)?
                    });
                }
                _ => planned.push(Planned::Nothing),
            }
        }
        let deletions: Vec<Vec<&str>> = deletions
            .iter()
            .map(|ids| ids.iter().map(String::as_str).collect())
            .collect();
        let operations: Vec<Operation<'_>> = planned
            .iter()
            .filter_map(|planned| match planned {
                Planned::Payload { at, replace: true } => Some(Operation::Replace(&payloads[*at])),
                Planned::Payload { at, replace: false } => Some(Operation::Update(&payloads[*at])),
                Planned::Deletion(at) => Some(Operation::Delete(&deletions[*at])),
                Planned::Nothing => None,
            })
            .collect();

        let queue = &self.state.queue;
        let outcomes = self
            .state
            .engine
            .write_documents(
                index,
                primary_key.as_deref(),
                &operations,
                &|| queue.interrupted(),
                &self.started.progress,
            )
            .map_err(|error| self.failed(error))?;
        let written = self.tasks.iter_mut().zip(&planned);
        let written = written
            .filter(|(_, planned)| !matches!(planned, Planned::Nothing))
            .map(|(task, _)| task);
        written
            .zip(outcomes)
            .for_each(|(task, outcome)| report(task, outcome, self.state.like));
        Ok(())
    }

    fn delete_documents(&mut self, index: &Index) -> Done {
        step(&self.started.progress, "deleting documents");
        let rtxn = index.read_txn()?;
        let known = index.external_documents_ids();
        let mut all = roaring::RoaringBitmap::new();
        for task in self.tasks.iter_mut() {
            let before = all.len();
            match &task.kind {
                Kind::DocumentDeletion { ids, .. } => {
                    for id in ids {
                        all.extend(known.get(&rtxn, id)?);
                    }
                }
                Kind::DocumentDeletionByFilter { filter, .. } => {
                    match documents::filtered(index, &rtxn, filter) {
                        Ok(found) => all |= found,
                        Err(error) => {
                            task.fail(error);
                            continue;
                        }
                    }
                }
                _ => continue,
            }
            task.count("deletedDocuments", all.len() - before);
            task.succeed();
        }
        if all.is_empty() {
            return Ok(());
        }
        let ids = documents::external_ids(index, &rtxn, all)?;
        drop(rtxn);
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let queue = &self.state.queue;
        self.state
            .engine
            .write_documents(
                index,
                None,
                &[Operation::Delete(&ids)],
                &|| queue.interrupted(),
                &self.started.progress,
            )
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    fn clear(&mut self) -> Done {
        let index = match self
            .tasks
            .iter()
            .any(|task| matches!(task.kind, Kind::DocumentAddition { .. }))
        {
            true => self.index_to_write()?,
            false => self.existing_index()?,
        };
        let mut removed = self
            .state
            .engine
            .clear(&index)
            .map_err(|error| self.failed(error))?;
        for task in self.tasks.iter_mut() {
            if matches!(task.kind, Kind::DocumentClear { .. }) {
                // The first one finds all documents, the others none.
                task.count("deletedDocuments", removed);
                removed = 0;
            }
            task.succeed();
        }
        Ok(())
    }

    fn write_settings(&mut self, index: &Index) -> Done {
        step(&self.started.progress, "processing settings");
        let updates: Vec<&Map<String, Value>> = self
            .tasks
            .iter()
            .filter_map(|task| match &task.kind {
                Kind::Settings { settings, .. } => Some(settings),
                _ => None,
            })
            .collect();
        let queue = &self.state.queue;
        self.state
            .engine
            .write_settings(index, &updates, &|| queue.interrupted())
            .map_err(|error| self.failed(error))?;
        for task in self
            .tasks
            .iter_mut()
            .filter(|task| matches!(task.kind, Kind::Settings { .. }))
        {
            task.succeed();
        }
        Ok(())
    }

    fn create_index(&mut self) -> Done {
        step(&self.started.progress, "creating the index");
        let uid = self.uid();
        if self
            .state
            .queue
            .read(|state| state.indexes.contains_key(&uid))
        {
            return Err(already_exists(&uid).into());
        }
        let (folder, index) = self.state.store.create()?;
        for task in self.tasks.iter() {
            if let Kind::IndexCreation {
                primary_key: Some(primary_key),
                ..
            } = &task.kind
            {
                self.state
                    .engine
                    .write_primary_key(&index, primary_key)
                    .map_err(|error| self.failed(error))?;
            }
        }
        self.state
            .queue
            .commit(Event::IndexCreated { uid, folder })?;
        self.succeed();
        Ok(())
    }

    fn update_index(&mut self) -> Done {
        step(&self.started.progress, "updating the index");
        let uid = self.uid();
        let index = self.state.index(&uid)?;
        let Some((task, primary_key, new_uid)) =
            self.tasks.first().and_then(|task| match &task.kind {
                Kind::IndexUpdate {
                    primary_key,
                    new_uid,
                    ..
                } => Some((task.uid, primary_key.clone(), new_uid.clone())),
                _ => None,
            })
        else {
            return Ok(());
        };
        if let Some(new) = new_uid.filter(|new| *new != uid) {
            if self
                .state
                .queue
                .read(|state| state.indexes.contains_key(&new))
            {
                return Err(already_exists(&new).into());
            }
            let swaps = vec![Swap {
                indexes: [uid.clone(), new],
                rename: true,
            }];
            self.state.queue.commit(Event::Swapped { task, swaps })?;
        }
        if let Some(primary_key) = primary_key {
            self.state
                .engine
                .write_primary_key(&index, &primary_key)
                .map_err(|error| self.failed(error))?;
        }
        self.succeed();
        Ok(())
    }

    fn delete_index(&mut self) -> Done {
        step(&self.started.progress, "deleting the index");
        let uid = self.uid();
        let folder = self
            .state
            .queue
            .read(|state| state.indexes.get(&uid).cloned());
        let may_create = |task: &Task| match &task.kind {
            Kind::DocumentAddition { create, .. } => *create,
            Kind::Settings { create, reset, .. } => *create && !*reset,
            _ => false,
        };
        let removed = match folder {
            Some(folder) => {
                let index = self.state.index(&uid)?;
                let rtxn = index.read_txn()?;
                let documents = index.number_of_documents(&rtxn)?;
                drop(rtxn);
                drop(index);
                self.state.queue.commit(Event::IndexDeleted { uid })?;
                self.state.store.delete(&folder)?;
                documents
            }
            // The batch would have created it only to delete it.
            None if self.tasks.iter().any(may_create) => 0,
            None => return Err(ApiError::index_not_found(&uid).into()),
        };
        for task in self.tasks.iter_mut() {
            match &task.kind {
                Kind::IndexDeletion { .. } => task.count("deletedDocuments", removed),
                Kind::DocumentAddition { received, .. } => {
                    let received = *received;
                    task.count("indexedDocuments", received);
                }
                Kind::DocumentDeletion { .. }
                | Kind::DocumentDeletionByFilter { .. }
                | Kind::DocumentClear { .. } => task.count("deletedDocuments", 0),
                _ => {}
            }
            task.succeed();
        }
        Ok(())
    }

    fn swap(&mut self) -> Done {
        step(&self.started.progress, "swapping the indexes");
        let Some((task, swaps)) = self.tasks.first().and_then(|task| match &task.kind {
            Kind::IndexSwap { swaps } => Some((task.uid, swaps.clone())),
            _ => None,
        }) else {
            return Ok(());
        };
        let exists = |uid: &String| {
            self.state
                .queue
                .read(|state| state.indexes.contains_key(uid))
        };
        let mut missing: Vec<&String> = Vec::new();
        let mut in_the_way = Vec::new();
        for Swap {
            indexes: [left, right],
            rename,
        } in &swaps
        {
            if !exists(left) {
                missing.push(left);
            }
            match (*rename, exists(right)) {
                (false, false) => missing.push(right),
                (true, true) => in_the_way.push((left, right)),
                _ => {}
            }
        }
        missing.sort();
        match missing.as_slice() {
            [] => {}
            [uid] => return Err(ApiError::index_not_found(uid).into()),
            uids => {
                let uids = uids
                    .iter()
                    .map(|uid| format!("`{uid}`"))
                    .collect::<Vec<_>>()
                    .join(", ");
                return Err(
                    ApiError::new("index_not_found", format!("Indexes {uids} not found.")).into(),
                );
            }
        }
        if let Some((left, right)) = in_the_way.first() {
            let why = format!(
                "Cannot rename `{left}` to `{right}` as the index already exists. Hint: You can remove `{right}` first \
                 and then do your remove."
            );
            return Err(ApiError::new("index_already_exists", why).into());
        }
        if !swaps.is_empty() {
            self.state.queue.commit(Event::Swapped { task, swaps })?;
            if self.state.die_after_swap_commit {
                std::process::abort();
            }
        }
        self.succeed();
        Ok(())
    }

    fn succeed(&mut self) {
        self.tasks.iter_mut().for_each(Task::succeed);
    }

    fn cancel_tasks(&mut self) -> Done {
        let Some((canceler, chosen)) = self.tasks.first().and_then(|task| match &task.kind {
            Kind::TaskCancelation { tasks, .. } => Some((task.uid, tasks.clone())),
            _ => None,
        }) else {
            return Ok(());
        };
        let mut canceled: Vec<Task> = self.state.queue.read(|state| {
            let chosen = chosen
                .iter()
                .filter(|uid| **uid != canceler)
                .filter_map(|uid| state.tasks.get(uid));
            chosen
                .filter(|task| task.status == Status::Enqueued)
                .cloned()
                .collect()
        });
        canceled.iter_mut().for_each(|task| task.cancel(canceler));
        if let Some(task) = self.tasks.first_mut() {
            task.count("canceledTasks", canceled.len() as u64);
            task.succeed();
        }
        self.tasks.splice(0..0, canceled);
        Ok(())
    }

    fn delete_tasks(&mut self) -> Done {
        for task in self.tasks.iter_mut() {
            let Kind::TaskDeletion { tasks: chosen, .. } = &task.kind else {
                continue;
            };
            let deleted: Vec<Uid> = self.state.queue.read(|state| {
                let over = |uid: &&Uid| {
                    state
                        .tasks
                        .get(uid)
                        .is_some_and(|task| task.status.is_over())
                };
                chosen
                    .iter()
                    .filter(over)
                    .filter(|uid| !self.forgotten.contains(uid))
                    .copied()
                    .collect()
            });
            task.count("deletedTasks", deleted.len() as u64);
            task.succeed();
            self.forgotten.extend(deleted);
        }
        Ok(())
    }
}

/// What stands at a task's place in the list of operations.
enum Planned {
    Payload { at: usize, replace: bool },
    Deletion(usize),
    Nothing,
}

fn already_exists(uid: &str) -> ApiError {
    ApiError::new(
        "index_already_exists",
        format!("Index `{uid}` already exists."),
    )
}

/// Writes an operation's outcome into its task.
fn report(task: &mut Task, outcome: Outcome, like: Like) {
    match outcome {
        Ok(documents) => {
            match task.kind {
                // Once, a document that was sent twice counted twice.
                Kind::DocumentAddition { received, .. } if !like.has(Feature::NewIndexer) => {
                    task.count("indexedDocuments", received);
                }
                Kind::DocumentAddition { .. } => task.count("indexedDocuments", documents),
                _ => task.count("deletedDocuments", documents),
            }
            task.succeed();
        }
        Err(error) => task.fail(ApiError::from(milli_core::Error::UserError(error))),
    }
}

/// A copy of a payload without the documents that the index does not have.
fn only_known(index: &Index, payload: &File, folder: &std::path::Path) -> Result<File, Halt> {
    use std::io::{BufWriter, Write};

    let rtxn = index.read_txn()?;
    let payload = engine::map(payload)?;
    let mut kept = BufWriter::new(tempfile::tempfile_in(folder)?);
    let primary_key = index.primary_key(&rtxn)?.unwrap_or("id");
    let known = index.external_documents_ids();
    for document in serde_json::Deserializer::from_slice(&payload).into_iter::<Map<String, Value>>()
    {
        let document = document.map_err(|error| ApiError::internal(error.to_string()))?;
        let id = match document.get(primary_key) {
            Some(Value::String(id)) => id.clone(),
            Some(id) => id.to_string(),
            None => String::new(),
        };
        if known.get(&rtxn, &id)?.is_some() {
            serde_json::to_writer(&mut kept, &document)
                .map_err(|error| ApiError::internal(error.to_string()))?;
            kept.write_all(b"\n")?;
        }
    }
    Ok(kept.into_inner().map_err(io::IntoInnerError::into_error)?)
}
