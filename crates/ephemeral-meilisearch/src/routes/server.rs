//! What concerns the whole server: `/health`, `/version`, `/stats`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use milli_core::Index;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::{Answer, checked_uid};
use crate::error::ApiError;
use crate::keys::Action;
use crate::like::Feature;
use crate::state::{AppState, blocking};
use crate::tasks::date;

/// The routes of this file.
pub fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route(
            "/health",
            get(|| async { Json(json!({"status": "available"})) }),
        )
        .route("/version", get(version))
        .route("/stats", get(stats))
        .route("/indexes/{uid}/stats", get(index_stats))
}

async fn version(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Answer {
    state.authorize(&headers, Action::Version, None)?;
    Ok(Json(
        json!({"commitSha": "unknown", "commitDate": "unknown", "pkgVersion": state.like.package_version()}),
    ))
}

async fn stats(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Answer {
    let allowed = state.authorize(&headers, Action::StatsGet, None)?;
    blocking(move || {
        let uids: Vec<String> = state
            .queue
            .read(|state| state.indexes.keys().cloned().collect());
        let (mut size, mut used, mut last_update) = (0, 0, None::<OffsetDateTime>);
        let mut indexes = Map::new();
        for uid in uids {
            // Deleted since the list was made.
            let Ok(index) = state.index(&uid) else {
                continue;
            };
            size += index.on_disk_size()?;
            used += index.used_size()?;
            if allowed.index(&uid) {
                let rtxn = index.read_txn()?;
                let updated = index.updated_at(&rtxn)?;
                drop(rtxn);
                last_update = last_update.max(Some(updated));
                indexes.insert(uid.clone(), stats_of(&state, &uid, &index)?);
            }
        }
        let mut stats = json!({"databaseSize": size});
        if state.like.has(Feature::SizesInStats) {
            stats["usedDatabaseSize"] = used.into();
        }
        stats["lastUpdate"] = last_update.map_or(Value::Null, date);
        stats["indexes"] = indexes.into();
        Ok(Json(stats))
    })
    .await
}

async fn index_stats(
    State(state): State<Arc<AppState>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
) -> Answer {
    state.authorize(&headers, Action::StatsGet, Some(&uid))?;
    checked_uid(&uid)?;
    blocking(move || {
        let index = state.index(&uid)?;
        Ok(Json(stats_of(&state, &uid, &index)?))
    })
    .await
}

fn stats_of(state: &AppState, uid: &str, index: &Index) -> Result<Value, ApiError> {
    let rtxn = index.read_txn()?;
    let mut stats = json!({"numberOfDocuments": index.number_of_documents(&rtxn)?});
    if state.like.has(Feature::SizesInStats) {
        let documents = index.documents_stats(&rtxn)?.unwrap_or_default();
        let count = documents.number_of_entries();
        stats["rawDocumentDbSize"] = documents.total_size().into();
        stats["avgDocumentSize"] = documents
            .total_size()
            .checked_div(count)
            .unwrap_or(0)
            .into();
    }
    stats["isIndexing"] = state.queue.is_indexing(uid).into();
    if state.like.has(Feature::SizesInStats) {
        stats["numberOfEmbeddings"] = 0.into();
        stats["numberOfEmbeddedDocuments"] = 0.into();
    }
    stats["fieldDistribution"] = json!(index.field_distribution(&rtxn)?);
    Ok(stats)
}
