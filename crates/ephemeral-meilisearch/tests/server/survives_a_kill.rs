//! A killed server goes on where it was.

use crate::support::{Program, until};
use serde_json::json;

#[test]
fn enqueued_tasks_are_carried_out_after_a_kill() {
    let db = tempfile::tempdir().unwrap();
    let server = Program::start(db.path(), &[]);
    let client = &server.client;
    client.done("POST", "/indexes", &json!({"uid": "a", "primaryKey": "id"}));
    // Many tasks, each with some work, and a kill while they are on their way.
    let body: String = (0..200)
        .map(|id| format!("{{\"id\": {id}, \"text\": \"some words {id}\"}}\n"))
        .collect();
    let mut last = 0;
    for _ in 0..10 {
        last = client.ndjson("/indexes/a/documents", &body).body["taskUid"]
            .as_u64()
            .unwrap();
        client.json(
            "PATCH",
            "/indexes/a/settings",
            &json!({"stopWords": [format!("word{last}")]}),
        );
    }
    server.kill();

    let server = Program::start(db.path(), &[]);
    let task = server.client.wait(last);
    assert_eq!(task["status"], "succeeded", "{task}");
    until("all tasks are over", || {
        let waiting = server
            .client
            .get("/tasks?statuses=enqueued,processing")
            .body;
        (waiting["total"] == 0).then_some(())
    });
    assert_eq!(server.client.get("/tasks?statuses=failed").body["total"], 0);
    assert_eq!(server.client.get("/tasks").body["total"], 21);
    assert_eq!(
        server.client.get("/indexes/a/documents?limit=0").body["total"],
        200
    );
    let payloads = || {
        std::fs::read_dir(db.path().join("payloads"))
            .unwrap()
            .count()
    };
    until("payloads of finished tasks are removed", || {
        (payloads() == 0).then_some(())
    });
}

#[test]
fn uids_of_deleted_tasks_are_not_given_again() {
    let db = tempfile::tempdir().unwrap();
    let server = Program::start(db.path(), &[]);
    server.client.done("POST", "/indexes", &json!({"uid": "a"}));
    server.client.done("DELETE", "/tasks?uids=0", &json!(null));
    server.kill();
    let server = Program::start(db.path(), &[]);
    assert_eq!(server.client.get("/tasks/0").body["code"], "task_not_found");
    let task = server.client.json("POST", "/indexes", &json!({"uid": "b"}));
    assert_eq!(task.body["taskUid"], 2);
}

/// The trap that an indexer has to know: the task says `succeeded`, and the indexes are where they were.
#[test]
fn a_swap_that_was_committed_before_a_kill_is_undone_by_the_next_start() {
    let db = tempfile::tempdir().unwrap();
    let server = Program::start(db.path(), &["--die-after-swap-commit"]);
    let client = &server.client;
    client.done(
        "POST",
        "/indexes",
        &json!({"uid": "live", "primaryKey": "id"}),
    );
    client.done(
        "POST",
        "/indexes",
        &json!({"uid": "build", "primaryKey": "id"}),
    );
    let born = |client: &crate::support::Client, uid: &str| {
        client.get(&format!("/indexes/{uid}")).body["createdAt"].clone()
    };
    let (live, build) = (born(client, "live"), born(client, "build"));
    let swap = 2;
    let pairs = json!([{"indexes": ["live", "build"]}]);
    client.json_unanswered("POST", "/swap-indexes", &pairs);
    let mut server = server;
    until("the server died of the swap", || {
        server.child.try_wait().unwrap()
    });

    let server = Program::start(db.path(), &[]);
    assert_eq!(server.client.wait(swap)["status"], "succeeded");
    assert_eq!(born(&server.client, "live"), live);
    assert_eq!(born(&server.client, "build"), build);
    server.client.done(
        "POST",
        "/swap-indexes",
        &json!([{"indexes": ["live", "build"]}]),
    );
    assert_eq!(born(&server.client, "live"), build);
}

#[test]
fn payloads_that_no_task_waits_for_are_removed_at_the_start() {
    let db = tempfile::tempdir().unwrap();
    Program::start(db.path(), &[]).kill();
    let orphan = db.path().join("payloads").join("left by a kill");
    std::fs::write(&orphan, "{}").unwrap();
    let _server = Program::start(db.path(), &[]);
    assert!(!orphan.exists());
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let db = tempfile::tempdir().unwrap();
    let _server = Program::start(db.path(), &[]);
    let config = ephemeral_meilisearch::Config {
        db_path: Some(db.path().into()),
        ..Default::default()
    };
    assert!(ephemeral_meilisearch::Server::start(config).is_err());
}

#[test]
fn a_server_ends_with_the_program_that_started_it() {
    let db = tempfile::tempdir().unwrap();
    let mut server = Program::start(db.path(), &[]);
    server.close_stdin();
    let status = until("the server has ended", || server.child.try_wait().unwrap());
    assert!(status.success());
}
