//! `GET` and `POST /indexes/{uid}/search`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::keys::Action;
use crate::payload;
use crate::search::{SearchQuery, search};
use crate::state::{AppState, blocking};
use crate::uids;

/// The search of one index.
pub fn router() -> Router<Arc<AppState>> {
    Router::new().route("/indexes/{uid}/search", get(by_url).post(by_body))
}

async fn by_url(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    RawQuery(parameters): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Map<String, Value>>, ApiError> {
    state.authorize(&headers, Action::Search, Some(&uid))?;
    let query = SearchQuery::from_query_string(parameters.as_deref(), state.like)?;
    answer(state, uid, query).await
}

async fn by_body(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Map<String, Value>>, ApiError> {
    state.authorize(&headers, Action::Search, Some(&uid))?;
    let body = payload::json(&state, &headers, body).await?;
    let query = SearchQuery::from_json(body, state.like)?;
    answer(state, uid, query).await
}

async fn answer(
    state: Arc<AppState>,
    uid: String,
    query: SearchQuery,
) -> Result<Json<Map<String, Value>>, ApiError> {
    uids::check(&uid).map_err(|why| ApiError::new("invalid_index_uid", why))?;
    blocking(move || search(&state.index(&uid)?, &query, state.like))
        .await
        .map(Json)
}
