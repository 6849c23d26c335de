//! `sync`, `verify` and `status` at several servers.

use serde_json::json;

use super::{Fleet, of};
use crate::support::program::Ended;
use crate::support::{FaultProxy, eventually};

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

/// How many rows a run read to compare them, by its log.
fn rows_read(ended: &Ended) -> u64 {
    let read = ended.err.lines().filter(|line| line.contains("rows read"));
    read.filter_map(|line| {
        line.split("read=")
            .nth(1)?
            .split(' ')
            .next()?
            .parse::<u64>()
            .ok()
    })
    .sum()
}

#[tokio::test]
async fn what_all_servers_are_compared_with_is_read_once() {
    let Some(mut fleet) = Fleet::live(3).await else {
        return;
    };
    let articles = fleet.scene.database.count("articles").await;
    for id in 1..=5 {
        fleet.scene.database.save_title(id, "saved").await;
    }
    let named = ["--compare", "changed", "-v"];
    let ended = fleet.command("sync").args(named).run().await.expect(0);
    assert_eq!(rows_read(&ended), 5, "{}", ended.err);
    fleet.expect_in_step().await;
    for command in ["verify", "apply"] {
        let ended = fleet.command(command).arg("-v").run().await.expect(0);
        assert_eq!(rows_read(&ended), articles, "{command}: {}", ended.err);
    }
    fleet.scene.database.delete_article(1).await;
    let ended = fleet.command("sync").arg("-v").run().await.expect(0);
    assert_eq!(rows_read(&ended), articles - 1, "{}", ended.err);
    fleet.expect_in_step().await;
}

/// A row that was read for one server is another one by the time that the next asks for it.
#[tokio::test]
async fn what_was_read_for_one_server_is_not_sent_to_another_after_a_commit() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    fleet.scene.database.save_title(1, "first").await;
    let proxy = FaultProxy::before(&fleet.url(1)).await;
    let hold = proxy.hold_answer("POST", "/indexes/*articles/documents/fetch");
    let urls = [fleet.url(0), proxy.url()];
    let running = fleet.command_at("sync", &urls).start();
    hold.reached("the question for the document").await;
    fleet.look_at(0);
    let title = async |fleet: &Fleet| {
        let document = fleet.scene.api.document("articles", "1").await?;
        Some(document["title"].as_str()?.to_owned())
    };
    eventually("the document at a", async || {
        title(&fleet).await.filter(|title| title == "first")
    })
    .await;
    fleet.scene.database.save_title(1, "second").await;
    hold.release();
    running.ended().await.expect(0);
    fleet.look_at(1);
    assert_eq!(title(&fleet).await.as_deref(), Some("second"));
    fleet.command("sync").run().await.expect(0);
    fleet.expect_in_step().await;
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
