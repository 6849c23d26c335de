//! What this server supports: by its version or, if the key may not read the version, by a test request.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::server::Server;
use crate::meilisearch::version::Version;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    /// None where the key may not know it: keys that are limited to index patterns may not, from 1.48.2 on.
    pub version: Option<Version>,
    /// `/batches` with their progress, from 1.12 on.
    pub batches: bool,
    /// The keys that a settings answer showed, with nested ones as `typoTolerance.disableOnNumbers`.
    pub settings_keys: Option<BTreeSet<String>>,
}

impl Features {
    pub fn of_version(version: Version) -> Features {
        Features {
            version: Some(version),
            batches: version >= (1, 12, 0),
            settings_keys: None,
        }
    }

    pub fn unknown() -> Features {
        Features {
            version: None,
            batches: false,
            settings_keys: None,
        }
    }

    /// Takes note of the keys that a settings answer shows: of any index, so of a fresh build at the latest.
    pub fn learn(&mut self, settings: &Map<String, Value>) {
        let mut keys = BTreeSet::new();
        for (name, value) in settings {
            keys.insert(name.clone());
            for (inner, _) in value.as_object().into_iter().flatten() {
                keys.insert(format!("{name}.{inner}"));
            }
        }
        self.settings_keys = Some(keys);
    }
}

impl Server {
    pub async fn features(&self) -> Result<Features, MeilisearchError> {
        if let Some(version) = self.version().await? {
            let features = Features::of_version(version);
            if !features.batches {
                self.note_no_batches();
            }
            return Ok(features);
        }
        let mut features = Features::unknown();
        self.batch_progress().await?;
        features.batches = self.has_batches();
        if let Some(index) = self.indexes().await?.first() {
            features.learn(&self.settings(&index.uid).await?);
        }
        Ok(features)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::meilisearch::testing::{Canned, Reply, complaint, json_answer};

    #[tokio::test]
    async fn a_version_says_it_all() {
        let canned = Canned::replies([json_answer(
            200,
            json!({"commitSha": "x", "commitDate": "y", "pkgVersion": "1.5.1"}),
        )])
        .await;
        let features = canned.server().features().await.unwrap();
        assert_eq!(features, Features::of_version((1, 5, 1)));
        assert!(!features.batches);
        assert_eq!(canned.requests().len(), 1);
    }

    #[tokio::test]
    async fn where_the_version_is_forbidden_the_server_is_asked_what_it_can() {
        let canned = Canned::answering(|request| match request.path.split('?').next().unwrap() {
            "/version" => complaint(403, "invalid_api_key", "The provided API key is invalid."),
            "/batches" => Reply::Answer { status: 404, headers: vec![], body: String::new() },
            "/indexes" => json_answer(
                200,
                json!({"results": [{"uid": "a", "createdAt": "x", "updatedAt": "x", "primaryKey": null}], "total": 1}),
            ),
            _ => json_answer(200, json!({"stopWords": [], "typoTolerance": {"enabled": true}})),
        })
        .await;
        let features = canned.server().features().await.unwrap();
        assert_eq!((features.version, features.batches), (None, false));
        assert!(
            features
                .settings_keys
                .unwrap()
                .contains("typoTolerance.enabled")
        );
    }
}
