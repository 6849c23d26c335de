//! All that is said to Meilisearch.
//!
//! | module | what it says |
//! | --- | --- |
//! | [`address`], [`api_key`] | where the server is, and how it knows us |
//! | [`http`] | the wire under everything: retries, time limits, errors (with `answer` and `idle`) |
//! | [`server`] | the one way in: health, version, statistics |
//! | [`indexes`] | which indexes there are, with none left out (`listing`); making and deleting one |
//! | [`upload`] | documents on their way |
//! | [`documents`] | uploads, pages, counts, deletes by id |
//! | [`features`] | what this server can do, by its version or by asking |
//! | [`settings`], [`settings_keys`] | what an index is told about search, and whether it differs (with `settings_form`) |
//! | [`tasks`], [`batches`], [`wait`] | Meilisearch's queue, and waiting for our part of it (with `watch`) |
//! | [`keys`] | what the server's keys may do, and making one |
//! | [`network`] | servers that lead others, on which nothing is swapped |
//! | [`search`] | smoke queries |
//! | [`error`] | what can go wrong, and what to do |

pub mod address;
mod answer;
pub mod api_key;
pub mod batches;
pub mod documents;
pub mod error;
pub mod features;
pub mod http;
mod idle;
pub mod indexes;
pub mod keys;
pub(crate) mod listing;
pub mod network;
pub mod permissions;
pub mod search;
pub mod server;
pub mod settings;
pub mod settings_cost;
pub(crate) mod settings_form;
pub mod settings_keys;
pub mod tasks;
#[cfg(test)]
pub(crate) mod testing;
pub mod upload;
pub mod wait;
mod watch;

pub use address::Address;
pub use api_key::ApiKey;
pub use error::MeilisearchError;
pub use features::Features;
pub use http::NdjsonBody;
pub use indexes::IndexInfo;
pub use server::Server;
pub use tasks::{Task, TaskUid};
