//! One value of one row.

/// A value as the database holds it: its own type, whatever the column was declared as. A declared type need not hold
/// (texts may stand in INTEGER columns, integers in text columns), so every value carries what it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// A signed integer of 64 bits.
    Integer(i64),
    /// A floating-point number; may be infinite.
    Real(f64),
    /// Text in UTF-8.
    Text(&'a str),
    /// A value of the text type whose bytes are not UTF-8.
    NotUtf8(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

impl Value<'_> {
    /// Short enough for an error: about 100 characters, on one line, cut between characters.
    pub fn excerpt(self) -> String {
        match self {
            Value::Null => "NULL".into(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) => {
                let mut short: String = text
                    .chars()
                    .take(EXCERPT)
                    .map(|c| if c.is_control() { ' ' } else { c })
                    .collect();
                if text.chars().nth(EXCERPT).is_some() {
                    short.push('…');
                }
                format!("\"{short}\"")
            }
            Value::NotUtf8(bytes) => format!("\"{}\"", excerpt_lossy(bytes)),
            Value::Blob(bytes) => format!("{} bytes", bytes.len()),
        }
    }
}

/// Characters of a text, or bytes where it is none, that an excerpt shows.
const EXCERPT: usize = 100;

/// The beginning of bytes that are not UTF-8, with a U+FFFD where they are not.
fn excerpt_lossy(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(EXCERPT)];
    let text = String::from_utf8_lossy(start).replace(char::is_control, " ");
    if start.len() < bytes.len() {
        text + "…"
    } else {
        text
    }
}

/// A value that is bound to a statement's parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// NULL, which equals nothing.
    Null,
    /// A number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// A text.
    Text(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_and_cut_between_characters() {
        let long = Value::Text(&"غ\n".repeat(100_000)).excerpt();
        assert_eq!(long.chars().count(), 103);
        assert!(!long.contains('\n') && long.ends_with("…\""));
        assert_eq!(Value::Text("x").excerpt(), "\"x\"");
        assert_eq!(Value::Blob(&[0; 7]).excerpt(), "7 bytes");
        let broken = [&b"\xff\x00a"[..], &[b'x'; 1000]].concat();
        let broken = Value::NotUtf8(&broken).excerpt();
        assert!(
            broken.starts_with("\"\u{fffd} a") && broken.len() < 120,
            "{broken}"
        );
    }
}
