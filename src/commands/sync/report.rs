//! What a round of `sync` did: for people and for programs. Fields are only ever added. Sizes are in bytes, times in
//! seconds.

use std::fmt::Write as _;

use serde::Serialize;

use crate::document::AnomalyCount;
use crate::document::ids::IdList;
use crate::error::Error;
use crate::report::{about, aligned, counted, grouped};
use crate::sync::{Depth, Followed};
use crate::terminal::style;

/// Ids that a dry run lists of each kind; the counts are of all.
const LISTED_IDS: usize = 1_000;

/// How `sync` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
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
        let reasons: Vec<String> = [
            (self.sent_changed, "changed"),
            (self.sent_missing, "missing"),
            (self.sent_different, "different"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, reason)| format!("{} {reason}", grouped(*count)))
        .collect();
        let sent = match reasons.len() {
            0 => "0 sent".to_owned(),
            _ => format!("{} sent ({})", grouped(self.sent()), reasons.join(", ")),
        };
        format!("{sent}, {} deleted", grouped(self.deleted))
    }
}

impl SyncReport {
    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        let head = match self.outcome {
            Outcome::Synced => format!("{} Synced", style("✔").green().bold()),
            Outcome::DryRun => format!(
                "{} Compared (dry run: nothing was sent)",
                style("✔").green().bold()
            ),
            Outcome::Failed => format!("{} Not all synced", style("✘").red().bold()),
        };
        let _ = writeln!(text, "{head}");
        let rows: Vec<[String; 4]> = self
            .indexes
            .iter()
            .map(|index| match &index.done {
                Some(done) => [
                    index.live_uid.clone(),
                    done.words(),
                    format!(
                        "{} read, {}",
                        counted(done.rows_read, "row", "rows"),
                        looked_at(done)
                    ),
                    format!("{:.1} s", done.seconds),
                ],
                None => [
                    index.live_uid.clone(),
                    "failed".to_owned(),
                    String::new(),
                    String::new(),
                ],
            })
            .collect();
        text.push_str(&aligned(&rows));
        for index in &self.indexes {
            if let Some(error) = &index.error {
                let _ = writeln!(text, "  {}", about(&index.live_uid, error));
            }
            let Some(done) = &index.done else { continue };
            for (ids, what) in [(&done.would_send, "send"), (&done.would_delete, "delete")] {
                if let Some(ids) = ids.as_ref().filter(|ids| !ids.is_empty()) {
                    let _ = writeln!(text, "  {} would {what}: {}", index.live_uid, ids.join(" "));
                }
            }
            for note in &done.notes {
                let _ = writeln!(text, "  {}: {note}", index.live_uid);
            }
        }
        text
    }
}

fn looked_at(done: &Done) -> &'static str {
    match (done.compare, done.edits_seen) {
        (Depth::Count, _) => "counted; no edit was looked for",
        (Depth::Ids, false) => "every id compared; no edit was looked for",
        (Depth::Changed, _) => "what changed, and how many there are",
        (Depth::Ids, true) => "what changed, and every id compared",
        (Depth::All, _) => "every document compared",
    }
}
