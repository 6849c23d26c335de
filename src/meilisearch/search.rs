//! Searches. Never for counting documents: a search's totals stop at `maxTotalHits`, or are estimates.

use serde_json::{Map, Value};

use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::path::checked;
use crate::meilisearch::server::Server;

impl Server {
    /// One search with parameters as the API takes them; the answer as it is.
    pub async fn search(
        &self,
        uid: &str,
        parameters: &Map<String, Value>,
    ) -> Result<Value, MeilisearchError> {
        self.post(&format!("/indexes/{}/search", checked(uid)?), parameters)
            .await
    }
}
