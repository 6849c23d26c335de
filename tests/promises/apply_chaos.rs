//! The chaos promise for `apply`, in each of its ways: whatever goes wrong at whichever request, it ends well, or the next one
//! does, and the live index is what definition and database say.

use std::ops::RangeInclusive;

use serde_json::json;

use crate::support::chaos::{Trial, everywhere};
use crate::support::program::Program;
use crate::support::scene::Live;
use crate::support::{Scene, ServerOptions};

async fn live_titles() -> Scene {
    let mut scene = Scene::on(ServerOptions::default()).await;
    scene.define_titles();
    scene.already_live().await;
    scene
}

fn apply(scene: &Scene) -> Program {
    scene.command("apply").args(["--yes", "--output", "json"])
}

/// Documents are as they should be, nothing is left over, and another `apply` finds nothing to do.
async fn expect_applied(scene: &Scene, retained: RangeInclusive<usize>, what: &str) {
    scene.expect_in_step().await;
    let generations = scene.generations("articles").await.len();
    assert!(retained.contains(&generations), "{what}: {generations}");
    scene.expect_nothing_left_over(generations, &[]).await;
    let again = apply(scene).run().await.expect(0).report();
    assert_eq!(again["way"], "nothing", "{what}: {again}");
}

/// Nothing is due.
struct Nothing {
    scene: Scene,
    live: Live,
}

impl Trial for Nothing {
    const NAME: &'static str = "apply, nothing";

    fn scene(&mut self) -> &mut Scene {
        &mut self.scene
    }

    async fn prepare(&mut self) {}

    fn program(&self) -> Program {
        apply(&self.scene)
    }

    async fn expect_well(&self, what: &str) {
        assert_eq!(self.scene.live().await, self.live, "{what}");
        self.scene.expect_nothing_left_over(0, &[]).await;
    }
}

#[tokio::test]
async fn where_nothing_is_due_nothing_happens() {
    let scene = live_titles().await;
    let live = scene.live().await;
    everywhere(Nothing { scene, live }).await;
}

/// Rows were edited, with and without a timestamp, deleted and inserted.
struct Sync {
    scene: Scene,
    live: Live,
    round: usize,
}

impl Trial for Sync {
    const NAME: &'static str = "apply, sync";

    fn scene(&mut self) -> &mut Scene {
        &mut self.scene
    }

    async fn prepare(&mut self) {
        self.round += 1;
        let round = self.round;
        let database = &self.scene.database;
        database.save_title(1, &format!("edited {round}")).await;
        database
            .execute(&format!(
                "UPDATE articles SET title = 'behind the back {round}' WHERE id = 2;
                 DELETE FROM articles WHERE id = (SELECT MAX(id) FROM articles)"
            ))
            .await;
        database.import(2, &format!("imported {round}")).await;
    }

    fn program(&self) -> Program {
        apply(&self.scene)
    }

    async fn expect_well(&self, what: &str) {
        expect_applied(&self.scene, 0..=0, what).await;
        let uid = self.scene.uid("articles");
        let live = self.scene.live().await;
        assert_eq!(live.created_at(&uid), self.live.created_at(&uid), "{what}");
    }
}

#[tokio::test]
async fn a_sync_ends_well_whatever_goes_wrong_at_any_request() {
    let scene = live_titles().await;
    let live = scene.live().await;
    everywhere(Sync {
        scene,
        live,
        round: 0,
    })
    .await;
}

/// The definition's settings changed, and a row.
struct Reindex {
    scene: Scene,
    round: usize,
}

impl Trial for Reindex {
    const NAME: &'static str = "apply, reindex";

    fn scene(&mut self) -> &mut Scene {
        &mut self.scene
    }

    async fn prepare(&mut self) {
        if self.scene.generations("articles").await.len() > 1 {
            self.scene.reindex().run().await.expect(0);
            self.scene.expect_nothing_left_over(1, &[]).await;
        }
        self.round += 1;
        let round = self.round;
        let title = format!("edited {round}");
        self.scene.database.save_title(1, &title).await;
        let word = format!("w{round}");
        let settings = json!({"searchableAttributes": ["title"], "stopWords": [word]});
        self.scene
            .define_titles_with(|definitions| definitions.settings("articles", settings));
    }

    fn program(&self) -> Program {
        apply(&self.scene)
    }

    async fn expect_well(&self, what: &str) {
        let settings = self.scene.api.settings(&self.scene.uid("articles")).await;
        let word = format!("w{}", self.round);
        assert_eq!(settings["stopWords"], json!([word]), "{what}");
        // Killed right after its swap it leaves one more than it retains, and the next one that builds deletes that.
        expect_applied(&self.scene, 1..=2, what).await;
    }
}

#[tokio::test]
async fn a_reindex_ends_well_whatever_goes_wrong_at_any_request() {
    let scene = live_titles().await;
    everywhere(Reindex { scene, round: 0 }).await;
}

/// The definition's settings changed by a key that is cheap in place, and a row.
struct Settings {
    scene: Scene,
    live: Live,
    round: usize,
}

impl Trial for Settings {
    const NAME: &'static str = "apply, settings";

    fn scene(&mut self) -> &mut Scene {
        &mut self.scene
    }

    async fn prepare(&mut self) {
        self.round += 1;
        let round = self.round;
        let title = format!("edited {round}");
        self.scene.database.save_title(1, &title).await;
        let hits = json!({"maxTotalHits": 1_000 + round});
        let settings = json!({"searchableAttributes": ["title"], "pagination": hits});
        self.scene
            .define_titles_with(|definitions| definitions.settings("articles", settings));
    }

    fn program(&self) -> Program {
        apply(&self.scene)
    }

    async fn expect_well(&self, what: &str) {
        let uid = self.scene.uid("articles");
        let settings = self.scene.api.settings(&uid).await;
        let hits = &settings["pagination"]["maxTotalHits"];
        assert_eq!(*hits, 1_000 + self.round, "{what}");
        expect_applied(&self.scene, 0..=0, what).await;
        let live = self.scene.live().await;
        assert_eq!(live.created_at(&uid), self.live.created_at(&uid), "{what}");
        self.scene.command("sync").run().await.expect(0);
    }
}

#[tokio::test]
async fn settings_in_place_end_well_whatever_goes_wrong_at_any_request() {
    let scene = live_titles().await;
    let live = scene.live().await;
    everywhere(Settings {
        scene,
        live,
        round: 0,
    })
    .await;
}
