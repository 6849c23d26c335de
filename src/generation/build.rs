//! A generation under construction, and how it is cancelled.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::generation::generations::{Deletable, Generation};
use crate::generation::records::Record;
use crate::meilisearch::wait::{until_the_last_ended, wait};
use crate::meilisearch::{MeilisearchError, Server, TaskUid};

/// A generation under construction: an index that this run made under a timestamped uid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The uid that it is to become.
    pub live_uid: String,
    /// Its own uid, `articles_20261124T143000Z`.
    pub uid: String,
    /// `createdAt`, which tells it from any other index that ever lies under that uid, and travels with the documents
    /// when it is swapped.
    pub created_at: String,
}

/// What a run has begun on the server, kept apart from the work itself: when the work is interrupted and dropped
/// where it waits, this still knows what must be cancelled and deleted.
#[derive(Clone, Debug, Default)]
pub struct Started(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    records: Vec<Record>,
    placeholders: Vec<Record>,
    tasks: Vec<TaskUid>,
}

impl Started {
    /// The indexes of these records are about to be made.
    pub fn plan(&self, records: &[Record]) {
        self.lock().records.extend_from_slice(records);
    }

    /// The index of this record was made, and has a `createdAt` now: from here on only that very index is ours to delete,
    /// and not what a swap may have put under its uid.
    pub fn know(&self, record: &Record) {
        let mut inner = self.lock();
        let planned = inner.records.iter_mut().find(|one| one.id == record.id);
        if let Some(planned) = planned {
            planned.clone_from(record);
        }
    }

    /// Another program made the index under this record's uid, and owns it.
    pub fn leave(&self, record: &Record) {
        self.lock().records.retain(|one| one.id != record.id);
    }

    /// An empty live index was made, because a swap needs two.
    pub fn stand_in(&self, placeholder: &Record) {
        self.lock().placeholders.push(placeholder.clone());
    }

    /// The server made a task of ours.
    pub fn task(&self, task: TaskUid) {
        self.lock().tasks.push(task);
    }

    /// The builds have become live: this run must not cancel them any more.
    pub fn release(&self) {
        *self.lock() = Inner::default();
    }

    /// Cancels the tasks that have not ended, deletes the builds and forgets their records. Returns the uids that were
    /// deleted.
    ///
    /// # Errors
    /// Where the server does not let them go; the next run takes them then.
    pub async fn take_back(&self, server: &Server) -> Result<Vec<String>, MeilisearchError> {
        let (records, placeholders, tasks) = {
            let inner = self.lock();
            (
                inner.records.clone(),
                inner.placeholders.clone(),
                inner.tasks.clone(),
            )
        };
        let mut ending = Vec::new();
        // An empty live index would be an empty site where there was an error, and the next run would call it live.
        for placeholder in &placeholders {
            ending.extend(server.delete_placeholder(placeholder).await?);
        }
        if !tasks.is_empty() {
            ending.extend(server.cancel_tasks(&tasks).await?);
        }
        if self.is_on_its_way(server, &records).await? {
            // Tasks run in their order: when this one has ended, so has the creation that was asked for before it.
            let barrier = server.write_records(&records).await?;
            wait(server, &[barrier], &mut |_| ()).await?;
        }
        let mut deleted = Vec::new();
        for record in records {
            let Some(index) = server.index(&record.build_uid).await? else {
                // Its record stays until the next run, which forgets it: the request may still be on its way.
                continue;
            };
            let generation = Generation { index, record };
            if let Some(deletable) = Deletable::of(&generation.record.live_uid, &generation) {
                ending.extend(server.delete_generation(&deletable).await?);
                deleted.push(generation.record);
            }
        }
        ending.extend(server.forget_records(&deleted).await?);
        ending.extend(server.forget_records(&placeholders).await?);
        until_the_last_ended(server, &ending).await?;
        let deleted = deleted.into_iter().map(|record| record.build_uid).collect();
        self.release();
        Ok(deleted)
    }

    async fn is_on_its_way(
        &self,
        server: &Server,
        records: &[Record],
    ) -> Result<bool, MeilisearchError> {
        for record in records {
            if server.index(&record.build_uid).await?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The lists are whole after each push; a panic elsewhere while one was held takes nothing from them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
