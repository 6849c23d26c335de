//! One server of a walk: the only one, or one of two.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::command::Command;
use super::sight::Sight;
use crate::support::busy::keep_busy;
use crate::support::scene::CHECKPOINTS;
use crate::support::server::Server;
use crate::support::{Api, FaultProxy, Scene, eventually};

/// The server is shared with other walks. It is locked while somebody looks at it, so that nobody kills it then; never two of
/// them at once.
#[derive(Clone)]
pub struct Site {
    /// What commands call it, where there are two.
    pub name: &'static str,
    server: Arc<RwLock<Server>>,
    api: Api,
}

const TASKS: &str = "/tasks?statuses=enqueued,processing&limit=1000";

impl Site {
    pub async fn of(name: &'static str, server: Arc<RwLock<Server>>) -> Site {
        let api = server.read().await.api();
        Site { name, server, api }
    }

    pub async fn proxy(&self) -> FaultProxy {
        FaultProxy::before(&self.api.url).await
    }

    /// Whether it may be killed.
    pub async fn is_ours(&self) -> bool {
        self.server.read().await.is_ours()
    }

    /// Returns when nobody is about to kill it, or to start it again.
    pub async fn is_up(&self) {
        drop(self.server.read().await);
    }

    /// Kills it and starts it again; in between, `meanwhile`.
    pub async fn restart(&self, meanwhile: impl FnOnce()) {
        let mut server = self.server.write().await;
        server.kill().await;
        meanwhile();
        server.start_again().await;
    }

    pub async fn keep_busy(&self) {
        let _up = self.server.read().await;
        keep_busy(&self.api, 60).await;
    }

    /// Makes an index as somebody else would, and returns its `createdAt`.
    pub async fn fill(&self, uid: &str) -> String {
        let _up = self.server.read().await;
        let documents = json!([{"id": 1, "title": "of somebody else"}, {"id": 99}]);
        self.api.fill(uid, documents).await;
        let index = self.api.index(uid).await.unwrap();
        index["createdAt"].as_str().unwrap().to_owned()
    }

    pub async fn settings(&self, uid: &str) -> Value {
        let _up = self.server.read().await;
        self.api.settings(uid).await
    }

    /// What is there when every task has ended that this walk's programs have sent.
    pub async fn see(&self, scene: &Scene, is_one_of_several: bool) -> Sight {
        let _up = self.server.read().await;
        let mine = scene.uid("");
        eventually("no task of this walk waits", async || {
            let tasks = self.api.get(TASKS).await.expect(200);
            let waits = tasks["results"].as_array().unwrap().iter().any(|task| {
                task["indexUid"]
                    .as_str()
                    .is_none_or(|uid| uid.starts_with(&mine))
            });
            (!waits).then_some(())
        })
        .await;
        match is_one_of_several {
            true => Sight::of_one_of_several(scene, &self.api).await,
            false => Sight::of(scene, &self.api).await,
        }
    }

    /// Who says that it is done has waited for the end of every task.
    pub async fn expect_nothing_waits(&self, scene: &Scene, command: Command) {
        let _up = self.server.read().await;
        let tasks = self.api.get(TASKS).await.expect(200);
        let mine = scene.uid("");
        let is_mine = |uid: &Value| uid.as_str().is_some_and(|uid| uid.starts_with(&mine));
        for task in tasks["results"].as_array().unwrap() {
            let swaps = task["details"]["swaps"].as_array();
            let mut swapped = swaps.into_iter().flatten();
            let swapped = swapped.any(|pair| is_mine(&pair["indexes"][0]));
            assert!(
                !is_mine(&task["indexUid"]) && !swapped,
                "{command:?} is done, and this is not: {task}"
            );
        }
    }

    /// The server is left to the next walk as it was found.
    pub async fn leave(&self, scene: &Scene) {
        let _up = self.server.read().await;
        let api = &self.api;
        let ours = |uid: &str| uid.starts_with(&scene.uid(""));
        let mut tasks = Vec::new();
        for (uid, _) in api.indexes().await {
            if ours(&uid) {
                let task = api.ask("DELETE", &format!("/indexes/{uid}"), None).await;
                tasks.push(task.body["taskUid"].as_u64().unwrap());
            }
        }
        let records = api.documents_if_any(CHECKPOINTS).await;
        let records: Vec<&Value> = records
            .iter()
            .filter(|record| record["live_uid"].as_str().is_some_and(ours))
            .map(|record| &record["id"])
            .collect();
        let path = format!("/indexes/{CHECKPOINTS}/documents/delete-batch");
        api.task("POST", &path, Some(json!(records))).await;
        for task in tasks {
            api.ended(task).await;
        }
    }
}
