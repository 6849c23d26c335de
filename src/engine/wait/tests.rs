use serde_json::{Value, json};

use super::*;
use crate::engine::testing::{Canned, Reply, complaint, html, json_answer};

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
        ..Limits::default()
    }
}

async fn wait_for(canned: &Canned, uids: &[TaskUid]) -> Result<Vec<Ended>, EngineError> {
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
    assert!(
        matches!(
            &ended[..],
            [Ended::Succeeded(_), Ended::Failed(_), Ended::Unfinished(3)]
        ),
        "{ended:?}"
    );
    let error = first_failure(&ended)
        .unwrap()
        .clone()
        .into_error("upload 2 of articles");
    let text = error.to_string();
    assert!(
        text.contains("the task 2 (upload 2 of articles) failed: c: m"),
        "{text}"
    );
    assert!(text.contains("innocent"), "{text}");
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
async fn a_task_that_has_gone_is_no_success() {
    let canned = Canned::answering(|request| match request.path.as_str() {
        "/tasks/7" => complaint(404, "task_not_found", "Task `7` not found."),
        _ => page(&[task(8, "succeeded")]),
    })
    .await;
    let ended = wait_for(&canned, &[7, 8]).await.unwrap();
    assert!(
        matches!(&ended[..], [Ended::Unknown(7), Ended::Succeeded(_)]),
        "{ended:?}"
    );
    assert!(!ended[0].succeeded() && !ended[0].is_failure());
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
    assert!(
        matches!(error, EngineError::GoneSilent { waiting: 1, .. }),
        "{error:?}"
    );
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

/// A watch that is told what is seen, and when.
struct Told {
    watch: Watch,
    now: Instant,
    started_at: String,
}

impl Told {
    fn new() -> Told {
        let now = Instant::now();
        Told {
            watch: Watch::new(&[10], Limits::default(), now),
            now,
            started_at: "first".into(),
        }
    }

    fn after(
        &mut self,
        minutes: u64,
        status: &str,
        front: &[TaskUid],
        at_work: &[TaskUid],
        batch: Option<(u64, f32)>,
    ) -> &mut Told {
        self.now += Duration::from_secs(60 * minutes);
        let started_at = self.started_at.clone();
        let read = |mut value: Value| {
            if value["status"] == "processing" {
                value["startedAt"] = json!(started_at);
            }
            serde_json::from_value::<Task>(value).unwrap()
        };
        let queue = |uids: &[TaskUid], status| Queue {
            total: uids.len() as u64,
            tasks: uids.iter().map(|uid| read(task(*uid, status))).collect(),
        };
        let seen = Seen {
            tasks: vec![read(task(10, status))],
            gone: vec![],
            batch: batch.map(|(batch, percent)| BatchProgress {
                batch,
                percent,
                step: None,
            }),
            front: Some(queue(front, "enqueued")),
            at_work: Some(queue(at_work, "processing")),
        };
        self.watch.saw(seen, self.now);
        self
    }

    fn has_stalled(&self) -> bool {
        matches!(self.watch.check(self.now), Err(EngineError::Stalled { .. }))
    }
}

#[tokio::test]
async fn hours_in_a_queue_that_moves_are_no_stall() {
    let mut told = Told::new();
    for in_front in (0..9_u64).rev() {
        let front: Vec<TaskUid> = (0..in_front).collect();
        assert!(
            !told
                .after(9, "enqueued", &front, &[0], Some((0, 5.0)))
                .has_stalled()
        );
    }
    assert_eq!(
        told.after(1, "enqueued", &[1, 2, 3], &[0], None)
            .watch
            .progress()
            .waiting_behind,
        [("a".into(), 3)]
    );
}

#[tokio::test]
async fn a_batch_that_goes_on_is_no_stall_and_one_that_stands_is() {
    let mut told = Told::new();
    for percent in 0..30_u8 {
        assert!(
            !told
                .after(9, "processing", &[], &[10], Some((0, f32::from(percent))))
                .has_stalled()
        );
    }
    assert!(
        !told
            .after(9, "processing", &[], &[10], Some((0, 29.0)))
            .has_stalled()
    );
    assert!(
        told.after(2, "processing", &[], &[10], Some((0, 29.0)))
            .has_stalled()
    );
}

#[tokio::test]
async fn percentages_that_go_back_between_two_passes_are_no_stall() {
    let mut told = Told::new();
    told.after(1, "processing", &[], &[10], Some((0, 42.5)));
    for tenth in 0..40_u8 {
        let percent = 40.0 + f32::from(tenth) / 100.0;
        assert!(
            !told
                .after(9, "processing", &[], &[10], Some((0, percent)))
                .has_stalled()
        );
    }
}

#[tokio::test]
async fn a_server_that_is_killed_again_and_again_is_given_up() {
    let mut told = Told::new();
    for time in 0..=5 {
        told.started_at = format!("start {time}");
        told.after(1, "processing", &[], &[10], Some((0, 30.0)));
        let given_up = matches!(
            told.watch.check(told.now),
            Err(EngineError::KeepsRestarting {
                times: 5,
                waiting: 1
            })
        );
        assert_eq!(given_up, time == 5, "{time}");
        assert_eq!(told.watch.progress().restarts, time);
        told.after(1, "enqueued", &[], &[], None);
    }
}

#[tokio::test]
async fn a_server_that_is_stopped_now_and_then_but_gets_on_is_waited_for() {
    let mut told = Told::new();
    for time in 0..20 {
        told.started_at = format!("start {time}");
        told.after(1, "enqueued", &[], &[time], Some((time, 30.0)));
        told.started_at = format!("again {time}");
        told.after(1, "enqueued", &[], &[time], Some((time, 30.0)));
        assert!(told.watch.check(told.now).is_ok());
    }
}

#[tokio::test]
async fn an_old_server_shows_nothing_for_an_hour_and_may_still_work() {
    let mut told = Told::new();
    for _ in 0..59 {
        assert!(!told.after(1, "processing", &[], &[10], None).has_stalled());
    }
    assert!(told.after(2, "processing", &[], &[10], None).has_stalled());
}

#[tokio::test]
async fn a_scheduler_that_has_stopped_is_noticed() {
    let mut told = Told::new();
    assert!(!told.after(9, "enqueued", &[], &[], None).has_stalled());
    assert!(!told.after(9, "enqueued", &[], &[], None).has_stalled());
    assert!(told.after(2, "enqueued", &[], &[], None).has_stalled());
}

#[tokio::test]
async fn tasks_that_have_to_succeed_are_an_error_when_they_do_not() {
    let canned = Canned::replies([page(&[task(1, "succeeded")])]).await;
    assert_eq!(
        until_succeeded(&canned.server(), &[1], "x")
            .await
            .unwrap()
            .len(),
        1
    );
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
