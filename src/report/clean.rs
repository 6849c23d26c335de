//! What `clean` found and deleted: the indexes that are neither live nor retained.

use serde::{Deserialize, Serialize};

use crate::figures::{counted, listed};
use crate::generation::generations::{Deletable, Generation};
use crate::generation::prune::{IndexGenerations, Pruned};
use crate::generation::records::Record;
use crate::meilisearch::IndexInfo;
use crate::meilisearch::uid::same_identity;
use crate::report::generation::{self, FOREIGN, MOVED};
use crate::report::page::{Mark, Page};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There is nothing that may go.
    NothingToDo,
    /// There is something, and it was only listed.
    Listed,
    /// What may go has gone, as far as each entry says so.
    Deleted,
}

/// The indexes that are neither live nor retained, and what was done with them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CleanReport {
    /// How it ended.
    pub outcome: Outcome,
    /// Each index that is not live and not retained.
    pub indexes: Vec<Entry>,
    /// Records of generations that are gone.
    pub records: Vec<ForgottenRecord>,
    /// What a person should know, though nothing failed.
    pub warnings: Vec<String>,
}

/// One index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Where it lies.
    pub uid: String,
    /// The live uid that it belongs to, or looks as if it did.
    pub live_uid: String,
    /// Which it is.
    pub created_at: String,
    /// Whether it may go.
    pub may_go: bool,
    /// Why, or why not.
    pub reason: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// A record that is no longer needed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ForgottenRecord {
    /// The record's id.
    pub id: String,
    /// The live uid that its generation belonged to.
    pub live_uid: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

impl CleanReport {
    /// Of what was found. Nothing is deleted yet.
    pub fn of(found: &[IndexGenerations]) -> Self {
        let mut indexes = Vec::new();
        let mut records = Vec::new();
        for index in found {
            let live_uid = &index.live_uid;
            let entry = |info: &IndexInfo, may_go, reason: String| Entry {
                uid: info.uid.clone(),
                live_uid: live_uid.clone(),
                created_at: info.created_at.clone(),
                may_go,
                reason,
                deleted: false,
            };
            indexes.extend(index.leftovers.iter().map(|leftover| {
                let Generation { index, record } = &leftover.generation;
                let told = generation::leftover(leftover);
                let reason = format!("{told} (host {})", record.host);
                entry(index, leftover.deletable.is_some(), reason)
            }));
            let moved = index.generations.moved.iter();
            indexes.extend(moved.map(|moved| entry(&moved.index, false, MOVED.to_owned())));
            let foreign = index.generations.foreign.iter();
            indexes.extend(foreign.map(|index| entry(index, false, FOREIGN.to_owned())));
            records.extend(index.forgettable.iter().map(|record| ForgottenRecord {
                id: record.id.clone(),
                live_uid: live_uid.clone(),
                deleted: false,
            }));
        }
        let anything = !records.is_empty() || indexes.iter().any(|entry| entry.may_go);
        Self {
            outcome: match anything {
                true => Outcome::Listed,
                false => Outcome::NothingToDo,
            },
            indexes,
            records,
            warnings: Vec::new(),
        }
    }

    /// Which of it was deleted, and is gone.
    pub fn note_deleted(
        &mut self,
        generations: &[Deletable],
        records: &[Record],
        is_gone: impl Fn(&Deletable) -> bool,
    ) {
        self.outcome = Outcome::Deleted;
        for entry in &mut self.indexes {
            entry.deleted = generations.iter().any(|generation| {
                generation.uid().as_str() == entry.uid
                    && same_identity(generation.created_at(), &entry.created_at)
                    && is_gone(generation)
            });
        }
        for forgotten in &mut self.records {
            forgotten.deleted = records.iter().any(|record| record.id == forgotten.id);
        }
    }

    /// Adds warnings, of what stayed as well, and logs them all.
    pub fn warn(&mut self, pruned: Pruned) {
        self.warnings.extend(pruned.warnings);
        let stayed = self.indexes.iter();
        let stayed = stayed.filter(|entry| entry.may_go && !entry.deleted);
        let stayed = stayed.map(|entry| format!("{} is still there; run it again", entry.uid));
        self.warnings.extend(stayed);
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut page = match self.outcome {
            Outcome::NothingToDo => Page::headed(Mark::Good, "Nothing is left over"),
            Outcome::Listed => Page::default(),
            Outcome::Deleted => {
                let deleted = self.indexes.iter().filter(|entry| entry.deleted).count();
                let deleted = counted(deleted as u64, "index", "indexes");
                Page::headed(Mark::Good, format_args!("Deleted {deleted}"))
            }
        };
        self.add_table(&mut page);
        if self.outcome == Outcome::Listed {
            page.line("Nothing was deleted; say --yes to delete what may go");
        }
        page.text()
    }

    /// Each index and record with what becomes of it.
    pub fn table(&self) -> String {
        let mut page = Page::default();
        self.add_table(&mut page);
        page.text()
    }

    fn add_table(&self, page: &mut Page) {
        page.table(self.indexes.iter().map(|entry| {
            let fate = match (entry.deleted, entry.may_go) {
                (true, _) => "deleted",
                (false, true) => "may go",
                (false, false) => "stays",
            };
            [entry.uid.clone(), fate.to_owned(), entry.reason.clone()]
        }));
        if !self.records.is_empty() {
            let count = counted(self.records.len() as u64, "record", "records");
            let fate = match self.records.iter().all(|record| record.deleted) {
                true => "deleted",
                false => "may go",
            };
            let ids = listed(self.records.iter().map(|record| &record.id));
            page.note(format_args!(
                "{count} of indexes that are gone ({fate}): {ids}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    #[test]
    fn the_summary_says_what_went_what_stays_and_why() {
        let text = documented::<CleanReport>("clean").summary();
        assert!(
            text.starts_with("✔ Deleted 1 index\n  articles_20261124T172900Z  deleted  a build"),
            "{text}"
        );
        assert!(
            text.contains("  articles_archive           stays    not built by this program"),
            "{text}"
        );
        assert!(
            text.contains("1 record of indexes that are gone (deleted): articles_20261123T030000Z"),
            "{text}"
        );
    }
}
