//! `/indexes`: create, list, get, change, delete.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use milli_core::Index;
use serde_json::{Value, json};

use super::{Answer, accepted, checked_uid};
use crate::error::ApiError;
use crate::keys::Action;
use crate::like::Feature;
use crate::payload;
use crate::state::{AppState, blocking};
use crate::strict::{self, Query, invalid_field};
use crate::tasks::{Kind, date};
use crate::uids;

/// The routes of this file.
pub fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route("/indexes", get(list).post(create))
        .route("/indexes/{uid}", get(one).patch(update).delete(delete))
}

async fn list(
    State(state): State<Arc<AppState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let allowed = state.authorize(&headers, Action::IndexesGet, None)?;
    let mut query = Query::read(query.as_deref(), &["offset", "limit"])?;
    let offset: usize = query.number("offset", "invalid_index_offset")?.unwrap_or(0);
    let limit: usize = query.number("limit", "invalid_index_limit")?.unwrap_or(20);
    blocking(move || {
        let uids: Vec<String> = state.queue.read(|state| {
            state
                .indexes
                .keys()
                .filter(|uid| allowed.index(uid))
                .cloned()
                .collect()
        });
        let mut results = Vec::new();
        for uid in uids.iter().skip(offset).take(limit) {
            // Deleted since the list was made.
            let Ok(index) = state.index(uid) else {
                continue;
            };
            results.push(view(uid, &index)?);
        }
        Ok(Json(
            json!({"results": results, "offset": offset, "limit": limit, "total": uids.len()}),
        ))
    })
    .await
}

async fn one(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
) -> Answer {
    state.authorize(&headers, Action::IndexesGet, Some(&uid))?;
    checked_uid(&uid)?;
    blocking(move || Ok(Json(view(&uid, &state.index(&uid)?)?))).await
}

fn view(uid: &str, index: &Index) -> Result<Value, ApiError> {
    let rtxn = index.read_txn()?;
    Ok(json!({
        "uid": uid,
        "createdAt": date(index.created_at(&rtxn)?),
        "updatedAt": date(index.updated_at(&rtxn)?),
        "primaryKey": index.primary_key(&rtxn)?,
    }))
}

async fn create(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let allowed = state.authorize(&headers, Action::IndexesCreate, None)?;
    let body = payload::json(&state, &headers, body).await?;
    let mut body = strict::Body::read(body, &["uid", "primaryKey"])?;
    let uid: String = body.required("uid", "missing_index_uid", "invalid_index_uid")?;
    let index = uids::check(&uid).map_err(|why| invalid_field("uid", why, "invalid_index_uid"))?;
    let primary_key = body.optional("primaryKey", "invalid_index_primary_key")?;
    if !allowed.may_create(&uid) {
        return Err(ApiError::new(
            "invalid_api_key",
            "The provided API key is invalid.",
        ));
    }
    blocking(move || {
        let task = state
            .queue
            .register(Kind::IndexCreation { index, primary_key }, None)?;
        Ok(accepted(&task))
    })
    .await
}

async fn update(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    state.authorize(&headers, Action::IndexesUpdate, Some(&uid))?;
    checked_uid(&uid)?;
    let body = payload::json(&state, &headers, body).await?;
    let renames = state.like.has(Feature::Rename);
    let known: &[&str] = if renames {
        &["primaryKey", "uid"]
    } else {
        &["primaryKey"]
    };
    for (field, code) in [
        ("uid", "immutable_index_uid"),
        ("createdAt", "immutable_index_created_at"),
        ("updatedAt", "immutable_index_updated_at"),
    ] {
        if body.get(field).is_some() && !known.contains(&field) {
            let known = known
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ");
            return Err(ApiError::new(
                code,
                format!("Immutable field `{field}`: expected one of {known}"),
            ));
        }
    }
    let mut body = strict::Body::read(body, known)?;
    let primary_key = body.optional("primaryKey", "invalid_index_primary_key")?;
    let new_uid: Option<String> = body.optional("uid", "invalid_index_uid")?;
    if let Some(new_uid) = &new_uid {
        uids::check(new_uid).map_err(|why| invalid_field("uid", why, "invalid_index_uid"))?;
    }
    blocking(move || {
        let task = state.queue.register(
            Kind::IndexUpdate {
                index: uid,
                primary_key,
                new_uid,
            },
            None,
        )?;
        Ok(accepted(&task))
    })
    .await
}

async fn delete(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    state.authorize(&headers, Action::IndexesDelete, Some(&uid))?;
    checked_uid(&uid)?;
    blocking(move || {
        Ok(accepted(
            &state
                .queue
                .register(Kind::IndexDeletion { index: uid }, None)?,
        ))
    })
    .await
}
