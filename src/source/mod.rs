//! The database, behind types that name no SQLite.

mod value;

pub use value::Value;
