//! From the ids that the engine found to the documents that a client sees.

use std::collections::BTreeSet;
use std::str::FromStr;

use milli_core::score_details::ScoreDetails;
use milli_core::tokenizer::TokenizerBuilder;
use milli_core::{
    AscDesc, FieldId, FieldsIdsMap, Index, MatcherBuilder, MatchingWords, Member, all_obkv_to_json,
    distance_between_two_points, heed,
};
use permissive_json_pointer::select_values;
use serde_json::{Map, Value, json};

use super::formatting::{Formatter, Plan};
use super::query::SearchQuery;
use crate::error::ApiError;
use crate::like::Like;

/// Where documents keep their embeddings, which are not shown.
const VECTORS: &str = "_vectors";

/// The hits, in the order in which the engine ranked them.
pub(super) fn make<'a>(
    index: &Index,
    rtxn: &heed::RoTxn<'_>,
    query: &SearchQuery,
    like: Like,
    words: MatchingWords,
    found: impl Iterator<Item = (u32, &'a Vec<ScoreDetails>)>,
) -> Result<Vec<Value>, ApiError> {
    let fields = index.fields_ids_map(rtxn)?;
    let displayed: BTreeSet<FieldId> = match index.displayed_fields_ids(rtxn)? {
        Some(ids) => ids.into_iter().collect(),
        None => fields.ids().collect(),
    };
    let retrieved = retrieved(query, &fields, &displayed);
    let names: Vec<&str> = retrieved
        .iter()
        .filter_map(|id| fields.name(*id))
        .filter(|name| *name != VECTORS)
        .collect();

    let separators = index.allowed_separators(rtxn)?;
    let separators: Option<Vec<&str>> = separators
        .as_ref()
        .map(|set| set.iter().map(String::as_str).collect());
    let dictionary = index.dictionary(rtxn)?;
    let dictionary: Option<Vec<&str>> = dictionary
        .as_ref()
        .map(|set| set.iter().map(String::as_str).collect());
    let mut tokenizer = TokenizerBuilder::default();
    tokenizer.create_char_map(true);
    if let Some(separators) = &separators {
        tokenizer.separators(separators);
    }
    if let Some(dictionary) = &dictionary {
        tokenizer.words_dict(dictionary);
    }
    let mut matcher = MatcherBuilder::new(words, tokenizer.build());
    matcher.crop_marker(query.crop_marker.clone());
    matcher.highlight_prefix(query.highlight_pre_tag.clone());
    matcher.highlight_suffix(query.highlight_post_tag.clone());

    let formatter = Formatter {
        matcher,
        plan: Plan::of(query, &fields, &displayed, &retrieved),
        displayed: displayed.iter().filter_map(|id| fields.name(*id)).collect(),
        localized: index.localized_attributes_rules(rtxn)?.unwrap_or_default(),
        locales: query.locales.as_deref(),
        shows_positions: query.show_matches_position,
        like,
    };
    let origin = origin_of_distances(query);

    let mut hits = Vec::new();
    for (id, scores) in found {
        let document = all_obkv_to_json(index.document(rtxn, id)?, &fields)?;
        let mut hit = select_values(&document, names.iter().copied());
        if let Some(distance) = origin.and_then(|origin| distance(&origin, &hit)) {
            hit.insert("_geoDistance".into(), json!(distance));
        }
        formatter.add_to(&mut hit, document);
        if query.show_ranking_score {
            let score = ScoreDetails::global_score(scores.iter());
            hit.insert("_rankingScore".into(), json!(score));
        }
        if query.show_ranking_score_details {
            let details = ScoreDetails::to_json_map(scores.iter());
            hit.insert("_rankingScoreDetails".into(), Value::Object(details));
        }
        hits.push(Value::Object(hit));
    }
    Ok(hits)
}

/// The fields of a hit: those asked for, of those that the index shows.
fn retrieved(
    query: &SearchQuery,
    fields: &FieldsIdsMap,
    displayed: &BTreeSet<FieldId>,
) -> BTreeSet<FieldId> {
    match &query.attributes_to_retrieve {
        Some(names) if names.iter().all(|name| name != "*") => names
            .iter()
            .filter_map(|name| fields.id(name))
            .filter(|id| displayed.contains(id))
            .collect(),
        _ => displayed.clone(),
    }
}

/// The point from which `_geoDistance` is measured, if the hits are sorted by one.
fn origin_of_distances(query: &SearchQuery) -> Option<[f64; 2]> {
    query
        .sort
        .iter()
        .flatten()
        .find_map(|criterion| match AscDesc::from_str(criterion).ok()? {
            AscDesc::Asc(Member::Geo(point)) | AscDesc::Desc(Member::Geo(point)) => Some(point),
            _ => None,
        })
}

/// Metres from the origin to the document.
fn distance(origin: &[f64; 2], document: &Map<String, Value>) -> Option<u64> {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let place = document.get("_geo")?;
    let point = [number(place.get("lat")?)?, number(place.get("lng")?)?];
    Some(distance_between_two_points(origin, &point).round() as u64)
}
