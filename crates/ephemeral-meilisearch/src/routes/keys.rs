//! `/keys`: making, showing, renaming and deleting keys.

use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::error::ApiError;
use crate::keys::{Action, Key, KeyStore, action, key};
use crate::like::Like;
use crate::payload;
use crate::state::{AppState, blocking};
use crate::strict::{Body, Query, invalid_field, invalid_value};

/// The routes of keys, which are closed on a server without a master key.
pub fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route("/keys", get(list).post(create))
        .route("/keys/{key}", get(show).patch(rename).delete(delete))
}

async fn list(
    State(state): State<Arc<AppState>>,
    RawQuery(parameters): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    state.authorize(&headers, Action::KeysGet, None)?;
    let mut query = Query::read(parameters.as_deref(), &["offset", "limit"])?;
    let offset: usize = query
        .number("offset", "invalid_api_key_offset")?
        .unwrap_or(0);
    let limit: usize = query
        .number("limit", "invalid_api_key_limit")?
        .unwrap_or(20);
    let keys = state.keys.list();
    let page: Vec<Value> = keys
        .iter()
        .skip(offset)
        .take(limit)
        .map(|key| view(&state.keys, key))
        .collect();
    Ok(Json(
        json!({ "results": page, "offset": offset, "limit": limit, "total": keys.len() }),
    ))
}

async fn create(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    body: HttpBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    state.authorize(&headers, Action::KeysCreate, None)?;
    let body = payload::json(&state, &headers, body).await?;
    let key = read_new(body, state.like, OffsetDateTime::now_utc())?;
    blocking(move || {
        let key = state.keys.create(key)?;
        Ok((StatusCode::CREATED, Json(view(&state.keys, &key))))
    })
    .await
}

async fn show(
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    state.authorize(&headers, Action::KeysGet, None)?;
    let key = state.keys.get(&name)?;
    Ok(Json(view(&state.keys, &key)))
}

async fn rename(
    State(state): State<Arc<AppState>>,
    Path(which): Path<String>,
    headers: HeaderMap,
    body: HttpBody,
) -> Result<Json<Value>, ApiError> {
    state.authorize(&headers, Action::KeysUpdate, None)?;
    let body = payload::json(&state, &headers, body).await?;
    let change = read_change(body)?;
    blocking(move || {
        let key = state.keys.rename(&which, change.name, change.description)?;
        Ok(Json(view(&state.keys, &key)))
    })
    .await
}

async fn delete(
    State(state): State<Arc<AppState>>,
    Path(which): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    state.authorize(&headers, Action::KeysDelete, None)?;
    blocking(move || state.keys.delete(&which)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A key as clients see it; here alone its value comes out.
fn view(keys: &KeyStore, key: &Key) -> Value {
    let date = |date: OffsetDateTime| date.format(&Rfc3339).ok();
    json!({
        "name": key.name,
        "description": key.description,
        "key": keys.value_of(key),
        "uid": key.uid,
        "actions": key.actions,
        "indexes": key.indexes,
        "expiresAt": key.expires_at.and_then(date),
        "createdAt": date(key.created_at),
        "updatedAt": date(key.updated_at),
    })
}

fn read_new(body: Value, like: Like, now: OffsetDateTime) -> Result<Key, ApiError> {
    const ACTIONS: &str = "invalid_api_key_actions";
    const INDEXES: &str = "invalid_api_key_indexes";
    const EXPIRES: &str = "invalid_api_key_expires_at";
    let known = [
        "description",
        "name",
        "uid",
        "actions",
        "indexes",
        "expiresAt",
    ];
    let mut body = Body::read(body, &known)?;

    let description = body.optional("description", "invalid_api_key_description")?;
    let name = body.optional("name", "invalid_api_key_name")?;
    let uid = match body.optional::<String>("uid", "invalid_api_key_uid")? {
        Some(text) => Uuid::parse_str(&text)
            .map_err(|why| invalid_field("uid", why, "invalid_api_key_uid"))?,
        None => Uuid::new_v4(),
    };
    let actions: Vec<String> = body.required("actions", "missing_api_key_actions", ACTIONS)?;
    let names = action::known_names(like);
    for (position, action) in actions.iter().enumerate() {
        if !names.contains(&action.as_str()) {
            let message = format!(
                "Unknown value `{action}` at `.actions[{position}]`: expected one of `{}`",
                names.join("`, `")
            );
            return Err(ApiError::new(ACTIONS, message));
        }
    }
    let indexes: Vec<String> = body.required("indexes", "missing_api_key_indexes", INDEXES)?;
    for (position, pattern) in indexes.iter().enumerate() {
        if !key::is_pattern(pattern) {
            let at = deserr::ValuePointerRef::Origin;
            let at = at.push_key("indexes");
            let why = format!(
                "`{pattern}` is not a valid index uid pattern. Index uid patterns can be an integer or a string containing only alphanumeric characters, hyphens (-), underscores (_), and optionally end with a star (*)."
            );
            return Err(invalid_value(at.push_index(position), why, INDEXES));
        }
    }
    let expires_at: Option<String> =
        body.required("expiresAt", "missing_api_key_expires_at", EXPIRES)?;
    let expires_at = expires_at
        .map(|text| future(&text, now).ok_or_else(|| not_in_the_future(&text, EXPIRES)))
        .transpose()?;
    Ok(Key {
        name,
        description,
        uid,
        actions,
        indexes,
        expires_at,
        created_at: now,
        updated_at: now,
    })
}

/// A moment after `now`, as RFC 3339, without a zone, or as a mere day.
fn future(text: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let spellings = [
        text.to_owned(),
        format!("{text}Z"),
        format!("{}Z", text.replacen(' ', "T", 1)),
        format!("{text}T00:00:00Z"),
    ];
    spellings
        .iter()
        .find_map(|spelling| OffsetDateTime::parse(spelling, &Rfc3339).ok())
        .filter(|date| *date > now)
}

fn not_in_the_future(text: &str, code: &'static str) -> ApiError {
    let why = format!(
        "`{text}` is not a valid date. It should follow the RFC 3339 format to represents a date or datetime in the future or specified as a null value. e.g. 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS'.\n"
    );
    invalid_field("expiresAt", why, code)
}

/// What a PATCH changes: nothing, to a text, or (with null) to nothing.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    name: Option<Option<String>>,
    description: Option<Option<String>>,
}

fn read_change(body: Value) -> Result<Change, ApiError> {
    const ACCEPTED: [&str; 2] = ["description", "name"];
    let unchangeable = body.as_object().and_then(|fields| immutable(fields));
    if let Some((field, code)) = unchangeable {
        let message = format!("Immutable field `{field}`: expected one of `description`, `name`");
        return Err(ApiError::new(code, message));
    }
    let mut body = Body::read(body, &ACCEPTED)?;
    let mut take = |name: &str, code: &'static str| -> Result<_, ApiError> {
        if !body.has(name) {
            return Ok(None);
        }
        body.optional::<String>(name, code).map(Some)
    };
    Ok(Change {
        description: take("description", "invalid_api_key_description")?,
        name: take("name", "invalid_api_key_name")?,
    })
}

/// The first field that a key keeps for life.
fn immutable(fields: &Map<String, Value>) -> Option<(&str, &'static str)> {
    fields.keys().find_map(|field| {
        let code = match field.as_str() {
            "uid" => "immutable_api_key_uid",
            "actions" => "immutable_api_key_actions",
            "indexes" => "immutable_api_key_indexes",
            "expiresAt" => "immutable_api_key_expires_at",
            "createdAt" => "immutable_api_key_created_at",
            "updatedAt" => "immutable_api_key_updated_at",
            _ => return None,
        };
        Some((field.as_str(), code))
    })
}

#[cfg(test)]
mod tests;
