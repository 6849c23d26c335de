//! Nobody undoes what another wrote: a follower, `apply` in place, `rollback` and `reindex` at the same time, one of them stopped
//! at any request that changes something while another one runs from its beginning to its end.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::chaos::points;
use crate::support::point::Point;
use crate::support::program::{Ended, Program};
use crate::support::scene::CHECKPOINTS;
use crate::support::{Dice, FaultProxy, Scene};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Sync,
    Apply,
    Rollback,
    Reindex,
}

const ALL: [Act; 4] = [Act::Sync, Act::Apply, Act::Rollback, Act::Reindex];

/// Two generations of one small index. A follower that was started before a deployment goes by the former definition.
struct World {
    scene: Scene,
    round: u32,
}

impl World {
    async fn new() -> World {
        let mut world = World {
            scene: Scene::new().await,
            round: 0,
        };
        world.define();
        world.scene.already_live().await;
        world
    }

    /// Another definition, which is cheap to bring about in place. The former one stays beside it.
    fn define(&mut self) {
        let (now, former) = (self.scene.path("index-settings"), self.former());
        let _ = std::fs::remove_dir_all(&former);
        if now.exists() {
            std::fs::rename(now, former).unwrap();
        }
        self.round += 1;
        let settings = json!({"searchableAttributes": ["title"], "faceting": {"maxValuesPerFacet": 10 + self.round}});
        self.scene
            .define_titles_with(|definitions| definitions.settings("articles", settings));
    }

    fn former(&self) -> PathBuf {
        self.scene.path("former-settings")
    }

    /// Live by the former definition, a generation to go back to, and documents that changed.
    async fn prepare(&mut self) {
        self.scene
            .reindex()
            .args(["--retain", "1"])
            .succeeds()
            .await;
        if self.scene.generations("articles").await.is_empty() {
            self.scene.reindex().run().await.expect(0);
        }
        self.scene.expect_nothing_left_over(1, &[]).await;
        let id = i64::from(self.round % 12) + 1;
        self.define();
        let title = format!("of round {}", self.round);
        self.scene.database.save_title(id, &title).await;
    }

    fn program(&self, act: Act) -> Program {
        let command = |name: &str| self.scene.command(name).args(["--output", "json"]);
        match act {
            Act::Sync => command("sync").env("BISAN_INDEXER_INDEX_SETTINGS", self.former()),
            Act::Apply => command("apply").args(["--yes", "--retain", "5"]),
            Act::Rollback => command("rollback").args(["--yes"]),
            Act::Reindex => command("reindex").args(["--retain", "5"]),
        }
    }

    async fn live(&self) -> String {
        let live = self.scene.live().await;
        live.created_at(&self.scene.uid("articles")).to_owned()
    }

    /// `createdAt` of every generation that can be gone back to, by what `status` says; no leftover is among them.
    async fn retained(&self, what: &str) -> Vec<String> {
        let status = self.scene.command("status").args(["--output", "json"]);
        let report = status.run().await.expect(0).report();
        let index = &report["indexes"][0];
        assert_eq!(index["builds"], json!([]), "{what}: left over\n{report}");
        assert_eq!(index["foreign"], json!([]), "{what}\n{report}");
        let retained = index["retained"].as_array().unwrap().iter();
        retained
            .map(|one| one["created_at"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn expect_well(act: Act, ended: &Ended, beside: Act, what: &str) {
    let code = ended.status.code().unwrap();
    let well = match (act, beside) {
        // What is live now is of another definition than the one that it goes by.
        (Act::Sync, _) | (Act::Apply, Act::Rollback) => [0, 3, 4].contains(&code),
        _ => [0, 4].contains(&code),
    };
    assert!(well, "{what}: {act:?} ended with {code}\n{}", ended.err);
}

/// The requests by which one program changes something.
async fn changing_requests(world: &mut World, act: Act) -> Vec<Point> {
    world.prepare().await;
    let proxy = world.scene.proxy().await;
    let program = world.program(act).env("MEILISEARCH_HOST", proxy.url());
    program.run().await.expect(0);
    let changes = |seen: &crate::support::proxy::Seen| {
        let reads = seen.path.ends_with("/fetch") || seen.path.ends_with("/search");
        seen.method != "GET" && !seen.is_probe && !reads
    };
    let seen = proxy.seen();
    let all = Point::all_of(&seen);
    // And some in front of them, where what was read is already old.
    let early = [all[1].clone(), all[all.len() / 2 - 1].clone()];
    let numbered = all.into_iter().zip(&seen);
    let changing = numbered.filter(|(_, seen)| changes(seen));
    changing.map(|(point, _)| point).chain(early).collect()
}

async fn shifted(held: Act) {
    let seed = Dice::seed_from("BISAN_CHAOS_SEED");
    let mut dice = Dice::seeded(seed);
    let mut world = World::new().await;
    let requests = changing_requests(&mut world, held).await;
    let mut met = 0;
    for beside in ALL.into_iter().filter(|act| *act != held) {
        // A follower has few requests: each of them is tried.
        let at = match held {
            Act::Sync => requests.clone(),
            _ => points(&requests, &mut dice),
        };
        for point in at {
            met += usize::from(once(&mut world, held, &point, beside, &mut dice, seed).await);
        }
    }
    eprintln!("{held:?} was stopped {met} times while another ran (BISAN_CHAOS_SEED={seed})");
    assert!(met >= 3, "only {met} times");
}

async fn once(
    world: &mut World,
    held: Act,
    point: &Point,
    beside: Act,
    dice: &mut Dice,
    seed: u64,
) -> bool {
    world.prepare().await;
    let mut ever_live = vec![world.live().await];
    ever_live.extend(world.retained("before").await);
    let begun_with = ever_live[0].clone();
    let proxy: FaultProxy = world.scene.proxy().await;
    let hold = proxy.hold_at(point.clone(), held != Act::Sync && dice.chance(50));
    let mut running = world
        .program(held)
        .env("MEILISEARCH_HOST", proxy.url())
        .start();
    let mut met = false;
    tokio::select! {
        () = hold.reached("the request at which the program is stopped") => met = true,
        () = running.over() => {}
    }
    let other = world.program(beside).run().await;
    ever_live.push(world.live().await);
    hold.release();
    let ended = running.ended().await;
    ever_live.push(world.live().await);
    let what = format!("{held:?} stopped at {point}, beside {beside:?} (BISAN_CHAOS_SEED={seed})",);
    expect_well(held, &ended, beside, &what);
    expect_well(beside, &other, held, &what);

    // Nothing that was live is deleted or counts as left over.
    let live = world.live().await;
    let retained = world.retained(&what).await;
    for one in &ever_live {
        assert!(
            *one == live || retained.contains(one),
            "{what}: {one} was live and is gone; live {live}, retained {retained:?}"
        );
    }
    let records = records(world, &what).await;
    assert_eq!(
        records.len(),
        retained.len() + 1,
        "{what}: a record of each, and of nothing else: {records:?}"
    );
    let has_done = |act: Act| {
        (held == act && ended.status.code() == Some(0))
            || (beside == act && other.status.code() == Some(0))
    };
    let acts = [held, beside];
    if acts.contains(&Act::Rollback) && acts.contains(&Act::Sync) && has_done(Act::Rollback) {
        // Twice is forward again.
        assert_ne!(live, begun_with, "{what}");
        world.program(Act::Rollback).run().await.expect(0);
        assert_eq!(world.live().await, begun_with, "{what}");
    }
    if !acts.contains(&Act::Rollback) && (has_done(Act::Apply) || has_done(Act::Reindex)) {
        expect_nothing_due(world, &what).await;
    }
    // What is due still is done once, and not again.
    let settled = world.program(Act::Apply).run().await;
    assert_eq!(settled.status.code(), Some(0), "{what}\n{}", settled.err);
    expect_nothing_due(world, &what).await;
    world.scene.expect_in_step().await;
    met
}

/// One more `apply` finds nothing to do, and nobody else's settings.
async fn expect_nothing_due(world: &World, what: &str) {
    let report = world.program(Act::Apply).run().await.expect(0).report();
    assert_eq!(report["way"], "nothing", "{what}\n{report}");
    let others = &report["indexes"][0]["other_writers"];
    assert_eq!(*others, json!([]), "{what}\n{report}");
}

/// All records, each whole.
async fn records(world: &World, what: &str) -> Vec<Value> {
    let records = world.scene.api.documents(CHECKPOINTS).await;
    for record in &records {
        let whole = record["complete"] == true
            && record["fingerprint"].is_string()
            && record["live_uid"].is_string()
            && record["created_at"].is_string();
        assert!(whole, "{what}: {record}");
    }
    records
}

#[tokio::test]
async fn a_follower_that_is_overtaken_anywhere_undoes_nothing() {
    shifted(Act::Sync).await;
}

#[tokio::test]
async fn settings_in_place_that_are_overtaken_anywhere_undo_nothing() {
    shifted(Act::Apply).await;
}

#[tokio::test]
async fn a_rollback_that_is_overtaken_anywhere_undoes_nothing() {
    shifted(Act::Rollback).await;
}

#[tokio::test]
async fn a_reindex_that_is_overtaken_anywhere_undoes_nothing() {
    shifted(Act::Reindex).await;
}

/// A follower writes what it owns of a record that another run has just deleted together with its index.
#[tokio::test]
async fn a_record_that_was_forgotten_meanwhile_does_not_come_back_by_half() {
    let mut world = World::new().await;
    world.prepare().await;
    let proxy = world.scene.proxy().await;
    let note = proxy.hold("*", &format!("/indexes/{CHECKPOINTS}/documents"));
    let running = world
        .program(Act::Sync)
        .env("MEILISEARCH_HOST", proxy.url())
        .start();
    note.reached("the follower's note").await;
    world
        .scene
        .reindex()
        .args(["--retain", "0"])
        .succeeds()
        .await;
    note.release();
    running.ended().await.expect(0);
    // Nothing stumbles over it, and the next run forgets it.
    world.scene.command("status").run().await.expect(0);
    world.scene.command("sync").run().await.expect(0);
    world
        .scene
        .reindex()
        .args(["--retain", "0"])
        .succeeds()
        .await;
    assert_eq!(records(&world, "afterwards").await.len(), 1);
    world.scene.expect_nothing_left_over(0, &[]).await;
}
