//! `status` tells whether search is what it should be, so that one line of cron can.

use serde_json::{Value, json};

use crate::support::Scene;
use crate::support::leftovers::leave_a_build;
use crate::support::scene::CHECKPOINTS;

use super::doctor::{doctor, expect};
use super::sync_changes::{figures, sync};

async fn status(scene: &Scene, options: &[&str], code: i32) -> Value {
    let program = scene
        .command("status")
        .args(["--output", "json"])
        .args(options.iter().copied());
    program.run().await.expect(code).report()
}

fn index<'r>(report: &'r Value, name: &str) -> &'r Value {
    let indexes = report["indexes"].as_array().unwrap();
    indexes.iter().find(|index| index["index"] == name).unwrap()
}

#[tokio::test]
async fn what_is_live_is_shown_beside_what_the_database_has() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.reindex().run().await.expect(0);
    let live = scene.live().await;
    scene
        .api
        .fill(
            &format!("{}_archive", scene.uid("articles")),
            json!([{"id": 1}]),
        )
        .await;

    let report = status(&scene, &["--max-missing", "0", "--max-lag", "1m"], 0).await;
    assert_eq!(
        (&report["outcome"], &report["exit_code"]),
        (&json!("fine"), &json!(0))
    );
    let articles = index(&report, "articles");
    assert_eq!(
        articles["live"]["created_at"],
        live.created_at(&scene.uid("articles"))
    );
    assert_eq!(articles["live"]["documents"], 12);
    assert_eq!(articles["live"]["definition_changed"], false);
    assert_eq!(articles["database"]["documents"], 12);
    assert_eq!(
        (&articles["missing"], &articles["lag_seconds"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(articles["retained"][0]["documents"], 12);
    assert_eq!(
        articles["foreign"][0]["uid"],
        format!("{}_archive", scene.uid("articles"))
    );
    assert_eq!(index(&report, "authors")["live"]["documents"], 4);
    assert_eq!(scene.live().await, live);

    let said = scene.command("status").run().await.expect(0).out;
    assert!(
        said.contains("✔  articles  12 documents  up to date as of"),
        "{said}"
    );
}

#[tokio::test]
async fn missing_documents_and_a_lag_decide_the_exit_code() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.database.import(3, "خبر").await;
    let report = status(&scene, &["--max-missing", "20%", "--max-lag", "1h"], 0).await;
    assert_eq!(index(&report, "articles")["missing"], 3);
    assert_eq!(index(&report, "articles")["database"]["waiting"], 3);

    let report = status(&scene, &["--max-missing", "2"], 5).await;
    assert_eq!(report["outcome"], "behind");
    assert!(
        report["exceeded"][0]
            .as_str()
            .unwrap()
            .contains("3 documents are missing"),
        "{report}"
    );
    let quiet = scene
        .command("status")
        .args(["--quiet", "--max-missing", "19%"])
        .run()
        .await;
    let quiet = quiet
        .expect(5)
        .says(["articles", "3 documents are missing", "12 of 15", "19%"]);
    assert_eq!(quiet.out, "");

    scene.command("sync").run().await.expect(0);
    status(&scene, &["--max-missing", "0", "--max-lag", "0s"], 0).await;

    // Nobody has followed for three hours, and two hours ago somebody wrote.
    nobody_followed_for(&scene, "articles", 3).await;
    let two_hours_ago = "STRFTIME('%Y-%m-%d %H:%M:%f000', 'now', '-2 hours')";
    scene
        .database
        .execute(&format!(
            "UPDATE articles SET title = 'waits', updated_at = {two_hours_ago} WHERE id = 5"
        ))
        .await;
    let report = status(&scene, &["--max-lag", "150m"], 0).await;
    let lag = index(&report, "articles")["lag_seconds"].as_u64().unwrap();
    assert!((7_200..7_500).contains(&lag), "{report}");
    let report = status(&scene, &["--max-lag", "1h", "--max-missing", "0"], 5).await;
    assert_eq!(report["outcome"], "behind");
    let exceeded = report["exceeded"].as_array().unwrap();
    let [exceeded] = exceeded.as_slice() else {
        panic!("{report}");
    };
    let exceeded = exceeded.as_str().unwrap();
    assert!(
        exceeded.contains("the oldest change waits for 2 h") && exceeded.contains("--max-lag"),
        "{exceeded}"
    );
    scene.command("sync").run().await.expect(0);
    status(&scene, &["--max-lag", "1h"], 0).await;
}

/// Sets the record of what is live back by so many hours.
async fn nobody_followed_for(scene: &Scene, name: &str, hours: i64) {
    let live = scene.live().await;
    let created_at = live.created_at(&scene.uid(name));
    let records = scene.api.documents(CHECKPOINTS).await;
    let record = records.iter().find(|one| one["created_at"] == created_at);
    let mut record = record.unwrap().clone();
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
    for field in ["checkpoint", "newest_change"] {
        record[field] = json!(then);
    }
    let path = format!("/indexes/{CHECKPOINTS}/documents");
    scene
        .api
        .succeed("POST", &path, Some(json!([record])))
        .await;
}

#[tokio::test]
async fn an_index_that_nobody_follows_exceeds_every_lag() {
    let scene = Scene::new().await;
    scene
        .api
        .fill(&scene.uid("articles"), json!([{"id": 1, "title": "قديم"}]))
        .await;
    let report = status(&scene, &[], 0).await;
    let articles = index(&report, "articles");
    assert_eq!(
        (&articles["live"]["built_by_us"], &articles["missing"]),
        (&json!(false), &json!(11))
    );
    assert_eq!(index(&report, "authors")["live"], Value::Null);
    let warnings = report["warnings"].to_string();
    assert!(
        warnings.contains("reindex") && warnings.contains("no such index"),
        "{warnings}"
    );
    let report = status(&scene, &["--max-lag", "1d"], 5).await;
    assert!(
        report["exceeded"].to_string().contains("nothing follows"),
        "{report}"
    );
}

#[tokio::test]
async fn a_changed_definition_is_told() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| definitions.index("articles", "SELECT id, title FROM articles"));
    scene.already_live().await;
    scene.define(|definitions| {
        definitions.index("articles", "SELECT id, title, excerpt FROM articles")
    });
    let report = status(&scene, &[], 0).await;
    assert_eq!(report["indexes"][0]["live"]["definition_changed"], true);
    assert!(
        report["warnings"]
            .to_string()
            .contains("definition has changed"),
        "{report}"
    );
}

#[tokio::test]
async fn a_server_that_is_down_is_said_clearly() {
    let scene = Scene::new().await;
    let down = |options: &[&str]| {
        let program = scene
            .command("status")
            .env("MEILISEARCH_HOST", "http://127.0.0.1:1");
        program.args(options.iter().copied()).run()
    };
    let ended = down(&[])
        .await
        .expect(1)
        .says(["nothing answers at http://127.0.0.1:1"]);
    assert_eq!(ended.out, "");
    let report = down(&["--output", "json"]).await.expect(1).report();
    assert_eq!(report["outcome"], "failed");
    let metrics = down(&["--output", "prometheus"]).await.expect(1).out;
    assert!(metrics.ends_with("\nbisan_indexer_up 0\n"), "{metrics}");
}

#[tokio::test]
async fn metrics_are_read_line_by_line() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let metrics = scene
        .command("status")
        .args(["--output", "prometheus", "--quiet"])
        .succeeds()
        .await
        .out;
    let uid = scene.uid("articles");
    for line in [
        "bisan_indexer_up 1".to_owned(),
        format!("bisan_indexer_live_documents{{index=\"articles\",uid=\"{uid}\"}} 12"),
        format!("bisan_indexer_missing_documents{{index=\"articles\",uid=\"{uid}\"}} 0"),
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "{line}\n{metrics}"
        );
    }
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let value = line.rsplit(' ').next().unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    scene
        .command("sync")
        .args(["--output", "prometheus"])
        .run()
        .await
        .expect(2)
        .says(["status"]);
}

#[tokio::test]
async fn the_server_alone_is_shown_without_a_database() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let program = scene
        .command("status")
        .without_env("DATABASE_URL")
        .args(["--output", "json"]);
    let report = program.args(["--no-database"]).reports().await;
    assert_eq!(report["database"], Value::Null);
    let articles = index(&report, "articles");
    assert_eq!(
        (&articles["live"]["documents"], &articles["missing"]),
        (&json!(12), &Value::Null)
    );
    let without = scene
        .command("status")
        .without_env("DATABASE_URL")
        .run()
        .await
        .expect(2);
    without.says(["--database"]);
}

#[tokio::test]
async fn a_build_is_at_work_or_left_over() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let host = bisan_indexer::host::name();
    let uid = leave_a_build(&scene, "articles", &host, "2026-11-24T14:30:00Z").await;
    let report = status(&scene, &[], 0).await;
    let build = &index(&report, "articles")["builds"][0];
    assert_eq!(
        (&build["uid"], &build["at_work"]),
        (&json!(uid), &json!(false))
    );

    let file = std::fs::File::open(&scene.database.path).unwrap();
    file.try_lock().unwrap();
    let report = status(&scene, &[], 0).await;
    assert_eq!(index(&report, "articles")["builds"][0]["at_work"], true);
}

/// A row was touched and its document is the same: once that was looked at, nothing waits.
#[tokio::test]
async fn what_a_round_has_looked_at_does_not_wait_any_more() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    for depth in ["changed", "ids", "all"] {
        scene
            .database
            .execute("UPDATE articles SET updated_at = STRFTIME('%Y-%m-%d %H:%M:%f000', 'now') WHERE id = 3")
            .await;
        let before = status(&scene, &[], 0).await;
        assert_eq!(
            index(&before, "articles")["database"]["waiting"],
            1,
            "{depth}"
        );
        let round = sync(&scene).args(["--compare", depth]);
        let round = round.run().await.expect(0).report();
        assert_eq!(figures(&round, "articles")["bytes"], 0, "{round}");
        let after = status(&scene, &["--max-lag", "0s"], 0).await;
        assert_eq!(
            index(&after, "articles")["database"]["waiting"],
            0,
            "{depth}"
        );
        assert_eq!(index(&after, "articles")["lag_seconds"], 0, "{depth}");
    }
}

/// A SELECT that takes seconds for its first row, as one of ten million rows does for the last.
const SLOW: &str = "SELECT id, title FROM articles WHERE (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
     WHERE i < 2000000) SELECT max(i) FROM n) > 0";

#[tokio::test]
async fn rows_that_take_long_to_count_are_not_waited_for() {
    let mut scene = Scene::new().await;
    scene.already_live().await;
    scene.define(|definitions| definitions.index("articles", SLOW));
    let report = status(&scene, &[], 0).await;
    let articles = index(&report, "articles");
    assert_eq!(
        (&articles["database"]["documents"], &articles["missing"]),
        (&Value::Null, &Value::Null),
        "{articles}"
    );
    let said = scene.command("status").run().await.expect(0);
    assert!(said.out.contains("not counted"), "{}", said.out);
    let report = status(&scene, &["--max-missing", "0"], 0).await;
    let articles = index(&report, "articles");
    assert_eq!(articles["database"]["documents"], 12, "{articles}");

    const CHECK: &str = "definition.max_total_hits";
    let report = doctor(&scene, 0).await;
    expect(
        &report,
        "articles",
        CHECK,
        "skipped",
        &["half a second", "--full"],
    );
    let options = ["--output", "json", "--full"];
    let report = scene.command("doctor").args(options).run().await;
    let report = report.expect(0).report();
    expect(&report, "articles", CHECK, "ok", &["12 documents"]);
}
