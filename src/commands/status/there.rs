//! What lies on a server: live indexes, former generations, builds, and indexes of others.

use jiff::Timestamp;

use crate::catalog::IndexDefinition;
use crate::error::Error;
use crate::generation::generations::{Generation, Generations, Observer};
use crate::generation::records::{Record, record_of};
use crate::host;
use crate::meilisearch::task::Queue;
use crate::meilisearch::{IndexInfo, MeilisearchError, Server};
use crate::report::generation;
use crate::report::status::{Build, Foreign, IndexStatus, Live, Retained};
use crate::sqlite::{Database, DatabaseError};
use crate::sync::lag;

/// The indexes, records and tasks on the server, requested once for all definitions.
pub(super) struct There<'a> {
    pub server: &'a Server,
    pub indexes: Vec<IndexInfo>,
    pub records: Vec<Record>,
    pub queue: Queue,
    pub now: Timestamp,
}

impl There<'_> {
    /// What is under this definition's live uid and belongs to it.
    ///
    /// # Errors
    /// Where the server cannot be asked.
    pub async fn index(
        &self,
        definition: &IndexDefinition,
        database: Option<&Database>,
    ) -> Result<IndexStatus, Error> {
        let live_uid = &definition.live_uid;
        let generations = Generations::of(live_uid, &self.indexes, &self.records);
        let live = match &generations.live {
            Some((index, record)) => {
                let built_for = generations.built_for_another(live_uid);
                let record = record.as_ref().filter(|_| built_for.is_none());
                self.live(index, record, built_for).await?
            }
            None => None,
        };
        let mut retained = Vec::new();
        for generation in &generations.retained {
            let Some(documents) = self.documents(&generation.index.uid).await? else {
                continue;
            };
            retained.push(Retained {
                uid: generation.index.uid.clone(),
                created_at: generation.index.created_at.clone(),
                age_seconds: self.age(&generation.index),
                documents,
                adopted: generation.record.adopted,
            });
        }
        let is_busy = |uid: &str| self.queue.may_hold(uid);
        // The run lock tells whether the run of a build is alive. It is tried only if there is a build, so that
        // `status` usually does not block another run.
        let host = host::name();
        let lock = database
            .filter(|_| !generations.leftovers.is_empty())
            .map(Database::lock);
        let is_locked = matches!(lock, Some(Err(DatabaseError::RunLocked { .. })));
        let judge = Observer {
            host: host.clone(),
            lock: match &lock {
                Some(Ok(lock)) => lock.id(),
                _ => database.filter(|_| is_locked).map(Database::lock_id),
            },
        };
        drop(lock);
        let mut builds = Vec::new();
        for leftover in generations.judge_leftovers(live_uid, &judge, self.now, is_busy) {
            let Generation { index, record } = &leftover.generation;
            let Some(documents) = self.documents(&index.uid).await? else {
                continue;
            };
            let at_work = is_locked && judge.knows_lock_of(record);
            builds.push(Build {
                uid: index.uid.clone(),
                created_at: index.created_at.clone(),
                host: record.host.clone(),
                begun_at: record.begun_at,
                documents,
                complete: record.complete,
                placeholder: record.placeholder,
                at_work,
                about: match (at_work, database) {
                    (true, _) => "a run is at work on it".to_owned(),
                    (false, None) if record.host == host => {
                        "made on this host; whether a run is at work is told by the database's lock"
                            .to_owned()
                    }
                    _ => generation::leftover(&leftover),
                },
            });
        }
        let moved = generations.moved.iter().map(|moved| (&moved.index, true));
        let foreign = generations.foreign.iter().map(|index| (index, false));
        let mut others = Vec::new();
        for (index, moved) in moved.chain(foreign) {
            if let Some(documents) = self.documents(&index.uid).await? {
                others.push(Foreign {
                    uid: index.uid.clone(),
                    created_at: index.created_at.clone(),
                    documents,
                    moved,
                });
            }
        }
        Ok(IndexStatus {
            index: definition.name.clone(),
            live_uid: live_uid.clone(),
            live,
            database: None,
            missing: None,
            lag_seconds: None,
            retained,
            builds,
            foreign: others,
        })
    }

    /// The record of what is live under this uid, if it was built for it.
    pub fn record_of(&self, live_uid: &str) -> Option<&Record> {
        let live = self.indexes.iter().find(|index| index.uid == live_uid)?;
        record_of(live, &self.records).filter(|record| record.live_uid == live_uid)
    }

    async fn live(
        &self,
        index: &IndexInfo,
        record: Option<&Record>,
        built_for: Option<&str>,
    ) -> Result<Option<Live>, Error> {
        let Some(documents) = self.documents(&index.uid).await? else {
            return Ok(None);
        };
        let stats = match self.server.index_stats(&index.uid).await {
            Ok(stats) => Some(stats),
            Err(error) if error.is_forbidden() => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Live {
            created_at: index.created_at.clone(),
            age_seconds: self.age(index),
            documents,
            bytes: stats.and_then(|stats| stats.raw_document_db_size),
            built: record.map(|record| (record.begun_at, record.build_uid.clone())),
            built_by_us: record.is_some_and(|record| !record.adopted),
            built_for: built_for.map(str::to_owned),
            adopted: record.is_some_and(|record| record.adopted),
            fingerprint: record.map(|record| record.fingerprint.clone()),
            definition_changed: None,
            checkpoint: record.and_then(|record| record.checkpoint),
            followed_until: record.and_then(lag::followed_until),
        }))
    }

    /// By the documents route, which counts. `None` where somebody has deleted the index meanwhile.
    async fn documents(&self, uid: &str) -> Result<Option<u64>, Error> {
        match self.server.count_documents(uid).await {
            Ok(documents) => Ok(Some(documents)),
            Err(MeilisearchError::IndexNotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn age(&self, index: &IndexInfo) -> Option<i64> {
        let created_at: Timestamp = index.created_at.parse().ok()?;
        Some(self.now.duration_since(created_at).as_secs().max(0))
    }
}
