//! Somebody who asks every 20 ms, and forgets no answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::api::Api;

/// What one look at one index showed.
#[derive(Debug, Clone, PartialEq)]
pub enum Glimpse {
    /// These hits, each by its marker.
    Hits(Vec<String>),
    Empty,
    Error(String),
}

impl Glimpse {
    /// The generation that answered as a whole: its marker is on all hits, and there are as many of them as it has documents.
    /// None for anything else: a mixture, or a part of one.
    pub fn whole<'g>(&'g self, generations: &[(&str, usize)]) -> Option<&'g str> {
        let Glimpse::Hits(markers) = self else {
            return None;
        };
        let marker = markers.first()?;
        let is_whole = markers.iter().all(|other| other == marker)
            && generations.contains(&(marker, markers.len()));
        is_whole.then_some(marker)
    }
}

/// One round of questions: a glimpse for each index, in the order in which they were asked.
pub type Round = Vec<Glimpse>;

pub struct Searcher {
    stop: Arc<AtomicBool>,
    asking: JoinHandle<Vec<Round>>,
}

impl Searcher {
    /// Asks each of these (uid, marker field) in turn, over and over. A hit's marker is the first word of that field.
    pub fn ask(api: Api, indexes: Vec<(String, &'static str)>) -> Searcher {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let asking = tokio::spawn(async move {
            let mut rounds = Vec::new();
            loop {
                // The last round begins after the answers were wanted: it shows what came of it all.
                let is_last = stopped.load(Ordering::Relaxed);
                let mut round = Vec::new();
                for (uid, marker) in &indexes {
                    round.push(glimpse(&api, uid, marker).await);
                }
                rounds.push(round);
                if is_last {
                    return rounds;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Searcher { stop, asking }
    }

    /// Every round since the beginning.
    pub async fn stop(self) -> Vec<Round> {
        self.stop.store(true, Ordering::Relaxed);
        self.asking.await.unwrap()
    }
}

async fn glimpse(api: &Api, uid: &str, marker: &str) -> Glimpse {
    let query = json!({"q": "", "limit": 1000, "attributesToRetrieve": [marker]});
    let answer = match api
        .try_ask(
            "POST",
            &format!("/indexes/{uid}/search"),
            Some(("application/json", query.to_string())),
        )
        .await
    {
        Ok(answer) if answer.status == 200 => answer.body,
        Ok(answer) => return Glimpse::Error(format!("{} {}", answer.status, answer.body)),
        Err(error) => return Glimpse::Error(error),
    };
    let first_word = |hit: &Value| {
        hit[marker]
            .as_str()
            .unwrap_or_default()
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    match answer["hits"].as_array() {
        Some(hits) if !hits.is_empty() => Glimpse::Hits(hits.iter().map(first_word).collect()),
        _ => Glimpse::Empty,
    }
}
