//! What lies behind an error of the HTTP client.

use std::io;

use crate::meilisearch::answer;
use crate::meilisearch::http::body::Unreadable;

pub(super) fn unreadable_body(error: &reqwest::Error) -> Option<io::Error> {
    let Unreadable(cause) = cause_of(error)?;
    Some(io::Error::new(cause.kind(), cause.to_string()))
}

/// The first cause of this type. What an [`io::Error`] was made of is not among its sources.
pub(super) fn cause_of<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        source = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// The last cause of an error says more than its first line ("error sending request"), and the address is reported
/// elsewhere.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    answer::without_address(&deepest.to_string())
}
