//! `--dry-run` finds what a run would stumble over, and changes nothing anywhere.

use crate::support::Scene;

#[tokio::test]
async fn a_dry_run_sends_nothing_that_changes_anything() {
    let scene = Scene::new().await;
    let proxy = scene.proxy().await;
    let report = scene
        .reindex_through(&proxy)
        .arg("--dry-run")
        .reports()
        .await;
    assert_eq!(report["outcome"], "dry_run", "{report}");
    assert_eq!(report["indexes"][0]["documents_read"], 12);
    let writes: Vec<_> = proxy
        .seen()
        .into_iter()
        .filter(|seen| seen.method != "GET" && !seen.path.ends_with("/fetch"))
        // What the key may do is found out by requests that are refused.
        .filter(|seen| !seen.is_probe || seen.status < Some(400))
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
    assert!(scene.live().await.is_empty());
}

#[tokio::test]
async fn a_dry_run_finds_the_bad_row_that_a_run_would_find() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE things (id, title);
             INSERT INTO things WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100) SELECT n, n FROM n;
             INSERT INTO things VALUES ('bad id', 'x')",
        )
        .await;
    scene.define(|definitions| definitions.index("things", "SELECT id, title FROM things"));
    scene
        .reindex()
        .arg("--dry-run")
        .run()
        .await
        .expect(1)
        .says(["things", "101", "bad id"]);
}

#[tokio::test]
async fn a_dry_run_says_that_the_index_would_shrink() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene
        .database
        .execute("DELETE FROM articles WHERE id > 3")
        .await;
    scene
        .reindex()
        .arg("--dry-run")
        .run()
        .await
        .expect(3)
        .says(["articles", "12", "3"]);
}
