//! `verify` tells every difference and nothing else, and changes nothing.

use serde_json::{Value, json};

use crate::support::Scene;
use crate::support::program::Program;

use super::sync_changes::{figures, sync};

fn verify(scene: &Scene) -> Program {
    scene.command("verify").args(["--output", "json"])
}

/// The newest task of all.
async fn newest_task(scene: &Scene) -> Value {
    scene.api.get("/tasks?limit=1").await.expect(200)["results"][0]["uid"].clone()
}

#[tokio::test]
async fn what_is_equal_is_said_to_be_and_nothing_is_asked_of_the_server() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let before = newest_task(&scene).await;
    let report = verify(&scene).run().await.expect(0).report();
    assert_eq!(report["outcome"], "equal", "{report}");
    assert_eq!(figures(&report, "articles")["rows"], 12, "{report}");
    if scene.server.is_ours() {
        assert_eq!(newest_task(&scene).await, before);
    }
}

#[tokio::test]
async fn each_kind_of_drift_is_told_by_id_and_field() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene
        .database
        .execute("UPDATE articles SET title = 'another' WHERE id = 3")
        .await;
    scene.database.delete_article(4).await;
    let uid = scene.uid("articles");
    scene
        .api
        .succeed("DELETE", &format!("/indexes/{uid}/documents/5"), None)
        .await;
    let before = scene.live().await;
    let report = verify(&scene).run().await.expect(5).report();
    let articles = figures(&report, "articles");
    let kind = |id: &str| {
        let drifted = articles["drifted"].as_array().unwrap();
        drifted.iter().find(|one| one["id"] == id).cloned().unwrap()
    };
    for (count, what) in [("missing", "5"), ("different", "3"), ("too_many", "4")] {
        assert_eq!(articles[count], 1, "{report}");
        assert_eq!(kind(what)["kind"], count, "{report}");
    }
    let fields = kind("3")["fields"].clone();
    assert_eq!(fields.as_array().unwrap().len(), 1, "{report}");
    assert_eq!(fields[0]["field"], "title");
    assert_eq!(fields[0]["database"], "\"another\"");
    assert_eq!(scene.live().await, before);
    sync(&scene).run().await.expect(0);
    verify(&scene).run().await.expect(0);
}

#[tokio::test]
async fn the_first_twenty_are_shown_and_all_where_that_is_asked_for() {
    let scene = Scene::sized(30, 2).await;
    scene.already_live().await;
    scene
        .database
        .execute("UPDATE articles SET excerpt = 'changed' || id WHERE id > 2")
        .await;
    let shown = |report: &Value| {
        figures(report, "articles")["drifted"]
            .as_array()
            .unwrap()
            .len()
    };
    let report = verify(&scene).run().await.expect(5).report();
    assert_eq!(shown(&report), 20, "{report}");
    let different = figures(&report, "articles")["different"].as_u64().unwrap();
    assert!(different > 20, "{report}");
    let report = verify(&scene).arg("--all").run().await.expect(5).report();
    assert_eq!(shown(&report) as u64, different, "{report}");
    let ended = scene.command("verify").run().await.expect(5);
    assert!(ended.out.contains("--all shows them"), "{}", ended.out);
}

#[tokio::test]
async fn settings_that_differ_are_drift_and_settings_beside_the_definition_are_named() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let path = format!("/indexes/{}/settings", scene.uid("articles"));
    let by_hand = json!({"stopWords": ["و"], "synonyms": {"قدس": ["القدس"]}});
    scene.api.succeed("PATCH", &path, Some(by_hand)).await;
    let report = verify(&scene).run().await.expect(5).report();
    let articles = figures(&report, "articles");
    assert_eq!(articles["settings"][0]["key"], "stopWords", "{report}");
    assert_eq!(articles["unmentioned"], json!(["synonyms"]), "{report}");
    assert_eq!(articles["different"], 0, "{report}");
}

/// A page is read, then a row changes and is followed: that is no drift.
#[tokio::test]
async fn what_changes_while_it_reads_is_looked_at_again() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let fetch = format!("/indexes/{}/documents/fetch", scene.uid("articles"));
    let through = || verify(&scene).env("MEILISEARCH_HOST", proxy.url());
    through().run().await.expect(0);
    // The first is a count; the second is the page.
    let reads: Vec<usize> = (0..)
        .zip(proxy.seen())
        .filter(|(_, seen)| seen.path.contains(&fetch))
        .map(|(place, _)| place)
        .collect();
    let hold = proxy.hold_at(reads[1] + 1, true);
    let running = through().start();
    hold.reached("the page of documents").await;
    scene.database.save_title(3, "saved meanwhile").await;
    sync(&scene).run().await.expect(0);
    hold.release();
    let report = running.ended().await.expect(0).report();
    assert_eq!(report["outcome"], "equal", "{report}");
}

#[tokio::test]
async fn a_live_index_that_is_not_there_cannot_be_verified() {
    let scene = Scene::new().await;
    let report = verify(&scene).run().await.expect(3).report();
    assert_eq!(report["outcome"], "failed", "{report}");
    assert!(report.to_string().contains("reindex"), "{report}");
}

/// JSON has no infinity: what becomes null on the one side is null on the other.
#[tokio::test]
async fn an_infinite_number_is_no_drift() {
    let mut scene = Scene::new().await;
    let sql = "ALTER TABLE articles ADD COLUMN score REAL;
               UPDATE articles SET score = 1e999 WHERE id = 3; UPDATE articles SET score = -1e999 WHERE id = 4";
    scene.database.execute(sql).await;
    scene.define(|definitions| {
        definitions.index("articles", "SELECT id, title, score FROM articles")
    });
    scene.already_live().await;
    let all = sync(&scene).args(["--compare", "all"]);
    let report = all.run().await.expect(0).report();
    assert_eq!(
        figures(&report, "articles")["sent_different"],
        0,
        "{report}"
    );
    verify(&scene).run().await.expect(0);
}

/// Neither the article nor the tag has a new time.
#[tokio::test]
async fn a_row_that_only_joined_two_others_is_missed() {
    let mut scene = Scene::new().await;
    let sql = "CREATE TABLE tags (article_id INTEGER, name TEXT);
               INSERT INTO tags VALUES (3, 'poetry'), (3, 'travel'), (4, 'poetry')";
    scene.database.execute(sql).await;
    let tags =
        "(SELECT JSON_GROUP_ARRAY(name) FROM tags WHERE article_id = articles.id) AS \"tags:json\"";
    scene.define(|definitions| {
        let changes =
            "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since";
        definitions
            .index(
                "articles",
                &format!("SELECT id, title, {tags} FROM articles"),
            )
            .changes("articles", changes)
    });
    scene.already_live().await;
    let sql = "DELETE FROM tags WHERE name = 'travel'";
    scene.database.execute(sql).await;
    let changed = sync(&scene).args(["--compare", "changed"]);
    let report = changed.run().await.expect(0).report();
    assert_eq!(figures(&report, "articles")["sent_changed"], 0, "{report}");
    let report = verify(&scene).run().await.expect(5).report();
    let drifted = &figures(&report, "articles")["drifted"];
    assert_eq!(drifted[0]["fields"][0]["field"], "tags", "{report}");
    assert_eq!(drifted[0]["id"], "3", "{report}");
    sync(&scene).run().await.expect(0);
    verify(&scene).run().await.expect(0);
}
