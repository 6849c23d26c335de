//! What `verify` found: for people and for programs. Fields are only ever added. Times are in seconds.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::document::AnomalyCount;
use crate::error::Error;
use crate::meilisearch::settings::Difference;
use crate::prepared::Prepared;
use crate::report::{about, aligned, counted, grouped};
use crate::sync::{Drift, Drifted, FieldDifference, Kind};
use crate::terminal::style;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every index is what its definition and the database say.
    Equal,
    /// At least one differs.
    Drift,
    /// At least one could not be verified; its `error` says why.
    Failed,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyReport {
    /// How it ended.
    pub outcome: Outcome,
    /// One entry an index.
    pub indexes: Vec<IndexVerified>,
    /// All of it.
    pub seconds: f64,
}

/// One index.
#[derive(Clone, Debug, Default, Serialize)]
pub struct IndexVerified {
    /// The definition's name.
    pub index: String,
    /// What was compared.
    pub live_uid: String,
    /// Which generation that is.
    pub created_at: Option<String>,
    /// Why it could not be verified; null where it was.
    pub error: Option<String>,
    /// Rows that were read and compared.
    pub rows: u64,
    /// Documents that the index holds.
    pub documents: u64,
    /// Rows without a document.
    pub missing: u64,
    /// Documents that say something else than their rows.
    pub different: u64,
    /// Documents that documents.sql does not return.
    pub too_many: u64,
    /// The first of them (all with `--all`), field by field.
    pub drifted: Vec<Drifted>,
    /// Settings that the definition wants otherwise.
    pub settings: Vec<Difference>,
    /// Settings that were made by hand and that the definition does not mention. They are not drift; a reindex loses
    /// them.
    pub unmentioned: Vec<String>,
    /// Anomalies of the data, counted.
    pub notes: Vec<AnomalyCount>,
    /// How long it took.
    pub seconds: f64,
}

impl IndexVerified {
    pub(super) fn new(index: &Prepared, created_at: String, drift: &Drift, time: Duration) -> Self {
        Self {
            index: index.definition.name.clone(),
            live_uid: index.definition.live_uid.clone(),
            created_at: Some(created_at),
            rows: drift.rows,
            missing: drift.missing.len(),
            different: drift.different.len(),
            too_many: drift.too_many.len(),
            drifted: drift.shown.clone(),
            notes: drift.notes.entries().to_vec(),
            seconds: time.as_secs_f64(),
            ..Self::default()
        }
    }

    pub(super) fn failed(index: &Prepared, error: &Error) -> Self {
        Self {
            index: index.definition.name.clone(),
            live_uid: index.definition.live_uid.clone(),
            error: Some(error.to_string()),
            ..Self::default()
        }
    }

    fn drifted(&self) -> u64 {
        self.missing + self.different + self.too_many
    }

    /// Whether it is what its definition and the database say.
    pub(super) fn is_equal(&self) -> bool {
        self.error.is_none() && self.drifted() == 0 && self.settings.is_empty()
    }

    fn verdict(&self) -> String {
        if self.error.is_some() {
            return "could not be verified".to_owned();
        }
        if self.drifted() == 0 {
            let documents = counted(self.documents, "document", "documents");
            return format!("equal: {documents}, each as in the database");
        }
        let parts: Vec<String> = [
            (self.missing, "missing"),
            (self.different, "different"),
            (self.too_many, "too many"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(count)))
        .collect();
        format!(
            "drift: {}, of {}",
            parts.join(", "),
            counted(self.documents.max(self.rows), "document", "documents")
        )
    }
}

impl VerifyReport {
    pub(super) fn new(indexes: Vec<IndexVerified>, seconds: f64) -> Self {
        let outcome = if indexes.iter().any(|index| index.error.is_some()) {
            Outcome::Failed
        } else if indexes.iter().all(IndexVerified::is_equal) {
            Outcome::Equal
        } else {
            Outcome::Drift
        };
        Self {
            outcome,
            indexes,
            seconds,
        }
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        let heads: Vec<[String; 4]> = self
            .indexes
            .iter()
            .map(|index| {
                let mark = match index.is_equal() {
                    true => style("✔").green().bold(),
                    false => style("✘").red().bold(),
                };
                [
                    mark.to_string(),
                    index.live_uid.clone(),
                    index.verdict(),
                    format!("{:.1} s", index.seconds),
                ]
            })
            .collect();
        text.push_str(&aligned(&heads));
        for index in &self.indexes {
            index.describe(&mut text);
        }
        if self.outcome == Outcome::Drift {
            text.push_str("`bisan-indexer apply` sets it right\n");
        }
        text
    }
}

impl IndexVerified {
    fn describe(&self, text: &mut String) {
        let uid = &self.live_uid;
        if let Some(error) = &self.error {
            let _ = writeln!(text, "{}", about(uid, error));
        }
        for difference in &self.settings {
            let _ = writeln!(text, "{uid}: settings: {difference}");
        }
        if !self.unmentioned.is_empty() {
            let _ = writeln!(
                text,
                "{uid}: settings that the definition does not mention, which a reindex would lose: {}",
                self.unmentioned.join(", ")
            );
        }
        for drifted in &self.drifted {
            let id = style(format!("{uid} {}", drifted.id)).bold();
            let _ = match drifted.kind {
                Kind::Missing => writeln!(text, "{id}: missing in the index"),
                Kind::TooMany => writeln!(text, "{id}: not in the database (any more)"),
                Kind::Different => writeln!(text, "{id}: different"),
            };
            text.push_str(&fields(&drifted.fields));
        }
        let untold = self.drifted() - self.drifted.len() as u64;
        if untold > 0 {
            let untold = counted(untold, "more document differs", "more documents differ");
            let _ = writeln!(text, "{uid}: {untold}; --all shows them");
        }
        for note in &self.notes {
            let _ = writeln!(text, "{uid}: {note}");
        }
    }
}

/// Each field with both of its values, one below the other.
pub fn fields(differences: &[FieldDifference]) -> String {
    let absent = || "(no such field)".to_owned();
    let rows: Vec<[String; 3]> = differences
        .iter()
        .flat_map(|difference| {
            let side = |side: &str, value: &Option<String>| {
                let value = value.clone().unwrap_or_else(absent);
                // A value that begins with a digit is no column of numbers.
                format!("{side}  {value}")
            };
            [
                [
                    String::new(),
                    difference.field.clone(),
                    side("database", &difference.database),
                ],
                [
                    String::new(),
                    String::new(),
                    side("index   ", &difference.index),
                ],
            ]
        })
        .collect();
    aligned(&rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::expect_documented;

    /// Every field is there: docs/json.md shows this very report.
    fn report() -> VerifyReport {
        VerifyReport::new(
            vec![IndexVerified {
                index: "articles".to_owned(),
                live_uid: "articles".to_owned(),
                created_at: Some("2026-11-24T14:30:02.114209Z".to_owned()),
                error: None,
                rows: 20_331,
                documents: 20_330,
                missing: 1,
                different: 1,
                too_many: 0,
                drifted: vec![
                    Drifted {
                        id: "71".to_owned(),
                        kind: Kind::Different,
                        fields: vec![FieldDifference {
                            field: "title".to_owned(),
                            database: Some("\"يافا\"".to_owned()),
                            index: Some("\"حيفا\"".to_owned()),
                        }],
                    },
                    Drifted {
                        id: "20331".to_owned(),
                        kind: Kind::Missing,
                        fields: Vec::new(),
                    },
                ],
                settings: vec![Difference {
                    key: "stopWords".to_owned(),
                    wanted: json!(["ال"]),
                    found: json!([]),
                }],
                unmentioned: vec!["synonyms".to_owned()],
                notes: Vec::new(),
                seconds: 1.4,
            }],
            1.5,
        )
    }

    #[test]
    fn the_report_is_documented_field_by_field() {
        expect_documented("verify", &report());
    }

    #[test]
    fn the_summary_says_what_differs_and_what_to_do() {
        let text = report().summary();
        for part in [
            "✘  articles  drift: 1 missing, 1 different, of 20,331 documents  1.4 s",
            "articles 71: different",
            "database  \"يافا\"",
            "index     \"حيفا\"",
            "articles 20331: missing in the index",
            "settings: `stopWords` is [] and should be [\"ال\"]",
            "a reindex would lose: synonyms",
            "`bisan-indexer apply` sets it right",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn what_is_equal_is_said_in_a_line() {
        let entry = IndexVerified {
            live_uid: "authors".to_owned(),
            documents: 17,
            ..IndexVerified::default()
        };
        let text = VerifyReport::new(vec![entry], 0.1).summary();
        assert_eq!(
            text,
            "  ✔  authors  equal: 17 documents, each as in the database  0.0 s\n"
        );
    }
}
