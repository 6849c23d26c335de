//! Versions of Meilisearch.

pub type Version = (u64, u64, u64);
