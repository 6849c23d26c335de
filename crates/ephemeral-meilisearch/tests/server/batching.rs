//! What is carried out together, in which order, and what cancels it.

use crate::support::{Client, until};
use ephemeral_meilisearch::{Config, Like, Server};
use serde_json::{Value, json};

fn start(like: Like) -> (Server, Client) {
    let server = Server::start(Config {
        like,
        ..Config::default()
    })
    .unwrap();
    let client = Client::new(server.address());
    client.done("POST", "/indexes", &json!({"uid": "a", "primaryKey": "id"}));
    client.done("POST", "/indexes", &json!({"uid": "b", "primaryKey": "id"}));
    (server, client)
}

fn enqueue(client: &Client, method: &str, path: &str, body: Value) -> u64 {
    let answer = client.json(method, path, &body);
    answer.body["taskUid"]
        .as_u64()
        .unwrap_or_else(|| panic!("no task: {answer:?}"))
}

#[test]
fn additions_of_one_index_share_a_batch_across_other_indexes() {
    let (server, client) = start(Like::NEWEST);
    server.hold_tasks();
    let tasks = [
        enqueue(&client, "POST", "/indexes/a/documents", json!([{"id": 1}])),
        enqueue(&client, "POST", "/indexes/b/documents", json!([{"id": 1}])),
        enqueue(
            &client,
            "PUT",
            "/indexes/a/documents",
            json!([{"id": 1, "n": 2}]),
        ),
        enqueue(
            &client,
            "POST",
            "/indexes/a/documents/delete-batch",
            json!([7]),
        ),
    ];
    server.release_tasks();
    let batches = tasks.map(|task| client.wait(task)["batchUid"].clone());
    assert_eq!(batches[0], batches[2]);
    assert_eq!(batches[0], batches[3]);
    assert_ne!(batches[0], batches[1]);
    assert_eq!(
        client.get("/indexes/a/documents").body["results"],
        json!([{"id": 1, "n": 2}])
    );
    let batch = client.get(&format!("/batches/{}", batches[0])).body;
    assert_eq!(batch["stats"]["totalNbTasks"], 3);
    assert_eq!(batch["details"]["receivedDocuments"], 2);
}

#[test]
fn a_swap_is_a_barrier_for_its_indexes() {
    let (server, client) = start(Like::NEWEST);
    server.hold_tasks();
    enqueue(
        &client,
        "POST",
        "/indexes/a/documents",
        json!([{"id": 1, "sent": "before"}]),
    );
    enqueue(
        &client,
        "POST",
        "/swap-indexes",
        json!([{"indexes": ["a", "b"]}]),
    );
    let last = enqueue(
        &client,
        "POST",
        "/indexes/a/documents",
        json!([{"id": 2, "sent": "after"}]),
    );
    server.release_tasks();
    client.wait(last);
    assert_eq!(
        client.get("/indexes/b/documents").body["results"],
        json!([{"id": 1, "sent": "before"}])
    );
    assert_eq!(
        client.get("/indexes/a/documents").body["results"],
        json!([{"id": 2, "sent": "after"}])
    );
}

#[test]
fn a_cancelation_stops_the_batch_that_runs() {
    let (_server, client) = start(Like::NEWEST);
    // Large enough to be found running.
    let body: String = (0..20_000)
        .map(|id| format!("{{\"id\": {id}, \"text\": \"word{id} other{id}\"}}\n"))
        .collect();
    let task = client.ndjson("/indexes/a/documents", &body).body["taskUid"]
        .as_u64()
        .unwrap();
    until("the task runs", || {
        (client.get(&format!("/tasks/{task}")).body["status"] == "processing").then_some(())
    });
    let running = client.get("/batches?statuses=processing").body["results"][0].clone();
    assert!(running["progress"]["percentage"].is_number(), "{running}");
    let cancel = client.send("POST", &format!("/tasks/cancel?uids={task}"), &[], b"");
    assert_eq!(cancel.status, 200);
    let canceler = cancel.body["taskUid"].clone();
    let canceled = client.wait(task);
    assert_eq!(
        (&canceled["status"], &canceled["canceledBy"]),
        (&json!("canceled"), &canceler)
    );
    assert_eq!(
        client.wait(canceler.as_u64().unwrap())["details"]["canceledTasks"],
        1
    );
    assert_eq!(client.get("/indexes/a/documents").body["total"], 0);
}

#[test]
fn only_finished_tasks_are_deleted() {
    let (server, client) = start(Like::NEWEST);
    server.hold_tasks();
    let waiting = enqueue(&client, "POST", "/indexes/a/documents", json!([{"id": 1}]));
    let deletion = client.send("DELETE", "/tasks?indexUids=a,b", &[], b"");
    server.release_tasks();
    let deletion = client.wait(deletion.body["taskUid"].as_u64().unwrap());
    assert_eq!(
        deletion["details"],
        json!({"matchedTasks": 3, "deletedTasks": 2, "originalFilter": "?indexUids=a,b"})
    );
    assert_eq!(client.wait(waiting)["status"], "succeeded");
}

#[test]
fn an_old_server_applies_later_settings_first() {
    let (server, client) = start(Like::OLDEST);
    server.hold_tasks();
    let add = enqueue(
        &client,
        "POST",
        "/indexes/a/documents",
        json!([{"id": 1, "n": 5}]),
    );
    let settings = enqueue(
        &client,
        "PATCH",
        "/indexes/a/settings",
        json!({"filterableAttributes": ["n"]}),
    );
    server.release_tasks();
    let [add, settings] = [add, settings].map(|task| client.wait(task));
    assert_eq!(add["startedAt"], settings["startedAt"]);
    assert_eq!(add.get("batchUid"), None);
    let found = client.json(
        "POST",
        "/indexes/a/documents/fetch",
        &json!({"filter": "n = 5"}),
    );
    assert_eq!(found.body["total"], 1);
}

#[test]
fn a_deletion_by_filter_needs_a_filterable_attribute() {
    let (_server, client) = start(Like::NEWEST);
    client.done(
        "POST",
        "/indexes/a/documents",
        &json!([{"id": 1, "n": 5}, {"id": 2, "n": 6}]),
    );
    let refused = client.done(
        "POST",
        "/indexes/a/documents/delete",
        &json!({"filter": "n = 5"}),
    );
    assert_eq!(refused["error"]["code"], "invalid_document_filter");
    client.done(
        "PATCH",
        "/indexes/a/settings",
        &json!({"filterableAttributes": ["n"]}),
    );
    let done = client.done(
        "POST",
        "/indexes/a/documents/delete",
        &json!({"filter": "n = 5"}),
    );
    assert_eq!(
        done["details"],
        json!({"providedIds": 0, "deletedDocuments": 1, "originalFilter": "\"n = 5\""})
    );
    assert_eq!(
        client.get("/indexes/a/documents?fields=id").body["results"],
        json!([{"id": 2}])
    );
}
