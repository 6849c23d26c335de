//! The entry point to Meilisearch: health, version, statistics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use meilisearch_sdk::client::Client;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::meilisearch::address::Address;
use crate::meilisearch::api_key::ApiKey;
use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::http::{Body, Http, NdjsonBody};
use crate::meilisearch::uid::TaskUid;
use crate::retry::RetryPolicy;

/// The key of no error, log or `Debug` output: what is printed of a server is its address.
#[derive(Clone)]
pub struct Server {
    http: Http,
    learnt: Arc<Learnt>,
}

/// What this server turned out not to have, found out by asking: `/version` may be forbidden to the key.
#[derive(Default)]
struct Learnt {
    no_batches: AtomicBool,
    no_fetch_by_ids: AtomicBool,
}

/// Figures of the whole server.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Bytes of the files. They don't shrink after deletions.
    #[serde(default)]
    pub database_size: u64,
    /// Bytes in use; the difference is used again by later data. Old versions do not report it.
    pub used_database_size: Option<u64>,
    #[serde(default)]
    pub indexes: BTreeMap<String, IndexStats>,
}

/// Figures of one index. The number of documents is a cache that may be stale after a crash: the documents route's `total`
/// counts ([`Server::count_documents`]).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexStats {
    #[serde(default)]
    pub number_of_documents: u64,
    #[serde(default)]
    pub is_indexing: bool,
    /// Bytes of the stored documents, without the engine's own data. Old versions do not report it.
    pub raw_document_db_size: Option<u64>,
    /// Each field with the number of documents that have it.
    #[serde(default)]
    pub field_distribution: BTreeMap<String, u64>,
}

impl Server {
    pub fn new(address: Address, key: Option<ApiKey>) -> Result<Server, MeilisearchError> {
        Server::with_retry_policy(address, key, RetryPolicy::REQUEST)
    }

    /// `patience` is how long one request is tried again.
    pub fn with_retry_policy(
        address: Address,
        key: Option<ApiKey>,
        policy: RetryPolicy,
    ) -> Result<Server, MeilisearchError> {
        let http = Http::new(address, key.as_ref(), policy)?;
        Ok(Server {
            http,
            learnt: Arc::default(),
        })
    }

    pub fn address(&self) -> &Address {
        self.http.address()
    }

    /// Whether requests carry a key. A server that guards nothing asks for none.
    pub fn has_key(&self) -> bool {
        self.http.has_key()
    }

    /// How often a request to it got no answer.
    pub fn absences(&self) -> u64 {
        self.http.absences()
    }

    /// What it holds is known again, after so many [`absences`](Self::absences).
    pub fn settle_absences(&self, counted: u64) {
        self.http.settle_absences(counted);
    }

    /// Why the last request that got no answer got none, if one did since then: the server is away, or has come back, perhaps with
    /// older data, and misses what was committed meanwhile.
    pub fn unsettled_absence(&self) -> Option<String> {
        self.http.unsettled_absence()
    }

    /// The same server, with requests that only test the rights of the key: the log of the server then tells these refusals
    /// from others.
    pub fn probing(&self) -> Server {
        self.over(self.http.probing())
    }

    fn over(&self, http: Http) -> Server {
        Server {
            http,
            learnt: self.learnt.clone(),
        }
    }

    /// Meilisearch is there and well. Tries for a few seconds only: a wrong address should be reported soon.
    pub async fn health(&self) -> Result<(), MeilisearchError> {
        let ours = self.http.policy();
        let greeting = if ours.total < RetryPolicy::GREETING.total {
            ours
        } else {
            RetryPolicy::GREETING
        };
        let error = match self.with_policy(greeting).sdk().health().await {
            Ok(_) => return Ok(()),
            Err(error) => MeilisearchError::from(error),
        };
        let address = self.address();
        // Meilisearch answers /health without a key, so it never refuses it.
        let is_another_route = matches!(
            error,
            MeilisearchError::IndexNotFound { .. }
                | MeilisearchError::Refused { .. }
                | MeilisearchError::WrongKey { .. }
        );
        match address.route() {
            Some(route) if is_another_route => Err(MeilisearchError::Route {
                address: address.clone(),
                route: route.to_owned(),
            }),
            _ => Err(error),
        }
    }

    /// The version, if the key may know it: keys that are limited to index patterns may not from 1.48.2 on.
    pub async fn version(&self) -> Result<Option<(u64, u64, u64)>, MeilisearchError> {
        match self
            .sdk()
            .get_version()
            .await
            .map_err(MeilisearchError::from)
        {
            Ok(version) => Ok(parse_version(&version.pkg_version)),
            Err(error) if error.is_forbidden() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub async fn stats(&self) -> Result<Stats, MeilisearchError> {
        self.get("/stats").await
    }

    pub async fn index_stats(&self, uid: &str) -> Result<IndexStats, MeilisearchError> {
        self.get(&format!("/indexes/{}/stats", super::path::checked(uid)?))
            .await
    }

    /// A request of one's own: for what has no method here. `path` begins with a slash and is encoded already.
    pub async fn raw(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, MeilisearchError> {
        self.ask(method, path, body).await
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, MeilisearchError> {
        self.ask(reqwest::Method::GET, path, None::<&Value>).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, MeilisearchError> {
        self.ask(reqwest::Method::POST, path, Some(body)).await
    }

    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, MeilisearchError> {
        let url = self.url(path);
        self.http.send(method, &url, json(body)?).await?.json()
    }

    /// A request that changes something, and the task that the server made of it. Every one goes through here: what the
    /// server says beside the task's uid may have any form.
    pub(crate) async fn change(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<TaskUid, MeilisearchError> {
        self.http.change(method, &self.url(path), json(body)?).await
    }

    /// The same with documents.
    pub(super) async fn change_documents(
        &self,
        method: reqwest::Method,
        path: &str,
        documents: NdjsonBody,
    ) -> Result<TaskUid, MeilisearchError> {
        let body = Body::Ndjson(documents);
        self.http.change(method, &self.url(path), body).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address().as_str())
    }

    /// The SDK over our HTTP client. It makes the reads whose answers its types can hold; where they would drop or refuse
    /// what a server says (settings, tasks, batches, statistics), the JSON is read as it is, and so is the answer to whatever
    /// changes something: one that is refused for its form would be taken for a refusal.
    pub(super) fn sdk(&self) -> Client<Http> {
        Client::new_with_client(self.address().as_str(), None::<String>, self.http.clone())
    }

    /// The same server, with requests that are sent once: for a swap, which a second call undoes.
    pub(crate) fn once(&self) -> Server {
        self.over(self.http.once())
    }

    /// The same server, whose answers are read up to this length ([`MeilisearchError::LongAnswer`]).
    pub(super) fn reading_at_most(&self, bytes: usize) -> Server {
        self.over(self.http.reading_at_most(bytes))
    }

    /// The same server with other time limits: a caller that polls has its own.
    pub fn with_policy(&self, policy: RetryPolicy) -> Server {
        self.over(self.http.with_policy(policy))
    }

    /// The same server, waited for through a restart.
    pub(crate) fn through_a_restart(&self) -> Server {
        let ours = self.http.policy();
        self.with_policy(if ours.total < RetryPolicy::REQUEST.total {
            ours
        } else {
            RetryPolicy::RESTART
        })
    }

    pub(super) fn has_batches(&self) -> bool {
        !self.learnt.no_batches.load(Ordering::Relaxed)
    }

    pub(super) fn note_no_batches(&self) {
        self.learnt.no_batches.store(true, Ordering::Relaxed);
    }

    pub(super) fn fetches_by_ids(&self) -> bool {
        !self.learnt.no_fetch_by_ids.load(Ordering::Relaxed)
    }

    pub(super) fn note_no_fetch_by_ids(&self) {
        self.learnt.no_fetch_by_ids.store(true, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.address())
    }
}

fn json(body: Option<&impl Serialize>) -> Result<Body, MeilisearchError> {
    let json = body.map(serde_json::to_vec).transpose();
    let json = json.map_err(|error| MeilisearchError::Client {
        cause: error.to_string(),
    })?;
    Ok(json.map_or(Body::None, |json| Body::Json(json.into())))
}

/// `1.48.2`, `1.12.0-rc.3`: what a pre-release can do is what its version can.
fn parse_version(text: &str) -> Option<(u64, u64, u64)> {
    let mut parts = text.split(['.', '-', '+']).map(str::parse);
    Some((
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("1.48.2"), Some((1, 48, 2)));
        assert_eq!(parse_version("1.12.0-rc.3"), Some((1, 12, 0)));
        assert_eq!(parse_version("unknown"), None);
    }
}
