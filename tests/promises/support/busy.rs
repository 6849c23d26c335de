//! Somebody else's work on the server, behind which every task waits until it is over.

use serde_json::{Value, json};

use super::api::Api;
use super::eventually;
use super::server::Server;

/// How long a real server is kept busy, in documents; it cannot be told when to be done.
const DOCUMENTS: u64 = 3_000;

/// The server is at work on something else. What was sent before has ended; what is sent now waits.
#[must_use = "what waits goes on when it is over"]
pub struct Busy {
    /// None: a real server, which will be done by itself.
    held: Option<Api>,
}

impl Busy {
    /// Returns once the server works on it.
    pub async fn on(server: &Server) -> Busy {
        let api = server.api();
        if !server.has_controls() {
            keep_busy(&api, DOCUMENTS).await;
            return Busy { held: None };
        }
        api.control("wait-idle").await;
        api.control("hold").await;
        Busy { held: Some(api) }
    }

    /// The server is done with it, and goes on with what waits.
    pub async fn over(self) {
        if let Some(api) = self.held {
            api.control("release").await;
        }
    }
}

/// So many documents of somebody else's; returns once the server works on them.
pub async fn keep_busy(api: &Api, documents: u64) {
    let texts: Vec<Value> = (0..documents)
        .map(|id| json!({"id": id, "text": words(id)}))
        .collect();
    let path = "/indexes/of-somebody-else/documents";
    let task = api.post(path, json!(texts)).await.expect(202);
    let task = format!("/tasks/{}", task["taskUid"]);
    eventually("the server is busy", async || {
        (api.get(&task).await.body["status"] != "enqueued").then_some(())
    })
    .await;
}

fn words(seed: u64) -> String {
    (1..120u64)
        .map(|n| format!("w{}", (seed + n * n * 7919) % 5000))
        .collect::<Vec<_>>()
        .join(" ")
}
