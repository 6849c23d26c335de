//! `smoke` asks what a good index must answer, and says which answer is not good.

use serde_json::{Value, json};

use crate::support::Scene;

async fn scene(smoke: Value) -> Scene {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, title FROM articles")
            .settings("articles", json!({"filterableAttributes": ["id"]}))
            .smoke("articles", smoke)
            .index("authors", "SELECT id, name FROM authors")
    });
    scene.already_live().await;
    scene
}

#[tokio::test]
async fn good_answers_pass() {
    let scene =
        scene(json!([{"q": ""}, {"q": "", "filter": "id = 7", "in_top": {"id": 7, "n": 1}}])).await;
    let report = scene
        .command("smoke")
        .args(["--output", "json"])
        .reports()
        .await;
    assert_eq!(
        (&report["outcome"], &report["asked"]),
        (&json!("passed"), &json!(2))
    );
    let queries = &report["indexes"][0]["queries"];
    assert_eq!(
        (&queries[0]["hits"], &queries[1]["rank"]),
        (&json!(12), &json!(1))
    );
    let said = scene
        .command("smoke")
        .without_env("DATABASE_URL")
        .succeeds()
        .await
        .out;
    assert!(
        said.contains("12 hits")
            && said.contains("no smoke query")
            && said.contains("2 queries passed"),
        "{said}"
    );
}

#[tokio::test]
async fn bad_answers_are_named_and_refused() {
    let scene = scene(json!([{"q": ""}])).await;
    let file = scene.path("ci.json");
    let smoke = json!([
        {"q": "", "min_hits": 13},
        {"q": "", "filter": "title = x"},
        {"q": "", "filter": "id = 7", "in_top": {"id": 8, "n": 3}},
        {"q": ""},
    ]);
    std::fs::write(&file, smoke.to_string()).unwrap();
    let smoke = |options: &[&str]| {
        let program =
            scene
                .command("smoke")
                .args(["--index", "articles", "--smoke", file.to_str().unwrap()]);
        program.args(options.iter().copied()).run()
    };
    let ended = smoke(&["--output", "json"]).await.expect(3);
    let report = ended.report();
    assert_eq!(
        (&report["outcome"], &report["failed"]),
        (&json!("failed"), &json!(3))
    );
    let ended = ended.says(["at least 13", "do not allow", "document 8"]);
    assert_eq!(ended.err.matches("ERROR").count(), 3);

    let xml = smoke(&["--output", "junit", "--quiet"]).await.expect(3).out;
    assert!(
        xml.starts_with("<?xml") && xml.contains("tests=\"4\" failures=\"3\""),
        "{xml}"
    );
    assert!(
        xml.contains("&quot;filter&quot;:&quot;title = x&quot;"),
        "{xml}"
    );
    assert_eq!(xml.matches("<testcase").count(), 4);

    let which = scene
        .command("smoke")
        .args(["--smoke", file.to_str().unwrap()])
        .run()
        .await
        .expect(2);
    which.says(["--index NAME", "articles, authors"]);
}

#[tokio::test]
async fn a_former_generation_is_asked_by_its_uid_or_its_time() {
    let scene = scene(json!([{"q": ""}])).await;
    scene.database.delete_article(3).await;
    scene.reindex().run().await.expect(0);
    let file = scene.path("twelve.json");
    std::fs::write(&file, json!([{"q": "", "min_hits": 12}]).to_string()).unwrap();
    let smoke = format!("articles={}", file.display());
    scene
        .command("smoke")
        .args(["--smoke", &smoke])
        .run()
        .await
        .expect(3);
    let uid = scene.generations("articles").await.remove(0);
    let created_at = scene.api.index(&uid).await.unwrap()["createdAt"]
        .as_str()
        .unwrap()
        .to_owned();
    for by in [&uid, &created_at] {
        let report = scene
            .command("smoke")
            .args(["--output", "json", "--smoke", &smoke, "--generation", by])
            .reports()
            .await;
        assert_eq!(report["indexes"][0]["uid"], uid);
    }
    let unknown = scene
        .command("smoke")
        .args(["--generation", "articles_x"])
        .run()
        .await
        .expect(2);
    unknown.says(["articles_x", "rollback --list"]);
}

#[tokio::test]
async fn asking_nothing_is_no_success() {
    let scene = scene(json!([])).await;
    scene
        .command("smoke")
        .run()
        .await
        .expect(2)
        .says(["no smoke query", "--smoke FILE"]);
}
