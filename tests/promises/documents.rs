//! What a row looks like once it is a document on the server.

use serde_json::json;

use crate::support::{Scene, ServerOptions};

#[tokio::test]
async fn an_article_of_bisan_is_the_document_that_the_application_expects() {
    let scene = Scene::new().await;
    scene
        .database
        .execute(
            "UPDATE authors SET name = 'غسان كنفاني' WHERE id = 2;
             UPDATE articles SET title = 'عنوان <b>مهم</b>', excerpt = NULL, author_id = 2,
               body = '<p>غزة</p><p>القدس &amp; <b>ك</b>تاب</p><script>x()</script>' WHERE id = 5",
        )
        .await;
    scene.reindex().run().await.expect(0);
    let document = scene
        .api
        .document(&scene.uid("articles"), "5")
        .await
        .unwrap();
    assert_eq!(document["id"].to_string().trim_matches('"'), "5");
    assert_eq!(
        document["title"], "عنوان <b>مهم</b>",
        "shown from the index, so it stays as the row has it"
    );
    assert_eq!(document["excerpt"], json!(null), "null, and there");
    let body: Vec<&str> = document["body"]
        .as_str()
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(body, ["غزة", "القدس", "&", "كتاب"]);
    assert!(
        document.to_string().contains("غسان كنفاني"),
        "the author's name is with the article: {document}"
    );
}

#[tokio::test]
async fn a_word_with_the_article_finds_what_holds_it_and_nothing_else() {
    let scene = Scene::on(ServerOptions::default()).await;
    scene
        .database
        .execute("UPDATE articles SET title = 'البيت رقم ' || id, excerpt = '', body = 'الكتاب'; UPDATE articles SET title = 'القدس' WHERE id = 5")
        .await;
    scene.reindex().run().await.expect(0);
    let found = scene
        .api
        .search(&scene.uid("articles"), json!({"q": "القدس"}))
        .await;
    let ids: Vec<String> = found["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["id"].to_string())
        .collect();
    assert_eq!(
        ids.iter()
            .map(|id| id.trim_matches('"'))
            .collect::<Vec<_>>(),
        ["5"],
        "{found}"
    );
}

/// Every value of SQLite, and what is easily lost of it.
#[tokio::test]
async fn values_arrive_as_they_are() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE things (id, text, number, big, fraction, absent, empty, flag, list, nested);
             INSERT INTO things VALUES ('a-B_1', 'قبل' || char(0) || 'بعد \"quoted\" \\ ' || char(10) || '😀', 17, 9007199254740993, 0.5, NULL, '',
               't', ' واحد , اثنان,, ', '{\"ب\": [1, null]}');
             INSERT INTO things (id, flag, fraction) VALUES (-5, 0, 1e999)",
        )
        .await;
    scene.define(|definitions| {
        definitions.index(
            "things",
            r#"SELECT id, text, number, big, fraction, absent, empty, flag AS "flag:bool", list AS "list:list", nested AS "nested:json" FROM things"#,
        )
    });
    let report = scene.reindex().run().await.expect(0).report();
    let uid = scene.uid("things");
    let first = scene.api.document(&uid, "a-B_1").await.unwrap();
    let expected = json!({
        "id": "a-B_1", "text": "قبل\u{0}بعد \"quoted\" \\ \n😀", "number": 17, "big": 9007199254740993_i64, "fraction": 0.5,
        "absent": null, "empty": "", "flag": true, "list": ["واحد", "اثنان"], "nested": {"ب": [1, null]},
    });
    assert_eq!(first, expected);
    let second = scene.api.document(&uid, "-5").await.unwrap();
    assert_eq!(
        (&second["flag"], &second["fraction"]),
        (&json!(false), &json!(null))
    );
    assert!(
        report["indexes"][0]["notes"]
            .to_string()
            .contains("fraction"),
        "infinity became null, and is counted: {report}"
    );
}

/// Documents that meet an index before its settings are indexed twice.
#[tokio::test]
async fn no_document_is_sent_before_the_settings_are_applied() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let proxy = scene.proxy().await;
    let uid = format!("{}_*", scene.uid("articles"));
    let settings = proxy.hold_answer("PATCH", &format!("/indexes/{uid}/settings"));
    let running = scene.reindex_through(&proxy).start();
    settings.reached("the settings are sent").await;
    let documents = format!("/indexes/{uid}/documents");
    assert_eq!(proxy.count("POST", &documents), 0);
    settings.release();
    running.ended().await.expect(0);

    let uid = scene.uid("articles");
    let tasks = format!("/tasks?indexUids={uid}&types=settingsUpdate,documentAdditionOrUpdate");
    let tasks = scene.api.get(&tasks).await.expect(200);
    let kinds: Vec<&str> = tasks["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["documentAdditionOrUpdate", "settingsUpdate"],
        "the newest first"
    );
}
