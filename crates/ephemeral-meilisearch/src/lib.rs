//! A throw-away Meilisearch: the part of its HTTP API that an indexer and a search box use, over its own engine.
//!
//! What indexes, searches and ranks is the real thing, the crate `milli-core`. HTTP, the task queue, keys and the swap are
//! this crate's, made after what real servers were recorded to answer (`contract/`). It is for tests and demos and for
//! nothing else.
//!
//! The modules, in the order in which a request that writes meets them:
//!
//! | module | what it is about |
//! | --- | --- |
//! | [`server`] | starting, stopping, what a server is made of ([`state`]) |
//! | [`routes`] | a file a resource |
//! | [`keys`] | who may do what to which index |
//! | [`like`] | which version is imitated, and what that version has |
//! | [`strict`], [`uids`], [`filter`], [`settings`] | refusing what the real server refuses, in its words |
//! | [`payload`] | bodies: encodings, limits, documents as NDJSON on disk |
//! | [`tasks`], [`batches`], [`queue`], [`journal`] | what was asked for, how far it is, and how that outlives a kill |
//! | [`autobatch`], [`scheduler`] | which tasks are carried out together, and the one thread that does it |
//! | [`store`], [`engine`] | the open indexes, and all that is written into them |
//! | [`documents`], [`search`] | reading |
//! | [`error`] | codes, and what follows from them |

#![deny(unsafe_code)]

pub mod autobatch;
pub mod batches;
pub mod bytes;
pub mod documents;
pub mod engine;
pub mod error;
pub mod filter;
pub mod journal;
pub mod keys;
pub mod like;
pub mod payload;
pub mod queue;
pub mod routes;
pub mod scheduler;
pub mod search;
pub mod server;
pub mod settings;
pub mod state;
pub mod store;
pub mod strict;
pub mod tasks;
pub mod uids;

pub use like::Like;
pub use server::{Config, Server};
