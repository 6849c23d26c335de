//! What `doctor` says about a server that will be in the way one day.

use serde_json::json;

use crate::doctor::{doctor, expect};
use crate::support::scene::CHECKPOINTS;
use crate::support::{Fault, Scene};

/// A server that few tests could wait for: of a newer version, with a full disk and a full list of tasks.
#[tokio::test]
async fn what_a_server_will_fail_of_is_told_beforehand() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let newer = json!({"commitSha": "x", "commitDate": "x", "pkgVersion": "1.60.0"});
    proxy.always("GET", "/version", Fault::json(200, &newer));
    let many =
        json!({"results": [], "total": 800_000, "limit": 1, "from": 800_000, "next": 799_999});
    proxy.always("GET", "/tasks", Fault::json(200, &many));
    let large = json!({"databaseSize": 1u64 << 60, "usedDatabaseSize": 1u64 << 60, "lastUpdate": null, "indexes": {}});
    proxy.always("GET", "/stats", Fault::json(200, &large));
    let program = scene.command("doctor").args(["--output", "json"]);
    let program = program.env("MEILISEARCH_HOST", proxy.url());
    let report = program.run().await.expect(0).report();
    let warns = |check: &str, words: &[&str]| expect(&report, "server", check, "warning", words);
    warns("server.version", &["1.60.0", "1.5 to 1.50"]);
    // Every question about tasks gets that answer, also the one for those that wait.
    warns("server.queue", &["800,000 tasks wait"]);
    warns(
        "server.tasks",
        &[
            "800,000 tasks",
            "DELETE /tasks?statuses=succeeded,failed,canceled",
        ],
    );
    warns("server.space", &["1.2 EB", "free"]);
}

#[tokio::test]
async fn what_waits_before_us_is_told_with_its_indexes() {
    let scene = Scene::new().await;
    let busy = scene.busy().await;
    for id in [1, 2] {
        let path = "/indexes/of-a-third/documents";
        let documents = json!([{"id": id}]);
        scene.api.post(path, documents).await.expect(202);
    }
    let running = scene.reindex().start();
    let report = doctor(&scene, 0).await;
    let words = ["tasks wait or are at work", "2 for of-a-third"];
    expect(&report, "server", "server.queue", "ok", &words);
    // Its record is the first task that it makes, after it has looked at those of others.
    let record = format!("indexUids={CHECKPOINTS}");
    scene.api.until_wait(1, &record).await;
    busy.over().await;
    let words = ["tasks of others wait", "2 for of-a-third"];
    running.ended().await.expect(0).says(words);
}
