//! What every route has at hand.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use axum::http::HeaderMap;
use milli_core::Index;

use crate::engine::Engine;
use crate::error::ApiError;
use crate::keys::{self, Action, Allowed, KeyStore};
use crate::like::Like;
use crate::queue::Queue;
use crate::store::Store;

/// The server's parts, shared by its routes and its scheduler.
pub struct AppState {
    /// The version that is imitated.
    pub like: Like,
    /// Who may do what.
    pub keys: KeyStore,
    /// Tasks, batches, and what each index uid stands for.
    pub queue: Queue,
    /// The open indexes.
    pub store: Store,
    /// What writes into them.
    pub engine: Engine,
    /// Where bodies of documents wait for their task.
    pub payloads: PathBuf,
    /// The largest body, in bytes, unpacked.
    pub payload_limit: u64,
    /// For tests: the process ends as if killed once a swap is committed and its task is not.
    pub die_after_swap_commit: AtomicBool,
    /// Whether the routes for tests are answered.
    pub controls: bool,
}

impl AppState {
    /// The index under this uid.
    pub fn index(&self, uid: &str) -> Result<Index, ApiError> {
        loop {
            let folder = self.queue.read(|state| state.indexes.get(uid).cloned());
            let Some(folder) = folder else {
                return Err(ApiError::index_not_found(uid));
            };
            // Deleted in between, after a swap: by now the uid stands for another folder or for none.
            if let Some(index) = self.store.get(&folder)? {
                return Ok(index);
            }
        }
    }

    /// Checks the key of a request, and says which indexes it may see.
    pub fn authorize(
        &self,
        headers: &HeaderMap,
        action: Action,
        index: Option<&str>,
    ) -> Result<Allowed, ApiError> {
        self.keys.authorize(keys::bearer(headers)?, action, index)
    }
}

/// Does work that waits for the disk, off the threads that answer requests.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ApiError::internal(error.to_string()))?
}
