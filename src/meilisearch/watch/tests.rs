use std::time::Duration;

use serde_json::{Value, json};

use super::*;

fn task(uid: TaskUid, status: &str) -> Value {
    json!({"uid": uid, "indexUid": "a", "status": status, "type": "documentAdditionOrUpdate"})
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
        matches!(
            self.watch.check(self.now),
            Err(MeilisearchError::Stalled { .. })
        )
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
            Err(MeilisearchError::KeepsRestarting {
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

#[test]
fn what_failed_on_another_server_of_a_network_has_failed() {
    let mut watch = Watch::new(&[10], Limits::default(), Instant::now());
    let mut told = task(10, "succeeded");
    told["network"] =
        json!({"remote_tasks": {"two": {"error": {"message": "out of reach", "code": "c"}}}});
    let seen = Seen {
        tasks: vec![serde_json::from_value(told).unwrap()],
        ..Seen::default()
    };
    watch.saw(seen, Instant::now());
    assert!(watch.is_over());
    let ended = watch.ended(&[10]).remove(0);
    assert!(ended.is_failure());
    let error = ended.into_error("the swap").to_string();
    assert!(
        error.contains("`two`") && error.contains("out of reach"),
        "{error}"
    );
}
