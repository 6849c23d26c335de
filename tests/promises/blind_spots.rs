//! A follower sees a write, or says that it cannot: whatever changes.sql can and cannot show.

use serde_json::Value;

use super::doctor::{self, doctor};
use super::sync_changes::{figures, sync};
use super::watch::{Follower, eventually_in_step};
use crate::support::proxy::Hold;
use crate::support::{FaultProxy, Scene, eventually};

/// Twelve articles whose `at` says when each was changed, in a form of the test's choosing, and its definition.
async fn stamped(at: &str, changes: Option<&str>) -> Scene {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(&format!(
            "ALTER TABLE articles ADD COLUMN at; UPDATE articles SET at = {at};
             CREATE INDEX articles_at ON articles (at)"
        ))
        .await;
    scene.define(|definitions| {
        let definitions = definitions.index("articles", "SELECT id, title FROM articles");
        match changes {
            Some(sql) => definitions.changes("articles", sql),
            None => definitions,
        }
    });
    scene.already_live().await;
    scene
}

/// An edit, stamped as the table stamps.
async fn edit(scene: &Scene, id: u32, title: &str, at: &str) {
    let sql = format!("UPDATE articles SET title = '{title}', at = {at} WHERE id = {id}");
    scene.database.execute(&sql).await;
}

const BY_AT: &str = "SELECT id, at AS changed_at FROM articles WHERE at >= :since";

async fn sync_by_changes(scene: &Scene) -> Value {
    let options = ["--compare", "changed"];
    sync(scene).args(options).run().await.expect(0).report()
}

fn warnings(report: &Value) -> String {
    report["warnings"].to_string()
}

async fn status(scene: &Scene) -> Value {
    let command = scene.command("status").args(["--output", "json"]);
    command.run().await.expect(0).report()
}

#[tokio::test]
async fn times_in_every_unit_of_sqlite_are_followed() {
    for now in [
        "julianday('now')",
        "unixepoch('now')",
        "unixepoch('now', 'subsec')",
        "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)",
        "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) * 1000",
        "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) * 1000000",
        "CURRENT_TIMESTAMP",
        "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
    ] {
        // The rows were stamped an hour ago, so that the window of the round holds the edit alone.
        let before = now.replace("'now'", "'now', '-1 hour'");
        let before = before.replace("CURRENT_TIMESTAMP", "datetime('now', '-1 hour')");
        let scene = stamped(&before, Some(BY_AT)).await;
        edit(&scene, 5, "edited", now).await;
        let report = sync_by_changes(&scene).await;
        let articles = figures(&report, "articles");
        assert_eq!(articles["compare"], "changed", "{now}: {report}");
        assert_eq!(articles["sent_changed"], 1, "{now}: {report}");
        assert_eq!(articles["rows_read"], 1, "{now}: {report}");
        assert_eq!(report["warnings"], serde_json::json!([]), "{now}");
        scene.expect_in_step().await;
        edit(&scene, 6, "and again", now).await;
        let report = status(&scene).await;
        let database = &figures(&report, "articles")["database"];
        // What was stamped with the second of the last round may have been written after it, too.
        let waiting = database["waiting"].as_u64().unwrap();
        assert!((1..=2).contains(&waiting), "{now}: {report}");
    }
}

#[tokio::test]
async fn an_edit_beside_times_of_an_unknown_unit_is_found_and_the_unit_told() {
    for now in [
        "CAST(julianday('now') - 2440587.5 AS INTEGER)",
        "CAST(strftime('%Y%m%d', 'now') AS INTEGER)",
        "CAST(strftime('%Y%m%d%H%M%S', 'now') AS INTEGER)",
        "CAST(unixepoch('now') - 978307200 AS INTEGER)",
    ] {
        let scene = stamped(now, Some(BY_AT)).await;
        edit(&scene, 5, "edited", now).await;
        let report = sync_by_changes(&scene).await;
        let articles = figures(&report, "articles");
        assert_eq!(articles["compare"], "all", "{now}: {report}");
        assert_eq!(articles["sent_different"], 1, "{now}: {report}");
        assert!(warnings(&report).contains("its unit is not known"), "{now}");
        scene.expect_in_step().await;
        let report = status(&scene).await;
        let database = &figures(&report, "articles")["database"];
        assert_eq!(database["waiting"], Value::Null, "{now}: {report}");
        assert_eq!(database["newest_change"], Value::Null, "{now}: {report}");
        let report = doctor(&scene, 0).await;
        doctor::expect(
            &report,
            "articles",
            "definition.edits",
            "warning",
            &["unit"],
        );
    }
}

#[tokio::test]
async fn a_newest_change_after_tomorrow_is_doubted_and_the_others_followed() {
    let scene = stamped("datetime('now', '-1 hour')", Some(BY_AT)).await;
    edit(&scene, 4, "of the future", "'2099-01-01 00:00:00'").await;
    edit(&scene, 5, "edited", "CURRENT_TIMESTAMP").await;
    let report = sync_by_changes(&scene).await;
    assert_eq!(figures(&report, "articles")["sent_changed"], 2, "{report}");
    assert!(warnings(&report).contains("after tomorrow"), "{report}");
    scene.expect_in_step().await;
}

#[tokio::test]
async fn a_bound_of_another_unit_hides_no_edit_and_is_told() {
    let scene = stamped(
        "unixepoch('now', '-1 hour')",
        Some("SELECT id, datetime(at, 'unixepoch') AS changed_at FROM articles WHERE at >= :since"),
    )
    .await;
    edit(&scene, 5, "edited", "unixepoch('now')").await;
    let report = sync_by_changes(&scene).await;
    assert_eq!(figures(&report, "articles")["sent_changed"], 1, "{report}");
    assert!(warnings(&report).contains("another unit"), "{report}");
    scene.expect_in_step().await;
    let report = doctor(&scene, 0).await;
    let words = ["another unit", "changed_at"];
    doctor::expect(&report, "articles", "definition.edits", "warning", &words);
}

/// One of two sources compares well, so that the newest row of all comes back.
#[tokio::test]
async fn a_bound_of_another_unit_in_one_of_two_sources_is_noticed() {
    let scene = stamped(
        "unixepoch('now', '-1 hour')",
        Some(
            "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since UNION ALL
             SELECT id, datetime(at, 'unixepoch') FROM articles WHERE at >= :since",
        ),
    )
    .await;
    edit(&scene, 5, "edited", "unixepoch('now')").await;
    let report = sync_by_changes(&scene).await;
    assert_eq!(figures(&report, "articles")["sent_changed"], 1, "{report}");
    assert!(warnings(&report).contains("another unit"), "{report}");
}

#[tokio::test]
async fn a_bound_that_the_statement_converts_itself_is_understood() {
    for (at, changes) in [
        (
            "unixepoch('now', 'MOMENT')",
            "SELECT id, datetime(at, 'unixepoch') AS changed_at FROM articles WHERE at >= unixepoch(:since)",
        ),
        (
            "datetime('now', 'MOMENT')",
            "SELECT id, unixepoch(at) AS changed_at FROM articles WHERE at >= datetime(:since, 'unixepoch')",
        ),
        (
            "datetime('now', 'MOMENT')",
            "SELECT id, at AS changed_at FROM articles WHERE julianday(at) >= julianday(:since)",
        ),
    ] {
        let scene = stamped(&at.replace("MOMENT", "-1 hour"), Some(changes)).await;
        edit(&scene, 5, "edited", &at.replace("MOMENT", "+0 seconds")).await;
        let report = sync_by_changes(&scene).await;
        let articles = figures(&report, "articles");
        assert_eq!(articles["sent_changed"], 1, "{changes}: {report}");
        assert_eq!(report["warnings"], serde_json::json!([]), "{changes}");
        scene.expect_in_step().await;
    }
}

#[tokio::test]
async fn a_statement_that_never_returns_a_row_is_told_and_does_not_hide_an_edit() {
    let never = "SELECT id, at AS changed_at FROM articles WHERE at >= :since AND 1 = 2";
    let scene = stamped("datetime('now', '-1 hour')", Some(never)).await;
    edit(&scene, 5, "edited", "CURRENT_TIMESTAMP").await;
    let report = sync_by_changes(&scene).await;
    assert_eq!(
        figures(&report, "articles")["sent_different"],
        1,
        "{report}"
    );
    assert!(warnings(&report).contains("returns no row"), "{report}");
}

#[tokio::test]
async fn ids_of_another_form_are_told_and_hide_no_edit() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index(
                "articles",
                "SELECT printf('%05d', id) AS id, title FROM articles",
            )
            .changes(
                "articles",
                "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since",
            )
    });
    scene.reindex().run().await.expect(0);
    scene.database.save_title(5, "edited").await;
    let report = sync_by_changes(&scene).await;
    assert_eq!(
        figures(&report, "articles")["sent_different"],
        1,
        "{report}"
    );
    assert!(warnings(&report).contains("names no id"), "{report}");
    let document = scene.api.document(&scene.uid("articles"), "00005").await;
    assert_eq!(document.unwrap()["title"], "edited");
    let report = doctor(&scene, 0).await;
    let words = ["names no id", "00001"];
    doctor::expect(&report, "articles", "definition.edits", "warning", &words);
    let times = "definition.change_times";
    doctor::expect(&report, "articles", times, "none", &[]);
}

/// The newest ids are all of rows that are not published: that is no other form.
#[tokio::test]
async fn ids_that_are_not_published_are_no_other_form() {
    let mut scene = Scene::sized(150, 4).await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, title FROM articles WHERE id > 120")
            .changes(
                "articles",
                "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since",
            )
    });
    let sql = "UPDATE articles SET updated_at = datetime('now', '-1 hour') WHERE id <= 120";
    scene.database.execute(sql).await;
    scene.reindex().run().await.expect(0);
    scene.database.save_title(130, "edited").await;
    let report = sync_by_changes(&scene).await;
    assert_eq!(figures(&report, "articles")["sent_changed"], 1, "{report}");
    assert_eq!(report["warnings"], serde_json::json!([]));
}

#[tokio::test]
async fn without_changes_sql_every_sync_finds_an_edit_and_says_how() {
    for options in [
        &["--compare-limit", "5"][..],
        &["--compare", "changed"],
        &["--compare", "all"],
    ] {
        let scene = stamped("0", None).await;
        edit(&scene, 5, "edited", "0").await;
        let report = sync(&scene).args(options.iter().copied()).run().await;
        let report = report.expect(0).report();
        let articles = figures(&report, "articles");
        assert_eq!(articles["sent_different"], 1, "{options:?}: {report}");
        assert_eq!(articles["edits_seen"], true, "{options:?}: {report}");
        assert!(warnings(&report).contains("no changes.sql"), "{report}");
        scene.expect_in_step().await;
    }
    // Who asks for ids gets ids, and is told what they cannot show.
    let scene = stamped("0", None).await;
    let before = figures(&status(&scene).await, "articles")["live"].clone();
    edit(&scene, 5, "edited", "0").await;
    let options = ["--compare", "ids"];
    let report = sync(&scene).args(options).run().await.expect(0).report();
    assert_eq!(
        figures(&report, "articles")["edits_seen"],
        false,
        "{report}"
    );
    let after = figures(&status(&scene).await, "articles")["live"].clone();
    assert_eq!(before["followed_until"], after["followed_until"]);
}

#[tokio::test]
async fn where_nobody_looked_nothing_is_said_to_wait_or_not_to() {
    let scene = stamped("0", None).await;
    edit(&scene, 5, "edited", "0").await;
    let report = status(&scene).await;
    let articles = figures(&report, "articles");
    for figure in ["waiting", "waiting_seconds", "newest_change"] {
        assert_eq!(articles["database"][figure], Value::Null, "{report}");
    }
    assert_eq!(articles["database"]["tracks_edits"], false, "{report}");
    assert_eq!(articles["lag_seconds"], Value::Null, "{report}");
    let people = scene.command("status").run().await.expect(0);
    assert!(
        people.out.contains("edits are not followed"),
        "{}",
        people.out
    );
    let limited = scene.command("status").args(["--max-lag", "1h"]);
    limited
        .run()
        .await
        .expect(5)
        .says(["does not show the edits"]);
    let metrics = scene.command("status").args(["--output", "prometheus"]);
    let metrics = metrics.run().await.expect(0).out;
    assert!(
        !metrics.contains("bisan_indexer_waiting_documents"),
        "{metrics}"
    );
    assert!(
        metrics.contains("bisan_indexer_tracks_edits{index=\"articles\""),
        "{metrics}"
    );
    let report = doctor(&scene, 0).await;
    let words = ["comparing documents alone", "changes.sql"];
    doctor::expect(&report, "articles", "definition.edits", "warning", &words);
}

#[tokio::test]
async fn a_follower_without_changes_sql_compares_after_each_commit() {
    let scene = stamped("0", None).await;
    let follower = Follower::start(&scene).await;
    for (id, title) in [(5, "edited"), (6, "another"), (5, "once more")] {
        edit(&scene, id, title, "0").await;
        eventually_in_step(&scene, title).await;
    }
    let (code, ready) = follower.asks("/ready").await.unwrap();
    assert_eq!(code, 200);
    assert!(ready.contains("no changes.sql"), "{ready}");
    let (_, metrics) = follower.asks("/metrics").await.unwrap();
    let line = "bisan_indexer_tracks_edits{index=\"articles\"} 0";
    assert!(metrics.contains(line), "{metrics}");
    let said = follower.stop().await.err;
    assert_eq!(said.matches("there is no changes.sql").count(), 1, "{said}");
}

/// Too large to be compared after each commit: what is new and gone is followed at once, an edit when all are compared,
/// and until then nobody says that the index is up to date.
#[tokio::test]
async fn a_large_index_without_changes_sql_says_up_to_when_its_edits_are_followed() {
    let scene = stamped("0", None).await;
    let options = ["--compare-limit", "5", "--compare-every", "1h"];
    let follower = Follower::start_with(&scene, &options).await;
    let followed_to = async || {
        let (_, metrics) = follower.asks("/metrics").await.unwrap();
        let name = "bisan_indexer_last_success_timestamp_seconds{index=\"articles\"} ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().parse::<f64>().unwrap()
    };
    let rounds = async || {
        let (_, metrics) = follower.asks("/metrics").await.unwrap();
        let name = "bisan_indexer_rounds_total{index=\"articles\"} ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().parse::<u64>().unwrap()
    };
    let before = rounds().await;
    edit(&scene, 5, "edited", "0").await;
    eventually("a round after the edit", async || {
        (rounds().await > before).then_some(())
    })
    .await;
    let reached = followed_to().await;
    scene
        .database
        .execute("DELETE FROM articles WHERE id = 7")
        .await;
    let uid = scene.uid("articles");
    eventually("the delete is followed", async || {
        scene.api.document(&uid, "7").await.is_none().then_some(())
    })
    .await;
    assert_eq!(followed_to().await, reached, "an edit is still to come");
    follower.stop().await;
    let options = ["--compare-limit", "5", "--compare-every", "100ms"];
    let follower = Follower::start_with(&scene, &options).await;
    edit(&scene, 6, "edited", "0").await;
    eventually_in_step(&scene, "the edits, at the next comparison").await;
    follower.stop().await;
}

async fn edited_while(hold: impl FnOnce(&FaultProxy) -> Hold) {
    let scene = stamped("0", None).await;
    let proxy = scene.proxy().await;
    let hold = hold(&proxy);
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the stage at which a row is edited").await;
    edit(&scene, 5, "edited meanwhile", "0").await;
    hold.release();
    let report = running.ended().await.expect(0).report();
    scene.expect_in_step().await;
    assert!(warnings(&report).contains("no changes.sql"), "{report}");
}

#[tokio::test]
async fn a_reindex_without_changes_sql_catches_up_with_edits() {
    edited_while(|proxy| proxy.hold_answer("POST", "/indexes/articles_*/documents")).await;
    edited_while(|proxy| proxy.hold("POST", "/swap-indexes")).await;
    edited_while(|proxy| proxy.hold_answer("POST", "/swap-indexes")).await;
}

#[tokio::test]
async fn times_that_cannot_be_compared_end_a_reindex_before_anything_is_created() {
    let scene = stamped("datetime('now')", Some(BY_AT)).await;
    edit(&scene, 5, "without a time", "NULL").await;
    let changes = "SELECT id, at AS changed_at FROM articles";
    let folder = scene.path("index-settings/articles/changes.sql");
    std::fs::write(folder, changes).unwrap();
    let before = scene.api.get("/tasks?limit=1").await.expect(200)["total"].clone();
    let ended = scene.reindex().run().await.expect(1);
    ended.says(["no change timestamp"]);
    let after = scene.api.get("/tasks?limit=1").await.expect(200)["total"].clone();
    assert_eq!(before, after);
}

/// What is stamped with a whole second may be saved twice within it.
#[tokio::test]
async fn a_second_save_within_the_resolution_of_its_time_is_followed() {
    for now in [
        "datetime('now')",
        "unixepoch('now')",
        "date('now')",
        "strftime('%Y-%m-%d %H:%M', 'now')",
    ] {
        let before = now.replace("'now'", "'now', '-1 day'");
        let scene = stamped(&before, Some(BY_AT)).await;
        let options = ["--compare", "changed"];
        let follower = Follower::start_with(&scene, &options).await;
        for save in 0..4 {
            let title = format!("save {save}");
            edit(&scene, 5, &title, now).await;
            eventually_in_step(&scene, &title).await;
        }
        follower.stop().await;
    }
}

/// An author that is stamped before the article's own last save, and commits after it: as an older transaction does.
#[tokio::test]
async fn a_parent_that_commits_late_is_followed_into_every_article() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index(
                "articles",
                "SELECT a.id, n.name AS title FROM articles a JOIN authors n ON n.id = a.author_id",
            )
            .changes(
                "articles",
                "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since UNION ALL
                 SELECT a.id, n.updated_at FROM articles a JOIN authors n ON n.id = a.author_id
                 WHERE n.updated_at >= :since",
            )
    });
    scene.reindex().run().await.expect(0);
    let uid = scene.uid("articles");
    let options = ["--compare", "changed"];
    let follower = Follower::start_with(&scene, &options).await;
    for save in 0..3 {
        // Saved and seen; nothing of its document changes, so that it is seen is told by the rounds.
        scene.database.save_title(5, &format!("save {save}")).await;
        let name = format!("renamed {save}");
        let sql = format!(
            "UPDATE authors SET name = '{name}', updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-{} minutes')
             WHERE id = (SELECT author_id FROM articles WHERE id = 5)",
            5 - save
        );
        scene.database.execute(&sql).await;
        eventually("every article of the author has its new name", async || {
            let wanted = scene
                .database
                .column("SELECT a.id || ' ' || n.name FROM articles a JOIN authors n ON n.id = a.author_id ORDER BY a.id")
                .await;
            let found = scene.api.documents(&uid).await;
            let mut found: Vec<(u64, String)> = found
                .iter()
                .map(|one| (one["id"].as_u64().unwrap(), format!("{} {}", one["id"], one["title"].as_str().unwrap())))
                .collect();
            found.sort();
            found.into_iter().map(|(_, line)| line).eq(wanted).then_some(())
        })
        .await;
    }
    follower.stop().await;
}

#[tokio::test]
async fn a_small_table_that_is_emptied_does_not_empty_the_index() {
    for (allowed, code) in [("20%", 3), ("99%", 3), ("100%", 0)] {
        let mut scene = Scene::new().await;
        scene.define_titles();
        scene
            .database
            .execute("DELETE FROM articles WHERE id > 4")
            .await;
        scene.already_live().await;
        scene.database.execute("DELETE FROM articles").await;
        let options = ["--max-loss", allowed];
        let ended = sync(&scene).args(options).run().await.expect(code);
        let documents = scene.api.documents(&scene.uid("articles")).await.len();
        assert_eq!(documents, if code == 0 { 0 } else { 4 });
        if code != 0 {
            ended.says(["4 of 4 documents"]);
        }
    }
    // None is allowed to go, so not one goes; of some, a few may go.
    for (allowed, code) in [("0%", 3), ("20%", 0)] {
        let mut scene = Scene::new().await;
        scene.define_titles();
        scene.already_live().await;
        scene
            .database
            .execute("DELETE FROM articles WHERE id <= 5")
            .await;
        let options = ["--max-loss", allowed];
        sync(&scene).args(options).run().await.expect(code);
    }
}
