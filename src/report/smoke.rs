//! What the smoke queries found.

mod junit;
mod summary;

pub use junit::xml;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalog::{IndexDefinition, SmokeQuery};
use crate::generation::smoke::{Relevance, SetAnswer, SmokeAnswer};
use crate::meilisearch::IndexInfo;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every query was answered as by a good index, and of each set as many as have to be.
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
    /// Queries that failed; those of a set only where too many of it did.
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
    /// The sets of which a share has to be right.
    pub sets: Vec<Set>,
    /// The share of the documents to be found that are; null where no query names one.
    pub recall: Option<f64>,
    /// The mean reciprocal rank of the first of them: 1 where each query has it first.
    pub mrr: Option<f64>,
    /// The same of another generation; null without `--compare`.
    pub compared: Option<Compared>,
}

/// A set of queries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Set {
    /// The share that has to be right.
    pub at_least: f64,
    /// As many queries that is.
    pub needed: u64,
    /// Queries that were answered rightly.
    pub right: u64,
    /// Queries of the set.
    pub asked: u64,
    /// Whether enough were right.
    pub passed: bool,
}

/// What another generation answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Compared {
    /// Where it lies.
    pub uid: String,
    /// Which generation it is.
    pub created_at: String,
    /// As of the index.
    pub recall: Option<f64>,
    /// As of the index.
    pub mrr: Option<f64>,
    /// Queries that are answered rightly now and were not by it.
    pub gained: u64,
    /// Queries that it answered rightly, and that are not now.
    pub lost: u64,
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
    /// The one document that had to be among the first; null where none had to, or several.
    pub in_top: Option<Top>,
    /// At which place the first document came that had to be found, from 1; null where none did, or none had to.
    pub rank: Option<u64>,
    /// The server's own time.
    pub milliseconds: u64,
    /// Whether that is what a good index answers.
    pub passed: bool,
    /// Why not.
    pub failure: Option<String>,
    /// The documents that had to be found.
    pub finds: Vec<Found>,
    /// The documents that should not be.
    pub not: Vec<Found>,
    /// How far down both were looked for; null for as far as is looked.
    pub within: Option<u64>,
    /// The place of its set in `sets`, from 0; null where it stands alone.
    pub set: Option<u64>,
    /// The answer of the generation that is compared with.
    pub compared: Option<ComparedAnswer>,
}

/// A document that must be among the first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Top {
    /// Its id.
    pub id: Value,
    /// Among the first so many.
    pub n: u64,
}

/// A document that was looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Its id.
    pub id: Value,
    /// At which place it came, from 1; null where it did not.
    pub rank: Option<u64>,
}

/// What another generation answered to a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedAnswer {
    /// As many hits there were.
    pub hits: u64,
    /// At which place the first document came that had to be found.
    pub rank: Option<u64>,
    /// Whether that is what a good index answers.
    pub passed: bool,
    /// Why not.
    pub failure: Option<String>,
}

impl IndexSmoked {
    /// Of an index and the answers to each set of its definition.
    pub fn new(definition: &IndexDefinition, index: IndexInfo, found: &[SetAnswer]) -> Self {
        let mut sets = Vec::new();
        let mut queries = Vec::new();
        for (set, found) in definition.smoke.iter().zip(found) {
            let its = set.at_least.map(|at_least| {
                sets.push(Set {
                    at_least,
                    needed: set.needed(),
                    right: found.right(),
                    asked: set.queries.len() as u64,
                    passed: found.passed(),
                });
                sets.len() as u64 - 1
            });
            let answered = set.queries.iter().zip(&found.answers);
            queries.extend(answered.map(|(query, answer)| Asked::new(query, answer, its)));
        }
        let relevance = relevance(found);
        Self {
            index: definition.name.clone(),
            uid: index.uid,
            created_at: index.created_at,
            queries,
            sets,
            recall: relevance.map(|relevance| relevance.recall),
            mrr: relevance.map(|relevance| relevance.mrr),
            compared: None,
        }
    }

    /// The same beside what another generation answers to the same sets.
    pub fn compared_with(mut self, other: IndexInfo, found: &[SetAnswer]) -> Self {
        let answers = found.iter().flat_map(|set| &set.answers);
        for (query, answer) in self.queries.iter_mut().zip(answers) {
            query.compared = Some(ComparedAnswer {
                hits: answer.hits,
                rank: answer.rank(),
                passed: answer.failure.is_none(),
                failure: answer.failure.as_ref().map(ToString::to_string),
            });
        }
        let relevance = relevance(found);
        let count = |now: bool, before: bool| {
            let queries = self.queries.iter().filter(|query| {
                let its = query.compared.as_ref().map(|compared| compared.passed);
                query.passed == now && its == Some(before)
            });
            queries.count() as u64
        };
        self.compared = Some(Compared {
            uid: other.uid,
            created_at: other.created_at,
            recall: relevance.map(|relevance| relevance.recall),
            mrr: relevance.map(|relevance| relevance.mrr),
            gained: count(true, false),
            lost: count(false, true),
        });
        self
    }

    /// Whether a query failed that should not have: of a set that has enough right ones, some may.
    pub fn counts(&self, query: &Asked) -> bool {
        let set = query.set.and_then(|set| self.sets.get(set as usize));
        !query.passed && set.is_none_or(|set| !set.passed)
    }
}

fn relevance(found: &[SetAnswer]) -> Option<Relevance> {
    Relevance::of(found.iter().flat_map(|set| &set.answers))
}

impl Asked {
    /// Of a query that was answered, and the place of its set.
    fn new(query: &SmokeQuery, answer: &SmokeAnswer, set: Option<u64>) -> Self {
        let found = |ids: &[Value], places: &[Option<u64>]| -> Vec<Found> {
            let found = ids.iter().zip(places);
            found
                .map(|(id, rank)| Found {
                    id: id.clone(),
                    rank: *rank,
                })
                .collect()
        };
        let in_top = match (&query.finds[..], query.in_top) {
            ([id], Some(n)) => Some(Top { id: id.clone(), n }),
            _ => None,
        };
        Self {
            q: query.q.clone(),
            search: query.search.clone(),
            min_hits: query.min_hits,
            hits: answer.hits,
            in_top,
            rank: answer.rank(),
            milliseconds: answer.milliseconds,
            passed: answer.failure.is_none(),
            failure: answer.failure.as_ref().map(ToString::to_string),
            finds: found(&query.finds, &answer.finds),
            not: found(&query.not, &answer.not),
            within: query.in_top,
            set,
            compared: None,
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
}

impl SmokeReport {
    /// Of all indexes.
    pub fn new(indexes: Vec<IndexSmoked>) -> Self {
        let asked = indexes.iter().map(|index| index.queries.len() as u64).sum();
        let failed = |index: &IndexSmoked| {
            let failed = index.queries.iter().filter(|query| index.counts(query));
            failed.count() as u64
        };
        let failed = indexes.iter().map(failed).sum();
        Self {
            outcome: match failed {
                0 => Outcome::Passed,
                _ => Outcome::Failed,
            },
            asked,
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
                .filter(|query| index.counts(query))
                .filter_map(|query| Some((query, query.failure.as_ref()?)));
            failed.map(|(query, why)| format!("{}: {}: {why}", index.uid, query.name()))
        })
    }
}

#[cfg(test)]
mod tests;
