//! Swaps: what moves, what does not, and that nobody sees half of one.

use crate::support::Client;
use std::collections::BTreeSet;

use ephemeral_meilisearch::{Config, Server};
use serde_json::{Value, json};

fn start() -> (Server, Client) {
    let server = Server::start(Config::default()).unwrap();
    let client = Client::new(server.address());
    (server, client)
}

/// An index with one document that says which it is.
fn fill(client: &Client, uid: &str, word: &str) {
    client.done("POST", "/indexes", &json!({"uid": uid, "primaryKey": "id"}));
    client.done(
        "POST",
        &format!("/indexes/{uid}/documents"),
        &json!([{"id": 1, "word": word}]),
    );
}

fn word(client: &Client, uid: &str) -> Value {
    client.get(&format!("/indexes/{uid}/documents/1")).body["word"].clone()
}

#[test]
fn everything_but_the_name_moves() {
    let (_server, client) = start();
    fill(&client, "a", "from a");
    fill(&client, "b", "from b");
    client.done(
        "PATCH",
        "/indexes/b/settings",
        &json!({"synonyms": {"x": ["y"]}}),
    );
    let before = client.get("/indexes/b").body;
    client.done("POST", "/swap-indexes", &json!([{"indexes": ["a", "b"]}]));
    let after = client.get("/indexes/a").body;
    assert_eq!(
        (&after["createdAt"], &after["updatedAt"]),
        (&before["createdAt"], &before["updatedAt"])
    );
    assert_eq!(word(&client, "a"), "from b");
    assert_eq!(word(&client, "b"), "from a");
    assert_eq!(
        client.get("/indexes/a/settings/synonyms").body,
        json!({"x": ["y"]})
    );
}

#[test]
fn earlier_tasks_are_listed_under_the_other_name() {
    let (_server, client) = start();
    fill(&client, "a", "from a");
    fill(&client, "b", "from b");
    let swap = client.done("POST", "/swap-indexes", &json!([{"indexes": ["a", "b"]}]));
    client.done("POST", "/indexes/a/documents", &json!([{"id": 2}]));
    let uids = |query: &str| -> Vec<u64> {
        let tasks = client.get(query).body;
        tasks["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["uid"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(
        uids("/tasks?indexUids=a"),
        [5, 3, 2],
        "those of b, and the one after the swap"
    );
    assert_eq!(uids("/tasks?indexUids=b"), [1, 0]);
    assert_eq!(swap["indexUid"], Value::Null);
}

#[test]
fn several_pairs_are_swapped_together_or_not_at_all() {
    let (_server, client) = start();
    for uid in ["a", "b", "c", "d"] {
        fill(&client, uid, uid);
    }
    let failed = client.done(
        "POST",
        "/swap-indexes",
        &json!([{"indexes": ["a", "b"]}, {"indexes": ["c", "missing"]}]),
    );
    assert_eq!(failed["error"]["code"], "index_not_found");
    assert_eq!(word(&client, "a"), "a");
    client.done(
        "POST",
        "/swap-indexes",
        &json!([{"indexes": ["a", "b"]}, {"indexes": ["c", "d"]}]),
    );
    assert_eq!(
        (word(&client, "a"), word(&client, "c")),
        ("b".into(), "d".into())
    );
}

const DOCUMENTS: usize = 200;

#[test]
fn a_reader_finds_one_whole_index_at_every_moment() {
    let (server, client) = start();
    for (uid, word) in [("live", "one"), ("build", "two")] {
        let documents: Vec<Value> = (0..DOCUMENTS)
            .map(|id| json!({"id": id, "word": word}))
            .collect();
        client.done("POST", "/indexes", &json!({"uid": uid, "primaryKey": "id"}));
        let path = format!("/indexes/{uid}/documents");
        client.done("POST", &path, &json!(documents));
    }
    server.hold_tasks();
    let mut last = 0;
    for _ in 0..100 {
        let swap = client.json(
            "POST",
            "/swap-indexes",
            &json!([{"indexes": ["live", "build"]}]),
        );
        last = swap.body["taskUid"].as_u64().unwrap();
    }
    server.release_tasks();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while client.get(&format!("/tasks/{last}")).body["status"] != "succeeded" {
                let answer = client.get("/indexes/live/search?limit=1000");
                assert_eq!(answer.status, 200, "{answer:?}");
                let hits = answer.body["hits"].as_array().unwrap();
                assert_eq!(hits.len(), DOCUMENTS, "a part of an index answered");
                let words: BTreeSet<String> =
                    hits.iter().map(|hit| hit["word"].to_string()).collect();
                assert_eq!(words.len(), 1, "two indexes answered at once");
                seen.extend(words);
            }
            seen
        });
        assert_eq!(reader.join().unwrap().len(), 2, "both were seen");
    });
}

#[test]
fn a_rename_needs_a_free_name() {
    let (_server, client) = start();
    fill(&client, "a", "from a");
    fill(&client, "b", "from b");
    let taken = client.done(
        "POST",
        "/swap-indexes",
        &json!([{"indexes": ["a", "b"], "rename": true}]),
    );
    assert_eq!(taken["error"]["code"], "index_already_exists");
    client.done(
        "POST",
        "/swap-indexes",
        &json!([{"indexes": ["a", "c"], "rename": true}]),
    );
    assert_eq!(client.get("/indexes/a").status, 404);
    assert_eq!(word(&client, "c"), "from a");
}

#[test]
fn a_deleted_index_leaves_no_folder() {
    let db = tempfile::tempdir().unwrap();
    let server = Server::start(Config {
        db_path: Some(db.path().into()),
        ..Config::default()
    })
    .unwrap();
    let client = Client::new(server.address());
    fill(&client, "a", "from a");
    let folders = || {
        std::fs::read_dir(db.path().join("indexes"))
            .unwrap()
            .count()
    };
    assert_eq!(folders(), 1);
    assert_eq!(
        client.done("DELETE", "/indexes/a", &Value::Null)["details"]["deletedDocuments"],
        1
    );
    crate::support::until("the folder is gone", || (folders() == 0).then_some(()));
}
