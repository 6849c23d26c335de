//! `:list`: a text with commas as an array, so that each part can be filtered by.

use crate::document::convert::{Anomaly, Unfit, as_text, put};
use crate::sqlite::Value;

/// The trimmed parts between commas, the Arabic comma too, without empty ones. NULL stays null, an empty text is an
/// empty array.
pub(super) fn write(
    value: Value<'_>,
    out: &mut Vec<u8>,
    anomaly: &mut dyn FnMut(Anomaly),
) -> Result<(), Unfit> {
    let text = as_text(value)?;
    let text = text.trim();
    if text.starts_with("[\"") && text.ends_with("\"]") {
        anomaly(Anomaly::ListHoldsJsonText);
    }
    out.push(b'[');
    for (index, part) in parts(text).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put(part, out);
    }
    out.push(b']');
    Ok(())
}

pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split([',', '،']).map(str::trim);
    parts.filter(|part| !part.is_empty())
}
