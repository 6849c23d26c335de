//! One exchange of a recording: a request that was sent to a real server, and what that answered.

use serde_json::{Value, json};

use crate::support::{Answer, Client, until};

/// Who asks, one exchange after the other.
pub struct Asker {
    master: Client,
    /// With the key that was made last.
    with_that_key: Client,
}

impl Asker {
    pub fn new(master: Client) -> Asker {
        Asker {
            with_that_key: master.clone(),
            master,
        }
    }

    /// Sends the request; a polled one until nothing is on its way any more.
    pub fn ask(&mut self, exchange: &Value) -> Answer {
        let with_that_key = name(exchange).starts_with("with that key");
        let client = match with_that_key {
            true => &self.with_that_key,
            false => &self.master,
        };
        let answer = ask(client, exchange);
        if !exchange["until"].is_null() {
            // The next request finds what it found when it was recorded, even where a key can't see that a task goes on.
            until("all tasks are over", || {
                let waiting = "/tasks?statuses=enqueued,processing&limit=1";
                (self.master.get(waiting).body["total"] == 0).then_some(())
            });
        }
        let request = &exchange["request"];
        if request["method"] == "POST" && request["path"] == "/keys" && answer.status == 201 {
            let key = answer.body["key"].as_str().unwrap_or_default();
            self.with_that_key = self.master.with_key(key);
        }
        answer
    }
}

pub fn name(exchange: &Value) -> &str {
    exchange["name"].as_str().expect("a name")
}

/// The same exchange with what this server answered.
pub fn recorded(exchange: &Value, answer: &Answer) -> Value {
    let mut recorded = exchange.clone();
    recorded["response"] = json!({"status": answer.status, "body": answer.body});
    recorded
}

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
