//! The database, behind types that name no SQLite.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `address` | what a person or `DATABASE_URL` says, as a path |
//! | `database` | the file: is it there, is it one |
//! | `lock` | the run lock |
//! | `connection` | a connection that can only read, and can be stopped |
//! | `statement`, `sql` | is this one statement, and does it only read? |
//! | `functions`, `collations` | what the application's SQLite has and the one in this program lacks |
//! | `snapshot`, `row`, `value` | the database as it was at one moment, row by row |
//! | `queries` | statements made from a definition's |
//! | `advice` | what a statement's text and plan tell about it |
//! | `error` | what can go wrong, and what to do about it |
//! | `foreign_log` | does the log beside the file belong to it? |
//! | `file`, `file_system`, `side_files`, `options` | how SQLite is opened, and leaves no trace |

mod address;
pub mod advice;
mod collations;
mod connection;
mod database;
mod error;
mod file;
mod file_system;
mod foreign_log;
mod functions;
mod lock;
mod options;
pub mod queries;
mod row;
mod side_files;
mod snapshot;
mod sql;
mod statement;
#[cfg(test)]
pub(crate) mod testing;
mod value;

pub use address::{AddressError, DatabaseAddress};
pub use connection::{Connection, Interrupter};
pub use database::Database;
pub use error::{DatabaseError, OpenProblem, RefusedStatement, UnusableDatabase};
pub use file::FileIdentity;
pub use foreign_log::ForeignLog;
pub use lock::RunLock;
pub use row::Row;
pub use snapshot::{Argument, RowStream, Snapshot};
pub use statement::{Origin, Statement, StatementError};
pub use value::Value;
