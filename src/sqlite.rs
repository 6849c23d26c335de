//! The database, behind types that name no SQLite.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `address` | parses the database address (an option or `DATABASE_URL`) into a path |
//! | `database` | the file: does it exist, and is it a database? |
//! | `lock` | the run lock |
//! | `connection` | a connection that can only read, and can be stopped |
//! | `statement`, `sql` | is this one statement, and does it only read? |
//! | `reads` | which columns of which tables a statement reads |
//! | `functions`, `collations` | functions and collations that the application's SQLite has and this program's lacks |
//! | `snapshot`, `row`, `value` | the database as it was at one moment, row by row |
//! | `queries` | statements derived from those of a definition |
//! | `change_log` | the log that the application's triggers write, and whether it continues |
//! | `advice` | warnings derived from a statement's text and plan |
//! | `error` | what can go wrong, and what to do about it |
//! | `foreign_log` | does the log beside the file belong to it? |
//! | `file`, `file_system`, `side_files`, `options` | opens SQLite without leaving files behind |

mod address;
pub mod advice;
mod change_log;
mod collations;
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
mod value;

pub use address::{AddressError, DatabaseAddress};
pub use change_log::{LogGap, LogPosition};
pub(crate) use collations::collated_columns;
pub use connection::Connection;
pub use database::Database;
pub use error::{DatabaseError, OpenProblem, RefusedStatement, UnusableDatabase};
pub use file::FileIdentity;
pub use foreign_log::ForeignLog;
pub use lock::RunLock;
pub use reads::ColumnRead;
pub use row::Row;
pub use snapshot::{RowStream, Snapshot};
pub use statement::{Origin, Statement, StatementError};
pub use value::{Argument, Value};
