//! The state of a follower, for its HTTP endpoints.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::report::prometheus;

/// The state of a follower, shared with its listener.
#[derive(Clone, Debug, Default)]
pub struct State(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// Why it cannot follow; `None` while it can.
    trouble: Option<String>,
    /// Whether every index had a first round.
    ready: bool,
    indexes: BTreeMap<String, Figures>,
}

/// The figures of one index.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Rounds that were done.
    pub rounds: u64,
    /// Rounds that failed.
    pub failures: u64,
    /// Documents sent.
    pub sent: u64,
    /// Documents deleted.
    pub deleted: u64,
    /// Documents in the live index after the last round.
    pub documents: u64,
    /// Everything committed before is in the index.
    pub followed_to: Option<Timestamp>,
    /// Whether nothing was committed since edits were looked for.
    pub saw_edits: bool,
    /// Whether changes.sql shows every edit; where not, only a comparison finds it.
    pub tracks_edits: Option<bool>,
    /// What cannot be seen, or not cheaply.
    pub blind_spots: Vec<String>,
    /// Whether its change log does not hold every write, which a person has to mend.
    pub log_is_broken: bool,
}

impl Inner {
    fn why_not_ready(&self) -> Option<String> {
        if let Some(reason) = &self.trouble {
            return Some(reason.clone());
        }
        if !self.ready {
            return Some("the first round has not ended yet".to_owned());
        }
        let (live_uid, broken) = self.indexes.iter().find(|(_, one)| one.log_is_broken)?;
        Some(format!("{live_uid}: {}", broken.blind_spots.join("; ")))
    }
}

impl State {
    /// It cannot follow, for this reason. True where that is news.
    pub fn trouble(&self, reason: &str) -> bool {
        let mut inner = self.lock();
        let news = inner.trouble.as_deref() != Some(reason);
        inner.trouble = Some(reason.to_owned());
        news
    }

    /// It follows. True where that is news.
    pub fn follows(&self) -> bool {
        let mut inner = self.lock();
        let news = inner.trouble.take().is_some() || !inner.ready;
        inner.ready = true;
        news
    }

    /// Nothing was committed until `at`: every index whose edits were looked for still holds them all.
    pub fn is_up_to_date(&self, at: Timestamp) {
        let mut inner = self.lock();
        for figures in inner
            .indexes
            .values_mut()
            .filter(|figures| figures.saw_edits)
        {
            figures.followed_to = Some(at);
        }
    }

    /// For each index, one line for each kind of change that it cannot detect although it follows.
    pub fn blind_spots(&self) -> Vec<String> {
        let inner = self.lock();
        let each = inner.indexes.iter();
        each.flat_map(|(live_uid, figures)| {
            let spots = figures.blind_spots.iter();
            spots.map(move |spot| format!("{live_uid}: {spot}"))
        })
        .collect()
    }

    /// Changes the figures of one index.
    pub fn count(&self, live_uid: &str, change: impl FnOnce(&mut Figures)) {
        change(self.lock().indexes.entry(live_uid.to_owned()).or_default());
    }

    /// Why it cannot follow.
    pub fn why_not_ready(&self) -> Option<String> {
        let inner = self.lock();
        inner.why_not_ready()
    }

    /// The figures as Prometheus reads them.
    pub fn metrics(&self, now: Timestamp) -> String {
        let inner = self.lock();
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, value: &dyn Fn(&Figures) -> f64| {
            let each = inner.indexes.iter();
            let lines = each.map(|(live_uid, figures)| {
                let labels = prometheus::labels(&[("index", live_uid)]);
                (labels, Some(value(figures)))
            });
            prometheus::family(&mut text, name, kind, help, lines);
        };
        let seconds = |at: Option<Timestamp>| at.map_or(0.0, |at| at.as_duration().as_secs_f64());
        metric(
            "bisan_indexer_documents",
            "gauge",
            "Documents in the live index after the last round.",
            &|figures| figures.documents as f64,
        );
        metric(
            "bisan_indexer_lag_seconds",
            "gauge",
            "Age of the last snapshot that is in the index as a whole.",
            &|figures| match figures.followed_to {
                Some(at) => now.duration_since(at).as_secs_f64(),
                None => f64::INFINITY,
            },
        );
        metric(
            "bisan_indexer_rounds_total",
            "counter",
            "Rounds that were done.",
            &|figures| figures.rounds as f64,
        );
        metric(
            "bisan_indexer_failures_total",
            "counter",
            "Rounds that failed.",
            &|figures| figures.failures as f64,
        );
        metric(
            "bisan_indexer_sent_total",
            "counter",
            "Documents sent.",
            &|figures| figures.sent as f64,
        );
        metric(
            "bisan_indexer_deleted_total",
            "counter",
            "Documents deleted.",
            &|figures| figures.deleted as f64,
        );
        metric(
            "bisan_indexer_last_success_timestamp_seconds",
            "gauge",
            "When the last round that succeeded took its snapshot.",
            &|figures| seconds(figures.followed_to),
        );
        metric(
            "bisan_indexer_tracks_edits",
            "gauge",
            "Whether changes.sql shows every edit (1). Where not (0), an edit is found when documents are compared.",
            &|figures| match figures.tracks_edits {
                Some(tracks) => f64::from(u8::from(tracks)),
                None => f64::NAN,
            },
        );
        let ready = u8::from(inner.why_not_ready().is_none());
        prometheus::family(
            &mut text,
            "bisan_indexer_ready",
            "gauge",
            "Whether the follower follows.",
            [(String::new(), Some(f64::from(ready)))],
        );
        text
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Figures are whole after each change; a panic elsewhere takes nothing from them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_of_state_is_news() {
        let state = State::default();
        assert!(state.why_not_ready().unwrap().contains("first round"));
        assert!(state.follows());
        assert!(!state.follows());
        assert_eq!(state.why_not_ready(), None);
        assert!(state.trouble("down"));
        assert!(!state.trouble("down"));
        assert!(state.trouble("locked"));
        assert_eq!(state.why_not_ready().unwrap(), "locked");
        assert!(state.follows());
    }

    #[test]
    fn metrics_are_prometheus_text() {
        let state = State::default();
        let at: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        state.count("articles", |figures| {
            figures.rounds = 3;
            figures.followed_to = Some(at);
        });
        state.count("authors", |figures| figures.failures = 1);
        let text = state.metrics("2026-11-24T10:00:07Z".parse().unwrap());
        for line in [
            "# TYPE bisan_indexer_rounds_total counter",
            "bisan_indexer_rounds_total{index=\"articles\"} 3",
            "bisan_indexer_lag_seconds{index=\"articles\"} 7",
            "bisan_indexer_lag_seconds{index=\"authors\"} +Inf",
            "bisan_indexer_failures_total{index=\"authors\"} 1",
            "bisan_indexer_last_success_timestamp_seconds{index=\"articles\"} 1795514400",
            "bisan_indexer_ready 0",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }
}
