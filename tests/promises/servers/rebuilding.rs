//! `reindex` at several servers: one read, every server at its own pace, and all swapped together or none.

use serde_json::json;

use super::{Fleet, of};
use crate::support::scene::Live;
use crate::support::searcher::Glimpse;
use crate::support::{Fault, FaultProxy, Searcher, eventually};

/// The uid under which each server's live index was built, as its record says.
async fn built_as(fleet: &mut Fleet, i: usize) -> String {
    let report = fleet.command("status").run().await.expect(0).report();
    let name = super::NAMES[i];
    let built_as = &report["generations"][0]["built_as"][name];
    built_as
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {report}"))
        .to_owned()
}

/// What is live on each server, in the order of the servers.
async fn live(fleet: &mut Fleet) -> Vec<Live> {
    let mut live = Vec::new();
    for i in 0..fleet.urls().len() {
        fleet.look_at(i);
        live.push(fleet.scene.live().await);
    }
    live
}

async fn expect_nothing_left_over(fleet: &mut Fleet, retained: usize) {
    for i in 0..fleet.urls().len() {
        fleet.look_at(i);
        fleet.scene.expect_nothing_left_over(retained, &[]).await;
    }
}

/// Had the database been read once for each server, each would have got other numbers.
#[tokio::test]
async fn the_database_is_read_once_and_every_server_gets_the_same_generation() {
    let Some(mut fleet) = Fleet::of(3).await else {
        return;
    };
    fleet.scene.define_titles_with(|definitions| {
        definitions.file(
            "articles",
            "documents.sql",
            "SELECT id, title, random() % 1000000000 AS dice FROM articles",
        )
    });
    for _ in 0..2 {
        let report = fleet.command("reindex").run().await.expect(0).report();
        assert_eq!(report["outcome"], "live", "{report}");
        for name in ["a", "b", "c"] {
            let part = of(&report, name);
            assert_eq!(part["outcome"], "live", "{report}");
            assert_eq!(part["indexes"][0]["documents_indexed"], 12, "{report}");
        }
    }
    let mut dice = Vec::new();
    for i in 0..3 {
        fleet.look_at(i);
        let mut documents = fleet
            .scene
            .api
            .documents(&fleet.scene.uid("articles"))
            .await;
        documents.sort_by_key(|document| document["id"].as_u64());
        dice.push(
            documents
                .iter()
                .map(|one| one["dice"].clone())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(dice[0].len(), 12);
    assert!(dice.iter().all(|one| *one == dice[0]), "{dice:?}");
    let report = fleet.command("status").run().await.expect(0).report();
    assert_eq!(report["generations"][0]["same"], true, "{report}");
    expect_nothing_left_over(&mut fleet, 1).await;
}

/// A server that is slow holds nobody's upload up, and everybody's swap.
#[tokio::test]
async fn each_server_is_filled_at_its_own_pace_and_all_are_swapped_together() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    fleet
        .scene
        .database
        .save_title(1, "of the second generation")
        .await;
    let before = live(&mut fleet).await;
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    for i in 0..2 {
        fleet.look_at(i);
        let indexes = vec![(fleet.scene.uid("articles"), "title")];
        let searcher = Searcher::ask(fleet.scene.api.clone(), indexes);
        match i {
            0 => fast.push(searcher),
            _ => slow.push(searcher),
        }
    }
    let near = FaultProxy::before(&fleet.url(0)).await;
    let far = FaultProxy::before(&fleet.url(1)).await;
    let hold = far.hold("POST", "/indexes/articles_*/documents");
    let running = fleet
        .command_at("reindex", &[near.url(), far.url()])
        .start();
    hold.reached("the slow server gets its documents").await;
    fleet.look_at(0);
    eventually("the other has all of them", async || {
        let uid = fleet
            .scene
            .generations("articles")
            .await
            .into_iter()
            .max()?;
        (fleet.scene.api.count(&uid).await == 12).then_some(())
    })
    .await;
    // Ready as it is, it waits for the other.
    assert_eq!(near.count("POST", "/swap-indexes"), 0);
    assert_eq!(live(&mut fleet).await, before);
    hold.release();
    running.ended().await.expect(0);
    assert_eq!(near.count("POST", "/swap-indexes"), 1);
    assert_eq!(far.count("POST", "/swap-indexes"), 1);
    fleet.expect_in_step().await;
    assert_eq!(built_as(&mut fleet, 0).await, built_as(&mut fleet, 1).await);
    for searcher in fast.into_iter().chain(slow) {
        for round in searcher.stop().await {
            let Glimpse::Hits(hits) = &round[0] else {
                panic!("{round:?}");
            };
            assert_eq!(hits.len(), 12, "half an index: {hits:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_away_keeps_all_from_being_swapped_unless_fewer_are_required() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let before = live(&mut fleet).await;
    fleet
        .scene
        .database
        .save_title(1, "while one was away")
        .await;
    fleet.server(1).kill().await;
    let ended = fleet.command("reindex").run().await.expect(1);
    let report = ended.says(["ERROR b: "]).report();
    assert_eq!(of(&report, "a")["outcome"], "failed", "{report}");
    assert!(
        of(&report, "a")["error"].as_str().unwrap().contains("b: "),
        "{report}"
    );
    fleet.look_at(0);
    assert_eq!(fleet.scene.live().await, before[0]);

    let program = fleet.command("reindex").args(["--require", "1"]);
    let report = program.run().await.expect(0).report();
    assert_eq!(report["outcome"], "live", "{report}");
    assert_eq!(of(&report, "b")["outcome"], "failed", "{report}");
    fleet.look_at(0);
    fleet.scene.expect_in_step().await;

    fleet.server(1).start_again().await;
    let report = fleet.command("status").run().await.expect(0).report();
    assert_eq!(report["generations"][0]["behind"], json!(["b"]), "{report}");
    fleet.command("reindex").run().await.expect(0);
    fleet.expect_in_step().await;
    assert_eq!(built_as(&mut fleet, 0).await, built_as(&mut fleet, 1).await);
    expect_nothing_left_over(&mut fleet, 1).await;
}

/// Its disk takes no more documents.
#[tokio::test]
async fn a_full_server_keeps_all_from_being_swapped_and_none_from_being_followed() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let before = live(&mut fleet).await;
    let proxy = FaultProxy::before(&fleet.url(1)).await;
    for uid in ["articles_*", "articles"] {
        let full = Fault::meilisearch(422, "no_space_left_on_device", "the disk is full");
        proxy.always("POST", &format!("/indexes/{uid}/documents"), full);
    }
    let urls = [fleet.url(0), proxy.url()];
    fleet.scene.database.save_title(1, "more to hold").await;
    let ended = fleet.command_at("reindex", &urls).run().await.expect(1);
    ended.says(["ERROR b: ", "the disk is full"]);
    assert_eq!(live(&mut fleet).await, before);
    expect_nothing_left_over(&mut fleet, 0).await;

    let report = fleet.command_at("sync", &urls).run().await.expect(1);
    let report = report.report();
    assert_eq!(of(&report, "a")["outcome"], "synced", "{report}");
    assert_eq!(of(&report, "b")["outcome"], "failed", "{report}");
    fleet.look_at(0);
    fleet.scene.expect_in_step().await;

    let fewer = fleet.command_at("reindex", &urls).args(["--require", "1"]);
    let report = fewer.run().await.expect(0).report();
    assert_eq!(of(&report, "b")["outcome"], "failed", "{report}");
    proxy.heal();
    fleet.command_at("reindex", &urls).run().await.expect(0);
    fleet.expect_in_step().await;
    assert_eq!(built_as(&mut fleet, 0).await, built_as(&mut fleet, 1).await);
    expect_nothing_left_over(&mut fleet, 1).await;
}

/// The others would wait with it.
#[tokio::test]
async fn a_server_that_does_not_answer_is_asked_for_nothing_else() {
    let Some(fleet) = Fleet::live(2).await else {
        return;
    };
    let proxy = FaultProxy::before(&fleet.url(1)).await;
    proxy.always("*", "*", Fault::CutBefore);
    let urls = [fleet.url(0), proxy.url()];
    let reindex = fleet.command_at("reindex", &urls);
    reindex.args(["--require", "1"]).run().await.expect(0);
    for command in ["apply", "rollback"] {
        let program = fleet.command_at(command, &urls).arg("--yes");
        program.run().await.says(["ERROR b: "]);
    }
    for seen in proxy.seen() {
        assert_eq!(seen.path, "/health");
    }
}

#[tokio::test]
async fn more_servers_than_there_are_cannot_be_required() {
    let Some(fleet) = Fleet::of(2).await else {
        return;
    };
    let program = fleet.command("reindex").args(["--require", "3"]);
    program
        .run()
        .await
        .expect(2)
        .says(["--require 3", "2 servers"]);
}

/// Whatever closes a gate on one server keeps the others as they were, and nothing lies about afterwards.
#[tokio::test]
async fn a_gate_that_stays_closed_on_one_server_is_closed_for_all() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let before = live(&mut fleet).await;
    fleet
        .scene
        .database
        .save_title(1, "of the second generation")
        .await;
    let proxy = FaultProxy::before(&fleet.url(1)).await;
    // It takes the documents under other ids, and so holds fewer than were sent.
    proxy.always(
        "POST",
        "/indexes/articles_*/documents",
        Fault::Rewrite {
            from: "\"id\":2,",
            to: "\"id\":1,",
        },
    );
    let urls = [fleet.url(0), proxy.url()];
    let report = fleet
        .command_at("reindex", &urls)
        .run()
        .await
        .expect(3)
        .report();
    assert_eq!(of(&report, "b")["exit_code"], 3, "{report}");
    assert_eq!(live(&mut fleet).await, before);
    expect_nothing_left_over(&mut fleet, 0).await;

    let program = fleet.command_at("reindex", &urls).args(["--require", "1"]);
    program.run().await.expect(0);
    let after = live(&mut fleet).await;
    assert_ne!(after[0], before[0]);
    assert_eq!(after[1], before[1]);
    fleet.look_at(0);
    fleet.scene.expect_in_step().await;
    fleet.scene.expect_nothing_left_over(1, &[]).await;
    fleet.look_at(1);
    fleet.scene.expect_nothing_left_over(0, &[]).await;
}

/// A swap that nobody can say was made or not: nothing that it names is deleted, and the next run sets it right.
#[tokio::test]
async fn nothing_is_deleted_on_a_server_whose_swap_is_not_proven() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    fleet
        .scene
        .database
        .save_title(1, "of the second generation")
        .await;
    let before = live(&mut fleet).await;
    let proxy = FaultProxy::before(&fleet.url(1)).await;
    proxy.always(
        "POST",
        "/swap-indexes",
        Fault::page(200, "<html>welcome</html>"),
    );
    let urls = [fleet.url(0), proxy.url()];
    let program = fleet.command_at("reindex", &urls).args(["--retain", "0"]);
    let report = program.run().await.expect(1).report();
    assert_eq!(of(&report, "a")["outcome"], "live", "{report}");
    assert_eq!(of(&report, "b")["outcome"], "failed", "{report}");
    fleet.look_at(0);
    fleet.scene.expect_in_step().await;
    fleet.scene.expect_nothing_left_over(0, &[]).await;
    fleet.look_at(1);
    assert_eq!(fleet.scene.live().await, before[1]);
    assert_eq!(
        fleet.scene.generations("articles").await.len(),
        1,
        "its build is still there"
    );
    assert!(
        !proxy
            .seen()
            .iter()
            .any(|seen| seen.method == "DELETE" && !seen.is_probe),
        "{:?}",
        proxy.seen()
    );
    fleet
        .command("reindex")
        .args(["--retain", "0"])
        .run()
        .await
        .expect(0);
    fleet.expect_in_step().await;
    expect_nothing_left_over(&mut fleet, 0).await;
}

/// It dies between the swap and the end of its task, and so undoes the swap when it is started again.
#[tokio::test]
async fn a_server_that_dies_at_the_swap_is_waited_for_and_swapped_again() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    if !fleet.server(1).will_die_of_a_swap().await {
        return;
    }
    fleet
        .scene
        .database
        .save_title(1, "of the second generation")
        .await;
    let running = fleet.command("reindex").args(["--retain", "0"]).start();
    fleet.server(1).died().await;
    fleet.server(1).start_again().await;
    running.ended().await.expect(0);
    fleet.expect_in_step().await;
    assert_eq!(built_as(&mut fleet, 0).await, built_as(&mut fleet, 1).await);
    expect_nothing_left_over(&mut fleet, 0).await;
}

/// The program dies as well, with one server swapped and the other not: the next run brings both to one generation.
#[tokio::test]
async fn the_next_run_sets_right_what_a_dead_run_left_half_swapped() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    if !fleet.server(1).will_die_of_a_swap().await {
        return;
    }
    fleet
        .scene
        .database
        .save_title(1, "of the second generation")
        .await;
    fleet.look_at(0);
    let before = fleet.scene.live().await;
    let running = fleet.command("reindex").start();
    fleet.server(1).died().await;
    eventually("the other is swapped", async || {
        (fleet.scene.live().await != before).then_some(())
    })
    .await;
    running.kill();
    running.ended().await;
    fleet.server(1).start_again().await;
    // Whichever generation a server has by now, `sync` makes it true.
    fleet.command("sync").run().await.expect(0);
    fleet.expect_in_step().await;
    fleet.command("reindex").run().await.expect(0);
    fleet.expect_in_step().await;
    assert_eq!(built_as(&mut fleet, 0).await, built_as(&mut fleet, 1).await);
    expect_nothing_left_over(&mut fleet, 1).await;
}

#[tokio::test]
async fn an_interrupted_run_takes_its_builds_back_everywhere() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    let before = live(&mut fleet).await;
    let far = FaultProxy::before(&fleet.url(1)).await;
    let hold = far.hold("POST", "/indexes/articles_*/documents");
    let urls = [fleet.url(0), far.url()];
    let running = fleet.command_at("reindex", &urls).start();
    hold.reached("a server gets its documents").await;
    running.interrupt();
    running
        .ended()
        .await
        .expect(130)
        .says(["the live index is as it was"]);
    assert_eq!(live(&mut fleet).await, before);
    fleet.command("reindex").run().await.expect(0);
    expect_nothing_left_over(&mut fleet, 1).await;
}

#[tokio::test]
async fn a_dry_run_reads_once_and_sends_nothing_to_any() {
    let Some(fleet) = Fleet::of(2).await else {
        return;
    };
    let proxies = [
        fleet.scene.proxy().await,
        FaultProxy::before(&fleet.url(1)).await,
    ];
    let urls = proxies.each_ref().map(|proxy| proxy.url());
    let program = fleet.command_at("reindex", &urls).arg("--dry-run");
    let report = program.run().await.expect(0).report();
    assert_eq!(of(&report, "b")["outcome"], "dry_run", "{report}");
    for proxy in proxies {
        let seen = proxy.seen();
        let changed = seen
            .iter()
            .filter(|seen| seen.changes_something() && !seen.is_probe);
        assert_eq!(changed.count(), 0);
    }
}
