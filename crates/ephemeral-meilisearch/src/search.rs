//! One search in one index, answered as Meilisearch answers it.
//!
//! [`query`] reads what is asked, this file puts the question to the engine, [`hits`] turns what it found into documents
//! with [`formatting`] their marked and cropped copies, and [`facets`] counts.

use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use milli_core::heed::RoTxn;
use milli_core::score_details::ScoringStrategy;
use milli_core::{AscDesc, Filter, Index, SortError, TimeBudget};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::like::{Feature, Like};

mod facets;
mod formatting;
mod hits;
pub mod locales;
mod parameters;
pub mod query;
mod word_sizes;

pub use query::SearchQuery;

/// How many hits can be reached if the index does not say otherwise.
const DEFAULT_MAX_TOTAL_HITS: usize = 1000;

/// Answers one search.
pub fn search(
    index: &Index,
    query: &SearchQuery,
    like: Like,
) -> Result<Map<String, Value>, ApiError> {
    let started = Instant::now();
    let sized = word_sizes::transaction(index, query, like)?;
    let plain;
    let rtxn: &RoTxn<'_> = match &sized {
        Some(sized) => sized,
        None => {
            plain = index.read_txn()?;
            &plain
        }
    };
    let max_total_hits = index
        .pagination_max_total_hits(rtxn)?
        .map_or(DEFAULT_MAX_TOTAL_HITS, |max| max as usize);
    let window = Window::of(query, max_total_hits);

    let mut search = index.search(rtxn);
    search
        .offset(window.offset)
        .limit(window.limit)
        .terms_matching_strategy(query.matching_strategy)
        .exhaustive_number_hits(query.counts_pages())
        .scoring_strategy(scoring(query))
        .time_budget(time_budget(index.search_cutoff(rtxn)?));
    if let Some(text) = &query.q {
        search.query(text);
    }
    if let Some(filter) = filter(query)? {
        search.filter(filter);
    }
    if let Some(sort) = &query.sort {
        search.sort_criteria(criteria(sort)?);
    }
    if let Some(attribute) = &query.distinct {
        search.distinct(attribute.clone());
    }
    if let Some(attributes) = &query.attributes_to_search_on {
        search.searchable_attributes(attributes);
    }
    if let Some(score) = query.ranking_score_threshold {
        search.ranking_score_threshold(score);
    }
    if let Some(languages) = &query.locales {
        search.locales(languages.clone());
    }
    let found = search.execute()?;

    let found_in_all = found.candidates.len() as usize;
    let total = match like.has(Feature::TotalsBeyondMost) {
        true => found_in_all,
        false => found_in_all.min(max_total_hits),
    };
    let scored = found
        .documents_ids
        .iter()
        .copied()
        .zip(&found.document_scores);
    let hits = hits::make(index, rtxn, query, like, found.matching_words, scored)?;
    let facets = match &query.facets {
        Some(names) => Some(facets::count(index, rtxn, names, found.candidates)?),
        None => None,
    };

    let mut answer = Map::new();
    answer.insert("hits".into(), Value::Array(hits));
    answer.insert(
        "query".into(),
        json!(query.q.as_deref().unwrap_or_default()),
    );
    answer.insert(
        "processingTimeMs".into(),
        json!(started.elapsed().as_millis() as u64),
    );
    window.describe(query, total, &mut answer);
    if let Some(facets) = facets {
        answer.insert("facetDistribution".into(), facets.distribution);
        answer.insert("facetStats".into(), facets.stats);
    }
    if like.has(Feature::RequestUid) {
        answer.insert("requestUid".into(), json!(request_uid().to_string()));
    }
    Ok(answer)
}

/// Which part of the hits is wanted: nothing beyond the index's limit can be reached.
struct Window {
    offset: usize,
    limit: usize,
}

impl Window {
    fn of(query: &SearchQuery, max_total_hits: usize) -> Self {
        let (offset, limit) = if query.counts_pages() {
            match query.page.unwrap_or(1).checked_sub(1) {
                Some(before) => (query.page_size().saturating_mul(before), query.page_size()),
                // Page 0 is the way to ask for the counts alone.
                None => (0, 0),
            }
        } else {
            (query.offset, query.limit)
        };
        let offset = offset.min(max_total_hits);
        Self {
            offset,
            limit: limit.min(max_total_hits - offset),
        }
    }

    fn describe(&self, query: &SearchQuery, total: usize, answer: &mut Map<String, Value>) {
        if query.counts_pages() {
            let pages = match query.page_size() {
                0 => 0,
                size => total.div_ceil(size),
            };
            answer.insert("hitsPerPage".into(), json!(query.page_size()));
            answer.insert("page".into(), json!(query.page.unwrap_or(1)));
            answer.insert("totalPages".into(), json!(pages));
            answer.insert("totalHits".into(), json!(total));
        } else {
            answer.insert("limit".into(), json!(query.limit));
            answer.insert("offset".into(), json!(self.offset));
            answer.insert("estimatedTotalHits".into(), json!(total));
        }
    }
}

fn scoring(query: &SearchQuery) -> ScoringStrategy {
    let wanted = query.show_ranking_score
        || query.show_ranking_score_details
        || query.ranking_score_threshold.is_some();
    if wanted {
        ScoringStrategy::Detailed
    } else {
        ScoringStrategy::Skip
    }
}

/// The real server stops ranking after 1500 ms. An engine built without optimisation is ten times slower, and tests
/// whose hits depend on the machine's load are worse than slow ones; so only a limit that was set counts.
fn time_budget(cutoff_ms: Option<u64>) -> TimeBudget {
    match cutoff_ms {
        Some(milliseconds) => TimeBudget::new(Duration::from_millis(milliseconds)),
        None => TimeBudget::max(),
    }
}

fn filter(query: &SearchQuery) -> Result<Option<Filter<'_>>, ApiError> {
    let Some(expression) = &query.filter else {
        return Ok(None);
    };
    let filter = Filter::from_json(expression)?;
    if filter
        .as_ref()
        .is_some_and(|filter| filter.use_contains_operator().is_some())
    {
        return Err(ApiError::new(
            "feature_not_enabled",
            "Using `CONTAINS` in a filter requires enabling the `contains filter` experimental feature. See https://github.com/orgs/meilisearch/discussions/763",
        ));
    }
    Ok(filter)
}

fn criteria(sort: &[String]) -> Result<Vec<AscDesc>, ApiError> {
    sort.iter()
        .map(|criterion| AscDesc::from_str(criterion))
        .collect::<Result<_, _>>()
        .map_err(|error| milli_core::Error::from(SortError::from(error)).into())
}

/// A uid of version 7, whose order is that of time.
fn request_uid() -> uuid::Uuid {
    let milliseconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64);
    let random = *uuid::Uuid::new_v4().as_bytes();
    let mut tail = [0; 10];
    tail.copy_from_slice(&random[..10]);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &tail).into_uuid()
}

#[cfg(test)]
mod tests;
