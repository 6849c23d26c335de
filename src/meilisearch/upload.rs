//! Uploads batches from the spool to the server, a few at a time, without waiting for a task between two batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::mpsc;

use crate::error::{CommandError, FAILED};
use crate::meilisearch::ended::Ended;
use crate::meilisearch::wait::each_succeeded;
use crate::meilisearch::{MeilisearchError, NdjsonBody, Server, TaskUid};

use crate::figures::{counted, grouped};
use crate::progress::{Progress, WaitProgress};
use crate::spool::{Batch, Spool, SpoolError};

/// Requests under way at once. Two keep the line busy while the server writes the other to its disk; more would only
/// queue there.
const IN_FLIGHT: usize = 2;

/// How large a batch may be, in bytes: what the user asked for, until something on the way refuses it.
#[derive(Clone, Debug)]
pub struct BatchLimit(Arc<Limit>);

#[derive(Debug)]
struct Limit {
    bytes: AtomicU64,
    /// Finding the size takes several refusals, which are reported once.
    refused: AtomicBool,
}

impl BatchLimit {
    /// A limit of so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(Limit {
            bytes: AtomicU64::new(bytes),
            refused: AtomicBool::new(false),
        }))
    }

    /// The limit now.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Half of `refused` is the limit from now on, unless it was lower already. True where this lowered it.
    fn lower(&self, refused: u64) -> bool {
        self.0.bytes.fetch_min(refused / 2, Ordering::Relaxed) > refused / 2
    }

    /// True at the first call.
    fn is_first_refusal(&self) -> bool {
        !self.0.refused.swap(true, Ordering::Relaxed)
    }
}

/// Why documents did not reach the server.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// One document alone is larger than something on the way lets through. Halving cannot heal that.
    #[error(
        "{uid}: the document with id {id} alone has {} bytes, and {refusal}; leave something out of it in \
         documents.sql, or raise that limit", grouped(*.bytes)
    )]
    DocumentTooLarge {
        /// The index.
        uid: String,
        /// The document.
        id: String,
        /// Its size as a line of JSON.
        bytes: u64,
        /// Who refused it, and in which words.
        refusal: MeilisearchError,
    },
    /// The spool cannot be read.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The server refused the upload, or its task failed.
    #[error(transparent)]
    Engine(#[from] MeilisearchError),
}

impl CommandError for UploadError {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// A batch that the server took, and the task that it made of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The index that it was sent to.
    pub uid: String,
    /// The task.
    pub task: TaskUid,
    /// The batch.
    pub batch: Batch,
}

/// Uploads every batch that arrives to the index that `uids` names for it. `sent` is called for each as the server takes it, so
/// that an interrupted run knows what to cancel.
///
/// # Errors
/// The first refusal that halving cannot heal.
pub async fn upload_all(
    server: &Server,
    spool: &Spool,
    uids: &[String],
    batches: mpsc::UnboundedReceiver<Batch>,
    limit: &BatchLimit,
    progress: &Progress,
    sent: impl Fn(&Sent) + Sync,
) -> Result<Vec<Sent>, UploadError> {
    let arriving = stream::unfold(batches, |mut batches| async move {
        batches.recv().await.map(|batch| (batch, batches))
    });
    let sent = &sent;
    let uploads = arriving
        .map(|batch| upload_one(server, spool, uids, batch, limit, progress, sent))
        .buffer_unordered(IN_FLIGHT)
        .try_fold(Vec::new(), |mut all, some| async move {
            all.extend(some);
            Ok(all)
        });
    uploads.await
}

async fn upload_one(
    server: &Server,
    spool: &Spool,
    uids: &[String],
    batch: Batch,
    limit: &BatchLimit,
    progress: &Progress,
    sent: &(impl Fn(&Sent) + Sync),
) -> Result<Vec<Sent>, UploadError> {
    let mut done = Vec::new();
    let mut waiting = vec![batch];
    while let Some(batch) = waiting.pop() {
        if batch.bytes > limit.bytes() && batch.documents > 1 {
            let mut parts = spool.split(&batch, limit.bytes())?;
            parts.reverse();
            waiting.extend(parts);
            continue;
        }
        let uid = &uids[batch.index];
        let body = spool.body(&batch);
        let body = NdjsonBody::new(body.len(), move || body.clone().boxed());
        match server.upload(uid, body).await {
            Ok(task) => {
                tracing::debug!(
                    index = %uid, batch = batch.number, documents = batch.documents, bytes = batch.bytes,
                    first = %batch.first_id, last = %batch.last_id, task, "batch taken"
                );
                progress.sent(batch.bytes);
                spool.release(&batch);
                let one = Sent {
                    uid: uid.clone(),
                    task,
                    batch,
                };
                sent(&one);
                done.push(one);
            }
            Err(refusal @ MeilisearchError::TooLarge { .. }) if batch.documents > 1 => {
                if limit.is_first_refusal() {
                    tracing::warn!(
                        "{refusal}; going on with smaller ones (--batch-size spares the attempts)"
                    );
                }
                if limit.lower(batch.bytes) {
                    tracing::info!(
                        "a batch has {} bytes at most from now on",
                        grouped(limit.bytes())
                    );
                }
                waiting.push(batch);
            }
            Err(refusal @ MeilisearchError::TooLarge { .. }) => {
                return Err(UploadError::DocumentTooLarge {
                    uid: uid.clone(),
                    id: batch.first_id,
                    bytes: batch.bytes,
                    refusal,
                });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done)
}

/// Waits until the task of every batch has ended. A task that can no longer be found has ended; whether its documents
/// are there is for the gates to count.
///
/// # Errors
/// The first task that failed or was cancelled, with its index, batch, first and last id.
pub async fn all_ended(
    server: &Server,
    sent: &[Sent],
    on_progress: impl FnMut(&WaitProgress) + Send,
) -> Result<(), MeilisearchError> {
    let tasks: Vec<TaskUid> = sent.iter().map(|sent| sent.task).collect();
    let what = |at: usize| {
        let Batch {
            number,
            documents,
            first_id,
            last_id,
            ..
        } = &sent[at].batch;
        format!(
            "batch {number} of {}, {}, ids {first_id} to {last_id}",
            sent[at].uid,
            counted(*documents, "document", "documents")
        )
    };
    for ended in each_succeeded(server, &tasks, what, on_progress).await? {
        if let Ended::Unknown(task) = ended? {
            tracing::warn!(
                "task {task} can't be found any more; the count of documents will tell whether it was done"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_halves_the_limit_once() {
        let limit = BatchLimit::new(10_000);
        assert!(limit.lower(8_000));
        assert_eq!(limit.bytes(), 4_000);
        assert!(
            !limit.lower(8_000),
            "a second batch of that size changes nothing"
        );
        assert_eq!(limit.bytes(), 4_000);
        assert!(limit.lower(4_000));
        assert_eq!(limit.bytes(), 2_000);
    }
}
