//! Tasks: what was asked for, how far it is, and how clients see it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::error::TaskError;
use crate::like::{Feature, Like};

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

/// The types that tasks can be filtered by, from which version on. Some never occur here, but a filter may name them.
const TYPES: [(&str, Option<Feature>); 18] = [
    ("documentAdditionOrUpdate", None),
    ("documentDeletion", None),
    ("settingsUpdate", None),
    ("indexCreation", None),
    ("indexDeletion", None),
    ("indexUpdate", None),
    ("indexSwap", None),
    ("taskCancelation", None),
    ("taskDeletion", None),
    ("dumpCreation", None),
    ("snapshotCreation", None),
    ("documentEdition", Some(Feature::TypeDocumentEdition)),
    ("upgradeDatabase", Some(Feature::TypeUpgradeDatabase)),
    ("export", Some(Feature::TypeExport)),
    ("indexCompaction", Some(Feature::TypeIndexCompaction)),
    (
        "networkTopologyChange",
        Some(Feature::TypeNetworkTopologyChange),
    ),
    ("dsrUpdate", Some(Feature::TypesOfSearchRules)),
    ("dsrClear", Some(Feature::TypesOfSearchRules)),
];

/// The types that the version knows.
pub fn types(like: Like) -> Vec<&'static str> {
    let known = TYPES
        .iter()
        .filter(|(_, since)| since.is_none_or(|since| like.has(since)));
    known.map(|(name, _)| *name).collect()
}

/// Two names of a swap, or an old and a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
    pub indexes: [String; 2],
    #[serde(default)]
    pub rename: bool,
}

/// What a task is to do, with all it needs for that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Kind {
    DocumentAddition {
        index: String,
        /// The file's name in the payload folder, NDJSON.
        payload: String,
        received: u64,
        /// POST replaces documents, PUT merges into them.
        replace: bool,
        primary_key: Option<String>,
        /// Whether the key may create the index if it is missing.
        create: bool,
        /// Whether documents that do not exist yet are left out.
        skip_creation: bool,
    },
    DocumentDeletion {
        index: String,
        ids: Vec<String>,
    },
    DocumentDeletionByFilter {
        index: String,
        filter: Value,
    },
    DocumentClear {
        index: String,
    },
    Settings {
        index: String,
        settings: Map<String, Value>,
        /// A reset of everything, which never creates an index.
        reset: bool,
        create: bool,
    },
    IndexCreation {
        index: String,
        primary_key: Option<String>,
    },
    IndexUpdate {
        index: String,
        primary_key: Option<String>,
        new_uid: Option<String>,
    },
    IndexDeletion {
        index: String,
    },
    IndexSwap {
        swaps: Vec<Swap>,
    },
    TaskCancelation {
        query: String,
        tasks: Vec<Uid>,
    },
    TaskDeletion {
        query: String,
        tasks: Vec<Uid>,
    },
}

impl Kind {
    /// The type on the wire.
    pub fn type_name(&self) -> &'static str {
        match self {
            Kind::DocumentAddition { .. } => "documentAdditionOrUpdate",
            Kind::DocumentDeletion { .. }
            | Kind::DocumentDeletionByFilter { .. }
            | Kind::DocumentClear { .. } => "documentDeletion",
            Kind::Settings { .. } => "settingsUpdate",
            Kind::IndexCreation { .. } => "indexCreation",
            Kind::IndexUpdate { .. } => "indexUpdate",
            Kind::IndexDeletion { .. } => "indexDeletion",
            Kind::IndexSwap { .. } => "indexSwap",
            Kind::TaskCancelation { .. } => "taskCancelation",
            Kind::TaskDeletion { .. } => "taskDeletion",
        }
    }

    /// The one index of the task; a swap, a cancelation and a deletion of tasks have none.
    pub fn index(&self) -> Option<&str> {
        match self {
            Kind::DocumentAddition { index, .. }
            | Kind::DocumentDeletion { index, .. }
            | Kind::DocumentDeletionByFilter { index, .. }
            | Kind::DocumentClear { index }
            | Kind::Settings { index, .. }
            | Kind::IndexCreation { index, .. }
            | Kind::IndexUpdate { index, .. }
            | Kind::IndexDeletion { index } => Some(index),
            Kind::IndexSwap { .. } | Kind::TaskCancelation { .. } | Kind::TaskDeletion { .. } => {
                None
            }
        }
    }

    /// Every index that the task names: under these it is filed, and none of their later tasks overtakes it.
    pub fn indexes(&self) -> Vec<&str> {
        match self {
            Kind::IndexSwap { swaps } => swaps
                .iter()
                .flat_map(|s| s.indexes.iter().map(String::as_str))
                .collect(),
            Kind::IndexUpdate {
                index,
                new_uid: Some(new),
                ..
            } => vec![index, new],
            other => other.index().into_iter().collect(),
        }
    }

    /// Exchanges two index names, as a swap does to the tasks before it.
    fn relabel(&mut self, left: &str, right: &str, both_ways: bool) {
        let exchange = |name: &mut String| {
            if name == left {
                *name = right.to_owned();
            } else if both_ways && name == right {
                *name = left.to_owned();
            }
        };
        match self {
            Kind::DocumentAddition { index, .. }
            | Kind::DocumentDeletion { index, .. }
            | Kind::DocumentDeletionByFilter { index, .. }
            | Kind::DocumentClear { index }
            | Kind::Settings { index, .. }
            | Kind::IndexCreation { index, .. }
            | Kind::IndexDeletion { index } => exchange(index),
            Kind::IndexUpdate { index, new_uid, .. } => {
                exchange(index);
                new_uid.iter_mut().for_each(exchange);
            }
            Kind::IndexSwap { swaps } => swaps
                .iter_mut()
                .flat_map(|swap| &mut swap.indexes)
                .for_each(exchange),
            Kind::TaskCancelation { .. } | Kind::TaskDeletion { .. } => {}
        }
    }

    /// What `details` holds before the task has run; `null` stands for what is not known yet.
    pub fn details(&self, like: Like) -> Map<String, Value> {
        let value = match self {
            Kind::DocumentAddition { received, .. } => {
                json!({"receivedDocuments": received, "indexedDocuments": null})
            }
            Kind::DocumentDeletion { ids, .. } => {
                json!({"providedIds": ids.len(), "deletedDocuments": null, "originalFilter": null})
            }
            Kind::DocumentDeletionByFilter { filter, .. } => {
                json!({"providedIds": 0, "deletedDocuments": null, "originalFilter": filter.to_string()})
            }
            Kind::DocumentClear { .. } | Kind::IndexDeletion { .. } => {
                json!({"deletedDocuments": null})
            }
            Kind::Settings { settings, .. } => return crate::settings::as_details(settings),
            Kind::IndexCreation { primary_key, .. } => json!({"primaryKey": primary_key}),
            Kind::IndexUpdate {
                index,
                primary_key,
                new_uid,
            } => match new_uid {
                None => json!({"primaryKey": primary_key}),
                Some(new) => {
                    json!({"primaryKey": primary_key, "oldIndexUid": index, "newIndexUid": new})
                }
            },
            Kind::IndexSwap { swaps } => {
                json!({"swaps": swaps.iter().map(|swap| swap.view(like)).collect::<Vec<_>>()})
            }
            Kind::TaskCancelation { query, tasks } => {
                json!({"matchedTasks": tasks.len(), "canceledTasks": null, "originalFilter": query})
            }
            Kind::TaskDeletion { query, tasks } => {
                json!({"matchedTasks": tasks.len(), "deletedTasks": null, "originalFilter": query})
            }
        };
        match value {
            Value::Object(details) => details,
            _ => Map::new(),
        }
    }
}

impl Swap {
    fn view(&self, like: Like) -> Value {
        match like.has(Feature::Rename) {
            true => json!({"indexes": self.indexes, "rename": self.rename}),
            false => json!({"indexes": self.indexes}),
        }
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
