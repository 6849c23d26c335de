//! The routes, a file a resource.

pub mod controls;
pub mod documents;
pub mod indexes;
pub mod keys;
pub mod multi_search;
pub mod page;
pub mod search;
pub mod server;
pub mod settings;
pub mod swap;
pub mod tasks;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::error::ApiError;
use crate::state::AppState;
use crate::uids;

/// All routes that the imitated version has.
pub fn router(state: Arc<AppState>) -> Router {
    let like = state.like;
    let controls = match state.controls {
        true => controls::router(),
        false => Router::new(),
    };
    Router::new()
        .merge(controls)
        .merge(page::router())
        .merge(server::router())
        .merge(indexes::router())
        .merge(settings::router(like))
        .merge(documents::router())
        .merge(search::router())
        .merge(multi_search::router())
        .merge(tasks::router(like))
        .merge(swap::router())
        .merge(keys::router())
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(middleware::from_fn(allow_browsers))
        .with_state(state)
}

/// Lets a search box on any page ask, as the real server does.
async fn allow_browsers(request: Request, next: Next) -> Response {
    let any = HeaderValue::from_static("*");
    let mut response = match *request.method() {
        Method::OPTIONS => StatusCode::OK.into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any.clone());
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("*, authorization"),
    );
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, any);
    response
}

/// The answer to a request that made a task.
pub(crate) fn accepted(task: &crate::tasks::Task) -> Response {
    (StatusCode::ACCEPTED, Json(task.summary())).into_response()
}

/// Refuses a uid in a path that no index can have.
pub(crate) fn checked_uid(uid: &str) -> Result<(), ApiError> {
    uids::check(uid)
        .map(|_| ())
        .map_err(|why| ApiError::new("invalid_index_uid", why))
}

/// A JSON answer, or an error.
pub(crate) type Answer = Result<Json<Value>, ApiError>;
