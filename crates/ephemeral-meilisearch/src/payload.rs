//! Bodies of requests: encodings, limits, and documents as NDJSON.
//!
//! A body of documents goes to disk as it comes, unpacked, and is counted unpacked: a small gzip can hold a large
//! payload. Memory holds one chunk of it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use futures::StreamExt;
use serde::de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::engine;
use crate::error::ApiError;
use crate::like::{Feature, Like};
use crate::state::AppState;

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

fn malformed(format: Format, why: impl std::fmt::Display) -> ApiError {
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

fn too_large(limit: u64, like: Like) -> ApiError {
    let size = match limit {
        limit if limit.is_multiple_of(1 << 20) && like.has(Feature::NewIndexer) => {
            format!("{} MiB", limit >> 20)
        }
        limit if limit.is_multiple_of(1024) => {
            format!("{:.2} MiB", limit as f64 / f64::from(1 << 20))
        }
        limit if limit >= 1_000_000 => format!("{} MB", limit as f64 / 1e6),
        limit => format!("{limit} B"),
    };
    ApiError::new(
        "payload_too_large",
        format!(
            "The provided payload reached the size limit. The maximum accepted payload size is {size}."
        ),
    )
}

/// Counts what is written, and refuses what is over the limit.
struct Limited<W> {
    inner: W,
    left: u64,
    is_over: bool,
}

impl<W: Write> Write for Limited<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.left.checked_sub(bytes.len() as u64) {
            Some(left) => {
                self.inner.write_all(bytes)?;
                self.left = left;
                Ok(bytes.len())
            }
            None => {
                self.is_over = true;
                Err(io::Error::other("the payload is over the limit"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// What unpacks a body on its way. An encoding that is not known is not refused: the bytes are taken as they are and fail
/// as whatever they are not, as with the real server.
enum Unpacker<W: Write> {
    Plain(W),
    Gzip(MultiGzDecoder<W>),
    Zlib(ZlibDecoder<W>),
}

impl<W: Write> Unpacker<W> {
    fn new(headers: &HeaderMap, inner: W) -> Self {
        let encoding = headers
            .get(CONTENT_ENCODING)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        match encoding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Unpacker::Gzip(MultiGzDecoder::new(inner)),
            "deflate" => Unpacker::Zlib(ZlibDecoder::new(inner)),
            _ => Unpacker::Plain(inner),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Unpacker::Plain(inner) => inner.write_all(bytes),
            Unpacker::Gzip(inner) => inner.write_all(bytes),
            Unpacker::Zlib(inner) => inner.write_all(bytes),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        match self {
            Unpacker::Plain(inner) => inner.flush(),
            Unpacker::Gzip(inner) => inner.try_finish(),
            Unpacker::Zlib(inner) => inner.try_finish(),
        }
    }

    fn inner(&mut self) -> &mut W {
        match self {
            Unpacker::Plain(inner) => inner,
            Unpacker::Gzip(inner) => inner.get_mut(),
            Unpacker::Zlib(inner) => inner.get_mut(),
        }
    }
}

/// How much of a refused body is read on. A client that is still sending when the connection closes never sees why it was
/// refused.
const DRAINED: usize = 256 << 20;

/// Reads a whole body into `out`, unpacked.
async fn unpack<W: Write>(
    headers: &HeaderMap,
    body: Body,
    limit: u64,
    like: Like,
    out: W,
) -> Result<W, ApiError> {
    let limited = Limited {
        inner: out,
        left: limit,
        is_over: false,
    };
    let mut unpacker = Unpacker::new(headers, limited);
    let mut chunks = body.into_data_stream();
    let mut empty = true;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| ApiError::new("bad_request", error.to_string()))?;
        empty &= chunk.is_empty();
        if let Err(error) = unpacker.write(&chunk) {
            let mut left = DRAINED;
            while let Some(Ok(chunk)) = chunks.next().await {
                match left.checked_sub(chunk.len()) {
                    Some(rest) => left = rest,
                    None => break,
                }
            }
            return Err(unpack_error(&mut unpacker, error, limit, like));
        }
    }
    if !empty {
        unpacker
            .end()
            .map_err(|error| unpack_error(&mut unpacker, error, limit, like))?;
    }
    Ok(match unpacker {
        Unpacker::Plain(limited) => limited.inner,
        Unpacker::Gzip(decoder) => {
            decoder
                .finish()
                .map_err(|error| broken_encoding(&error, like))?
                .inner
        }
        Unpacker::Zlib(decoder) => {
            decoder
                .finish()
                .map_err(|error| broken_encoding(&error, like))?
                .inner
        }
    })
}

fn unpack_error<W: Write>(
    unpacker: &mut Unpacker<Limited<W>>,
    error: io::Error,
    limit: u64,
    like: Like,
) -> ApiError {
    let is_over = unpacker.inner().is_over;
    match unpacker {
        _ if is_over => too_large(limit, like),
        Unpacker::Plain(_) => error.into(),
        Unpacker::Gzip(_) | Unpacker::Zlib(_) => broken_encoding(&error, like),
    }
}

fn broken_encoding(error: &io::Error, like: Like) -> ApiError {
    match like.has(Feature::NewIndexer) {
        true => ApiError::new(
            "bad_request",
            "The provided payload is incomplete and cannot be parsed",
        ),
        false => ApiError::internal(format!(
            "A payload reached EOF, but is not complete. Inner error: {error}"
        )),
    }
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
    crate::state::blocking(move || {
        let name = Uuid::new_v4().to_string();
        let documents = write_ndjson(&received, &folder.join(&name), format, like)?;
        Ok(Stored { name, documents })
    })
    .await
}

/// Writes checked documents, one a line, to a file that is only there if all of them are good.
fn write_ndjson(
    received: &File,
    target: &Path,
    format: Format,
    like: Like,
) -> Result<u64, ApiError> {
    let bytes = engine::map(received)?;
    let mut out = BufWriter::new(tempfile::NamedTempFile::new_in(
        target.parent().unwrap_or(Path::new(".")),
    )?);
    let count = match format {
        Format::Ndjson => {
            let mut count = 0;
            for document in serde_json::Deserializer::from_slice(&bytes).into_iter::<&RawValue>() {
                let document = document.map_err(|error| not_serializable(format, error))?;
                write_document(document, &mut out, format, like)?;
                count += 1;
            }
            count
        }
        Format::Json => read_array(&bytes, &mut out, like)?,
    };
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_data()?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(count)
}

fn not_serializable(format: Format, error: impl std::fmt::Display) -> ApiError {
    malformed(
        format,
        format!("Couldn't serialize document value: {error}"),
    )
}

/// Writes one document, if it is an object.
fn write_document(
    document: &RawValue,
    out: &mut impl Write,
    format: Format,
    like: Like,
) -> Result<(), ApiError> {
    // From 1.12 on values are kept as they were sent, so only the outermost object is looked at; before, everything
    // is parsed, and what can't be represented is refused here.
    if !like.has(Feature::NewIndexer) {
        let document: Map<String, Value> = serde_json::from_str(document.get())
            .map_err(|error| not_serializable(format, error))?;
        serde_json::to_writer(&mut *out, &document)
            .map_err(|error| ApiError::internal(error.to_string()))?;
    } else {
        serde_json::from_str::<HashMap<String, IgnoredAny>>(document.get()).map_err(|error| {
            match format {
                // Odd, but so it is.
                Format::Ndjson => ApiError::internal(error.to_string()),
                Format::Json => not_serializable(format, error),
            }
        })?;
        out.write_all(document.get().as_bytes())?;
    }
    out.write_all(b"\n")?;
    Ok(())
}

/// Reads an array of objects, or one object alone.
fn read_array(bytes: &[u8], out: &mut impl Write, like: Like) -> Result<u64, ApiError> {
    let mut failure = None;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = Documents {
        out,
        like,
        failure: &mut failure,
    };
    let read = seed
        .deserialize(&mut deserializer)
        .and_then(|count| deserializer.end().map(|()| count));
    match (read, failure) {
        (_, Some(failure)) => Err(failure),
        (Ok(count), None) => Ok(count),
        (Err(error), None) => match serde_json::from_slice::<&RawValue>(bytes) {
            Ok(document) if document.get().starts_with('{') => {
                write_document(document, out, Format::Json, like)?;
                Ok(1)
            }
            _ => Err(not_serializable(Format::Json, error)),
        },
    }
}

/// Writes the documents of an array while it is read.
struct Documents<'a, W> {
    out: &'a mut W,
    like: Like,
    failure: &'a mut Option<ApiError>,
}

impl<'de, W: Write> DeserializeSeed<'de> for Documents<'_, W> {
    type Value = u64;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, W: Write> Visitor<'de> for Documents<'_, W> {
    type Value = u64;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a documents, or a sequence of documents.")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<u64, A::Error> {
        let mut count = 0;
        while let Some(document) = array.next_element::<&RawValue>()? {
            if let Err(error) = write_document(document, self.out, Format::Json, self.like) {
                *self.failure = Some(error);
                return Err(serde::de::Error::custom("the document can't be read"));
            }
            count += 1;
        }
        Ok(count)
    }
}
