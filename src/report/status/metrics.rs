//! `status` as Prometheus reads it.

use jiff::Timestamp;

use super::{IndexStatus, StatusReport};
use crate::report::prometheus::{family, labels};

const GAUGE: &str = "gauge";
const UP: &str = "bisan_indexer_up";
const UP_HELP: &str = "Whether Meilisearch answers.";

/// A server: its name where there are several, and what it told; none where it does not answer.
pub type Asked<'r> = (Option<&'r str>, Option<&'r StatusReport>);

/// All metrics of these servers. A figure that is not known has no line.
pub fn metrics(servers: &[Asked<'_>]) -> String {
    let mut text = String::new();
    let up = servers
        .iter()
        .map(|(server, report)| (about(*server, &[]), Some(flag(report.is_some()))));
    family(&mut text, UP, GAUGE, UP_HELP, up);
    let told = || {
        servers
            .iter()
            .filter_map(|(server, report)| Some((*server, (*report)?)))
    };
    let versions = told().filter_map(|(server, report)| {
        let version = report.server.version.as_ref()?;
        Some((about(server, &[("version", version)]), Some(1.0)))
    });
    family(
        &mut text,
        "bisan_indexer_meilisearch_info",
        GAUGE,
        "The version of Meilisearch.",
        versions,
    );
    for (name, help, value) in OF_A_SERVER {
        let lines = told().map(|(server, report)| (about(server, &[]), value(report)));
        family(&mut text, name, GAUGE, help, lines);
    }
    for (name, help, value) in FIGURES {
        let each = told().flat_map(|(server, report)| {
            let indexes = report.indexes.iter();
            indexes.map(move |index| (server, index))
        });
        let lines = each.map(|(server, index)| {
            let labels = [
                ("index", index.index.as_str()),
                ("uid", index.live_uid.as_str()),
            ];
            (about(server, &labels), value(index))
        });
        family(&mut text, name, GAUGE, help, lines);
    }
    text
}

/// The labels of a line, none where there are none.
fn about(server: Option<&str>, others: &[(&str, &str)]) -> String {
    let server = server.map(|server| ("server", server));
    let all: Vec<_> = server.into_iter().chain(others.iter().copied()).collect();
    match all.is_empty() {
        true => String::new(),
        false => labels(&all),
    }
}

fn flag(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

fn number(number: Option<u64>) -> Option<f64> {
    number.map(|number| number as f64)
}

type ServerFigure = (&'static str, &'static str, fn(&StatusReport) -> Option<f64>);

/// The figures of one server, in the order in which they are printed.
const OF_A_SERVER: [ServerFigure; 5] = [
    (
        "bisan_indexer_meilisearch_size_bytes",
        "Bytes of Meilisearch's files.",
        |report| number(report.server.database_size),
    ),
    (
        "bisan_indexer_meilisearch_used_bytes",
        "Bytes of Meilisearch's files that are in use.",
        |report| number(report.server.used_database_size),
    ),
    (
        "bisan_indexer_queue_tasks",
        "Tasks that wait on Meilisearch or are at work, of whomever.",
        |report| number(report.queue.as_ref().map(|queue| queue.waiting)),
    ),
    (
        "bisan_indexer_wal_bytes",
        "Bytes of the database's write-ahead log.",
        |report| number(report.database.as_ref().map(|database| database.wal_bytes)),
    ),
    (
        "bisan_indexer_checked_timestamp_seconds",
        "When all of this was looked at.",
        |report| Some(seconds(report.checked_at)),
    ),
];

type Figure = (&'static str, &'static str, fn(&IndexStatus) -> Option<f64>);

/// The figures of one index, in the order in which they are printed.
const FIGURES: [Figure; 12] = [
    (
        "bisan_indexer_live_documents",
        "Documents of the live index.",
        |index| Some(index.live.as_ref()?.documents as f64),
    ),
    (
        "bisan_indexer_database_documents",
        "Documents that documents.sql returns.",
        |index| Some(index.database.as_ref()?.documents? as f64),
    ),
    (
        "bisan_indexer_missing_documents",
        "How many documents fewer the live index has than the database.",
        |index| Some(index.missing? as f64),
    ),
    (
        "bisan_indexer_live_created_timestamp_seconds",
        "When the live index was made.",
        |index| Some(seconds(index.live.as_ref()?.created_at.parse().ok()?)),
    ),
    (
        "bisan_indexer_followed_timestamp_seconds",
        "Until when the live index has followed the database.",
        |index| Some(seconds(index.live.as_ref()?.followed_until?)),
    ),
    (
        "bisan_indexer_newest_change_timestamp_seconds",
        "The newest change timestamp in the database.",
        |index| Some(seconds(index.database.as_ref()?.newest_change?)),
    ),
    (
        "bisan_indexer_tracks_edits",
        "Whether changes.sql shows every edit (1). Where not (0), an edit is found when documents are compared.",
        |index| Some(f64::from(u8::from(index.database.as_ref()?.tracks_edits))),
    ),
    (
        "bisan_indexer_waiting_documents",
        "Documents that changed after the live index last followed.",
        |index| Some(index.database.as_ref()?.waiting? as f64),
    ),
    (
        "bisan_indexer_waiting_seconds",
        "For how long the oldest change waits to be followed.",
        |index| Some(index.lag_seconds? as f64),
    ),
    (
        "bisan_indexer_definition_changed",
        "Whether the definition is another than the live index was built by.",
        |index| {
            Some(f64::from(u8::from(
                index.live.as_ref()?.definition_changed?,
            )))
        },
    ),
    (
        "bisan_indexer_retained_generations",
        "Generations that can be rolled back to.",
        |index| Some(index.retained.len() as f64),
    ),
    (
        "bisan_indexer_unfinished_builds",
        "Builds under construction, and what dead runs left of theirs.",
        |index| Some(index.builds.len() as f64),
    ),
];

/// Milliseconds are as fine as Prometheus is.
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_down_is_a_metric() {
        assert_eq!(
            metrics(&[(None, None)]),
            "# HELP bisan_indexer_up Whether Meilisearch answers.\n# TYPE bisan_indexer_up gauge\nbisan_indexer_up 0\n"
        );
    }
}
