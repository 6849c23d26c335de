//! Rows that cannot become documents: all are counted, the first are shown.

use crate::document::DocumentError;
use crate::error::{CommandError, FAILED};
use crate::figures::counted;

/// Rows that cannot become documents.
#[derive(Debug, thiserror::Error)]
#[error("{}", describe(.index, *.total, .shown))]
pub struct BadRows {
    /// The definition's name.
    index: String,
    /// How many there are.
    total: u64,
    /// The first of them.
    shown: Vec<BadRow>,
}

impl CommandError for BadRows {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// One row that cannot become a document.
#[derive(Debug)]
struct BadRow {
    /// The row's number in the result of documents.sql, from 1.
    row: u64,
    why: RowFault,
}

/// What is wrong with a row.
#[derive(Debug, thiserror::Error)]
pub enum RowFault {
    /// A value cannot be sent.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The id was there before. The later document would silently replace the earlier one.
    #[error(
        "id {id} is returned a second time; one row must be one document (a join that multiplies rows?)"
    )]
    Repeated {
        /// The id.
        id: String,
    },
}

impl BadRows {
    /// Of this definition, none so far.
    pub fn of(index: &str) -> BadRows {
        BadRows {
            index: index.to_owned(),
            total: 0,
            shown: Vec::new(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Counts one, and keeps it if it is among the first.
    pub fn add(&mut self, row: u64, why: impl Into<RowFault>) {
        self.total += 1;
        let place = self.shown.partition_point(|bad| bad.row < row);
        if place < SHOWN_BAD_ROWS {
            let why = why.into();
            self.shown.insert(place, BadRow { row, why });
            self.shown.truncate(SHOWN_BAD_ROWS);
        }
    }
}

fn describe(index: &str, total: u64, shown: &[BadRow]) -> String {
    let mut text = format!(
        "{index}: {} of documents.sql cannot be indexed; nothing was made live",
        counted(total, "row", "rows")
    );
    for bad in shown {
        text.push_str(&format!("\n  row {}: {}", bad.row, bad.why));
    }
    let more = total - shown.len() as u64;
    if more > 0 {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

/// How many bad rows are shown. All are counted, so that a person need not start a new run for each row to correct.
const SHOWN_BAD_ROWS: usize = 10;
