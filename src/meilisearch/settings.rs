//! The settings of an index.
//!
//! They are raw JSON: the SDK's settings type drops keys that it doesn't know, and can't express null, which resets a
//! key.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::meilisearch::error::{MeilisearchError, cut};
use crate::meilisearch::path::checked;
use crate::meilisearch::server::Server;
use crate::meilisearch::settings_form::{agree_within, is_default};
pub use crate::meilisearch::settings_keys::{UnknownSetting, check_definition};
use crate::meilisearch::task::Task;
use crate::meilisearch::uid::TaskUid;

/// The newest settings tasks of an index that are looked at.
const SETTINGS_TASKS: usize = 20;

/// Hits that Meilisearch lets be reached unless `pagination.maxTotalHits` says otherwise.
pub const DEFAULT_MAX_TOTAL_HITS: u64 = 1_000;

/// Objects that a PATCH merges part by part: what it doesn't name stays.
const MERGED: [&str; 4] = ["typoTolerance", "faceting", "pagination", "embedders"];

/// A key by which the server differs from what is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub key: String,
    pub wanted: Value,
    /// Null where the server doesn't show it.
    pub found: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |value: &Value| cut(&value.to_string(), 200);
        write!(
            f,
            "`{}` is {} and should be {}",
            self.key,
            short(&self.found),
            short(&self.wanted)
        )
    }
}

impl Server {
    pub async fn settings(&self, uid: &str) -> Result<Map<String, Value>, MeilisearchError> {
        self.get(&format!("/indexes/{}/settings", checked(uid)?))
            .await
    }

    /// Enqueues these settings; other keys stay as they are. On an empty index it costs nothing, on a full one it can cost more
    /// than a rebuild: send only what [`differences`] finds.
    pub async fn put_settings(
        &self,
        uid: &str,
        settings: &Map<String, Value>,
    ) -> Result<TaskUid, MeilisearchError> {
        let path = format!("/indexes/{}/settings", checked(uid)?);
        self.change(reqwest::Method::PATCH, &path, Some(settings))
            .await
    }

    /// Settings tasks that others sent to a live index of ours since it went live, the newest first: meilisearch-rails
    /// does so at searches, or a person. Those of its build are older; `ours` is the last that this program sent.
    pub async fn settings_tasks_of_others(
        &self,
        uid: &str,
        live_since: Option<Timestamp>,
        ours: Option<TaskUid>,
    ) -> Result<Vec<Task>, MeilisearchError> {
        let Some(live_since) = live_since else {
            return Ok(Vec::new());
        };
        let uid = checked(uid)?;
        let path = format!("/tasks?types=settingsUpdate&indexUids={uid}&limit={SETTINGS_TASKS}");
        let page = self.raw(reqwest::Method::GET, &path, None).await?;
        let is_anothers = |task: &Task| {
            let enqueued_at = task.enqueued_at.as_ref();
            ours.is_none_or(|ours| task.uid > ours)
                && enqueued_at
                    .and_then(|at| at.parse::<Timestamp>().ok())
                    .is_some_and(|at| at > live_since)
        };
        Ok(page
            .get("results")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|task| serde_json::from_value(task.clone()).ok())
            .filter(is_anothers)
            .collect())
    }
}

/// The keys of `wanted` that the server has otherwise. Give it what `for_server` left: a key that the server is too old for
/// would differ for ever.
pub fn differences(wanted: &Map<String, Value>, server: &Map<String, Value>) -> Vec<Difference> {
    let mut all = server.clone();
    all.extend(wanted.clone());
    let found = |key: &str| server.get(key).cloned().unwrap_or(Value::Null);
    wanted
        .iter()
        .map(|(key, wanted)| (key, wanted, found(key)))
        .filter(|(key, wanted, found)| !agree_within(&all, key, wanted, found))
        .map(|(key, wanted, found)| Difference {
            key: key.clone(),
            wanted: masked(wanted),
            found: masked(&found),
        })
        .collect()
}

/// What undoes a change: the values that were there before, of the keys that were sent. A key that the server did not show is
/// reset.
pub fn to_restore(before: &Map<String, Value>, sent: &Map<String, Value>) -> Map<String, Value> {
    sent.keys()
        .map(|key| {
            let mut value = before.get(key).cloned().unwrap_or(Value::Null);
            if let (true, Some(parts), Some(Value::Object(new))) = (
                MERGED.contains(&key.as_str()),
                value.as_object_mut(),
                sent.get(key),
            ) {
                for name in new.keys() {
                    parts.entry(name.clone()).or_insert(Value::Null);
                }
            }
            (key.clone(), value)
        })
        .collect()
}

/// What to send so that the server has what is wanted: the differing keys only. A part that the server has and the
/// definition does not want any more is reset, or the difference would be found again the next time.
pub fn to_send(wanted: &Map<String, Value>, differences: &[Difference]) -> Map<String, Value> {
    let mut send = Map::new();
    for difference in differences {
        let mut value = wanted.get(&difference.key).cloned().unwrap_or(Value::Null);
        if let (true, Value::Object(parts), Value::Object(found)) = (
            MERGED.contains(&difference.key.as_str()),
            &mut value,
            &difference.found,
        ) {
            for name in found
                .keys()
                .filter(|name| !parts.contains_key(*name))
                .collect::<Vec<_>>()
            {
                parts.insert(name.clone(), Value::Null);
            }
        }
        send.insert(difference.key.clone(), value);
    }
    send
}

/// Settings of a live index that the definition doesn't mention and somebody has set, perhaps by hand. A rebuild leaves them
/// behind; they are named, never copied, since secrets come back masked.
pub fn unmentioned(definition: &Map<String, Value>, live: &Map<String, Value>) -> Vec<String> {
    let made_by_hand = |(key, value): &(&String, &Value)| {
        !definition.contains_key(*key) && !is_default(key, value)
    };
    live.iter()
        .filter(made_by_hand)
        .map(|(key, _)| key.clone())
        .collect()
}

/// Without the keys of embedders, for logs and reports.
fn masked(value: &Value) -> Value {
    match value {
        Value::Object(parts) => Value::Object(
            parts
                .iter()
                .map(|(name, value)| match (name.as_str(), value) {
                    ("apiKey", Value::String(_)) => (name.clone(), Value::String("***".to_owned())),
                    _ => (name.clone(), masked(value)),
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(masked).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn only_what_differs_is_sent() {
        let wanted =
            map(json!({"stopWords": ["من", "في"], "searchableAttributes": ["title", "body"]}));
        let server =
            map(json!({"stopWords": ["في", "من"], "searchableAttributes": ["body", "title"]}));
        let found = differences(&wanted, &server);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].to_string(),
            r#"`searchableAttributes` is ["body","title"] and should be ["title","body"]"#
        );
        assert_eq!(
            Value::Object(to_send(&wanted, &found)),
            json!({"searchableAttributes": ["title", "body"]})
        );
    }

    #[test]
    fn a_part_that_nobody_wants_any_more_is_reset() {
        let wanted = map(json!({"typoTolerance": {"enabled": false}, "embedders": {}}));
        let server = map(json!({
            "typoTolerance": {"enabled": true, "disableOnWords": ["x"]}, "embedders": {"old": {"source": "rest"}}
        }));
        let send = to_send(&wanted, &differences(&wanted, &server));
        assert_eq!(
            Value::Object(send),
            json!({"typoTolerance": {"enabled": false, "disableOnWords": null}, "embedders": {"old": null}})
        );
    }

    #[test]
    fn a_change_is_undone_part_by_part() {
        let before = map(json!({
            "stopWords": ["من"], "typoTolerance": {"enabled": true}, "synonyms": {"a": ["b"]}
        }));
        let sent = map(json!({
            "stopWords": null, "typoTolerance": {"enabled": false, "disableOnNumbers": true}, "searchCutoffMs": 100
        }));
        assert_eq!(
            Value::Object(to_restore(&before, &sent)),
            json!({
                "stopWords": ["من"], "typoTolerance": {"enabled": true, "disableOnNumbers": null}, "searchCutoffMs": null
            })
        );
    }

    #[test]
    fn settings_made_by_hand_are_named() {
        let definition = map(json!({"searchableAttributes": ["title"]}));
        let live = map(json!({
            "searchableAttributes": ["body"], "stopWords": [], "synonyms": {"a": ["b"]}, "rankingRules":
            ["words", "typo", "proximity", "attributeRank", "sort", "wordPosition", "exactness"],
            "faceting": {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}},
            "pagination": {"maxTotalHits": 10000}, "localizedAttributes": null, "displayedAttributes": ["*"]
        }));
        assert_eq!(unmentioned(&definition, &live), ["synonyms", "pagination"]);
    }

    #[test]
    fn a_key_of_an_embedder_is_not_shown() {
        let wanted = map(
            json!({"embedders": {"mine": {"source": "openAi", "apiKey": "s3cret", "model": "x"}}}),
        );
        let server = map(
            json!({"embedders": {"mine": {"source": "openAi", "apiKey": "sXXXX...", "model": "y"}}}),
        );
        let found = differences(&wanted, &server);
        assert_eq!(found.len(), 1);
        assert!(!format!("{found:?}").contains("s3cret"));
        assert_eq!(
            to_send(&wanted, &found)["embedders"]["mine"]["apiKey"],
            "s3cret"
        );
    }
}
