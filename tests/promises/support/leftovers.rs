//! What a run leaves behind that is killed while it builds.

use serde_json::json;

use super::Scene;
use super::scene::CHECKPOINTS;

/// A build of a definition's index, begun on `host` at `begun_at`, with its record; returns its uid.
pub async fn leave_a_build(scene: &Scene, name: &str, host: &str, begun_at: &str) -> String {
    leave(scene, name, host, begun_at, false).await
}

/// The same of a run that was killed when its build had passed every gate, right before the swap.
pub async fn leave_a_complete_build(scene: &Scene, name: &str, begun_at: &str) -> String {
    leave(scene, name, &bisan_indexer::host::name(), begun_at, true).await
}

async fn leave(scene: &Scene, name: &str, host: &str, begun_at: &str, complete: bool) -> String {
    let live_uid = scene.uid(name);
    let time: String = begun_at
        .chars()
        .filter(|c| *c != '-' && *c != ':')
        .collect();
    let uid = format!("{live_uid}_{time}");
    scene.api.fill(&uid, json!([{"id": 1}])).await;
    let index = scene.api.index(&uid).await.unwrap();
    let record = json!({
        "id": uid,
        "format": 1,
        "written_by": "a test",
        "live_uid": live_uid,
        "build_uid": uid,
        "created_at": index["createdAt"],
        "fingerprint": "",
        "host": host,
        "begun_at": begun_at,
        "complete": complete,
    });
    let path = format!("/indexes/{CHECKPOINTS}/documents");
    scene
        .api
        .succeed("POST", &path, Some(json!([record])))
        .await;
    uid
}
