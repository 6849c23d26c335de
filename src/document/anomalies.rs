//! Counts changes to values that a person may want to know about.

use serde::{Deserialize, Serialize};

use super::keys::Keys;
use crate::document::convert::Anomaly;
use crate::document::ids::DocumentId;
use crate::figures::counted;

/// Remarks of a whole run, one entry for a kind and a field: a warning a row would be five thousand lines that nobody
/// reads, and none would hide a null where a number was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Anomalies {
    entries: Vec<AnomalyCount>,
    /// Of all `:json` columns.
    pub keys: Keys,
}

/// How often something was done to a field, and where first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnomalyCount {
    pub kind: Anomaly,
    pub field: String,
    pub count: u64,
    pub first_id: String,
}

impl Anomalies {
    pub fn new() -> Anomalies {
        Anomalies::default()
    }

    /// Counts one document.
    pub(super) fn add(&mut self, kind: Anomaly, field: &str, id: &DocumentId) {
        let known = self
            .entries
            .iter_mut()
            .find(|note| note.kind == kind && note.field == field);
        match known {
            Some(note) => note.count += 1,
            None => self.entries.push(AnomalyCount {
                kind,
                field: field.into(),
                count: 1,
                first_id: id.to_string(),
            }),
        }
    }

    /// Adds what was counted elsewhere.
    pub fn absorb(&mut self, others: &[AnomalyCount]) {
        for other in others {
            let same =
                |note: &&mut AnomalyCount| note.kind == other.kind && note.field == other.field;
            match self.entries.iter_mut().find(same) {
                Some(note) => note.count += other.count,
                None => self.entries.push(other.clone()),
            }
        }
    }

    /// In the order in which they were first met.
    pub fn entries(&self) -> &[AnomalyCount] {
        &self.entries
    }
}

impl std::fmt::Display for AnomalyCount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}, field {:?}, first id {}: {}",
            counted(self.count, "document", "documents"),
            self.field,
            self.first_id,
            self.kind.advice()
        )
    }
}
