//! A change log that triggers keep is followed exactly: every write, deletes included, and nothing else is compared.

use serde_json::Value;

use super::sync_changes::{figures, sync};
use super::watch::{Follower, eventually_in_step};
use crate::support::Scene;

const DOCUMENTS: &str = "SELECT articles.id, articles.title, authors.name AS author FROM articles \
     LEFT JOIN authors ON authors.id = articles.author_id";

const CHANGES: &str = "SELECT c.id, c.seq FROM bisan_changes AS c WHERE c.src = 'articles' AND c.seq > :after \
     UNION ALL SELECT a.id, c.seq FROM bisan_changes AS c JOIN articles AS a ON a.author_id = c.id \
     WHERE c.src = 'authors' AND c.seq > :after";

/// The author of most articles.
const BUSIEST: &str =
    "(SELECT author_id FROM articles GROUP BY author_id ORDER BY count(*) DESC LIMIT 1)";

/// The scene's articles, followed by a log.
async fn logged() -> Scene {
    let mut scene = Scene::new().await;
    scene.database.execute(LOG).await;
    scene.define(|definitions| {
        definitions
            .index("articles", DOCUMENTS)
            .changes("articles", CHANGES)
    });
    scene.already_live().await;
    scene
}

async fn by_changes(scene: &Scene) -> Value {
    let options = ["--compare", "changed"];
    let report = sync(scene).args(options).run().await.expect(0).report();
    figures(&report, "articles").clone()
}

#[tokio::test]
async fn every_write_is_named_by_the_log_and_nothing_else_is_compared() {
    let scene = logged().await;
    for (write, rows, sent, deleted) in [
        (
            "UPDATE articles SET title = 'unstamped' WHERE id = 5",
            1,
            1,
            0,
        ),
        ("DELETE FROM articles WHERE id = 6", 0, 0, 1),
        ("UPDATE articles SET id = 600 WHERE id = 7", 1, 1, 1),
        (
            "UPDATE articles SET created_at = '2020-01-01' WHERE id = 8",
            0,
            0,
            0,
        ),
        (
            "INSERT INTO articles (id, title, author_id, created_at, updated_at) VALUES (700, 'new', 1, 1, 1)",
            1,
            1,
            0,
        ),
    ] {
        scene.database.execute(write).await;
        let articles = by_changes(&scene).await;
        assert_eq!(articles["compare"], "changed", "{write}: {articles}");
        assert_eq!(articles["rows_read"], rows, "{write}: {articles}");
        assert_eq!(articles["sent_changed"], sent, "{write}: {articles}");
        assert_eq!(articles["deleted"], deleted, "{write}: {articles}");
        scene.expect_in_step().await;
    }
}

/// By hand, what `bisan-indexer triggers` prints for these documents.
const LOG: &str = "
CREATE TABLE bisan_changes (seq INTEGER PRIMARY KEY, src TEXT NOT NULL, id NOT NULL, at INTEGER NOT NULL);
INSERT INTO bisan_changes (src, id, at) VALUES ('', 'created', 0);
CREATE TRIGGER a1 AFTER INSERT ON articles BEGIN
  INSERT INTO bisan_changes (src, id, at) VALUES ('articles', NEW.id, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)); END;
CREATE TRIGGER a2 AFTER DELETE ON articles BEGIN
  INSERT INTO bisan_changes (src, id, at) VALUES ('articles', OLD.id, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)); END;
CREATE TRIGGER a3 AFTER UPDATE OF id, title, author_id ON articles BEGIN
  INSERT INTO bisan_changes (src, id, at) VALUES ('articles', NEW.id, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER));
  INSERT INTO bisan_changes (src, id, at) SELECT 'articles', OLD.id, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)
    WHERE OLD.id IS NOT NEW.id; END;
CREATE TRIGGER b3 AFTER UPDATE OF id, name ON authors BEGIN
  INSERT INTO bisan_changes (src, id, at) VALUES ('authors', NEW.id, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)); END;
";

#[tokio::test]
async fn a_parent_writes_one_row_and_brings_all_its_documents() {
    let scene = logged().await;
    let before = scene.database.count("bisan_changes").await;
    scene
        .database
        .execute(&format!(
            "UPDATE authors SET name = 'renamed' WHERE id = {BUSIEST}"
        ))
        .await;
    assert_eq!(scene.database.count("bisan_changes").await, before + 1);
    let its = scene
        .database
        .count(&format!("articles WHERE author_id = {BUSIEST}"))
        .await;
    assert!(its > 1);
    let articles = by_changes(&scene).await;
    assert_eq!(articles["sent_changed"], its, "{articles}");
    assert_eq!(articles["rows_read"], its, "{articles}");
    scene.expect_in_step().await;
}

/// What the log does not tell is found by one comparison of everything, and the log is followed from there.
#[tokio::test]
async fn a_log_that_does_not_continue_costs_one_comparison() {
    let scene = logged().await;
    scene
        .database
        .execute("UPDATE articles SET title = 'first' WHERE id = 5")
        .await;
    by_changes(&scene).await;
    for unseen in [
        // The log began again.
        "DELETE FROM bisan_changes; UPDATE articles SET title = 'a' WHERE id = 5; UPDATE articles SET title = 'b' WHERE id = 6",
        // A restored backup gave the number to another row.
        "UPDATE bisan_changes SET at = at - 1; UPDATE articles SET title = 'c' WHERE id = 5",
        // More changes than the log keeps.
        "UPDATE articles SET title = 'd' WHERE id = 5; UPDATE articles SET title = 'd' WHERE id = 6; \
         DELETE FROM bisan_changes WHERE seq < (SELECT max(seq) FROM bisan_changes)",
        // A migration dropped the triggers for a while.
        "DROP TRIGGER a3; UPDATE articles SET title = 'e' WHERE id = 5; \
         CREATE TRIGGER a3 AFTER UPDATE OF id, title, author_id ON articles BEGIN \
         INSERT INTO bisan_changes (src, id, at) VALUES ('articles', NEW.id, 1); END",
    ] {
        scene.database.execute(unseen).await;
        let articles = by_changes(&scene).await;
        assert_eq!(articles["compare"], "all", "{unseen}: {articles}");
        scene.expect_in_step().await;
        scene
            .database
            .execute("UPDATE articles SET title = 'on' WHERE id = 7")
            .await;
        let articles = by_changes(&scene).await;
        assert_eq!(articles["compare"], "changed", "{unseen}: {articles}");
        assert_eq!(articles["rows_read"], 1, "{unseen}: {articles}");
        scene
            .database
            .execute("UPDATE articles SET title = 'off' WHERE id = 7")
            .await;
        by_changes(&scene).await;
        scene.expect_in_step().await;
    }
}

#[tokio::test]
async fn an_index_changes_over_to_a_log_and_back_without_a_rebuild() {
    let mut scene = Scene::new().await;
    scene.database.execute(LOG).await;
    let by_time = "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since";
    scene.define(|definitions| {
        definitions
            .index("articles", DOCUMENTS)
            .changes("articles", by_time)
    });
    scene.already_live().await;
    let created_at = async |scene: &Scene| {
        scene
            .live()
            .await
            .created_at(&scene.uid("articles"))
            .to_owned()
    };
    let built = created_at(&scene).await;
    for (changes, edit) in [
        (CHANGES, "to the log"),
        (by_time, "and back"),
        (CHANGES, "and again"),
    ] {
        scene.define(|definitions| {
            definitions
                .index("articles", DOCUMENTS)
                .changes("articles", changes)
        });
        // No time tells of it, and no log where timestamps were followed.
        let sql = format!("UPDATE articles SET title = '{edit}' WHERE id = 5");
        scene.database.execute(&sql).await;
        let apply = scene.command("apply").args(["--yes", "--output", "json"]);
        let report = apply.run().await.expect(0).report();
        assert_eq!(report["way"], "sync", "{report}");
        assert_eq!(created_at(&scene).await, built);
        scene.expect_in_step().await;
        let articles = by_changes(&scene).await;
        assert_eq!(articles["compare"], "changed", "{articles}");
        scene.expect_in_step().await;
    }
}

#[tokio::test]
async fn the_lag_of_a_log_is_exact() {
    let scene = logged().await;
    let status = async || {
        let command = scene.command("status").args(["--output", "json"]);
        let report = command.run().await.expect(0).report();
        figures(&report, "articles")["database"].clone()
    };
    assert_eq!(status().await["waiting"], 0);
    scene
        .database
        .execute("UPDATE articles SET title = 'a' WHERE id = 5; UPDATE articles SET title = 'b' WHERE id = 5; DELETE FROM articles WHERE id = 6;
             UPDATE bisan_changes SET at = at - 3600000 WHERE seq = (SELECT max(seq) - 2 FROM bisan_changes)")
        .await;
    let database = status().await;
    assert_eq!(database["waiting"], 2, "{database}");
    let seconds = database["waiting_seconds"].as_i64().unwrap();
    assert!((3_600..3_900).contains(&seconds), "{database}");
    by_changes(&scene).await;
    assert_eq!(status().await["waiting"], 0);
    // Nobody knows what waits where the log does not continue.
    scene.database.execute("DELETE FROM bisan_changes").await;
    assert_eq!(status().await["waiting"], Value::Null);
}

#[tokio::test]
async fn a_follower_sees_each_write_of_a_log_at_once() {
    let scene = logged().await;
    let follower = Follower::start(&scene).await;
    for write in [
        "UPDATE articles SET title = 'unstamped' WHERE id = 5",
        "DELETE FROM articles WHERE id = 6",
        "UPDATE articles SET id = 600 WHERE id = 7",
        "DELETE FROM bisan_changes",
        "UPDATE articles SET title = 'afterwards' WHERE id = 8",
        "ALTER TABLE articles ADD COLUMN more",
        "UPDATE articles SET title = 'after a migration' WHERE id = 9",
    ] {
        scene.database.execute(write).await;
        eventually_in_step(&scene, write).await;
    }
    follower.stop().await;
}

#[tokio::test]
async fn a_reindex_loses_nothing_that_is_written_meanwhile() {
    let scene = logged().await;
    scene
        .database
        .execute("DELETE FROM articles WHERE id = 6")
        .await;
    scene.command("reindex").run().await.expect(0);
    scene.expect_in_step().await;
    scene
        .database
        .execute("UPDATE articles SET title = 'unstamped' WHERE id = 5")
        .await;
    let articles = by_changes(&scene).await;
    assert_eq!(articles["compare"], "changed", "{articles}");
    assert_eq!(articles["rows_read"], 1, "{articles}");
    scene.expect_in_step().await;
}

#[tokio::test]
async fn a_changes_sql_that_reads_no_log_is_refused_with_the_way_out() {
    let mut scene = logged().await;
    for (changes, said) in [
        (
            "SELECT id, 1 AS seq FROM articles WHERE id > :after",
            "reads no change log",
        ),
        (
            "SELECT id, at FROM bisan_changes WHERE seq > :after",
            "the columns id and seq",
        ),
        (
            "SELECT id, seq FROM bisan_changes WHERE seq > :after AND at > :since",
            ":since",
        ),
    ] {
        scene.define(|definitions| {
            definitions
                .index("articles", DOCUMENTS)
                .changes("articles", changes)
        });
        let ended = sync(&scene).run().await.expect(2);
        assert!(ended.err.contains(said), "{changes}: {}", ended.err);
    }
}
