//! `doctor` finds everything at once, changes nothing, and says what to do.

use serde_json::{Value, json};

use crate::support::leftovers::leave_a_build;
use crate::support::{Api, Scene, ServerOptions};

pub(super) async fn doctor(scene: &Scene, code: i32) -> Value {
    scene
        .command("doctor")
        .args(["--output", "json"])
        .run()
        .await
        .expect(code)
        .report()
}

/// What came of one check of one thing: the verdict, and all that was said.
fn of(report: &Value, about: &str, check: &str) -> (String, String) {
    let checks = report["checks"].as_array().unwrap();
    let mut its = checks
        .iter()
        .filter(|one| one["about"] == about && one["check"] == check)
        .peekable();
    let verdict = its.peek().map_or("none".to_owned(), |one| {
        one["verdict"].as_str().unwrap().to_owned()
    });
    let said: Vec<String> = its
        .map(|one| format!("{} {}", one["found"], one["advice"]))
        .collect();
    (verdict, said.join(" "))
}

#[track_caller]
pub(super) fn expect(report: &Value, about: &str, check: &str, verdict: &str, words: &[&str]) {
    let (found, said) = of(report, about, check);
    assert_eq!(found, verdict, "{about} {check}: {said}\n{report:#}");
    for word in words {
        assert!(
            said.contains(word),
            "{about} {check}: `{word}` is not in {said}"
        );
    }
}

async fn tasks(api: &Api) -> u64 {
    api.get("/tasks?limit=1").await.expect(200)["total"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn what_is_well_is_said_to_be_and_nothing_is_touched() {
    for like_1_5 in [false, true] {
        let options = ServerOptions {
            like_1_5,
            ..ServerOptions::default()
        };
        let scene = Scene::on(options).await;
        scene.already_live().await;
        let before = (
            scene.live().await,
            tasks(&scene.api).await,
            scene.database.folder(),
        );
        let report = doctor(&scene, 0).await;
        assert_eq!(
            (&report["outcome"], &report["failed"]),
            (&json!("fine"), &json!(0))
        );
        for (about, check) in [
            ("database", "database.readable"),
            ("database", "database.lock"),
            ("server", "server.version"),
            ("server", "server.open"),
            ("key", "key.actions"),
            ("articles", "definition.documents"),
            ("articles", "definition.reads_by_id"),
            ("articles", "definition.change_times"),
            ("articles", "live.definition"),
            ("articles", "live.settings"),
            ("authors", "live.ids"),
        ] {
            expect(&report, about, check, "ok", &[]);
        }
        let sql = "CREATE INDEX index_articles_on_updated_at ON articles (updated_at);";
        expect(
            &report,
            "articles",
            "definition.changes_index",
            "warning",
            &[sql],
        );
        assert_eq!(
            (
                scene.live().await,
                tasks(&scene.api).await,
                scene.database.folder()
            ),
            before
        );
        let said = scene.command("doctor").run().await.expect(0).out;
        assert!(
            said.contains("→ CREATE INDEX") && said.contains("a run goes well"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn the_index_that_is_advised_is_the_one_that_helps() {
    let scene = Scene::new().await;
    scene
        .database
        .execute("CREATE INDEX a ON articles (updated_at); CREATE INDEX b ON authors (updated_at)")
        .await;
    let report = doctor(&scene, 0).await;
    expect(&report, "articles", "definition.changes_index", "ok", &[]);
    expect(&report, "authors", "definition.changes_index", "ok", &[]);
    expect(&report, "articles", "live.index", "warning", &["reindex"]);
}

#[tokio::test]
async fn no_fault_hides_another() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, titel FROM articles")
            .changes("articles", "SELECT id FROM articles")
            .settings("articles", json!({"stopwords": [], "rankingRule": []}))
            .index("authors", "SELECT id, bio AS \"bio:markdown\" FROM authors")
            .file("authors", "settings.json", "{")
            .index("posts", "SELECT title FROM articles")
    });
    let program = scene
        .command("doctor")
        .env("MEILISEARCH_API_KEY", "a-wrong-key")
        .args(["--output", "json"]);
    let report = program.run().await.expect(3).report();
    assert_eq!(report["outcome"], "failed");
    expect(
        &report,
        "articles",
        "definition.documents",
        "failed",
        &["no such column: titel"],
    );
    expect(
        &report,
        "articles",
        "definition.changes",
        "failed",
        &["changed_at"],
    );
    expect(
        &report,
        "articles",
        "definition.settings",
        "failed",
        &["stopWords", "rankingRules"],
    );
    expect(
        &report,
        "authors",
        "definition.files",
        "failed",
        &["settings.json", "JSON"],
    );
    expect(&report, "posts", "definition.documents", "failed", &["id"]);
    expect(
        &report,
        "key",
        "key.actions",
        "failed",
        &["may do nothing", "MEILISEARCH_API_KEY"],
    );
    expect(&report, "database", "database.readable", "ok", &[]);

    let program =
        scene
            .command("doctor")
            .args(["--database", "/nowhere/at/all.sqlite3", "--output", "json"]);
    let report = program.run().await.expect(3).report();
    expect(
        &report,
        "database",
        "database.readable",
        "failed",
        &["volume mounted"],
    );
    expect(&report, "key", "key.actions", "ok", &[]);

    let program = scene
        .command("doctor")
        .env("MEILISEARCH_HOST", "http://127.0.0.1:1")
        .args(["--output", "json"]);
    let report = program.run().await.expect(3).report();
    expect(
        &report,
        "server",
        "server.health",
        "failed",
        &["nothing answers"],
    );
    expect(&report, "posts", "definition.documents", "failed", &[]);
}

/// A key with these actions on these indexes.
async fn key(scene: &Scene, actions: &[&str], indexes: &[&str]) -> String {
    let body = json!({"actions": actions, "indexes": indexes, "expiresAt": null});
    let key = scene.api.post("/keys", body).await.expect(201);
    key["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_a_key_lacks_is_told_by_name_and_found_without_effect() {
    const ENOUGH: [&str; 13] = [
        "indexes.get",
        "indexes.create",
        "indexes.delete",
        "indexes.swap",
        "documents.get",
        "documents.add",
        "documents.delete",
        "settings.get",
        "settings.update",
        "tasks.get",
        "tasks.cancel",
        "stats.get",
        "search",
    ];
    let scene = Scene::new().await;
    scene.already_live().await;
    let (articles, authors) = (
        format!("{}*", scene.uid("articles")),
        format!("{}*", scene.uid("authors")),
    );
    let patterns = [
        articles.as_str(),
        authors.as_str(),
        "bisan_indexer_checkpoints",
    ];
    let with = |key: String, code: i32| {
        let program = scene
            .command("doctor")
            .env("MEILISEARCH_API_KEY", key)
            .args(["--output", "json"]);
        async move { program.run().await.expect(code).report() }
    };
    let before = (scene.live().await, tasks(&scene.api).await);

    let report = with(key(&scene, &ENOUGH, &patterns).await, 0).await;
    expect(&report, "key", "key.actions", "ok", &ENOUGH);
    expect(
        &report,
        "key",
        "key.limited",
        "ok",
        &["proven by what lies there"],
    );
    expect(&report, "server", "server.version", "ok", &["may not ask"]);

    let fewer: Vec<&str> = ENOUGH
        .into_iter()
        .filter(|one| !["indexes.delete", "tasks.cancel"].contains(one))
        .collect();
    let report = with(key(&scene, &fewer, &patterns).await, 3).await;
    expect(
        &report,
        "key",
        "key.actions",
        "failed",
        &[
            "may not do indexes.delete, tasks.cancel",
            "when it is interrupted",
        ],
    );

    let report = with(key(&scene, &ENOUGH, &patterns[..2]).await, 3).await;
    expect(
        &report,
        "key",
        "key.indexes",
        "failed",
        &["may not touch bisan_indexer_checkpoints", "articles_*"],
    );

    let live_only = [scene.uid("articles"), scene.uid("authors")];
    let live_only: Vec<&str> = live_only
        .iter()
        .map(String::as_str)
        .chain([patterns[2]])
        .collect();
    let report = with(key(&scene, &ENOUGH, &live_only).await, 3).await;
    expect(
        &report,
        "key",
        "key.indexes",
        "failed",
        &["articles_19700101T000000Z"],
    );
    assert_eq!((scene.live().await, tasks(&scene.api).await), before);
}

#[tokio::test]
async fn an_open_server_is_told() {
    let options = ServerOptions {
        open: true,
        ..ServerOptions::default()
    };
    let Some(scene) = Scene::on_own_server(options).await else {
        return;
    };
    let report = doctor(&scene, 0).await;
    expect(
        &report,
        "server",
        "server.open",
        "warning",
        &["without a key", "MEILI_MASTER_KEY"],
    );
}

#[tokio::test]
async fn rows_that_a_follower_cannot_see_are_counted() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE notes (title TEXT, rating, updated_at);
             INSERT INTO notes VALUES ('a', 1, '2026-11-24 10:00:00'), ('b', 'two', NULL), ('c', 3, NULL),
                                      ('d', 4, '2099-01-01 00:00:00');",
        )
        .await;
    let changes =
        "SELECT rowid AS id, updated_at AS changed_at FROM notes WHERE updated_at >= :since";
    scene.define(|definitions| {
        definitions
            .index(
                "notes",
                "SELECT rowid AS id, title, rating, date('now') AS today FROM notes",
            )
            .changes("notes", changes)
            .settings(
                "notes",
                json!({"sortableAttributes": ["rating"], "pagination": {"maxTotalHits": 3}}),
            )
    });
    let report = doctor(&scene, 0).await;
    expect(
        &report,
        "notes",
        "definition.ids",
        "warning",
        &["rowid of notes", "INTEGER PRIMARY KEY"],
    );
    expect(&report, "notes", "definition.clock", "warning", &["now"]);
    expect(
        &report,
        "notes",
        "definition.change_times",
        "warning",
        &["2 documents have no change timestamp, first id 2"],
    );
    expect(
        &report,
        "notes",
        "definition.change_times",
        "warning",
        &["1 row is dated in the future: id 4"],
    );
    expect(
        &report,
        "notes",
        "definition.mixed_types",
        "warning",
        &["rating is a number in 3 (id 1) and a text in 1 (id 2)"],
    );
    expect(
        &report,
        "notes",
        "definition.max_total_hits",
        "warning",
        &["4 documents", "hides 1"],
    );

    scene
        .database
        .execute("UPDATE notes SET updated_at = 1764000000 WHERE title = 'c'")
        .await;
    let report = doctor(&scene, 3).await;
    expect(
        &report,
        "notes",
        "definition.change_times",
        "failed",
        &["id 3 has a number, id 1 a text"],
    );
}

#[tokio::test]
async fn what_other_programs_do_to_a_live_index_is_told() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let articles = scene.uid("articles");
    let settings = json!({"searchableAttributes": ["title"], "synonyms": {"a": ["b"]}});
    scene
        .api
        .succeed(
            "PATCH",
            &format!("/indexes/{articles}/settings"),
            Some(settings),
        )
        .await;
    let gem = json!([{"id": "1", "title": "x", "excerpt": "x", "body": "<p>x</p>"}, {"id": "900", "title": "y"}]);
    scene
        .api
        .succeed("POST", &format!("/indexes/{articles}/documents"), Some(gem))
        .await;
    scene.database.import(2, "خبر").await;
    let host = bisan_indexer::host::name();
    let left = leave_a_build(&scene, "articles", &host, "2026-11-24T14:30:00Z").await;
    if scene.server.is_ours() {
        scene.api.fill("Article", json!([{"id": "1"}])).await;
    }

    let report = doctor(&scene, 0).await;
    expect(
        &report,
        "articles",
        "live.settings",
        "warning",
        &["searchableAttributes"],
    );
    expect(
        &report,
        "articles",
        "live.unmentioned_settings",
        "warning",
        &["synonyms"],
    );
    expect(
        &report,
        "articles",
        "live.other_settings",
        "warning",
        &["1 settings task", "check_settings: false"],
    );
    expect(
        &report,
        "articles",
        "live.other_documents",
        "warning",
        &["author_id", "2 documents"],
    );
    expect(
        &report,
        "articles",
        "live.ids",
        "warning",
        &["2 documents are in the database", "1 is live", "id 900"],
    );
    expect(
        &report,
        "articles",
        "live.leftovers",
        "warning",
        &[&left, "clean"],
    );
    if scene.server.is_ours() {
        expect(
            &report,
            "articles",
            "live.class_name",
            "warning",
            &["--uid articles=Article"],
        );
    }
    assert_eq!(of(&report, "authors", "live.other_settings").0, "none");
}

#[tokio::test]
async fn a_run_at_work_is_told() {
    let scene = Scene::new().await;
    let file = std::fs::File::open(&scene.database.path).unwrap();
    file.try_lock().unwrap();
    let quiet = scene.command("doctor").arg("--quiet").run().await.expect(0);
    let quiet = quiet.says(["WARN database: another run is at work"]);
    assert_eq!(quiet.out, "");
    let report = doctor(&scene, 0).await;
    expect(
        &report,
        "database",
        "database.lock",
        "warning",
        &["another run", "exit code 4"],
    );
}

/// A reader that never ends keeps SQLite from taking its log back.
#[tokio::test]
async fn a_log_that_has_grown_is_told() {
    let scene = Scene::new().await;
    let mut application = scene.database.open().await;
    sqlx::query("UPDATE articles SET title = 'in the log' WHERE id = 1")
        .execute(&mut application)
        .await
        .unwrap();
    let log = format!("{}-wal", scene.database_url());
    let log = std::fs::File::options().write(true).open(log).unwrap();
    // Nothing but its length: a log is read to its first frame that is none.
    log.set_len(300 << 20).unwrap();
    let report = doctor(&scene, 0).await;
    expect(
        &report,
        "database",
        "database.journal",
        "warning",
        &["314.6 MB"],
    );
}

/// No offset is UTC, as Rails writes it.
#[tokio::test]
async fn times_that_are_hours_ahead_hint_at_local_time() {
    let scene = Scene::new().await;
    scene
        .database
        .execute(
            "UPDATE articles SET updated_at = STRFTIME('%Y-%m-%d %H:%M:%S', 'now', '+3 hours')",
        )
        .await;
    let report = doctor(&scene, 0).await;
    let words = [
        "12 rows are dated in the future",
        "local time without an offset",
    ];
    expect(
        &report,
        "articles",
        "definition.change_times",
        "warning",
        &words,
    );
}
