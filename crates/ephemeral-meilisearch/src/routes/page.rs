//! `GET /`: a page to search on, where the real server has one of its own.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::Html;
use axum::routing::get;

use crate::state::AppState;

/// The page of `bisan-indexer demo --serve`; without a token in it, it has no button. It lies with that program, whose package
/// holds its own folder alone, and this crate is never packaged.
const PAGE: &str = include_str!("../../../../src/commands/demo/page.html");

/// What the page may load: nothing but what it brings.
const POLICY: &str = include_str!("../../../../src/commands/demo/page.csp");

/// The routes of this file.
pub fn router() -> Router<Arc<AppState>> {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY.trim_ascii_end()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Router::new().route("/", get(move || async move { (headers, Html(PAGE)) }))
}
