use std::sync::Arc;

use axum::Router;

use crate::state::AppState;

/// The routes of this resource.
pub fn router() -> Router<Arc<AppState>> {
    Router::new()
}
