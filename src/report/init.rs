//! What `init` wrote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::figures::{counted, grouped, listed};
use crate::report::of_indexes;
use crate::report::page::Page;
use crate::terminal::{line, set_in, style};

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

/// One definition, with what was chosen for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Written {
    /// Its name.
    pub index: String,
    /// The table or view that it is made of.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// What is searched, the most important first.
    pub searched: Vec<String>,
    /// What can be filtered by.
    pub filtered: Vec<String>,
    /// What can be sorted by.
    pub sorted: Vec<String>,
    /// What comes from other tables, as `table.column`.
    pub joined: Vec<String>,
    /// The languages that Meilisearch is told of.
    pub languages: Vec<String>,
    /// The conditions that leave rows out.
    pub only: Vec<String>,
    /// The column by which changes are followed, or `comparing`.
    pub follows: String,
    /// Its files: the name of each, and its text.
    pub files: BTreeMap<String, String>,
    /// What a person should look at.
    pub notes: Vec<String>,
}

impl Written {
    /// `Track 3,503 · search Name, Composer · filter GenreId · sort Name · joins Album.Title · follows updated_at`
    fn line(&self) -> String {
        let called = match self.index == self.table {
            true => line(&self.index).into_owned(),
            false => format!("{} (the table {})", self.index, line(&self.table)),
        };
        let mut line = format!("{} {}", style(called).bold(), grouped(self.rows));
        let parts = [
            ("search", &self.searched),
            ("filter", &self.filtered),
            ("sort", &self.sorted),
            ("joins", &self.joined),
            ("in", &self.languages),
            ("only", &self.only),
        ];
        for (what, names) in parts {
            if !names.is_empty() {
                line.push_str(&format!(" · {} {}", style(what).dim(), some(names)));
            }
        }
        let how = if self.is_compared() { "by" } else { "" };
        let follows = style("follows").dim();
        line.push_str(
            format!(" · {follows} {how} {}", self.follows)
                .replace("  ", " ")
                .as_str(),
        );
        line
    }

    fn is_compared(&self) -> bool {
        self.follows == COMPARING
    }
}

/// The first of many names, and how many more there are.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len() {
        all if all <= SHOWN + 1 => listed(names),
        all => format!("{} and {} more", listed(&names[..SHOWN]), all - SHOWN),
    }
}

/// How changes are followed where no column tells when a row changed.
pub(crate) const COMPARING: &str = "comparing";

impl InitReport {
    /// Whether several tables have this note, which is then told once.
    fn is_shared(&self, note: &String) -> bool {
        let with = self.indexes.iter().filter(|one| one.notes.contains(note));
        with.count() > 1
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut page = Page::default();
        let folder = &self.output_dir;
        for written in &self.indexes {
            page.wrapped(0, &written.line());
            let notes = written.notes.iter();
            notes
                .filter(|note| !self.is_shared(note))
                .for_each(|note| page.wrapped(2, &set_in(note)));
            if self.outcome == Outcome::Shown {
                for (name, file) in &written.files {
                    page.line(format_args!("--- {name}\n{}", file.trim_end()));
                }
            }
        }
        let shared = self.indexes.iter().flat_map(|written| {
            let notes = written.notes.iter().filter(|note| self.is_shared(note));
            notes.map(|note| (written.table.as_str(), set_in(note).into_owned()))
        });
        for note in of_indexes(shared) {
            page.wrapped(0, &note);
        }
        let mut reasons: Vec<&str> = Vec::new();
        for LeftOut { why, .. } in &self.left_out {
            if !reasons.contains(&why.as_str()) {
                reasons.push(why);
            }
        }
        if !reasons.is_empty() {
            page.line("not written; --table NAME brings one:");
        }
        for why in reasons {
            let those = self.left_out.iter().filter(|one| one.why == why);
            let tables = listed(those.map(|one| line(&one.table)));
            page.wrapped(2, &format!("{}: {tables}", set_in(why)));
        }
        if self.indexes.iter().any(Written::is_compared) {
            page.wrapped(
                0,
                "by comparing: no column tells when a row changed, so sync compares all; `bisan-indexer triggers` prints \
                 a change log that finds each change at once",
            );
        }
        let count = counted(self.indexes.len() as u64, "definition", "definitions");
        match self.outcome {
            Outcome::Shown => page.line(format_args!("{count}; nothing was written (--dry-run)")),
            Outcome::Written => {
                let option = match folder.as_str() {
                    "index-settings" => String::new(),
                    other => format!(" --index-settings {}", line(other)),
                };
                page.line(format_args!(
                    "{count} in {}; read and edit them, then:",
                    line(folder)
                ));
                page.line(format_args!("  bisan-indexer reindex{option} --dry-run"));
            }
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
            "notes 212 · search title, tags, body · filter tags, created_at · sort title,\n    created_at · joins tags.name · \
             in Arabic, English · only notes.deleted_at IS\n    NULL · follows updated_at\n  left out: share_token (a secret)\n\
             not written; --table NAME brings one:\n  its rows are tokens or sessions: user_sessions\n\
             1 definition in index-settings; read and edit them, then:\n  bisan-indexer reindex --dry-run\n"
        );
    }
}
