//! What a round of `sync` did.

use serde::{Deserialize, Serialize};

use crate::document::AnomalyCount;
use crate::document::ids::IdList;
use crate::error::Error;
use crate::figures::{counted, grouped, kinds, listed};
use crate::report::page::{Mark, Page, about};
use crate::sync::{Depth, Followed};

/// Ids that a dry run lists of each kind; the counts are of all.
const LISTED_IDS: usize = 1_000;

/// How `sync` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every index is what documents.sql returned.
    Synced,
    /// `--dry-run`: nothing was sent.
    DryRun,
    /// At least one index could not be followed; its `error` says why.
    Failed,
}

/// What `sync` did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncReport {
    /// How it ended.
    pub outcome: Outcome,
    /// One entry an index.
    pub indexes: Vec<IndexSynced>,
    /// All of it.
    pub seconds: f64,
    /// What a person should know, though nothing failed.
    pub warnings: Vec<String>,
}

impl SyncReport {
    /// Of a run that begins.
    pub fn new(dry_run: bool) -> Self {
        Self {
            outcome: match dry_run {
                true => Outcome::DryRun,
                false => Outcome::Synced,
            },
            indexes: Vec::new(),
            seconds: 0.0,
            warnings: Vec::new(),
        }
    }
}

/// One index of a `sync`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndexSynced {
    /// The definition's name.
    pub index: String,
    /// The uid that the application searches.
    pub live_uid: String,
    /// Why it could not be followed; absent where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was done; absent where it could not be followed.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
}

/// What was done to one index, or would be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// How deeply it was compared.
    pub compare: Depth,
    /// Whether edits were looked for, and not only counts or ids compared.
    pub edits_seen: bool,
    /// Rows that were read.
    pub rows_read: u64,
    /// Sent because changes.sql names them, and their documents were others.
    pub sent_changed: u64,
    /// Sent because the index did not have them.
    pub sent_missing: u64,
    /// Sent because a field differed, though no timestamp told.
    pub sent_different: u64,
    /// Deleted, because documents.sql does not return them.
    pub deleted: u64,
    /// Bytes of NDJSON that were sent.
    pub bytes: u64,
    /// Up to which change timestamp the index has followed the database.
    pub checkpoint: Option<String>,
    /// How long it took.
    pub seconds: f64,
    /// Anomalies of the data, counted.
    pub notes: Vec<AnomalyCount>,
    /// The first ids that a dry run would send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_send: Option<Vec<String>>,
    /// The first ids that a dry run would delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_delete: Option<Vec<String>>,
}

impl Done {
    /// What a round did; with the ids where nothing was done.
    ///
    /// # Errors
    /// Where those ids cannot be read back from the temporary folder.
    pub fn new(
        followed: &Followed,
        checkpoint: Option<String>,
        seconds: f64,
        dry_run: bool,
    ) -> Result<Self, Error> {
        let plan = &followed.plan;
        let list = |kinds: &[&IdList]| {
            let mut listed = Vec::new();
            for ids in kinds {
                let more = ids.first(LISTED_IDS - listed.len())?;
                listed.extend(more.iter().map(ToString::to_string));
            }
            Ok::<_, Error>(listed)
        };
        let (would_send, would_delete) = match dry_run {
            true => (
                Some(list(&[&plan.changed, &plan.missing, &plan.different])?),
                Some(list(&[&plan.gone])?),
            ),
            false => (None, None),
        };
        Ok(Self {
            compare: followed.depth,
            edits_seen: followed.saw_edits(),
            rows_read: plan.rows,
            sent_changed: plan.changed.len(),
            sent_missing: plan.missing.len(),
            sent_different: plan.different.len(),
            deleted: plan.gone.len(),
            bytes: plan.bytes,
            checkpoint,
            seconds,
            notes: plan.notes.entries().to_vec(),
            would_send,
            would_delete,
        })
    }

    /// Whether anything was to be done.
    pub fn is_empty(&self) -> bool {
        self.sent() == 0 && self.deleted == 0
    }

    /// How many documents were sent.
    pub fn sent(&self) -> u64 {
        self.sent_changed + self.sent_missing + self.sent_different
    }

    /// What was done, in a few words: `12 sent (10 changed, 2 missing), 1 deleted`.
    pub fn words(&self) -> String {
        let reasons = kinds(&[
            (self.sent_changed, "changed"),
            (self.sent_missing, "missing"),
            (self.sent_different, "different"),
        ]);
        let reasons = match reasons.is_empty() {
            true => reasons,
            false => format!(" ({reasons})"),
        };
        format!(
            "{} sent{reasons}, {} deleted",
            grouped(self.sent()),
            grouped(self.deleted)
        )
    }

    /// How it was compared, and how long that took.
    fn comparison(&self) -> String {
        let compared = match (self.compare, self.edits_seen) {
            (Depth::Count, _) => "counted; no edit was looked for",
            (Depth::Ids, false) => "every id compared; no edit was looked for",
            (Depth::Changed, _) => "changes and counts compared",
            (Depth::Ids, true) => "changes and every id compared",
            (Depth::All, _) => "all compared",
        };
        let rows = counted(self.rows_read, "row", "rows");
        format!("{rows}, {compared}, {:.1} s", self.seconds)
    }
}

impl IndexSynced {
    /// Whether nothing was to be done, by a look that would have shown it.
    fn is_unchanged(&self) -> bool {
        let is_sure =
            |done: &Done| done.is_empty() && done.edits_seen && done.compare != Depth::Count;
        self.done.as_ref().is_some_and(is_sure)
    }

    fn row(&self) -> [String; 3] {
        let done = self.done.as_ref();
        [
            self.live_uid.clone(),
            done.map_or("failed".to_owned(), Done::words),
            done.map(Done::comparison).unwrap_or_default(),
        ]
    }
}

impl SyncReport {
    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut page = match self.outcome {
            Outcome::Synced => Page::headed(Mark::Good, "Synced"),
            Outcome::DryRun => Page::headed(Mark::Good, "Compared (dry run: nothing was sent)"),
            Outcome::Failed => Page::headed(Mark::Bad, "Not all synced"),
        };
        let (unchanged, others): (Vec<&IndexSynced>, Vec<&IndexSynced>) =
            self.indexes.iter().partition(|index| index.is_unchanged());
        // One alone says in its line what was read.
        match unchanged.len() {
            0 | 1 => page.table(self.indexes.iter().map(IndexSynced::row)),
            several => {
                page.table(others.into_iter().map(IndexSynced::row));
                let uids = listed(unchanged.iter().map(|index| &index.live_uid));
                page.wrapped(2, &format!("{several} unchanged: {uids}"));
            }
        }
        for index in &self.indexes {
            let uid = &index.live_uid;
            if let Some(error) = &index.error {
                page.note(about(uid, error));
            }
            let Some(done) = &index.done else { continue };
            for (ids, what) in [(&done.would_send, "send"), (&done.would_delete, "delete")] {
                if let Some(ids) = ids.as_ref().filter(|ids| !ids.is_empty()) {
                    page.note(format_args!("{uid} would {what}: {}", ids.join(" ")));
                }
            }
            for note in &done.notes {
                page.note(format_args!("{uid}: {note}"));
            }
        }
        page.text()
    }
}
