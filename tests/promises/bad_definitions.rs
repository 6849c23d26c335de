//! What was written cannot be used: said before anything is created, with exit code 2.

use serde_json::json;

use crate::support::definitions::Definitions;
use crate::support::program::Ended;
use crate::support::{Scene, ServerOptions, needs};

async fn refused(describe: impl FnOnce(Definitions) -> Definitions) -> Ended {
    let mut scene = Scene::new().await;
    scene.define(describe);
    let rows_before = scene.database.count("articles").await;
    let proxy = scene.proxy().await;
    let ended = scene.reindex_through(&proxy).run().await.expect(2);
    let writes: Vec<_> = proxy
        .seen()
        .into_iter()
        .filter(|seen| seen.method != "GET" && !seen.path.ends_with("/fetch"))
        .collect();
    assert!(writes.is_empty(), "something was sent: {writes:?}");
    assert!(scene.live().await.is_empty());
    assert_eq!(scene.database.count("articles").await, rows_before);
    ended
}

async fn refused_sql(documents_sql: &str) -> Ended {
    refused(|definitions| definitions.index("articles", documents_sql))
        .await
        .says(["articles", "documents.sql"])
}

#[tokio::test]
async fn a_misspelt_settings_key_is_answered_with_the_right_one() {
    refused(|definitions| {
        definitions
            .index("articles", "SELECT id, title FROM articles")
            .settings("articles", json!({"searchableAttribute": ["title"]}))
    })
    .await
    .says(["articles", "searchableAttribute", "searchableAttributes"]);
}

#[tokio::test]
async fn a_settings_key_that_the_server_is_too_old_for_is_left_out_and_said() {
    let mut scene = Scene::on(ServerOptions {
        like_1_5: true,
        ..ServerOptions::default()
    })
    .await;
    if scene.api.get("/version").await.body["pkgVersion"]
        .as_str()
        .is_none_or(|version| !version.starts_with("1.5."))
    {
        needs::missing(needs::THROW_AWAY_SERVER, "this server is not a 1.5");
        return;
    }
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, title FROM articles")
            .settings(
                "articles",
                json!({
                    "stopWords": ["ال"],
                    "localizedAttributes": [{"attributePatterns": ["*"], "locales": ["ara"]}],
                }),
            )
    });
    scene
        .reindex()
        .succeeds()
        .await
        .says(["localizedAttributes"]);
    assert_eq!(
        scene.api.settings(&scene.uid("articles")).await["stopWords"],
        json!(["ال"])
    );
    // Said again, not done again: the left-out key is no difference between definition and server.
    scene
        .reindex()
        .succeeds()
        .await
        .says(["localizedAttributes"]);
}

#[tokio::test]
async fn documents_without_an_id_are_refused() {
    refused_sql("SELECT title, body FROM articles")
        .await
        .says(["id"]);
}

#[tokio::test]
async fn two_columns_of_one_name_are_refused() {
    refused_sql("SELECT id, title, excerpt AS title FROM articles")
        .await
        .says(["title"]);
    refused_sql(r#"SELECT id, body, body AS "body:html" FROM articles"#)
        .await
        .says(["body"]);
}

#[tokio::test]
async fn two_statements_are_refused() {
    refused_sql("SELECT id FROM articles; SELECT id FROM authors").await;
    refused_sql("SELECT id FROM articles; DELETE FROM articles").await;
}

#[tokio::test]
async fn a_statement_that_writes_is_refused() {
    refused_sql("DELETE FROM articles").await;
    refused_sql("DELETE FROM articles RETURNING id, title").await;
    refused_sql(
        "WITH x AS (SELECT 1 AS id) INSERT INTO authors (name) SELECT id FROM x RETURNING id",
    )
    .await;
    refused_sql("PRAGMA user_version = 7").await;
    refused_sql("ATTACH 'elsewhere.sqlite3' AS elsewhere").await;
}

#[tokio::test]
async fn a_semicolon_and_a_comment_at_the_end_are_no_second_statement() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions.index(
            "articles",
            "-- all\nSELECT id, title FROM articles; -- all of them\n",
        )
    });
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
}

#[tokio::test]
async fn sql_that_does_not_parse_is_shown_with_sqlites_own_words() {
    refused_sql("SELECT id FORM articles")
        .await
        .says(["syntax error"]);
    refused_sql("SELECT id, headline FROM articles")
        .await
        .says(["no such column", "headline"]);
    refused_sql("").await;
}

#[tokio::test]
async fn an_unknown_conversion_is_answered_with_the_right_one() {
    refused_sql(r#"SELECT id, body AS "body:htm" FROM articles"#)
        .await
        .says(["htm", "html"]);
}

#[tokio::test]
async fn a_parameter_in_documents_sql_is_refused() {
    refused_sql("SELECT id FROM articles WHERE updated_at > :since")
        .await
        .says([":since"]);
}

#[tokio::test]
async fn a_changes_sql_that_names_no_time_is_refused() {
    let ended = refused(|definitions| {
        definitions
            .index("articles", "SELECT id, title FROM articles")
            .changes("articles", "SELECT id FROM articles")
    });
    ended.await.says(["changes.sql"]);
}

#[tokio::test]
async fn a_file_that_is_missing_or_no_json_is_named() {
    refused(|definitions| {
        definitions
            .index("articles", "SELECT id FROM articles")
            .without("articles", "documents.sql")
    })
    .await
    .says(["articles", "documents.sql"]);
    refused(|definitions| {
        definitions
            .index("articles", "SELECT id FROM articles")
            .file("articles", "settings.json", "{")
    })
    .await
    .says(["settings.json"]);
    refused(|definitions| {
        definitions
            .index("articles", "SELECT id FROM articles")
            .file("articles", "smoke.json", "[{]")
    })
    .await
    .says(["smoke.json"]);
}

#[tokio::test]
async fn two_definitions_of_one_live_uid_are_refused() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id FROM articles")
            .index("authors", "SELECT id FROM authors")
    });
    scene
        .reindex()
        .args(["--uid", "authors=articles"])
        .run()
        .await
        .expect(2)
        .says(["articles", "authors"]);
}

#[tokio::test]
async fn an_unknown_index_is_answered_with_the_known_ones() {
    let scene = Scene::new().await;
    scene
        .reindex()
        .args(["--index", "article"])
        .run()
        .await
        .expect(2)
        .says(["article", "articles", "authors"]);
}

#[tokio::test]
async fn a_folder_without_definitions_is_refused() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| definitions);
    scene.reindex().run().await.expect(2);
}

/// SQLite takes both for one name, and would give the one's values for the other's.
#[tokio::test]
async fn columns_that_differ_by_case_alone_are_refused() {
    for sql in [
        "SELECT rowid AS id, id AS \"ID\" FROM articles",
        "SELECT id, title, excerpt AS Title FROM articles",
    ] {
        let ended = refused_sql(sql).await;
        ended.says(["differ by case alone", "another name"]);
    }
    let ended = refused(|definitions| {
        definitions.index("articles", "SELECT id, title FROM articles").changes(
            "articles",
            "SELECT author_id AS \"ID\", id, updated_at AS changed_at FROM articles WHERE updated_at >= :since",
        )
    })
    .await;
    ended.says(["articles/changes.sql", "\"ID\"", "\"id\"", "another name"]);
}

/// `title COLLATE NOCASE` is called so when the statement is read, and `title` when it stands inside another one.
#[tokio::test]
async fn a_column_that_sqlite_calls_two_things_is_refused_with_the_name_to_give() {
    let ended = refused_sql("SELECT id, title COLLATE NOCASE FROM articles").await;
    ended.says(["title COLLATE NOCASE", "no name of its own", "AS title"]);
}
