use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::meilisearch::ended::{Ended, Limits};
use crate::meilisearch::testing::{Canned, Reply, complaint, html, json_answer};
use crate::testing::assert_form;

fn task(uid: TaskUid, status: &str) -> Value {
    json!({"uid": uid, "batchUid": 0, "indexUid": "a", "status": status, "type": "documentAdditionOrUpdate",
        "canceledBy": if status == "canceled" { json!(99) } else { Value::Null }, "details": {},
        "error": if status == "failed" { json!({"message": "m", "code": "c", "type": "internal"}) } else { Value::Null }})
}

fn started(uid: TaskUid, at: &str) -> Value {
    let mut task = task(uid, "processing");
    task["startedAt"] = json!(at);
    task
}

fn page(tasks: &[Value]) -> Reply {
    json_answer(
        200,
        json!({"results": tasks, "total": tasks.len(), "limit": 20, "from": null, "next": null}),
    )
}

fn quick() -> Limits {
    let pause = Duration::from_millis(1);
    Limits {
        first_pause: pause,
        longest_pause: pause,
        close_look: Duration::from_secs(1),
        ..Limits::default()
    }
}

async fn wait_for(canned: &Canned, uids: &[TaskUid]) -> Result<Vec<Ended>, MeilisearchError> {
    wait_within(&canned.server(), uids, &quick(), &mut |_| {}).await
}

#[tokio::test]
async fn all_tasks_are_waited_for_at_once() {
    let canned = Canned::replies([
        page(&[task(1, "processing"), task(2, "enqueued")]),
        page(&[task(1, "succeeded"), task(2, "paused")]),
        page(&[task(2, "succeeded")]),
    ])
    .await;
    let mut seen = Vec::new();
    let ended = wait_within(&canned.server(), &[2, 1], &quick(), &mut |progress| {
        seen.push(progress.clone())
    })
    .await
    .unwrap();
    assert_eq!(ended.iter().map(Ended::uid).collect::<Vec<_>>(), [2, 1]);
    assert!(ended.iter().all(Ended::succeeded));
    assert_eq!(
        (seen[0].enqueued, seen[0].processing, seen[0].succeeded),
        (1, 1, 0)
    );
    assert_eq!(
        (seen[1].enqueued, seen[1].processing, seen[1].succeeded),
        (1, 0, 1)
    );
    assert_eq!((seen[2].enqueued, seen[2].succeeded), (0, 2));
    let paths: Vec<String> = canned
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(paths[0], "/tasks?uids=1,2&limit=2");
    assert_eq!(paths[2], "/tasks?uids=2&limit=1");
}

#[tokio::test]
async fn nothing_to_wait_for_asks_nothing() {
    let canned = Canned::replies([html(500)]).await;
    assert!(wait_for(&canned, &[]).await.unwrap().is_empty());
    assert!(canned.requests().is_empty());
}

#[tokio::test]
async fn a_failed_task_ends_the_wait_at_once() {
    let canned = Canned::replies([page(&[
        task(1, "succeeded"),
        task(2, "failed"),
        task(3, "enqueued"),
    ])])
    .await;
    let ended = wait_for(&canned, &[1, 2, 3]).await.unwrap();
    assert_form!(
        ended[..],
        [Ended::Succeeded(_), Ended::Failed(_), Ended::Unfinished(3)]
    );
    let error = ended[1].clone().into_error("upload 2 of articles");
    let text = error.to_string();
    assert!(
        text.contains("the task 2 (upload 2 of articles) failed: c: m"),
        "{text}"
    );
    assert!(text.contains("innocent"), "{text}");
}

#[tokio::test]
async fn the_last_task_is_waited_for_whatever_failed_before_it() {
    let canned = Canned::replies([
        page(&[task(1, "failed"), task(2, "enqueued"), task(3, "enqueued")]),
        page(&[task(2, "failed"), task(3, "enqueued")]),
        page(&[task(3, "succeeded")]),
    ])
    .await;
    let ended = until_the_last_ended(&canned.server(), &[1, 2, 3]).await;
    assert!(
        matches!(
            &ended.unwrap()[..],
            [Ended::Failed(_), Ended::Failed(_), Ended::Succeeded(_)]
        ),
        "{:?}",
        canned.requests()
    );
}

#[tokio::test]
async fn a_cancelled_task_is_an_end_and_names_its_canceller() {
    let canned = Canned::replies([page(&[task(1, "canceled")])]).await;
    let ended = wait_for(&canned, &[1]).await.unwrap();
    assert!(ended[0].is_failure() && !ended[0].succeeded());
    let text = ended[0].clone().into_error("settings").to_string();
    assert!(text.contains("by task 99"), "{text}");
}

#[tokio::test]
async fn a_task_that_has_gone_is_no_success_and_no_failure() {
    let canned = Canned::answering(|request| match request.path.as_str() {
        "/tasks/7" => complaint(404, "task_not_found", "Task `7` not found."),
        _ => page(&[task(8, "succeeded")]),
    })
    .await;
    let ended = wait_for(&canned, &[7, 8]).await.unwrap();
    assert_form!(ended[..], [Ended::Unknown(7), Ended::Succeeded(_)]);
    assert!(!ended[0].succeeded() && !ended[0].is_failure());
    let succeeded = until_succeeded(&canned.server(), &[7, 8], "x").await;
    succeeded.unwrap();
}

#[tokio::test]
async fn a_server_that_is_down_for_a_while_is_waited_for() {
    let canned = Canned::replies([
        page(&[started(1, "a")]),
        Reply::Nothing,
        html(502),
        html(404),
        Reply::HalfABody,
        page(&[task(1, "enqueued")]),
        page(&[started(1, "b")]),
        page(&[task(1, "succeeded")]),
    ])
    .await;
    let mut silent = 0;
    let mut restarts = 0;
    let ended = wait_within(&canned.server(), &[1], &quick(), &mut |progress| {
        silent += usize::from(progress.silent_for.is_some());
        restarts = progress.restarts;
    })
    .await
    .unwrap();
    assert!(ended[0].succeeded());
    assert_eq!((silent, restarts), (4, 1));
}

#[tokio::test]
async fn a_server_that_stays_away_is_given_up() {
    let canned = Canned::replies([html(502)]).await;
    let limits = Limits {
        unreachable: Duration::from_millis(30),
        ..quick()
    };
    let error = wait_within(&canned.server(), &[1], &limits, &mut |_| {})
        .await
        .unwrap_err();
    assert_form!(error, MeilisearchError::GoneSilent { waiting: 1, .. });
}

#[tokio::test]
async fn a_key_that_is_revoked_ends_the_wait() {
    let canned = Canned::replies([complaint(
        403,
        "invalid_api_key",
        "The provided API key is invalid.",
    )])
    .await;
    assert!(wait_for(&canned, &[1]).await.unwrap_err().is_forbidden());
    assert_eq!(canned.requests().len(), 1);
}

#[tokio::test]
async fn thousands_of_tasks_are_asked_for_in_paths_that_a_proxy_takes() {
    let canned = Canned::answering(|request| {
        let uids = request
            .path
            .split("uids=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap();
        page(
            &uids
                .split(',')
                .map(|uid| task(uid.parse().unwrap(), "succeeded"))
                .collect::<Vec<_>>(),
        )
    })
    .await;
    let uids: Vec<TaskUid> = (4_000_000_000..4_000_001_000).collect();
    let ended = wait_for(&canned, &uids).await.unwrap();
    assert!(ended.iter().all(Ended::succeeded) && ended.len() == 1000);
    assert!(
        canned
            .requests()
            .iter()
            .all(|request| request.path.len() < 4096)
    );
}

#[tokio::test]
async fn tasks_that_have_to_succeed_are_an_error_when_they_do_not() {
    let canned = Canned::replies([page(&[task(1, "succeeded")])]).await;
    until_succeeded(&canned.server(), &[1], "x").await.unwrap();
    let canned = Canned::replies([page(&[task(1, "failed"), task(2, "enqueued")])]).await;
    let error = until_succeeded(&canned.server(), &[2, 1], "the settings of articles")
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the task 1 (the settings of articles) failed"),
        "{error}"
    );
}
