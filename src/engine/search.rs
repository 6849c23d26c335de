//! Searches, for smoke queries. Never for counting documents: a search's totals stop at `maxTotalHits`, or are estimates.

use serde_json::{Map, Value};

use super::{error::EngineError, indexes::checked, server::Server};

impl Server {
    /// One search with parameters as the API takes them; the answer as it is.
    pub async fn search(
        &self,
        uid: &str,
        parameters: &Map<String, Value>,
    ) -> Result<Value, EngineError> {
        self.post(&format!("/indexes/{}/search", checked(uid)?), parameters)
            .await
    }
}
