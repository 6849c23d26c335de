//! What a text is, told by its form.

use crate::document::timestamp;
use crate::sqlite::Value;

pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether JSON is a list of single values; none where it is no JSON. Of one that `is_cut` only the beginning is here.
pub(super) fn list(text: &str, is_cut: bool) -> Option<bool> {
    if is_cut {
        return Some(!text.contains('{'));
    }
    let values: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
    Some(
        values
            .iter()
            .all(|value| !value.is_object() && !value.is_array()),
    )
}

pub(super) fn is_address(text: &str) -> bool {
    let lower: String = text.chars().take(8).collect::<String>().to_lowercase();
    let begins = [
        "http://", "https://", "ftp://", "www.", "/", "s3://", "file:",
    ];
    !text.contains(' ') && text.len() > 3 && begins.iter().any(|begin| lower.starts_with(begin))
}

pub(super) fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= 6
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || "+-() ./x".contains(c))
        && text.contains(['+', '(', ' ', '-'])
        && !text.contains(':')
        && timestamp::form(Value::Text(text)).is_err()
}

pub(super) fn is_uuid(text: &str) -> bool {
    let dashes = text.bytes().filter(|byte| *byte == b'-').count();
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    plain && ((text.len() == 36 && dashes == 4) || (text.len() == 32 && dashes == 0))
}
