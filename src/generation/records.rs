//! The records about generations, kept in Meilisearch itself.
//!
//! A state file in a container may be lost or shared by accident, and after a wiped volume or a restored dump it still
//! describes an index that no longer exists. A record here is wiped, restored and kept together with its documents.
//!
//! A record and what each writer may change of it are in one file: whoever adds a field decides who owns it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::meilisearch::error::{MeilisearchError, RecordsError};
use crate::meilisearch::http::NdjsonBody;
use crate::meilisearch::indexes::IndexInfo;
use crate::meilisearch::listing;
use crate::meilisearch::server::Server;
use crate::meilisearch::uid::GenerationUid;
use crate::meilisearch::uid::{RECORDS_UID, TaskUid, same_identity};
use crate::sqlite::LogPosition;

/// The form of a record. A program that meets a newer one leaves it alone.
pub const FORMAT: u64 = 1;
const WRITTEN_BY: &str = concat!("bisan-indexer ", env!("CARGO_PKG_VERSION"));
/// The lock of a record whose run could take no lock.
pub const NO_LOCK: &str = "none";

/// What is known of one generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub id: String,
    pub format: u64,
    pub written_by: String,
    pub live_uid: String,
    /// The uid under which it was built; its present uid is found by its `created_at`.
    pub build_uid: String,
    /// The generation's identity. None while the index is about to be made: the record is written first, so that an index
    /// whose maker died in that moment is still known to be ours.
    pub created_at: Option<String>,
    /// Of the definition that it was built by.
    #[serde(default)]
    pub fingerprint: String,
    /// Of each part of it, so that what changed can be named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, String>,
    /// Our newest task that changed the settings of the live index; older ones are not another program's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_task: Option<TaskUid>,
    /// Where the program ran.
    pub host: String,
    /// The run lock that its maker held ([`RunLock::id`](crate::sqlite::RunLock::id)), or [`NO_LOCK`]. A record of a
    /// former version does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    pub begun_at: Timestamp,
    #[serde(default)]
    pub complete: bool,
    /// A live index that was there without a record: noted before it is swapped out, so that it can be rolled back to, and
    /// goes when it is too old. No `sync` follows it: it has no checkpoint.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// An empty index that was made only because a swap needs two. After the swap it is a leftover.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub placeholder: bool,
    /// It was live and was rolled back from, so that it lies under the uid that it was built under, like a build that was
    /// never swapped in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_live: bool,
    /// Its uid before it was rolled back to; since then the generation that it replaced has this uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_from: Option<String>,
    /// When a rollback last swapped it in or out: a writer that began before that does not know the present uids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swapped_at: Option<Timestamp>,
    /// Whether it was to be swapped in then, or out. What is live and was to be swapped out never was: a rollback died
    /// between the note and the swap. A record of a former version does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swapped_in: Option<bool>,
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    #[serde(default)]
    pub documents: Option<u64>,
    /// Up to which change timestamp it has followed the database.
    #[serde(default)]
    pub checkpoint: Option<Timestamp>,
    #[serde(default)]
    pub overlap_seconds: Option<u64>,
    /// The newest change timestamp that was in the database then. One that is older later tells of a restored backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_change: Option<Timestamp>,
    /// Up to which row of the change log it has followed the database, where changes.sql reads one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogPosition>,
    #[serde(default)]
    pub database: Option<Value>,
    /// What a later version of the same format adds is kept when the record is written again.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Record {
    /// A build that is about to be made.
    pub fn begin(
        live_uid: &str,
        build_uid: &str,
        fingerprint: &str,
        host: &str,
        begun_at: Timestamp,
    ) -> Record {
        Record {
            id: build_uid.to_owned(),
            format: FORMAT,
            written_by: WRITTEN_BY.to_owned(),
            live_uid: live_uid.to_owned(),
            build_uid: build_uid.to_owned(),
            created_at: None,
            fingerprint: fingerprint.to_owned(),
            parts: BTreeMap::new(),
            settings_task: None,
            host: host.to_owned(),
            lock: None,
            begun_at,
            complete: false,
            adopted: false,
            placeholder: false,
            was_live: false,
            came_from: None,
            swapped_at: None,
            swapped_in: None,
            completed_at: None,
            documents: None,
            checkpoint: None,
            overlap_seconds: None,
            newest_change: None,
            log: None,
            database: None,
            more: Map::new(),
        }
    }

    /// A live index that another program made.
    pub fn adopt(live: &IndexInfo, host: &str, now: Timestamp) -> Record {
        Record {
            adopted: true,
            complete: true,
            completed_at: Some(now),
            ..Record::found(live, host, now)
        }
    }

    /// An empty live index that is about to be swapped out.
    pub fn placeholder(live: &IndexInfo, host: &str, now: Timestamp) -> Record {
        Record {
            placeholder: true,
            ..Record::found(live, host, now)
        }
    }

    /// A record of an index that this program did not build. There is no timestamped uid, so the record's id is made
    /// from the index's `createdAt`.
    fn found(live: &IndexInfo, host: &str, now: Timestamp) -> Record {
        let digits: String = live
            .created_at
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        Record {
            id: format!("{}-{digits}", live.uid),
            created_at: Some(live.created_at.clone()),
            ..Record::begin(&live.uid, &live.uid, "", host, now)
        }
    }

    /// Whether this is the record of that index: by `createdAt`, wherever it lies. Before that is known, by the uid that it was
    /// to be made under.
    pub fn is_about(&self, index: &IndexInfo) -> bool {
        match &self.created_at {
            Some(created_at) => same_identity(created_at, &index.created_at),
            None => self.build_uid == index.uid,
        }
    }

    /// When a rollback last was to swap it in, whether it did or died before.
    pub fn meant_at(&self) -> Option<Timestamp> {
        // Without a note of the way, only what never came from anywhere is known to have gone out.
        let is_in = self.swapped_in.unwrap_or(self.came_from.is_some());
        self.swapped_at.filter(|_| is_in)
    }

    /// Whether what a follower relies on is unchanged since then: the definition, and no rollback.
    pub fn is_still(&self, before: &Record) -> bool {
        self.id == before.id
            && self.fingerprint == before.fingerprint
            && self.swapped_at == before.swapped_at
    }
}

/// The record of this index among these: one that knows its `createdAt` before one that only knows where it was to be, and of
/// two that do, the one whose live uid it lies under.
pub fn record_of<'r>(index: &IndexInfo, records: &'r [Record]) -> Option<&'r Record> {
    let is_at_home = |record: &Record| {
        let live_uid = &record.live_uid;
        index.uid == *live_uid || GenerationUid::parse(live_uid, &index.uid).is_some()
    };
    let its = records.iter().filter(|record| record.is_about(index));
    its.min_by_key(|record| (record.created_at.is_none(), !is_at_home(record)))
}

/// The fields of a record that one writer owns. Only these are written, so that no writer undoes what another has
/// written since it read the record: a follower once restored the fingerprint that `apply` had replaced, and removed
/// the note that a generation had been live.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Change {
    /// A follower's.
    Followed {
        checkpoint: Timestamp,
        overlap_seconds: Option<u64>,
        documents: u64,
        newest_change: Option<Timestamp>,
        log: Option<LogPosition>,
    },
    /// Written by `apply` after it brought the live index to another definition without a rebuild.
    Definition {
        fingerprint: String,
        parts: BTreeMap<String, String>,
        settings_task: Option<TaskUid>,
    },
    /// Written after settings were restored.
    Settings { settings_task: TaskUid },
    /// Written by a rollback, for the generation that it swaps in.
    SwappedIn {
        came_from: String,
        swapped_at: Timestamp,
        swapped_in: bool,
    },
    /// Written by a rollback, for the generation that it swaps out.
    SwappedOut {
        was_live: bool,
        swapped_at: Timestamp,
        swapped_in: bool,
    },
}

/// One line of the NDJSON that is written.
#[derive(Debug)]
pub enum RecordWrite<'a> {
    /// A whole record, written by the run that creates or adopts the index.
    Whole(&'a Record),
    /// A part of one that is there.
    Part(&'a Record, Change),
}

/// The fields of a record that never change are written with each part. If another run has deleted the record in the
/// meantime, the result is a readable record of an index that is gone, which the next run deletes again, and not an
/// incomplete record.
#[derive(Serialize)]
struct Part<'a> {
    id: &'a str,
    format: u64,
    written_by: &'a str,
    live_uid: &'a str,
    build_uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<&'a str>,
    host: &'a str,
    begun_at: Timestamp,
    #[serde(flatten)]
    change: &'a Change,
}

impl RecordWrite<'_> {
    fn write(&self, lines: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            RecordWrite::Whole(record) => {
                let record = Record {
                    format: FORMAT,
                    written_by: WRITTEN_BY.to_owned(),
                    ..(*record).clone()
                };
                serde_json::to_writer(&mut *lines, &record)?;
            }
            RecordWrite::Part(record, change) => {
                let part = Part {
                    id: &record.id,
                    format: FORMAT,
                    written_by: WRITTEN_BY,
                    live_uid: &record.live_uid,
                    build_uid: &record.build_uid,
                    created_at: record.created_at.as_deref(),
                    host: &record.host,
                    begun_at: record.begun_at,
                    change,
                };
                serde_json::to_writer(&mut *lines, &part)?;
            }
        }
        lines.push(b'\n');
        Ok(())
    }
}

impl Server {
    /// All records, in order of their ids; none where their index doesn't exist yet.
    pub async fn records(&self) -> Result<Vec<Record>, MeilisearchError> {
        let id = |document: &Map<String, Value>| document.get("id").map(Value::to_string);
        let documents = listing::whole("records", id, |offset, limit| {
            Box::pin(async move {
                match self.document_page(RECORDS_UID, offset, limit, None).await {
                    Ok(page) => Ok((page.results, page.total)),
                    Err(MeilisearchError::IndexNotFound { .. }) => Ok((Vec::new(), 0)),
                    Err(error) => Err(error),
                }
            })
        });
        documents.await?.into_iter().map(read).collect()
    }

    /// Enqueues all these records in one task, so that either all of them are known or none.
    pub async fn write_records(&self, records: &[Record]) -> Result<TaskUid, MeilisearchError> {
        let notes: Vec<RecordWrite<'_>> = records.iter().map(RecordWrite::Whole).collect();
        self.write_into_records(&notes).await
    }

    /// Enqueues all these notes in one task, so that either all of them are known or none. What a note does not name stays as
    /// it is on the server.
    ///
    /// The task is for a separate index: it may run before earlier tasks of other indexes. So a checkpoint is sent only
    /// after the tasks that it covers have ended.
    pub async fn write_into_records(
        &self,
        notes: &[RecordWrite<'_>],
    ) -> Result<TaskUid, MeilisearchError> {
        self.ensure_records_index().await?;
        let mut lines = Vec::new();
        for note in notes {
            note.write(&mut lines)
                .map_err(|error| MeilisearchError::Client {
                    cause: error.to_string(),
                })?;
        }
        self.merge(RECORDS_UID, NdjsonBody::from_bytes(lines)).await
    }

    /// Enqueues the deletion of records; none if there are none to delete.
    pub async fn forget_records(
        &self,
        records: &[Record],
    ) -> Result<Vec<TaskUid>, MeilisearchError> {
        let ids: Vec<String> = records.iter().map(|record| record.id.clone()).collect();
        self.delete_ids(RECORDS_UID, &ids).await
    }

    /// Makes the index of the records where it is missing. Two programs may do so at once: one index comes of it.
    async fn ensure_records_index(&self) -> Result<(), MeilisearchError> {
        let index = match self.index(RECORDS_UID).await? {
            Some(index) => index,
            None => match self.new_index(RECORDS_UID).await? {
                Some(index) => index,
                None => self.index(RECORDS_UID).await?.ok_or_else(|| {
                    MeilisearchError::IndexNotFound {
                        message: format!("Index `{RECORDS_UID}` not found."),
                    }
                })?,
            },
        };
        match index.primary_key.as_deref() {
            Some("id") => Ok(()),
            other => Err(MeilisearchError::PrimaryKey {
                uid: RECORDS_UID.to_owned(),
                found: other.map_or("none".to_owned(), |key| format!("`{key}`")),
            }),
        }
    }
}

/// The format is looked at first: what a newer program writes may have any form.
fn read(document: Map<String, Value>) -> Result<Record, MeilisearchError> {
    let text = |key: &str| {
        document
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or("unknown")
            .to_owned()
    };
    let format = document
        .get("format")
        .and_then(Value::as_u64)
        .unwrap_or(FORMAT);
    if format > FORMAT {
        return Err(RecordsError::Newer {
            format,
            known: FORMAT,
            written_by: text("written_by"),
        }
        .into());
    }
    let id = text("id");
    serde_json::from_value(Value::Object(document)).map_err(|error| {
        RecordsError::Unreadable {
            id,
            cause: crate::meilisearch::error::cut(&error.to_string(), 200),
        }
        .into()
    })
}

#[cfg(test)]
mod tests;
