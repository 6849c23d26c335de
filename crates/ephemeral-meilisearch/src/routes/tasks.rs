//! `/tasks` and `/batches`.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};

use super::Answer;
use crate::error::ApiError;
use crate::filter::{read_list, read_selection};
use crate::keys::Action;
use crate::like::{Feature, Like};
use crate::state::{AppState, blocking};
use crate::tasks::{Kind, Uid};

/// The routes of this file that the version has.
pub fn router(like: Like) -> Router<Arc<AppState>> {
    let router = Router::new()
        .route("/tasks", get(list).delete(delete))
        .route("/tasks/cancel", post(cancel))
        .route("/tasks/{uid}", get(one));
    match like.has(Feature::Batches) {
        true => router
            .route("/batches", get(batches))
            .route("/batches/{uid}", get(batch)),
        false => router,
    }
}

async fn list(
    State(state): State<Arc<AppState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let allowed = state.authorize(&headers, Action::TasksGet, None)?;
    let (filter, page) = read_list(query.as_deref(), state.like)?;
    Ok(Json(state.queue.list_tasks(&filter, page, &allowed)))
}

async fn one(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let allowed = state.authorize(&headers, Action::TasksGet, None)?;
    let uid = number(&uid, "Task", "invalid_task_uids")?;
    let task = state.queue.task(uid, &allowed);
    task.map(Json)
        .ok_or_else(|| ApiError::new("task_not_found", format!("Task `{uid}` not found.")))
}

async fn batches(
    State(state): State<Arc<AppState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let allowed = state.authorize(&headers, Action::TasksGet, None)?;
    let (filter, page) = read_list(query.as_deref(), state.like)?;
    Ok(Json(state.queue.list_batches(&filter, page, &allowed)))
}

async fn batch(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let allowed = state.authorize(&headers, Action::TasksGet, None)?;
    let uid = number(&uid, "Batch", "invalid_batch_uids")?;
    let batch = state.queue.batch(uid, &allowed);
    batch
        .map(Json)
        .ok_or_else(|| ApiError::new("batch_not_found", format!("Batch `{uid}` not found.")))
}

fn number(text: &str, what: &str, code: &'static str) -> Result<Uid, ApiError> {
    text.parse().map_err(|_| {
        ApiError::new(
            code,
            format!("{what} uid `{text}` is invalid. It should only contain numeric characters."),
        )
    })
}

async fn cancel(
    State(state): State<Arc<AppState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let kind = |query, tasks| Kind::TaskCancelation { query, tasks };
    register(state, query, &headers, Action::TasksCancel, "cancel", kind).await
}

async fn delete(
    State(state): State<Arc<AppState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let kind = |query, tasks| Kind::TaskDeletion { query, tasks };
    register(state, query, &headers, Action::TasksDelete, "delete", kind).await
}

/// Registers what is to be done to the tasks that a query selects. They are chosen now: tasks that come later are none of
/// its business. Answers 200 and not 202, as the real server does.
async fn register(
    state: Arc<AppState>,
    query: Option<String>,
    headers: &HeaderMap,
    action: Action,
    verb: &str,
    kind: impl FnOnce(String, Vec<Uid>) -> Kind + Send + 'static,
) -> Answer {
    let allowed = state.authorize(headers, action, None)?;
    let filter = read_selection(query.as_deref(), verb, state.like)?;
    let tasks = state.queue.matching(&filter, &allowed);
    let kind = kind(format!("?{}", query.unwrap_or_default()), tasks);
    blocking(move || Ok(Json(state.queue.register(kind, None)?.summary()))).await
}
