//! Proves for every row what was guessed from some: a column that is converted must convert in each of them, for one bad
//! row stops an index.

use futures::TryStreamExt as _;
use jiff::Timestamp;

use super::role::is_zero_date;
use super::schema::Table;
use crate::document::timestamp::{self, TimestampForm};
use crate::sqlite::queries::quoted;
use crate::sqlite::{DatabaseError, Snapshot, Value};
use crate::tracking;

/// What every value of a column must be, unless it is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Must {
    Time,
    Truth,
    Json,
    Coordinate,
}

/// What all rows say.
#[derive(Clone, Debug, Default)]
pub(super) struct Proof {
    pub nulls: u64,
    /// Values that are not what they must be, and the first of them.
    pub bad: u64,
    pub example: String,
    /// MySQL's dates of nothing but zeroes.
    pub zero_dates: u64,
    pub empty: u64,
    forms: Vec<TimestampForm>,
    newest: Option<Timestamp>,
}

impl Proof {
    pub fn is_good(&self) -> bool {
        self.bad == 0
    }

    /// How the column spells its times, where it does so in one way, and they can be times at all: days since 1970 and
    /// 20261124, read as seconds, would all lie in 1970.
    pub fn form(&self) -> Option<TimestampForm> {
        let [form] = self.forms.as_slice() else {
            return None;
        };
        let is_believed =
            *form == TimestampForm::Text || self.newest.is_some_and(tracking::is_believed);
        (self.is_good() && is_believed).then_some(*form)
    }

    fn add(&mut self, value: Value<'_>, must: Must) {
        let is_fit = match (value, must) {
            (Value::Null, _) => {
                self.nulls += 1;
                return;
            }
            (Value::Text(""), Must::Time) => {
                self.empty += 1;
                return;
            }
            (Value::Text(text), Must::Time) if is_zero_date(text) => {
                self.zero_dates += 1;
                return;
            }
            (value, Must::Time) => match (timestamp::form(value), timestamp::parse(value)) {
                (Ok(form), Ok(at)) => {
                    if !self.forms.contains(&form) {
                        self.forms.push(form);
                    }
                    self.newest = self.newest.max(Some(at));
                    true
                }
                _ => false,
            },
            (Value::Integer(number), Must::Truth) => number == 0 || number == 1,
            (Value::Text(text), Must::Truth) => {
                ["0", "1", "t", "f", "true", "false"].contains(&text.to_lowercase().as_str())
            }
            (Value::Text(text), Must::Json) => {
                serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
            }
            (Value::Integer(_) | Value::Real(_), Must::Json | Must::Coordinate) => true,
            (Value::Text(text), Must::Coordinate) => text.parse::<f64>().is_ok_and(f64::is_finite),
            _ => false,
        };
        if !is_fit {
            self.bad += 1;
            if self.bad == 1 {
                self.example = value.excerpt();
            }
        }
    }
}

/// Reads these columns in every row.
pub(super) async fn prove(
    snapshot: &mut Snapshot<'_>,
    table: &Table,
    wanted: &[(&str, Must)],
) -> Result<Vec<Proof>, DatabaseError> {
    let mut proofs = vec![Proof::default(); wanted.len()];
    if wanted.is_empty() {
        return Ok(proofs);
    }
    let columns: Vec<String> = wanted.iter().map(|(column, _)| quoted(column)).collect();
    let sql = format!("SELECT {} FROM {}", columns.join(", "), quoted(&table.name));
    let mut rows = snapshot.rows(&sql, Vec::new());
    while let Some(row) = rows.try_next().await? {
        for (place, ((_, must), proof)) in wanted.iter().zip(&mut proofs).enumerate() {
            proof.add(row.value(place), *must);
        }
    }
    Ok(proofs)
}

/// Which of these columns hold bytes in some row.
pub(super) async fn with_bytes<'c>(
    snapshot: &mut Snapshot<'_>,
    table: &Table,
    columns: &[&'c str],
) -> Result<Vec<&'c str>, DatabaseError> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let counts: Vec<String> = columns
        .iter()
        .map(|column| format!("MAX(typeof({}) = 'blob')", quoted(column)))
        .collect();
    let sql = format!("SELECT {} FROM {}", counts.join(", "), quoted(&table.name));
    let row = snapshot.first_texts(&sql).await?;
    let with = columns.iter().zip(row).filter(|(_, count)| count == "1");
    Ok(with.map(|(column, _)| *column).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(must: Must, values: &[Value<'_>]) -> Proof {
        let mut proof = Proof::default();
        for value in values {
            proof.add(*value, must);
        }
        proof
    }

    #[test]
    fn times_of_one_spelling_are_taken_and_a_zero_date_is_none() {
        use Value::{Integer, Null, Text};
        let good = proof(
            Must::Time,
            &[
                Text("2026-01-02"),
                Null,
                Text("0000-00-00 00:00:00"),
                Text(""),
            ],
        );
        assert_eq!(
            (good.form(), good.zero_dates, good.empty, good.nulls),
            (Some(TimestampForm::Text), 1, 1, 1)
        );
        assert_eq!(
            proof(Must::Time, &[Text("2026-01-02"), Integer(1_767_323_045)]).form(),
            None
        );
        assert_eq!(proof(Must::Time, &[Text("soon")]).form(), None);
        assert_eq!(
            proof(Must::Time, &[Integer(20_261_124)]).form(),
            None,
            "a date as one number"
        );
        assert_eq!(
            proof(Must::Time, &[Integer(1_767_323_045_000)]).form(),
            Some(TimestampForm::Milliseconds)
        );
    }

    #[test]
    fn one_value_in_every_row_is_enough_to_refuse() {
        use Value::{Integer, Text};
        let bad = proof(Must::Truth, &[Integer(1), Text("f"), Text("perhaps")]);
        assert_eq!((bad.bad, bad.example.as_str()), (1, "\"perhaps\""));
        assert!(proof(Must::Json, &[Text("[1]"), Integer(2)]).is_good());
        assert!(!proof(Must::Json, &[Text("[1")]).is_good());
        assert!(proof(Must::Coordinate, &[Text("31.5"), Integer(35)]).is_good());
        assert!(!proof(Must::Coordinate, &[Text("31.5 N")]).is_good());
    }
}
