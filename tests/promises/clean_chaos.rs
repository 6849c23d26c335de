//! The chaos promise for `clean --yes`: whatever goes wrong at whichever request, the leftovers are gone in the end, and
//! nothing else is.

use serde_json::json;

use crate::support::chaos::{Trial, everywhere};
use crate::support::leftovers::{leave_a_build, leave_a_complete_build};
use crate::support::program::Program;
use crate::support::scene::Live;
use crate::support::{Scene, ServerOptions};

/// Live, a former generation, and an index whose name looks like a generation's and is nobody's business.
struct Clean {
    scene: Scene,
    live: Live,
    kept: Vec<String>,
    foreign: String,
    round: i64,
}

impl Trial for Clean {
    const NAME: &'static str = "clean";

    fn scene(&mut self) -> &mut Scene {
        &mut self.scene
    }

    async fn prepare(&mut self) {
        self.round += 2;
        let host = bisan_indexer::host::name();
        let long_ago: jiff::Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        let at = |n: i64| {
            (long_ago + jiff::SignedDuration::from_secs(n))
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string()
        };
        leave_a_build(&self.scene, "articles", &host, &at(self.round)).await;
        leave_a_complete_build(&self.scene, "articles", &at(self.round + 1)).await;
    }

    fn program(&self) -> Program {
        self.scene.command("clean").arg("--yes")
    }

    async fn expect_well(&self, what: &str) {
        assert_eq!(self.scene.live().await, self.live, "{what}");
        let mut generations = self.scene.generations("articles").await;
        generations.retain(|uid| *uid != self.foreign);
        assert_eq!(generations, self.kept, "{what}");
        assert_eq!(self.scene.api.count(&self.foreign).await, 1, "{what}");
        assert_eq!(self.scene.api.count(&self.kept[0]).await, 12, "{what}");
    }
}

#[tokio::test]
async fn leftovers_go_and_nothing_else_whatever_goes_wrong_at_any_request() {
    let mut scene = Scene::on(ServerOptions::default()).await;
    scene.define_titles();
    scene.already_live().await;
    scene.reindex().run().await.expect(0);
    let kept = scene.generations("articles").await;
    let foreign = format!("{}_20240101T000000Z", scene.uid("articles"));
    scene.api.fill(&foreign, json!([{"id": 1}])).await;
    let live = scene.live().await;
    everywhere(Clean {
        scene,
        live,
        kept,
        foreign,
        round: 0,
    })
    .await;
}
