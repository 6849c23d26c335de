//! What a run leaves behind that is killed while it builds.

use serde_json::json;

use super::Scene;
use super::scene::CHECKPOINTS;

/// A build of a definition's index, begun on `host` at `begun_at`, with its record; returns its uid.
pub async fn leave_a_build(scene: &Scene, name: &str, host: &str, begun_at: &str) -> String {
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
        "complete": false,
    });
    let path = format!("/indexes/{CHECKPOINTS}/documents");
    scene
        .api
        .succeed("POST", &path, Some(json!([record])))
        .await;
    uid
}
