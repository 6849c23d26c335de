//! What the journal says, in memory.

use std::collections::BTreeMap;

use crate::batches::Batch;
use crate::journal::Event;
use crate::like::{Feature, Like};
use crate::tasks::{Swap, Task, Uid};

/// What is in memory and can be rebuilt from the journal.
#[derive(Default)]
pub struct State {
    pub tasks: BTreeMap<Uid, Task>,
    pub batches: BTreeMap<Uid, Batch>,
    /// Index uid to the name of its folder.
    pub indexes: BTreeMap<String, String>,
    pub(super) next_task: Uid,
    pub(super) next_batch: Uid,
}

impl State {
    pub(super) fn apply(&mut self, event: Event, like: Like) {
        match event {
            Event::Counters {
                next_task,
                next_batch,
            } => {
                self.next_task = next_task;
                self.next_batch = next_batch;
            }
            Event::Registered(task) => {
                self.next_task = self.next_task.max(task.uid + 1);
                self.tasks.insert(task.uid, task);
            }
            Event::IndexCreated { uid, folder } => {
                self.indexes.insert(uid, folder);
            }
            Event::IndexDeleted { uid } => {
                self.indexes.remove(&uid);
            }
            Event::Swapped { task, swaps } => {
                swaps.iter().for_each(|swap| self.swap(task, swap, like))
            }
            Event::Finished { batch, tasks } => {
                self.next_batch = self.next_batch.max(batch.uid + 1);
                for task in tasks {
                    // A task can be deleted by the very batch that reports it.
                    self.tasks.insert(task.uid, task);
                }
                self.batches.insert(batch.uid, batch);
            }
            Event::Forgotten { tasks } => tasks.iter().for_each(|uid| {
                self.tasks.remove(uid);
            }),
        }
    }

    /// Exchanges what two names stand for, and the names in the history of tasks before `task`. Nothing in the indexes
    /// changes: documents, settings and both dates go with the folder.
    fn swap(&mut self, task: Uid, swap: &Swap, like: Like) {
        let [left, right] = &swap.indexes;
        let folders = (self.indexes.remove(left), self.indexes.remove(right));
        if let Some(folder) = folders.0 {
            self.indexes.insert(right.clone(), folder);
        }
        if let Some(folder) = folders.1 {
            self.indexes.insert(left.clone(), folder);
        }
        // From 1.18 to 1.30 the tasks of the right index kept their name.
        let both_ways =
            swap.rename || !like.has(Feature::Rename) || like.has(Feature::WholeRelabel);
        for (_, task) in self.tasks.range_mut(..task) {
            task.relabel(left, right, both_ways, like);
        }
    }

    pub(super) fn events(&self) -> Vec<Event> {
        let counters = Event::Counters {
            next_task: self.next_task,
            next_batch: self.next_batch,
        };
        let indexes = self.indexes.iter();
        let indexes = indexes.map(|(uid, folder)| Event::IndexCreated {
            uid: uid.clone(),
            folder: folder.clone(),
        });
        // A batch is written without its tasks: those are written as they are now, ended or not.
        let batches = self.batches.values().map(|batch| Event::Finished {
            batch: batch.clone(),
            tasks: Vec::new(),
        });
        let tasks = self.tasks.values().cloned().map(Event::Registered);
        [counters]
            .into_iter()
            .chain(indexes)
            .chain(batches)
            .chain(tasks)
            .collect()
    }
}
