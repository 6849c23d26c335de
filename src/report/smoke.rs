//! What the smoke queries found.

mod junit;

pub use junit::xml;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalog::SmokeQuery;
use crate::figures::counted;
use crate::generation::smoke::SmokeAnswer;
use crate::report::page::{Mark, Page};
use crate::terminal::style;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every query was answered as by a good index.
    Passed,
    /// At least one was not.
    Failed,
}

/// What the smoke queries found.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Top {
    /// Its id.
    pub id: Value,
    /// Among the first so many.
    pub n: u64,
}

impl Asked {
    /// Of a query that was answered.
    pub fn new(query: &SmokeQuery, answer: SmokeAnswer) -> Self {
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
    pub fn name(&self) -> String {
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

    fn row(&self) -> [String; 4] {
        [
            Mark::of(self.passed).to_string(),
            self.name(),
            self.expectation(),
            format!("{} ms", self.milliseconds),
        ]
    }
}

impl SmokeReport {
    /// Of all indexes.
    pub fn new(indexes: Vec<IndexSmoked>) -> Self {
        let queries = || indexes.iter().flat_map(|index| &index.queries);
        let failed = queries().filter(|query| !query.passed).count() as u64;
        Self {
            outcome: match failed {
                0 => Outcome::Passed,
                _ => Outcome::Failed,
            },
            asked: queries().count() as u64,
            failed,
            indexes,
        }
    }

    /// A line for each query that failed.
    pub fn failures(&self) -> impl Iterator<Item = String> {
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
        let mut page = Page::default();
        for index in &self.indexes {
            page.line(style(&index.uid).bold());
            page.table(index.queries.iter().map(Asked::row));
            if index.queries.is_empty() {
                page.note("no smoke query");
            }
        }
        let asked = counted(self.asked, "query", "queries");
        match self.failed {
            0 => page.line(format_args!("{} {asked} passed", Mark::Good)),
            failed => page.line(format_args!("{} {failed} of {asked} failed", Mark::Bad)),
        }
        page.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    #[test]
    fn the_summary_is_a_table_with_a_verdict() {
        let report: SmokeReport = documented("smoke");
        let text = report.summary();
        assert!(
            text.contains("✔  \"القدس\" {\"filter\":\"category = \\\"أخبار\\\"\"}"),
            "{text}"
        );
        assert!(
            text.contains("212 hits (at least 1), 7 at 2 (within 5)  3 ms"),
            "{text}"
        );
        assert!(text.ends_with("✘ 1 of 2 queries failed\n"), "{text}");
        let failures: Vec<String> = report.failures().collect();
        assert_eq!(
            failures,
            ["articles: \"غزة\": 4 hits, and at least 10 are wanted"]
        );
    }
}
