//! `:bool`: SQLite has no booleans, and Rails has spelt them in three ways over the years.

use crate::document::convert::{Unfit, put};
use crate::sqlite::Value;

/// 0 and 1, t and f, true and false in any case, as numbers or texts. Nothing is guessed beyond that: in many
/// languages the text `f` counts as true.
pub(super) fn write(value: Value<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let is_one_of =
        |text: &str, names: [&str; 3]| names.iter().any(|n| text.eq_ignore_ascii_case(n));
    let truth = match value {
        Value::Integer(0) => false,
        Value::Integer(1) => true,
        Value::Text(text) if is_one_of(text, ["0", "f", "false"]) => false,
        Value::Text(text) if is_one_of(text, ["1", "t", "true"]) => true,
        Value::NotUtf8(_) => return Err(Unfit::NotUtf8),
        Value::Blob(_) => return Err(Unfit::Bytes),
        _ => return Err(Unfit::NotABoolean),
    };
    put(&truth, out);
    Ok(())
}
