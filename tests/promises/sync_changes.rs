//! Whatever happened to the database: after one `sync` the live indexes are what documents.sql returns, to the field.

use serde_json::{Value, json};

use crate::support::Scene;
use crate::support::program::Program;

/// `sync`, reporting in JSON.
pub fn sync(scene: &Scene) -> Program {
    scene.command("sync").args(["--output", "json"])
}

/// The live indexes hold what a fresh build of the same database holds, field by field.
#[track_caller]
pub fn expect_equal(scene: &Scene) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let names = scene.names();
        let uids: Vec<String> = names
            .iter()
            .map(|name| format!("{name}={}", check(scene, name)))
            .collect();
        scene
            .command("reindex")
            .env("BISAN_INDEXER_UID", uids.join(","))
            .args(["--max-loss", "100%", "--retain", "0"])
            .succeeds()
            .await;
        for name in names {
            let live = sorted(scene.api.documents(&scene.uid(name)).await);
            let fresh = sorted(scene.api.documents(&check(scene, name)).await);
            assert_eq!(live, fresh, "{name} ({place})");
        }
    }
}

fn check(scene: &Scene, name: &str) -> String {
    format!("{}check-{name}", scene.uid(""))
}

fn sorted(mut documents: Vec<Value>) -> Vec<Value> {
    documents.sort_by_key(|document| document["id"].to_string());
    documents
}

/// The figures of one index in a report.
pub fn figures<'a>(report: &'a Value, index: &str) -> &'a Value {
    report["indexes"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["index"] == index))
        .unwrap_or_else(|| panic!("no {index} in {report}"))
}

/// Acts on a database that is live, syncs, and expects both sides to be equal.
async fn after(act: &[&str]) -> (Scene, Value) {
    let scene = Scene::new().await;
    scene.already_live().await;
    for sql in act {
        scene.database.execute(sql).await;
    }
    let report = sync(&scene).run().await.expect(0).report();
    expect_equal(&scene).await;
    (scene, report)
}

#[tokio::test]
async fn an_edited_row_is_sent_and_nothing_else() {
    let (_, report) = after(&[
        "UPDATE articles SET title = 'edited', updated_at = STRFTIME('%Y-%m-%d %H:%M:%f000', 'now') WHERE id = 5",
    ])
    .await;
    let articles = figures(&report, "articles");
    assert_eq!(articles["sent_different"], 1, "{report}");
    assert_eq!(articles["sent_missing"], 0, "{report}");
    assert_eq!(articles["deleted"], 0, "{report}");
    assert_eq!(figures(&report, "authors")["sent_different"], 0, "{report}");
}

#[tokio::test]
async fn a_row_that_was_deleted_is_deleted() {
    let (_, report) = after(&["DELETE FROM articles WHERE id IN (3, 4)"]).await;
    assert_eq!(figures(&report, "articles")["deleted"], 2, "{report}");
}

#[tokio::test]
async fn raw_sql_that_touches_no_timestamp_is_found() {
    after(&["UPDATE articles SET excerpt = 'جديد' WHERE id = 3"]).await;
}

#[tokio::test]
async fn a_column_that_became_null_is_null() {
    let (scene, _) = after(&["UPDATE articles SET category = NULL, excerpt = NULL"]).await;
    let document = scene
        .api
        .document(&scene.uid("articles"), "1")
        .await
        .unwrap();
    assert_eq!(document["excerpt"], Value::Null);
}

#[tokio::test]
async fn an_import_with_timestamps_of_2009_is_found() {
    let (_, report) = after(&[
        "INSERT INTO articles (title, body, author_id, created_at, updated_at)
         VALUES ('old', '<p>x</p>', 1, '2009-03-01 00:00:00', '2009-03-01 00:00:00')",
    ])
    .await;
    assert_eq!(figures(&report, "articles")["sent_missing"], 1, "{report}");
}

#[tokio::test]
async fn a_renamed_author_is_renamed_in_the_articles_too() {
    after(&["UPDATE authors SET name = 'renamed' WHERE id = 1"]).await;
    after(&[
        "UPDATE authors SET name = 'renamed', updated_at = STRFTIME('%Y-%m-%d %H:%M:%f000', 'now') WHERE id = 1",
    ])
    .await;
}

#[tokio::test]
async fn an_author_who_goes_takes_the_name_along() {
    after(&["PRAGMA foreign_keys = OFF; DELETE FROM authors WHERE id = 2"]).await;
}

#[tokio::test]
async fn an_id_that_changed_is_one_delete_and_one_document() {
    let (_, report) = after(&["UPDATE articles SET id = 900 WHERE id = 7"]).await;
    let articles = figures(&report, "articles");
    assert_eq!(
        (&articles["deleted"], &articles["sent_missing"]),
        (&json!(1), &json!(1))
    );
}

/// As many too many as missing: equal counts say nothing.
#[tokio::test]
async fn equal_counts_hide_nothing() {
    after(&["DELETE FROM articles WHERE id IN (1, 2, 3);
         INSERT INTO articles (title, author_id, created_at, updated_at)
         SELECT 'n' || value, 1, '2020-01-01', '2020-01-01' FROM json_each('[1,2,3]')"])
    .await;
}

#[tokio::test]
async fn a_row_of_the_year_2099_hides_no_later_change() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene
        .database
        .execute(
            "UPDATE articles SET title = 'future', updated_at = '2099-01-01 00:00:00' WHERE id = 2",
        )
        .await;
    sync(&scene).args(["--compare", "changed"]).succeeds().await;
    scene.database.save_title(3, "after the future").await;
    sync(&scene).args(["--compare", "changed"]).succeeds().await;
    expect_equal(&scene).await;
}

/// A transaction stamps its rows when it begins and commits minutes later: the checkpoint has not gone past them.
#[tokio::test]
async fn a_late_commit_is_seen_by_its_timestamp() {
    let scene = Scene::new().await;
    scene.already_live().await;
    sync(&scene).args(["--compare", "changed"]).succeeds().await;
    scene
        .database
        .execute(
            "UPDATE articles SET title = 'late', updated_at = STRFTIME('%Y-%m-%d %H:%M:%f000', 'now', '-10 minutes')
             WHERE id = 4",
        )
        .await;
    let report = sync(&scene).args(["--compare", "changed"]).reports().await;
    assert_eq!(figures(&report, "articles")["sent_changed"], 1, "{report}");
    expect_equal(&scene).await;
}

#[tokio::test]
async fn an_equal_timestamp_on_both_sides_of_a_run_hides_nothing() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let stamp =
        "UPDATE articles SET title = title || '!', updated_at = '2026-11-24 10:00:00' WHERE id = ";
    scene.database.execute(&format!("{stamp}1")).await;
    sync(&scene).args(["--overlap", "0s"]).run().await.expect(0);
    scene.database.execute(&format!("{stamp}2")).await;
    sync(&scene).run().await.expect(0);
    expect_equal(&scene).await;
}

#[tokio::test]
async fn every_spelling_of_a_time_is_compared_as_an_instant() {
    let scene = Scene::new().await;
    scene.already_live().await;
    sync(&scene).run().await.expect(0);
    for (id, stamp) in [
        (1, "STRFTIME('%Y-%m-%d %H:%M:%f', 'now')"),
        (2, "STRFTIME('%Y-%m-%d %H:%M:%f000', 'now')"),
        (3, "STRFTIME('%Y-%m-%dT%H:%M:%fZ', 'now')"),
        (
            4,
            "STRFTIME('%Y-%m-%dT%H:%M:%S', 'now', '+3 hours') || '+03:00'",
        ),
        (
            5,
            "STRFTIME('%Y-%m-%d %H:%M:%S', 'now', '-11 hours') || '-11:00'",
        ),
        (6, "STRFTIME('%Y-%m-%d %H:%M:%S', 'now') || ' UTC'"),
    ] {
        scene
            .database
            .execute(&format!(
                "UPDATE articles SET title = 'spelling {id}', updated_at = {stamp} WHERE id = {id}"
            ))
            .await;
    }
    let report = sync(&scene).args(["--compare", "changed"]).reports().await;
    assert_eq!(figures(&report, "articles")["sent_changed"], 6, "{report}");
    expect_equal(&scene).await;
}

/// SQLite orders every number below every text: a bound of one kind would hide all values of the other.
#[tokio::test]
async fn numbers_and_texts_in_one_column_are_refused_with_a_row_of_each() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, changed);
             INSERT INTO notes VALUES (1, 'a', '2026-11-24 10:00:00'), (2, 'b', 1764000000)",
        )
        .await;
    scene.define(|definitions| {
        definitions
            .index("notes", "SELECT id, title FROM notes WHERE id < 2")
            .changes(
                "notes",
                "SELECT id, changed AS changed_at FROM notes WHERE changed >= :since",
            )
    });
    let ended = scene.reindex().run().await.expect(1);
    ended.says(["notes", "changes.sql", "id 2", "id 1"]);
}

#[tokio::test]
async fn twelve_thousand_rows_of_one_moment_are_all_sent() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    scene
        .database
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
             INSERT INTO articles (title, author_id, created_at, updated_at)
             SELECT 't' || i, 1, '2026-11-24 10:00:00', STRFTIME('%Y-%m-%d %H:%M:%f', 'now') FROM n",
        )
        .await;
    let report = sync(&scene).args(["--compare", "changed"]).reports().await;
    assert_eq!(
        figures(&report, "articles")["sent_changed"],
        12000,
        "{report}"
    );
    assert_eq!(scene.api.count(&scene.uid("articles")).await, 12012);
}

/// Soft-deleted, unpublished, or published by the clock alone: documents.sql decides.
#[tokio::test]
async fn what_documents_sql_no_longer_returns_is_deleted_and_what_it_returns_again_comes_back() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "ALTER TABLE articles ADD COLUMN deleted_at; ALTER TABLE articles ADD COLUMN due REAL",
        )
        .await;
    scene.define(|definitions| {
        definitions
            .index(
                "articles",
                "SELECT id, title FROM articles
                 WHERE deleted_at IS NULL AND (due IS NULL OR due <= julianday('now'))",
            )
            .changes(
                "articles",
                "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since",
            )
    });
    scene
        .database
        .execute("UPDATE articles SET due = julianday('now') + 1 WHERE id = 9")
        .await;
    scene.reindex().run().await.expect(0);
    let uid = scene.uid("articles");
    let count = || scene.api.count(&uid);
    assert_eq!(count().await, 11);
    for depth in ["changed", "auto"] {
        // With a touched timestamp, and without one: the counts tell.
        for touch in [", updated_at = STRFTIME('%Y-%m-%d %H:%M:%f', 'now')", ""] {
            for (state, expected) in [("'now'", 10), ("NULL", 11)] {
                scene
                    .database
                    .execute(&format!(
                        "UPDATE articles SET deleted_at = {state}{touch} WHERE id = 2"
                    ))
                    .await;
                sync(&scene).args(["--compare", depth]).succeeds().await;
                assert_eq!(count().await, expected, "{depth} {state} {touch}");
            }
        }
    }
    // Its hour has come, and nobody wrote anything.
    scene
        .database
        .execute("UPDATE articles SET due = julianday('now') - 0.001 WHERE id = 9")
        .await;
    sync(&scene).args(["--compare", "changed"]).succeeds().await;
    assert_eq!(count().await, 12);
}

#[tokio::test]
async fn a_second_sync_sends_nothing_and_makes_no_task() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.database.import(3, "new").await;
    scene.database.delete_article(2).await;
    sync(&scene).run().await.expect(0);
    for depth in ["auto", "ids", "changed"] {
        let newest = scene.api.get("/tasks?limit=1").await.expect(200);
        let report = sync(&scene).args(["--compare", depth]).reports().await;
        for index in report["indexes"].as_array().unwrap() {
            for figure in ["sent_changed", "sent_missing", "sent_different", "deleted"] {
                assert_eq!(index[figure], 0, "{depth}: {report}");
            }
        }
        if scene.server.is_ours() {
            let now = scene.api.get("/tasks?limit=1").await.expect(200);
            assert_eq!(
                now["results"][0]["uid"], newest["results"][0]["uid"],
                "{depth}"
            );
        }
    }
}

#[tokio::test]
async fn a_dry_run_names_what_it_would_do_and_does_nothing() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.database.save_title(5, "edited").await;
    scene.database.delete_article(6).await;
    let before = scene.live().await;
    let report = sync(&scene).arg("--dry-run").run().await.expect(0).report();
    let articles = figures(&report, "articles");
    assert_eq!(articles["would_send"], json!(["5"]), "{report}");
    assert_eq!(articles["would_delete"], json!(["6"]), "{report}");
    assert_eq!(scene.live().await, before);
}

/// `ingest:refresh` deletes a source in one transaction and inserts it again for minutes: a round in its middle must not
/// empty the site.
#[tokio::test]
async fn a_refresh_in_its_middle_is_refused_and_mended_after_its_end() {
    let scene = Scene::sized(40, 4).await;
    scene.already_live().await;
    let before = scene.live().await;
    scene
        .database
        .execute("DELETE FROM articles WHERE source_id = 'metras'")
        .await;
    for depth in ["changed", "ids", "all"] {
        let ended = sync(&scene)
            .args(["--compare", depth])
            .run()
            .await
            .expect(3);
        ended.says(["articles", "--max-loss", "20 of 40"]);
    }
    assert_eq!(scene.live().await, before);
    scene
        .database
        .execute(
            "INSERT INTO articles (title, source_id, author_id, created_at, updated_at)
             SELECT 'again ' || value, 'metras', 1, STRFTIME('%Y-%m-%d %H:%M:%f', 'now'), STRFTIME('%Y-%m-%d %H:%M:%f', 'now')
             FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]')",
        )
        .await;
    sync(&scene).args(["--max-loss", "60%"]).succeeds().await;
    expect_equal(&scene).await;
}

#[tokio::test]
async fn a_row_without_a_change_timestamp_ends_the_round_and_the_checkpoint_stays() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, changed TEXT);
             INSERT INTO notes VALUES (1, 'a', '2026-11-24 10:00:00')",
        )
        .await;
    scene.define(|definitions| {
        definitions.index("notes", "SELECT id, title FROM notes").changes(
            "notes",
            "SELECT id, changed AS changed_at FROM notes WHERE changed >= :since OR changed IS NULL",
        )
    });
    scene.reindex().run().await.expect(0);
    let checkpoint = async || {
        scene
            .command("status")
            .args(["--output", "json"])
            .run()
            .await
            .report()["indexes"][0]["checkpoint"]
            .clone()
    };
    let before = checkpoint().await;
    scene
        .database
        .execute("INSERT INTO notes VALUES (2, 'b', NULL), (3, 'c', NULL)")
        .await;
    sync(&scene)
        .args(["--compare", "changed"])
        .run()
        .await
        .expect(1)
        .says(["notes/changes.sql", "2 rows", "first id 2"]);
    assert_eq!(checkpoint().await, before);
}

/// An import that upserts all authors each hour makes all articles "changed", and none of them is another.
#[tokio::test]
async fn authors_that_were_merely_touched_send_no_article() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene
        .database
        .execute("UPDATE authors SET updated_at = STRFTIME('%Y-%m-%d %H:%M:%f000', 'now')")
        .await;
    let proxy = scene.proxy().await;
    for depth in ["changed", "ids", "all"] {
        let sync = sync(&scene).args(["--compare", depth]);
        let sync = sync.env("MEILISEARCH_HOST", proxy.url());
        let report = sync.run().await.expect(0).report();
        let articles = figures(&report, "articles");
        assert_eq!(articles["rows_read"], 12, "{report}");
        assert_eq!(articles["bytes"], 0, "{report}");
    }
    let path = format!("/indexes/{}/documents", scene.uid("articles"));
    assert_eq!(proxy.count("POST", &path), 0);
}

/// A delete joins no batch of additions: each of its tasks is a batch of its own.
#[tokio::test]
async fn what_is_gone_is_deleted_after_everything_was_sent_and_in_one_task() {
    let scene = Scene::new().await;
    scene.already_live().await;
    for id in [2, 3, 4] {
        scene.database.delete_article(id).await;
    }
    scene.database.save_title(5, "saved").await;
    scene.database.import(2, "new").await;
    let proxy = scene.proxy().await;
    let sync = sync(&scene).env("MEILISEARCH_HOST", proxy.url());
    sync.run().await.expect(0);
    let path = format!("/indexes/{}/documents", scene.uid("articles"));
    let writes: Vec<String> = proxy
        .seen()
        .into_iter()
        .filter(|seen| seen.method == "POST" && seen.status == Some(202))
        .filter_map(|seen| Some(seen.path.strip_prefix(&path)?.to_owned()))
        .collect();
    let (delete, additions) = writes.split_last().unwrap();
    assert!(delete.starts_with("/delete-batch"), "{writes:?}");
    assert!(!additions.is_empty(), "{writes:?}");
    assert!(
        additions.iter().all(|path| !path.contains("delete")),
        "{writes:?}"
    );
    scene.expect_in_step().await;
}
