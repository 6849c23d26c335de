//! Reading documents out of an index.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use milli_core::heed::RoTxn;
use milli_core::{Filter, Index, all_obkv_to_json};
use roaring::RoaringBitmap;
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// Which documents to list, and what of each.
#[derive(Debug, Default)]
pub struct Listing {
    pub offset: usize,
    pub limit: usize,
    /// Top-level fields or dotted paths; all if there are none.
    pub fields: Option<Vec<String>>,
    pub filter: Option<Value>,
    pub ids: Option<Vec<String>>,
    pub sort: Option<Vec<String>>,
}

/// A page of documents.
///
/// Without `sort` they come in the order of internal ids: neither the order of insertion nor that of the ids outside.
pub fn list(index: &Index, listing: &Listing) -> Result<Value, ApiError> {
    let rtxn = index.read_txn()?;
    let mut candidates = index.documents_ids(&rtxn)?;
    if let Some(filter) = &listing.filter {
        candidates &= filtered(index, &rtxn, filter)?;
    }
    if let Some(ids) = &listing.ids {
        let known = index.external_documents_ids();
        let mut chosen = RoaringBitmap::new();
        for id in ids {
            chosen.extend(known.get(&rtxn, id)?);
        }
        candidates &= chosen;
    }
    let total = candidates.len();
    let page: Vec<u32> = match listing.sort.as_deref() {
        None | Some([]) => candidates
            .iter()
            .skip(listing.offset)
            .take(listing.limit)
            .collect(),
        Some(rules) => sorted(index, &rtxn, rules, candidates, listing)?,
    };
    let names = index.fields_ids_map(&rtxn)?;
    let mut results = Vec::with_capacity(page.len());
    for (_, document) in index.documents(&rtxn, page)? {
        results.push(Value::Object(only(
            all_obkv_to_json(document, &names)?,
            listing.fields.as_deref(),
        )));
    }
    Ok(
        json!({ "results": results, "offset": listing.offset, "limit": listing.limit, "total": total }),
    )
}

/// The candidates in the order of the rules. The engine's own sorting is behind a search with a `sort` ranking rule, which
/// an index need not have, so the values are read from the documents; fine for what a throw-away server holds.
fn sorted(
    index: &Index,
    rtxn: &RoTxn<'_>,
    rules: &[String],
    candidates: RoaringBitmap,
    listing: &Listing,
) -> Result<Vec<u32>, ApiError> {
    let rules = rules
        .iter()
        .map(|rule| sort_rule(index, rtxn, rule))
        .collect::<Result<Vec<_>, _>>()?;
    let names = index.fields_ids_map(rtxn)?;
    let mut keyed = Vec::new();
    for document in index.iter_documents(rtxn, candidates)? {
        let (id, document) = document?;
        let document = all_obkv_to_json(document, &names)?;
        let key: Vec<SortKey> = rules
            .iter()
            .map(|(field, ascending)| sort_key(&document, field, *ascending))
            .collect();
        keyed.push((key, id));
    }
    keyed.sort_by(|(left, left_id), (right, right_id)| {
        let values = left.iter().zip(right).zip(&rules);
        let by_value =
            values.map(|((left, right), (_, ascending))| left.compare(right, *ascending));
        by_value
            .fold(Ordering::Equal, Ordering::then)
            .then(left_id.cmp(right_id))
    });
    Ok(keyed
        .into_iter()
        .map(|(_, id)| id)
        .skip(listing.offset)
        .take(listing.limit)
        .collect())
}

/// A field and whether its smallest value comes first.
fn sort_rule(index: &Index, rtxn: &RoTxn<'_>, rule: &str) -> Result<(String, bool), ApiError> {
    let code = "invalid_document_sort";
    let (field, ascending) = match rule.rsplit_once(':') {
        Some((field, "asc")) => (field, true),
        Some((field, "desc")) => (field, false),
        _ => {
            let why = "expected expression ending by `:asc` or `:desc`";
            return Err(ApiError::new(
                code,
                format!("Invalid syntax for the sort parameter: {why}, found `{rule}`."),
            ));
        }
    };
    let sortable: BTreeSet<String> = index.sortable_fields(rtxn)?.into_iter().collect();
    if sortable.contains(field) {
        return Ok((field.to_owned(), ascending));
    }
    let known = match sortable.is_empty() {
        true => "This index does not have configured sortable attributes.".to_owned(),
        false => {
            let names: Vec<&str> = sortable.iter().map(String::as_str).collect();
            format!("Available sortable attributes are: `{}`.", names.join(", "))
        }
    };
    Err(ApiError::new(
        code,
        format!("Attribute `{field}` is not sortable. {known}"),
    ))
}

/// What a document is sorted by. Numbers come before texts and texts before nothing, in both directions.
enum SortKey {
    Number(f64),
    Text(String),
    Nothing,
}

impl SortKey {
    fn compare(&self, other: &Self, ascending: bool) -> Ordering {
        let turned = |order: Ordering| if ascending { order } else { order.reverse() };
        match (self, other) {
            (SortKey::Number(left), SortKey::Number(right)) => turned(left.total_cmp(right)),
            (SortKey::Text(left), SortKey::Text(right)) => turned(left.cmp(right)),
            (left, right) => left.rank().cmp(&right.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            SortKey::Number(_) => 0,
            SortKey::Text(_) => 1,
            SortKey::Nothing => 2,
        }
    }
}

/// The value of a field; of an array, the one that comes first.
fn sort_key(document: &Map<String, Value>, field: &str, ascending: bool) -> SortKey {
    let selected = permissive_json_pointer::select_values(document, [field]);
    let mut value = Some(&Value::Null);
    if let Some(first) = selected.values().next() {
        value = Some(first);
    }
    while let Some(Value::Object(inner)) = value {
        value = inner.values().next();
    }
    let values = match value {
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    };
    let keys = values.into_iter().map(|value| match value {
        Value::Number(number) => SortKey::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => SortKey::Text(text.to_lowercase()),
        _ => SortKey::Nothing,
    });
    keys.min_by(|left, right| left.compare(right, ascending))
        .unwrap_or(SortKey::Nothing)
}

/// The documents that a filter leaves, as the documents routes name its errors.
pub fn filtered(
    index: &Index,
    rtxn: &RoTxn<'_>,
    filter: &Value,
) -> Result<RoaringBitmap, ApiError> {
    let as_document_error = |error: milli_core::Error| {
        let error = ApiError::from(error);
        match error.code {
            "invalid_search_filter" => error.with_code("invalid_document_filter"),
            _ => error,
        }
    };
    match parse_filter(filter)? {
        Some(filter) => filter.evaluate(rtxn, index).map_err(as_document_error),
        None => Ok(index.documents_ids(rtxn)?),
    }
}

/// Reads a filter, a text or nested arrays; `None` if it filters nothing.
pub fn parse_filter(filter: &Value) -> Result<Option<Filter<'_>>, ApiError> {
    let parsed = match filter {
        Value::String(text) => Filter::from_str(text),
        Value::Array(_) => Filter::from_json(filter),
        other => {
            let why = format!(
                "Invalid syntax for the filter parameter: `expected String, Array, found: {other}`."
            );
            return Err(ApiError::new("invalid_document_filter", why));
        }
    };
    parsed.map_err(|error| ApiError::from(error).with_code("invalid_document_filter"))
}

/// The ids outside of documents, as they are needed to delete them.
pub fn external_ids(
    index: &Index,
    rtxn: &RoTxn<'_>,
    documents: RoaringBitmap,
) -> Result<Vec<String>, ApiError> {
    let ids = index.external_id_of(rtxn, documents)?;
    Ok(ids.into_iter().collect::<Result<_, milli_core::Error>>()?)
}

/// One document.
pub fn get(index: &Index, id: &str, fields: Option<&[String]>) -> Result<Value, ApiError> {
    let rtxn = index.read_txn()?;
    let Some(internal) = index.external_documents_ids().get(&rtxn, id)? else {
        return Err(ApiError::new(
            "document_not_found",
            format!("Document `{id}` not found."),
        ));
    };
    let names = index.fields_ids_map(&rtxn)?;
    let document = all_obkv_to_json(index.document(&rtxn, internal)?, &names)?;
    Ok(Value::Object(only(document, fields)))
}

fn only(document: Map<String, Value>, fields: Option<&[String]>) -> Map<String, Value> {
    match fields {
        Some(fields) => {
            permissive_json_pointer::select_values(&document, fields.iter().map(String::as_str))
        }
        None => document,
    }
}
