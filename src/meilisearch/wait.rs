//! Waiting for tasks: all at once, by uid, until they end or nothing moves any more.
//!
//! A fixed limit (5 seconds, 5 minutes) passes while a task is merely queued behind others; the run is called failed and
//! everything is sent again, which fills the queue further. So silence ends a wait, never its length. A server that is
//! killed because memory is full and comes back has kept its queue: the same uids are queried again.

use tokio::time::Instant;

use crate::meilisearch::ended::{Ended, Limits};
use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::server::Server;
use crate::meilisearch::task::{Queue, TaskStatus};
use crate::meilisearch::uid::TaskUid;
use crate::meilisearch::watch::{Seen, Watch};
use crate::progress::WaitProgress;
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

/// Waits for tasks of which none may fail. `what` they were for, like "the settings of articles".
///
/// A task that was cleared away is no failure: what it should have done decides, which is looked at later.
///
/// # Errors
/// The first task that failed or was cancelled.
pub async fn until_succeeded(
    server: &Server,
    uids: &[TaskUid],
    what: &str,
) -> Result<(), MeilisearchError> {
    let mut each = each_succeeded(server, uids, |_| what.to_owned(), |_| {}).await?;
    each.try_for_each(|ended| ended.map(|_| ()))
}

/// The same, for who has something to say of each task: how it ended, one after the other, and in the place of the first
/// that failed or was cancelled its error. `what` says what the task at a place was for.
pub async fn each_succeeded(
    server: &Server,
    uids: &[TaskUid],
    what: impl Fn(usize) -> String,
    mut on_progress: impl FnMut(&WaitProgress) + Send,
) -> Result<impl Iterator<Item = Result<Ended, MeilisearchError>>, MeilisearchError> {
    let ended = wait(server, uids, &mut on_progress).await?;
    let each = ended.into_iter().enumerate();
    Ok(each.map(move |(at, ended)| match ended.is_failure() {
        true => Err(ended.into_error(&what(at))),
        false => Ok(ended),
    }))
}

/// [`wait`] with limits of one's own.
pub async fn wait_within(
    server: &Server,
    uids: &[TaskUid],
    limits: &Limits,
    on_progress: &mut (dyn FnMut(&WaitProgress) + Send),
) -> Result<Vec<Ended>, MeilisearchError> {
    // Each look is one attempt: the wait has limits of its own, and a look that retries for a minute shows nothing meanwhile.
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
