//! `/indexes/{uid}/documents`: add, list, get, delete.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;

use super::{Answer, accepted, checked_uid};
use crate::documents::{self, Listing};
use crate::error::ApiError;
use crate::keys::Action;
use crate::like::{Feature, Like};
use crate::payload;
use crate::state::{AppState, blocking};
use crate::strict::{self, Query};
use crate::tasks::Kind;

/// The routes of this file.
pub fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route(
            "/indexes/{uid}/documents",
            get(list).post(replace).put(merge).delete(delete_all),
        )
        .route("/indexes/{uid}/documents/{id}", get(one).delete(delete_one))
        .route("/indexes/{uid}/documents/fetch", post(fetch))
        .route("/indexes/{uid}/documents/delete", post(delete_by_filter))
        .route("/indexes/{uid}/documents/delete-batch", post(delete_batch))
}

/// The names that a listing takes, in the order in which refusals list them.
fn listing_names(like: Like) -> Vec<&'static str> {
    let mut names = vec!["offset", "limit", "fields"];
    if like.has(Feature::RetrieveVectors) {
        names.push("retrieveVectors");
    }
    if like.has(Feature::FetchIds) {
        names.push("ids");
    }
    names.push("filter");
    if like.has(Feature::DocumentsSort) {
        names.push("sort");
    }
    if like.has(Feature::UseNetwork) {
        names.push("useNetwork");
    }
    names
}

async fn list(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    state.authorize(&headers, Action::DocumentsGet, Some(&uid))?;
    let mut query = Query::read(query.as_deref(), &listing_names(state.like))?;
    let text = |text: &str| Ok::<_, ApiError>(text.to_owned());
    let listing = Listing {
        offset: query
            .number("offset", "invalid_document_offset")?
            .unwrap_or(0),
        limit: query
            .number("limit", "invalid_document_limit")?
            .unwrap_or(20),
        fields: query.list("fields", "invalid_document_fields", text)?,
        // A filter in a URL is a text, or the arrays of the other form written as JSON.
        filter: query
            .text("filter")
            .map(|text| match serde_json::from_str(&text) {
                Ok(filter @ Value::Array(_)) => filter,
                _ => Value::String(text),
            }),
        ids: query.list("ids", "invalid_document_ids", text)?,
        sort: query.list("sort", "invalid_document_sort", text)?,
    };
    query.boolean("retrieveVectors", "invalid_document_retrieve_vectors")?;
    query.boolean("useNetwork", "invalid_document_use_network")?;
    answer_list(state, uid, listing).await
}

async fn fetch(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    state.authorize(&headers, Action::DocumentsGet, Some(&uid))?;
    let body = payload::json(&state, &headers, body).await?;
    let mut body = strict::Body::read(body, &listing_names(state.like))?;
    let listing = Listing {
        offset: body
            .optional("offset", "invalid_document_offset")?
            .unwrap_or(0),
        limit: body
            .optional("limit", "invalid_document_limit")?
            .unwrap_or(20),
        fields: body.optional("fields", "invalid_document_fields")?,
        filter: body.raw("filter").filter(|filter| !filter.is_null()),
        ids: match body.optional::<Vec<Value>>("ids", "invalid_document_ids")? {
            Some(ids) => Some(ids.into_iter().map(listed_id).collect::<Result<_, _>>()?),
            None => None,
        },
        sort: match body.raw("sort") {
            None | Some(Value::Null) => None,
            Some(Value::String(rules)) => Some(
                rules
                    .split(',')
                    .map(|rule| rule.trim().to_owned())
                    .collect(),
            ),
            Some(rules) => Some(strict::typed(
                rules,
                deserr::ValuePointerRef::Origin.push_key("sort"),
                "invalid_document_sort",
            )?),
        },
    };
    body.optional::<bool>("retrieveVectors", "invalid_document_retrieve_vectors")?;
    body.optional::<bool>("useNetwork", "invalid_document_use_network")?;
    answer_list(state, uid, listing).await
}

fn listed_id(id: Value) -> Result<String, ApiError> {
    match id {
        Value::String(id) => Ok(id),
        Value::Number(id) if !id.is_f64() => Ok(id.to_string()),
        other => {
            let why = format!("Invalid value at `.ids`: `{other}` is no document identifier");
            Err(ApiError::new("invalid_document_ids", why))
        }
    }
}

async fn answer_list(state: Arc<AppState>, uid: String, listing: Listing) -> Answer {
    checked_uid(&uid)?;
    blocking(move || Ok(Json(documents::list(&state.index(&uid)?, &listing)?))).await
}

async fn one(
    State(state): State<Arc<AppState>>,
    Path((uid, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    state.authorize(&headers, Action::DocumentsGet, Some(&uid))?;
    checked_uid(&uid)?;
    let known: &[&str] = match state.like.has(Feature::RetrieveVectors) {
        true => &["fields", "retrieveVectors"],
        false => &["fields"],
    };
    let mut query = Query::read(query.as_deref(), known)?;
    let fields = query.list("fields", "invalid_document_fields", |text| {
        Ok::<_, ApiError>(text.to_owned())
    })?;
    query.boolean("retrieveVectors", "invalid_document_retrieve_vectors")?;
    blocking(move || {
        Ok(Json(documents::get(
            &state.index(&uid)?,
            &id,
            fields.as_deref(),
        )?))
    })
    .await
}

async fn replace(
    state: State<Arc<AppState>>,
    uid: Path<String>,
    query: RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    add(state, uid, query, headers, body, true).await
}

async fn merge(
    state: State<Arc<AppState>>,
    uid: Path<String>,
    query: RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    add(state, uid, query, headers, body, false).await
}

async fn add(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
    replace: bool,
) -> Result<Response, ApiError> {
    let allowed = state.authorize(&headers, Action::DocumentsAdd, Some(&uid))?;
    checked_uid(&uid)?;
    let mut known = vec!["primaryKey", "csvDelimiter"];
    if state.like.has(Feature::CustomMetadata) {
        known.push("customMetadata");
    }
    if state.like.has(Feature::SkipCreation) {
        known.push("skipCreation");
    }
    let mut query = Query::read(query.as_deref(), &known)?;
    let primary_key = query.text("primaryKey");
    let metadata = query.text("customMetadata");
    let skip_creation = query
        .boolean("skipCreation", "invalid_skip_creation")?
        .unwrap_or(false);
    let create = allowed.may_create(&uid);
    let stored = payload::store_documents(&state, &headers, body).await?;
    let kind = Kind::DocumentAddition {
        index: uid,
        payload: stored.name,
        received: stored.documents,
        replace,
        primary_key,
        create,
        skip_creation,
    };
    enqueue(state, kind, metadata).await
}

async fn enqueue(
    state: Arc<AppState>,
    kind: Kind,
    metadata: Option<String>,
) -> Result<Response, ApiError> {
    blocking(move || Ok(accepted(&state.queue.register(kind, metadata)?))).await
}

/// The one parameter that deletions take; older servers take none and look at none.
fn metadata(query: Option<&str>, like: Like) -> Result<Option<String>, ApiError> {
    match like.has(Feature::CustomMetadata) {
        true => Ok(Query::read(query, &["customMetadata"])?.text("customMetadata")),
        false => Ok(None),
    }
}

async fn delete_one(
    State(state): State<Arc<AppState>>,
    Path((uid, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    state.authorize(&headers, Action::DocumentsDelete, Some(&uid))?;
    checked_uid(&uid)?;
    let metadata = metadata(query.as_deref(), state.like)?;
    enqueue(
        state,
        Kind::DocumentDeletion {
            index: uid,
            ids: vec![id],
        },
        metadata,
    )
    .await
}

async fn delete_batch(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    state.authorize(&headers, Action::DocumentsDelete, Some(&uid))?;
    checked_uid(&uid)?;
    let metadata = metadata(query.as_deref(), state.like)?;
    let ids = match payload::json(&state, &headers, body).await? {
        Value::Array(ids) => ids,
        other => {
            let why = format!(
                "Json deserialize error: invalid type: {}, expected a sequence",
                kind_of(&other)
            );
            return Err(ApiError::new("malformed_payload", why));
        }
    };
    let ids = ids.into_iter().map(|id| match id {
        Value::String(id) => id,
        other => other.to_string(),
    });
    enqueue(
        state,
        Kind::DocumentDeletion {
            index: uid,
            ids: ids.collect(),
        },
        metadata,
    )
    .await
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "sequence",
        Value::Object(_) => "map",
    }
}

async fn delete_by_filter(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    state.authorize(&headers, Action::DocumentsDelete, Some(&uid))?;
    checked_uid(&uid)?;
    let metadata = metadata(query.as_deref(), state.like)?;
    let body = payload::json(&state, &headers, body).await?;
    let mut body = strict::Body::read(body, &["filter"])?;
    let Some(filter) = body.raw("filter") else {
        return Err(ApiError::new(
            "missing_document_filter",
            "Missing field `filter`",
        ));
    };
    if documents::parse_filter(&filter)?.is_none() {
        return Err(ApiError::new(
            "invalid_document_filter",
            "Sending an empty filter is forbidden.",
        ));
    }
    enqueue(
        state,
        Kind::DocumentDeletionByFilter { index: uid, filter },
        metadata,
    )
    .await
}

async fn delete_all(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    state.authorize(&headers, Action::DocumentsDelete, Some(&uid))?;
    checked_uid(&uid)?;
    let metadata = metadata(query.as_deref(), state.like)?;
    enqueue(state, Kind::DocumentClear { index: uid }, metadata).await
}
