//! What happened to Bisan, acted out at a hundredth of its size: imports ran no callbacks, so nothing told Meilisearch, and for
//! weeks 15,022 of 20,331 articles could not be found without anyone being told.

use serde_json::json;

use crate::support::Scene;
use crate::watch::{Follower, eventually_in_step};

/// 53 articles are live, and an import has brought 150 more that nobody sent.
async fn after_the_import() -> Scene {
    let scene = Scene::sized(53, 4).await;
    scene.already_live().await;
    scene.database.import(150, "مقال من الاستيراد").await;
    scene
}

#[tokio::test]
async fn status_tells_the_same_day() {
    let scene = after_the_import().await;
    let told = scene
        .command("status")
        .args(["--max-missing", "0", "--output", "json"])
        .run()
        .await
        .expect(5)
        .report();
    let articles = &told["indexes"][0];
    assert_eq!(
        (
            &articles["database"]["documents"],
            &articles["live"]["documents"],
            &articles["missing"]
        ),
        (&json!(203), &json!(53), &json!(150)),
        "{told}"
    );
    // The line of cron prints this, and cron mails it.
    scene
        .command("status")
        .args(["--max-missing", "0"])
        .run()
        .await
        .expect(5)
        .says(["150"]);
}

#[tokio::test]
async fn one_sync_sends_what_is_missing_and_nothing_else() {
    let scene = after_the_import().await;
    let report = scene
        .command("sync")
        .args(["--output", "json"])
        .reports()
        .await;
    let articles = &report["indexes"][0];
    for (figure, expected) in [
        ("sent_missing", 150),
        ("sent_changed", 0),
        ("sent_different", 0),
        ("deleted", 0),
    ] {
        assert_eq!(articles[figure], expected, "{figure} in {report}");
    }
    scene.expect_in_step().await;
    scene
        .command("status")
        .args(["--max-missing", "0", "--max-lag", "1m"])
        .succeeds()
        .await;
}

#[tokio::test]
async fn a_follower_would_never_have_let_it_happen() {
    let scene = Scene::sized(53, 4).await;
    scene.already_live().await;
    let follower = Follower::start(&scene).await;
    scene.database.import(150, "مقال من الاستيراد").await;
    eventually_in_step(&scene, "the import is searchable, and nobody did anything").await;
    follower.stop().await;
}
