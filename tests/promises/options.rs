//! Every option as people and deployments give it.

use crate::support::Scene;

#[tokio::test]
async fn everything_can_be_said_by_environment() {
    let scene = Scene::new().await;
    if !scene.has_own_server() {
        return;
    }
    let path = scene.database_url();
    for address in [
        format!("sqlite3:{path}"),
        format!("sqlite://{path}"),
        format!("sqlite:{path}"),
        path.clone(),
    ] {
        let run = scene
            .program()
            .arg("reindex")
            .env("DATABASE_URL", &address)
            .env("MEILISEARCH_HOST", &scene.server.url);
        run.env("BISAN_INDEXER_INDEX", "authors")
            .env("BISAN_INDEXER_UID", "authors=Author,articles=Article")
            .env("BISAN_INDEXER_BATCH_SIZE", "1MB")
            .env("BISAN_INDEXER_RETAIN", "0")
            .env("BISAN_INDEXER_OUTPUT", "json")
            .reports()
            .await;
        assert_eq!(scene.api.count("Author").await, 4);
        assert!(scene.api.index("Article").await.is_none());
    }
    scene.expect_nothing_left_over(0, &["Author"]).await;
}

#[tokio::test]
async fn the_applications_own_uids_can_be_kept() {
    let scene = Scene::new().await;
    if !scene.has_own_server() {
        return;
    }
    for _ in 0..2 {
        scene
            .reindex()
            .args(["--uid", "articles=Article", "--uid", "authors=Author"])
            .succeeds()
            .await;
    }
    assert_eq!(
        (
            scene.api.count("Article").await,
            scene.api.count("Author").await
        ),
        (12, 4)
    );
    let uids: Vec<String> = scene
        .api
        .indexes()
        .await
        .into_iter()
        .map(|(uid, _)| uid)
        .collect();
    assert_eq!(
        uids.iter()
            .filter(|uid| uid.starts_with("Article_2"))
            .count(),
        1,
        "{uids:?}"
    );
    assert!(!uids.contains(&"articles".to_owned()), "{uids:?}");
}

#[tokio::test]
async fn quiet_says_nothing_where_nothing_is_wrong() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let ended = scene.reindex_for_people().arg("-q").run().await.expect(0);
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("", ""));
}

#[tokio::test]
async fn a_person_gets_a_summary_and_no_escape_codes_in_a_file() {
    let scene = Scene::new().await;
    let ended = scene.reindex_for_people().run().await.expect(0);
    for word in ["articles", "authors", "12 documents", "4 documents"] {
        assert!(
            ended.out.contains(word),
            "`{word}` is missing in\n{}",
            ended.out
        );
    }
    assert!(
        !ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'),
        "{}\n{}",
        ended.out,
        ended.err
    );
    let coloured = scene
        .reindex_for_people()
        .args(["--color", "always"])
        .succeeds()
        .await;
    assert!(coloured.out.contains('\u{1b}') || coloured.err.contains('\u{1b}'));
}

#[tokio::test]
async fn log_lines_in_json_are_json_every_one() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let ended = scene
        .reindex()
        .args(["--log-format", "json", "-vv"])
        .succeeds()
        .await;
    assert!(!ended.err.is_empty());
    for line in ended.err.lines() {
        serde_json::from_str::<serde_json::Value>(line)
            .unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

/// A failed run is told to programs as well.
#[tokio::test]
async fn a_failure_is_one_report_too() {
    let scene = Scene::new().await;
    scene.database.execute("DELETE FROM articles").await;
    let report = scene.reindex().run().await.expect(3).report();
    assert_eq!(report["exit_code"], 3, "{report}");
    assert!(report["error"].to_string().contains("articles"), "{report}");
}

#[tokio::test]
async fn small_batches_give_the_same_index() {
    let scene = Scene::sized(60, 4).await;
    let one = scene.reindex().run().await.expect(0).report();
    let documents = scene.api.documents(&scene.uid("articles")).await;
    let many = scene
        .reindex()
        .args(["--batch-size", "4kB"])
        .reports()
        .await;
    assert_eq!(one["indexes"][0]["batches"], 1, "{one}");
    assert!(
        many["indexes"][0]["batches"].as_u64().unwrap() > 5,
        "{many}"
    );
    assert_eq!(scene.api.documents(&scene.uid("articles")).await, documents);
}
