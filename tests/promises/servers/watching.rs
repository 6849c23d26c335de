//! `sync --watch` at several servers: one that is away delays no other, and no balancer sends it searches.

use super::{Fleet, of};
use crate::support::{FaultProxy, eventually};
use crate::watch::{Follower, eventually_in_step};

/// Returns once this is the status of `/ready` for a server, and what it said then.
pub(super) async fn ready(follower: &Follower, server: &str, expected: u16) -> String {
    eventually(
        &format!("/ready of {server} answers {expected}"),
        async || {
            let asked = follower.asks(&format!("/ready?server={server}")).await;
            asked.filter(|(status, _)| *status == expected)
        },
    )
    .await
    .1
}

#[tokio::test]
async fn each_server_is_followed_by_itself_and_one_that_is_away_is_left_out() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let follower = Follower::begin(fleet.command("sync"));
    follower.ready("the first round").await;
    fleet.scene.database.save_title(1, "seen by both").await;
    for i in 0..2 {
        fleet.look_at(i);
        eventually_in_step(&fleet.scene, "a saved record").await;
    }
    fleet.server(1).kill().await;
    fleet
        .scene
        .database
        .save_title(2, "while one was away")
        .await;
    fleet.look_at(0);
    eventually_in_step(&fleet.scene, "a record saved while the other is away").await;
    ready(&follower, "b", 503).await;
    ready(&follower, "a", 200).await;
    assert!(
        follower
            .not_ready("a server is away")
            .await
            .starts_with("b: ")
    );
    let (_, metrics) = follower.asks("/metrics").await.unwrap();
    for line in [
        "bisan_indexer_ready{server=\"a\"} 1",
        "bisan_indexer_ready{server=\"b\"} 0",
        "bisan_indexer_documents{server=\"a\",index=\"articles\"} 12",
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line}\n{metrics}");
    }
    let status = fleet
        .command("status")
        .args(["--output", "prometheus"])
        .run()
        .await
        .expect(1);
    for line in [
        "bisan_indexer_up{server=\"a\"} 1",
        "bisan_indexer_up{server=\"b\"} 0",
    ] {
        assert!(
            status.out.lines().any(|one| one == line),
            "{line}\n{}",
            status.out
        );
    }
    fleet.server(1).start_again().await;
    follower.ready("both are back").await;
    fleet.expect_in_step().await;
    assert_eq!(follower.asks("/ready?server=c").await.unwrap().0, 404);
    follower.stop().await;
}

/// The follower has nothing to do, and is in the middle of a round: a balancer is told at once in both.
#[tokio::test]
async fn a_server_that_dies_is_left_out_whatever_its_follower_does() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let proxy = FaultProxy::before(&fleet.url(1)).await;
    let urls = [fleet.url(0), proxy.url()];
    let follower = Follower::begin(fleet.command_at("sync", &urls));
    follower.ready("the first round").await;
    fleet.server(1).kill().await;
    ready(&follower, "b", 503).await;
    fleet.server(1).start_again().await;
    ready(&follower, "b", 200).await;

    let hold = proxy.hold_answer("POST", "/indexes/*articles/documents");
    fleet.scene.database.save_title(1, "half sent").await;
    hold.reached("the upload").await;
    ready(&follower, "b", 200).await;
    fleet.server(1).kill().await;
    hold.release();
    ready(&follower, "b", 503).await;
    ready(&follower, "a", 200).await;
    fleet.server(1).start_again().await;
    follower.ready("both are back").await;
    fleet.look_at(1);
    eventually_in_step(&fleet.scene, "the record that was half sent").await;
    follower.stop().await;
}

#[tokio::test]
async fn a_new_replica_is_left_out_until_it_is_filled() {
    let Some(mut fleet) = Fleet::of(2).await else {
        return;
    };
    let first = fleet.url(0);
    fleet.scene.reindex_at(&first).run().await.expect(0);
    let follower = Follower::begin(fleet.command("sync"));
    ready(&follower, "a", 200).await;
    ready(&follower, "b", 503).await;
    let report = fleet
        .command("apply")
        .arg("--yes")
        .run()
        .await
        .expect(0)
        .report();
    assert_eq!(of(&report, "b")["way"], "reindex", "{report}");
    ready(&follower, "b", 200).await;
    fleet.expect_in_step().await;
    follower.stop().await;
}
