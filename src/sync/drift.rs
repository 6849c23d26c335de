//! Drift: what differs between database and index, found without changing anything.
//!
//! The application writes while both sides are read, and a follower is always a moment behind. So a difference is
//! called drift only when it is there again a moment later, the same on both sides, with no task on its way.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::document::ids::{DocumentId, IdList};
use crate::document::same::same;
use crate::document::{Anomalies, AnomalyCount};
use crate::error::Error;
use crate::sync::compare::Findings;
use crate::sync::{Reason, Round};

/// How long a writer's change may take to the index before it is looked at again: above a follower's usual interval
/// (500 ms) and a small task's time (0.7 s on a 1.50).
const MOMENT: Duration = Duration::from_millis(1_500);

/// How often differences that keep changing are looked at again; then they are told as they are.
const LOOKS: u32 = 5;

/// Above this, looking at all documents again is cheaper than asking for each by its id.
const MANY: u64 = 5_000;

/// Ids that are looked at again at a time.
const IDS_A_LOOK: usize = 500;

/// Characters of a value that a difference shows.
const SHOWN: usize = 60;

/// Characters before the first difference that are shown for orientation.
const BEFORE: usize = 15;

/// What differs between database and index.
#[derive(Debug, Default)]
pub struct Drift {
    /// Rows without a document.
    pub missing: IdList,
    /// Documents that say something else than their rows.
    pub different: IdList,
    /// Documents without a row.
    pub too_many: IdList,
    /// Rows that were read.
    pub rows: u64,
    /// The first of them, each field by field.
    pub shown: Vec<Drifted>,
    /// Anomalies of the data.
    pub notes: Anomalies,
    show: usize,
    /// Of both sides of all that differs, whatever order it came in.
    digest: u64,
}

/// How a document differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The database has it, the index does not.
    Missing,
    /// Both have it, and at least one field differs.
    Different,
    /// The index has it, documents.sql does not return it.
    TooMany,
}

/// One document that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drifted {
    /// Its id.
    pub id: String,
    /// How it differs.
    pub kind: Kind,
    /// The fields that differ; none for a document that one side lacks.
    pub fields: Vec<FieldDifference>,
}

/// One field that says two things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDifference {
    /// The field.
    pub field: String,
    /// What documents.sql gives, as JSON, cut around the first difference; null where it has no such field.
    pub database: Option<String>,
    /// What the index has.
    pub index: Option<String>,
}

impl Drift {
    fn showing(show: usize) -> Self {
        Self {
            show,
            ..Self::default()
        }
    }

    /// How many documents differ.
    pub fn documents(&self) -> u64 {
        self.missing.len() + self.different.len() + self.too_many.len()
    }

    /// Nothing more is found: all ids are counted.
    fn finish(&mut self) -> Result<(), Error> {
        for ids in [&mut self.missing, &mut self.different, &mut self.too_many] {
            ids.settle()?;
        }
        Ok(())
    }

    /// The ids of all documents that differ; they are few.
    fn ids(&self) -> Result<Vec<DocumentId>, Error> {
        let mut all = Vec::new();
        for ids in [&self.missing, &self.different, &self.too_many] {
            all.extend(ids.first(usize::MAX)?);
        }
        Ok(all)
    }

    fn note(&mut self, id: &DocumentId, line: &[u8], document: Option<&RawValue>) {
        let mut hash = DefaultHasher::new();
        id.as_str().hash(&mut hash);
        line.hash(&mut hash);
        document.map(RawValue::get).hash(&mut hash);
        // Not by XOR, which what comes twice would leave no trace in.
        self.digest = self.digest.wrapping_add(hash.finish());
    }

    fn show(&mut self, id: &DocumentId, kind: Kind, fields: impl FnOnce() -> Vec<FieldDifference>) {
        if self.shown.len() < self.show {
            let id = id.to_string();
            self.shown.push(Drifted {
                id,
                kind,
                fields: fields(),
            });
        }
    }
}

impl Findings for Drift {
    fn row(&mut self, _bytes: u64) {
        self.rows += 1;
    }

    fn differs(
        &mut self,
        id: &DocumentId,
        line: &[u8],
        document: Option<&RawValue>,
        _reason: Reason,
    ) -> Result<(), Error> {
        let (ids, kind) = match document {
            Some(_) => (&mut self.different, Kind::Different),
            None => (&mut self.missing, Kind::Missing),
        };
        ids.push(id)?;
        self.note(id, line, document);
        self.show(id, kind, || {
            let fields = document.and_then(|there| serde_json::from_str(there.get()).ok());
            fields.map_or_else(Vec::new, |there| differing_fields(line, &there))
        });
        Ok(())
    }

    fn gone(&mut self, id: &DocumentId, document: &RawValue) -> Result<(), Error> {
        self.too_many.push(id)?;
        self.note(id, &[], Some(document));
        self.show(id, Kind::TooMany, Vec::new);
        Ok(())
    }

    fn notes(&mut self, notes: &[AnomalyCount]) {
        self.notes.absorb(notes);
    }
}

impl Round<'_> {
    /// Every document, both sides, to the field; nothing is changed, and no task is made. The first `show` that differ
    /// are told field by field.
    ///
    /// # Errors
    /// Where one side cannot be read.
    pub async fn drift(&self, show: usize) -> Result<Drift, Error> {
        let mut connection = self.database.connect().await?;
        let mut drift = Drift::showing(show);
        self.compare_all(&mut connection, &mut drift).await?;
        drift.finish()?;
        for _ in 0..LOOKS {
            if drift.documents() == 0 {
                break;
            }
            tokio::time::sleep(MOMENT).await;
            let on_its_way = self.is_written_to().await?;
            let mut again = Drift::showing(show);
            if drift.documents() > MANY {
                self.compare_all(&mut connection, &mut again).await?;
            } else {
                let ids = drift.ids()?;
                for some in ids.chunks(IDS_A_LOOK) {
                    self.compare_changed(&mut connection, some, &mut again)
                        .await?;
                }
                (again.rows, again.notes) = (drift.rows, drift.notes);
            }
            again.finish()?;
            let settled = again.digest == drift.digest && !on_its_way;
            drift = again;
            if settled {
                break;
            }
        }
        connection.close().await?;
        Ok(drift)
    }

    /// Whether tasks for this index wait or are at work.
    async fn is_written_to(&self) -> Result<bool, Error> {
        let queue = self.server.queue().await?;
        Ok(queue.of(self.uid).next().is_some())
    }
}

/// The fields by which a document differs from what its row says now, in the row's order.
pub fn differing_fields(line: &[u8], document: &Map<String, Value>) -> Vec<FieldDifference> {
    let row: Map<String, Value> = serde_json::from_slice(line).unwrap_or_default();
    let only_in_index = document.keys().filter(|field| !row.contains_key(*field));
    row.keys()
        .chain(only_in_index)
        .filter(|field| match (row.get(*field), document.get(*field)) {
            (Some(ours), Some(theirs)) => !same(ours, theirs),
            _ => true,
        })
        .map(|field| {
            let text = |value: Option<&Value>| value.map(Value::to_string);
            let (ours, theirs) = (text(row.get(field)), text(document.get(field)));
            let same = common_beginning(&ours, &theirs);
            FieldDifference {
                field: field.clone(),
                database: ours.map(|text| excerpt(&text, same)),
                index: theirs.map(|text| excerpt(&text, same)),
            }
        })
        .collect()
}

/// How many characters two texts begin with alike.
fn common_beginning(one: &Option<String>, other: &Option<String>) -> usize {
    match (one, other) {
        (Some(one), Some(other)) => one
            .chars()
            .zip(other.chars())
            .take_while(|(a, b)| a == b)
            .count(),
        _ => 0,
    }
}

/// A part of a text around the place where a difference begins.
fn excerpt(text: &str, difference: usize) -> String {
    let length = text.chars().count();
    if length <= SHOWN {
        return text.to_owned();
    }
    let begin = difference.saturating_sub(BEFORE).min(length - SHOWN);
    let part: String = text.chars().skip(begin).take(SHOWN).collect();
    let before = if begin > 0 { "…" } else { "" };
    let after = if begin + SHOWN < length { "…" } else { "" };
    format!("{before}{part}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn difference(field: &str, database: Option<&str>, index: Option<&str>) -> FieldDifference {
        FieldDifference {
            field: field.to_owned(),
            database: database.map(str::to_owned),
            index: index.map(str::to_owned),
        }
    }

    #[test]
    fn a_field_that_one_side_lacks_is_told_from_one_that_is_null() {
        let found = differing_fields(
            br#"{"id":7,"title":null,"year":1936,"new":1}"#,
            &document(json!({"year": 1936, "title": "x", "id": 7, "old": true})),
        );
        assert_eq!(
            found,
            [
                difference("title", Some("null"), Some("\"x\"")),
                difference("new", Some("1"), None),
                difference("old", None, Some("true")),
            ]
        );
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_difference() {
        let long = "كلمة ".repeat(100);
        let line = json!({"body": format!("{long}قديم{long}")}).to_string();
        let there = document(json!({"body": format!("{long}جديد{long}")}));
        let found = differing_fields(line.as_bytes(), &there);
        let (ours, theirs) = (
            found[0].database.clone().unwrap(),
            found[0].index.clone().unwrap(),
        );
        assert!(
            ours.contains("قديم") && theirs.contains("جديد"),
            "{found:?}"
        );
        assert!(ours.starts_with('…') && ours.ends_with('…'), "{ours}");
        assert_eq!(ours.chars().count(), SHOWN + 2);
    }

    #[test]
    fn the_same_differences_are_known_again_in_any_order() {
        let there = RawValue::from_string("{\"id\":1}".to_owned()).unwrap();
        let ids = [DocumentId::from(1), DocumentId::from(2)];
        let drift = |order: [usize; 2]| {
            let mut drift = Drift::showing(1);
            for place in order {
                drift
                    .differs(&ids[place], b"{}", None, Reason::Missing)
                    .unwrap();
            }
            drift.gone(&DocumentId::from(3), &there).unwrap();
            drift.finish().unwrap();
            drift
        };
        let (one, other) = (drift([0, 1]), drift([1, 0]));
        assert_eq!((one.digest, one.documents()), (other.digest, 3));
        assert_eq!(one.shown.len(), 1);
        let mut less = drift([0, 1]);
        less.differs(&DocumentId::from(9), b"{}", None, Reason::Missing)
            .unwrap();
        assert_ne!(less.digest, one.digest);
    }
}
