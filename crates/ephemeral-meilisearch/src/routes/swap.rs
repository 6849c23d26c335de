//! `POST /swap-indexes`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use deserr::ValuePointerRef;
use serde_json::Value;

use super::accepted;
use crate::error::ApiError;
use crate::keys::Action;
use crate::like::Feature;
use crate::payload;
use crate::state::{AppState, blocking};
use crate::strict::{self, invalid_field};
use crate::tasks::{Kind, Swap};
use crate::uids;

/// The route of this file.
pub fn router() -> Router<Arc<AppState>> {
    Router::new().route("/swap-indexes", post(swap))
}

/// Accepts a swap. Whether the indexes exist is only found out by its task.
async fn swap(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let allowed = state.authorize(&headers, Action::IndexesSwap, None)?;
    let body = payload::json(&state, &headers, body).await?;
    let pairs = strict::typed::<Vec<Value>>(body, ValuePointerRef::Origin, "bad_request")?;
    let known: &[&str] = match state.like.has(Feature::Rename) {
        true => &["indexes", "rename"],
        false => &["indexes"],
    };
    let mut swaps = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let mut pair = strict::Body::read(pair, known)?;
        let indexes: Vec<String> =
            pair.required("indexes", "missing_swap_indexes", "invalid_swap_indexes")?;
        for uid in &indexes {
            uids::check(uid)
                .map_err(|why| invalid_field("indexes", why, "invalid_swap_indexes"))?;
        }
        let rename = pair
            .optional("rename", "invalid_swap_rename")?
            .unwrap_or(false);
        let indexes: [String; 2] = indexes.try_into().map_err(|indexes: Vec<String>| {
            let why = format!(
                "Two indexes must be given for each swap. The list `{}` contains {} indexes.",
                Value::from(indexes.clone()),
                indexes.len()
            );
            ApiError::new("invalid_swap_indexes", why)
        })?;
        if indexes.iter().any(|uid| !allowed.index(uid)) {
            return Err(ApiError::new(
                "invalid_api_key",
                "The provided API key is invalid.",
            ));
        }
        swaps.push(Swap { indexes, rename });
    }
    refuse_duplicates(&swaps)?;
    blocking(move || {
        Ok(accepted(
            &state.queue.register(Kind::IndexSwap { swaps }, None)?,
        ))
    })
    .await
}

/// An index can be named once in a request, so that no order of the pairs matters.
fn refuse_duplicates(swaps: &[Swap]) -> Result<(), ApiError> {
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<&String> = swaps
        .iter()
        .flat_map(|swap| &swap.indexes)
        .filter(|uid| !seen.insert(*uid))
        .collect();
    let names: Vec<String> = twice.iter().map(|uid| format!("`{uid}`")).collect();
    let verb = match names.len() {
        0 => return Ok(()),
        1 => "was",
        _ => "were",
    };
    Err(ApiError::new(
        "invalid_swap_duplicate_index_found",
        format!(
            "Indexes must be declared only once during a swap. {} {verb} specified several times.",
            names.join(", ")
        ),
    ))
}
