//! What a reindex did: for people and for programs. Fields are only ever added. Sizes are in bytes, times in seconds.

use std::fmt::Write as _;

use bytesize::ByteSize;
use serde::Serialize;

use crate::document::AnomalyCount;
use crate::report::{aligned, counted, grouped};
use crate::terminal::style;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The new generations are live.
    Live,
    /// `--dry-run`: everything was checked and read, nothing was sent.
    DryRun,
}

/// What a reindex did.
#[derive(Clone, Debug, Serialize)]
pub struct ReindexReport {
    /// How it ended.
    pub outcome: Outcome,
    /// One entry an index.
    pub indexes: Vec<IndexReport>,
    /// Where the time went.
    pub seconds: Times,
    /// Former generations that are kept, newest first.
    pub retained: Vec<String>,
    /// Indexes that were deleted: older generations and leftovers.
    pub deleted: Vec<String>,
    /// What a person should know, though nothing failed.
    pub warnings: Vec<String>,
}

/// One index of a reindex.
#[derive(Clone, Debug, Serialize)]
pub struct IndexReport {
    /// The definition's name.
    pub index: String,
    /// The uid that the application searches.
    pub live_uid: String,
    /// `createdAt` of the new live generation.
    pub created_at: Option<String>,
    /// Rows read, each of them a document.
    pub documents_read: u64,
    /// Documents that the new index holds, as the server counts them.
    pub documents_indexed: Option<u64>,
    /// Documents of the former live index.
    pub documents_before: Option<u64>,
    /// Bytes of NDJSON.
    pub bytes: u64,
    /// Uploads.
    pub batches: u32,
    /// Documents sent again, because they changed meanwhile.
    pub caught_up: u64,
    /// Documents deleted again, because they went meanwhile.
    pub caught_up_deletes: u64,
    /// Anomalies of the data, counted.
    pub notes: Vec<AnomalyCount>,
}

/// Where the time of a run went, in seconds. Reading, uploading and indexing overlap.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Times {
    /// How long the read transaction was open.
    pub reading: f64,
    /// From the first upload to the end of the last.
    pub uploading: f64,
    /// From the first upload until Meilisearch had ended every task.
    pub indexing: f64,
    /// The swap, until it was proven.
    pub swapping: f64,
    /// All of it.
    pub total: f64,
}

impl ReindexReport {
    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        let head = match self.outcome {
            Outcome::Live => "Live",
            Outcome::DryRun => "Checked and read (dry run: nothing was sent)",
        };
        let _ = writeln!(text, "{} {head}", style("✔").green().bold());
        let rows: Vec<[String; 5]> = self
            .indexes
            .iter()
            .map(|index| {
                let documents = index.documents_indexed.unwrap_or(index.documents_read);
                [
                    index.live_uid.clone(),
                    counted(documents, "document", "documents"),
                    match index.documents_before {
                        Some(before) => format!("before {}", grouped(before)),
                        None => "new".to_owned(),
                    },
                    ByteSize::b(index.bytes).display().si().to_string(),
                    counted(index.batches.into(), "batch", "batches"),
                ]
            })
            .collect();
        text.push_str(&aligned(&rows));
        for index in &self.indexes {
            if index.caught_up + index.caught_up_deletes > 0 {
                let _ = writeln!(
                    text,
                    "  {}: {} changed and {} deleted meanwhile, caught up",
                    index.live_uid,
                    grouped(index.caught_up),
                    grouped(index.caught_up_deletes)
                );
            }
            for note in &index.notes {
                let _ = writeln!(text, "  {}: {note}", index.live_uid);
            }
        }
        let Times {
            reading,
            uploading,
            indexing,
            swapping,
            total,
        } = self.seconds;
        match self.outcome {
            Outcome::Live => {
                let _ = writeln!(
                    text,
                    "  {total:.1} s: reading {reading:.1} s, uploading {uploading:.1} s, indexing {indexing:.1} s, swapping {swapping:.1} s"
                );
            }
            Outcome::DryRun => {
                let _ = writeln!(text, "  {total:.1} s: reading {reading:.1} s");
            }
        }
        if !self.retained.is_empty() {
            let _ = writeln!(text, "  retained: {}", self.retained.join(", "));
        }
        if !self.deleted.is_empty() {
            let _ = writeln!(text, "  deleted: {}", self.deleted.join(", "));
        }
        text
    }
}
