//! What is promised to people who run bisan-indexer, through the built program: a file a promise.
//!
//! Each test has a server and a database of its own, so all run side by side. `support/server.rs` says which server.

mod any_values;
mod apply;
mod apply_chaos;
mod bad_definitions;
mod bad_rows;
mod bad_servers;
mod catching_up;
mod chaos;
mod clean;
mod clean_chaos;
mod database_files;
mod doctor;
mod documents;
mod dry_run;
mod explain;
mod foreign_indexes;
mod gates;
mod init;
mod interrupts;
mod key;
mod memory;
mod model;
mod one_swap_for_all;
mod options;
mod page;
mod progress;
mod replayed_swap;
mod retained;
mod rollback;
mod rollback_chaos;
mod searches_never_fail;
mod secrets;
mod smoke;
mod status;
mod story;
mod support;
mod sync_changes;
mod sync_interrupted;
mod sync_races;
mod sync_refusals;
mod the_tools;
mod verify;
mod waiting_swap;
mod watch;
