//! One value of one row.

/// A value as the database holds it: its own type, whatever the column was declared as.
///
/// A column's declared type promises nothing (texts stand in INTEGER columns, integers in text columns), so every
/// value carries what it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// A signed integer of 64 bits.
    Integer(i64),
    /// A floating-point number; may be infinite (SQLite reads `1e999` as infinity).
    Real(f64),
    /// Text in UTF-8.
    Text(&'a str),
    /// A value of the text type whose bytes are not UTF-8.
    NotUtf8(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}
