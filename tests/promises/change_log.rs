//! A change log that triggers keep is followed exactly: every write, deletes included, and nothing else is compared.

use serde_json::Value;

use super::doctor::{self, doctor};
use super::sync_changes::{figures, sync};
use super::watch::{Follower, eventually_in_step};
use crate::support::{Scene, eventually};

const DOCUMENTS: &str = "SELECT articles.id, articles.title, authors.name AS author FROM articles \
     LEFT JOIN authors ON authors.id = articles.author_id";

/// The author of most articles.
const BUSIEST: &str =
    "(SELECT author_id FROM articles GROUP BY author_id ORDER BY count(*) DESC LIMIT 1)";

/// The scene's articles, followed by a log.
async fn logged() -> Scene {
    let mut scene = Scene::new().await;
    define(&mut scene, None);
    let changes = migrate(&scene).await;
    define(&mut scene, Some(&changes));
    scene.already_live().await;
    scene
}

fn define(scene: &mut Scene, changes: Option<&str>) {
    scene.define(|definitions| {
        let definitions = definitions.index("articles", DOCUMENTS);
        match changes {
            Some(changes) => definitions.changes("articles", changes),
            None => definitions,
        }
    });
}

/// Does what `triggers` prints, and returns the changes.sql.
pub(super) async fn migrate(scene: &Scene) -> String {
    let printed = scene.command("triggers").run().await.expect(0);
    scene.database.execute(&printed.out).await;
    let options = ["--changes", "articles"];
    let printed = scene.command("triggers").args(options).run().await;
    printed.expect(0).out
}

async fn by_changes(scene: &Scene) -> Value {
    let options = ["--compare", "changed"];
    let report = sync(scene).args(options).run().await.expect(0).report();
    figures(&report, "articles").clone()
}

/// What a round does after a write.
async fn after(scene: &Scene, write: &str) -> Value {
    scene.database.execute(write).await;
    by_changes(scene).await
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
        let articles = after(&scene, write).await;
        assert_eq!(articles["compare"], "changed", "{write}: {articles}");
        assert_eq!(articles["rows_read"], rows, "{write}: {articles}");
        assert_eq!(articles["sent_changed"], sent, "{write}: {articles}");
        assert_eq!(articles["deleted"], deleted, "{write}: {articles}");
        scene.expect_in_step().await;
    }
}

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
        // A migration.
        "ALTER TABLE articles ADD COLUMN more",
    ] {
        let articles = after(&scene, unseen).await;
        assert_eq!(articles["compare"], "all", "{unseen}: {articles}");
        scene.expect_in_step().await;
        let articles = after(&scene, "UPDATE articles SET title = 'on' WHERE id = 7").await;
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
    let by_time = "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since";
    define(&mut scene, Some(by_time));
    scene.already_live().await;
    let by_log = migrate(&scene).await;
    let created_at = async |scene: &Scene| {
        scene
            .live()
            .await
            .created_at(&scene.uid("articles"))
            .to_owned()
    };
    let built = created_at(&scene).await;
    for (changes, edit) in [
        (by_log.as_str(), "to the log"),
        (by_time, "and back"),
        (&by_log, "and again"),
    ] {
        define(&mut scene, Some(changes));
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

/// A log names every row of its tables, and documents.sql need not return each: a draft may have an id that no document can have.
#[tokio::test]
async fn an_id_that_can_be_no_documents_is_passed_over_until_documents_sql_returns_it() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE notes (id TEXT PRIMARY KEY, title, published);
             INSERT INTO notes VALUES ('first', 'one', 1), ('the second', 'two', 0);",
        )
        .await;
    let documents = "SELECT id, title FROM notes WHERE published";
    scene.define(|definitions| definitions.index("articles", documents));
    let changes = migrate(&scene).await;
    let by_time = "SELECT id, unixepoch('now') AS changed_at FROM notes";
    for changes in [changes.as_str(), by_time] {
        scene.define(|definitions| {
            definitions
                .index("articles", documents)
                .changes("articles", changes)
        });
        scene.reindex().run().await.expect(0);
        let articles = after(&scene, "UPDATE notes SET title = title || ' again'; INSERT INTO notes VALUES ('third' || random(), '3', 1)").await;
        assert_eq!(articles["compare"], "changed", "{articles}");
        scene.command("verify").run().await.expect(0);
        scene
            .database
            .execute("UPDATE notes SET published = 1")
            .await;
        let ended = sync(&scene)
            .args(["--compare", "changed"])
            .run()
            .await
            .expect(1);
        ended.says(["1 row of documents.sql", "the second"]);
        scene
            .database
            .execute("UPDATE notes SET published = 0 WHERE id = 'the second'")
            .await;
    }
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
    let articles = after(
        &scene,
        "UPDATE articles SET title = 'unstamped' WHERE id = 5",
    )
    .await;
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
        define(&mut scene, Some(changes));
        let ended = sync(&scene).run().await.expect(2);
        assert!(ended.err.contains(said), "{changes}: {}", ended.err);
    }
}

/// SQLite changes a table by copying it; the copy has no triggers, and nothing says so.
async fn copy_articles(scene: &Scene) {
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'articles'";
    let create = scene.database.column(sql).await.remove(0);
    let copy = create.replacen("articles", "copy", 1);
    let moved = "INSERT INTO copy SELECT * FROM articles; DROP TABLE articles; ALTER TABLE copy RENAME TO articles";
    scene.database.execute(&format!("{copy}; {moved}")).await;
}

#[tokio::test]
async fn a_trigger_that_is_gone_is_told_everywhere_and_hides_nothing() {
    let scene = logged().await;
    let follower = Follower::start(&scene).await;
    copy_articles(&scene).await;
    scene
        .database
        .execute("UPDATE articles SET title = 'unseen by the log' WHERE id = 5")
        .await;
    eventually_in_step(&scene, "a write beside the log").await;
    let said = follower.not_ready("the triggers are gone").await;
    assert!(said.contains("bisan_changes_articles_update"), "{said}");
    assert!(said.contains("bisan-indexer triggers"), "{said}");
    let articles = by_changes(&scene).await;
    assert_eq!(articles["compare"], "all", "{articles}");
    let report = doctor(&scene, 0).await;
    let words = &["bisan_changes_articles_insert"];
    doctor::expect(&report, "articles", "definition.edits", "warning", words);
    let command = scene.command("status").args(["--output", "json"]);
    let report = command.run().await.expect(0).report();
    let database = &figures(&report, "articles")["database"];
    assert_eq!(database["waiting"], Value::Null, "{report}");
    assert_eq!(database["tracks_edits"], false, "{report}");

    // Mended as `triggers` prints it: the log is followed again, after one comparison.
    let drop = scene
        .command("triggers")
        .arg("--drop")
        .run()
        .await
        .expect(0);
    scene.database.execute(&drop.out).await;
    migrate(&scene).await;
    follower.ready("the triggers are back").await;
    scene
        .database
        .execute("UPDATE articles SET title = 'seen by the log' WHERE id = 5")
        .await;
    eventually_in_step(&scene, "a write that is logged").await;
    follower.stop().await;
    let articles = by_changes(&scene).await;
    assert_eq!(articles["compare"], "changed", "{articles}");
    assert_eq!(database_check(&scene).await, 0);
}

/// The exit code of `triggers --check`.
async fn database_check(scene: &Scene) -> i32 {
    let ended = scene.command("triggers").arg("--check").run().await;
    ended.status.code().unwrap_or(-1)
}

/// A commit is followed by another program's eyes alone: every kind of write, by Python's sqlite3, while the follower runs.
#[tokio::test]
async fn every_kind_of_write_of_another_program_is_followed() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT);
             CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT, slug TEXT UNIQUE,
               author INTEGER REFERENCES people (id) ON DELETE SET NULL, parent INTEGER REFERENCES posts (id) ON DELETE CASCADE);
             CREATE TABLE tags (code TEXT PRIMARY KEY, label TEXT) WITHOUT ROWID;
             CREATE TABLE posts_tags (post INTEGER, tag TEXT, PRIMARY KEY (post, tag));
             INSERT INTO people VALUES (1, 'a'), (2, 'b');
             INSERT INTO tags VALUES ('x', 'ex'), ('y', 'why');
             INSERT INTO posts SELECT value, 'post ' || value, 's' || value, 1 + value % 2, NULL FROM json_each('[1,2,3,4,5,6,7,8,9]');
             INSERT INTO posts_tags SELECT id, 'x' FROM posts WHERE id < 5;",
        )
        .await;
    let documents = "SELECT p.id, p.title, p.slug, w.name AS author, \
         (SELECT json_group_array(t.label) FROM posts_tags AS pt JOIN tags AS t ON t.code = pt.tag WHERE pt.post = p.id) AS \"tags:json\" \
         FROM posts AS p LEFT JOIN people AS w ON w.id = p.author";
    scene.define(|definitions| definitions.index("articles", documents));
    let changes = migrate(&scene).await;
    scene.define(|definitions| {
        definitions
            .index("articles", documents)
            .changes("articles", &changes)
    });
    scene.reindex().run().await.expect(0);
    let follower = Follower::start_with(
        &scene,
        &["--compare", "changed", "--compare-every", "1000h"],
    )
    .await;
    for write in [
        "INSERT INTO posts VALUES (20, 'new', 's20', 1, NULL)",
        "UPDATE posts SET title = 'edited' WHERE id = 1",
        "INSERT INTO posts VALUES (1, 'upserted', 's1', 1, NULL) ON CONFLICT (id) DO UPDATE SET title = excluded.title",
        "INSERT OR REPLACE INTO posts VALUES (30, 'took a slug', 's2', 1, NULL)",
        "PRAGMA recursive_triggers = ON; INSERT OR REPLACE INTO posts VALUES (31, 'took another', 's3', 1, NULL)",
        "UPDATE OR REPLACE posts SET slug = 's4' WHERE id = 5",
        "INSERT OR IGNORE INTO posts VALUES (1, 'ignored', 's1', 1, NULL)",
        "UPDATE posts SET id = 40 WHERE id = 6",
        "UPDATE posts SET rowid = 41 WHERE id = 7",
        "UPDATE people SET name = 'renamed' WHERE id = 2",
        "PRAGMA foreign_keys = ON; DELETE FROM people WHERE id = 2",
        "UPDATE tags SET label = 'EX' WHERE code = 'x'",
        "UPDATE posts_tags SET post = 8 WHERE post = 1",
        "INSERT INTO posts_tags VALUES (9, 'y')",
        "DELETE FROM posts_tags WHERE post = 9",
        "UPDATE posts SET parent = 20 WHERE id = 8; PRAGMA foreign_keys = ON; DELETE FROM posts WHERE id = 20",
        "BEGIN; UPDATE posts SET title = 'kept' WHERE id = 9; SAVEPOINT s; UPDATE posts SET title = 'rolled back' WHERE id = 9; \
         ROLLBACK TO s; COMMIT",
        "ATTACH '{path}' AS attached; INSERT INTO attached.posts VALUES (50, 'attached', 's50', 1, NULL)",
        "PRAGMA user_version = 7",
        "VACUUM",
        "UPDATE posts SET title = 'after VACUUM' WHERE id = 9",
        "ALTER TABLE posts ADD COLUMN more",
        "ALTER TABLE posts RENAME COLUMN more TO again",
        "ALTER TABLE posts DROP COLUMN again",
        "UPDATE posts SET title = 'after all that' WHERE id = 9",
        "DELETE FROM posts WHERE id <> 9",
    ] {
        let path = scene.database.path.display().to_string();
        write_by_python(&scene, &write.replace("{path}", &path)).await;
        eventually(write, async || equal(&scene).await.then_some(())).await;
    }
    let metrics = follower.asks("/metrics").await.unwrap().1;
    assert!(
        metrics.contains("bisan_indexer_tracks_edits{index=\"articles\"} 1"),
        "{metrics}"
    );
    follower.stop().await;
}

async fn write_by_python(scene: &Scene, sql: &str) {
    let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); c.executescript(sys.argv[2]); c.commit()";
    let path = scene.database.path.clone();
    let sql = sql.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        std::process::Command::new("python3")
            .args(["-c", program])
            .arg(path)
            .arg(sql)
            .output()
    });
    let written = written.await.unwrap().unwrap();
    assert!(
        written.status.success(),
        "{}",
        String::from_utf8_lossy(&written.stderr)
    );
}

/// Whether the index holds what the tables say, by SQL of the test's own.
async fn equal(scene: &Scene) -> bool {
    let rows = "SELECT json_object('id', p.id, 'title', p.title, 'slug', p.slug, 'author', w.name, 'tags', json((SELECT \
         json_group_array(t.label) FROM posts_tags AS pt JOIN tags AS t ON t.code = pt.tag WHERE pt.post = p.id))) \
         FROM posts AS p LEFT JOIN people AS w ON w.id = p.author";
    scene.holds("articles", rows).await
}

/// Without its primary key, the rows of the copy are logged under another name, which the changes.sql of before does not read.
#[tokio::test]
async fn a_changes_sql_that_reads_the_log_of_former_triggers_is_told_and_hides_nothing() {
    let scene = logged().await;
    scene
        .database
        .execute(
            "CREATE TABLE copy AS SELECT * FROM articles; DROP TABLE articles; ALTER TABLE copy RENAME TO articles",
        )
        .await;
    let drop = scene
        .command("triggers")
        .arg("--drop")
        .run()
        .await
        .expect(0);
    scene.database.execute(&drop.out).await;
    migrate(&scene).await;
    assert_eq!(database_check(&scene).await, 5);
    let articles = after(
        &scene,
        "UPDATE articles SET title = 'logged elsewhere' WHERE id = 5",
    )
    .await;
    assert_eq!(articles["compare"], "all", "{articles}");
    scene.expect_in_step().await;
    let words = &["articles/changes.sql", "--changes articles"];
    let report = doctor(&scene, 0).await;
    doctor::expect(&report, "articles", "definition.edits", "warning", words);
}
