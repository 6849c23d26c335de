//! Searches continuously, as the readers of the application do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Map, json};
use tokio::task::JoinHandle;

use crate::error::{Error, RuntimeError};
use crate::meilisearch::Server;

/// The pause between two searches.
const PAUSE: Duration = Duration::from_millis(20);

/// A searcher at work.
pub struct Searcher {
    stop: Arc<AtomicBool>,
    work: JoinHandle<Seen>,
}

/// What the searcher got to see.
#[derive(Debug, Default)]
pub struct Seen {
    /// Searches asked.
    pub asked: u64,
    /// Searches that failed.
    pub failed: u64,
    /// Answers without a hit.
    pub empty: u64,
    /// How often each total of hits was answered, in the order of the totals.
    pub totals: BTreeMap<u64, u64>,
}

impl Searcher {
    /// Begins to ask for everything in `index`, as the application's list of articles does.
    pub fn start(server: Server, index: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, index) = (Arc::clone(&stop), index.to_owned());
        let work = tokio::spawn(async move {
            let mut seen = Seen::default();
            let everything = Map::from_iter([
                ("q".to_owned(), json!("")),
                ("page".to_owned(), json!(1)),
                ("hitsPerPage".to_owned(), json!(20)),
            ]);
            while !stopped.load(Ordering::Relaxed) {
                seen.asked += 1;
                match server.search(&index, &everything).await {
                    Ok(answer) => {
                        let total = answer["totalHits"].as_u64().unwrap_or(0);
                        seen.empty += u64::from(total == 0);
                        *seen.totals.entry(total).or_default() += 1;
                    }
                    Err(_) => seen.failed += 1,
                }
                tokio::time::sleep(PAUSE).await;
            }
            seen
        });
        Self { stop, work }
    }

    /// Ends it and tells what it saw.
    ///
    /// # Errors
    /// Where the searcher itself broke.
    pub async fn stop(self) -> Result<Seen, Error> {
        self.stop.store(true, Ordering::Relaxed);
        self.work
            .await
            .map_err(|error| RuntimeError(std::io::Error::other(error)).into())
    }
}
