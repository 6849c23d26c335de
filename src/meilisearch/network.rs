//! A server that leads a network of others (`/network`, Meilisearch's enterprise edition).
//!
//! It forwards each change, and each server executes it later as its own task. So a swap does not happen at one moment,
//! and a failure on another server is visible only in the leader's task. For that reason nothing is swapped there.

use serde_json::Value;

use crate::meilisearch::ended::Ended;
use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::server::Server;
use crate::meilisearch::wait::each_succeeded;
use crate::meilisearch::{Task, TaskUid};

impl Server {
    /// Refuses a server that leads a network. Where the key may not ask, the first task tells ([`until_succeeded_here`]).
    pub async fn refuse_network(&self) -> Result<(), MeilisearchError> {
        let network = match self.get::<Value>("/network").await {
            Ok(network) => network,
            // Unknown to old versions, an experiment that is off, or not for this key.
            Err(error) if error.code().is_some() || error.is_forbidden() => return Ok(()),
            Err(error) if error.is_missing_route() => return Ok(()),
            Err(error) => return Err(error),
        };
        match network.get("leader").and_then(Value::as_str) {
            Some(leader) => Err(MeilisearchError::LeadsNetwork {
                leader: format!("its leader is `{leader}`"),
            }),
            None => Ok(()),
        }
    }
}

/// [`until_succeeded`](crate::meilisearch::wait::until_succeeded) where a swap is to follow: a server that has passed one of
/// the tasks on to others is refused.
pub async fn until_succeeded_here(
    server: &Server,
    tasks: &[TaskUid],
    what: &str,
) -> Result<(), MeilisearchError> {
    for ended in each_succeeded(server, tasks, |_| what.to_owned(), |_| {}).await? {
        if let Ended::Succeeded(task) = ended? {
            refuse_passed_on(&task)?;
        }
    }
    Ok(())
}

/// Refuses a server that has passed this task on to others.
fn refuse_passed_on(task: &Task) -> Result<(), MeilisearchError> {
    if !task.is_passed_on() {
        return Ok(());
    }
    Err(MeilisearchError::LeadsNetwork {
        leader: format!("it passed task {} on to other servers", task.uid),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::meilisearch::testing::{Canned, complaint, html, json_answer};
    use crate::testing::assert_form;

    #[tokio::test]
    async fn a_server_with_a_leader_is_refused_and_any_other_is_not() {
        let led = json!({"self": "a", "leader": "a", "remotes": {"b": {"url": "http://b"}}, "shards": {}});
        let canned = Canned::replies([json_answer(200, led)]).await;
        let error = canned.server().refuse_network().await.unwrap_err();
        assert_form!(error, MeilisearchError::LeadsNetwork { .. });
        for other in [
            json_answer(200, json!({"self": null, "leader": null, "remotes": {}})),
            complaint(400, "feature_not_enabled", "Using the /network route"),
            complaint(403, "invalid_api_key", "The provided API key is invalid."),
            html(404),
        ] {
            let canned = Canned::replies([other.clone()]).await;
            assert!(canned.server().refuse_network().await.is_ok(), "{other:?}");
        }
    }

    #[test]
    fn what_failed_on_another_server_is_a_failure() {
        let task = json!({"uid": 7, "status": "succeeded", "type": "documentAdditionOrUpdate", "network": {
            "remote_tasks": {"a": {"taskUid": 3, "error": null}, "b": {"error": {"message": "no route to host", "code": "remote_could_not_send_request"}}},
            "network_version": "00000000-0000-0000-0000-000000000000"
        }});
        let task: Task = serde_json::from_value(task).unwrap();
        assert!(refuse_passed_on(&task).is_err());
        let failure = task.failure().unwrap();
        assert!(
            failure.contains("`b`") && failure.contains("no route to host"),
            "{failure}"
        );
    }
}
