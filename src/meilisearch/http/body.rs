//! The body of a request: documents that are streamed, or JSON.

use std::any::Any;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::io::{AsyncRead, Cursor};
use futures::stream::BoxStream;

use crate::meilisearch::idle::Activity;

/// The documents of one upload: their length is known, and they can be read again for another attempt.
///
/// It passes through the SDK as an `AsyncRead` that is never read: our HTTP client takes it out again and streams it.
#[derive(Clone)]
pub struct NdjsonBody {
    pub(super) len: u64,
    open: Arc<dyn Fn() -> BoxStream<'static, io::Result<Bytes>> + Send + Sync>,
}

impl NdjsonBody {
    /// `open` begins a new stream of the same `len` bytes each time.
    pub fn new(
        len: u64,
        open: impl Fn() -> BoxStream<'static, io::Result<Bytes>> + Send + Sync + 'static,
    ) -> NdjsonBody {
        NdjsonBody {
            len,
            open: Arc::new(open),
        }
    }

    /// A body that is in memory already, for what is small.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> NdjsonBody {
        let bytes: Bytes = bytes.into();
        NdjsonBody::new(bytes.len() as u64, move || {
            futures::stream::iter([Ok(bytes.clone())]).boxed()
        })
    }
}

impl AsyncRead for NdjsonBody {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut [u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::task::Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

#[derive(Clone)]
pub(in crate::meilisearch) enum Body {
    None,
    Json(Bytes),
    Ndjson(NdjsonBody),
}

impl Body {
    pub(super) fn len(&self) -> u64 {
        match self {
            Body::None => 0,
            Body::Json(bytes) => bytes.len() as u64,
            Body::Ndjson(body) => body.len,
        }
    }
}

/// The SDK hands over an `AsyncRead` of which only we know what it is: an upload of ours, or JSON that it wrote itself.
pub(super) fn body_of(payload: Box<dyn Any + Send>) -> Option<Body> {
    let payload = match payload.downcast::<NdjsonBody>() {
        Ok(body) => return Some(Body::Ndjson(*body)),
        Err(other) => other,
    };
    let json = payload.downcast::<Cursor<Vec<u8>>>().ok()?;
    Some(Body::Json(json.into_inner().into()))
}

/// The stream of a body, which shows that bytes are still leaving, and marks a failed read as ours and not the server's.
pub(super) fn watched(
    body: NdjsonBody,
    activity: Activity,
) -> impl futures::Stream<Item = Result<Bytes, Unreadable>> + Send {
    (body.open)().map(move |chunk| {
        activity.note();
        chunk.map_err(Unreadable)
    })
}

#[derive(Debug, thiserror::Error)]
#[error("reading the documents to send failed")]
pub(super) struct Unreadable(#[source] pub(super) io::Error);
