//! `rollback` at several servers: all go back to the same generation, or none does.

use super::{Fleet, of};
use crate::support::program::Program;
use crate::support::{Fault, FaultProxy};

fn rollback(fleet: &Fleet) -> Program {
    fleet.command("rollback").arg("--yes")
}

/// `createdAt` of what each server answers with.
async fn live(fleet: &mut Fleet) -> Vec<String> {
    let mut live = Vec::new();
    for i in 0..fleet.urls().len() {
        fleet.look_at(i);
        let uid = fleet.scene.uid("articles");
        live.push(fleet.scene.live().await.created_at(&uid).to_owned());
    }
    live
}

#[tokio::test]
async fn all_servers_go_back_and_forth_together() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let first = live(&mut fleet).await;
    fleet.command("reindex").run().await.expect(0);
    let second = live(&mut fleet).await;
    let report = fleet
        .command("rollback")
        .arg("--list")
        .run()
        .await
        .expect(0)
        .report();
    assert_eq!(of(&report, "b")["outcome"], "listed", "{report}");
    let report = rollback(&fleet)
        .arg("--dry-run")
        .run()
        .await
        .expect(0)
        .report();
    assert_eq!(report["outcome"], "dry_run", "{report}");
    assert_eq!(live(&mut fleet).await, second);
    let report = rollback(&fleet).run().await.expect(0).report();
    assert_eq!(report["outcome"], "rolled_back", "{report}");
    assert_eq!(live(&mut fleet).await, first);
    let report = fleet.command("status").run().await.expect(0).report();
    assert_eq!(report["generations"][0]["same"], true, "{report}");
    rollback(&fleet).run().await.expect(0);
    assert_eq!(live(&mut fleet).await, second);
}

#[tokio::test]
async fn servers_that_would_go_back_to_different_generations_stay_as_they_are() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    fleet.command("reindex").run().await.expect(0);
    let url = fleet.url(1);
    fleet.scene.reindex_at(&url).run().await.expect(0);
    let before = live(&mut fleet).await;
    let ended = rollback(&fleet).run().await.expect(3);
    ended.says(["different generations", "a to articles_", "b to articles_"]);
    assert_eq!(live(&mut fleet).await, before);
}

#[tokio::test]
async fn a_server_that_cannot_go_back_keeps_all_from_it() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    fleet.command("reindex").run().await.expect(0);
    let before = live(&mut fleet).await;
    let proxy = FaultProxy::before(&fleet.url(1)).await;
    let full = Fault::meilisearch(422, "no_space_left_on_device", "the disk is full");
    proxy.always("PUT", "/indexes/bisan_indexer_checkpoints/documents", full);
    let urls = [fleet.url(0), proxy.url()];
    let program = fleet.command_at("rollback", &urls).arg("--yes");
    let report = program.run().await.expect(1).report();
    assert_eq!(of(&report, "a")["outcome"], "failed", "{report}");
    assert_eq!(live(&mut fleet).await, before);
    rollback(&fleet).run().await.expect(0);
    assert_ne!(live(&mut fleet).await, before);
}

/// It dies between the swap and the end of its task, and so undoes the swap when it is started again.
#[tokio::test]
async fn a_server_that_dies_at_the_swap_back_is_waited_for() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let first = live(&mut fleet).await;
    fleet.command("reindex").run().await.expect(0);
    if !fleet.server(1).will_die_of_a_swap().await {
        return;
    }
    let running = rollback(&fleet).start();
    fleet.server(1).died().await;
    fleet.server(1).start_again().await;
    running.ended().await.expect(0);
    assert_eq!(live(&mut fleet).await, first);
}

#[tokio::test]
async fn one_server_under_two_addresses_is_refused_and_stays_as_it_is() {
    let Some(mut fleet) = Fleet::live(1).await else {
        return;
    };
    fleet.command("reindex").run().await.expect(0);
    let before = live(&mut fleet).await;
    let url = fleet.url(0);
    let twin = url.replace("127.0.0.1", "localhost");
    let both = [url, twin];
    for command in [
        fleet.command_at("rollback", &both).arg("--yes"),
        fleet.command_at("reindex", &both),
        fleet.command_at("apply", &both).arg("--yes"),
    ] {
        let error = command.run().await.expect(2).report()["error"].to_string();
        assert!(error.contains("a and b are one server"), "{error}");
    }
    assert_eq!(live(&mut fleet).await, before);
}
