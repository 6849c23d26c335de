//! Which enqueued tasks are carried out together.
//!
//! One batch at a time runs on the whole server. Cancelations come first, then deletions of tasks, then everything else in
//! the order of task uids: the oldest task decides the index, and as many tasks of that index follow as can be done in one
//! go. Later tasks of one index so overtake tasks of other indexes, but never a swap that names their index.

use crate::like::{Feature, Like};
use crate::tasks::{Kind, Status, Task, Uid};

/// A choice of tasks, and why it ends where it does.
#[derive(Debug, PartialEq)]
pub struct Plan {
    pub work: Work,
    /// In the order of their uids.
    pub tasks: Vec<Uid>,
    pub reason: String,
}

/// What the tasks of a batch amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Cancelation,
    TaskDeletion,
    /// Additions, with deletions by id between them.
    Documents,
    /// Deletions only.
    Deletions,
    /// Everything is removed in the end, so nothing before it is done.
    Clear,
    Settings,
    /// Settings first, then the documents, whatever their order was (up to 1.11).
    SettingsAndDocuments,
    IndexCreation,
    IndexUpdate,
    IndexDeletion,
    Swap,
}

/// What the plan needs to know of the index of the oldest task.
#[derive(Debug, Clone, Default)]
pub struct IndexFacts {
    pub exists: bool,
    pub primary_key: Option<String>,
}

/// Chooses the next batch; `facts` is asked for the index that it concerns.
pub fn plan<'a>(
    tasks: impl Iterator<Item = &'a Task> + Clone,
    facts: impl FnOnce(&str) -> IndexFacts,
    like: Like,
) -> Option<Plan> {
    let enqueued = tasks.filter(|task| task.status == Status::Enqueued);
    let alone = |task: &Task, work| Plan {
        work,
        tasks: vec![task.uid],
        reason: format!(
            "created batch containing only task with id {} of type `{}` that cannot be batched with any other task.",
            task.uid,
            task.kind.type_name()
        ),
    };
    if let Some(newest) = enqueued
        .clone()
        .filter(|task| matches!(task.kind, Kind::TaskCancelation { .. }))
        .last()
    {
        return Some(alone(newest, Work::Cancelation));
    }
    let deletions: Vec<Uid> = enqueued
        .clone()
        .filter(|task| matches!(task.kind, Kind::TaskDeletion { .. }))
        .map(|task| task.uid)
        .collect();
    if !deletions.is_empty() {
        let reason = "stopped after the last enqueued task of type `taskDeletion`".to_owned();
        return Some(Plan {
            work: Work::TaskDeletion,
            tasks: deletions,
            reason,
        });
    }

    let first = enqueued.clone().next()?;
    let index = match &first.kind {
        Kind::IndexSwap { .. } => return Some(alone(first, Work::Swap)),
        Kind::IndexCreation { .. } => return Some(alone(first, Work::IndexCreation)),
        Kind::IndexUpdate { .. } => return Some(alone(first, Work::IndexUpdate)),
        other => other.index()?.to_owned(),
    };
    let same_index = enqueued.filter(|task| task.kind.indexes().contains(&index.as_str()));
    Some(gather(same_index, facts(&index), like))
}

/// A batch as it grows.
struct Growing {
    work: Work,
    tasks: Vec<Uid>,
    /// The method, primary key and right to create of the additions so far.
    additions: Option<(bool, Option<String>, bool)>,
    /// The right to create of the settings so far.
    settings_create: Option<bool>,
    has_filter: bool,
}

fn gather<'a>(tasks: impl Iterator<Item = &'a Task>, facts: IndexFacts, like: Like) -> Plan {
    let mut batch = Growing {
        work: Work::Deletions,
        tasks: Vec::new(),
        additions: None,
        settings_create: None,
        has_filter: false,
    };
    let mut reason = "batched all enqueued tasks".to_owned();
    for task in tasks {
        match batch.take(&task.kind, &facts, like) {
            Step::Take(work) => {
                batch.work = work;
                batch.tasks.push(task.uid);
            }
            Step::TakeAndStop(work, why) => {
                batch.work = work;
                batch.tasks.push(task.uid);
                reason = why.replace("{id}", &task.uid.to_string());
                break;
            }
            Step::Stop(why) => {
                reason = why.replace("{id}", &task.uid.to_string());
                break;
            }
        }
    }
    Plan {
        work: batch.work,
        tasks: batch.tasks,
        reason,
    }
}

enum Step {
    Take(Work),
    TakeAndStop(Work, &'static str),
    Stop(&'static str),
}

impl Growing {
    fn take(&mut self, kind: &Kind, facts: &IndexFacts, like: Like) -> Step {
        let first = self.tasks.is_empty();
        match kind {
            Kind::IndexDeletion { .. } => Step::TakeAndStop(
                Work::IndexDeletion,
                "stopped after task with id {id} because it deletes the index",
            ),
            Kind::DocumentClear { .. } => match self.work {
                Work::SettingsAndDocuments | Work::Settings if !first => Step::Stop(
                    "stopped before task with id {id} because it is a document operation after settings",
                ),
                _ => Step::Take(Work::Clear),
            },
            Kind::DocumentAddition {
                replace,
                primary_key,
                create,
                ..
            } => self.take_addition(first, (*replace, primary_key.clone(), *create), facts, like),
            Kind::DocumentDeletion { .. } => match self.work {
                _ if first => Step::Take(Work::Deletions),
                Work::Documents | Work::Deletions | Work::Clear
                    if !self.has_filter || like.has(Feature::BatchedDeleteByFilter) =>
                {
                    Step::Take(self.work)
                }
                _ => Step::Stop(
                    "stopped before task with id {id} because it is a document operation after settings",
                ),
            },
            Kind::DocumentDeletionByFilter { .. } => {
                let joins = like.has(Feature::BatchedDeleteByFilter)
                    && matches!(self.work, Work::Deletions | Work::Clear);
                if !first && !joins {
                    return Step::Stop(
                        "stopped before task with id {id} because it is a deletion by filter",
                    );
                }
                self.has_filter = true;
                match first {
                    true if !like.has(Feature::BatchedDeleteByFilter) => Step::TakeAndStop(
                        Work::Deletions,
                        "stopped after task with id {id} because it is a deletion by filter",
                    ),
                    true => Step::Take(Work::Deletions),
                    false => Step::Take(self.work),
                }
            }
            Kind::Settings { create, reset, .. } => {
                self.take_settings(first, *create && !*reset, facts, like)
            }
            Kind::IndexCreation { .. }
            | Kind::IndexUpdate { .. }
            | Kind::IndexSwap { .. }
            | Kind::TaskCancelation { .. }
            | Kind::TaskDeletion { .. } => Step::Stop(
                "stopped before task with id {id} because it cannot be batched with any other task",
            ),
        }
    }

    fn take_addition(
        &mut self,
        first: bool,
        (replace, primary_key, create): (bool, Option<String>, bool),
        facts: &IndexFacts,
        like: Like,
    ) -> Step {
        const OTHER_KEY: &str =
            "stopped before task with id {id} because it names another primary key";
        const OTHER_RIGHT: &str = "stopped before task with id {id} because it has not the same right to create the index";
        let differs = |known: &Option<String>| {
            known.is_some() && primary_key.is_some() && *known != primary_key
        };
        if first {
            let stop = differs(&facts.primary_key);
            self.additions = Some((replace, primary_key, create));
            return match stop {
                true => Step::TakeAndStop(
                    Work::Documents,
                    "stopped after task with id {id} because it names another primary key than the index has",
                ),
                false => Step::Take(Work::Documents),
            };
        }
        if differs(&facts.primary_key) {
            return Step::Stop(OTHER_KEY);
        }
        match (self.work, &self.additions) {
            (Work::Documents | Work::SettingsAndDocuments, Some((method, key, right))) => {
                if *method != replace && !like.has(Feature::MixedMethods) {
                    return Step::Stop(
                        "stopped before task with id {id} because it has another method",
                    );
                }
                // With no key of the index yet, the first addition decides how the key is found.
                if facts.primary_key.is_none() && primary_key.is_some() && *key != primary_key {
                    return Step::Stop(OTHER_KEY);
                }
                if !facts.exists && *right != create {
                    return Step::Stop(OTHER_RIGHT);
                }
                Step::Take(self.work)
            }
            (Work::Documents | Work::Deletions, _) => {
                if !facts.exists && create && !self.has_filter {
                    return Step::Stop(OTHER_RIGHT);
                }
                if self.has_filter && !like.has(Feature::BatchedDeleteByFilter) {
                    return Step::Stop(
                        "stopped before task with id {id} because a deletion by filter stands alone",
                    );
                }
                self.additions = Some((replace, primary_key, create));
                Step::Take(Work::Documents)
            }
            _ => Step::Stop(
                "stopped before task with id {id} because it is a document operation after settings",
            ),
        }
    }

    fn take_settings(&mut self, first: bool, create: bool, facts: &IndexFacts, like: Like) -> Step {
        if first {
            self.settings_create = Some(create);
            return Step::Take(Work::Settings);
        }
        let right = self
            .settings_create
            .or(self.additions.as_ref().map(|(_, _, create)| *create));
        if !facts.exists && right == Some(false) && create {
            return Step::Stop(
                "stopped before task with id {id} because it has not the same right to create the index",
            );
        }
        match self.work {
            Work::Settings | Work::SettingsAndDocuments => Step::Take(self.work),
            Work::Documents if !like.has(Feature::NewIndexer) && self.additions.is_some() => {
                self.settings_create = Some(create);
                Step::Take(Work::SettingsAndDocuments)
            }
            _ => Step::Stop(
                "stopped before task with id {id} because it is a settings update after document operations",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
