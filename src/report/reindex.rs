//! What a reindex did.

use serde::{Deserialize, Serialize};

use crate::document::AnomalyCount;
use crate::figures::{counted, documents, grouped, size};
use crate::prepared::Prepared;
use crate::reader::{IndexRead, Read};
use crate::report::page::{Mark, Page};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The new generations are live.
    Live,
    /// `--dry-run`: everything was checked and read, nothing was sent.
    DryRun,
}

/// What a reindex did.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
    /// Documents whose embeddings were taken from the former live index.
    pub vectors_taken: u64,
    /// Documents sent again, because they changed meanwhile.
    pub caught_up: u64,
    /// Documents deleted again, because they went meanwhile.
    pub caught_up_deletes: u64,
    /// Anomalies of the data, counted.
    pub notes: Vec<AnomalyCount>,
}

/// Where the time of a run went, in seconds. Reading, uploading and indexing overlap.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
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
    /// Of what was read.
    pub fn of(
        outcome: Outcome,
        indexes: &[Prepared],
        read: &Read,
        seconds: Times,
        warnings: Vec<String>,
    ) -> Self {
        let each = indexes.iter().zip(&read.indexes);
        Self {
            outcome,
            indexes: each.map(IndexReport::of).collect(),
            seconds,
            retained: Vec::new(),
            deleted: Vec::new(),
            warnings,
        }
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let Times {
            reading,
            uploading,
            indexing,
            swapping,
            total,
        } = self.seconds;
        let (head, rest) = match self.outcome {
            Outcome::Live => (
                "Live",
                format!(
                    ", uploading {uploading:.1} s, indexing {indexing:.1} s, swapping {swapping:.1} s"
                ),
            ),
            Outcome::DryRun => (
                "Checked and read (dry run: nothing was sent)",
                String::new(),
            ),
        };
        let mut page = Page::headed(Mark::Good, head);
        page.table(self.indexes.iter().map(IndexReport::row));
        for index in &self.indexes {
            let uid = &index.live_uid;
            if index.caught_up + index.caught_up_deletes > 0 {
                page.note(format_args!(
                    "{uid}: {} changed and {} deleted meanwhile, caught up",
                    grouped(index.caught_up),
                    grouped(index.caught_up_deletes)
                ));
            }
            if index.vectors_taken > 0 {
                page.note(format_args!(
                    "{uid}: the embeddings of {} were taken from the former index",
                    documents(index.vectors_taken)
                ));
            }
            for note in &index.notes {
                page.note(format_args!("{uid}: {note}"));
            }
        }
        page.note(format_args!("{total:.1} s: reading {reading:.1} s{rest}"));
        page.generations("retained", &self.retained);
        page.generations("deleted", &self.deleted);
        page.text()
    }
}

impl IndexReport {
    fn of((index, read): (&Prepared, &IndexRead)) -> Self {
        Self {
            index: index.definition.name.clone(),
            live_uid: index.definition.live_uid.clone(),
            documents_read: read.rows,
            documents_before: index.live.as_ref().map(|live| live.documents),
            bytes: read.bytes,
            batches: read.batches,
            notes: read.notes.clone(),
            ..Self::default()
        }
    }

    fn row(&self) -> [String; 5] {
        [
            self.live_uid.clone(),
            documents(self.documents_indexed.unwrap_or(self.documents_read)),
            match self.documents_before {
                Some(before) => format!("before {}", grouped(before)),
                None => "new".to_owned(),
            },
            size(self.bytes),
            counted(self.batches.into(), "batch", "batches"),
        ]
    }
}
