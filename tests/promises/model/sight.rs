//! What can be seen of a walk's indexes from outside, at one moment.

use std::collections::BTreeMap;

use serde_json::Value;

use super::world::NAMES;
use crate::support::scene::CHECKPOINTS;
use crate::support::{Api, Scene};

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
    /// By `createdAt`, the uid under which it was built: the same on every server.
    built_as: BTreeMap<String, String>,
}

impl Sight {
    pub async fn of(scene: &Scene, api: &Api) -> Sight {
        let mut sight = Sight::default();
        let indexes = api.indexes().await;
        for name in NAMES {
            let around = sight.all.entry(name).or_default();
            let live = scene.uid(name);
            for (uid, created_at) in &indexes {
                let is_live = *uid == live;
                if !is_live && !scene.is_generation(name, uid) {
                    continue;
                }
                let seen = Seen {
                    created_at: created_at.clone(),
                    documents: api.documents_if_any(uid).await,
                };
                if is_live {
                    around.live = Some(seen);
                } else {
                    around.others.insert(uid.clone(), seen);
                }
            }
        }
        sight
    }

    /// The same, with what tells a generation on one server for that of another.
    pub async fn of_one_of_several(scene: &Scene, api: &Api) -> Sight {
        let mut sight = Sight::of(scene, api).await;
        let text = |record: &Value, key: &str| record[key].as_str().map(str::to_owned);
        let records = api.documents_if_any(CHECKPOINTS).await;
        let built_as = records
            .iter()
            .filter_map(|record| Some((text(record, "created_at")?, text(record, "build_uid")?)));
        sight.built_as = built_as
            .filter(|(_, uid)| uid.starts_with(&scene.uid("")))
            .collect();
        sight
    }

    pub fn live(&self, name: &str) -> Option<&Seen> {
        self.all[name].live.as_ref()
    }

    /// `createdAt` of what is live.
    pub fn identity(&self, name: &str) -> &str {
        self.live(name).map_or("", |live| &live.created_at)
    }

    /// Under which uid it was built; none where another program made it.
    pub fn built_as(&self, seen: &Seen) -> Option<&str> {
        self.built_as.get(&seen.created_at).map(String::as_str)
    }
}
