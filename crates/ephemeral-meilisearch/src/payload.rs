//! Bodies of requests: encodings, limits, and documents as NDJSON.
//!
//! A body of documents goes to disk as it comes, unpacked, and is counted unpacked: a small gzip can hold a large
//! payload. Memory holds one chunk of it.

mod ndjson;
mod unpack;

use std::fmt::Display;
use std::io::{self, BufWriter, Seek};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;
use uuid::Uuid;

use crate::error::ApiError;
use crate::like::Feature;
use crate::state::{AppState, blocking};
use ndjson::write_ndjson;
use unpack::unpack;

/// Before 1.6, the limit of routes that read JSON is the web framework's own.
const OLD_JSON_LIMIT: u64 = 2 << 20;

/// What a body of documents is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Ndjson,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Ndjson => "ndjson",
        }
    }

    /// The format that the request says it is in.
    pub fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        const ACCEPTED: [&str; 3] = ["application/json", "application/x-ndjson", "text/csv"];
        match content_type(headers, &ACCEPTED)?.as_str() {
            "application/json" => Ok(Format::Json),
            "application/x-ndjson" => Ok(Format::Ndjson),
            "text/csv" => Err(ApiError::new(
                "invalid_content_type",
                "This throw-away server reads no CSV.",
            )),
            other => Err(not_accepted(other, &ACCEPTED)),
        }
    }
}

fn content_type(headers: &HeaderMap, accepted: &[&str]) -> Result<String, ApiError> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        let accepted = accepted
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ");
        return Err(ApiError::new(
            "missing_content_type",
            format!(
                "A Content-Type header is missing. Accepted values for the Content-Type header are: {accepted}"
            ),
        ));
    };
    let value = value.to_str().unwrap_or_default();
    Ok(value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase())
}

fn not_accepted(found: &str, accepted: &[&str]) -> ApiError {
    let accepted = accepted
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    ApiError::new(
        "invalid_content_type",
        format!(
            "The Content-Type `{found}` is invalid. Accepted values for the Content-Type header are: {accepted}"
        ),
    )
}

fn malformed(format: Format, why: impl Display) -> ApiError {
    ApiError::new(
        "malformed_payload",
        format!(
            "The `{}` payload provided is malformed. `{why}`.",
            format.name()
        ),
    )
}

fn missing(format: Format) -> ApiError {
    ApiError::new(
        "missing_payload",
        format!("A {} payload is missing.", format.name()),
    )
}

/// Reads the JSON body of a request that is not a payload of documents.
pub async fn json(state: &AppState, headers: &HeaderMap, body: Body) -> Result<Value, ApiError> {
    const ACCEPTED: [&str; 1] = ["application/json"];
    let found = content_type(headers, &ACCEPTED)?;
    if found != ACCEPTED[0] {
        return Err(not_accepted(&found, &ACCEPTED));
    }
    let limit = match state.like.has(Feature::OneLimitForAllRoutes) {
        true => state.payload_limit,
        false => OLD_JSON_LIMIT,
    };
    let bytes = unpack(headers, body, limit, state.like, Vec::new()).await?;
    if bytes.is_empty() {
        return Err(missing(Format::Json));
    }
    serde_json::from_slice(&bytes).map_err(|error| malformed(Format::Json, error))
}

/// A payload that is on disk and counted.
pub struct Stored {
    /// Its name in the payload folder.
    pub name: String,
    pub documents: u64,
}

/// Reads a body of documents to disk, checked, as NDJSON.
pub async fn store_documents(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Stored, ApiError> {
    let format = Format::of(headers)?;
    let like = state.like;
    let received = tempfile::tempfile_in(&state.payloads)?;
    let received = unpack(
        headers,
        body,
        state.payload_limit,
        like,
        BufWriter::new(received),
    )
    .await?;
    let mut received = received
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    received.rewind()?;
    if received.metadata()?.len() == 0 {
        return Err(missing(format));
    }
    let folder = state.payloads.clone();
    blocking(move || {
        let name = Uuid::new_v4().to_string();
        let documents = write_ndjson(&received, &folder.join(&name), format, like)?;
        Ok(Stored { name, documents })
    })
    .await
}
