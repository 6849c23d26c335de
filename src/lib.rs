//! Keeps a Meilisearch true to a SQLite database.
//!
//! The modules, in the order in which data meets them:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`catalog`] | `index-settings/` becomes [`catalog::IndexDefinition`]s |
//! | [`sqlite`] | the database: one snapshot, streamed row by row |
//! | [`document`] | a row becomes a document |
//! | [`spool`] | documents become NDJSON batches in an unlinked file |
//! | [`meilisearch`] | all that is said to Meilisearch |
//! | [`generation`] | an index is built beside the live one, checked, swapped in, kept and deleted |
//! | [`sync`] | a round: what changed since is sent and deleted |
//! | [`commands`] | the recipes over these stages, a file a command |
//!
//! Around them: [`cli`] (what can be asked), [`preflight`] (what can be known to go wrong beforehand), [`reader`] (one
//! snapshot into the spool), [`confirm`] (whether it may be done), [`progress`] and [`report`] (what a person and a machine
//! are told), [`terminal`] (how it is printed), [`endpoints`] (what it answers itself), [`retry`] (what is tried again),
//! [`background`] (what goes on meanwhile) and [`error`] (what all errors have in common). With the feature `ephemeral`:
//! `sample` (an invented database like Bisan's, for the demo and the tests).

// What is printed is printed by `terminal`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod background;
pub mod catalog;
pub mod cli;
pub mod commands;
pub mod confirm;
pub mod document;
pub mod endpoints;
pub mod error;
pub mod generation;
pub mod host;
pub mod interrupt;
pub mod meilisearch;
pub mod preflight;
pub mod progress;
pub mod reader;
pub mod report;
pub mod retry;
#[cfg(feature = "ephemeral")]
pub mod sample;
pub mod spool;
pub mod sqlite;
pub mod sync;
pub mod terminal;
