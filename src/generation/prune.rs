//! Deletes leftovers of runs that died, and former generations beyond the retained ones.
//!
//! A failed deletion never makes a run fail: the proven swap is done, and the next run deletes what could not be
//! deleted now.

use jiff::Timestamp;

use crate::generation::generations::{Deletable, Generations, Leftover, Observer};
use crate::generation::promote::Proven;
use crate::generation::records::Record;
use crate::host;
use crate::meilisearch::wait::until_the_last_ended;
use crate::meilisearch::{MeilisearchError, Server, TaskUid};
use crate::prepared::Prepared;
use crate::sqlite::RunLock;

/// What was kept and what went.
#[derive(Debug, Default)]
pub struct Pruned {
    /// Uids of former generations that stay, newest first.
    pub retained: Vec<String>,
    /// Uids that were deleted.
    pub deleted: Vec<String>,
    /// What could not be deleted, and why.
    pub warnings: Vec<String>,
}

/// All generations of one index.
#[derive(Debug)]
pub struct IndexGenerations {
    /// The index.
    pub live_uid: String,
    /// Everything of it.
    pub generations: Generations,
    /// The leftovers among them, each with whether it may be deleted.
    pub leftovers: Vec<Leftover>,
    /// Records of generations that are gone.
    pub forgettable: Vec<Record>,
}

/// The holder of this lock, who decides which leftovers may be deleted.
pub fn observer(lock: &RunLock) -> Observer {
    Observer {
        host: host::name(),
        lock: lock.id(),
    }
}

/// Deletes what earlier runs under the same lock left behind, and what others left an hour ago.
///
/// # Errors
/// Where the server cannot be asked what there is.
pub async fn leftovers(
    server: &Server,
    indexes: &[Prepared],
    observer: &Observer,
) -> Result<Pruned, MeilisearchError> {
    prune(server, indexes, observer, None).await
}

/// Deletes former generations beyond the newest `retain` of each index, and leftovers. Only after a proven swap: before
/// it, a former generation may be the live one in a moment.
///
/// # Errors
/// Where the server cannot be asked what there is.
pub async fn former_generations(
    server: &Server,
    indexes: &[Prepared],
    observer: &Observer,
    retain: u32,
    _proven: &Proven,
) -> Result<Pruned, MeilisearchError> {
    prune(server, indexes, observer, Some(retain)).await
}

/// Finds all generations of these live uids. The verdicts are valid as long as the observer holds its lock.
///
/// # Errors
/// Where the server cannot be asked what there is.
pub async fn look<'u>(
    server: &Server,
    live_uids: impl IntoIterator<Item = &'u str>,
    observer: &Observer,
) -> Result<Vec<IndexGenerations>, MeilisearchError> {
    let now = Timestamp::now();
    let indexes = server.indexes().await?;
    let records = server.records().await?;
    let queue = server.queue().await?;
    let is_busy = |uid: &str| queue.may_hold(uid);
    let look = |live_uid: &str| {
        let generations = Generations::of(live_uid, &indexes, &records);
        IndexGenerations {
            live_uid: live_uid.to_owned(),
            leftovers: generations.judge_leftovers(live_uid, observer, now, is_busy),
            forgettable: generations.records_to_forget(observer, now),
            generations,
        }
    };
    Ok(live_uids.into_iter().map(look).collect())
}

/// Deletes these generations and forgets their records and those others. What cannot be deleted is a warning.
///
/// # Errors
/// Where the server cannot be asked.
pub async fn delete(
    server: &Server,
    generations: &[Deletable],
    mut forgotten: Vec<Record>,
) -> Result<Pruned, MeilisearchError> {
    let records = server.records().await?;
    let mut pruned = Pruned::default();
    let mut tasks: Vec<TaskUid> = Vec::new();
    for generation in generations {
        let uid = generation.uid().to_string();
        match server.delete_generation(generation).await {
            Ok(task) => {
                tasks.extend(task);
                let its = records.iter().filter(|record| {
                    record.created_at.as_deref() == Some(generation.created_at())
                        || (record.created_at.is_none() && record.build_uid == uid)
                });
                let its: Vec<_> = its.cloned().collect();
                // An empty placeholder for a former generation is not reported.
                if its.iter().all(|record| !record.placeholder) {
                    pruned.deleted.push(uid);
                }
                forgotten.extend(its);
            }
            Err(error) => pruned
                .warnings
                .push(format!("{uid} could not be deleted: {error}")),
        }
    }
    let forgotten = without_index(server, forgotten, generations).await?;
    if !forgotten.is_empty() {
        tasks.extend(server.forget_records(&forgotten).await?);
    }
    for ended in until_the_last_ended(server, &tasks).await? {
        // A deletion that a killed server runs twice finds nothing the second time.
        if ended.is_failure() && !ended.failed_with("index_not_found") {
            pruned
                .warnings
                .push(ended.into_error("deleting a former generation").to_string());
        }
    }
    Ok(pruned)
}

/// The records among these whose index is deleted now, or is not where it was made and not to be seen anywhere. What a list
/// left out is not gone, nor is what the key may not see.
async fn without_index(
    server: &Server,
    records: Vec<Record>,
    deleted: &[Deletable],
) -> Result<Vec<Record>, MeilisearchError> {
    let mut gone = Vec::with_capacity(records.len());
    for record in records {
        let is_deleted = deleted.iter().any(|one| {
            record.created_at.as_deref() == Some(one.created_at())
                || record.build_uid == one.uid().as_str()
        });
        let is_gone = is_deleted
            || match server.index(&record.build_uid).await {
                Ok(found) => !found.is_some_and(|index| record.is_about(&index)),
                Err(error) if error.is_forbidden() => false,
                Err(error) => return Err(error),
            };
        if is_gone {
            gone.push(record);
        }
    }
    Ok(gone)
}

async fn prune(
    server: &Server,
    prepared: &[Prepared],
    observer: &Observer,
    retain: Option<u32>,
) -> Result<Pruned, MeilisearchError> {
    let live_uids = prepared.iter().map(|one| one.definition.live_uid.as_str());
    let mut deletable = Vec::new();
    let mut forgotten = Vec::new();
    let mut retained = Vec::new();
    let mut warnings = Vec::new();
    for index in look(server, live_uids, observer).await? {
        for leftover in index.leftovers {
            match leftover.deletable {
                Some(leftover) => deletable.push(leftover),
                None => warnings.push(format!(
                    "{} is left over and stays: {}",
                    leftover.generation.index.uid, leftover.verdict
                )),
            }
        }
        forgotten.extend(index.forgettable);
        let Some(retain) = retain else { continue };
        let retain = usize::try_from(retain).unwrap_or(usize::MAX);
        deletable.extend(index.generations.beyond(&index.live_uid, retain));
        let kept = index.generations.retained.iter().take(retain);
        retained.extend(kept.map(|generation| generation.index.uid.clone()));
    }
    let mut pruned = delete(server, &deletable, forgotten).await?;
    warnings.append(&mut pruned.warnings);
    Ok(Pruned {
        retained,
        warnings,
        ..pruned
    })
}
