//! `POST /multi-search`: several searches in one request, each answered for itself.

use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::keys::{Action, Allowed};
use crate::like::{Feature, Like};
use crate::payload;
use crate::search::{SearchQuery, search};
use crate::state::{AppState, blocking};
use crate::strict::Body;
use crate::uids;

/// The search of several indexes.
pub fn router() -> Router<Arc<AppState>> {
    Router::new().route("/multi-search", post(multi_search))
}

async fn multi_search(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    body: HttpBody,
) -> Result<Json<Value>, ApiError> {
    let allowed = state.authorize(&headers, Action::Search, None)?;
    let body = payload::json(&state, &headers, body).await?;
    let queries = read(body, state.like)?;
    refuse_closed_indexes(&queries, &allowed)?;
    blocking(move || {
        let mut results = Vec::with_capacity(queries.len());
        for (position, (uid, query)) in queries.iter().enumerate() {
            let result = one(&state, uid, query).map_err(|error| inside(position, error))?;
            results.push(result);
        }
        Ok(Json(json!({ "results": results })))
    })
    .await
}

fn one(state: &AppState, uid: &str, query: &SearchQuery) -> Result<Map<String, Value>, ApiError> {
    let index = state.index(uid).map_err(|mut error| {
        // What is missing is not the address that was asked.
        error.status = StatusCode::BAD_REQUEST;
        error
    })?;
    let mut result = Map::new();
    result.insert("indexUid".into(), json!(uid));
    result.extend(search(&index, query, state.like)?);
    Ok(result)
}

/// Reads the queries, all of them before the first is asked.
fn read(body: Value, like: Like) -> Result<Vec<(String, SearchQuery)>, ApiError> {
    let federates = like.has(Feature::Federation);
    let names: &[&str] = if federates {
        &["queries", "federation"]
    } else {
        &["queries"]
    };
    let mut body = Body::read(body, names)?;
    if body.raw("federation").is_some_and(|value| !value.is_null()) {
        return Err(ApiError::new(
            "feature_not_enabled",
            "The throw-away server does not offer `federation` in a multi-search.",
        ));
    }
    let queries: Vec<Value> = body.required("queries", "bad_request", "bad_request")?;
    let mut read = Vec::with_capacity(queries.len());
    for (position, query) in queries.into_iter().enumerate() {
        let (uid, query) = SearchQuery::from_json_with_index(query, like)
            .map_err(|error| inside(position, error))?;
        uids::check(&uid)
            .map_err(|why| inside(position, ApiError::new("invalid_index_uid", why)))?;
        read.push((uid, query));
    }
    Ok(read)
}

fn refuse_closed_indexes(
    queries: &[(String, SearchQuery)],
    allowed: &Allowed,
) -> Result<(), ApiError> {
    match queries.iter().position(|(uid, _)| !allowed.index(uid)) {
        None => Ok(()),
        Some(position) => {
            let error = ApiError::new("invalid_api_key", "The provided API key is invalid.");
            Err(inside(position, error))
        }
    }
}

fn inside(position: usize, mut error: ApiError) -> ApiError {
    error.message = format!("Inside `.queries[{position}]`: {}", error.message);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: Value) -> &'static str {
        read(body, Like::NEWEST).unwrap_err().code
    }

    #[test]
    fn every_query_is_read_before_the_first_is_asked() {
        let queries = read(
            json!({"queries": [{"indexUid": "a", "q": "غزة"}, {"indexUid": "b"}]}),
            Like::NEWEST,
        )
        .unwrap();
        assert_eq!(queries.len(), 2);
        assert_eq!(queries[0].1.q.as_deref(), Some("غزة"));
        let error = read(
            json!({"queries": [{"indexUid": "a"}, {"indexUid": "b", "limit": "x"}]}),
            Like::NEWEST,
        )
        .unwrap_err();
        assert_eq!(error.code, "invalid_search_limit");
        assert!(
            error.message.starts_with("Inside `.queries[1]`: "),
            "{}",
            error.message
        );
    }

    #[test]
    fn what_is_not_a_list_of_queries_is_refused() {
        assert_eq!(code(json!({})), "bad_request");
        assert_eq!(code(json!({"queries": [{"q": "x"}]})), "missing_index_uid");
        assert_eq!(
            code(json!({"queries": [{"indexUid": "not ok"}]})),
            "invalid_index_uid"
        );
        assert_eq!(
            code(json!({"queries": [], "federation": {}})),
            "feature_not_enabled"
        );
        let old = read(
            json!({"queries": [], "federation": {}}),
            "1.5".parse().unwrap(),
        );
        assert_eq!(old.unwrap_err().code, "bad_request");
    }
}
