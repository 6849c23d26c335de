//! `apply` does what is due, says why, and does nothing twice.

use serde_json::{Value, json};

use crate::support::Scene;
use crate::support::program::Program;
use crate::support::proxy::Seen;
use crate::support::terminal::Terminal;

use super::sync_changes::{expect_equal, figures};

fn apply(scene: &Scene) -> Program {
    scene.command("apply").args(["--yes", "--output", "json"])
}

#[tokio::test]
async fn the_cheapest_way_is_taken_and_its_reason_told() {
    let mut scene = Scene::new().await;
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "reindex", "{report}");
    assert!(report.to_string().contains("no live index yet"), "{report}");

    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "nothing", "{report}");

    scene
        .database
        .execute("UPDATE articles SET excerpt = 'x' WHERE id = 3")
        .await;
    scene.database.delete_article(4).await;
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "sync", "{report}");
    expect_equal(&scene).await;

    scene.define_titles();
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "reindex", "{report}");
    assert!(
        report
            .to_string()
            .contains("documents.sql and settings.json changed"),
        "{report}"
    );
    expect_equal(&scene).await;
}

#[tokio::test]
async fn a_plan_changes_nothing_and_its_exit_code_tells() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let plan = |scene: &Scene| apply(scene).args(["--dry-run", "--exit-code"]);
    plan(&scene).run().await.expect(0);
    scene.database.save_title(3, "edited").await;
    let before = scene.live().await;
    let report = plan(&scene).run().await.expect(5).report();
    assert_eq!(report["done"], false, "{report}");
    assert_eq!(scene.live().await, before);
}

#[tokio::test]
async fn mass_deletion_is_refused() {
    let scene = Scene::sized(40, 4).await;
    scene.already_live().await;
    let before = scene.live().await;
    scene
        .database
        .execute("DELETE FROM articles WHERE id > 10")
        .await;
    apply(&scene).run().await.expect(3);
    assert_eq!(scene.live().await, before);
}

/// How many requests for documents this run makes.
async fn looks(scene: &Scene, words: &[&str], code: i32) -> usize {
    let proxy = scene.proxy().await;
    let program = scene.command("apply").args(words.iter().copied());
    let program = program.env("MEILISEARCH_HOST", proxy.url());
    program.run().await.expect(code);
    let looks = |seen: &&Seen| seen.path.ends_with("/articles/documents/fetch");
    proxy.seen().iter().filter(looks).count()
}

#[tokio::test]
async fn what_was_planned_is_done_without_a_second_look() {
    let mut scene = Scene::sized(120, 4).await;
    scene.define_titles_with(|definitions| {
        // A page of these has few documents.
        let long = "SELECT id, title, hex(zeroblob(20000)) AS long FROM articles";
        definitions.index("articles", long)
    });
    scene.already_live().await;
    scene.database.save_title(3, "edited").await;
    let planned = looks(&scene, &["--dry-run", "--exit-code"], 5).await;
    let done = looks(&scene, &["--yes"], 0).await;
    assert!(
        planned >= 9,
        "{planned} requests for 120 documents of 40 kB"
    );
    assert!(done <= planned + 2, "{planned} to plan it, {done} to do it");
    expect_equal(&scene).await;
}

/// Whoever is asked may be away for an hour. A follower goes on meanwhile, and what it sent is not overwritten by what the plan
/// has seen.
#[tokio::test]
async fn what_a_plan_says_is_sent_as_it_is_when_it_is_carried_out() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    for id in [3, 5] {
        scene.database.save_title(id, "as it was planned").await;
    }
    scene.database.delete_article(7).await;
    let terminal = Terminal::open();
    let running = scene.command("apply").at_terminal(&terminal).start();
    terminal.shows("Apply this? [y/N]").await;
    scene.database.save_title(3, "as it is now").await;
    scene.command("sync").run().await.expect(0);
    scene.database.save_title(5, "as it is now").await;
    terminal.type_in("y\n");
    running.ended().await.expect(0);
    let said = terminal.closed().await;
    assert!(said.contains("1 to delete (id 7)"), "{said}");
    scene.expect_in_step().await;
    // The checkpoint is not moved back before what the follower had followed.
    scene
        .command("sync")
        .args(["--compare", "changed"])
        .succeeds()
        .await;
    expect_equal(&scene).await;
}

/// One index, `articles`, with these settings and these smoke queries.
fn define(scene: &mut Scene, settings: &Value, smoke: &Value) {
    scene.define_titles_with(|definitions| {
        definitions
            .settings("articles", settings.clone())
            .smoke("articles", smoke.clone())
    });
}

async fn live_with(settings: &Value) -> Scene {
    let mut scene = Scene::new().await;
    define(&mut scene, settings, &json!([]));
    scene.already_live().await;
    scene
}

fn titles_and(more: Value) -> Value {
    let mut settings = json!({"searchableAttributes": ["title"]});
    for (key, value) in more.as_object().unwrap() {
        settings[key] = value.clone();
    }
    settings
}

#[tokio::test]
async fn settings_that_are_cheap_in_place_are_changed_there_and_documents_follow() {
    let mut scene = live_with(&titles_and(json!({"pagination": {"maxTotalHits": 50}}))).await;
    let before = scene.live().await;
    scene.database.save_title(3, "edited").await;
    // One key changes, one is new, and one is taken out, which resets it.
    let wanted = titles_and(
        json!({"faceting": {"maxValuesPerFacet": 7}, "displayedAttributes": ["id", "title"]}),
    );
    define(&mut scene, &wanted, &json!([]));
    let report = apply(&scene).run().await.expect(0).report();
    let uid = scene.uid("articles");
    assert_eq!(report["way"], "settings", "{report}");
    assert_eq!(scene.live().await.created_at(&uid), before.created_at(&uid));
    let settings = scene.api.settings(&uid).await;
    assert_eq!(settings["faceting"]["maxValuesPerFacet"], 7, "{settings}");
    assert_eq!(settings["pagination"]["maxTotalHits"], 1_000, "{settings}");
    scene.expect_in_step().await;
    scene.command("sync").run().await.expect(0);
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "nothing", "{report}");
}

#[tokio::test]
async fn settings_that_are_dear_in_place_are_a_reason_to_build_anew() {
    let mut scene = live_with(&titles_and(json!({}))).await;
    define(
        &mut scene,
        &titles_and(json!({"stopWords": ["ال"]})),
        &json!([]),
    );
    let report = apply(&scene).arg("--dry-run").reports().await;
    assert_eq!(report["way"], "reindex", "{report}");
    let plan = figures(&report, "articles");
    assert_eq!(plan["settings"][0]["key"], "stopWords", "{report}");
    assert_eq!(plan["documents_to_send"], 12, "{report}");
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "reindex", "{report}");
}

/// Settings that make a smoke query fail are put back, and the definition counts as not applied.
#[tokio::test]
async fn settings_in_place_that_break_a_search_are_put_back() {
    let mut scene = live_with(&titles_and(json!({"typoTolerance": {"enabled": true}}))).await;
    scene.database.save_title(3, "harvesting").await;
    scene.command("sync").run().await.expect(0);
    let before = scene.live().await;
    let smoke = json!([{"q": "harvestnig", "min_hits": 1}]);
    define(
        &mut scene,
        &titles_and(json!({"typoTolerance": {"enabled": false}})),
        &smoke,
    );
    let refused = apply(&scene).run().await.expect(3);
    refused.says(["harvestnig"]);
    assert_eq!(scene.live().await, before);
    let report = apply(&scene).arg("--dry-run").reports().await;
    assert_eq!(report["way"], "settings", "{report}");
    let others = &figures(&report, "articles")["other_writers"];
    assert_eq!(*others, json!([]), "both tasks were ours: {report}");
}

/// The answer to the settings is lost, and the program with it: the next run finds them there and notes it.
#[tokio::test]
async fn a_run_that_died_after_its_settings_is_completed_by_the_next() {
    let mut scene = live_with(&titles_and(json!({}))).await;
    define(
        &mut scene,
        &titles_and(json!({"pagination": {"maxTotalHits": 7}})),
        &json!([]),
    );
    let proxy = scene.proxy().await;
    let hold = proxy.hold_answer("PATCH", "/indexes/*/settings");
    let running = apply(&scene).env("MEILISEARCH_HOST", proxy.url()).start();
    hold.reached("the settings").await;
    running.kill();
    running.ended().await;
    hold.release();
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "settings", "{report}");
    scene.command("sync").run().await.expect(0);
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "nothing", "{report}");
}

/// meilisearch-rails sends its model's settings at a search: named with its task, set right once, not fought.
#[tokio::test]
async fn settings_of_another_program_are_named_with_their_task() {
    let scene = live_with(&titles_and(json!({}))).await;
    let uid = scene.uid("articles");
    let by_the_gem = json!({"synonyms": {"x": ["y"]}, "displayedAttributes": ["title"]});
    let task = scene
        .api
        .succeed(
            "PATCH",
            &format!("/indexes/{uid}/settings"),
            Some(by_the_gem),
        )
        .await;
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(
        report["way"], "nothing",
        "what nobody asks for is left alone: {report}"
    );
    let others = &figures(&report, "articles")["other_writers"];
    assert_eq!(others[0]["task"], task["uid"], "{report}");
    assert_eq!(others[0]["keys"].as_array().unwrap().len(), 2, "{report}");

    let searched = json!({"searchableAttributes": ["id"]});
    scene
        .api
        .succeed("PATCH", &format!("/indexes/{uid}/settings"), Some(searched))
        .await;
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "reindex", "{report}");
    assert_eq!(
        scene.api.settings(&uid).await["searchableAttributes"],
        json!(["title"])
    );
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "nothing", "{report}");
    assert_eq!(
        figures(&report, "articles")["other_writers"],
        json!([]),
        "{report}"
    );
}

#[tokio::test]
async fn another_changes_sql_needs_no_rebuild() {
    let mut scene = live_with(&titles_and(json!({}))).await;
    let before = scene.live().await;
    let sql = "SELECT id, created_at AS changed_at FROM articles WHERE created_at >= :since";
    scene.define_titles_with(|definitions| definitions.changes("articles", sql));
    scene.command("sync").run().await.expect(3).says(["apply"]);
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "sync", "{report}");
    assert_eq!(scene.live().await, before);
    scene.command("sync").run().await.expect(0);
    let report = apply(&scene).run().await.expect(0).report();
    assert_eq!(report["way"], "nothing", "{report}");
}

#[tokio::test]
async fn a_plan_names_documents_by_id_and_what_they_cost() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.database.save_title(3, "edited").await;
    scene.database.delete_article(4).await;
    let new = scene.database.import(1, "new").await;
    let report = apply(&scene).arg("--dry-run").reports().await;
    let plan = figures(&report, "articles");
    assert_eq!(plan["way"], "sync", "{report}");
    let documents = &plan["documents"];
    assert_eq!(documents["first_added"], json!(new), "{report}");
    assert_eq!(documents["first_changed"], json!(["3"]), "{report}");
    assert_eq!(documents["first_deleted"], json!(["4"]), "{report}");
    assert_eq!(plan["documents_to_send"], 2, "{report}");
    assert!(plan["bytes_to_send"].as_u64().unwrap() > 100, "{report}");
}
