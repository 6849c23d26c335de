//! Looking at a Meilisearch from outside, with none of the program's own code.

use std::sync::Once;

use serde_json::{Value, json};

use super::eventually;

#[derive(Clone)]
pub struct Api {
    pub url: String,
    key: Option<String>,
    client: reqwest::Client,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

/// A client for servers of this machine. Without TLS it reads no certificates, which takes long without optimisation.
pub fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    client.build().unwrap()
}

impl Api {
    pub fn new(url: &str, key: Option<&str>) -> Api {
        Api {
            url: url.to_owned(),
            key: key.map(str::to_owned),
            client: client(),
        }
    }

    pub async fn try_ask(
        &self,
        method: &str,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Result<Answer, String> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some((content_type, body)) = body {
            request = request.header("content-type", content_type).body(body);
        }
        let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.map_err(|error| format!("{error:?}"))?;
        let text = String::from_utf8_lossy(&bytes);
        let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()));
        Ok(Answer { status, body })
    }

    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| ("application/json", body.to_string()));
        self.try_ask(method, path, body).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, Some(body)).await
    }

    pub async fn is_up(&self) -> bool {
        self.try_ask("GET", "/health", None)
            .await
            .is_ok_and(|answer| answer.status == 200)
    }

    /// Asks for something that becomes a task, and returns the ended task, however it ended.
    pub async fn task(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let answer = self.ask(method, path, body).await;
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {answer:?}"
        );
        let uid = answer.body["taskUid"].as_u64().unwrap();
        self.ended(uid).await
    }

    /// The same, and it must succeed.
    pub async fn succeed(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let task = self.task(method, path, body).await;
        assert_eq!(task["status"], "succeeded", "{method} {path}: {task}");
        task
    }

    /// As somebody does by hand.
    pub async fn delete_index(&self, uid: &str) {
        let path = format!("/indexes/{uid}");
        self.succeed("DELETE", &path, None).await;
    }

    pub async fn ended(&self, task: u64) -> Value {
        eventually(&format!("task {task} ends"), async || {
            let task = self.get(&format!("/tasks/{task}")).await.expect(200);
            let status = task["status"].as_str().unwrap();
            ["succeeded", "failed", "canceled"]
                .contains(&status)
                .then_some(task)
        })
        .await
    }

    /// The x of version 1.x: a real server is the version that it is.
    pub async fn minor(&self) -> u64 {
        let version = self.get("/version").await.expect(200);
        let version = version["pkgVersion"].as_str().unwrap();
        version.split('.').nth(1).unwrap().parse().unwrap()
    }

    /// Every index, with its `createdAt`.
    pub async fn indexes(&self) -> Vec<(String, String)> {
        // A 1.5 fails where an index is deleted while it lists.
        let list = eventually("the server lists its indexes", async || {
            let list = self.get("/indexes?limit=1000").await;
            (list.status == 200).then_some(list.body)
        })
        .await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        list["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|index| (text(&index["uid"]), text(&index["createdAt"])))
            .collect()
    }

    pub async fn index(&self, uid: &str) -> Option<Value> {
        let answer = self.get(&format!("/indexes/{uid}")).await;
        (answer.status == 200).then_some(answer.body)
    }

    pub async fn count(&self, uid: &str) -> u64 {
        let page = self
            .get(&format!("/indexes/{uid}/documents?limit=1"))
            .await
            .expect(200);
        page["total"].as_u64().unwrap()
    }

    /// Every document, in the order of the ids' texts.
    pub async fn documents(&self, uid: &str) -> Vec<Value> {
        let page = self
            .get(&format!("/indexes/{uid}/documents?limit=100000"))
            .await
            .expect(200);
        let mut documents = page["results"].as_array().unwrap().clone();
        documents.sort_by_key(|document| document["id"].to_string());
        documents
    }

    /// The same; none where the index goes in this very moment.
    pub async fn documents_if_any(&self, uid: &str) -> Vec<Value> {
        let path = format!("/indexes/{uid}/documents?limit=100000");
        let page = self.get(&path).await;
        let mut documents = page.body["results"].as_array().cloned().unwrap_or_default();
        documents.sort_by_key(|document| document["id"].to_string());
        documents
    }

    pub async fn document(&self, uid: &str, id: &str) -> Option<Value> {
        let answer = self.get(&format!("/indexes/{uid}/documents/{id}")).await;
        (answer.status == 200).then_some(answer.body)
    }

    pub async fn settings(&self, uid: &str) -> Value {
        self.get(&format!("/indexes/{uid}/settings"))
            .await
            .expect(200)
    }

    pub async fn search(&self, uid: &str, query: Value) -> Value {
        self.post(&format!("/indexes/{uid}/search"), query)
            .await
            .expect(200)
    }

    /// Fills an index as somebody else would have.
    pub async fn fill(&self, uid: &str, documents: Value) {
        self.succeed(
            "POST",
            "/indexes",
            Some(json!({"uid": uid, "primaryKey": "id"})),
        )
        .await;
        self.succeed(
            "POST",
            &format!("/indexes/{uid}/documents"),
            Some(documents),
        )
        .await;
    }

    /// What only the throw-away server can be told.
    pub async fn control(&self, what: &str) {
        self.post(&format!("/controls/{what}"), Value::Null)
            .await
            .expect(204);
    }

    /// Returns once so many tasks wait that the filter lets through.
    pub async fn until_wait(&self, tasks: u64, filter: &str) {
        let path = format!("/tasks?statuses=enqueued&limit=1&{filter}");
        eventually(&format!("{tasks} of {filter} wait"), async || {
            let waiting = self.get(&path).await.expect(200);
            (waiting["total"].as_u64()? >= tasks).then_some(())
        })
        .await;
    }
}
