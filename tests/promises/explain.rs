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
    assert!(
        because(&report).contains("every field is the same"),
        "{report}"
    );
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
    assert!(
        because(&report)
            .contains("the table `articles` has no such row, and neither has the index"),
        "{report}"
    );

    scene
        .database
        .execute("UPDATE articles SET excerpt = 'draft' WHERE id = 3")
        .await;
    let report = explain(&scene, 5, &["3"]).await;
    assert_eq!(report["database"], "filtered_out", "{report}");
    assert_eq!(report["columns"]["excerpt"], "\"draft\"", "{report}");
    assert_eq!(report["clock"], "'now'", "{report}");
    assert!(
        because(&report).contains("the index still has it"),
        "{report}"
    );
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
    assert!(
        because(&report).contains("missing in the index"),
        "{report}"
    );
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
            assert!(because(&report).contains("maxTotalHits"), "{report}");
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
    assert!(because(&report).contains("65,535 words"), "{report}");
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
