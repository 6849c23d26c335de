//! `triggers` prints what a migration executes, and tells what of it a database lacks.

use serde_json::json;

use crate::support::Database;
use crate::support::definitions::Definitions;
use crate::support::program::{Ended, Program};
use crate::triggers::Logged;

const POSTS: &str = "CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT, author_id INTEGER, slug TEXT UNIQUE);
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX by_author ON posts (author_id);";
const DOCUMENTS: &str = "SELECT posts.id AS id, title, name FROM posts LEFT JOIN authors ON authors.id = posts.author_id";

async fn posts() -> Logged {
    Logged::new(
        POSTS,
        &[("posts", DOCUMENTS)],
        "INSERT INTO posts VALUES (1, 'a', 1, 's')",
    )
    .await
}

#[tokio::test]
async fn a_database_that_lost_its_triggers_to_a_copied_table_is_told_which() {
    let mut posts = posts().await;
    let whole = posts
        .run(&["--check", "--output", "json"])
        .await
        .expect(0)
        .report();
    assert_eq!(
        (&whole["outcome"], &whole["missing"]),
        (&json!("complete"), &json!([]))
    );
    // What Rails does for change_column.
    posts
        .write(
            "CREATE TABLE copy AS SELECT * FROM posts; DROP TABLE posts; CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT NOT NULL,
             author_id INTEGER, slug TEXT UNIQUE); INSERT INTO posts SELECT * FROM copy; DROP TABLE copy",
        )
        .await;
    let lost = posts
        .run(&["--check", "--output", "json"])
        .await
        .expect(5)
        .report();
    let missing: Vec<&str> = lost["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    let expected = ["insert", "update", "delete", "replace_slug", "replace"];
    assert_eq!(
        missing,
        expected.map(|end| format!("bisan_changes_posts_{end}"))
    );
    posts.run(&["--check"]).await.expect(5);
    for sql in lost["statements"].as_array().unwrap() {
        posts.write(sql.as_str().unwrap()).await;
    }
    posts.run(&["--check"]).await.expect(0);
    posts.names("UPDATE posts SET title = 'b'", &["1"]).await;
}

#[tokio::test]
async fn a_column_that_no_trigger_watches_is_told_and_so_is_a_trigger_too_many() {
    let mut posts = posts().await;
    let more = format!("{DOCUMENTS} WHERE slug IS NOT NULL");
    std::fs::write(posts.definitions().join("posts/documents.sql"), more).unwrap();
    let report = posts
        .run(&["--check", "--output", "json"])
        .await
        .expect(5)
        .report();
    assert_eq!(
        report["missing"],
        json!([{"name": "bisan_changes_posts_update", "table": "posts", "why": "it does not run at updates of slug"}])
    );
    for sql in report["statements"].as_array().unwrap() {
        posts.write(sql.as_str().unwrap()).await;
    }
    // The triggers do more than the first definition needs.
    std::fs::write(
        posts.definitions().join("posts/documents.sql"),
        "SELECT id, title FROM posts",
    )
    .unwrap();
    let report = posts
        .run(&["--check", "--output", "json"])
        .await
        .expect(0)
        .report();
    assert!(
        report["unneeded"]
            .to_string()
            .contains("bisan_changes_authors_insert"),
        "{report}"
    );
}

#[tokio::test]
async fn what_is_printed_runs_in_sqlite_and_is_taken_away_again() {
    let mut posts = posts().await;
    let drop = posts.run(&["--drop"]).await.expect(0).out;
    posts.write(&drop).await;
    let report = posts
        .run(&["--check", "--output", "json"])
        .await
        .expect(5)
        .report();
    assert_eq!(report["missing"][0]["why"], "the log is not there");
    let script = posts.run(&[]).await.expect(0).out;
    posts.write(&script).await;
    posts.run(&["--check"]).await.expect(0);
    let other = posts
        .run(&["--log-table", "an \"other\" log", "--keep", "5000"])
        .await
        .expect(0)
        .out;
    posts.write(&other).await;
    posts
        .run(&["--check", "--log-table", "an \"other\" log"])
        .await
        .expect(0);
    let rails = posts.run(&["--rails"]).await.expect(0).out;
    assert!(
        rails.starts_with("class AddBisanChanges < ActiveRecord::Migration[7.1]\n  def up\n"),
        "{rails}"
    );
    assert_eq!(
        rails.matches("execute <<~'SQL'").count(),
        script.matches(";\n\n").count() + 1 + drop.matches(';').count(),
        "{rails}"
    );
    let changes = posts.run(&["--changes", "posts"]).await.expect(0).out;
    posts.run(&["--write-changes"]).await.expect(0);
    let written = std::fs::read_to_string(posts.definitions().join("posts/changes.sql")).unwrap();
    assert_eq!(written, changes);
    posts
        .run(&["--changes", "pages"])
        .await
        .expect(2)
        .says(["there are: posts"]);
}

#[tokio::test]
async fn the_log_is_pruned_and_never_empty() {
    let mut posts = posts().await;
    let drop = posts.run(&["--drop"]).await.expect(0).out;
    posts.write(&drop).await;
    let script = posts.run(&["--keep", "1000"]).await.expect(0).out;
    posts.write(&script).await;
    posts.write("WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 3500) INSERT INTO posts (id) SELECT i FROM n").await;
    let rows = posts
        .rows("SELECT CAST(count(*) AS TEXT) || ' ' || max(seq) FROM bisan_changes")
        .await;
    assert_eq!(rows, ["1500 3500"]);
}

/// `triggers` for one definition of the posts.
async fn triggers_for(documents: &str, schema: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sqlite3");
    Database::made_by(&path, schema).await;
    let definitions = folder.path().join("definitions");
    Definitions::empty(&definitions).index("posts", documents);
    let program = Program::new(folder.path()).arg("triggers");
    let program = program.arg("--database").arg(&path);
    program.arg("--index-settings").arg(definitions).run().await
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused_with_what_to_do() {
    let schema = format!("{POSTS} CREATE VIRTUAL TABLE found USING fts5(body);");
    for (documents, said) in [
        ("SELECT rowid AS id, body FROM found", "virtual table"),
        (
            "SELECT posts.id || authors.id AS id FROM posts, authors",
            "several tables",
        ),
        ("SELECT 1 AS id", "no column of a table"),
        ("SELECT title FROM posts", "no such column"),
        ("SELECT id, seq FROM posts, bisan_changes", "bisan_changes"),
    ] {
        let ended = triggers_for(documents, &schema).await;
        ended.expect(2).says([said, "posts"]);
    }
}

/// In a trigger, NEW.column has no type: a text column is not equal to the number that it shows.
#[tokio::test]
async fn an_id_that_is_computed_by_comparing_is_told() {
    for (id, is_told) in [
        ("CASE WHEN title = 1 THEN 'a' ELSE 'b' END || id", true),
        ("'post-' || id", false),
    ] {
        let documents = format!("SELECT {id} AS id, title FROM posts");
        let ended = triggers_for(&documents, POSTS).await.expect(0);
        assert_eq!(
            ended.err.contains("computed by comparing"),
            is_told,
            "{}",
            ended.err
        );
    }
}

/// Bisan's own definitions.
#[tokio::test]
async fn the_shipped_definitions_name_what_changes_in_a_database_like_bisans() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sqlite3");
    let database = Database::bisan(&path, bisan_indexer::sample::Sample::tiny(30)).await;
    let program = Program::new(folder.path())
        .arg("triggers")
        .arg("--database")
        .arg(&path);
    let report = program
        .args(["--output", "json"])
        .run()
        .await
        .expect(0)
        .report();
    for sql in report["statements"].as_array().unwrap() {
        database.execute(sql.as_str().unwrap()).await;
    }
    let articles = report["changes"][0]["sql"]
        .as_str()
        .unwrap()
        .replace(":after", "1");
    assert_eq!(report["changes"][0]["warnings"], json!([]));
    let of_author = database
        .column("SELECT CAST(id AS TEXT) FROM articles WHERE author_id = 3 ORDER BY id")
        .await;
    database.rename_author(3, "اسم جديد").await;
    // Touches no column of a document.
    database
        .execute("UPDATE authors SET articles_count = articles_count + 1")
        .await;
    let sql = format!("SELECT CAST(id AS TEXT) FROM (\n{articles}\n) ORDER BY id");
    assert_eq!(database.column(&sql).await, of_author);
    assert_eq!(database.count("bisan_changes").await, 2);
}
