//! Versions of Meilisearch.

/// Major, minor, patch.
pub type Version = (u64, u64, u64);
