//! Batches: tasks that were carried out together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::like::{Feature, Like};
use crate::tasks::{Task, Uid, date, iso_duration};

/// A batch that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    pub uid: Uid,
    pub tasks: Vec<Uid>,
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
    /// Sums over the tasks, kept because tasks can be deleted while their batch stays.
    pub details: Map<String, Value>,
    pub stats: Map<String, Value>,
    /// Why the batch took no more tasks.
    pub reason: String,
    /// How far the batch is; only while it runs.
    #[serde(skip)]
    pub progress: Value,
}

impl Batch {
    /// A batch of these tasks as they are now.
    pub fn of(
        uid: Uid,
        tasks: &[Task],
        started_at: OffsetDateTime,
        reason: String,
        trace: Value,
    ) -> Self {
        Self {
            uid,
            tasks: tasks.iter().map(|task| task.uid).collect(),
            started_at,
            finished_at: None,
            details: sum_details(tasks),
            stats: stats(tasks, trace),
            reason,
            progress: Value::Null,
        }
    }

    /// The batch as `/batches` shows it.
    pub fn view(&self, like: Like) -> Value {
        let mut view = json!({
            "uid": self.uid,
            "progress": self.progress,
            "details": self.details,
            "stats": self.stats,
            "duration": self.finished_at.map(|end| iso_duration(end - self.started_at)),
            "startedAt": date(self.started_at),
            "finishedAt": self.finished_at.map(date),
        });
        if like.has(Feature::Of15) {
            view["batchStrategy"] = self.reason.as_str().into();
        }
        view
    }
}

/// Numbers of the tasks added up, everything else as the last task has it.
fn sum_details(tasks: &[Task]) -> Map<String, Value> {
    let mut details = Map::new();
    for (name, value) in tasks.iter().flat_map(|task| &task.details) {
        let sum = match (details.get(name).and_then(Value::as_u64), value.as_u64()) {
            (Some(before), Some(more)) => Value::from(before + more),
            (Some(before), None) if value.is_null() => before.into(),
            _ => value.clone(),
        };
        details.insert(name.clone(), sum);
    }
    // A batch that deleted nothing by a filter does not mention filters.
    if details.get("originalFilter").is_some_and(Value::is_null) {
        details.shift_remove("originalFilter");
    }
    details
}

fn stats(tasks: &[Task], trace: Value) -> Map<String, Value> {
    let mut status: BTreeMap<&str, u64> = BTreeMap::new();
    let mut types: BTreeMap<&str, u64> = BTreeMap::new();
    let mut indexes: BTreeMap<&str, u64> = BTreeMap::new();
    for task in tasks {
        *status.entry(task.status.name()).or_default() += 1;
        *types.entry(task.kind.type_name()).or_default() += 1;
        if let Some(index) = task.kind.index() {
            *indexes.entry(index).or_default() += 1;
        }
    }
    let mut stats = Map::new();
    stats.insert("totalNbTasks".into(), tasks.len().into());
    stats.insert("status".into(), json!(status));
    stats.insert("types".into(), json!(types));
    stats.insert("indexUids".into(), json!(indexes));
    stats.insert("progressTrace".into(), trace);
    stats
}
