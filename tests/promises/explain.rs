//! `explain` answers "why is my article not found?", whatever the answer is.

use serde_json::{Value, json};

use crate::support::Scene;

async fn explain(scene: &Scene, exit_code: i32, arguments: &[&str]) -> Value {
    let program = scene
        .command("explain")
        .args(["--output", "json", "articles"])
        .args(arguments.iter().copied());
    program.run().await.expect(exit_code).report()
}

/// What the answer's sentences say.
fn because(report: &Value) -> String {
    report["because"].to_string()
}

#[track_caller]
fn expect_because(report: &Value, words: &str) {
    assert!(because(report).contains(words), "{report}");
}

async fn live() -> Scene {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene
}

#[tokio::test]
async fn what_is_the_same_on_both_sides_is_said_to_be() {
    let scene = live().await;
    let report = explain(&scene, 0, &["3"]).await;
    assert_eq!(report["sides_agree"], true, "{report}");
    expect_because(&report, "every field is the same");
}

#[tokio::test]
async fn an_id_that_exists_nowhere_is_told_from_one_that_is_left_out() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions.index(
            "articles",
            "SELECT a.id, a.title FROM articles AS a WHERE a.excerpt <> 'draft' AND a.created_at <= datetime('now')",
        )
    });
    scene.reindex().run().await.expect(0);
    let report = explain(&scene, 0, &["9999"]).await;
    assert_eq!(report["database"], "absent", "{report}");
    expect_because(
        &report,
        "the table `articles` has no such row, and neither has the index",
    );

    scene
        .database
        .execute("UPDATE articles SET excerpt = 'draft' WHERE id = 3")
        .await;
    let report = explain(&scene, 5, &["3"]).await;
    assert_eq!(report["database"], "filtered_out", "{report}");
    assert_eq!(report["columns"]["excerpt"], "\"draft\"", "{report}");
    assert_eq!(report["clock"], "'now'", "{report}");
    expect_because(&report, "the index still has it");
}

#[tokio::test]
async fn a_document_that_differs_is_told_field_by_field() {
    let scene = live().await;
    scene
        .database
        .execute("UPDATE articles SET title = 'another' WHERE id = 3")
        .await;
    let report = explain(&scene, 5, &["3"]).await;
    assert_eq!(report["fields"][0]["field"], "title", "{report}");
    assert_eq!(report["fields"][0]["database"], "\"another\"", "{report}");

    let ids = scene.database.import(1, "new").await;
    let report = explain(&scene, 5, &[&ids[0]]).await;
    expect_because(&report, "missing in the index");
}

#[tokio::test]
async fn a_query_tells_the_place_and_the_page() {
    let scene = live().await;
    scene
        .database
        .execute("UPDATE articles SET title = 'needle' WHERE id > 2")
        .await;
    scene.command("sync").run().await.expect(0);
    let search = json!({"limit": 2}).to_string();
    let mut ranks = Vec::new();
    for id in 3..=12 {
        let id = id.to_string();
        let report = explain(&scene, 0, &[&id, "--q", "needle", "--search", &search]).await;
        let found = &report["search"];
        let rank = found["rank"].as_u64().unwrap();
        assert_eq!(
            found["page"].as_u64().unwrap(),
            rank.div_ceil(2),
            "{report}"
        );
        ranks.push(rank);
    }
    ranks.sort_unstable();
    assert_eq!(ranks, (1..=10).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_word_that_does_not_find_it_is_named() {
    let scene = live().await;
    scene.database.save_title(3, "olive harvest").await;
    scene.command("sync").run().await.expect(0);
    let report = explain(&scene, 0, &["3", "--q", "harvest xylophone"]).await;
    let found = |report: &Value, word: &str| {
        let words = report["search"]["words"].as_array().unwrap();
        let word = words.iter().find(|one| one["word"] == word);
        word.unwrap()["found"].clone()
    };
    // By default a query's last words may be missing, so it finds the article all the same.
    assert_eq!(report["search"]["rank"], 1, "{report}");
    let all = json!({"matchingStrategy": "all"}).to_string();
    let report = explain(
        &scene,
        0,
        &["3", "--q", "harvest xylophone", "--search", &all],
    )
    .await;
    assert_eq!(report["search"]["matches"], false, "{report}");
    assert_eq!(found(&report, "harvest"), true, "{report}");
    assert_eq!(found(&report, "xylophone"), false, "{report}");
}

#[tokio::test]
async fn what_lies_beyond_the_last_hit_that_can_be_reached_is_told() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, title FROM articles")
            .settings(
                "articles",
                json!({
                    "searchableAttributes": ["title"], "filterableAttributes": ["id"],
                    "pagination": {"maxTotalHits": 3}
                }),
            )
    });
    scene
        .database
        .execute("UPDATE articles SET title = 'needle' WHERE id > 1")
        .await;
    scene.reindex().run().await.expect(0);
    let mut beyond = 0;
    for id in 2..=12 {
        let id = id.to_string();
        let report = explain(&scene, 0, &[&id, "--q", "needle"]).await;
        assert_eq!(report["search"]["matches"], true, "{report}");
        if report["search"]["rank"].is_null() {
            expect_because(&report, "maxTotalHits");
            beyond += 1;
        }
    }
    assert_eq!(beyond, 8);
}

#[tokio::test]
async fn a_text_that_is_longer_than_what_is_indexed_is_told() {
    let scene = live().await;
    let words = "word ".repeat(70_000);
    scene
        .database
        .execute(&format!(
            "UPDATE articles SET excerpt = '{words}' WHERE id = 3"
        ))
        .await;
    let long = "x".repeat(300);
    scene
        .database
        .execute(&format!(
            "UPDATE articles SET title = '{long}' WHERE id = 4"
        ))
        .await;
    scene.command("sync").run().await.expect(0);
    let report = explain(&scene, 0, &["3"]).await;
    expect_because(&report, "65,535 words");
    let report = explain(&scene, 0, &["4"]).await;
    assert_eq!(report["long_words"], json!(["title"]), "{report}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_the_reason() {
    let scene = live().await;
    let refused =
        |program: crate::support::program::Program| async move { program.run().await.expect(2) };
    let command = || scene.command("explain");
    refused(command().args(["artcles", "3"]))
        .await
        .says(["articles"]);
    refused(command().args(["articles", "3 4"]))
        .await
        .says(["no document can have this id"]);
    refused(command().args(["articles", "3", "--q", "x", "--search", "{"]))
        .await
        .says(["--search"]);
    let filter = r#"{"filter": "excerpt = 1"}"#;
    refused(command().args(["articles", "3", "--q", "x", "--search", filter]))
        .await
        .says(["filterable"]);
}

/// Twelve articles about one needle, with these settings.
async fn needles(settings: Value) -> Scene {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute("UPDATE articles SET title = 'needle ' || id, excerpt = 'part ' || (id % 2)")
        .await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, title, excerpt FROM articles")
            .settings("articles", settings)
    });
    scene.reindex().run().await.expect(0);
    scene
}

#[tokio::test]
async fn a_document_that_another_one_stands_for_is_told_with_that_one() {
    for filterable in [json!([]), json!(["id"])] {
        let scene = needles(json!({
            "searchableAttributes": ["title"], "distinctAttribute": "excerpt", "filterableAttributes": filterable
        }))
        .await;
        let mut shown = Vec::new();
        let mut hidden = Vec::new();
        for id in 1..=12 {
            let id = id.to_string();
            let report = explain(&scene, 0, &[&id, "--q", "needle"]).await;
            match report["search"]["rank"].as_u64() {
                Some(_) => shown.push(id),
                None => hidden.push(report),
            }
        }
        assert_eq!((shown.len(), hidden.len()), (2, 10));
        for report in hidden {
            let stand_in = report["search"]["stand_in"]["id"].as_str().unwrap();
            assert!(shown.iter().any(|id| id == stand_in), "{report}");
            assert_eq!(report["search"]["stand_in"]["field"], "excerpt", "{report}");
            let said = because(&report);
            assert!(said.contains("is shown in its place"), "{report}");
            assert!(!said.contains("does not find it"), "{report}");
            let told = filterable != json!([]);
            assert_eq!(report["search"]["matches"] == true, told, "{report}");
        }
        let report = explain(&scene, 0, &["3", "--q", "xylophone"]).await;
        assert_eq!(report["search"]["matches"], false, "{report}");
    }
}

#[tokio::test]
async fn hits_that_do_not_show_their_id_are_not_taken_for_no_hits() {
    for (filterable, matches) in [(json!([]), Value::Null), (json!(["id"]), json!(true))] {
        let scene = needles(json!({
            "searchableAttributes": ["title"], "displayedAttributes": ["title"], "filterableAttributes": filterable
        }))
        .await;
        let report = explain(&scene, 0, &["3", "--q", "needle"]).await;
        assert_eq!(report["search"]["matches"], matches, "{report}");
        assert_eq!(report["search"]["hits"], 12, "{report}");
        let said = because(&report);
        assert!(said.contains("displayedAttributes"), "{report}");
        assert!(!said.contains("does not find it"), "{report}");
    }
}

#[tokio::test]
async fn a_filter_that_leaves_it_out_is_told_from_a_word_that_misses() {
    for filterable in [json!(["excerpt"]), json!(["excerpt", "id"])] {
        let scene =
            needles(json!({"searchableAttributes": ["title"], "filterableAttributes": filterable}))
                .await;
        let search = json!({"filter": "excerpt = 'part 0'"}).to_string();
        let report = explain(&scene, 0, &["3", "--q", "needle", "--search", &search]).await;
        let found = &report["search"];
        assert_eq!(
            (&found["matches"], &found["filtered_out"]),
            (&json!(false), &json!(true)),
            "{report}"
        );
        assert_eq!(found["words"][0]["found"], true, "{report}");
        expect_because(&report, "the filter leaves it out");
        let report = explain(&scene, 0, &["4", "--q", "xylophone", "--search", &search]).await;
        assert_eq!(report["search"]["filtered_out"], false, "{report}");
        assert_eq!(report["search"]["words"][0]["found"], false, "{report}");
    }
}

#[tokio::test]
async fn stop_words_and_limits_of_typos_are_named() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, title FROM articles")
            .settings(
                "articles",
                json!({
                    "searchableAttributes": ["title"], "stopWords": ["the"],
                    "typoTolerance": {"minWordSizeForTypos": {"oneTypo": 8, "twoTypos": 12}}
                }),
            )
    });
    scene.database.save_title(3, "the olive harvest").await;
    scene.reindex().run().await.expect(0);
    let all = json!({"matchingStrategy": "all"}).to_string();
    let why = |report: &Value, place: usize| {
        let word = &report["search"]["words"][place];
        (
            word["found"].clone(),
            word["why"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let report = explain(&scene, 0, &["3", "--q", "the harvist", "--search", &all]).await;
    let (found, reason) = why(&report, 0);
    assert_eq!(found, Value::Null, "{report}");
    assert!(reason.contains("a stop word"), "{report}");
    let (found, reason) = why(&report, 1);
    assert_eq!(found, false, "{report}");
    assert!(
        reason.contains("`harvest` in title is 1 typo away"),
        "{report}"
    );
    assert!(reason.contains("minWordSizeForTypos"), "{report}");
    // At the end it is the beginning of a longer word, and there is none.
    let report = explain(&scene, 0, &["3", "--q", "olive the", "--search", &all]).await;
    assert_eq!(report["search"]["matches"], false, "{report}");
    let (found, reason) = why(&report, 1);
    assert_eq!(found, false, "{report}");
    assert!(reason.contains("a stop word: at the end"), "{report}");
    // Only the last word of a query is a beginning.
    let report = explain(&scene, 0, &["3", "--q", "harv olive", "--search", &all]).await;
    let (found, reason) = why(&report, 0);
    assert_eq!(found, false, "{report}");
    assert!(reason.contains("only the last word"), "{report}");
}

/// One company a row, whose code is its key.
async fn companies(documents_sql: &str) -> Scene {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE companies (code TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT, gone INTEGER NOT NULL DEFAULT 0);
             INSERT INTO companies VALUES ('NEWCO', 'New Company', 0), ('old/co', 'Old Company', 0), ('GONE', 'Gone', 1);
             CREATE TABLE owners (code TEXT, owner TEXT); INSERT INTO owners VALUES ('NEWCO', 'one'), ('NEWCO', 'two');",
        )
        .await;
    scene.define(|definitions| definitions.index("articles", documents_sql));
    scene.reindex().run().await.expect(0);
    scene
}

#[tokio::test]
async fn a_computed_id_is_found_by_the_key_of_its_row() {
    for sql in [
        "SELECT hex(code) AS id, name FROM companies WHERE gone = 0",
        "SELECT hex(c.code) AS id, c.name, count(o.owner) AS owners FROM companies AS c \
         LEFT JOIN owners AS o ON o.code = c.code WHERE NOT c.gone GROUP BY c.code",
        "SELECT 'c' || companies.rowid AS id, name FROM companies WHERE gone = 0",
    ] {
        let scene = companies(sql).await;
        for (asked, name) in [("NEWCO", "New Company"), ("old/co", "Old Company")] {
            let report = explain(&scene, 0, &[asked, "--q", name]).await;
            let id = report["id"].as_str().unwrap();
            assert_ne!(id, asked, "{report}");
            assert_eq!(report["by_key"]["column"], "code", "{report}");
            assert_eq!(report["sides_agree"], true, "{report}");
            assert_eq!(report["search"]["rank"], 1, "{report}");
            let said = because(&report);
            assert!(
                said.contains(&format!("`companies` that has the id {id}")),
                "{report}"
            );
        }
        let report = explain(&scene, 0, &["GONE"]).await;
        assert_eq!(report["database"], "filtered_out", "{report}");
        assert_eq!(report["by_key"]["ids"], json!([]), "{report}");
        let report = explain(&scene, 0, &["NOBODY"]).await;
        assert_eq!(report["by_key"], Value::Null, "{report}");
        let command = scene.command("explain").args(["articles", "no/body"]);
        command
            .run()
            .await
            .expect(2)
            .says(["no document can have this id"]);
    }
}

#[tokio::test]
async fn ids_that_differ_by_case_are_not_taken_for_one() {
    let scene = companies("SELECT code AS id, name FROM companies WHERE code <> 'old/co'").await;
    let report = explain(&scene, 0, &["newco"]).await;
    assert_eq!(report["alike"], json!(["NEWCO"]), "{report}");
    assert_eq!(report["in_index"], false, "{report}");
    let said = because(&report);
    assert!(said.contains("NEWCO, which is another one"), "{report}");
    assert!(!said.contains("missing"), "{report}");
    let report = explain(&scene, 0, &["NEWCO"]).await;
    assert_eq!(report["sides_agree"], true, "{report}");
    assert_eq!(report["alike"], json!([]), "{report}");
}
