//! `apply` does what is due, says why, and does nothing twice.

use crate::support::Scene;
use crate::support::program::Program;

use super::sync_changes::expect_equal;

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
        report.to_string().contains("definition changed"),
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
