//! Everything that was recorded from real servers, asked again of this one.
//!
//! Each line of a recording in `contract/` is sent in its order. Status, error code, task status and type, and the names
//! and types of all fields must be equal; so must values, but for those that differ between any two runs. What is known to
//! differ is in [`DIFFERENCES`], each with its reason, and a difference that has gone is an error too.

mod support;

use std::collections::BTreeSet;

use ephemeral_meilisearch::{Config, Like, Server};
use serde_json::Value;
use support::{Answer, Client, until};

const MASTER_KEY: &str = "a master key for the contract";

/// An exchange that is known to differ, and why.
struct Difference {
    /// Which recording; `None` is both.
    version: Option<&'static str>,
    /// The exchange's name.
    name: &'static str,
    /// Where in the answer; everything below is left out.
    at: &'static str,
    reason: &'static str,
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        version: Some("v1.50.0"),
        name: "search, a filter on an attribute that is not filterable",
        at: "message",
        reason: "the newest engine says where in the filter in other words",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "settings afterwards",
        at: "stopWords",
        reason: "newer engines keep stop words as they are searched for, old ones as they were sent",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "settings came along",
        at: "stopWords",
        reason: "the same",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "documents, page",
        at: "results",
        reason: "in 1.5's engine a document that changes moves to the end of the list; in the newer engine it stays",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "documents, ids only",
        at: "results",
        reason: "the same",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "documents, fetch with filter",
        at: "results",
        reason: "the same",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "delete documents / its task",
        at: "details.deletedDocuments",
        reason: "1.5 counts an id that does not exist, if documents were deleted before",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "an id of 512 bytes / its task",
        at: "",
        reason: "the newer engine refuses ids of more than 511 bytes, 1.5 takes them",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "delete all documents / its task",
        at: "details.deletedDocuments",
        reason: "that document is not there to be deleted",
    },
];

/// Values that no two runs have in common. Their types are compared all the same.
const VOLATILE: [&str; 14] = [
    "avgDocumentSize",
    "enqueuedAt",
    "startedAt",
    "finishedAt",
    "duration",
    "createdAt",
    "updatedAt",
    "lastUpdate",
    "databaseSize",
    "usedDatabaseSize",
    "processingTimeMs",
    "requestUid",
    "key",
    "progressTrace",
];

#[test]
fn a_real_1_50_is_answered_like() {
    replay("v1.50.0", Like::NEWEST);
}

#[test]
fn a_real_1_5_is_answered_like() {
    replay("v1.5.1", Like::OLDEST);
}

fn replay(version: &str, like: Like) {
    let path = format!("{}/contract/{version}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let recording = std::fs::read_to_string(path).expect("the recording is there");
    let config = Config {
        master_key: Some(MASTER_KEY.into()),
        payload_limit: 2 << 20,
        like,
        ..Config::default()
    };
    let server = Server::start(config).expect("the server starts");
    let mut client = Client::new(server.address()).with_key(MASTER_KEY);
    let master = client.clone();

    let mut failures = Vec::new();
    let mut used = BTreeSet::new();
    let mut equal = 0;
    for line in recording.lines() {
        let exchange: Value = serde_json::from_str(line).expect("a line of JSON");
        let name = exchange["name"].as_str().expect("a name");
        client = match name.starts_with("with that key") {
            true => client,
            false => master.clone(),
        };
        // The real server was slow enough for tasks to pile up; this one is asked to be.
        match name {
            "one of several in a row" => server.hold_tasks(),
            "cancel what is enqueued / its task" => server.release_tasks(),
            _ => {}
        }
        let answer = ask(&client, &exchange);
        if !exchange["until"].is_null() {
            // The next request finds what it found when it was recorded, even where a key can't see that a task goes on.
            until("all tasks are over", || {
                let waiting = master
                    .get("/tasks?statuses=enqueued,processing&limit=1")
                    .body;
                (waiting["total"] == 0).then_some(())
            });
        }
        if name == "a key for an indexer" {
            let key = answer.body["key"].as_str().unwrap_or_default();
            client = master.with_key(key);
        }

        let known: Vec<(usize, &Difference)> = DIFFERENCES
            .iter()
            .enumerate()
            .filter(|(_, known)| {
                known.name == name && known.version.is_none_or(|only| only == version)
            })
            .collect();
        let mut differences = Vec::new();
        let recorded = &exchange["response"];
        if recorded["status"] != answer.status {
            differences.push((
                "status".to_owned(),
                format!("{} became {}", recorded["status"], answer.status),
            ));
        }
        compare(&recorded["body"], &answer.body, "", &mut differences);
        let before = failures.len();
        let mut expected = false;
        for (at, what) in differences {
            // Codes are what programs read. The words of the newest version are kept, those of old ones are not.
            if like != Like::NEWEST && at.ends_with("message") {
                continue;
            }
            match known.iter().find(|(_, known)| at.starts_with(known.at)) {
                Some((index, _)) => {
                    used.insert(*index);
                    expected = true;
                }
                None => failures.push(format!("{name}: at `{at}`, {what}")),
            }
        }
        if failures.len() == before && !expected {
            equal += 1;
        }
    }
    for (index, known) in DIFFERENCES.iter().enumerate() {
        if known.version.is_none_or(|only| only == version) && !used.contains(&index) {
            failures.push(format!(
                "{}: differs no more at `{}` ({})",
                known.name, known.at, known.reason
            ));
        }
    }
    println!(
        "{version}: {equal} of {} exchanges are equal",
        recording.lines().count()
    );
    assert!(
        failures.is_empty(),
        "{version}, {equal} equal:\n{}",
        failures.join("\n")
    );
}

/// Sends a recorded request; a polled one until nothing is on its way any more.
fn ask(client: &Client, exchange: &Value) -> Answer {
    let request = &exchange["request"];
    let client = match request["unauthenticated"].as_bool() {
        Some(true) => Client::new(client.address),
        _ => client.clone(),
    };
    let method = request["method"].as_str().expect("a method");
    let path = request["path"].as_str().expect("a path");
    let headers: Vec<(&str, &str)> = request["headers"]
        .as_object()
        .expect("headers")
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().expect("a text")))
        .collect();
    let is_json = headers
        .iter()
        .any(|(_, value)| *value == "application/json");
    let body = body_of(&request["body"], is_json);
    until(&format!("{method} {path} has nothing on its way"), || {
        let answer = client.send(method, path, &headers, &body);
        let waits = !exchange["until"].is_null() && is_on_its_way(&answer.body);
        (!waits).then_some(answer)
    })
}

fn body_of(body: &Value, is_json: bool) -> Vec<u8> {
    match body {
        Value::Null => Vec::new(),
        Value::String(text) if !is_json => text.clone().into_bytes(),
        Value::Object(parts) if parts.contains_key("base64") => {
            decode_base64(body["base64"].as_str().expect("a text"))
        }
        Value::Object(parts) if parts.contains_key("before") => {
            let middle = "x".repeat(body["x"].as_u64().expect("a number") as usize);
            let [before, after] =
                ["before", "after"].map(|part| body[part].as_str().expect("a text"));
            format!("{before}{middle}{after}").into_bytes()
        }
        // A body that was sent as JSON is JSON again; a text in the place of JSON was broken on purpose.
        Value::String(text) => text.clone().into_bytes(),
        json => json.to_string().into_bytes(),
    }
}

fn decode_base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

fn is_on_its_way(body: &Value) -> bool {
    let is_waiting =
        |task: &Value| matches!(task["status"].as_str(), Some("enqueued" | "processing"));
    is_waiting(body)
        || body["results"]
            .as_array()
            .is_some_and(|tasks| tasks.iter().any(is_waiting))
}

/// Lists where two answers differ.
fn compare(recorded: &Value, answer: &Value, at: &str, differences: &mut Vec<(String, String)>) {
    let last = at.rsplit('.').next().unwrap_or_default();
    match (recorded, answer) {
        // How long each step took, under names that change with every version.
        (Value::Object(_), Value::Object(_)) if last == "progressTrace" => {}
        (Value::Object(recorded), Value::Object(answer)) => {
            let names: BTreeSet<&String> = recorded.keys().chain(answer.keys()).collect();
            for name in names {
                let at = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                match (recorded.get(name), answer.get(name)) {
                    (Some(recorded), Some(answer)) => compare(recorded, answer, &at, differences),
                    (Some(_), None) => differences.push((at, "the field is missing".into())),
                    (None, _) => differences.push((at, "the field is new".into())),
                }
            }
        }
        (Value::Array(_), Value::Array(_)) if VOLATILE.contains(&last) => {}
        (Value::Array(recorded), Value::Array(answer)) => {
            if recorded.len() != answer.len() {
                differences.push((
                    at.to_owned(),
                    format!("{} items became {}", recorded.len(), answer.len()),
                ));
            }
            for (index, (recorded, answer)) in recorded.iter().zip(answer).enumerate() {
                compare(recorded, answer, &format!("{at}.{index}"), differences);
            }
        }
        (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_))
            if VOLATILE.contains(&last) => {}
        (recorded, answer) if recorded == answer => {}
        (recorded, answer) => {
            differences.push((at.to_owned(), format!("{recorded} became {answer}")))
        }
    }
}
