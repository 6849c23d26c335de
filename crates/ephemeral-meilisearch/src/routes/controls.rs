//! What a test asks of this server and could not ask of a real one: to let tasks pile up as they do behind a long batch, to
//! say when it has nothing to do, to die at the worst moment. Answered with `--controls` only, and to the master key only.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use crate::error::ApiError;
use crate::keys;
use crate::state::{AppState, blocking};

type Done = Result<StatusCode, ApiError>;

/// The routes of this file.
pub fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route("/controls/hold", post(hold))
        .route("/controls/release", post(release))
        .route("/controls/wait-idle", post(wait_idle))
        .route("/controls/die-after-swap", post(die_after_swap))
}

fn authorize(state: &AppState, headers: &HeaderMap) -> Result<(), ApiError> {
    state.keys.authorize_master(keys::bearer(headers)?)
}

/// Begins no further batch. One that is being carried out goes on.
async fn hold(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Done {
    authorize(&state, &headers)?;
    state.queue.hold(true);
    Ok(StatusCode::NO_CONTENT)
}

/// Ends what `hold` began.
async fn release(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Done {
    authorize(&state, &headers)?;
    state.queue.hold(false);
    Ok(StatusCode::NO_CONTENT)
}

/// Answers when every task has ended; where tasks are held, when no batch is being carried out any more.
async fn wait_idle(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Done {
    authorize(&state, &headers)?;
    blocking(move || {
        state.queue.wait_until_quiet();
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// As `--die-after-swap-commit`, from now on.
async fn die_after_swap(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Done {
    authorize(&state, &headers)?;
    state.die_after_swap_commit.store(true, Ordering::Relaxed);
    Ok(StatusCode::NO_CONTENT)
}
