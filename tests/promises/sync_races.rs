//! Two at a time: another run swaps in the middle of a round, the gem writes, two follow, writers never stop.

use serde_json::json;

use crate::support::proxy::Hold;
use crate::support::scene::CHECKPOINTS;
use crate::support::{FaultProxy, Scene, ServerOptions};

use super::sync_changes::{expect_equal, figures, sync};

/// The round goes on with the generation that is live now, and its checkpoint is that generation's.
#[tokio::test]
async fn a_swap_in_the_middle_of_a_round_is_followed_on() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.database.import(2, "new").await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/indexes/*articles/documents");
    let running = sync(&scene).env("MEILISEARCH_HOST", proxy.url()).start();
    hold.reached("the upload").await;
    scene.reindex().run().await.expect(0);
    hold.release();
    running.ended().await.expect(0);
    expect_equal(&scene).await;
    sync(&scene).run().await.expect(0);
}

/// Active Record sends a saved record at once, in the gem's shape, between our look and our upload.
#[tokio::test]
async fn what_the_gem_writes_meanwhile_is_set_right_by_the_next_round() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.database.import(2, "new").await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/indexes/*articles/documents");
    let running = sync(&scene).env("MEILISEARCH_HOST", proxy.url()).start();
    hold.reached("the upload").await;
    let uid = scene.uid("articles");
    scene
        .api
        .succeed(
            "POST",
            &format!("/indexes/{uid}/documents"),
            Some(json!([{"id": "3", "title": "the gem's", "excerpt": null, "body": "<p>raw</p>"}])),
        )
        .await;
    hold.release();
    running.ended().await.expect(0);
    sync(&scene).run().await.expect(0);
    expect_equal(&scene).await;
}

/// A row that somebody deletes and inserts again, as an import does, while a round that has missed it is at its uploads: what
/// is about to be deleted is asked for once more.
#[tokio::test]
async fn a_row_that_comes_back_before_its_document_is_deleted_keeps_it() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene
        .database
        .execute("CREATE TABLE kept AS SELECT * FROM articles WHERE id = 6")
        .await;
    scene.database.delete_article(6).await;
    scene.database.delete_article(7).await;
    scene.database.save_title(5, "an upload to wait for").await;
    let proxy = scene.proxy().await;
    proxy.keep_bodies();
    let hold = proxy.hold_answer("POST", "/indexes/*articles/documents");
    let running = sync(&scene).env("MEILISEARCH_HOST", proxy.url()).start();
    hold.reached("the upload").await;
    scene
        .database
        .execute("INSERT INTO articles SELECT * FROM kept")
        .await;
    hold.release();
    let report = running.ended().await.expect(0).report();
    assert_eq!(figures(&report, "articles")["deleted"], 1, "{report}");
    let seen = proxy.seen();
    let mut deletes = seen
        .iter()
        .filter(|seen| seen.path.ends_with("/delete-batch"));
    let asked: serde_json::Value = serde_json::from_slice(&deletes.next().unwrap().body).unwrap();
    assert_eq!(asked, serde_json::json!(["7"]));
    assert!(deletes.next().is_none());
    scene.expect_in_step().await;
}

#[tokio::test]
async fn two_at_once_do_no_harm() {
    let scene = Scene::new().await;
    scene.already_live().await;
    for round in 0..5 {
        scene.database.import(2, &format!("new {round}")).await;
        scene
            .database
            .execute("DELETE FROM articles WHERE id = (SELECT MIN(id) FROM articles)")
            .await;
        let (one, other) = (sync(&scene).start(), sync(&scene).start());
        one.ended().await.expect(0);
        other.ended().await.expect(0);
        scene.expect_in_step().await;
    }
    expect_equal(&scene).await;
}

/// After a rollback the former generation goes on from its own checkpoint.
#[tokio::test]
async fn a_generation_that_was_rolled_back_to_is_brought_up_to_date() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene
        .database
        .save_title(3, "before the second build")
        .await;
    scene.reindex().run().await.expect(0);
    scene.database.save_title(4, "after it").await;
    sync(&scene).run().await.expect(0);
    scene.command("rollback").arg("--yes").run().await.expect(0);
    sync(&scene).args(["--compare", "changed"]).succeeds().await;
    expect_equal(&scene).await;
}

/// Inserts, updates and deletes that never pause, in WAL mode, while everything runs that there is.
#[tokio::test]
async fn writers_that_never_stop_are_never_blocked_and_all_is_equal_in_the_end() {
    let scene = Scene::sized(60, 4).await;
    scene.already_live().await;
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let path = scene.database.path.clone();
    let writer = tokio::spawn(async move {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(std::time::Duration::ZERO);
        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let mut writes = 0;
        while !*stopped.borrow_and_update() {
            for sql in [
                "INSERT INTO articles (title, author_id, created_at, updated_at) VALUES ('w', 1,
                   STRFTIME('%Y-%m-%d %H:%M:%f', 'now'), STRFTIME('%Y-%m-%d %H:%M:%f', 'now'))",
                "UPDATE articles SET title = title || '.', updated_at = STRFTIME('%Y-%m-%d %H:%M:%f', 'now')
                   WHERE id = (SELECT MIN(id) FROM articles)",
                "DELETE FROM articles WHERE id = (SELECT MAX(id) - 3 FROM articles)",
            ] {
                // No patience at all: one lock of ours and this fails.
                sqlx::query(sql).execute(&mut connection).await.unwrap();
                writes += 1;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        writes
    });
    let follower = scene
        .command("sync")
        .args(["--watch", "--interval", "50ms"])
        .start();
    for _ in 0..3 {
        scene.reindex().run().await.expect(0);
        sync(&scene).run().await.expect(0);
    }
    follower.terminate();
    follower.ended().await.expect(0);
    stop.send(true).unwrap();
    assert!(writer.await.unwrap() > 30);
    sync(&scene).run().await.expect(0);
    expect_equal(&scene).await;
    assert!(
        scene.database.wal_bytes() < 8 << 20,
        "{}",
        scene.database.wal_bytes()
    );
}

/// Documents are listed in the order of the server's own numbers, and whoever deletes one between two pages moves the others
/// forward: the listing has passed some over then.
#[tokio::test]
async fn documents_that_move_between_two_pages_are_neither_lost_nor_sent_for_nothing() {
    let scene = Scene::sized(60, 4).await;
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let uid = scene.uid("articles");
    let second_page = hold_second_page(&proxy, &uid);
    let running = sync(&scene)
        .args(["--index", "articles", "--compare", "all"])
        .env("MEILISEARCH_HOST", proxy.url())
        .start();
    second_page.reached("the second page").await;
    scene
        .database
        .execute("DELETE FROM articles WHERE id <= 3")
        .await;
    let gone = Some(json!([1, 2, 3]));
    let path = format!("/indexes/{uid}/documents/delete-batch");
    scene.api.succeed("POST", &path, gone).await;
    second_page.release();
    let report = running.ended().await.expect(0).report();
    for figure in ["sent_missing", "sent_different"] {
        assert_eq!(figures(&report, "articles")[figure], 0, "{report}");
    }
    expect_equal(&scene).await;
}

/// Holds the second page that a round of `all` asks for. The first request is the preflight's, which counts.
fn hold_second_page(proxy: &FaultProxy, uid: &str) -> Hold {
    let path = format!("/indexes/{uid}/documents/fetch");
    for _ in ["the count", "the first page"] {
        proxy.hold("POST", &path).release();
    }
    proxy.hold("POST", &path)
}

/// `SELECT *` is another statement after it: a title would be taken for a body.
#[tokio::test]
async fn an_alter_table_in_the_middle_of_a_round_sends_nothing_wrong() {
    for (migration, column) in [
        ("ALTER TABLE notes ADD COLUMN more TEXT DEFAULT 'm'", "more"),
        ("ALTER TABLE notes DROP COLUMN a", "b"),
    ] {
        let mut scene = Scene::new().await;
        notes(&mut scene).await;
        scene.already_live().await;
        let before = scene.live().await;
        let proxy = scene.proxy().await;
        let hold = hold_second_page(&proxy, &scene.uid("notes"));
        let running = sync(&scene)
            .args(["--compare", "all"])
            .env("MEILISEARCH_HOST", proxy.url())
            .start();
        hold.reached("the second page").await;
        scene.database.execute(migration).await;
        hold.release();
        running
            .ended()
            .await
            .expect(1)
            .says(["notes/documents.sql", "other columns", "again"]);
        assert_eq!(scene.live().await, before, "{migration}");
        sync(&scene).run().await.expect(0);
        let live = scene.api.documents(&scene.uid("notes")).await;
        assert!(
            live.iter().all(|document| document.get(column).is_some()),
            "{migration}"
        );
        expect_equal(&scene).await;
    }
}

/// Sixty rows, so that they are listed in more than one page, and all of their columns.
async fn notes(scene: &mut Scene) {
    scene
        .database
        .execute(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, a TEXT, b TEXT, updated_at datetime(6));
             INSERT INTO notes WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
             SELECT i, 'a' || i, 'b' || i, '2026-11-24 10:00:00.000000' FROM n",
        )
        .await;
    scene.define(|definitions| {
        definitions
            .index("notes", "SELECT * FROM notes")
            .settings("notes", json!({"searchableAttributes": ["a", "b"]}))
            .changes(
                "notes",
                "SELECT id, updated_at AS changed_at FROM notes WHERE updated_at >= :since",
            )
    });
}

/// Such a key cannot see the task of a swap, which is about two indexes.
#[tokio::test]
async fn a_swap_whose_task_the_key_cannot_see_is_followed_on() {
    for like_1_5 in [false, true] {
        let options = ServerOptions {
            like_1_5,
            ..ServerOptions::default()
        };
        let Some(scene) = Scene::on_own_server(options).await else {
            return;
        };
        scene.already_live().await;
        let key = json!({
            "actions": ["indexes.create", "indexes.get", "indexes.delete", "indexes.swap", "documents.add",
                        "documents.get", "documents.delete", "settings.get", "settings.update", "tasks.get",
                        "tasks.cancel", "stats.get", "search"],
            "indexes": ["articles*", "authors*", CHECKPOINTS],
            "expiresAt": null,
        });
        let key = scene.api.post("/keys", key).await.expect(201);
        let key = key["key"].as_str().unwrap();
        for method in ["hold", "hold_answer"] {
            scene.database.import(2, "new").await;
            let proxy = scene.proxy().await;
            let path = "/indexes/*articles/documents";
            let hold = match method {
                "hold" => proxy.hold("POST", path),
                _ => proxy.hold_answer("POST", path),
            };
            let running = sync(&scene)
                .env("MEILISEARCH_HOST", proxy.url())
                .env("MEILISEARCH_API_KEY", key)
                .secret(key)
                .start();
            hold.reached("the upload").await;
            scene.reindex().run().await.expect(0);
            hold.release();
            running.ended().await.expect(0);
            scene.expect_in_step().await;
        }
        expect_equal(&scene).await;
    }
}

/// A round on a machine whose clock was a day ahead: the checkpoint lies in the future, and changes are dated before it.
#[tokio::test]
async fn a_checkpoint_of_a_clock_that_was_ahead_hides_no_later_change() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    let ago =
        |minutes: u32| format!("STRFTIME('%Y-%m-%d %H:%M:%f000', 'now', '-{minutes} minutes')");
    scene
        .database
        .execute(&format!("UPDATE articles SET updated_at = {}", ago(90)))
        .await;
    sync(&scene).run().await.expect(0);
    let records = scene.api.documents(CHECKPOINTS).await;
    let uid = json!(scene.uid("articles"));
    for record in records.iter().filter(|record| record["live_uid"] == uid) {
        let path = format!("/indexes/{CHECKPOINTS}/documents");
        let ahead = json!([{"id": record["id"], "checkpoint": "2099-01-01T00:00:00Z"}]);
        scene.api.succeed("PUT", &path, Some(ahead)).await;
    }
    scene
        .database
        .execute(&format!(
            "UPDATE articles SET title = 'after it', updated_at = {} WHERE id = 4",
            ago(60)
        ))
        .await;
    let changed = || sync(&scene).args(["--compare", "changed"]);
    let report = changed()
        .succeeds()
        .await
        .says(["looking back further"])
        .report();
    assert_eq!(figures(&report, "articles")["sent_changed"], 1, "{report}");
    changed()
        .succeeds()
        .await
        .says_nothing_of("looking back further");
    expect_equal(&scene).await;
}
