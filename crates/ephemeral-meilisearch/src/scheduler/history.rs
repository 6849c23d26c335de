//! Batches about other tasks: cancelation and deletion.

use super::{Done, Run};
use crate::tasks::{Kind, Status, Task, Uid};

impl Run<'_> {
    pub(super) fn cancel_tasks(&mut self) -> Done {
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

    pub(super) fn delete_tasks(&mut self) -> Done {
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
