//! What every route has at hand.

use milli_core::Index;

use crate::error::ApiError;
use crate::keys::KeyStore;
use crate::like::Like;

/// The server's parts, shared by its routes.
pub struct AppState {
    /// The version that is imitated.
    pub like: Like,
    /// Who may do what.
    pub keys: KeyStore,
}

impl AppState {
    /// The index under this uid.
    pub fn index(&self, uid: &str) -> Result<Index, ApiError> {
        Err(ApiError::index_not_found(uid))
    }
}
