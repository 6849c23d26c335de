//! What is deleted, and what stays: leftovers of runs that died, former generations beyond those retained.
//!
//! Deleting is never worth failing for: a swap that holds is done, and what cannot be deleted now is deleted by the
//! next run.

use jiff::Timestamp;

use crate::engine::generations::Generations;
use crate::engine::promote::Proven;
use crate::engine::wait::wait;
use crate::engine::{EngineError, Server, TaskUid};
use crate::host;
use crate::preflight::Prepared;

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

/// Deletes what earlier runs on this host left behind, and what those of other hosts left an hour ago. The caller holds
/// the run lock.
///
/// # Errors
/// Where the server cannot be asked what there is.
pub async fn leftovers(server: &Server, indexes: &[Prepared]) -> Result<Pruned, EngineError> {
    prune(server, indexes, None).await
}

/// Deletes former generations beyond the newest `retain` of each index, and leftovers. Only after a proven swap: before
/// it, a former generation may be the live one in a moment.
///
/// # Errors
/// Where the server cannot be asked what there is.
pub async fn former_generations(
    server: &Server,
    indexes: &[Prepared],
    retain: u32,
    _proven: &Proven,
) -> Result<Pruned, EngineError> {
    prune(server, indexes, Some(retain)).await
}

async fn prune(
    server: &Server,
    prepared: &[Prepared],
    retain: Option<u32>,
) -> Result<Pruned, EngineError> {
    let now = Timestamp::now();
    let host = host::name();
    let indexes = server.indexes().await?;
    let records = server.records().await?;
    let busy = server.queue(QUEUE_LOOKED_AT).await?.by_index();
    let mut pruned = Pruned::default();
    let mut tasks: Vec<TaskUid> = Vec::new();
    for one in prepared {
        let live_uid = &one.definition.live_uid;
        let generations = Generations::of(live_uid, &indexes, &records);
        let is_busy = |uid: &str| busy.iter().any(|(index, _)| index == uid);
        let mut deletable = Vec::new();
        for leftover in generations.judge_leftovers(live_uid, &host, now, is_busy) {
            match leftover.deletable {
                Some(leftover) => deletable.push(leftover),
                None => pruned.warnings.push(format!(
                    "{} is left over and stays: {}",
                    leftover.generation.index.uid, leftover.verdict
                )),
            }
        }
        if let Some(retain) = retain {
            let retain = usize::try_from(retain).unwrap_or(usize::MAX);
            deletable.extend(generations.beyond(live_uid, retain));
            let kept = generations.retained.iter().take(retain);
            pruned
                .retained
                .extend(kept.map(|generation| generation.index.uid.clone()));
        }
        let mut forgotten = generations.records_to_forget(&host, now);
        for generation in deletable {
            let uid = generation.uid().to_string();
            match server.delete_generation(&generation).await {
                Ok(task) => {
                    tasks.extend(task);
                    let its = records.iter().filter(|record| {
                        record.created_at.as_deref() == Some(generation.created_at())
                            || (record.created_at.is_none() && record.build_uid == uid)
                    });
                    let its: Vec<_> = its.cloned().collect();
                    // An empty index that stood in for a former generation is nobody's news.
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
        if !forgotten.is_empty() {
            tasks.extend(server.forget_records(&forgotten).await?);
        }
    }
    for ended in wait(server, &tasks, &mut |_| ()).await? {
        if ended.is_failure() {
            pruned
                .warnings
                .push(ended.into_error("deleting a former generation").to_string());
        }
    }
    Ok(pruned)
}

/// Waiting tasks that are looked at to see whether a build of another host is alive.
const QUEUE_LOOKED_AT: usize = 200;
