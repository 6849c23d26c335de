//! What a task is to do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Uid;
use crate::like::{Feature, Like};

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

    /// The file of documents that the task needs.
    pub fn payload(&self) -> Option<&str> {
        match self {
            Kind::DocumentAddition { payload, .. } => Some(payload),
            _ => None,
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
    pub(super) fn relabel(&mut self, left: &str, right: &str, both_ways: bool) {
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
