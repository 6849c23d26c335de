//! Document ids: checked, in one canonical form, and compact lists of them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::sqlite::Value;

mod list;
mod sorter;
#[cfg(test)]
mod tests;

pub use list::{Differences, IdList, Row, RowIds, Side};

/// The longest text that Meilisearch takes as an id, in bytes.
pub(crate) const MAX_BYTES: usize = 511;

/// A document's id: checked, and with one spelling.
///
/// Meilisearch refuses a whole upload for one bad id in it, and that only when the task runs; so no id that it would
/// refuse can be made. For Meilisearch the number 7 and the text "7" are one document, so they are equal here; which
/// of the two the database holds is kept, for the document must say it as the row does.
#[derive(Clone)]
pub struct DocumentId {
    text: Box<str>,
    /// The number that `text` is the usual spelling of; `007` is the spelling of none.
    number: Option<i64>,
    quoted: bool,
}

impl DocumentId {
    /// The id that a row has in its column `id`.
    pub fn from_value(value: Value<'_>) -> Result<DocumentId, IdError> {
        match value {
            Value::Integer(number) => Ok(DocumentId::from(number)),
            Value::Text(text) => DocumentId::from_text(text, true),
            Value::Null => Err(IdError::Missing),
            other => Err(IdError::NeitherNumberNorText {
                value: other.excerpt(),
            }),
        }
    }

    /// The id of a document as Meilisearch lists it: this program sends numbers where the row has numbers, Rails' gem
    /// sends texts.
    pub fn from_json(value: &serde_json::Value) -> Result<DocumentId, IdError> {
        match value {
            serde_json::Value::Null => Err(IdError::Missing),
            serde_json::Value::String(text) => DocumentId::from_text(text, true),
            // Up to 2^64, which no integer of SQLite is; but others write into an index, too.
            serde_json::Value::Number(number) if !number.is_f64() => {
                DocumentId::from_text(&number.to_string(), false)
            }
            other => Err(IdError::NeitherNumberNorText {
                value: Value::Text(&other.to_string()).excerpt(),
            }),
        }
    }

    fn from_text(text: &str, quoted: bool) -> Result<DocumentId, IdError> {
        if text.is_empty() {
            return Err(IdError::Missing);
        }
        if text.len() > MAX_BYTES {
            return Err(IdError::TooLong {
                bytes: text.len(),
                value: Value::Text(text).excerpt(),
            });
        }
        if let Some(character) = text.chars().find(|&c| !is_allowed(c)) {
            return Err(IdError::Character {
                character,
                value: Value::Text(text).excerpt(),
            });
        }
        let number = text
            .parse()
            .ok()
            .filter(|number: &i64| *number.to_string() == *text);
        Ok(DocumentId {
            text: text.into(),
            number,
            quoted,
        })
    }

    /// The one spelling, without quotes: `7`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// As the document says it: `7`, or `"7"` where the row has a text.
    ///
    /// No character that an id can have needs an escape.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        let quote: &[u8] = if self.quoted { b"\"" } else { b"" };
        out.extend_from_slice(quote);
        out.extend_from_slice(self.text.as_bytes());
        out.extend_from_slice(quote);
    }
}

impl From<i64> for DocumentId {
    fn from(number: i64) -> DocumentId {
        DocumentId {
            text: number.to_string().into(),
            number: Some(number),
            quoted: false,
        }
    }
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-' || character == '_'
}

impl PartialEq for DocumentId {
    fn eq(&self, other: &DocumentId) -> bool {
        self.text == other.text
    }
}

impl Eq for DocumentId {}

impl Hash for DocumentId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// Numbers first and as numbers, so that 9 comes before 10; then texts.
impl Ord for DocumentId {
    fn cmp(&self, other: &DocumentId) -> Ordering {
        match (self.number, other.number) {
            (Some(this), Some(that)) => this.cmp(&that),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.text.cmp(&other.text),
        }
    }
}

impl PartialOrd for DocumentId {
    fn partial_cmp(&self, other: &DocumentId) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.quoted { "\"" } else { "" };
        write!(f, "DocumentId({quote}{}{quote})", self.text)
    }
}

/// Why a value can't be a document's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("there is no id (NULL or an empty text); leave such rows out in the SQL")]
    Missing,
    #[error("{value} is neither an integer nor a text; cast it in the SQL")]
    NeitherNumberNorText { value: String },
    #[error(
        "{value} has {bytes} bytes, and Meilisearch takes {MAX_BYTES}; make a shorter id in the SQL"
    )]
    TooLong { bytes: usize, value: String },
    #[error(
        "{value} has a {character:?}, and Meilisearch takes only A-Z a-z 0-9 - _; \
         replace it in the SQL, or use hex(...)"
    )]
    Character { character: char, value: String },
}

/// Bytes have the order of unsigned integers; flipping the sign's bit keeps that of the signed.
fn to_unsigned(number: i64) -> u64 {
    (number as u64) ^ (1 << 63)
}

fn to_signed(number: u64) -> i64 {
    (number ^ (1 << 63)) as i64
}
