//! Two at a time: another run swaps in the middle of a round, the gem writes, two follow, writers never stop.

use serde_json::json;

use crate::support::Scene;

use super::sync_changes::{expect_equal, sync};

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
    sync(&scene)
        .args(["--compare", "changed"])
        .run()
        .await
        .expect(0);
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
