//! Somebody who searches all along, and notices an index that is half old and half new.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use super::Outcome;
use super::server::Server;

/// Between two searches.
const PAUSE: Duration = Duration::from_millis(20);

/// A searcher at work.
pub struct Searcher {
    stop: Arc<AtomicBool>,
    work: JoinHandle<Seen>,
}

/// What was answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub asked: u64,
    /// Articles of both states of the database, or none at all.
    pub not_whole: u64,
    pub failed: u64,
}

impl Searcher {
    /// Asks for the categories of all articles; the database has one in each of its states.
    pub fn start(server: Arc<Server>) -> Searcher {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let work = tokio::spawn(async move {
            let mut seen = Seen::default();
            let search = json!({"q": "", "limit": 1, "facets": ["category"]});
            while !stopped.load(Ordering::Relaxed) {
                let path = "/indexes/articles/search";
                seen.asked += 1;
                match server.ask(Method::POST, path, Some(search.clone())).await {
                    Err(_) => seen.failed += 1,
                    Ok(answer) => {
                        let categories = answer["facetDistribution"]["category"].as_object();
                        let whole = categories.is_some_and(|categories| categories.len() == 1);
                        seen.not_whole += u64::from(!whole);
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
            seen
        });
        Searcher { stop, work }
    }

    /// Ends it and tells what it saw.
    pub async fn stop(self) -> Outcome<Seen> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.work.await?)
    }
}
