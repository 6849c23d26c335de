//! A throw-away Meilisearch: its HTTP API over its own engine, for tests and demos.

pub mod error;
pub mod keys;
pub mod like;
pub mod routes;
pub mod search;
pub mod state;
pub mod strict;
