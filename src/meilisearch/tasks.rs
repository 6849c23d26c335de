//! Meilisearch's queue.
//!
//! Everything is read leniently: a status or type that a newer server invents is data, not an error. The SDK's own types
//! refuse a whole list of tasks because of one cancelled task in it.

use serde::Deserialize;
use serde_json::Value;

use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::path::checked;
use crate::meilisearch::server::Server;
use crate::meilisearch::task::{QUEUE_LOOKED_AT, Queue, Task};
use crate::meilisearch::uid::TaskUid;

/// Uids a request: the path stays below 4 KiB, which every proxy takes.
const UIDS_A_REQUEST: usize = 300;

#[derive(Deserialize)]
struct Page {
    results: Vec<Task>,
    #[serde(default)]
    total: u64,
}

/// So many creations and swaps are looked at; more than a few are never there.
const MOVES_LOOKED_AT: usize = 100;

impl Server {
    /// None if the task has gone, or the key may not see it: a swap is hidden from keys that are limited to index patterns.
    pub async fn task(&self, uid: TaskUid) -> Result<Option<Task>, MeilisearchError> {
        match self.get(&format!("/tasks/{uid}")).await {
            Ok(task) => Ok(Some(task)),
            Err(error) if error.code() == Some("task_not_found") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The tasks among these that the server still knows, in order of uid.
    ///
    /// They are requested by uid and by nothing else: a filter by index misses swaps, and some versions file a swapped
    /// index's tasks under the other name.
    pub async fn tasks_by_uids(&self, uids: &[TaskUid]) -> Result<Vec<Task>, MeilisearchError> {
        let mut tasks = Vec::with_capacity(uids.len());
        for some in uids.chunks(UIDS_A_REQUEST) {
            let page: Page = self
                .get(&format!("/tasks?uids={}&limit={}", list(some), some.len()))
                .await?;
            tasks.extend(page.results);
        }
        tasks.sort_by_key(|task| task.uid);
        Ok(tasks)
    }

    /// The newest task of all that the key may see.
    pub(crate) async fn newest_task(&self) -> Result<Option<Task>, MeilisearchError> {
        let page: Page = self.get("/tasks?limit=1").await?;
        Ok(page.results.into_iter().next())
    }

    /// The newest tasks that the server files under this uid. A swap files them again.
    pub(super) async fn tasks_of(&self, index_uid: &str) -> Result<Vec<Task>, MeilisearchError> {
        let index_uid = checked(index_uid)?;
        let page: Page = self
            .get(&format!(
                "/tasks?indexUids={index_uid}&limit={MOVES_LOOKED_AT}"
            ))
            .await?;
        Ok(page.results)
    }

    /// What waits and works; of the tasks themselves a bounded number, the newest first as the server lists them.
    pub async fn queue(&self) -> Result<Queue, MeilisearchError> {
        self.queue_before(None, QUEUE_LOOKED_AT).await
    }

    /// What waits or works that will put another index under some uid, or none: the tasks of a run that was killed outlive it.
    pub(crate) async fn moves_under_way(&self) -> Result<Vec<Task>, MeilisearchError> {
        let kinds = "indexCreation,indexDeletion,indexSwap,indexUpdate";
        let page: Page = self
            .get(&format!(
                "/tasks?statuses=enqueued,processing&types={kinds}&limit={MOVES_LOOKED_AT}"
            ))
            .await?;
        Ok(page.results)
    }

    /// What waits and works in front of the task `uid`.
    pub(super) async fn queue_before(
        &self,
        uid: Option<TaskUid>,
        limit: usize,
    ) -> Result<Queue, MeilisearchError> {
        let from = match uid {
            Some(0) => return Ok(Queue::default()),
            Some(uid) => format!("&from={}", uid - 1),
            None => String::new(),
        };
        let page: Page = self
            .get(&format!(
                "/tasks?statuses=enqueued,processing&limit={limit}{from}"
            ))
            .await?;
        Ok(Queue {
            total: page.total,
            tasks: page.results,
        })
    }

    /// What the server works on at this moment. Its `total` counts what the key may not see, too.
    pub(super) async fn at_work(&self) -> Result<Queue, MeilisearchError> {
        let page: Page = self.get("/tasks?statuses=processing&limit=20").await?;
        Ok(Queue {
            total: page.total,
            tasks: page.results,
        })
    }

    /// Cancels exactly these tasks, which are ours: nothing else is ever cancelled.
    pub async fn cancel_tasks(&self, own: &[TaskUid]) -> Result<Vec<TaskUid>, MeilisearchError> {
        let mut tasks = Vec::new();
        for some in own.chunks(UIDS_A_REQUEST) {
            let path = format!("/tasks/cancel?uids={}", list(some));
            let cancelling = self.change(reqwest::Method::POST, &path, None::<&Value>);
            tasks.push(cancelling.await?);
        }
        Ok(tasks)
    }
}

fn list(uids: &[TaskUid]) -> String {
    uids.iter()
        .map(TaskUid::to_string)
        .collect::<Vec<_>>()
        .join(",")
}
