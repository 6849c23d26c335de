//! Several servers that are to hold the same: each is told by its name, one that is away stops no other, and the next run sets
//! right what was left.

mod applying;
mod balanced;
mod chaos;
mod following;
mod looking;
mod rebuilding;
mod rolling_back;
mod watching;

use serde_json::Value;

use crate::support::program::Program;
use crate::support::server::Server;
use crate::support::{Scene, ServerOptions};

/// A database, and servers of a test's own, called `a`, `b` and `c`.
pub struct Fleet {
    /// The first server is the scene's own; which one the scene looks at is the test's choice ([`Fleet::look_at`]).
    pub scene: Scene,
    others: Vec<Server>,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

impl Fleet {
    /// So many servers. None where servers cannot be a test's own.
    pub async fn of(servers: usize) -> Option<Fleet> {
        let mut scene = Scene::on_own_server(ServerOptions::default()).await?;
        scene.define_titles();
        let mut others = Vec::new();
        for name in &NAMES[1..servers] {
            let folder = scene.path(&format!("meilisearch-{name}"));
            others.push(Server::start(&folder, ServerOptions::default()).await);
        }
        Some(Fleet { scene, others })
    }

    /// The same, where each has a first generation, by the same run.
    pub async fn live(servers: usize) -> Option<Fleet> {
        let mut fleet = Fleet::of(servers).await?;
        fleet.command("reindex").run().await.expect(0);
        fleet.expect_in_step().await;
        Some(fleet)
    }

    pub fn server(&mut self, i: usize) -> &mut Server {
        match i {
            0 => &mut self.scene.server,
            i => &mut self.others[i - 1],
        }
    }

    pub fn url(&self, i: usize) -> String {
        match i {
            0 => self.scene.server.url.clone(),
            i => self.others[i - 1].url.clone(),
        }
    }

    pub fn urls(&self) -> Vec<String> {
        (0..=self.others.len()).map(|i| self.url(i)).collect()
    }

    /// What the scene tells of is on this server from now on.
    pub fn look_at(&mut self, i: usize) {
        let api = self.server(i).api();
        self.scene.api = api;
    }

    /// A command at all of them, reporting in JSON.
    pub fn command(&self, command: &str) -> Program {
        self.command_at(command, &self.urls())
    }

    /// A command at these addresses instead.
    pub fn command_at(&self, command: &str, urls: &[String]) -> Program {
        let named = NAMES
            .iter()
            .zip(urls)
            .map(|(name, url)| format!("{name}={url}"));
        self.scene
            .command(command)
            .env("MEILISEARCH_HOSTS", named.collect::<Vec<_>>().join(","))
            .env("BISAN_INDEXER_OUTPUT", "json")
    }

    /// The database and what is live on each server are the same.
    pub async fn expect_in_step(&mut self) {
        for i in 0..=self.others.len() {
            self.look_at(i);
            self.scene.expect_in_step().await;
        }
    }
}

/// The part of a report that is about this server.
pub fn of<'r>(report: &'r Value, name: &str) -> &'r Value {
    let servers = report["servers"].as_array().unwrap();
    let found = servers.iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {report}"))
}

/// The commands that work with one server take none of several, and touch neither.
#[tokio::test]
async fn what_works_with_one_server_takes_none_of_several() {
    let Some(fleet) = Fleet::of(2).await else {
        return;
    };
    let (one, two) = (fleet.scene.proxy().await, fleet.scene.proxy().await);
    let urls = [one.url(), two.url()];
    for command in [
        &["clean", "--yes"][..],
        &["key"],
        &["init", "--from-meilisearch", "articles"],
    ] {
        let program = fleet
            .command_at(command[0], &urls)
            .args(command[1..].iter().copied());
        program
            .run()
            .await
            .expect(2)
            .says(["2 servers", command[0], "--meilisearch"]);
    }
    assert_eq!(one.seen().len() + two.seen().len(), 0);
}

/// One server is what it was, whichever way it is named.
#[tokio::test]
async fn one_server_reports_as_before_whichever_way_it_is_named() {
    let Some(fleet) = Fleet::live(1).await else {
        return;
    };
    let url = fleet.url(0);
    let plain = |program: Program| async {
        let mut report = program.run().await.expect(0).report();
        report["seconds"].take();
        report["indexes"][0]["seconds"].take();
        report
    };
    let before = plain(fleet.scene.command("verify").args(["--output", "json"])).await;
    let named = plain(fleet.command_at("verify", std::slice::from_ref(&url))).await;
    let option = format!("west={url}");
    let program =
        fleet
            .scene
            .command("verify")
            .args(["--output", "json", "--meilisearch", &option]);
    assert_eq!(plain(program).await, before);
    assert_eq!(named, before);
}
