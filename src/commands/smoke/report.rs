//! What the smoke queries found: for people and for programs. Fields are only ever added.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::catalog::SmokeQuery;
use crate::generation::smoke::SmokeAnswer;
use crate::report::{aligned, counted};
use crate::terminal::style;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every query was answered as by a good index.
    Passed,
    /// At least one was not.
    Failed,
}

/// What the smoke queries found.
#[derive(Clone, Debug, Serialize)]
pub struct SmokeReport {
    /// How it ended.
    pub outcome: Outcome,
    /// Queries that were asked.
    pub asked: u64,
    /// Queries that failed.
    pub failed: u64,
    /// One entry an index.
    pub indexes: Vec<IndexSmoked>,
}

/// One index.
#[derive(Clone, Debug, Serialize)]
pub struct IndexSmoked {
    /// The definition's name.
    pub index: String,
    /// What was asked.
    pub uid: String,
    /// Which generation lies there.
    pub created_at: String,
    /// One entry a query, in the order of the file.
    pub queries: Vec<Asked>,
}

/// One query and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// What a reader would type.
    pub q: String,
    /// The search parameters that were sent with it.
    pub search: Map<String, Value>,
    /// As many hits there had to be.
    pub min_hits: u64,
    /// As many there were.
    pub hits: u64,
    /// The document that had to be among the first; null where none had to.
    pub in_top: Option<Top>,
    /// At which place it came, from 1; null where it did not, or where none was looked for.
    pub rank: Option<u64>,
    /// The server's own time.
    pub milliseconds: u64,
    /// Whether that is what a good index answers.
    pub passed: bool,
    /// Why not.
    pub failure: Option<String>,
}

/// A document that must be among the first.
#[derive(Clone, Debug, Serialize)]
pub struct Top {
    /// Its id.
    pub id: Value,
    /// Among the first so many.
    pub n: u64,
}

impl Asked {
    pub(super) fn new(query: &SmokeQuery, answer: SmokeAnswer) -> Self {
        Self {
            q: query.q.clone(),
            search: query.search.clone(),
            min_hits: query.min_hits,
            hits: answer.hits,
            in_top: query.in_top.as_ref().map(|top| Top {
                id: top.id.clone(),
                n: top.n,
            }),
            rank: answer.rank,
            milliseconds: answer.milliseconds,
            passed: answer.failure.is_none(),
            failure: answer.failure.map(|failure| failure.to_string()),
        }
    }

    /// The query as a person recognises it: what is typed, and the parameters that tell it from others.
    pub(super) fn name(&self) -> String {
        let q = Value::from(self.q.as_str()).to_string();
        match self.search.is_empty() {
            true => q,
            false => format!("{q} {}", Value::Object(self.search.clone())),
        }
    }

    fn expectation(&self) -> String {
        let place = self.in_top.as_ref().map(|top| match self.rank {
            Some(rank) => format!(", {} at {rank} (within {})", top.id, top.n),
            None => format!(", {} not found (within {})", top.id, top.n),
        });
        format!(
            "{} (at least {}){}",
            counted(self.hits, "hit", "hits"),
            self.min_hits,
            place.unwrap_or_default()
        )
    }
}

impl SmokeReport {
    pub(super) fn new(indexes: Vec<IndexSmoked>) -> Self {
        let queries = || indexes.iter().flat_map(|index| &index.queries);
        let failed = queries().filter(|query| !query.passed).count() as u64;
        Self {
            outcome: if failed == 0 {
                Outcome::Passed
            } else {
                Outcome::Failed
            },
            asked: queries().count() as u64,
            failed,
            indexes,
        }
    }

    /// A line for each query that failed.
    pub(super) fn failures(&self) -> impl Iterator<Item = String> {
        self.indexes.iter().flat_map(|index| {
            let failed = index
                .queries
                .iter()
                .filter_map(|query| Some((query, query.failure.as_ref()?)));
            failed.map(|(query, why)| format!("{}: {}: {why}", index.uid, query.name()))
        })
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let tick = style("✔").green().bold().to_string();
        let cross = style("✘").red().bold().to_string();
        let mut text = String::new();
        for index in &self.indexes {
            let _ = writeln!(text, "{}", style(&index.uid).bold());
            let rows: Vec<[String; 4]> = index
                .queries
                .iter()
                .map(|query| {
                    [
                        if query.passed {
                            tick.clone()
                        } else {
                            cross.clone()
                        },
                        query.name(),
                        query.expectation(),
                        format!("{} ms", query.milliseconds),
                    ]
                })
                .collect();
            text.push_str(&aligned(&rows));
            if index.queries.is_empty() {
                text.push_str("  no smoke query\n");
            }
        }
        let asked = counted(self.asked, "query", "queries");
        let _ = match self.failed {
            0 => writeln!(text, "{tick} {asked} passed"),
            failed => writeln!(text, "{cross} {failed} of {asked} failed"),
        };
        text
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::expect_documented;
    use serde_json::json;

    /// Every field is there: docs/json.md shows this very report.
    pub(in crate::commands::smoke) fn report() -> SmokeReport {
        SmokeReport::new(vec![IndexSmoked {
            index: "articles".to_owned(),
            uid: "articles".to_owned(),
            created_at: "2026-11-24T14:30:02.114209Z".to_owned(),
            queries: vec![
                Asked {
                    q: "القدس".to_owned(),
                    search: json!({"filter": "category = \"أخبار\""})
                        .as_object()
                        .unwrap()
                        .clone(),
                    min_hits: 1,
                    hits: 212,
                    in_top: Some(Top { id: json!(7), n: 5 }),
                    rank: Some(2),
                    milliseconds: 3,
                    passed: true,
                    failure: None,
                },
                Asked {
                    q: "غزة".to_owned(),
                    search: Map::new(),
                    min_hits: 10,
                    hits: 4,
                    in_top: None,
                    rank: None,
                    milliseconds: 1,
                    passed: false,
                    failure: Some("4 hits, and at least 10 are wanted".to_owned()),
                },
            ],
        }])
    }

    #[test]
    fn the_report_is_documented_field_by_field() {
        expect_documented("smoke", &report());
    }

    #[test]
    fn the_summary_is_a_table_with_a_verdict() {
        let text = report().summary();
        assert!(
            text.contains("✔  \"القدس\" {\"filter\":\"category = \\\"أخبار\\\"\"}"),
            "{text}"
        );
        assert!(
            text.contains("212 hits (at least 1), 7 at 2 (within 5)  3 ms"),
            "{text}"
        );
        assert!(text.ends_with("✘ 1 of 2 queries failed\n"), "{text}");
        let failures: Vec<String> = report().failures().collect();
        assert_eq!(
            failures,
            ["articles: \"غزة\": 4 hits, and at least 10 are wanted"]
        );
    }
}
