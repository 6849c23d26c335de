//! Batches that make, rename, delete and swap indexes.

use std::sync::atomic::Ordering;

use super::{Done, Run, step};
use crate::error::ApiError;
use crate::journal::Event;
use crate::tasks::{Kind, Swap, Task};

impl Run<'_> {
    pub(super) fn create_index(&mut self) -> Done {
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

    pub(super) fn update_index(&mut self) -> Done {
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

    pub(super) fn delete_index(&mut self) -> Done {
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

    pub(super) fn swap(&mut self) -> Done {
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
            if self.state.die_after_swap_commit.load(Ordering::Relaxed) {
                std::process::abort();
            }
        }
        self.succeed();
        Ok(())
    }

    fn succeed(&mut self) {
        self.tasks.iter_mut().for_each(Task::succeed);
    }
}

fn already_exists(uid: &str) -> ApiError {
    ApiError::new(
        "index_already_exists",
        format!("Index `{uid}` already exists."),
    )
}
