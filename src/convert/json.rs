//! `:json`: a column that holds JSON, embedded and not quoted.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{FIRST_INEXACT, Remark, Unfit, write_plain};
use crate::source::Value;

/// Newer servers answer an upload before they look into nested values, and then fail the whole batch with everything
/// that was joined to it. Their own limit is 128.
const MAX_DEPTH: usize = 100;

/// Embeds JSON after reading all of it: half an emoji (a lone surrogate), a number beyond all numbers or a nesting without end
/// in one row would cost the whole batch. It goes out as it was written, but on one line.
pub(super) fn write(
    value: Value<'_>,
    out: &mut Vec<u8>,
    remark: &mut dyn FnMut(Remark),
) -> Result<(), Unfit> {
    let Value::Text(text) = value else {
        return write_plain(value, out, remark);
    };
    check(text, remark).map_err(|error| Unfit::NotJson(error.to_string()))?;
    compact(text, out);
    Ok(())
}

fn check(text: &str, remark: &mut dyn FnMut(Remark)) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Checked { depth: 0, remark }.deserialize(&mut reader)?;
    reader.end()
}

/// Copies JSON that was read already, without the white space between its parts: a line end inside would make two lines,
/// and so two documents, of one.
fn compact(json: &str, out: &mut Vec<u8>) {
    let mut in_text = false;
    let mut escaped = false;
    for &byte in json.as_bytes() {
        if in_text {
            out.push(byte);
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if !byte.is_ascii_whitespace() {
            out.push(byte);
            in_text = byte == b'"';
        }
    }
}

/// Reads a value to its leaves and keeps nothing.
struct Checked<'r> {
    depth: usize,
    remark: &'r mut dyn FnMut(Remark),
}

impl Checked<'_> {
    fn inner<E: de::Error>(&mut self) -> Result<Checked<'_>, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Checked {
            depth: self.depth + 1,
            remark: self.remark,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        if number > FIRST_INEXACT {
            (self.remark)(Remark::NumberBeyond2To53);
        }
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<(), E> {
        self.visit_u64(number.unsigned_abs())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<(), E> {
        if number.is_finite() {
            Ok(())
        } else {
            Err(E::custom("number out of range"))
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.depth == 0 && text.trim_start().starts_with(['{', '[']) {
            (self.remark)(Remark::JsonHoldsJsonText);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(self.inner()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        while entries.next_key_seed(self.inner()?)?.is_some() {
            entries.next_value_seed(self.inner()?)?;
        }
        Ok(())
    }
}
