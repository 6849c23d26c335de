//! What is promised to people who run bisan-indexer, through the built program: a file a promise.
//!
//! Each test has a server and a database of its own, so all run side by side. `support/server.rs` says which server.
#![allow(dead_code, unused_imports)] // (until the promises are written)

mod clean;
mod status;
mod support;
mod the_tools;
