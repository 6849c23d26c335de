//! Bodies: what is counted, what is refused.

use std::io::Write;

use crate::support::Client;
use ephemeral_meilisearch::{Config, Like, Server};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

const LIMIT: usize = 100_000;

fn start(like: Like) -> (Server, Client) {
    let server = Server::start(Config {
        payload_limit: LIMIT as u64,
        like,
        ..Config::default()
    })
    .unwrap();
    let client = Client::new(server.address());
    client.done("POST", "/indexes", &json!({"uid": "a", "primaryKey": "id"}));
    (server, client)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn document_of(bytes: usize) -> String {
    format!("{{\"id\":1,\"t\":\"{}\"}}", "x".repeat(bytes - 15))
}

const NDJSON: (&str, &str) = ("Content-Type", "application/x-ndjson");
const GZIP: (&str, &str) = ("Content-Encoding", "gzip");

#[test]
fn a_payload_is_counted_unpacked() {
    let (_server, client) = start(Like::NEWEST);
    let packed = gzip(document_of(LIMIT + 1).as_bytes());
    assert!(packed.len() < LIMIT / 10);
    let answer = client.send("POST", "/indexes/a/documents", &[NDJSON, GZIP], &packed);
    assert_eq!(
        (answer.status, answer.body["code"].as_str()),
        (413, Some("payload_too_large"))
    );

    let fits = client.send(
        "POST",
        "/indexes/a/documents",
        &[NDJSON, GZIP],
        &gzip(document_of(LIMIT).as_bytes()),
    );
    assert_eq!(fits.status, 202, "{fits:?}");
    assert_eq!(
        client.wait(fits.body["taskUid"].as_u64().unwrap())["status"],
        "succeeded"
    );
}

#[test]
fn a_refused_payload_is_told_why_however_large_it_is() {
    let (_server, client) = start(Like::NEWEST);
    let answer = client.send(
        "POST",
        "/indexes/a/documents",
        &[NDJSON],
        document_of(20 << 20).as_bytes(),
    );
    assert_eq!(answer.status, 413);
}

#[test]
fn json_routes_of_an_old_server_have_a_limit_of_their_own() {
    let ids: Vec<String> = (0..200_000).map(|id| format!("{id:010}")).collect();
    let body = json!(ids);
    assert!(body.to_string().len() > 2 << 20);
    let path = "/indexes/a/documents/delete-batch";
    let small = json!(["a".repeat(LIMIT)]);
    for (like, small_answer) in [(Like::NEWEST, 413), (Like::OLDEST, 202)] {
        let (_server, client) = start(like);
        assert_eq!(client.json("POST", path, &body).status, 413, "{like}");
        assert_eq!(
            client.json("POST", path, &small).status,
            small_answer,
            "{like}"
        );
    }
}

#[test]
fn one_bad_line_refuses_the_payload() {
    let (_server, client) = start(Like::NEWEST);
    let answer = client.ndjson("/indexes/a/documents", "{\"id\": 1}\n{\"id\": 2,\n");
    assert_eq!(
        (answer.status, answer.body["code"].as_str()),
        (400, Some("malformed_payload"))
    );
    assert_eq!(client.get("/tasks").body["total"], 1);
}

#[test]
fn one_bad_id_fails_its_task_and_no_other_of_its_batch() {
    let (server, client) = start(Like::NEWEST);
    server.hold_tasks();
    let tasks = [
        "{\"id\": 1}",
        "{\"id\": 2}\n{\"id\": \"no good\"}",
        "{\"id\": 3}",
    ]
    .map(|body| {
        client.ndjson("/indexes/a/documents", body).body["taskUid"]
            .as_u64()
            .unwrap()
    });
    server.release_tasks();
    let [first, bad, last] = tasks.map(|task| client.wait(task));
    assert_eq!(first["batchUid"], last["batchUid"]);
    assert_eq!(bad["error"]["code"], "invalid_document_id");
    assert_eq!(bad["details"]["indexedDocuments"], 0);
    assert_eq!(
        client.get("/indexes/a/documents?fields=id").body["results"],
        json!([{"id": 1}, {"id": 3}])
    );
}
