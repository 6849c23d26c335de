//! `apply` at several servers: each gets what it needs.

use serde_json::json;

use super::{Fleet, of};

#[tokio::test]
async fn a_new_replica_is_filled_by_apply_alone() {
    let Some(mut fleet) = Fleet::of(2).await else {
        return;
    };
    let first = fleet.url(0);
    fleet.scene.reindex_at(&first).run().await.expect(0);
    fleet.look_at(0);
    let before = fleet.scene.live().await;
    let report = fleet
        .command("apply")
        .arg("--yes")
        .run()
        .await
        .expect(0)
        .report();
    assert_eq!(of(&report, "a")["way"], "nothing", "{report}");
    assert_eq!(of(&report, "b")["way"], "reindex", "{report}");
    assert_eq!(of(&report, "b")["done"], true, "{report}");
    assert_eq!(fleet.scene.live().await, before);
    fleet.expect_in_step().await;
    let report = fleet.command("apply").args(["--dry-run", "--exit-code"]);
    report.run().await.expect(0);
}

#[tokio::test]
async fn a_changed_definition_rebuilds_all_of_one_read_and_differences_are_sent_to_each() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    fleet.scene.database.save_title(1, "saved").await;
    let report = fleet
        .command("apply")
        .arg("--yes")
        .run()
        .await
        .expect(0)
        .report();
    for name in ["a", "b"] {
        assert_eq!(of(&report, name)["way"], "sync", "{report}");
        assert_eq!(of(&report, name)["sync"]["outcome"], "synced", "{report}");
    }
    fleet.expect_in_step().await;
    fleet.scene.define(|definitions| {
        definitions
            .index(
                "articles",
                "SELECT id, title, random() % 1000 AS dice FROM articles",
            )
            .settings("articles", json!({"searchableAttributes": ["title"]}))
    });
    let due = fleet.command("apply").args(["--dry-run", "--exit-code"]);
    due.run().await.expect(5);
    let report = fleet
        .command("apply")
        .arg("--yes")
        .run()
        .await
        .expect(0)
        .report();
    for name in ["a", "b"] {
        assert_eq!(of(&report, name)["reindex"]["outcome"], "live", "{report}");
    }
    let report = fleet.command("status").run().await.expect(0).report();
    assert_eq!(report["generations"][0]["same"], true, "{report}");
}

#[tokio::test]
async fn a_server_that_is_away_keeps_no_other_from_being_followed_but_all_from_a_rebuild() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    fleet
        .scene
        .database
        .save_title(1, "while one was away")
        .await;
    fleet.server(1).kill().await;
    let report = fleet
        .command("apply")
        .arg("--yes")
        .run()
        .await
        .expect(1)
        .report();
    assert_eq!(of(&report, "a")["sync"]["outcome"], "synced", "{report}");
    assert_eq!(of(&report, "b")["outcome"], "failed", "{report}");
    fleet.look_at(0);
    fleet.scene.expect_in_step().await;
    let before = fleet.scene.live().await;
    fleet.scene.define(|definitions| {
        definitions.index("articles", "SELECT id, title, 1 AS one FROM articles")
    });
    let ended = fleet.command("apply").arg("--yes").run().await.expect(1);
    let report = ended.says(["ERROR a: ", "ERROR b: ", "--require"]).report();
    assert_eq!(of(&report, "a")["outcome"], "failed", "{report}");
    assert_eq!(fleet.scene.live().await, before);
    let program = fleet.command("apply").args(["--yes", "--require", "1"]);
    let report = program.run().await.expect(0).report();
    assert_eq!(of(&report, "a")["reindex"]["outcome"], "live", "{report}");
    fleet.server(1).start_again().await;
    fleet.command("apply").arg("--yes").run().await.expect(0);
    fleet.expect_in_step().await;
}
