//! `/indexes/{uid}/settings` and a route for each setting.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use deserr::ValuePointerRef;
use serde_json::{Map, Value};

use super::{Answer, accepted, checked_uid};
use crate::error::ApiError;
use crate::keys::Action;
use crate::like::Like;
use crate::payload;
use crate::settings::{self, KEYS, Key};
use crate::state::{AppState, blocking};
use crate::tasks::Kind;

/// The routes of this file: those of settings that the version knows.
pub fn router(like: Like) -> Router<Arc<AppState>> {
    let mut router = Router::new().route(
        "/indexes/{uid}/settings",
        get(all).patch(update).delete(reset),
    );
    for key in KEYS.iter().filter(|key| key.is_known(like)) {
        router = router.route(
            &format!("/indexes/{{uid}}/settings/{}", key.route),
            routes_of(key),
        );
    }
    router
}

fn routes_of(key: &'static Key) -> MethodRouter<Arc<AppState>> {
    let show = move |state: State<Arc<AppState>>, uid: Path<String>, headers: HeaderMap| {
        show_one(key, state, uid, headers)
    };
    let set = move |state: State<Arc<AppState>>,
                    uid: Path<String>,
                    headers: HeaderMap,
                    body: Body| { update_one(key, state, uid, headers, body) };
    let unset = move |state: State<Arc<AppState>>, uid: Path<String>, headers: HeaderMap| async move {
        enqueue(state, uid, headers, single(key, Value::Null), false).await
    };
    let routes = get(show).delete(unset);
    match key.patched {
        true => routes.patch(set),
        false => routes.put(set),
    }
}

fn single(key: &Key, value: Value) -> Map<String, Value> {
    Map::from_iter([(key.name.to_owned(), value)])
}

async fn all(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
) -> Answer {
    state.authorize(&headers, Action::SettingsGet, Some(&uid))?;
    checked_uid(&uid)?;
    blocking(move || {
        let index = state.index(&uid)?;
        let rtxn = index.read_txn()?;
        Ok(Json(settings::show(&index, &rtxn, state.like)?.into()))
    })
    .await
}

async fn show_one(
    key: &'static Key,
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
) -> Answer {
    state.authorize(&headers, Action::SettingsGet, Some(&uid))?;
    checked_uid(&uid)?;
    blocking(move || {
        let index = state.index(&uid)?;
        let rtxn = index.read_txn()?;
        Ok(Json(settings::show_one(key, &index, &rtxn, state.like)?))
    })
    .await
}

async fn update(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    state.authorize(&headers, Action::SettingsUpdate, Some(&uid))?;
    checked_uid(&uid)?;
    let body = payload::json(&state, &headers, body).await?;
    let settings = settings::check(body, state.like)?;
    enqueue(State(state), Path(uid), headers, settings, false).await
}

async fn update_one(
    key: &'static Key,
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    state.authorize(&headers, Action::SettingsUpdate, Some(&uid))?;
    checked_uid(&uid)?;
    let body = payload::json(&state, &headers, body).await?;
    let value = key.check(body, ValuePointerRef::Origin, state.like)?;
    enqueue(State(state), Path(uid), headers, single(key, value), false).await
}

async fn reset(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let settings = settings::all_reset(state.like);
    enqueue(State(state), Path(uid), headers, settings, true).await
}

async fn enqueue(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
    settings: Map<String, Value>,
    reset: bool,
) -> Result<Response, ApiError> {
    let allowed = state.authorize(&headers, Action::SettingsUpdate, Some(&uid))?;
    checked_uid(&uid)?;
    let create = allowed.may_create(&uid);
    blocking(move || {
        let task = state.queue.register(
            Kind::Settings {
                index: uid,
                settings,
                reset,
                create,
            },
            None,
        )?;
        Ok(accepted(&task))
    })
    .await
}
