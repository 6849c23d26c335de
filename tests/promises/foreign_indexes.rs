//! A server is shared: what is not this program's own is never touched, however much its name looks like it.

use serde_json::{Value, json};

use crate::support::leftovers::leave_a_build;
use crate::support::{Scene, ServerOptions};

async fn contents(scene: &Scene, uids: &[String]) -> Vec<(String, Value, Vec<Value>)> {
    let mut all = Vec::new();
    for uid in uids {
        let created_at = scene
            .api
            .index(uid)
            .await
            .unwrap_or_else(|| panic!("{uid} is gone"))["createdAt"]
            .clone();
        all.push((uid.clone(), created_at, scene.api.documents(uid).await));
    }
    all
}

#[tokio::test]
async fn forty_five_other_indexes_are_left_alone() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    let others: Vec<String> = (1..=45)
        .map(|n| format!("of-somebody-else-{n:02}"))
        .collect();
    let mut last = 0;
    for uid in &others {
        scene
            .api
            .post("/indexes", json!({"uid": uid, "primaryKey": "key"}))
            .await
            .expect(202);
        let path = format!("/indexes/{uid}/documents");
        let sent = scene
            .api
            .post(&path, json!([{"key": 1, "of": uid}]))
            .await
            .expect(202);
        last = sent["taskUid"].as_u64().unwrap();
    }
    scene.api.ended(last).await;
    let before = contents(&scene, &others).await;
    for _ in 0..3 {
        scene.reindex().run().await.expect(0);
    }
    scene.expect_in_step().await;
    assert_eq!(contents(&scene, &others).await, before);
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    scene.expect_nothing_left_over(1, &others).await;
}

#[tokio::test]
async fn names_that_look_like_generations_are_no_reason_to_delete() {
    let scene = Scene::new().await;
    let articles = scene.uid("articles");
    // The last one looks exactly like a generation; there is no record that this program made it.
    let lookalikes: Vec<String> = [
        "archive",
        "20261124",
        "2026-11-24_backup",
        "20200101T000000",
        "20200101T000000Z",
    ]
    .iter()
    .map(|end| format!("{articles}_{end}"))
    .collect();
    for uid in &lookalikes {
        scene
            .api
            .fill(uid, json!([{"id": 1, "of": "somebody else"}]))
            .await;
    }
    let before = contents(&scene, &lookalikes).await;
    for _ in 0..3 {
        scene.reindex().args(["--retain", "0"]).succeeds().await;
    }
    assert_eq!(contents(&scene, &lookalikes).await, before);
    scene.expect_in_step().await;
}

/// The old and the new container may run side by side, on two machines: a lock does not reach across.
#[tokio::test]
async fn a_build_at_which_another_host_works_is_left_alone() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let ago = |minutes| {
        let begun = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        begun.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let here = bisan_indexer::host::name();
    let young = leave_a_build(&scene, "articles", "another-host", &ago(10)).await;
    // Begun long ago, and written to just now, as this test has.
    let slow = leave_a_build(&scene, "articles", "another-host", &ago(90)).await;
    // Of this host, where nobody else holds the lock.
    let ours = leave_a_build(&scene, "articles", &here, &ago(11)).await;
    scene.reindex().run().await.expect(0);
    for (uid, stays) in [(&young, true), (&slow, true), (&ours, false)] {
        assert_eq!(scene.api.index(uid).await.is_some(), stays, "{uid}");
    }
    scene.expect_in_step().await;
}

#[tokio::test]
async fn two_live_uids_of_which_one_begins_like_the_other_do_not_mix() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, title FROM articles")
            .index(
                "articles_20200101T000000Z_old",
                "SELECT id, name FROM authors",
            )
            .index("articles_old", "SELECT id, name FROM authors")
    });
    for _ in 0..3 {
        scene.reindex().run().await.expect(0);
    }
    let other = scene.uid("articles_old");
    assert_eq!(scene.api.count(&other).await, 4);
    assert_eq!(scene.generations("articles").await.len(), 1);
    assert_eq!(scene.generations("articles_old").await.len(), 1);
}

/// Two containers that compose gave one name, two copies of a database: each run holds a lock, and they are two locks.
#[tokio::test]
async fn a_run_that_holds_another_lock_is_left_alone_whatever_its_hosts_name() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    let copy = scene.path("copy.sqlite3");
    let vacuum = format!("VACUUM INTO '{}'", copy.display());
    scene.database.execute(&vacuum).await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/indexes/*articles_*/documents");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the upload").await;
    let build = scene.generations("articles").await.remove(0);
    let made = scene.api.index(&build).await.unwrap();
    let other = scene
        .command("reindex")
        .env("DATABASE_URL", &copy)
        .succeeds()
        .await;
    other.says([build.as_str(), "perhaps a run that is alive"]);
    assert_eq!(scene.api.index(&build).await.unwrap(), made);
    hold.release();
    running.ended().await.expect(4);
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(1, &[]).await;
}

/// More indexes than fit on a page, and one of them goes while the pages are turned: another one is on neither.
#[tokio::test]
async fn a_list_that_moves_forgets_no_generation() {
    let Some(mut scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.define_titles();
    scene.already_live().await;
    scene.reindex().run().await.expect(0);
    let former = scene.generations("articles").await.remove(0);
    let identity = scene.api.index(&former).await.unwrap()["createdAt"].clone();
    // The former generation is the first of the second hundred.
    let mut last = 0;
    for n in 0..99 {
        let new = json!({"uid": format!("a{n:02}"), "primaryKey": "id"});
        let sent = scene.api.post("/indexes", new).await.expect(202);
        last = sent["taskUid"].as_u64().unwrap();
    }
    scene.api.ended(last).await;
    let proxy = scene.proxy().await;
    let mut hold = proxy.hold("GET", "/indexes");
    let mut running = scene
        .reindex_through(&proxy)
        .args(["--retain", "5"])
        .start();
    for n in 0..8 {
        tokio::select! {
            () = hold.reached("a list is asked for") => {}
            () = running.over() => break,
        }
        // The first index goes before a second page is turned to, and is there again before the next first one.
        match n % 2 {
            1 => scene.api.succeed("DELETE", "/indexes/a00", None).await,
            _ => {
                let new = json!({"uid": "a00", "primaryKey": "id"});
                scene.api.task("POST", "/indexes", Some(new)).await
            }
        };
        let next = proxy.hold("GET", "/indexes");
        hold.release();
        hold = next;
    }
    hold.release();
    proxy.heal();
    running.ended().await.expect(0);
    let records = scene
        .api
        .documents(crate::support::scene::CHECKPOINTS)
        .await;
    assert!(
        records
            .iter()
            .any(|record| record["created_at"] == identity),
        "its record was forgotten: {records:?}"
    );
    let report = scene
        .command("status")
        .args(["--output", "json"])
        .reports()
        .await;
    assert_eq!(report["indexes"][0]["foreign"], json!([]), "{report}");
}
