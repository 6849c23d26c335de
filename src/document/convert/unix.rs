//! `:unix`: a time as whole seconds since 1970.

use crate::document::convert::{Unfit, put, put_null};
use crate::document::timestamp;
use crate::sqlite::Value;

/// A number or null, in every row: a text would sort behind all numbers, and a 0 for "unknown" shows as 1970.
pub(super) fn write(value: Value<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
    match value {
        // As Rails reads a date from an empty field of a form: there is none.
        Value::Text(text) if text.trim().is_empty() => put_null(out),
        Value::NotUtf8(_) => return Err(Unfit::NotUtf8),
        Value::Blob(_) => return Err(Unfit::Bytes),
        _ => put(&timestamp::unix_seconds(timestamp::parse(value)?), out),
    }
    Ok(())
}
