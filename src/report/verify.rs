//! What `verify` found.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::document::AnomalyCount;
use crate::error::Error;
use crate::figures::{counted, documents, kinds, listed};
use crate::meilisearch::settings::Difference;
use crate::prepared::Prepared;
use crate::report::page::{Mark, Page, about};
use crate::sync::{Drift, Drifted, FieldDifference, Kind};
use crate::terminal::{line, style};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VerifyReport {
    /// How it ended.
    pub outcome: Outcome,
    /// One entry an index.
    pub indexes: Vec<IndexVerified>,
    /// All of it.
    pub seconds: f64,
}

/// One index.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
    /// Of what was compared.
    pub fn new(index: &Prepared, created_at: String, drift: &Drift, time: Duration) -> Self {
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

    /// Of what could not be.
    pub fn failed(index: &Prepared, error: &Error) -> Self {
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
    pub fn is_equal(&self) -> bool {
        self.error.is_none() && self.drifted() == 0 && self.settings.is_empty()
    }

    fn verdict(&self) -> String {
        if self.error.is_some() {
            return "could not be verified".to_owned();
        }
        if self.drifted() == 0 {
            return format!(
                "equal: {}, each as in the database",
                documents(self.documents)
            );
        }
        let drift = kinds(&[
            (self.missing, "missing"),
            (self.different, "different"),
            (self.too_many, "too many"),
        ]);
        let all = documents(self.documents.max(self.rows));
        format!("drift: {drift}, of {all}")
    }

    fn row(&self) -> [String; 4] {
        [
            Mark::of(self.is_equal()).to_string(),
            self.live_uid.clone(),
            self.verdict(),
            format!("{:.1} s", self.seconds),
        ]
    }

    fn describe(&self, page: &mut Page) {
        let uid = &self.live_uid;
        if let Some(error) = &self.error {
            page.line(about(uid, error));
        }
        for difference in &self.settings {
            page.line(format_args!("{uid}: settings: {difference}"));
        }
        if !self.unmentioned.is_empty() {
            page.line(format_args!(
                "{uid}: settings that the definition does not mention, which a reindex would lose: {}",
                self.unmentioned.join(", ")
            ));
        }
        for group in groups(&self.drifted) {
            let first = group[0];
            let ids = examples(&group);
            match first.kind {
                Kind::Missing => page.wrapped(0, &format!("{uid}: missing in the index: {ids}")),
                Kind::TooMany => {
                    page.wrapped(0, &format!("{uid}: not in the database (any more): {ids}"))
                }
                Kind::Different => {
                    let names = listed(first.fields.iter().map(|field| line(&field.field)));
                    let many = documents(group.len() as u64);
                    page.line(format_args!(
                        "{uid}: {} differs in {many}, e.g. {}:",
                        style(names).bold(),
                        line(&first.id.to_string())
                    ));
                    fields(&first.fields, page);
                }
            }
        }
        let untold = self.drifted() - self.drifted.len() as u64;
        if untold > 0 {
            let untold = counted(untold, "more document differs", "more documents differ");
            page.line(format_args!("{uid}: {untold}; --all shows them"));
        }
        for note in &self.notes {
            page.line(format_args!("{uid}: {note}"));
        }
    }
}

impl VerifyReport {
    /// Of all indexes.
    pub fn new(indexes: Vec<IndexVerified>, seconds: f64) -> Self {
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

    fn total(&self) -> String {
        let sum = |of: fn(&IndexVerified) -> u64| self.indexes.iter().map(of).sum::<u64>();
        let all = sum(|index| index.documents.max(index.rows));
        let drift = kinds(&[
            (sum(|index| index.missing), "missing"),
            (sum(|index| index.different), "different"),
            (sum(|index| index.too_many), "too many"),
            (sum(|index| index.settings.len() as u64), "settings"),
        ]);
        format!("in all: {drift}, of {}", documents(all))
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut page = Page::default();
        page.table(self.indexes.iter().map(IndexVerified::row));
        for index in &self.indexes {
            index.describe(&mut page);
        }
        if self.outcome == Outcome::Drift {
            page.line(self.total());
            page.line("`bisan-indexer apply` sets it right");
        }
        page.text()
    }
}

/// What differs in the same way, together.
fn groups(drifted: &[Drifted]) -> Vec<Vec<&Drifted>> {
    let way = |one: &Drifted| -> (Kind, Vec<String>) {
        let fields = one.fields.iter().map(|field| field.field.clone());
        (one.kind, fields.collect())
    };
    let mut groups: Vec<Vec<&Drifted>> = Vec::new();
    for one in drifted {
        match groups.iter_mut().find(|group| way(group[0]) == way(one)) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

/// The first ids of a group, and how many more there are.
fn examples(group: &[&Drifted]) -> String {
    const SHOWN: usize = 10;
    let ids = listed(
        group
            .iter()
            .take(SHOWN)
            .map(|one| line(&one.id.to_string()).into_owned()),
    );
    match group.len().saturating_sub(SHOWN) {
        0 => ids,
        more => format!("{ids} and {more} more"),
    }
}

/// Each field with both of its values, one below the other.
pub fn fields(differences: &[FieldDifference], page: &mut Page) {
    // A value that begins with a digit is no column of numbers.
    let row = |field: &str, side: &str, value: &Option<String>| {
        let value = value.as_deref().unwrap_or("(no such field)");
        [String::new(), field.to_owned(), format!("{side}  {value}")]
    };
    page.table(differences.iter().flat_map(|difference| {
        [
            row(&difference.field, "database", &difference.database),
            row("", "index   ", &difference.index),
        ]
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    #[test]
    fn the_summary_says_what_differs_and_what_to_do() {
        let text = documented::<VerifyReport>("verify").summary();
        for part in [
            "✘  articles  drift: 1 missing, 1 different, of 20,331 documents  1.4 s",
            "articles: title differs in 1 document, e.g. 71:",
            "in all: 1 missing, 1 different, 1 settings, of 20,331 documents",
            "database  \"يافا\"",
            "index     \"حيفا\"",
            "articles: missing in the index: 20331",
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
