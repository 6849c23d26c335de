//! What can be seen of a walk's indexes from outside, at one moment.

use std::collections::BTreeMap;

use serde_json::Value;

use super::world::NAMES;
use crate::support::Scene;

/// One index of the walk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    pub created_at: String,
    pub documents: Vec<Value>,
}

/// All that is there of one name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Around {
    pub live: Option<Seen>,
    /// Under timestamped uids, by uid: whatever they are.
    pub others: BTreeMap<String, Seen>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sight {
    pub all: BTreeMap<&'static str, Around>,
}

impl Sight {
    pub async fn of(scene: &Scene) -> Sight {
        let mut all: BTreeMap<&'static str, Around> = BTreeMap::new();
        let indexes = scene.api.indexes().await;
        for name in NAMES {
            let around = all.entry(name).or_default();
            let live = scene.uid(name);
            let generations = scene.generations(name).await;
            for (uid, created_at) in &indexes {
                let is_live = *uid == live;
                if !is_live && !generations.contains(uid) {
                    continue;
                }
                let seen = Seen {
                    created_at: created_at.clone(),
                    documents: scene.api.documents_if_any(uid).await,
                };
                if is_live {
                    around.live = Some(seen);
                } else {
                    around.others.insert(uid.clone(), seen);
                }
            }
        }
        Sight { all }
    }

    pub fn live(&self, name: &str) -> Option<&Seen> {
        self.all[name].live.as_ref()
    }

    /// `createdAt` of what is live.
    pub fn identity(&self, name: &str) -> &str {
        self.live(name).map_or("", |live| &live.created_at)
    }
}
