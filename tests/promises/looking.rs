//! Commands that only look change nothing: neither the server, nor the database, nor anything beside it.

use crate::support::program::Program;
use crate::support::{FaultProxy, Scene};

/// Everything that a command could have changed.
async fn everything(scene: &Scene) -> (serde_json::Value, String, Vec<u8>) {
    let newest = scene.api.get("/tasks?limit=1").await.expect(200)["results"][0].clone();
    let documents = scene
        .api
        .documents(crate::support::scene::CHECKPOINTS)
        .await;
    let live = format!("{:?} {documents:?}", scene.live().await);
    (newest, live, std::fs::read(&scene.database.path).unwrap())
}

/// Runs it through the proxy; what it asks of the server asks for no change.
async fn only_asks(scene: &Scene, proxy: &FaultProxy, program: Program, code: i32, what: &str) {
    let before = everything(scene).await;
    let beside = scene.database.folder();
    let seen = proxy.seen().len();
    let ended = program.env("MEILISEARCH_HOST", proxy.url()).run().await;
    ended.expect(code);
    let asked = proxy.seen().split_off(seen);
    assert!(!asked.is_empty(), "{what} went another way");
    for request in &asked {
        // What a key may do is found out by requests that the server refuses.
        let is_refused_probe = request.is_probe && request.status >= Some(400);
        assert!(
            !request.changes_something() || is_refused_probe,
            "{what}: {request:?}"
        );
    }
    let after = everything(scene).await;
    assert_eq!(after.0, before.0, "{what} made a task");
    assert_eq!(after.1, before.1, "{what}");
    assert!(after.2 == before.2, "{what} wrote to the database");
    assert_eq!(scene.database.folder(), beside, "{what}");
}

/// Where all is well, and where there is something to say.
#[tokio::test]
async fn commands_that_look_ask_for_nothing_that_changes_anything() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.reindex().run().await.expect(0);
    let proxy = scene.proxy().await;
    let key = scene.server.key.clone();
    for behind in [false, true] {
        if behind {
            scene.database.import(3, "waits").await;
            scene
                .database
                .execute("UPDATE articles SET title = 'behind the back' WHERE id = 2")
                .await;
        }
        let found = if behind { 5 } else { 0 };
        for (command, words, code) in [
            ("status", &[][..], 0),
            ("status", &["--max-missing", "0"], found),
            ("status", &["--output", "prometheus"], 0),
            ("verify", &[], found),
            ("smoke", &[], 0),
            ("doctor", &[], 0),
            ("explain", &["articles", "3", "--q", "x"], 0),
            ("reindex", &["--dry-run"], 0),
            ("sync", &["--dry-run"], 0),
            ("apply", &["--dry-run"], 0),
            ("rollback", &["--list"], 0),
            ("clean", &[], 0),
        ] {
            let mut program = scene.command(command).args(words.iter().copied());
            if let Some(key) = &key {
                program = program.env("MEILISEARCH_API_KEY", key);
            }
            let what = format!("{command} {words:?}, behind: {behind}");
            only_asks(&scene, &proxy, program, code, &what).await;
        }
    }
}
