//! What `init` writes is taken by `reindex` as it is, whatever the schema.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Database, Scene};

/// A scene whose database is made by `sql`.
pub async fn scene_of(sql: &str) -> Scene {
    let mut scene = Scene::new().await;
    let path = scene.path("rails/other.sqlite3");
    scene.database = Database::made_by(&path, sql).await;
    scene
}

pub fn definitions(scene: &Scene) -> PathBuf {
    scene.path("drafts")
}

pub async fn init(scene: &Scene, options: &[&str], code: i32) -> Value {
    let program = scene.command("init").args(["--output", "json"]);
    let program = program.arg("--output-dir").arg(definitions(scene));
    let ended = program.args(options.iter().copied()).run().await;
    ended.expect(code).report()
}

/// The names of the definitions; each is indexed, smoke queries and all, and followed.
async fn used(scene: &Scene, options: &[&str]) -> Vec<String> {
    let report = init(scene, options, 0).await;
    for command in ["reindex", "sync"] {
        let program = scene.command(command);
        let run = program.env("BISAN_INDEXER_INDEX_SETTINGS", definitions(scene));
        run.run().await.expect(0);
    }
    let indexes = report["indexes"].as_array().unwrap().iter();
    indexes
        .map(|index| index["index"].as_str().unwrap().to_owned())
        .collect()
}

fn file(scene: &Scene, path: &str) -> String {
    std::fs::read_to_string(definitions(scene).join(path)).unwrap()
}

#[tokio::test]
async fn a_rails_schema_without_its_own_tables() {
    let scene = Scene::new().await;
    if !scene.has_own_server() {
        return;
    }
    assert_eq!(used(&scene, &[]).await, ["articles", "authors"]);
    let settings: Value = serde_json::from_str(&file(&scene, "articles/settings.json")).unwrap();
    assert_eq!(settings["stopWords"], json!(["ال"]));
    assert_eq!(
        settings["localizedAttributes"][0]["locales"],
        json!(["ara"])
    );
    let searched = settings["searchableAttributes"].as_array().unwrap();
    assert_eq!(searched[0], "title");
    assert!(searched.contains(&json!("author_name")) && searched.contains(&json!("body")));
    let documents = file(&scene, "articles/documents.sql");
    assert!(
        documents.contains(r#"AS "body:html""#) && documents.contains(r#"AS "updated_at:unix""#),
        "{documents}"
    );
    assert!(file(&scene, "articles/changes.sql").contains("UNION ALL"));
    scene.expect_in_step().await;
}

#[tokio::test]
async fn a_django_schema_without_its_passwords() {
    let scene = scene_of(
        "CREATE TABLE django_migrations (id integer PRIMARY KEY, app varchar(255) NOT NULL);
         CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150) NOT NULL, password varchar(128) NOT NULL);
         CREATE TABLE blog_post (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, title varchar(200) NOT NULL, text text NOT NULL,
           is_public bool NOT NULL, modified datetime NOT NULL, edit_token varchar(20), data text CHECK (json_valid(data)),
           owner_id integer NOT NULL REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TABLE blog_post_tags (id integer PRIMARY KEY, post_id integer REFERENCES blog_post (id), tag_id integer);
         INSERT INTO auth_user VALUES (1, 'layla', 'pbkdf2_sha256$1$x');
         INSERT INTO blog_post VALUES (1, 'Harvest', 'Olives of the north', 1, '2026-01-02 03:04:05.123456', 'x', '{\"a\": 1}', 1);",
    )
    .await;
    if !scene.has_own_server() {
        return;
    }
    assert_eq!(used(&scene, &[]).await, ["blog_post"]);
    let document = scene.api.document("blog_post", "1").await.unwrap();
    assert_eq!(
        (
            &document["owner_name"],
            &document["is_public"],
            &document["data"]["a"]
        ),
        (&json!("layla"), &json!(true), &json!(1))
    );
    assert_eq!(document.get("edit_token"), None, "{document}");
    let settings: Value = serde_json::from_str(&file(&scene, "blog_post/settings.json")).unwrap();
    assert_eq!(settings.get("stopWords"), None, "{settings}");
}

#[tokio::test]
async fn full_text_tables_and_views_are_left_to_those_who_ask() {
    let scene = scene_of(
        "CREATE TABLE notes (body TEXT, 'a.b' TEXT, _private TEXT, picture BLOB, \"say \"\"it\"\"\" TEXT);
         CREATE VIRTUAL TABLE notes_fts USING fts5(body, content='notes');
         CREATE VIEW long_notes AS SELECT rowid AS id, body FROM notes;
         CREATE VIEW bodies AS SELECT body FROM notes;
         INSERT INTO notes VALUES ('some words to find', 'x', 'y', x'00', 'z'), (NULL, NULL, NULL, NULL, NULL);",
    )
    .await;
    if !scene.has_own_server() {
        return;
    }
    assert_eq!(used(&scene, &[]).await, ["notes"]);
    assert_eq!(scene.api.count("notes").await, 2);
    assert_eq!(
        used(&scene, &["--table", "long_notes"]).await,
        ["long_notes"]
    );
    for (table, why) in [
        ("notes_fts", "virtual"),
        ("bodies", "no column `id`"),
        ("note", "long_notes"),
    ] {
        let report = init(&scene, &["--table", table, "--force"], 2).await;
        assert!(report["error"].to_string().contains(why), "{report}");
    }
}

#[tokio::test]
async fn composite_and_text_keys_become_ids() {
    let scene = scene_of(
        "CREATE TABLE pages (lang TEXT NOT NULL, slug TEXT NOT NULL, title TEXT, updated_at INTEGER, PRIMARY KEY (lang, slug)) WITHOUT ROWID;
         CREATE TABLE words (word TEXT PRIMARY KEY, meaning TEXT);
         CREATE TABLE codes (code TEXT PRIMARY KEY, name TEXT);
         INSERT INTO pages VALUES ('ar', 'about-us', 'About', 1700000000), ('en', 'about', 'Über', 1700000001);
         INSERT INTO words VALUES ('زيتون', 'olive'), (NULL, 'nothing');
         INSERT INTO codes VALUES ('a-1', 'First'), ('B_2', 'Second'), ('c-3', 'Third'), ('d-4', 'Fourth'), ('e-5', 'Fifth');",
    )
    .await;
    if !scene.has_own_server() {
        return;
    }
    assert_eq!(used(&scene, &[]).await, ["codes", "pages", "words"]);
    assert_eq!(scene.api.count("pages").await, 2);
    assert_eq!(scene.api.count("words").await, 1);
    assert!(scene.api.document("codes", "a-1").await.is_some());
    scene
        .database
        .execute("UPDATE pages SET title = 'New', updated_at = 1800000000 WHERE lang = 'en'")
        .await;
    let sync = scene.command("sync").args(["--compare", "changed"]);
    let sync = sync.env("BISAN_INDEXER_INDEX_SETTINGS", definitions(&scene));
    sync.run().await.expect(0);
    let pages = scene.api.documents("pages").await;
    assert!(pages.iter().any(|page| page["title"] == "New"), "{pages:?}");
}

#[tokio::test]
async fn rows_whose_composite_key_is_null_are_published_all_the_same() {
    let scene = scene_of(
        "CREATE TABLE uses (authority TEXT, code INTEGER, title TEXT NOT NULL, PRIMARY KEY (authority, code));
         INSERT INTO uses VALUES ('A', NULL, 'first title'), ('A', NULL, 'second title'), ('B', 1, 'third title')",
    )
    .await;
    let written = init(&scene, &[], 0).await;
    let notes = written["indexes"][0]["notes"].to_string();
    assert!(notes.contains("code is NULL in 2 rows"), "{notes}");
    let sql = file(&scene, "uses/documents.sql");
    assert!(sql.contains("uses.rowid AS id"), "{sql}");
    assert!(!sql.contains("IS NOT NULL"), "{sql}");
    if scene.has_own_server() {
        used(&scene, &["--force"]).await;
        assert_eq!(scene.api.count("uses").await, 3);
    }
}

#[tokio::test]
async fn nothing_is_overwritten_and_a_dry_run_writes_nothing() {
    let scene = Scene::new().await;
    let shown = init(&scene, &["--dry-run"], 0).await;
    assert_eq!(shown["outcome"], "shown");
    assert!(!definitions(&scene).exists());
    init(&scene, &["--table", "authors"], 0).await;
    std::fs::write(definitions(&scene).join("authors/documents.sql"), "mine").unwrap();
    let refused = init(&scene, &[], 2).await;
    assert!(
        refused["error"].to_string().contains("--force"),
        "{refused}"
    );
    assert_eq!(file(&scene, "authors/documents.sql"), "mine");
    assert!(!definitions(&scene).join("articles").exists());
    init(&scene, &["--force"], 0).await;
    assert!(file(&scene, "authors/documents.sql").contains("SELECT"));
}

#[tokio::test]
async fn a_running_indexs_settings_are_taken() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let uid = scene.uid("authors");
    let options = ["--from-meilisearch", uid.as_str()];
    let refused = init(&scene, &options, 2).await;
    assert!(
        refused["error"].to_string().contains("--table"),
        "{refused}"
    );
    init(&scene, &[&options[..], &["--table", "authors"]].concat(), 0).await;
    let settings: Value = serde_json::from_str(&file(&scene, "authors/settings.json")).unwrap();
    assert_eq!(settings["stopWords"], json!(["ال"]));
    assert_eq!(settings["searchableAttributes"], json!(["name", "bio"]));
    assert_eq!(settings.get("rankingRules"), None);
}

#[tokio::test]
async fn taken_settings_come_with_smoke_queries_that_they_answer() {
    let scene = Scene::new().await;
    if !scene.has_own_server() {
        return;
    }
    scene.api.fill("taken", json!([])).await;
    let nothing_of_the_name = json!({ "searchableAttributes": ["bio"] });
    let settings = Some(nothing_of_the_name);
    let path = "/indexes/taken/settings";
    scene.api.succeed("PATCH", path, settings).await;
    let options = ["--table", "authors", "--from-meilisearch", "taken"];
    assert_eq!(used(&scene, &options).await, ["authors"]);
}

#[tokio::test]
async fn a_table_that_will_not_do_is_told_and_the_others_are_written() {
    let scene = scene_of(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT);
         CREATE TABLE links (url TEXT PRIMARY KEY, title TEXT);
         CREATE TABLE broken (id INTEGER PRIMARY KEY, title TEXT);
         CREATE TABLE bisan_indexer_checkpoints (id INTEGER PRIMARY KEY, title TEXT);
         CREATE TABLE counters (id INTEGER PRIMARY KEY, n INTEGER);
         CREATE TABLE drafts (id INTEGER PRIMARY KEY, title TEXT);
         INSERT INTO notes VALUES (1, 'some words');
         INSERT INTO links VALUES ('https://example.com/' || hex(zeroblob(150)), 'a long address');
         INSERT INTO broken VALUES (1, 'good words'), (2, CAST(x'ff41' AS TEXT));
         INSERT INTO bisan_indexer_checkpoints VALUES (1, 'some words');
         INSERT INTO counters VALUES (1, 2);",
    )
    .await;
    let report = init(&scene, &["--dry-run"], 0).await;
    assert_eq!(report["indexes"].as_array().unwrap().len(), 1, "{report}");
    let left_out = report["left_out"].as_array().unwrap();
    let why = |table: &str| {
        let found = left_out.iter().find(|one| one["table"] == table);
        found.unwrap_or_else(|| panic!("{table}: {report}"))["why"].to_string()
    };
    for (table, word) in [
        ("links", "511"),
        ("broken", "UTF-8"),
        ("bisan_indexer_checkpoints", "checkpoints under it"),
        ("counters", "texts"),
        ("drafts", "no rows"),
    ] {
        assert!(why(table).contains(word), "{}", why(table));
    }
    let refused = init(&scene, &["--table", "notes,broken"], 2).await;
    assert!(refused["error"].to_string().contains("UTF-8"), "{refused}");
    assert!(!definitions(&scene).exists());
}
