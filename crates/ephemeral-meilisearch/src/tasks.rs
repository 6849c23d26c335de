//! Tasks: what was asked for, how far it is, and how clients see it.

mod kind;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::error::TaskError;
use crate::like::{Feature, Like};

pub use kind::{Kind, Swap, types};

/// Tasks and batches are numbered from 0.
pub type Uid = u32;

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    Enqueued,
    Processing,
    Succeeded,
    Failed,
    Canceled,
}

impl Status {
    /// All of them, in the order in which messages list them.
    pub const ALL: [Status; 5] = [
        Status::Enqueued,
        Status::Processing,
        Status::Succeeded,
        Status::Failed,
        Status::Canceled,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Status::Enqueued => "enqueued",
            Status::Processing => "processing",
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Canceled => "canceled",
        }
    }

    /// Whether nothing will happen to the task any more.
    pub fn is_over(self) -> bool {
        matches!(self, Status::Succeeded | Status::Failed | Status::Canceled)
    }
}

/// One task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub uid: Uid,
    pub batch: Option<Uid>,
    pub status: Status,
    pub kind: Kind,
    pub details: Map<String, Value>,
    pub error: Option<TaskError>,
    pub canceled_by: Option<Uid>,
    #[serde(with = "time::serde::rfc3339")]
    pub enqueued_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub started_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
    pub custom_metadata: Option<String>,
}

impl Task {
    /// A task that has just been accepted.
    pub fn new(uid: Uid, kind: Kind, custom_metadata: Option<String>, like: Like) -> Self {
        Self {
            uid,
            batch: None,
            status: Status::Enqueued,
            details: kind.details(like),
            kind,
            error: None,
            canceled_by: None,
            enqueued_at: OffsetDateTime::now_utc(),
            started_at: None,
            finished_at: None,
            custom_metadata,
        }
    }

    /// Ends the task well.
    pub fn succeed(&mut self) {
        self.status = Status::Succeeded;
    }

    /// Ends the task badly; nothing of it was done.
    pub fn fail(&mut self, error: impl Into<TaskError>) {
        self.status = Status::Failed;
        self.error = Some(error.into());
        self.zero_counts();
    }

    /// Ends the task before it was done.
    pub fn cancel(&mut self, by: Uid) {
        self.status = Status::Canceled;
        self.canceled_by = Some(by);
        self.zero_counts();
    }

    /// Sets a count of the details.
    pub fn count(&mut self, name: &str, count: u64) {
        self.details.insert(name.to_owned(), count.into());
    }

    /// A task that was not done has done nothing, and says so with zeros instead of nulls.
    fn zero_counts(&mut self) {
        for name in [
            "indexedDocuments",
            "deletedDocuments",
            "canceledTasks",
            "deletedTasks",
        ] {
            if let Some(count) = self.details.get_mut(name).filter(|count| count.is_null()) {
                *count = 0.into();
            }
        }
    }

    /// Exchanges two index names in the task and in its details.
    pub fn relabel(&mut self, left: &str, right: &str, both_ways: bool, like: Like) {
        self.kind.relabel(left, right, both_ways);
        if matches!(self.kind, Kind::IndexSwap { .. }) {
            self.details = self.kind.details(like);
        }
    }

    /// The task as `/tasks` shows it.
    pub fn view(&self, like: Like) -> Value {
        let mut view = Map::new();
        view.insert("uid".into(), self.uid.into());
        if like.has(Feature::Batches) {
            view.insert("batchUid".into(), self.batch.into());
        }
        view.insert("indexUid".into(), self.kind.index().into());
        view.insert("status".into(), self.status.name().into());
        view.insert("type".into(), self.kind.type_name().into());
        view.insert("canceledBy".into(), self.canceled_by.into());
        view.insert("details".into(), Value::Object(self.details.clone()));
        view.insert(
            "error".into(),
            self.error
                .as_ref()
                .map_or(Value::Null, |error| json!(error)),
        );
        let duration = self
            .started_at
            .zip(self.finished_at)
            .map(|(start, end)| iso_duration(end - start));
        view.insert("duration".into(), duration.into());
        view.insert("enqueuedAt".into(), date(self.enqueued_at));
        view.insert(
            "startedAt".into(),
            self.started_at.map_or(Value::Null, date),
        );
        view.insert(
            "finishedAt".into(),
            self.finished_at.map_or(Value::Null, date),
        );
        if let Some(metadata) = &self.custom_metadata {
            view.insert("customMetadata".into(), metadata.as_str().into());
        }
        Value::Object(view)
    }

    /// What the request that made the task is answered.
    pub fn summary(&self) -> Value {
        let mut summary = json!({
            "taskUid": self.uid,
            "indexUid": self.kind.index(),
            "status": self.status.name(),
            "type": self.kind.type_name(),
            "enqueuedAt": date(self.enqueued_at),
        });
        if let Some(metadata) = &self.custom_metadata {
            summary["customMetadata"] = metadata.as_str().into();
        }
        summary
    }
}

/// A point in time as Meilisearch writes it.
pub fn date(at: OffsetDateTime) -> Value {
    at.format(&Rfc3339).map_or(Value::Null, Value::String)
}

/// A duration in ISO 8601, in seconds with nine digits after the point.
pub fn iso_duration(duration: Duration) -> String {
    format!(
        "PT{}.{:09}S",
        duration.whole_seconds(),
        duration.subsec_nanoseconds()
    )
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clear(index: &str) -> Task {
        Task::new(
            0,
            Kind::DocumentClear {
                index: index.into(),
            },
            None,
            Like::NEWEST,
        )
    }

    #[test]
    fn a_swap_exchanges_the_names_of_earlier_tasks() {
        let mut task = clear("a");
        task.relabel("a", "b", true, Like::NEWEST);
        assert_eq!(task.kind.index(), Some("b"));
        task.relabel("a", "b", true, Like::NEWEST);
        assert_eq!(task.kind.index(), Some("a"));
        task.relabel("b", "c", true, Like::NEWEST);
        assert_eq!(task.kind.index(), Some("a"));
    }

    #[test]
    fn a_failed_task_counts_zero() {
        let mut task = clear("a");
        assert_eq!(
            task.view(Like::NEWEST)["details"],
            json!({"deletedDocuments": null})
        );
        task.fail(crate::error::ApiError::index_not_found("a"));
        assert_eq!(
            task.view(Like::NEWEST)["details"],
            json!({"deletedDocuments": 0})
        );
    }

    #[test]
    fn durations_have_nine_digits() {
        assert_eq!(
            iso_duration(Duration::nanoseconds(4_431_189)),
            "PT0.004431189S"
        );
        assert_eq!(iso_duration(Duration::new(75, 5)), "PT75.000000005S");
    }
}
