//! A task of Meilisearch's queue, read leniently: a status or type that a newer server invents is data, not an error.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::meilisearch::error::{FOREIGN_TEXT_CHARS, cut};
use crate::meilisearch::uid::TaskUid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum TaskStatus {
    Enqueued,
    Processing,
    Succeeded,
    Failed,
    Canceled,
    /// A status that this program doesn't know. It is not an end.
    Other(String),
}

impl TaskStatus {
    fn from_text(text: &str) -> TaskStatus {
        match text {
            "enqueued" => TaskStatus::Enqueued,
            "processing" => TaskStatus::Processing,
            "succeeded" => TaskStatus::Succeeded,
            "failed" => TaskStatus::Failed,
            "canceled" => TaskStatus::Canceled,
            other => TaskStatus::Other(other.to_owned()),
        }
    }

    pub fn is_end(&self) -> bool {
        matches!(
            self,
            TaskStatus::Succeeded | TaskStatus::Failed | TaskStatus::Canceled
        )
    }
}

impl<'de> Deserialize<'de> for TaskStatus {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<TaskStatus, D::Error> {
        Ok(TaskStatus::from_text(&String::deserialize(from)?))
    }
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub uid: TaskUid,
    /// From 1.12 on. Tasks of one batch share their fate.
    pub batch_uid: Option<u64>,
    /// Not a constant: a swap renames the tasks of its indexes. None for a swap itself.
    pub index_uid: Option<String>,
    pub status: TaskStatus,
    #[serde(rename = "type", default)]
    pub kind: String,
    pub error: Option<TaskError>,
    pub canceled_by: Option<TaskUid>,
    #[serde(default)]
    pub details: Value,
    pub enqueued_at: Option<String>,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    pub duration: Option<String>,
    /// What became of it on other servers, where this one leads a network: its own status says nothing of them.
    #[serde(default, skip_serializing)]
    pub network: Option<Value>,
}

impl Task {
    pub fn is_success(&self) -> bool {
        self.status == TaskStatus::Succeeded
    }

    pub fn has_code(&self, code: &str) -> bool {
        self.error.as_ref().is_some_and(|error| error.code == code)
    }

    /// What it became on other servers, by their names; empty where there is no network.
    fn remote_tasks(&self) -> impl Iterator<Item = (&String, &Value)> {
        let network = self.network.as_ref();
        let tasks = network.and_then(|it| it.get("remote_tasks").or_else(|| it.get("remoteTasks")));
        tasks.and_then(Value::as_object).into_iter().flatten()
    }

    /// Whether the server passed it on to others: it leads a network then.
    pub fn is_passed_on(&self) -> bool {
        self.remote_tasks().next().is_some()
    }

    /// What another server of the network made of it, if that is a failure.
    pub fn remote_failure(&self) -> Option<String> {
        let mut failures = self.remote_tasks().filter_map(|(server, task)| {
            let error = task.get("error").filter(|error| !error.is_null())?;
            let message = error.get("message").and_then(Value::as_str);
            let message = message.map_or_else(|| error.to_string(), str::to_owned);
            Some((server, cut(&message, FOREIGN_TEXT_CHARS)))
        });
        let (server, message) = failures.next()?;
        Some(format!(
            "the server `{server}` of its network did not take it: {message}"
        ))
    }

    /// Why it failed or who cancelled it, with what to do; none if it did neither.
    pub fn failure(&self) -> Option<String> {
        if self.is_success() {
            return self.remote_failure();
        }
        let text = match (&self.status, &self.error) {
            (TaskStatus::Canceled, _) => {
                let by = self.canceled_by.map_or("another program".to_owned(), |by| {
                    format!("task {by}, which is not ours")
                });
                format!("by {by}. Find out who cancels tasks, then run again")
            }
            (TaskStatus::Failed, None) => "the server gives no reason: look at its log".to_owned(),
            (TaskStatus::Failed, Some(error)) if error.is_internal() => format!(
                "{error}. An internal error fails every task of its batch{}, so these documents may be innocent: \
                 look at the server's log and its disk{}",
                self.batch_uid
                    .map_or(String::new(), |batch| format!(" ({batch})")),
                if error.names_no_file() {
                    DONE_AND_NOT_NOTED
                } else {
                    ""
                }
            ),
            (TaskStatus::Failed, Some(error)) => error.to_string(),
            _ => return None,
        };
        Some(text)
    }
}

/// What a missing file means where the server has just been started again. Up to 1.6 the scheduler deletes a task's content
/// before it commits that the task is done (`IndexScheduler::tick`), from 1.7 on after it.
const DONE_AND_NOT_NOTED: &str = ". A server before 1.7 says this of a task that it had done when it died, and had not \
     noted: if it was started again meanwhile, run the command again";

/// Why a task failed. The message is cut: a server once put a whole document into it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct TaskError {
    #[serde(default)]
    pub code: String,
    #[serde(default, deserialize_with = "foreign")]
    pub message: String,
    #[serde(rename = "type", default)]
    pub kind: String,
}

impl TaskError {
    /// Of an internal error every task of the batch gets a copy, guilty or not.
    pub fn is_internal(&self) -> bool {
        self.kind == "internal"
    }

    /// A file is not there that the server wanted to read.
    fn names_no_file(&self) -> bool {
        self.message.contains("No such file or directory")
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

fn foreign<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(cut(&String::deserialize(from)?, FOREIGN_TEXT_CHARS))
}

/// The tasks of all programs that wait or are being processed at this moment.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Queue {
    /// As the server counts it, which includes tasks that the key may not see.
    pub total: u64,
    /// Of those that the key may see; the list is bounded, and the newest are in it.
    pub tasks: Vec<Task>,
}

impl Queue {
    /// Whether tasks wait for this uid, or may: of a long queue only the newest are seen.
    pub fn may_hold(&self, uid: &str) -> bool {
        self.of(uid).next().is_some() || self.tasks.len() >= QUEUE_LOOKED_AT
    }

    /// How many tasks wait for each index. Tasks of no index (swaps, dumps) are counted under `…`.
    pub fn by_index(&self) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for task in &self.tasks {
            *counts
                .entry(task.index_uid.as_deref().unwrap_or("…"))
                .or_default() += 1;
        }
        let mut counts: Vec<_> = counts
            .into_iter()
            .map(|(uid, count)| (uid.to_owned(), count))
            .collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts
    }

    /// The tasks that wait or are at work for this index.
    pub fn of<'a>(&'a self, index_uid: &'a str) -> impl Iterator<Item = &'a Task> {
        let its = |task: &&Task| task.index_uid.as_deref() == Some(index_uid);
        self.tasks.iter().filter(its)
    }
}

/// Waiting tasks that are looked at to say whose they are.
pub(super) const QUEUE_LOOKED_AT: usize = 1_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(json: Value) -> Task {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn statuses_and_types_of_the_future_are_data() {
        let task = task(
            json!({"uid": 1, "status": "paused", "type": "dsrUpdate", "somethingNew": {}, "details": null}),
        );
        assert_eq!(task.status, TaskStatus::Other("paused".into()));
        assert!(!task.status.is_end());
        assert_eq!(task.kind, "dsrUpdate");
        assert_eq!(task.batch_uid, None);
    }

    #[test]
    fn a_cancelled_task_says_by_whom() {
        let task = task(json!({"uid": 1, "status": "canceled", "type": "x", "canceledBy": 5}));
        assert!(task.status.is_end());
        assert_eq!(task.canceled_by, Some(5));
    }

    #[test]
    fn an_error_that_holds_the_payload_is_cut() {
        let message = "ض".repeat(1_000_000);
        let task = task(
            json!({"uid": 1, "status": "failed", "error": {"message": message, "code": "c", "type": "internal"}}),
        );
        let error = task.error.unwrap();
        assert_eq!(error.message.chars().count(), FOREIGN_TEXT_CHARS + 1);
        assert!(error.is_internal());
    }

    #[test]
    fn a_content_that_an_old_server_deleted_too_early_is_explained() {
        let failed = |message: &str| {
            task(json!({"uid": 1, "status": "failed", "error": {"message": message, "code": "internal", "type": "internal"}}))
                .failure()
                .unwrap()
        };
        let missing = failed("No such file or directory (os error 2)");
        assert!(missing.contains("before 1.7"), "{missing}");
        let other = failed("Input/output error (os error 5)");
        assert!(
            other.contains("its disk") && !other.contains("1.7"),
            "{other}"
        );
    }

    #[test]
    fn the_queue_is_counted_by_index() {
        let of = |uid: Option<&str>| task(json!({"uid": 1, "status": "enqueued", "indexUid": uid}));
        let queue = Queue {
            total: 4,
            tasks: vec![of(Some("a")), of(None), of(Some("b")), of(Some("b"))],
        };
        assert_eq!(
            queue.by_index(),
            [("b".into(), 2), ("a".into(), 1), ("…".into(), 1)]
        );
    }
}
