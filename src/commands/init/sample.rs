//! Looks at some rows of a table, because SQLite does not enforce declared types: what the columns hold is known after
//! two thousand rows as well as after a million.
//!
//! What must be so in every row is proven afterwards, for what was chosen (`prove.rs`).

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};

use futures::TryStreamExt as _;

use self::forms::{is_address, is_json, is_phone, is_uuid, list};
use super::language::Letters;
use super::schema::{Kind, Table};
use crate::document::timestamp::{self, TimestampForm};
use crate::sqlite::queries::quoted;
use crate::sqlite::{Argument, DatabaseError, Snapshot, Value};

/// Rows that are looked at, from as many places of the table as [`PLACES`].
const ROWS: u64 = 2_000;
const PLACES: u64 = 40;
/// Characters of a text that are looked at.
const CHARACTERS: usize = 10_000;
/// Different short values that are kept.
const KEPT: usize = 60;

/// What is known of a column's values, from the rows that were looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Those that are not NULL.
    pub values: u64,
    pub nulls: u64,
    pub blobs: u64,
    pub texts: u64,
    pub integers: u64,
    pub reals: u64,
    pub not_utf8: u64,
    pub distinct: u64,
    pub characters: u64,
    pub words: u64,
    pub empty: u64,
    /// Texts with a tag that is closed.
    pub html: u64,
    pub commas: u64,
    /// JSON arrays of texts, numbers and the like, and other JSON.
    pub json_lists: u64,
    pub json_objects: u64,
    pub booleans: u64,
    pub zero_or_one: u64,
    pub times: u64,
    /// Numbers that are believable as times.
    pub late_numbers: u64,
    pub numeric_texts: u64,
    pub addresses: u64,
    pub emails: u64,
    pub phones: u64,
    /// Texts of one word with a digit, `-`, `/` or `_` in it, or in capitals.
    pub codes: u64,
    pub uuids: u64,
    /// The shortest and longest, in characters.
    pub lengths: Option<(usize, usize)>,
    pub least: f64,
    pub greatest: f64,
    pub letters: Letters,
    /// Short values, and how often each was seen; up to [`KEPT`].
    pub kept: BTreeMap<String, u64>,
    hashes: HashSet<u64>,
}

/// A table that was looked at.
pub(super) struct Sample {
    pub rows: u64,
    /// Each column, in the order of the table's.
    pub columns: Vec<Seen>,
}

impl Sample {
    pub async fn of(snapshot: &mut Snapshot<'_>, table: &Table) -> Result<Sample, DatabaseError> {
        let from = quoted(&table.name);
        let values: Vec<String> = table
            .columns
            .iter()
            .map(|column| shortened(&quoted(&column.name)))
            .collect();
        let values = values.join(", ");
        let mut columns = vec![Seen::default(); table.columns.len()];
        // A view may compute for long; nobody asked for the whole of it.
        let count = match table.kind {
            Kind::View => format!("SELECT 1 FROM {from} LIMIT {ROWS}"),
            _ => format!("SELECT 1 FROM {from}"),
        };
        let rows = snapshot.count(&count).await?;
        let key: Vec<String> = table
            .key()
            .iter()
            .map(|column| format!("{} DESC", quoted(&column.name)))
            .collect();
        match table.rowid {
            Some(rowid) if rows > ROWS => {
                let ends = format!("SELECT MIN({rowid}), MAX({rowid}) FROM {from}");
                let ends = snapshot.texts(&ends, &[]).await?;
                let end = |place: usize| -> i128 {
                    let text = ends.first().and_then(|row| row.get(place));
                    text.and_then(|text| text.parse().ok()).unwrap_or_default()
                };
                let (first, last) = (end(0), end(1));
                let sql = format!(
                    "SELECT {values} FROM {from} WHERE {rowid} >= ?1 ORDER BY {rowid} LIMIT {}",
                    ROWS / PLACES
                );
                for place in 0..PLACES {
                    let begin = first + (last - first) * i128::from(place) / i128::from(PLACES);
                    let begin = i64::try_from(begin).unwrap_or_default();
                    take(snapshot, &sql, vec![Argument::Integer(begin)], &mut columns).await?;
                }
            }
            None if rows > ROWS && !key.is_empty() => {
                for order in [String::new(), format!("ORDER BY {}", key.join(", "))] {
                    let sql = format!("SELECT {values} FROM {from} {order} LIMIT {}", ROWS / 2);
                    take(snapshot, &sql, Vec::new(), &mut columns).await?;
                }
            }
            _ => {
                take(
                    snapshot,
                    &format!("SELECT {values} FROM {from} LIMIT {ROWS}"),
                    Vec::new(),
                    &mut columns,
                )
                .await?
            }
        }
        for seen in &mut columns {
            seen.distinct = seen.hashes.len() as u64;
            seen.hashes = HashSet::new();
        }
        Ok(Sample { rows, columns })
    }
}

/// A value without its bytes, and the beginning of a text: SQLite does not read the pages of what is not asked for.
fn shortened(column: &str) -> String {
    format!(
        "CASE typeof({column}) WHEN 'blob' THEN zeroblob(0) WHEN 'text' THEN SUBSTR({column}, 1, {CHARACTERS}) ELSE {column} END"
    )
}

async fn take(
    snapshot: &mut Snapshot<'_>,
    sql: &str,
    arguments: Vec<Argument>,
    columns: &mut [Seen],
) -> Result<(), DatabaseError> {
    let mut rows = snapshot.rows(sql, arguments);
    while let Some(row) = rows.try_next().await? {
        for (place, seen) in columns.iter_mut().enumerate() {
            seen.add(row.value(place));
        }
    }
    Ok(())
}

impl Seen {
    pub fn add(&mut self, value: Value<'_>) {
        match value {
            Value::Null => {
                self.nulls += 1;
                return;
            }
            Value::Blob(_) => self.blobs += 1,
            Value::NotUtf8(_) => self.not_utf8 += 1,
            Value::Integer(number) => {
                self.integers += 1;
                self.add_number(number as f64);
                self.zero_or_one += u64::from(number == 0 || number == 1);
                self.booleans += u64::from(number == 0 || number == 1);
                self.keep(&number.to_string());
                self.hashes.insert(hash(&number));
            }
            Value::Real(number) => {
                self.reals += 1;
                self.add_number(number);
                self.hashes.insert(hash(&number.to_bits()));
            }
            Value::Text(text) => self.add_text(text),
        }
        self.values += 1;
        if let Ok(form) = timestamp::form(value) {
            let is_believed = match form {
                TimestampForm::Text => true,
                _ => timestamp::parse(value).is_ok_and(crate::tracking::is_believed),
            };
            self.times += 1;
            self.late_numbers += u64::from(is_believed && form != TimestampForm::Text);
        }
    }

    fn add_number(&mut self, number: f64) {
        let is_first = self.integers + self.reals == 1;
        self.least = if is_first {
            number
        } else {
            self.least.min(number)
        };
        self.greatest = if is_first {
            number
        } else {
            self.greatest.max(number)
        };
    }

    fn add_text(&mut self, text: &str) {
        self.texts += 1;
        let characters = text.chars().count();
        self.characters += characters as u64;
        let (shortest, longest) = self.lengths.unwrap_or((characters, characters));
        self.lengths = Some((shortest.min(characters), longest.max(characters)));
        let trimmed = text.trim();
        let words = trimmed.split_whitespace().count();
        self.words += words as u64;
        self.empty += u64::from(trimmed.is_empty());
        self.html += u64::from(
            text.contains("</") && text.contains('>')
                || text.contains("<br")
                || text.contains("<p>"),
        );
        self.commas += u64::from(text.contains([',', '،']));
        match trimmed.as_bytes().first() {
            Some(b'[') => match list(trimmed, characters >= CHARACTERS) {
                Some(true) => self.json_lists += 1,
                Some(false) => self.json_objects += 1,
                None => {}
            },
            Some(b'{') if characters >= CHARACTERS || is_json(trimmed) => self.json_objects += 1,
            _ => {}
        }
        self.booleans += u64::from(
            ["0", "1", "t", "f", "true", "false"].contains(&trimmed.to_lowercase().as_str()),
        );
        if trimmed.parse::<f64>().is_ok_and(f64::is_finite) {
            self.numeric_texts += 1;
        }
        self.addresses += u64::from(is_address(trimmed));
        self.emails += u64::from(
            words == 1
                && trimmed
                    .split_once('@')
                    .is_some_and(|(name, host)| !name.is_empty() && host.contains('.')),
        );
        self.phones += u64::from(is_phone(trimmed));
        let has_sign = trimmed.contains(|c: char| c.is_ascii_digit() || "-_/.#".contains(c));
        let in_capitals = characters <= 6 && trimmed.chars().all(|c| c.is_ascii_uppercase());
        self.codes += u64::from(words == 1 && (has_sign || in_capitals));
        self.uuids += u64::from(is_uuid(trimmed));
        self.letters.add(text);
        if characters <= 60 {
            self.keep(trimmed);
        }
        self.hashes.insert(hash(&text));
    }

    fn keep(&mut self, value: &str) {
        if let Some(count) = self.kept.get_mut(value) {
            *count += 1;
        } else if self.kept.len() < KEPT {
            self.kept.insert(value.to_owned(), 1);
        }
    }

    /// A share of the values that are not NULL, in hundredths. Nothing of nothing.
    pub fn share(&self, part: u64) -> u64 {
        (part * 100).checked_div(self.values).unwrap_or_default()
    }

    /// The same, of the texts.
    pub fn of_texts(&self, part: u64) -> u64 {
        let texts = self.texts.saturating_sub(self.empty);
        (part * 100).checked_div(texts).unwrap_or_default()
    }

    pub fn is_text(&self) -> bool {
        (self.texts + self.not_utf8) * 2 > self.values
    }

    pub fn is_number(&self) -> bool {
        self.values > 0 && self.integers + self.reals == self.values
    }

    /// In characters.
    pub fn mean_length(&self) -> u64 {
        self.characters.checked_div(self.texts).unwrap_or_default()
    }

    /// In tenths of a word.
    pub fn mean_words(&self) -> u64 {
        (self.words * 10)
            .checked_div(self.texts.saturating_sub(self.empty))
            .unwrap_or_default()
    }

    /// Few different values for so many rows. Of a handful of rows that cannot be known.
    pub fn has_few_values(&self) -> bool {
        self.values >= 20 && self.distinct <= 50 && self.distinct * 5 <= self.values
    }
}

fn hash(value: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

mod forms;
#[cfg(test)]
mod tests;
