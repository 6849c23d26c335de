//! `sync`, `verify` and `status` at several servers.

use serde_json::json;

use super::{Fleet, of};

#[tokio::test]
async fn each_server_gets_its_own_difference() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    fleet.scene.database.save_title(1, "saved once").await;
    // The first has it already.
    let url = fleet.url(0);
    let alone = fleet.scene.command("sync").env("MEILISEARCH_HOST", url);
    alone.run().await.expect(0);
    let report = fleet.command("verify").run().await.expect(5).report();
    assert_eq!(of(&report, "a")["outcome"], "equal", "{report}");
    assert_eq!(of(&report, "b")["outcome"], "drift", "{report}");
    assert_eq!(of(&report, "b")["exit_code"], 5, "{report}");
    let report = fleet.command("sync").run().await.expect(0).report();
    assert_eq!(report["outcome"], "synced", "{report}");
    let sent = |name: &str| of(&report, name)["indexes"][0]["sent_different"].clone();
    assert_eq!((sent("a"), sent("b")), (json!(0), json!(1)), "{report}");
    assert_eq!(of(&report, "b")["address"], fleet.url(1));
    fleet.expect_in_step().await;
    let report = fleet.command("verify").run().await.expect(0).report();
    assert_eq!(report["outcome"], "equal", "{report}");
}

#[tokio::test]
async fn a_server_that_is_away_stops_no_other_and_catches_up() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    fleet
        .scene
        .database
        .save_title(1, "while one was away")
        .await;
    fleet.server(1).kill().await;
    let ended = fleet.command("sync").run().await.expect(1);
    let report = ended.report();
    assert_eq!(of(&report, "a")["outcome"], "synced", "{report}");
    assert_eq!(of(&report, "b")["outcome"], "failed", "{report}");
    assert!(of(&report, "b")["error"].is_string(), "{report}");
    // Which server a line is about stands in front of it.
    ended.says(["ERROR b: "]);
    fleet.look_at(0);
    fleet.scene.expect_in_step().await;
    for command in ["verify", "status"] {
        let report = fleet.command(command).run().await.expect(1).report();
        assert_eq!(of(&report, "a")["exit_code"], 0, "{report}");
        assert_eq!(of(&report, "b")["exit_code"], 1, "{report}");
    }
    fleet.server(1).start_again().await;
    fleet.command("sync").run().await.expect(0);
    fleet.expect_in_step().await;
}

#[tokio::test]
async fn status_says_which_server_answers_with_an_older_generation() {
    let Some(fleet) = Fleet::live(2).await else {
        return;
    };
    let report = fleet.command("status").run().await.expect(0).report();
    assert_eq!(report["generations"][0]["same"], true, "{report}");
    let second = fleet.url(1);
    fleet.scene.reindex_at(&second).run().await.expect(0);
    let report = fleet.command("status").run().await.expect(0).report();
    let generation = &report["generations"][0];
    assert_eq!(generation["same"], false, "{report}");
    assert_eq!(generation["behind"], json!(["a"]), "{report}");
    assert_eq!(generation["same_definition"], json!(["a"]), "{report}");
    let built_as = generation["built_as"]["b"].as_str().unwrap();
    assert!(built_as.starts_with("articles_"), "{report}");
    let said = fleet
        .command("status")
        .args(["--output", "human"])
        .succeeds()
        .await
        .out;
    assert!(said.contains("articles: a is behind"), "{said}");
    assert!(said.contains("✔ b  http://"), "{said}");
}
