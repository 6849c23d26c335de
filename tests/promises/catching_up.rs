//! The writers of the database never stop: what they do during a reindex is in the index at its end.

use serde_json::json;

use crate::support::proxy::Hold;
use crate::support::{FaultProxy, Scene};

/// Everything that Bisan's writers do, at once.
async fn writers_at_work(scene: &Scene) {
    scene.database.save_title(5, "changed meanwhile").await;
    scene.database.delete_article(6).await;
    scene.database.import(3, "مستورد").await;
    scene.database.rename_author(2, "renamed meanwhile").await;
    // An import stamps its rows with the minute in which it began, and commits long after.
    scene
        .database
        .execute(
            "INSERT INTO articles (title, author_id, created_at, updated_at) VALUES ('committed late', 1,
               STRFTIME('%Y-%m-%d %H:%M:%f000', 'now', '-10 minutes'), STRFTIME('%Y-%m-%d %H:%M:%f000', 'now', '-10 minutes'))",
        )
        .await;
}

async fn while_it_waits(scene: &Scene, hold: impl FnOnce(&FaultProxy) -> Hold) {
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let hold = hold(&proxy);
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the stage at which the writers write").await;
    writers_at_work(scene).await;
    hold.release();
    let report = running.ended().await.expect(0).report();
    scene.expect_in_step().await;
    let renamed = scene
        .api
        .document(&scene.uid("authors"), "2")
        .await
        .unwrap();
    assert_eq!(renamed["name"], "renamed meanwhile", "{report}");
    scene.expect_nothing_left_over(1, &[]).await;
}

#[tokio::test]
async fn what_was_written_during_the_upload_is_live_at_the_end() {
    // The snapshot is read by then: the answer to the last upload is what is held.
    let scene = Scene::new().await;
    while_it_waits(&scene, |proxy| {
        proxy.hold_answer("POST", "/indexes/*authors_*/documents")
    })
    .await;
}

#[tokio::test]
async fn what_was_written_during_the_swap_is_live_at_the_end() {
    let scene = Scene::new().await;
    while_it_waits(&scene, |proxy| proxy.hold_answer("POST", "/swap-indexes")).await;
    let scene = Scene::new().await;
    while_it_waits(&scene, |proxy| proxy.hold("POST", "/swap-indexes")).await;
}

/// The author's name is in each article's document, and no article changed.
#[tokio::test]
async fn a_renamed_author_is_renamed_in_the_articles_too() {
    let scene = Scene::new().await;
    scene
        .database
        .execute("UPDATE articles SET author_id = 2 WHERE id IN (3, 4)")
        .await;
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold_answer("POST", "/indexes/*authors_*/documents");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the last upload").await;
    scene.database.rename_author(2, "renamed-meanwhile").await;
    hold.release();
    running.ended().await.expect(0);
    for id in ["3", "4"] {
        let document = scene
            .api
            .document(&scene.uid("articles"), id)
            .await
            .unwrap();
        assert!(
            document.to_string().contains("renamed-meanwhile"),
            "{document}"
        );
    }
}

/// The report counts what came in meanwhile.
#[tokio::test]
async fn what_was_caught_up_is_in_the_report() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold_answer("POST", "/indexes/*articles_*/documents");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the upload").await;
    scene.database.save_title(5, "changed meanwhile").await;
    scene.database.delete_article(6).await;
    hold.release();
    let report = running.ended().await.expect(0).report();
    let articles = &report["indexes"][0];
    assert_eq!(articles["documents_read"], 12, "{report}");
    assert!(articles["caught_up"].as_u64().unwrap() >= 1, "{report}");
    assert_eq!(articles["caught_up_deletes"], 1, "{report}");
}

/// Without changes.sql nothing tells what changed; deleted and new rows are found by their ids all the same.
#[tokio::test]
async fn without_changes_sql_new_and_deleted_rows_are_caught_up() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| definitions.index("articles", "SELECT id, title FROM articles"));
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold_answer("POST", "/indexes/*articles_*/documents");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the upload").await;
    scene.database.import(2, "new").await;
    scene.database.delete_article(6).await;
    hold.release();
    running.ended().await.expect(0);
    let ids = |text: String| text;
    let mut found: Vec<String> = scene
        .api
        .documents(&scene.uid("articles"))
        .await
        .iter()
        .map(|document| ids(document["id"].to_string()))
        .collect();
    let mut rows = scene
        .database
        .column("SELECT CAST(id AS TEXT) FROM articles")
        .await;
    found.sort();
    rows.sort();
    assert_eq!(found, rows);
}

/// A swap leaves waiting tasks their uid: what was sent to the former generation is written into the new one.
#[tokio::test]
async fn what_other_programs_have_waiting_does_not_outlive_the_swap() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold_answer("POST", "/swap-indexes");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the swap").await;
    let busy = scene.busy().await;
    let path = format!("/indexes/{}/documents", scene.uid("articles"));
    let stale = json!([{"id": 5, "title": "stale"}, {"id": 900, "title": "gone"}]);
    scene.api.post(&path, stale).await.expect(202);
    hold.release();
    proxy.waits_for_tasks().await;
    busy.over().await;
    let ended = running.ended().await.expect(0);
    ended.says(["1 task of another program", "2 documents set right"]);
    scene.expect_in_step().await;
}

/// An import that begins by deleting everything, and is seen right after the swap.
#[tokio::test]
async fn a_database_that_is_emptied_during_the_swap_does_not_empty_the_index() {
    for waits in [false, true] {
        let scene = Scene::new().await;
        scene.already_live().await;
        let proxy = scene.proxy().await;
        let hold = proxy.hold_answer("POST", "/swap-indexes");
        let running = scene.reindex_through(&proxy).start();
        hold.reached("the swap").await;
        let uid = scene.uid("articles");
        let mut busy = None;
        if waits {
            busy = Some(scene.busy().await);
            let path = format!("/indexes/{uid}/documents");
            let saved = json!([{"id": 5, "title": "saved"}]);
            scene.api.post(&path, saved).await.expect(202);
        }
        scene.database.execute("DELETE FROM articles").await;
        hold.release();
        if let Some(busy) = busy {
            proxy.waits_for_tasks().await;
            busy.over().await;
        }
        let words = ["the new index is live", "--max-loss"];
        running.ended().await.expect(0).says(words);
        assert_eq!(scene.api.count(&uid).await, 12);
    }
}
