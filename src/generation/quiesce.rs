//! Waits until no task in the queue can still swap, create or delete one of our indexes.
//!
//! A run that was killed leaves its last task in the queue. Before that task has ended, the indexes are about to
//! change: a build that looks like a leftover may be live in a moment, and its deletion would then hit the former live
//! index.

use crate::generation::generations::Generations;
use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::server::Server;
use crate::meilisearch::uid::TaskUid;
use crate::meilisearch::wait::until_the_last_ended;

/// Waits for every creation, deletion and swap that is under way, and returns whether there was any. The result of
/// those tasks does not matter here. Afterwards no waiting task changes these live uids.
pub async fn quiesce<'u>(
    server: &Server,
    live_uids: impl IntoIterator<Item = &'u str>,
) -> Result<bool, MeilisearchError> {
    let moved = moves(server).await?;
    let hidden = hidden_swaps(server, live_uids).await?;
    Ok(moved || hidden)
}

async fn moves(server: &Server) -> Result<bool, MeilisearchError> {
    let mut newest = None;
    loop {
        let mut under_way = server.moves_under_way().await?;
        // Only tasks that were there at first: another program may be creating one index after the other.
        let newest = *newest.get_or_insert(under_way.iter().map(|task| task.uid).max());
        under_way.retain(|task| Some(task.uid) <= newest);
        if under_way.is_empty() {
            return Ok(newest.is_some());
        }
        let uids: Vec<TaskUid> = under_way.iter().map(|task| task.uid).collect();
        until_the_last_ended(server, &uids).await?;
    }
}

/// A key that is limited to index patterns sees no swaps. One may wait where a build is complete and not live; it is a
/// barrier for the build, so a task that changes nothing and is sent after it ends after it.
async fn hidden_swaps<'u>(
    server: &Server,
    live_uids: impl IntoIterator<Item = &'u str>,
) -> Result<bool, MeilisearchError> {
    let indexes = server.indexes().await?;
    let records = server.records().await?;
    let mut barriers = Vec::new();
    for live_uid in live_uids {
        let generations = Generations::of(live_uid, &indexes, &records);
        for build in generations
            .leftovers
            .iter()
            .filter(|left| left.record.complete)
        {
            barriers.push(server.delete_documents(&build.index.uid, &[]).await?);
        }
    }
    until_the_last_ended(server, &barriers).await?;
    Ok(!barriers.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::{Value, json};

    use super::*;
    use crate::generation::records::Record;
    use crate::meilisearch::testing::{Canned, json_answer, taken};

    /// Two builds are complete and not live, so behind each a swap may wait. That the barrier of one fails says nothing of the
    /// other.
    #[tokio::test]
    async fn every_barrier_is_waited_for_though_one_of_them_failed() {
        let builds = ["articles_20261124T143000Z", "articles_20261124T143001Z"];
        let indexes = builds.map(|uid| {
            json!({"uid": uid, "createdAt": format!("of {uid}"), "updatedAt": "x", "primaryKey": "id"})
        });
        let records = builds.map(|uid| {
            let begun_at = "2026-11-24T14:30:00Z".parse().unwrap();
            let record = Record {
                created_at: Some(format!("of {uid}")),
                complete: true,
                ..Record::begin("articles", uid, "f", "here", begun_at)
            };
            serde_json::to_value(record).unwrap()
        });
        let list = |results: &[Value]| {
            json_answer(200, json!({"results": results, "total": results.len()}))
        };
        let looks = Arc::new(AtomicUsize::new(0));
        let (counted, mut sent) = (looks.clone(), 0);
        let canned = Canned::answering(move |request| {
            let path = request.path.as_str();
            if path.starts_with("/indexes?") {
                return list(&indexes);
            }
            if path.ends_with("/documents/fetch") {
                return list(&records);
            }
            if path.ends_with("/delete-batch") {
                sent += 1;
                return taken(sent);
            }
            if !path.contains("uids=") {
                return list(&[]);
            }
            let looks = counted.fetch_add(1, Ordering::SeqCst);
            let second = if looks < 3 { "processing" } else { "succeeded" };
            list(&[
                json!({"uid": 1, "status": "failed", "type": "documentDeletion"}),
                json!({"uid": 2, "status": second, "type": "documentDeletion"}),
            ])
        })
        .await;
        let waited = quiesce(&canned.server(), ["articles"]).await;
        assert!(waited.unwrap());
        assert!(
            looks.load(Ordering::SeqCst) > 3,
            "the second was still at work"
        );
    }
}
