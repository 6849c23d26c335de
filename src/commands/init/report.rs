//! The report of `init`.

use std::fmt::Write as _;

use serde::Serialize;

use super::Draft;
use crate::cli::Init;
use crate::report::counted;
use crate::terminal::{line, set_in};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was written: --dry-run.
    Shown,
    /// The files are there.
    Written,
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct InitReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The folder of the definitions.
    pub output_dir: String,
    /// Each definition.
    pub indexes: Vec<Written>,
    /// Tables that were looked at and will not do.
    pub left_out: Vec<LeftOut>,
}

/// A table without a definition.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOut {
    /// The table.
    pub table: String,
    /// Why, and what to do.
    pub why: String,
}

/// One definition.
#[derive(Clone, Debug, Serialize)]
pub struct Written {
    /// Its name.
    pub index: String,
    /// The table or view that it is made of.
    pub table: String,
    /// Its files: the name of each, and its text.
    pub files: std::collections::BTreeMap<&'static str, String>,
    /// What a person should look at.
    pub notes: Vec<String>,
}

impl InitReport {
    pub(super) fn new(options: &Init, drafts: Vec<Draft>, left_out: Vec<LeftOut>) -> Self {
        Self {
            outcome: if options.dry_run {
                Outcome::Shown
            } else {
                Outcome::Written
            },
            output_dir: options.output_dir.display().to_string(),
            indexes: drafts
                .into_iter()
                .map(|draft| Written {
                    files: draft.files().into_iter().collect(),
                    index: draft.name,
                    table: draft.table,
                    notes: draft.notes,
                })
                .collect(),
            left_out,
        }
    }

    /// The summary for people.
    pub(super) fn summary(&self) -> String {
        let mut text = String::new();
        for index in &self.indexes {
            let names: Vec<&str> = index.files.keys().copied().collect();
            let _ = writeln!(
                text,
                "{}/{}: {}",
                self.output_dir,
                index.index,
                names.join(", ")
            );
            for note in &index.notes {
                let _ = writeln!(text, "  {}", set_in(note));
            }
            if self.outcome == Outcome::Shown {
                for (name, file) in &index.files {
                    let _ = writeln!(text, "--- {name}\n{}", file.trim_end());
                }
            }
        }
        for left_out in &self.left_out {
            let _ = writeln!(
                text,
                "no definition for {}: {}",
                line(&left_out.table),
                set_in(&left_out.why)
            );
        }
        let count = counted(self.indexes.len() as u64, "definition", "definitions");
        let _ = match self.outcome {
            Outcome::Shown => writeln!(text, "{count}; nothing was written (--dry-run)"),
            Outcome::Written => writeln!(
                text,
                "{count}; read and edit them, then: bisan-indexer reindex --index-settings {} --dry-run",
                self.output_dir
            ),
        };
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::expect_documented;

    #[test]
    fn the_report_is_documented_field_by_field() {
        let report = InitReport {
            outcome: Outcome::Written,
            output_dir: "index-settings".to_owned(),
            indexes: vec![Written {
                index: "notes".to_owned(),
                table: "notes".to_owned(),
                files: [("documents.sql", "SELECT ...\n".to_owned())].into(),
                notes: vec!["left out: password_digest (looks like a secret)".to_owned()],
            }],
            left_out: vec![LeftOut {
                table: "counters".to_owned(),
                why: "it has no column of texts that somebody would search".to_owned(),
            }],
        };
        expect_documented("init", &report);
    }
}
