//! What `init` wrote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::figures::{counted, listed};
use crate::report::page::Page;
use crate::terminal::{line, set_in};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was written: --dry-run.
    Shown,
    /// The files are there.
    Written,
}

/// What was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeftOut {
    /// The table.
    pub table: String,
    /// Why, and what to do.
    pub why: String,
}

/// One definition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Written {
    /// Its name.
    pub index: String,
    /// The table or view that it is made of.
    pub table: String,
    /// Its files: the name of each, and its text.
    pub files: BTreeMap<String, String>,
    /// What a person should look at.
    pub notes: Vec<String>,
}

impl InitReport {
    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut page = Page::default();
        let folder = &self.output_dir;
        for Written {
            index,
            files,
            notes,
            ..
        } in &self.indexes
        {
            page.line(format_args!("{folder}/{index}: {}", listed(files.keys())));
            notes.iter().for_each(|note| page.note(set_in(note)));
            if self.outcome == Outcome::Shown {
                for (name, file) in files {
                    page.line(format_args!("--- {name}\n{}", file.trim_end()));
                }
            }
        }
        for LeftOut { table, why } in &self.left_out {
            let (table, why) = (line(table), set_in(why));
            page.line(format_args!("no definition for {table}: {why}"));
        }
        let count = counted(self.indexes.len() as u64, "definition", "definitions");
        match self.outcome {
            Outcome::Shown => page.line(format_args!("{count}; nothing was written (--dry-run)")),
            Outcome::Written => page.line(format_args!(
                "{count}; read and edit them, then: bisan-indexer reindex --index-settings {folder} --dry-run"
            )),
        }
        page.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    #[test]
    fn the_summary_names_what_was_written_and_what_was_left_out() {
        assert_eq!(
            documented::<InitReport>("init").summary(),
            "index-settings/notes: documents.sql\n  left out: password_digest (looks like a secret)\nno definition for \
             counters: it has no column of texts that somebody would search\n1 definition; read and edit them, then: \
             bisan-indexer reindex --index-settings index-settings --dry-run\n"
        );
    }
}
