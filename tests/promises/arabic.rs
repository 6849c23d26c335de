//! A reader of Arabic finds a word in whatever form it stands in a text.
//!
//! `arabic/documents.json` has forty invented sentences, `arabic/smoke.json` a query for each: 33 that have to find it and
//! seven that must not.

use serde_json::{Value, json};

use crate::support::{Scene, ServerOptions};

const DOCUMENTS: &str = include_str!("arabic/documents.json");
const QUERIES: &str = include_str!("arabic/smoke.json");

const OLD: ServerOptions = ServerOptions {
    open: false,
    like_1_5: true,
    payload_limit: None,
};

/// A scene with the sentences in a table of their own.
async fn sentences(options: ServerOptions) -> Option<Scene> {
    let scene = Scene::on_own_server(options).await?;
    let documents: Vec<Value> = serde_json::from_str(DOCUMENTS).unwrap();
    let rows: Vec<String> = documents
        .iter()
        .map(|document| {
            format!(
                "({}, '{}')",
                document["id"],
                document["text"].as_str().unwrap()
            )
        })
        .collect();
    let rows = rows.join(", ");
    let sql = format!(
        "CREATE TABLE sentences (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO sentences VALUES {rows}"
    );
    scene.database.execute(&sql).await;
    Some(scene)
}

/// Indexes the sentences with these columns beside the id.
fn define(scene: &mut Scene, columns: &str, settings: Value) {
    let documents = format!("SELECT id, {columns} FROM sentences");
    scene.define(|definitions| {
        definitions
            .index("articles", &documents)
            .settings("articles", settings)
    });
}

/// The settings of the shipped definitions, and word lengths in letters.
fn settings() -> Value {
    json!({
        "stopWords": ["ال"],
        "localizedAttributes": [{"attributePatterns": ["*"], "locales": ["ara"]}],
        "typoTolerance": {"minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9, "letters": "ara"}},
    })
}

/// What the queries find: the report's entry of the index.
async fn asked(scene: &Scene, options: &[&str]) -> Value {
    let file = scene.path("judged.json");
    std::fs::write(&file, QUERIES).unwrap();
    let program = scene
        .command("smoke")
        .args(["--output", "json", "--smoke", file.to_str().unwrap()])
        .args(options.iter().copied());
    let mut report = program.run().await.report();
    report["indexes"][0].take()
}

async fn finds_what_it_should(options: ServerOptions) {
    let Some(mut scene) = sentences(options).await else {
        return;
    };
    for (columns, all) in [
        ("text", false),
        ("text AS \"text:arabic\"", true),
        ("text AS \"text:html_arabic\"", true),
        ("text, text AS \"forms:arabic_forms\"", true),
    ] {
        define(&mut scene, columns, settings());
        scene.reindex().run().await.expect(0);
        let found = asked(&scene, &[]).await;
        let right = found["sets"][0]["right"].as_u64().unwrap();
        match all {
            true => assert_eq!(right, 40, "{columns}: {found:#}"),
            false => assert!(right < 20, "without forms {right} are right"),
        }
    }
}

#[tokio::test]
async fn a_word_is_found_in_every_form() {
    finds_what_it_should(ServerOptions::default()).await;
}

#[tokio::test]
async fn a_word_is_found_in_every_form_on_an_old_server() {
    finds_what_it_should(OLD).await;
}

#[tokio::test]
async fn forms_in_a_field_of_their_own_are_neither_shown_nor_marked() {
    let Some(mut scene) = sentences(ServerOptions::default()).await else {
        return;
    };
    let hidden = json!({
        "searchableAttributes": ["text", "forms"],
        "displayedAttributes": ["id", "text"],
        "stopWords": ["ال"],
    });
    define(&mut scene, "text, text AS \"forms:arabic_forms\"", hidden);
    scene.reindex().run().await.expect(0);
    let search = json!({
        "q": "القدس", "attributesToHighlight": ["*"], "attributesToCrop": ["*"], "showMatchesPosition": true
    });
    let answer = scene.api.search("articles", search).await;
    let hits = answer["hits"].as_array().unwrap();
    assert!(hits.len() > 3, "{answer:#}");
    for hit in hits {
        let mut shown: Vec<&String> = hit["_formatted"].as_object().unwrap().keys().collect();
        shown.sort(); // versions differ in their order
        assert_eq!(shown, ["id", "text"], "{hit:#}");
    }
    // What says القدس or قدس itself comes before what has the form of والقدس.
    let place = |id: u64| hits.iter().position(|hit| hit["id"] == id).unwrap();
    assert!(
        [1, 2, 3].map(place).into_iter().all(|its| its < place(4)),
        "{answer:#}"
    );
    let text = &hits[place(4)]["_formatted"]["text"];
    assert!(!text.as_str().unwrap().contains("<em>"), "{text}");
}

#[tokio::test]
async fn two_generations_are_compared_query_by_query() {
    let Some(mut scene) = sentences(ServerOptions::default()).await else {
        return;
    };
    define(&mut scene, "text", settings());
    scene.reindex().run().await.expect(0);
    define(&mut scene, "text AS \"text:arabic\"", settings());
    scene.reindex().run().await.expect(0);
    let former = scene.generations("articles").await.remove(0);
    let found = asked(&scene, &["--compare", &former]).await;
    let compared = &found["compared"];
    assert_eq!(
        (&compared["uid"], &compared["lost"]),
        (&json!(former), &json!(0)),
        "{found:#}"
    );
    assert!(compared["gained"].as_u64().unwrap() > 20, "{found:#}");
    assert_eq!(found["recall"], 1.0);
    assert!(compared["recall"].as_f64().unwrap() < 0.5, "{found:#}");
    let file = scene.path("judged.json");
    let said =
        scene
            .command("smoke")
            .args(["--smoke", file.to_str().unwrap(), "--compare", &former]);
    let said = said.run().await.expect(0).out;
    for part in [
        "40 of a set of 40 queries right",
        "recall 1.00",
        "right that were not",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}

#[tokio::test]
async fn too_few_right_answers_keep_a_build_from_being_swapped_in() {
    let Some(mut scene) = sentences(ServerOptions::default()).await else {
        return;
    };
    let queries: Value = serde_json::from_str(QUERIES).unwrap();
    let smoke = |at_least: f64| json!([{"at_least": at_least, "queries": queries[0]["queries"]}]);
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, text FROM sentences")
            .settings("articles", settings())
            .smoke("articles", smoke(0.9))
    });
    let refused = scene.reindex().run().await.expect(3);
    refused.says(["of a set of 40 smoke queries were answered rightly, and 36 have to be"]);
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, text FROM sentences")
            .settings("articles", settings())
            .smoke("articles", smoke(0.2))
    });
    scene.reindex().run().await.expect(0);
    let junit = scene.command("smoke").args(["--output", "junit"]);
    let xml = junit.run().await.expect(0).out;
    assert!(
        xml.contains("failures=\"0\"") && xml.contains("<skipped message="),
        "{xml}"
    );
}

/// What is said of the fourth sentence, which says والقدس.
async fn explain(scene: &Scene, q: &str) -> Value {
    let program = scene.command("explain");
    let program = program.args(["articles", "4", "--q", q, "--output", "json"]);
    program.run().await.expect(0).report()
}

#[tokio::test]
async fn an_explanation_names_the_form_that_a_word_is_found_by() {
    let Some(mut scene) = sentences(ServerOptions::default()).await else {
        return;
    };
    define(&mut scene, "text AS \"text:arabic\"", settings());
    scene.reindex().run().await.expect(0);
    let report = explain(&scene, "القدس").await;
    assert_eq!(
        report["search"]["forms"],
        json!([{"word": "القدس", "form": "قدس", "of": "والقدس", "field": "text"}])
    );
    let said = report["because"].to_string();
    assert!(said.contains("through the form قدس of والقدس"), "{said}");
    let report = explain(&scene, "المعرض").await;
    assert_eq!(
        report["search"]["forms"],
        json!([]),
        "it stands there itself"
    );
    let report = explain(&scene, "القاهرة").await;
    let why = report["search"]["words"][0]["why"].as_str().unwrap();
    assert_eq!(why, "it is no word of it, and no form of one");

    define(&mut scene, "text", settings());
    scene.reindex().run().await.expect(0);
    let report = explain(&scene, "القدس").await;
    let why = report["search"]["words"][0]["why"].as_str().unwrap();
    assert!(why.contains("`والقدس` in text has the form قدس"), "{why}");
}

/// Word lengths are what the definition means, whatever the server counts, and are set right after an upgrade.
#[tokio::test]
async fn lengths_of_words_are_meant_in_letters() {
    for options in [OLD, ServerOptions::default()] {
        let Some(mut scene) = sentences(options).await else {
            return;
        };
        define(&mut scene, "text", settings());
        scene.reindex().run().await.expect(0);
        let sizes = |settings: &Value| {
            let sizes = &settings["typoTolerance"]["minWordSizeForTypos"];
            [&sizes["oneTypo"], &sizes["twoTypos"]].map(|size| size.as_u64().unwrap())
        };
        let found = sizes(&scene.api.settings("articles").await);
        let counts_letters = scene.api.minor().await >= 16;
        assert_eq!(found, if counts_letters { [5, 9] } else { [9, 17] });
        scene.command("verify").run().await.expect(0);
        let said = scene.command("doctor").arg("-v").run().await.expect(0).out;
        assert!(said.contains("meant in letters (ara)"), "{said}");

        // As an upgrade leaves them: in the units of the former version.
        let former =
            json!({"typoTolerance": {"minWordSizeForTypos": {"oneTypo": 30, "twoTypos": 60}}});
        let path = "/indexes/articles/settings";
        scene.api.succeed("PATCH", path, Some(former)).await;
        let planned = scene.command("apply").args(["--dry-run", "--exit-code"]);
        planned.run().await.expect(5);
        scene.command("apply").arg("--yes").run().await.expect(0);
        assert_eq!(sizes(&scene.api.settings("articles").await), found);
        let generations = scene.generations("articles").await;
        assert!(generations.is_empty(), "in place: {generations:?}");
    }
}
