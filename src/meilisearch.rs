//! All requests to Meilisearch.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`address`], [`api_key`] | the address of the server, and the API key |
//! | [`http`] | the HTTP client for all requests: retries, time limits, errors (with `answer` and `idle`) |
//! | [`server`] | the entry point: health, version, statistics |
//! | [`indexes`] | lists all indexes, with none left out (`listing`); creates and deletes one |
//! | [`upload`] | uploads batches from the spool |
//! | [`documents`] | sends, lists, counts and deletes documents |
//! | [`features`] | what this server supports, by its version or by a test request |
//! | [`settings`], [`settings_keys`] | the settings of an index, and whether they differ (with `settings_form`) |
//! | [`permissions`], [`settings_cost`] | what the key may do, and what a change of settings costs |
//! | [`tasks`], [`batches`], [`wait`] | Meilisearch's queue, and waiting for our part of it (with `watch`) |
//! | [`keys`] | the rights of the server's keys; creates a key |
//! | [`network`] | servers that lead others, on which nothing is swapped |
//! | [`search`] | one search |
//! | [`error`] | what can go wrong, and what to do |

pub mod address;
mod answer;
pub mod api_key;
pub mod batches;
pub mod documents;
pub mod ended;
pub mod error;
pub mod features;
pub mod http;
mod idle;
pub mod indexes;
pub mod keys;
pub(crate) mod listing;
pub mod network;
pub(crate) mod path;
pub mod permissions;
pub mod search;
pub mod server;
pub mod settings;
pub mod settings_cost;
pub(crate) mod settings_form;
pub mod settings_keys;
pub mod task;
pub mod tasks;
#[cfg(test)]
pub(crate) mod testing;
pub mod uid;
pub mod upload;
pub mod version;
pub mod wait;
mod watch;

pub use address::Address;
pub use api_key::ApiKey;
pub use error::MeilisearchError;
pub use features::Features;
pub use http::NdjsonBody;
pub use indexes::IndexInfo;
pub use server::Server;
pub use task::Task;
pub use uid::TaskUid;
