//! Creates the builds, each with its record and its settings.

use std::slice;
use std::sync::Arc;

use jiff::Timestamp;

use super::job::{Filling, Job};
use crate::error::Error;
use crate::generation::build::Build;
use crate::generation::generations::is_taken;
use crate::generation::promote::PromoteError;
use crate::generation::records::{NO_LOCK, Record};
use crate::meilisearch::IndexInfo;
use crate::meilisearch::uid::GenerationUid;
use crate::meilisearch::wait::wait;
use crate::prepared::Prepared;
use crate::{host, preflight};

/// What a server has already.
pub(super) struct Taken {
    indexes: Vec<IndexInfo>,
    records: Vec<Record>,
}

/// The uids of the builds, one an index, which are free on each of these servers.
pub(super) fn free_uids<'t>(
    indexes: &[Prepared],
    now: Timestamp,
    taken: impl Iterator<Item = &'t Taken> + Clone,
) -> Vec<GenerationUid> {
    let is_taken_anywhere = |uid: &str| {
        let mut each = taken.clone();
        each.any(|taken| is_taken(uid, &taken.indexes, &taken.records))
    };
    let live_uids = indexes.iter().map(|index| &index.definition.live_uid);
    live_uids
        .map(|live_uid| GenerationUid::free(live_uid, now, is_taken_anywhere))
        .collect()
}

impl<'a> Job<'a> {
    /// Looks what this server has already.
    pub(super) async fn taken(&self) -> Result<Taken, Error> {
        Ok(Taken {
            indexes: self.server.indexes().await?,
            records: self.server.records().await?,
        })
    }

    /// Writes the builds' records, creates the builds, and applies their settings while they are empty.
    pub(super) async fn create_builds(
        mut self,
        uids: &[GenerationUid],
        now: Timestamp,
    ) -> Result<Filling<'a>, Error> {
        let host = host::name();
        let mut records: Vec<Record> = self
            .indexes
            .iter()
            .zip(uids)
            .map(|(index, uid)| {
                let live_uid = &index.definition.live_uid;
                Record {
                    parts: index.parts.clone(),
                    lock: Some(
                        self.observer
                            .lock
                            .clone()
                            .unwrap_or_else(|| NO_LOCK.to_owned()),
                    ),
                    ..Record::begin(live_uid, uid.as_str(), &index.fingerprint, &host, now)
                }
            })
            .collect();
        // The records come first: a run that dies between the two leaves nothing that the next one does not know.
        self.started.plan(&records);
        let written = self.server.write_records(&records).await?;
        self.succeeded(&[written], "writing the records of the builds")
            .await?;

        let mut builds = Vec::with_capacity(records.len());
        for record in &mut records {
            let Some(made) = self.server.new_index(&record.build_uid).await? else {
                // Another host began in the same second. With a record of ours its build would look like a leftover.
                self.started.leave(record);
                let forgotten = self.server.forget_records(slice::from_ref(record)).await?;
                // Whether it failed or not, that the build is taken is what there is to say.
                wait(self.server, &forgotten, &mut |_| ()).await?;
                return Err(PromoteError::BuildTaken {
                    uid: record.build_uid.clone(),
                }
                .into());
            };
            record.created_at = Some(made.created_at.clone());
            self.started.know(record);
            builds.push(Build {
                live_uid: record.live_uid.clone(),
                uid: made.uid,
                created_at: made.created_at,
            });
        }
        self.learn_settings_keys(&builds).await?;
        let mut settings = Vec::new();
        for (build, index) in builds.iter().zip(self.indexes.iter()) {
            if !index.settings.is_empty() {
                settings.push(
                    self.server
                        .put_settings(&build.uid, &index.settings)
                        .await?,
                );
            }
        }
        self.succeeded(&settings, "the settings of a build").await?;
        Ok(Filling {
            job: self,
            records,
            builds,
        })
    }

    /// A key that may not ask for the version, on a server that had no index to look at: the first build shows which
    /// settings keys this server knows.
    async fn learn_settings_keys(&mut self, builds: &[Build]) -> Result<(), Error> {
        if self.features.version.is_some() || self.features.settings_keys.is_some() {
            return Ok(());
        }
        if let Some(build) = builds.first() {
            self.features
                .learn(&self.server.settings(&build.uid).await?);
            let indexes = Arc::make_mut(&mut self.indexes);
            let warnings = preflight::fit_settings(&self.features, indexes);
            self.warn(&warnings);
        }
        Ok(())
    }
}
