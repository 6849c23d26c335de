//! The database, behind types that name no SQLite: what a snapshot, a row, a value, a statement, a change token and the run
//! lock are holds for any SQL database. Only in here is it known how SQLite does each.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `address` | parses the database address (an option or `DATABASE_URL`) into a path |
//! | `database` | the file: does it exist, and is it a database? |
//! | `lock` | the run lock |
//! | `connection` | a connection that can only read, and can be stopped |
//! | `commits`, `change_token` | was anything committed since the last look? |
//! | `statement`, `sql` | is this one statement, and does it only read? |
//! | `reads` | which columns of which tables a statement reads |
//! | `functions`, `collations` | functions and collations that the application's SQLite has and this program's lacks |
//! | `snapshot`, `row`, `value` | the database as it was at one moment, row by row |
//! | `time_limit` | how long reads of whole tables may take |
//! | `queries` | statements derived from those of a definition |
//! | `change_log` | the log that the application's triggers write, and whether it continues |
//! | `advice` | warnings derived from a statement's text and plan |
//! | `error` | what can go wrong, and what to do about it |
//! | `foreign_log` | does the log beside the file belong to it? |
//! | `file`, `file_system`, `side_files`, `options` | opens SQLite without leaving files behind |

mod address;
pub mod advice;
mod change_log;
mod change_token;
mod collations;
mod commits;
mod connection;
mod control;
mod database;
mod error;
mod explain;
mod file;
mod file_system;
mod foreign_log;
mod functions;
mod lock;
mod options;
pub mod queries;
mod reads;
mod row;
mod side_files;
mod snapshot;
pub(crate) mod sql;
mod statement;
#[cfg(test)]
pub(crate) mod testing;
mod time_limit;
mod value;

pub use address::DatabaseAddress;
pub use change_log::{LOG_COLUMNS, LogGap, LogPosition};
pub use change_token::ChangeToken;
pub(crate) use collations::collated_columns;
pub use commits::Commits;
pub use connection::Connection;
pub use database::Database;
pub use error::{DatabaseError, RefusedStatement};
pub use lock::RunLock;
pub use reads::ColumnRead;
pub use row::Row;
pub use snapshot::Snapshot;
pub use statement::Statement;
pub use time_limit::TimeLimit;
pub use value::{Argument, Value};
