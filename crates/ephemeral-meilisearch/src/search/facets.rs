//! Counting the values of attributes among everything that was found.

use milli_core::{DEFAULT_VALUES_PER_FACET, Index, heed};
use roaring::RoaringBitmap;
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// The counts, and the least and greatest number of each attribute that has numbers.
pub(super) struct Facets {
    pub distribution: Value,
    pub stats: Value,
}

/// Counts the values of the named attributes (`*`: of all that can be counted) among the candidates.
pub(super) fn count(
    index: &Index,
    rtxn: &heed::RoTxn<'_>,
    names: &[String],
    candidates: RoaringBitmap,
) -> Result<Facets, ApiError> {
    let order = index.sort_facet_values_by(rtxn)?;
    let max = index
        .max_values_per_facet(rtxn)?
        .map_or(DEFAULT_VALUES_PER_FACET, |max| max as usize);

    let mut counting = index.facets_distribution(rtxn);
    counting
        .max_values_per_facet(max)
        .candidates(candidates)
        .default_order_by(order.get("*"));
    // The engine counts every attribute if none is named.
    if names.iter().all(|name| name != "*") {
        counting.facets(names.iter().map(|name| (name, order.get(name))));
    }

    let distribution = counting.execute()?;
    let stats: Map<String, Value> = counting
        .compute_stats()?
        .into_iter()
        .map(|(name, (min, max))| (name, json!({ "min": min, "max": max })))
        .collect();
    Ok(Facets {
        distribution: json!(distribution),
        stats: Value::Object(stats),
    })
}
