//! The state of a follower as metrics.

use jiff::Timestamp;

use super::{Figures, Silent, States};
use crate::report::prometheus;

impl States {
    /// The figures as Prometheus reads them.
    pub fn metrics(&self, now: Timestamp, silent: &Silent) -> String {
        let all: Vec<_> = self
            .0
            .iter()
            .map(|(name, state)| (name, state.lock()))
            .collect();
        let is_several = all.len() > 1;
        let labels = |server: &str, index: Option<&str>| {
            let server = Some(("server", server)).filter(|_| is_several);
            let labels: Vec<_> = server
                .into_iter()
                .chain(index.map(|index| ("index", index)))
                .collect();
            match labels.is_empty() {
                true => String::new(),
                false => prometheus::labels(&labels),
            }
        };
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, value: &dyn Fn(&Figures) -> f64| {
            let each = all.iter().flat_map(|(server, inner)| {
                let indexes = inner.indexes.iter();
                indexes.map(move |(live_uid, figures)| (server, live_uid, figures))
            });
            let lines = each.map(|(server, live_uid, figures)| {
                (labels(server, Some(live_uid)), Some(value(figures)))
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
        let ready = all.iter().map(|(server, inner)| {
            let answers = !silent.contains_key(*server);
            let ready = u8::from(answers && inner.why_not_ready().is_none());
            (labels(server, None), Some(f64::from(ready)))
        });
        prometheus::family(
            &mut text,
            "bisan_indexer_ready",
            "gauge",
            "Whether the follower follows, and its server has answered since the last round.",
            ready,
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_servers_each_line_has_its_name() {
        let states = States::of(["a", "b"].into_iter());
        for state in states.each() {
            state.count("articles", |figures| figures.rounds += 1);
        }
        let text = states.metrics(Timestamp::now(), &Silent::new());
        for line in [
            "bisan_indexer_rounds_total{server=\"b\",index=\"articles\"} 1",
            "bisan_indexer_ready{server=\"a\"} 0",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
        let help = text
            .lines()
            .filter(|line| line.starts_with("# HELP bisan_indexer_ready"));
        assert_eq!(help.count(), 1);
    }

    #[test]
    fn metrics_are_prometheus_text() {
        let states = States::of(["one"].into_iter());
        let state = states.each().next().unwrap();
        let at: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        state.count("articles", |figures| {
            figures.rounds = 3;
            figures.followed_to = Some(at);
        });
        state.count("authors", |figures| figures.failures = 1);
        let text = states.metrics("2026-11-24T10:00:07Z".parse().unwrap(), &Silent::new());
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
