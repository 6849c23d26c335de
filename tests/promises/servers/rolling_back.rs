//! `rollback` at several servers: all go back to the same generation, or none does.

use serde_json::Value;

use super::{Fleet, of};
use crate::support::program::Program;
use crate::support::{Fault, FaultProxy, eventually};

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

/// A command at both is killed when this server was swapped and the other one was not.
async fn dies_between_two_swaps(fleet: &mut Fleet, command: &str, swapped: usize) {
    let before = live(fleet).await;
    let proxy = FaultProxy::before(&fleet.url(1 - swapped)).await;
    let hold = proxy.hold("POST", "/swap-indexes");
    let mut urls = fleet.urls();
    urls[1 - swapped] = proxy.url();
    let program = fleet.command_at(command, &urls);
    let running = match command {
        "rollback" => program.arg("--yes"),
        _ => program,
    }
    .start();
    hold.reached("the swap that is not made").await;
    fleet.look_at(swapped);
    let uid = fleet.scene.uid("articles");
    eventually("the other swap is made", async || {
        let live = fleet.scene.live().await;
        (live.created_at(&uid) != before[swapped]).then_some(())
    })
    .await;
    running.kill();
    running.ended().await;
    assert_eq!(live(fleet).await[1 - swapped], before[1 - swapped]);
}

/// What is said of a server that is swapped, and of one that need not be.
fn expect_finished(report: &Value, there: &str, swapped: &str) {
    let (there_part, part) = (of(report, there), of(report, swapped));
    assert_eq!(part["finishes"], serde_json::json!([there]), "{report}");
    assert_eq!(part["indexes"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(there_part["indexes"], serde_json::json!([]), "{report}");
    let reason = &there_part["stays"][0]["reason"];
    assert!(
        reason
            .as_str()
            .is_some_and(|why| why.contains("live already")),
        "{report}"
    );
}

const NAMES: [&str; 2] = ["a", "b"];

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

/// Back and, from there, forward again: the way in which the first one went is the way of the other.
async fn the_next_rollback_finishes(swapped: usize) {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let first = live(&mut fleet).await;
    fleet.command("reindex").run().await.expect(0);
    let second = live(&mut fleet).await;
    let (there, behind) = (NAMES[swapped], NAMES[1 - swapped]);
    for meant in [&first, &second] {
        dies_between_two_swaps(&mut fleet, "rollback", swapped).await;
        let half = live(&mut fleet).await;
        let report = rollback(&fleet).arg("--dry-run").run().await.expect(0);
        let report = report.report();
        assert_eq!(report["outcome"], "dry_run", "{report}");
        expect_finished(&report, there, behind);
        assert_eq!(live(&mut fleet).await, half);

        let human = rollback(&fleet).env("BISAN_INDEXER_OUTPUT", "human");
        let said = human.run().await.expect(0).out_on_one_line();
        let finishes = format!("finishes what was begun: {there} answers with it already");
        assert!(said.contains(&finishes), "{said}");
        assert!(said.contains("Live already"), "{said}");
        assert_eq!(live(&mut fleet).await, *meant);
        for i in 0..2 {
            fleet.look_at(i);
            fleet.scene.expect_nothing_left_over(1, &[]).await;
        }
    }
    rollback(&fleet).run().await.expect(0);
    assert_eq!(live(&mut fleet).await, first);
}

#[tokio::test]
async fn a_rollback_that_died_after_the_first_server_is_finished_by_the_next() {
    the_next_rollback_finishes(0).await;
}

#[tokio::test]
async fn a_rollback_that_died_after_the_second_server_is_finished_by_the_next() {
    the_next_rollback_finishes(1).await;
}

/// It was not there, so nothing was noted there either.
#[tokio::test]
async fn a_server_that_was_away_goes_where_the_other_went() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let first = live(&mut fleet).await;
    fleet.command("reindex").run().await.expect(0);
    let alone = fleet.command_at("rollback", &[fleet.url(0)]);
    alone.arg("--yes").run().await.expect(0);
    let report = rollback(&fleet).run().await.expect(0).report();
    assert_eq!(report["outcome"], "rolled_back", "{report}");
    expect_finished(&report, "a", "b");
    assert_eq!(live(&mut fleet).await, first);
}

/// By the `createdAt` that it has on either of them, or by the uid under which it was built, as a refusal has it.
#[tokio::test]
async fn a_generation_that_some_have_already_is_asked_for_by_its_name_at_any_server() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let first = live(&mut fleet).await;
    let status = fleet.command("status").run().await.expect(0).report();
    let built_under = status["generations"][0]["built_as"]["a"].clone();
    fleet.command("reindex").run().await.expect(0);
    let second = live(&mut fleet).await;
    for (to, meant) in [
        (first[0].clone(), &first),
        (first[1].clone(), &first),
        (built_under.as_str().unwrap().to_owned(), &first),
        // Not the way that the first one went.
        (second[0].clone(), &second),
    ] {
        dies_between_two_swaps(&mut fleet, "rollback", 0).await;
        rollback(&fleet).args(["--to", &to]).run().await.expect(0);
        assert_eq!(live(&mut fleet).await, *meant, "{to}");
        if meant == &first {
            rollback(&fleet).run().await.expect(0);
        }
        assert_eq!(live(&mut fleet).await, second);
    }
}

/// Forward is not where a rollback goes by itself: what the one has built, and the other does not answer with, may be what is
/// to be left.
#[tokio::test]
async fn a_reindex_that_died_between_two_swaps_is_not_finished_by_a_rollback() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let first = live(&mut fleet).await;
    dies_between_two_swaps(&mut fleet, "reindex", 0).await;
    let half = live(&mut fleet).await;
    rollback(&fleet).run().await.expect(3);
    assert_eq!(live(&mut fleet).await, half);
    let to = ["--to", &first[1]];
    rollback(&fleet).args(to).run().await.expect(0);
    assert_eq!(live(&mut fleet).await, first);
}

/// What was there before this program has no run that built it: the one that found it on all servers makes it one generation.
#[tokio::test]
async fn what_another_program_made_is_gone_back_to_on_all_servers() {
    let Some(mut fleet) = Fleet::of(2).await else {
        return;
    };
    for i in 0..2 {
        let found = serde_json::json!([{"id": 1, "title": "of another program"}]);
        let api = fleet.server(i).api();
        api.fill(&fleet.scene.uid("articles"), found).await;
    }
    let found = live(&mut fleet).await;
    fleet.command("reindex").run().await.expect(0);
    let built = live(&mut fleet).await;
    rollback(&fleet).run().await.expect(0);
    assert_eq!(live(&mut fleet).await, found);
    dies_between_two_swaps(&mut fleet, "rollback", 1).await;
    rollback(&fleet).run().await.expect(0);
    assert_eq!(live(&mut fleet).await, built);
}
