//! A build that is not what it should be never goes live: exit code 3, and the words say which figure was wrong.

use serde_json::json;

use crate::support::program::{Ended, Program};
use crate::support::proxy::FaultProxy;
use crate::support::{Scene, ServerOptions};

async fn refused(scene: &Scene, program: Program) -> Ended {
    let before = scene.live().await;
    let ended = program.run().await.expect(3);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
    ended
}

#[tokio::test]
async fn an_index_that_shrank_to_a_half_is_not_swapped_in() {
    let scene = Scene::sized(40, 4).await;
    scene.already_live().await;
    scene
        .database
        .execute("DELETE FROM articles WHERE id % 2 = 0")
        .await;
    refused(&scene, scene.reindex())
        .await
        .says(["articles", "40", "20", "--max-loss"]);
    scene.reindex().args(["--max-loss", "50%"]).succeeds().await;
    scene.expect_in_step().await;
}

/// An import that goes back through a mistake is no mistake: a fifth may go.
#[tokio::test]
async fn an_index_that_shrank_by_a_fifth_is_swapped_in() {
    let scene = Scene::sized(40, 4).await;
    scene.already_live().await;
    scene
        .database
        .execute("DELETE FROM articles WHERE id % 5 = 0")
        .await;
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
}

#[tokio::test]
async fn an_empty_database_does_not_empty_the_index() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.database.execute("DELETE FROM articles").await;
    refused(&scene, scene.reindex())
        .await
        .says(["articles", "12", "0"]);
}

#[tokio::test]
async fn an_empty_database_is_not_made_live_the_first_time_either() {
    let scene = Scene::new().await;
    scene.database.execute("DELETE FROM articles").await;
    scene.reindex().run().await.expect(3).says(["articles"]);
    assert!(scene.live().await.is_empty());
    scene.expect_nothing_left_over(0, &[]).await;
}

#[tokio::test]
async fn an_index_may_be_empty_where_that_is_said() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    scene.database.execute("DELETE FROM articles").await;
    scene
        .reindex()
        .args(["--max-loss", "100%"])
        .succeeds()
        .await;
    assert_eq!(scene.api.count(&scene.uid("articles")).await, 0);
}

#[tokio::test]
async fn an_index_that_does_not_answer_its_smoke_queries_is_not_swapped_in() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "UPDATE articles SET title = 'غزة'; UPDATE articles SET title = 'القدس' WHERE id = 5",
        )
        .await;
    let define = |scene: &mut Scene, queries| {
        scene.define(|definitions| {
            definitions
                .index("articles", "SELECT id, title FROM articles")
                .smoke("articles", queries)
        });
    };
    define(
        &mut scene,
        json!([{"q": "القدس"}, {"q": "القدس", "in_top": {"id": 5, "n": 1}}]),
    );
    scene.already_live().await;
    define(&mut scene, json!([{"q": "القدس", "min_hits": 2}]));
    refused(&scene, scene.reindex())
        .await
        .says(["articles", "القدس", "1", "2"]);
    define(
        &mut scene,
        json!([{"q": "القدس", "in_top": {"id": 6, "n": 3}}]),
    );
    refused(&scene, scene.reindex())
        .await
        .says(["articles", "القدس", "6"]);
}

/// Runs up to the first upload, lets somebody else do something to the build, and goes on.
async fn meddled(scene: &Scene, meddle: impl AsyncFnOnce(&str)) -> Ended {
    let proxy = scene.proxy().await;
    let upload = proxy.hold_answer(
        "POST",
        &format!("/indexes/{}_*/documents", scene.uid("articles")),
    );
    let running = scene.reindex_through(&proxy).start();
    upload.reached("the first upload").await;
    let build = scene.generations("articles").await.remove(0);
    meddle(&build).await;
    upload.release();
    running.ended().await
}

/// The catch-up round compares ids where the counts differ, and so finds it before the gate would.
#[tokio::test]
async fn a_document_that_somebody_added_to_the_build_does_not_go_live() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let before = scene.already_live().await;
    let ended = meddled(&scene, async |build| {
        scene
            .api
            .succeed(
                "POST",
                &format!("/indexes/{build}/documents"),
                Some(json!([{"id": 999, "title": "x"}])),
            )
            .await;
    });
    ended.await.expect(0);
    let after = scene.live().await;
    let uid = scene.uid("articles");
    assert_ne!(after.created_at(&uid), before.created_at(&uid));
    scene.expect_in_step().await;
    assert!(
        scene
            .api
            .document(&scene.uid("articles"), "999")
            .await
            .is_none()
    );
}

/// Nothing but the count of the gate is left to see it: the catch-up is over.
#[tokio::test]
async fn a_build_that_holds_too_much_at_the_gate_is_not_swapped_in() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let before = scene.already_live().await;
    let proxy = scene.proxy().await;
    let build = format!("/indexes/{}_*", scene.uid("articles"));
    let upload = proxy.hold_answer("POST", &format!("{build}/documents"));
    let running = scene.reindex_through(&proxy).start();
    upload.reached("the upload").await;
    let gate = proxy.hold("GET", &build);
    upload.release();
    gate.reached("the gates").await;
    let build = scene.generations("articles").await.remove(0);
    let path = format!("/indexes/{build}/documents");
    let more = json!([{"id": 999, "title": "x"}]);
    scene.api.succeed("POST", &path, Some(more)).await;
    gate.release();
    let words = ["12 documents were sent and the index holds 13"];
    running.ended().await.expect(3).says(words);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

#[tokio::test]
async fn a_build_whose_settings_somebody_changed_is_not_swapped_in() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, title FROM articles")
            .settings(
                "articles",
                json!({"searchableAttributes": ["title"], "stopWords": ["ال"]}),
            )
    });
    let before = scene.already_live().await;
    let ended = meddled(&scene, async |build| {
        let other = json!({"searchableAttributes": ["title", "excerpt"]});
        scene
            .api
            .succeed("PATCH", &format!("/indexes/{build}/settings"), Some(other))
            .await;
    });
    ended
        .await
        .expect(3)
        .says(["searchableAttributes", "excerpt"]);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

#[tokio::test]
async fn a_build_that_somebody_deleted_is_not_swapped_in() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let before = scene.already_live().await;
    let ended = meddled(&scene, async |build| {
        scene.api.delete_index(build).await;
    });
    ended.await.expect(1).says(["articles_", "not found"]);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

/// It lies under the right uid and holds as many documents, and is another index all the same.
#[tokio::test]
async fn a_build_that_somebody_replaced_is_not_swapped_in() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let before = scene.already_live().await;
    let ended = meddled(&scene, async |build| {
        let documents = scene.api.documents(build).await;
        scene.api.delete_index(build).await;
        scene.api.fill(build, json!(documents)).await;
    });
    ended.await.expect(3).says(["articles_"]);
    assert_eq!(scene.live().await, before);
}

#[tokio::test]
async fn a_build_that_somebody_deleted_at_the_last_moment_leaves_both_live_indexes() {
    let scene = Scene::new().await;
    let before = scene.already_live().await;
    let proxy = scene.proxy().await;
    let swap = proxy.hold("POST", "/swap-indexes");
    let running = scene.reindex_through(&proxy).start();
    swap.reached("the swap").await;
    let build = scene.generations("authors").await.remove(0);
    scene.api.delete_index(&build).await;
    swap.release();
    running.ended().await.expect(1).says(["swap"]);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

/// No index is an error that people see; an empty one is an empty site that nobody is told of.
#[tokio::test]
async fn a_first_run_that_fails_at_the_swap_leaves_no_empty_index() {
    let scene = Scene::new().await;
    let proxy = scene.proxy().await;
    let swap = proxy.hold("POST", "/swap-indexes");
    let running = scene.reindex_through(&proxy).start();
    swap.reached("the swap").await;
    let build = scene.generations("authors").await.remove(0);
    scene.api.delete_index(&build).await;
    swap.release();
    running.ended().await.expect(1);
    assert!(scene.live().await.is_empty());
    scene.expect_nothing_left_over(0, &[]).await;
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
}

/// Somebody else's tool, another host, a person: what is live is no longer what this run set out to replace.
#[tokio::test]
async fn a_run_that_was_overtaken_swaps_nothing() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let (live, others) = (
        scene.uid("articles"),
        format!("{}-of-somebody-else", scene.uid("articles")),
    );
    let proxy = scene.proxy().await;
    let upload = hold_first_upload(&scene, &proxy);
    let running = scene.reindex_through(&proxy).start();
    upload.reached("the first upload").await;
    scene
        .api
        .fill(&others, json!([{"id": 1, "title": "of somebody else"}]))
        .await;
    scene
        .api
        .succeed(
            "POST",
            "/swap-indexes",
            Some(json!([{"indexes": [live, others]}])),
        )
        .await;
    let overtaken = scene.live().await;
    upload.release();
    running.ended().await.expect(4).says(["articles"]);
    assert_eq!(scene.live().await, overtaken);
    scene.expect_nothing_left_over(0, &[&others]).await;
}

fn hold_first_upload(scene: &Scene, proxy: &FaultProxy) -> crate::support::proxy::Hold {
    proxy.hold(
        "POST",
        &format!("/indexes/{}_*/documents", scene.uid("articles")),
    )
}

#[tokio::test]
async fn every_closed_gate_is_told_at_once() {
    let mut scene = Scene::new().await;
    let define = |scene: &mut Scene, smoke| {
        scene.define(|definitions| {
            definitions
                .index("articles", "SELECT id, title FROM articles")
                .index("authors", "SELECT id, name FROM authors")
                .smoke("authors", smoke)
        });
    };
    define(&mut scene, json!([]));
    scene.already_live().await;
    scene
        .database
        .execute("DELETE FROM articles WHERE id > 3")
        .await;
    define(&mut scene, json!([{"q": "nobody-has-this-name"}]));
    refused(&scene, scene.reindex()).await.says([
        "articles",
        "--max-loss",
        "authors",
        "nobody-has-this-name",
    ]);
}

/// What a person set by hand on the live index is not in the definition, and would be gone without a word.
#[tokio::test]
async fn settings_made_by_hand_on_the_live_index_are_named_before_they_go() {
    let mut scene = Scene::on(ServerOptions::default()).await;
    scene.define_titles();
    scene.already_live().await;
    let by_hand = json!({"synonyms": {"القدس": ["أورشليم"]}});
    scene
        .api
        .succeed(
            "PATCH",
            &format!("/indexes/{}/settings", scene.uid("articles")),
            Some(by_hand),
        )
        .await;
    scene
        .reindex()
        .succeeds()
        .await
        .says(["synonyms", "settings.json"]);
}

/// A live index whose documents are known by another field is somebody else's.
#[tokio::test]
async fn a_live_index_with_another_primary_key_is_refused() {
    let scene = Scene::new().await;
    let uid = scene.uid("articles");
    scene
        .api
        .succeed(
            "POST",
            "/indexes",
            Some(json!({"uid": uid, "primaryKey": "key"})),
        )
        .await;
    scene
        .api
        .succeed(
            "POST",
            &format!("/indexes/{uid}/documents"),
            Some(json!([{"key": 1}])),
        )
        .await;
    let words = [
        uid.as_str(),
        "primary key `key`",
        "documents.sql gives `id`",
    ];
    scene.reindex().run().await.expect(2).says(words);
    scene.command("sync").run().await.expect(2).says(words);
    assert_eq!(scene.api.count(&uid).await, 1);
    scene.expect_nothing_left_over(0, &[]).await;
    let path = format!("/indexes/{uid}");
    scene.api.succeed("DELETE", &path, None).await;
    scene.reindex().run().await.expect(0);
    let live = scene.api.index(&uid).await.unwrap();
    assert_eq!(live["primaryKey"], "id");
}

/// The engine knows some 65,000 fields, and drops what is beyond without an error.
#[tokio::test]
async fn keys_that_are_data_are_told_and_refused_before_they_are_too_many() {
    let mut scene = Scene::on(ServerOptions::default()).await;
    scene.define(|definitions| {
        definitions.index(
            "articles",
            r#"SELECT id, (SELECT JSON_GROUP_OBJECT('reader ' || value, 1) FROM JSON_EACH(notes.readers)) AS "seen:json" FROM notes"#,
        )
    });
    let readers = |from: u32, to: u32| {
        format!(
            "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, readers TEXT);
             WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to})
             INSERT INTO notes (readers) SELECT JSON_GROUP_ARRAY(i) FROM n GROUP BY i / 1000"
        )
    };
    scene.database.execute(&readers(1, 1200)).await;
    scene
        .reindex()
        .succeeds()
        .await
        .says(["1,202 fields", "seen", ":json"]);

    scene.database.execute(&readers(2000, 62_000)).await;
    refused(&scene, scene.reindex())
        .await
        .says(["seen", "fields"]);
}
