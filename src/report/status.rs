//! What `status` found.

pub(crate) mod agreement;
mod limits;
mod metrics;
mod summary;

use std::path::PathBuf;

use jiff::Timestamp;
pub use metrics::metrics;
use serde::{Deserialize, Serialize};

use crate::meilisearch::task::Queue;

/// Whether everything is within what was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing exceeds `--max-missing` or `--max-lag`, or neither was given.
    Fine,
    /// Something does: `exceeded` says what.
    Behind,
}

/// What `status` found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatusReport {
    /// Whether everything is within what was allowed.
    pub outcome: Outcome,
    /// When it was looked at.
    pub checked_at: Timestamp,
    /// Meilisearch.
    pub server: ServerStatus,
    /// The database; null with `--no-database`.
    pub database: Option<DatabaseStatus>,
    /// What waits on the server; null where the key may not see it.
    pub queue: Option<QueueStatus>,
    /// One entry an index.
    pub indexes: Vec<IndexStatus>,
    /// What exceeds `--max-missing` or `--max-lag`.
    pub exceeded: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Meilisearch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerStatus {
    /// Its address.
    pub address: String,
    /// Its version; null where the key may not ask for it.
    pub version: Option<String>,
    /// Bytes of its files.
    pub database_size: Option<u64>,
    /// Bytes of them that are in use; null on old versions.
    pub used_database_size: Option<u64>,
}

/// The database file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DatabaseStatus {
    /// Its path.
    pub path: PathBuf,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
}

/// Tasks that wait or are at work, of whomever.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueueStatus {
    /// All of them.
    pub waiting: u64,
    /// By index, of the newest thousand.
    pub by_index: Vec<Waiting>,
}

/// Tasks of one index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// The index; `…` for tasks of no single one, such as swaps.
    pub uid: String,
    /// How many.
    pub tasks: u64,
}

impl QueueStatus {
    /// Of a queue.
    pub fn of(queue: &Queue) -> Self {
        let by_index = queue.by_index().into_iter();
        Self {
            waiting: queue.total,
            by_index: by_index
                .map(|(uid, tasks)| Waiting {
                    uid,
                    tasks: tasks as u64,
                })
                .collect(),
        }
    }
}

/// One index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndexStatus {
    /// The definition's name.
    pub index: String,
    /// The uid that the application searches.
    pub live_uid: String,
    /// The index under the live uid; null if there is none.
    pub live: Option<Live>,
    /// What the database has of it; null where it was not asked.
    pub database: Option<InDatabase>,
    /// How many documents fewer the live index has than the database; null where they were not counted.
    pub missing: Option<u64>,
    /// For how long the oldest change waits to be followed; null where nothing follows.
    pub lag_seconds: Option<i64>,
    /// Former live generations, the one that was live before first.
    pub retained: Vec<Retained>,
    /// Builds under construction, and leftovers of dead runs.
    pub builds: Vec<Build>,
    /// Indexes whose uid begins alike and that this program did not make; it never touches them.
    pub foreign: Vec<Foreign>,
}

/// The live generation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Live {
    /// Which it is, and when it was made.
    pub created_at: String,
    /// How long ago.
    pub age_seconds: Option<i64>,
    /// Documents, counted.
    pub documents: u64,
    /// Bytes of the stored documents; null on old versions.
    pub bytes: Option<u64>,
    /// When the run began that built it, and the uid under which: the same on every server that the run built it on. Told
    /// where several servers are compared.
    #[serde(skip)]
    pub built: Option<(Timestamp, String)>,
    /// Whether this program built it.
    pub built_by_us: bool,
    /// The other live uid that it was built for, where somebody swapped or renamed the two by hand; null where it is in its
    /// place.
    pub built_for: Option<String>,
    /// Whether another program made it, and this program has adopted it.
    pub adopted: bool,
    /// Of the definition that it was built by.
    pub fingerprint: Option<String>,
    /// Whether the definition is another one now; null where that cannot be told.
    pub definition_changed: Option<bool>,
    /// From where the next round of `sync` looks.
    pub checkpoint: Option<Timestamp>,
    /// Until when it has followed the database. The checkpoint is earlier, for rows that are committed later than dated.
    pub followed_until: Option<Timestamp>,
}

/// What the database has of one index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InDatabase {
    /// Documents, by documents.sql; null where counting them takes more than half a second, and `--max-missing` does not ask
    /// for it.
    pub documents: Option<u64>,
    /// The newest change timestamp that is not in the future; null without changes.sql.
    pub newest_change: Option<Timestamp>,
    /// Documents that changed after `followed_until`; null where nothing follows, and where changes.sql does not show it.
    pub waiting: Option<u64>,
    /// For how long the first of them waits, 0 where none does; null where nothing follows.
    pub waiting_seconds: Option<i64>,
    /// Whether changes.sql shows each edit that moves its timestamp; if not, it is unknown what waits.
    pub tracks_edits: bool,
    /// What a look at changes.sql cannot show, or not cheaply.
    pub blind_spots: Vec<String>,
}

/// A former live generation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Retained {
    /// Where it lies.
    pub uid: String,
    /// Which it is.
    pub created_at: String,
    /// How long ago it was made.
    pub age_seconds: Option<i64>,
    /// Documents, counted.
    pub documents: u64,
    /// Whether it was there before this program.
    pub adopted: bool,
}

/// A build.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Build {
    /// Where it lies.
    pub uid: String,
    /// Which it is.
    pub created_at: String,
    /// The host whose run made it.
    pub host: String,
    /// When that run began.
    pub begun_at: Timestamp,
    /// Documents until now.
    pub documents: u64,
    /// Whether it was complete, and only never swapped in.
    pub complete: bool,
    /// An empty index that a swap needed, and that is no build.
    pub placeholder: bool,
    /// Whether a run on this host is at work on it.
    pub at_work: bool,
    /// What is known of it, in words.
    pub about: String,
}

/// An index that is not ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Foreign {
    /// Where it lies.
    pub uid: String,
    /// When it was made.
    pub created_at: String,
    /// Documents, counted.
    pub documents: u64,
    /// Whether this program made it and somebody renamed or swapped it by hand.
    pub moved: bool,
}
