//! Keeps Meilisearch in sync with a SQLite database.
//!
//! The modules, in the order in which the data passes through them (`docs/terms.md` explains the words):
//!
//! | module | what it does |
//! | --- | --- |
//! | [`catalog`] | reads `index-settings/` into [`catalog::IndexDefinition`]s |
//! | [`sqlite`] | the database: one snapshot, streamed row by row |
//! | [`document`] | converts a row into a document |
//! | [`spool`] | collects documents in NDJSON batches in an unlinked file |
//! | [`meilisearch`] | all requests to Meilisearch |
//! | [`generation`] | builds an index next to the live one, checks it, swaps it in, keeps and deletes it |
//! | [`tracking`] | how the changes of an index are found, and which of them cannot be |
//! | [`sync`] | a round: sends and deletes what has changed |
//! | [`triggers`] | a change log in the application's database: its triggers, and the changes.sql that reads it |
//! | [`commands`] | one file for each command, with its steps |
//!
//! Around them: [`main`] (what the program does, from its command line to its exit code), [`cli`] (the command line), [`preflight`] (checks before anything is created), [`reader`] (one snapshot
//! into the spool), [`confirm`] (confirmation by a person), [`progress`] (output while a command runs), [`servers`] (the servers of a command, by name), [`report`] (what it
//! prints at its end), [`figures`] (numbers and times as people read them), [`terminal`] (printing), [`endpoints`] (the HTTP
//! server of the program itself), [`retry`] (retries), [`background`] (background tasks) and [`error`] (what all errors have
//! in common). With the feature `ephemeral`:
//! `sample` (a generated database like Bisan's, for the demo and the tests).

// What is printed is printed by `terminal`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

// Public is what the program, its tests, `benches/` and `fuzz/` use. So the compiler tells what nobody uses of the others.

mod background;
mod catalog;
pub mod cli;
pub mod commands;
mod confirm;
pub mod document;
mod endpoints;
pub mod error;
mod figures;
mod generation;
pub mod host;
pub mod interrupt;
mod meilisearch;
mod preflight;
mod prepared;
mod program;
pub mod progress;
mod reader;
pub mod report;
mod retry;
#[cfg(feature = "ephemeral")]
pub mod sample;
mod servers;
mod session;
mod spool;
pub mod sqlite;
mod sync;
pub mod terminal;
#[cfg(test)]
mod testing;
mod tracking;
pub mod triggers;

pub use program::main;
