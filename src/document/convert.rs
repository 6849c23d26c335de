//! One value of a row becomes one value of a document.
//!
//! A column's alias may name a [`Conversion`], `AS "body:html"`; a column without one keeps its value's own type
//! ([`write_plain`]). Each conversion has a file.

use serde::{Deserialize, Serialize};

use crate::document::keys::Paths;
use crate::document::timestamp::NotATimestamp;
use crate::sqlite::Value;

pub mod arabic;
mod boolean;
mod html;
mod json;
mod list;
mod number;
mod text;
mod unix;
mod words;

/// Integers from here on have neighbours that filters and sorts take for equal: the engine compares as `f64`.
const FIRST_INEXACT: u64 = 1 << 53;

/// The text of a page of HTML, as a person would see it.
pub fn readable(html: &str) -> String {
    html::to_text(html)
}

/// What may stand behind the colon in a column's alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conversion {
    /// Readable text out of HTML.
    Html,
    /// JSON, embedded as it is and not quoted.
    Json,
    /// true or false out of SQLite's and Rails' spellings.
    Bool,
    /// Seconds since 1970, which Meilisearch sorts and filters by.
    Unix,
    /// A text with commas as an array of texts.
    List,
    /// A text, and behind it the forms of its Arabic words.
    Arabic,
    /// The forms alone, as an array of texts.
    ArabicForms,
    /// Readable text out of HTML, and behind it the forms of its Arabic words.
    HtmlArabic,
    /// The forms of the readable text alone.
    HtmlArabicForms,
}

impl Conversion {
    pub const ALL: [Conversion; 9] = [
        Conversion::Html,
        Conversion::Json,
        Conversion::Bool,
        Conversion::Unix,
        Conversion::List,
        Conversion::Arabic,
        Conversion::ArabicForms,
        Conversion::HtmlArabic,
        Conversion::HtmlArabicForms,
    ];

    /// As it is written in an alias.
    pub fn name(self) -> &'static str {
        match self {
            Conversion::Html => "html",
            Conversion::Json => "json",
            Conversion::Bool => "bool",
            Conversion::Unix => "unix",
            Conversion::List => "list",
            Conversion::Arabic => "arabic",
            Conversion::ArabicForms => "arabic_forms",
            Conversion::HtmlArabic => "html_arabic",
            Conversion::HtmlArabicForms => "html_arabic_forms",
        }
    }

    /// Goes up whenever the same value becomes another one, so that a release which converts differently is noticed
    /// like any other change of a definition, and not as drift in every document.
    pub fn version(self) -> u32 {
        match self {
            Conversion::Html => 1,
            Conversion::Json => 1,
            Conversion::Bool => 1,
            Conversion::Unix => 1,
            Conversion::List => 1,
            Conversion::Arabic | Conversion::ArabicForms => 1,
            // The sum goes up with each of the two conversions that it is made of.
            Conversion::HtmlArabic | Conversion::HtmlArabicForms => {
                Conversion::Html.version() + Conversion::Arabic.version()
            }
        }
    }

    pub fn from_name(name: &str) -> Option<Conversion> {
        Conversion::ALL.into_iter().find(|c| c.name() == name)
    }

    /// The conversion that was probably meant.
    pub fn nearest(name: &str) -> Option<Conversion> {
        let likeness = |c: &Conversion| strsim::jaro_winkler(&name.to_lowercase(), c.name());
        Conversion::ALL
            .into_iter()
            .filter(|c| likeness(c) > 0.7)
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
    }

    /// The text whose Arabic forms this conversion adds; none for the other conversions, and for what is no text.
    pub(crate) fn arabic_text(self, value: Value<'_>) -> Option<String> {
        let is_html = match self {
            Conversion::Arabic | Conversion::ArabicForms => false,
            Conversion::HtmlArabic | Conversion::HtmlArabicForms => true,
            _ => return None,
        };
        arabic::text_of(value, is_html).ok()
    }

    /// Appends a value as JSON, and its keys to `keys`. After an error both may hold a part of it; the caller drops that.
    pub(crate) fn write(
        self,
        value: Value<'_>,
        out: &mut Vec<u8>,
        anomaly: &mut dyn FnMut(Anomaly),
        keys: &mut Paths,
    ) -> Result<(), Unfit> {
        if value == Value::Null {
            put_null(out);
            return Ok(());
        }
        match self {
            Conversion::Html => html::write(value, out, anomaly),
            Conversion::Json => json::write(value, out, anomaly, keys),
            Conversion::Bool => boolean::write(value, out),
            Conversion::Unix => unix::write(value, out),
            Conversion::List => list::write(value, out, anomaly),
            Conversion::Arabic => arabic::write_text(value, false, out, anomaly),
            Conversion::ArabicForms => arabic::write_forms(value, false, out, anomaly),
            Conversion::HtmlArabic => arabic::write_text(value, true, out, anomaly),
            Conversion::HtmlArabicForms => arabic::write_forms(value, true, out, anomaly),
        }
    }
}

/// Appends a value as JSON in its own type.
pub(crate) fn write_plain(
    value: Value<'_>,
    out: &mut Vec<u8>,
    anomaly: &mut dyn FnMut(Anomaly),
) -> Result<(), Unfit> {
    match value {
        Value::Null => put_null(out),
        Value::Integer(number) => {
            if number.unsigned_abs() > FIRST_INEXACT {
                anomaly(Anomaly::NumberBeyond2To53);
            }
            put(&number, out);
        }
        Value::Real(number) if number.is_finite() => put(&number, out),
        Value::Real(_) => {
            anomaly(Anomaly::InfinityAsNull);
            put_null(out);
        }
        Value::Text(text) => put_text(text, out, anomaly),
        Value::NotUtf8(_) => return Err(Unfit::NotUtf8),
        Value::Blob(_) => return Err(Unfit::Bytes),
    }
    Ok(())
}

/// Whether filters would see only the beginning of a value: the engine cuts what it filters by, and a filter with the
/// whole text then finds nothing. These are 234 Arabic letters.
pub(crate) fn is_cut_in_filters(value: Value<'_>, conversion: Option<Conversion>) -> bool {
    const MAX_BYTES: usize = 468;
    match (value, conversion) {
        (Value::Text(text), None) => text.len() > MAX_BYTES,
        (Value::Text(text), Some(Conversion::List)) => {
            text.len() > MAX_BYTES && list::parts(text).any(|part| part.len() > MAX_BYTES)
        }
        _ => false,
    }
}

/// The text of a value for the conversions that read texts; a number is what it is written as, since a column's type
/// promises nothing.
fn as_text(value: Value<'_>) -> Result<std::borrow::Cow<'_, str>, Unfit> {
    match value {
        Value::Text(text) => Ok(text.into()),
        Value::Null => Ok("".into()),
        Value::Integer(number) => Ok(number.to_string().into()),
        Value::Real(number) => Ok(number.to_string().into()),
        Value::NotUtf8(_) => Err(Unfit::NotUtf8),
        Value::Blob(_) => Err(Unfit::Bytes),
    }
}

fn put_text(text: &str, out: &mut Vec<u8>, anomaly: &mut dyn FnMut(Anomaly)) {
    if words::beyond_positions(text) {
        anomaly(Anomaly::LongText);
    }
    put(text, out);
}

fn put_null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

/// Appends a text or a number. That can't fail: neither has keys that are no texts, and memory takes all bytes.
fn put<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok());
}

/// Something that was done to a value and that whoever wrote the definition may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anomaly {
    InfinityAsNull,
    JsonHoldsJsonText,
    ListHoldsJsonText,
    #[serde(rename = "number_beyond_2_53")]
    NumberBeyond2To53,
    RoundedNumber,
    LongText,
    LongFilterText,
}

impl Anomaly {
    /// What happened and what to do, to stand behind "17 documents, field score:".
    pub fn advice(self) -> &'static str {
        match self {
            Anomaly::InfinityAsNull => {
                "an infinite number became null, for JSON has no infinity; set the rows right if that is not meant"
            }
            Anomaly::JsonHoldsJsonText => {
                "the JSON is a text that holds JSON once more, so the field is a text; unwrap it in documents.sql: \
                 json_extract(column, '$')"
            }
            Anomaly::ListHoldsJsonText => {
                "the text looks like a JSON array and was split at its commas; use :json instead of :list"
            }
            Anomaly::NumberBeyond2To53 => {
                "an integer beyond 2^53, which filters and sorts can't tell from its neighbours; \
                 CAST(column AS TEXT) if it is an identifier"
            }
            Anomaly::RoundedNumber => {
                "a number with more digits than Meilisearch keeps (integers of 64 bits, fractions of about 17 digits), which it \
                 answers rounded; write it as a text in the JSON if its digits matter"
            }
            Anomaly::LongText => {
                "a text of more than about 65,535 words, whose rest Meilisearch stores and does not search; \
                 split it into several fields if that matters"
            }
            Anomaly::LongFilterText => {
                "a text of more than 468 bytes in a filterable field, of which filters and facets see only the \
                 beginning; filter by something shorter"
            }
        }
    }
}

/// Why a value can't become what its column asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the text is not UTF-8; set the row right, or use hex(...) in documents.sql")]
    NotUtf8,
    #[error(
        "bytes (a BLOB) have no place in a document; use CAST(... AS TEXT) or hex(...) in documents.sql"
    )]
    Bytes,
    #[error(
        "bytes in SQLite's JSONB form; write json(column) AS \"name:json\" in documents.sql, which makes JSON of them"
    )]
    Jsonb,
    #[error("not JSON: {0}; set the row right, or leave :json away")]
    NotJson(String),
    #[error(
        "no boolean; :bool reads 0, 1, t, f, true and false; use CASE in documents.sql for anything else"
    )]
    NotABoolean,
    #[error(transparent)]
    NotATimestamp(#[from] NotATimestamp),
    #[error(
        "no coordinates: {0}; write CASE WHEN ... THEN json_object('lat', ..., 'lng', ...) END AS \"_geo:json\""
    )]
    NotCoordinates(&'static str),
}

#[cfg(test)]
mod tests;
