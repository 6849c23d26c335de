//! Waiting for tasks: all at once, by uid, until they end or nothing moves any more.
//!
//! A fixed limit (5 seconds, 5 minutes) passes while a task is merely queued behind others; the run is called failed and
//! everything is sent again, which fills the queue further. So silence ends a wait, never its length. A server that is
//! killed because memory is full and comes back has kept its queue: the same uids are queried again.

use tokio::time::Instant;

use crate::meilisearch::ended::{Ended, Limits, WaitProgress, first_failure};
use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::server::Server;
use crate::meilisearch::task::{Queue, Task, TaskStatus};
use crate::meilisearch::uid::TaskUid;
use crate::meilisearch::watch::{Seen, Watch};
use crate::retry::{RetryPolicy, Retryable};

/// Waits until all tasks have ended, or one has failed. The order is that of the uids given.
pub async fn wait(
    server: &Server,
    uids: &[TaskUid],
    on_progress: &mut (dyn FnMut(&WaitProgress) + Send),
) -> Result<Vec<Ended>, MeilisearchError> {
    wait_within(server, uids, &Limits::default(), on_progress).await
}

/// Waits until the last task has ended, whether one failed before it or not. The order is that of the uids given.
pub async fn until_the_last_ended(
    server: &Server,
    uids: &[TaskUid],
) -> Result<Vec<Ended>, MeilisearchError> {
    let mut all = wait(server, uids, &mut |_| {}).await?;
    loop {
        let is_unfinished = |ended: &&mut Ended| matches!(ended, Ended::Unfinished(_));
        let unfinished: Vec<&mut Ended> = all.iter_mut().filter(is_unfinished).collect();
        if unfinished.is_empty() {
            return Ok(all);
        }
        let uids: Vec<TaskUid> = unfinished.iter().map(|ended| ended.uid()).collect();
        let ended = wait(server, &uids, &mut |_| {}).await?;
        for (before, now) in unfinished.into_iter().zip(ended) {
            *before = now;
        }
    }
}

/// Waits for tasks that all have to succeed, and returns them. `what` they were for, like "the settings of articles".
///
/// A task that has gone is an error here: where its effect can be looked at, use [`wait`].
pub async fn until_succeeded(
    server: &Server,
    uids: &[TaskUid],
    what: &str,
) -> Result<Vec<Task>, MeilisearchError> {
    let ended = wait(server, uids, &mut |_| {}).await?;
    if let Some(failure) = first_failure(&ended) {
        return Err(failure.clone().into_error(what));
    }
    let task = |ended| match ended {
        Ended::Succeeded(task) => Ok(task),
        other => Err(other.into_error(what)),
    };
    ended.into_iter().map(task).collect()
}

/// [`wait`] with limits of one's own.
pub async fn wait_within(
    server: &Server,
    uids: &[TaskUid],
    limits: &Limits,
    on_progress: &mut (dyn FnMut(&WaitProgress) + Send),
) -> Result<Vec<Ended>, MeilisearchError> {
    // Each look is one attempt: the wait has its own patience, and a look that retries for a minute shows nothing meanwhile.
    let server = server.with_policy(RetryPolicy::NONE);
    let begun = Instant::now();
    let mut looked_closely = begun;
    let mut watch = Watch::new(uids, *limits, begun);
    loop {
        if watch.is_over() {
            return Ok(watch.ended(uids));
        }
        let closely = looked_closely.elapsed() > limits.close_look;
        if closely {
            looked_closely = Instant::now();
        }
        match look(&server, &watch, closely).await {
            Ok(seen) => watch.saw(seen, Instant::now()),
            // While its backend is away, a proxy may answer with a page of its own and any status.
            Err(error) if error.retryable() == Retryable::Never && !is_a_page(&error) => {
                return Err(error);
            }
            Err(error) => watch.heard_nothing(&error, Instant::now(), server.address())?,
        }
        on_progress(watch.progress());
        if watch.is_over() {
            return Ok(watch.ended(uids));
        }
        watch.check(Instant::now())?;
        let pause = (begun.elapsed() / 10).clamp(limits.first_pause, limits.longest_pause);
        tokio::time::sleep(pause).await;
    }
}

fn is_a_page(error: &MeilisearchError) -> bool {
    matches!(error, MeilisearchError::NotMeilisearch { .. })
}

/// A glance at the tasks, or a close look: at batches and at the queue, too.
async fn look(server: &Server, watch: &Watch, closely: bool) -> Result<Seen, MeilisearchError> {
    let unfinished = watch.unfinished();
    let tasks = server.tasks_by_uids(&unfinished).await?;
    let mut gone = Vec::new();
    for uid in unfinished
        .iter()
        .filter(|uid| !tasks.iter().any(|task| task.uid == **uid))
    {
        if server.task(*uid).await?.is_none() {
            gone.push(*uid);
        }
    }
    if !closely {
        return Ok(Seen {
            tasks,
            gone,
            ..Seen::default()
        });
    }
    let batch = server.batch_progress().await?;
    let at_work = Some(server.at_work().await?);
    let is_processing = tasks
        .iter()
        .any(|task| task.status == TaskStatus::Processing);
    let first = unfinished.first().copied();
    let front = if is_processing {
        Queue::default()
    } else {
        server.queue_before(first, FRONT).await?
    };
    Ok(Seen {
        tasks,
        gone,
        batch,
        front: Some(front),
        at_work,
    })
}

/// Tasks of others that are looked at: enough to say what stands in front, little enough to ask for every second.
const FRONT: usize = 200;

#[cfg(test)]
mod tests;
