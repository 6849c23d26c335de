//! Taking a body as it comes: unpacked, counted, refused when it is too large.

use std::io::{self, Write};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use futures::StreamExt;

use crate::error::ApiError;
use crate::like::{Feature, Like};

/// How much of a refused body is read on. A client that is still sending when the connection closes never sees why it was
/// refused.
const DRAINED: usize = 256 << 20;

/// Reads a whole body into `out`, unpacked.
pub(super) async fn unpack<W: Write>(
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
