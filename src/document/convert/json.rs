//! `:json`: a column that holds JSON, embedded and not quoted.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::document::convert::{Anomaly, FIRST_INEXACT, Unfit, number, write_plain};
use crate::document::keys::Paths;
use crate::sqlite::Value;

/// Newer servers answer an upload before they look into nested values, and then fail the whole batch with everything
/// that was joined to it. Their own limit is 128.
const MAX_DEPTH: usize = 100;

/// Embeds JSON after reading all of it: half an emoji (a lone surrogate), a number beyond all numbers or a nesting without end
/// in one row would cost the whole batch. It goes out as it was written, but on one line.
pub(super) fn write(
    value: Value<'_>,
    out: &mut Vec<u8>,
    anomaly: &mut dyn FnMut(Anomaly),
    keys: &mut Paths,
) -> Result<(), Unfit> {
    let text = match value {
        Value::Text(text) => text,
        Value::Blob(bytes) if is_jsonb(bytes) => return Err(Unfit::Jsonb),
        _ => return write_plain(value, out, anomaly),
    };
    check(text, anomaly, keys).map_err(|error| Unfit::NotJson(error.to_string()))?;
    if compact(text, out) {
        anomaly(Anomaly::RoundedNumber);
    }
    Ok(())
}

/// Whether bytes have the form of SQLite's JSONB: one element, whose header says how long the rest is
/// (<https://www.sqlite.org/jsonb.html>).
fn is_jsonb(bytes: &[u8]) -> bool {
    /// Null to object; the others are reserved.
    const LAST_TYPE: u8 = 12;
    let Some((&header, rest)) = bytes.split_first() else {
        return false;
    };
    let (in_header, sized_by) = match header >> 4 {
        size @ 0..=11 => (u64::from(size), 0),
        12 => (0, 1),
        13 => (0, 2),
        14 => (0, 4),
        _ => (0, 8),
    };
    let Some((size, payload)) = rest.split_at_checked(sized_by) else {
        return false;
    };
    let size = size
        .iter()
        .fold(in_header, |size, byte| size << 8 | u64::from(*byte));
    header & 0x0f <= LAST_TYPE && size == payload.len() as u64
}

fn check(
    text: &str,
    anomaly: &mut dyn FnMut(Anomaly),
    keys: &mut Paths,
) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let whole = Checked {
        depth: 0,
        path: Paths::ROOT,
        anomaly,
        keys,
    };
    whole.deserialize(&mut reader)?;
    reader.end()
}

/// Copies JSON that was read already, without the white space between its parts: a line end inside would make two lines,
/// and so two documents, of one. Returns whether it holds a number that comes back as another one.
fn compact(json: &str, out: &mut Vec<u8>) -> bool {
    let mut is_rounded = false;
    let mut rest = json.as_bytes();
    while let Some(&byte) = rest.first() {
        let length = match byte {
            b'"' => text_length(rest),
            b'-' | b'0'..=b'9' => {
                let length = number_length(rest);
                is_rounded |= number::is_rounded(&rest[..length]);
                length
            }
            _ => 1,
        };
        let (part, after) = rest.split_at(length);
        if !byte.is_ascii_whitespace() {
            out.extend_from_slice(part);
        }
        rest = after;
    }
    is_rounded
}

/// How long the text is that begins here, both quotes included.
fn text_length(json: &[u8]) -> usize {
    let mut escaped = false;
    let end = json.iter().skip(1).position(|&byte| {
        let ends = !escaped && byte == b'"';
        escaped = !escaped && byte == b'\\';
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

fn number_length(json: &[u8]) -> usize {
    let is_part = |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
    json.iter().take_while(is_part).count()
}

/// Reads a value to its leaves and keeps nothing but the paths of its keys.
struct Checked<'r> {
    depth: usize,
    /// Stands for the keys that lead here.
    path: u64,
    anomaly: &'r mut dyn FnMut(Anomaly),
    keys: &'r mut Paths,
}

impl Checked<'_> {
    fn inner<E: de::Error>(&mut self) -> Result<Checked<'_>, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Checked {
            depth: self.depth + 1,
            path: self.path,
            anomaly: self.anomaly,
            keys: self.keys,
        })
    }
}

/// Reads a key, and returns the path to its value.
struct Key<'r> {
    above: u64,
    keys: &'r mut Paths,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<u64, E> {
        Ok(self.keys.add(self.above, key))
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
            (self.anomaly)(Anomaly::NumberBeyond2To53);
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
            (self.anomaly)(Anomaly::JsonHoldsJsonText);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(self.inner()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while let Some(path) = entries.next_key_seed(Key {
            above: inner.path,
            keys: inner.keys,
        })? {
            entries.next_value_seed(Checked {
                depth: inner.depth,
                path,
                anomaly: inner.anomaly,
                keys: inner.keys,
            })?;
        }
        Ok(())
    }
}
