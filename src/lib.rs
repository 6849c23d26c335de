//! Keeps a Meilisearch true to a SQLite database.
//!
//! The modules, in the order in which data meets them:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`catalog`] | `index-settings/` becomes [`catalog::IndexDefinition`]s |
//! | [`source`] | the database: one snapshot, streamed row by row |
//! | [`document`], [`convert`], [`ids`], [`timestamp`] | a row becomes a document |
//! | [`spool`] | documents become NDJSON batches in an unlinked file |
//! | [`engine`] | all that is said to Meilisearch |
//! | [`gates`] | the checks that a build must pass before it is swapped in |
//! | [`follow`] | a round: what changed since is sent and deleted |
//! | [`commands`] | the recipes over these stages, a file a command |
//!
//! Around them: [`cli`] (what can be asked), [`confirm`] (whether it may be done), [`progress`] and [`report`] (what a
//! person and a machine are told), [`terminal`] (how it is printed), [`http_door`] (what it answers itself), [`tracking`] (what a follower is blind to), [`lag`] (how far an index is behind the database), [`retry`] (what is tried again), [`ahead`] (what goes on meanwhile) and [`error`] (what can go wrong, and its exit code). With the feature `ephemeral`:
//! `sample` (an invented database like Bisan's, for the demo and the tests).

// What is printed is printed by `terminal`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod ahead;
pub mod catalog;
pub mod cli;
pub mod commands;
pub mod confirm;
pub mod convert;
pub mod document;
pub mod engine;
pub mod error;
pub mod follow;
pub mod gates;
pub mod host;
pub mod http_door;
pub mod ids;
pub mod interrupt;
pub mod lag;
pub mod preflight;
pub mod progress;
pub mod prune;
pub mod reader;
pub mod report;
pub mod retry;
#[cfg(feature = "ephemeral")]
pub mod sample;
pub mod source;
pub mod spool;
pub mod terminal;
pub mod timestamp;
pub mod tracking;
