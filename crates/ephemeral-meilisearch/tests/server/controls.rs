//! What tests may ask of this server, and nobody of a real one.

use ephemeral_meilisearch::{Config, Server};
use serde_json::json;

use crate::support::{Client, Program, until};

fn start(controls: bool, master_key: Option<&str>) -> (Server, Client) {
    let server = Server::start(Config {
        controls,
        master_key: master_key.map(str::to_owned),
        ..Config::default()
    })
    .unwrap();
    let client = Client::new(server.address());
    (server, client)
}

fn control(client: &Client, what: &str) -> u16 {
    let path = format!("/controls/{what}");
    client.send("POST", &path, &[], b"").status
}

#[test]
fn held_tasks_pile_up_until_they_are_released() {
    let (_server, client) = start(true, None);
    client.done("POST", "/indexes", &json!({"uid": "a", "primaryKey": "id"}));
    assert_eq!(control(&client, "hold"), 204);
    let tasks: Vec<u64> = (1..=3)
        .map(|id| {
            let sent = client.json("POST", "/indexes/a/documents", &json!([{"id": id}]));
            sent.body["taskUid"].as_u64().unwrap()
        })
        .collect();
    // Nothing is at work and nothing will be: that is what there is to wait for.
    assert_eq!(control(&client, "wait-idle"), 204);
    let waiting = client.get("/tasks?statuses=enqueued").body;
    assert_eq!(waiting["total"], 3, "{waiting}");
    assert_eq!(control(&client, "release"), 204);
    assert_eq!(control(&client, "wait-idle"), 204);
    for task in tasks {
        let task = client.get(&format!("/tasks/{task}")).body;
        assert_eq!(task["status"], "succeeded", "{task}");
    }
    // Released together, they are one batch, as behind a long one.
    assert_eq!(client.get("/indexes/a/documents").body["total"], 3);
}

#[test]
fn what_was_asked_for_before_has_ended_when_the_server_is_idle() {
    let (server, client) = start(false, None);
    let sent = client.json("POST", "/indexes/a/documents", &json!([{"id": 1}]));
    server.wait_until_idle();
    let task = client.get(&format!("/tasks/{}", sent.body["taskUid"])).body;
    assert_eq!(task["status"], "succeeded", "{task}");
}

#[test]
fn controls_are_there_where_they_are_asked_for_and_for_the_master_key_alone() {
    let (_server, client) = start(false, None);
    assert_eq!(control(&client, "hold"), 404);
    let (_server, client) = start(true, Some("the master key"));
    assert_eq!(control(&client, "hold"), 401);
    let master = client.with_key("the master key");
    let all = json!({"actions": ["*"], "indexes": ["*"], "expiresAt": null});
    let key = master.json("POST", "/keys", &all).body["key"].clone();
    assert_eq!(
        control(&client.with_key(key.as_str().unwrap()), "hold"),
        403
    );
    assert_eq!(control(&master, "hold"), 204);
}

#[test]
fn a_server_dies_of_the_swap_that_it_was_told_to_die_of() {
    let db = tempfile::tempdir().unwrap();
    let mut server = Program::start(db.path(), &["--controls"]);
    for uid in ["live", "build"] {
        let index = json!({"uid": uid, "primaryKey": "id"});
        server.client.done("POST", "/indexes", &index);
    }
    assert_eq!(control(&server.client, "die-after-swap"), 204);
    let pairs = json!([{"indexes": ["live", "build"]}]);
    server
        .client
        .json_unanswered("POST", "/swap-indexes", &pairs);
    let status = until("the server died", || server.child.try_wait().unwrap());
    assert!(!status.success());
}
