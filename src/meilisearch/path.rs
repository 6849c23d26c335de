//! A uid as a part of a request's path.

use crate::meilisearch::error::{MeilisearchError, cut};

/// Meilisearch's own limit for an index uid.
const LONGEST_UID_BYTES: usize = 400;

/// The SDK pastes a uid into its paths as it is, so `a/b?c` would ask for something else.
pub(crate) fn checked(uid: &str) -> Result<&str, MeilisearchError> {
    let right = uid
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if right && !uid.is_empty() && uid.len() <= LONGEST_UID_BYTES {
        Ok(uid)
    } else {
        Err(MeilisearchError::BadUid { uid: cut(uid, 100) })
    }
}
