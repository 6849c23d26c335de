//! One walk: what happens, in which order, chosen by a seed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::command::{Command, Outcome, Trouble};
use super::sight::Sight;
use super::world::{self, Definition, NAMES};
use crate::support::busy::keep_busy;
use crate::support::scene::CHECKPOINTS;
use crate::support::server::Server;
use crate::support::{Dice, Mishap, Scene, eventually};

/// How often what came to happen, over all walks.
pub type Tally = Arc<Mutex<BTreeMap<String, usize>>>;

pub struct Walk {
    pub scene: Scene,
    pub definition: Definition,
    /// Since when each definition was in force.
    pub definitions: Vec<(Timestamp, Definition)>,
    /// By which definition a generation goes since `apply` has set its settings in place, by `createdAt`; none while an
    /// `apply` that did not end well may have done so or not.
    pub in_place: BTreeMap<String, Option<Definition>>,
    /// The `createdAt` of what somebody else made.
    pub foreign: BTreeSet<String>,
    /// The `createdAt` of what was seen to be live, with documents.
    pub were_live: BTreeSet<String>,
    /// When the first write of the walk was stamped at the earliest, as Rails writes it: some minutes before it began, for
    /// whoever commits late.
    pub began: String,
    /// Nothing that was killed is still to have its effect.
    pub calm: bool,
    seed: u64,
    dice: Dice,
    server: Arc<RwLock<Server>>,
    /// When another file last took the database's place.
    pub(super) restored_at: Option<jiff::Timestamp>,
    copy: Option<PathBuf>,
    steps: Vec<String>,
    tally: Tally,
}

/// A walk that fails tells what happened.
impl Drop for Walk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "--- the walk of BISAN_MODEL_WALKS=1 BISAN_MODEL_SEED={}\n{}",
                self.seed,
                self.steps.join("\n")
            );
        }
    }
}

impl Walk {
    pub async fn of(seed: u64, server: Arc<RwLock<Server>>, tally: Tally) {
        let mut dice = Dice::seeded(seed);
        let prefix = format!("w{seed}-");
        let mut scene = Scene::beside_others(&*server.read().await, &prefix);
        world::create(&scene).await;
        Definition::FIRST.write(&mut scene);
        let began = "SELECT STRFTIME('%Y-%m-%d %H:%M:%f', 'now', '-5 minutes')";
        let began = scene.database.column(began).await.remove(0);
        let steps = 4 + dice.below(5);
        let mut walk = Walk {
            scene,
            definition: Definition::FIRST,
            definitions: vec![(Timestamp::now(), Definition::FIRST)],
            in_place: BTreeMap::new(),
            foreign: BTreeSet::new(),
            were_live: BTreeSet::new(),
            began,
            calm: true,
            seed,
            dice,
            server,
            copy: None,
            restored_at: None,
            steps: Vec::new(),
            tally,
        };
        walk.begin().await;
        for _ in 0..steps {
            walk.somebody_acts().await;
            let command = Command::any(&mut walk.dice);
            let trouble = Trouble::any(&mut walk.dice, command);
            walk.command(command, trouble).await;
        }
        walk.finish().await;
    }

    /// What was there before: nothing, a live index of this program's, or one that somebody else made; and always indexes
    /// whose names begin like ours.
    async fn begin(&mut self) {
        let server = self.server.clone();
        let server = server.read().await;
        for rest in ["_archive", "_20240101T000000Z"] {
            self.made_by_somebody_else(&format!("articles{rest}")).await;
        }
        match self.dice.below(6) {
            0 => {
                self.note("both indexes are there, made by somebody else".to_owned());
                for name in NAMES {
                    self.made_by_somebody_else(name).await;
                }
            }
            1 => self.note("nothing is there".to_owned()),
            runs => {
                drop(server);
                let reindex = Command::Reindex {
                    retain: 1,
                    any_loss: false,
                };
                for _ in 0..(runs / 2) {
                    self.command(reindex, Trouble::None).await;
                }
            }
        }
    }

    async fn made_by_somebody_else(&mut self, name: &str) {
        let uid = self.scene.uid(name);
        let documents = json!([{"id": 1, "title": "of somebody else"}, {"id": 99}]);
        self.scene.api.fill(&uid, documents).await;
        let index = self.scene.api.index(&uid).await.unwrap();
        self.foreign
            .insert(index["createdAt"].as_str().unwrap().to_owned());
    }

    /// What people do between two commands.
    async fn somebody_acts(&mut self) {
        match self.dice.below(100) {
            0..12 => {
                self.definition = self.definition.another(&mut self.dice);
                self.definition.write(&mut self.scene);
                self.definitions.push((Timestamp::now(), self.definition));
                self.note(format!("another definition: {:?}", self.definition));
            }
            12..18 => {
                let copy = self.scene.path(&format!("copy-{}", self.steps.len()));
                let sql = format!("VACUUM INTO '{}'", copy.display());
                self.scene.database.execute(&sql).await;
                self.copy = Some(copy);
                self.note("copies the database".to_owned());
            }
            18..28 => self.restore(),
            28..34 => {
                let server = self.server.clone();
                let _up = server.read().await;
                keep_busy(&self.scene.api, 60).await;
                self.note("somebody else keeps the server busy".to_owned());
            }
            _ => {}
        }
        for _ in 0..self.dice.below(4) {
            self.write().await;
        }
    }

    /// An older copy takes the database's place.
    fn restore(&mut self) {
        let Some(copy) = &self.copy else { return };
        let database = &self.scene.database.path;
        let arriving = self.scene.path("rails/arriving");
        std::fs::copy(copy, &arriving).unwrap();
        for rest in ["-wal", "-shm"] {
            let mut name = database.clone().into_os_string();
            name.push(rest);
            let _ = std::fs::remove_file(name);
        }
        std::fs::rename(arriving, database).unwrap();
        self.restored_at = Some(jiff::Timestamp::now());
        self.note("restores the copy".to_owned());
    }

    async fn write(&mut self) {
        let write = world::any_write(&mut self.dice);
        self.scene.database.execute(&write.sql).await;
        self.note(format!(
            "somebody {}: {}",
            write.words,
            one_line(&write.sql)
        ));
    }

    async fn command(&mut self, command: Command, trouble: Trouble) -> Value {
        let before = match self.calm {
            true => Some(self.see().await),
            false => None,
        };
        let mut outcome = self.run(command, trouble).await;
        // A server that another lane has killed may need longer to come back than a command waits for a first answer.
        if outcome.code == Some(1) && outcome.said.contains("GET /health") {
            self.count("the server is down, and the command run again".to_owned());
            drop(self.server.clone().read().await);
            outcome = self.run(command, Trouble::None).await;
        }
        self.note_settings(command, before.as_ref(), &outcome).await;
        if outcome.code.is_none() {
            self.calm = false;
            return Value::Null;
        }
        if self.calm && outcome.code == Some(0) {
            self.expect_nothing_waits(command).await;
        }
        let after = self.see().await;
        self.judge(command, before.as_ref(), &outcome, &after).await;
        self.calm = true;
        outcome.report
    }

    /// What `apply` may have made of a live index without building it anew.
    async fn note_settings(&mut self, command: Command, before: Option<&Sight>, outcome: &Outcome) {
        if !matches!(command, Command::Apply { .. }) {
            return;
        }
        if outcome.code == Some(0) {
            let now = self.see().await;
            let live = now.identity("articles").to_owned();
            self.in_place.insert(live, Some(self.definition));
            return;
        }
        // Of what was killed before, nobody knows what was live.
        let candidates: Vec<String> = match before {
            Some(before) => vec![before.identity("articles").to_owned()],
            None => self.were_live.iter().cloned().collect(),
        };
        for created_at in candidates {
            self.in_place.insert(created_at, None);
        }
    }

    async fn run(&mut self, command: Command, trouble: Trouble) -> Outcome {
        let proxy = self.scene.proxy().await;
        let program = command
            .program(&self.scene)
            .env("MEILISEARCH_HOST", proxy.url());
        let mut outcome = Outcome {
            code: None,
            said: String::new(),
            report: Value::Null,
            interrupted: false,
            disturbed: false,
        };
        let ended = match trouble {
            Trouble::None => Some(program.run().await),
            Trouble::Mishap(mishap, k) if self.may_happen(mishap).await => {
                let server = self.server.clone();
                let met = mishap
                    .befall(program, &proxy, k, async |hold| {
                        let mut server = server.write().await;
                        server.kill().await;
                        hold.release();
                        server.start_again().await;
                    })
                    .await;
                met.ended
            }
            Trouble::Mishap(..) => Some(program.run().await),
            Trouble::Interrupt(k) | Trouble::Writer(k) => {
                let hold = proxy.hold_at(k, self.dice.chance(50));
                let mut running = program.start();
                let reached = tokio::select! {
                    () = hold.reached("the request at which it is to happen") => true,
                    () = running.over() => false,
                };
                if reached && matches!(trouble, Trouble::Writer(_)) {
                    outcome.disturbed = true;
                    self.write().await;
                } else if reached {
                    outcome.interrupted = true;
                    running.interrupt();
                }
                hold.release();
                Some(running.ended().await)
            }
        };
        let how = match &ended {
            None => "killed".to_owned(),
            Some(ended) => format!("exit {}", ended.status.code().unwrap_or(-1)),
        };
        let happened = trouble.request().map(|k| proxy.seen().get(k - 1).cloned());
        if let Some(Some(_)) = happened {
            self.count(trouble.name());
        }
        self.count(format!("{}: {how}", command.name()));
        let at = happened
            .flatten()
            .map(|seen| format!(" ({} {})", seen.method, seen.path));
        self.note(format!(
            "{command:?}, {trouble:?}{}: {how}",
            at.unwrap_or_default()
        ));
        if let Some(ended) = ended {
            outcome.code = Some(ended.status.code().unwrap_or(-1));
            outcome.report = serde_json::from_str(&ended.out).unwrap_or_default();
            outcome.said = format!("{}\n{}", ended.out, ended.err);
        }
        outcome
    }

    async fn may_happen(&self, mishap: Mishap) -> bool {
        !mishap.kills_the_server() || self.server.read().await.is_ours()
    }

    /// One more run, and all is well.
    async fn finish(&mut self) {
        let last = match self.dice.chance(50) {
            true => Command::Reindex {
                retain: 1,
                any_loss: true,
            },
            false => Command::Apply { any_loss: true },
        };
        // Whatever was killed before may still have its effect; what this run must do is the same.
        self.command(last, Trouble::None).await;
        let report = self
            .command(Command::Sync { compare: "all" }, Trouble::None)
            .await;
        for index in report["indexes"].as_array().unwrap() {
            for figure in ["sent_changed", "sent_missing", "sent_different", "deleted"] {
                assert_eq!(index[figure], 0, "after {last:?} nothing differs: {report}");
            }
        }
        let report = self.command(Command::Verify, Trouble::None).await;
        assert_eq!(report["outcome"], "equal", "{report}");
        self.command(Command::Clean, Trouble::None).await;
        let report = self.command(Command::Clean, Trouble::None).await;
        assert_eq!(report["outcome"], "nothing_to_do", "{report}");
        self.expect_settings().await;
        self.leave().await;
    }

    async fn expect_settings(&self) {
        let _up = self.server.read().await;
        let settings = self.scene.api.settings(&self.scene.uid("articles")).await;
        let wanted = self.definition.settings();
        assert_eq!(
            settings["searchableAttributes"],
            wanted["searchableAttributes"]
        );
        let most_values = "/faceting/maxValuesPerFacet";
        assert_eq!(settings.pointer(most_values), wanted.pointer(most_values));
    }

    /// The server is left to the next walk as it was found.
    async fn leave(&self) {
        let _up = self.server.read().await;
        let api = &self.scene.api;
        let ours = |uid: &str| uid.starts_with(&self.scene.uid(""));
        let mut tasks = Vec::new();
        for (uid, _) in api.indexes().await {
            if ours(&uid) {
                let task = api.ask("DELETE", &format!("/indexes/{uid}"), None).await;
                tasks.push(task.body["taskUid"].as_u64().unwrap());
            }
        }
        let records = api.documents_if_any(CHECKPOINTS).await;
        let records: Vec<&Value> = records
            .iter()
            .filter(|record| record["live_uid"].as_str().is_some_and(ours))
            .map(|record| &record["id"])
            .collect();
        let path = format!("/indexes/{CHECKPOINTS}/documents/delete-batch");
        api.task("POST", &path, Some(json!(records))).await;
        for task in tasks {
            api.ended(task).await;
        }
    }

    /// Who says that it is done has waited for the end of every task.
    async fn expect_nothing_waits(&self, command: Command) {
        let _up = self.server.read().await;
        let tasks = "/tasks?statuses=enqueued,processing&limit=1000";
        let tasks = self.scene.api.get(tasks).await.expect(200);
        let mine = self.scene.uid("");
        let is_mine = |uid: &Value| uid.as_str().is_some_and(|uid| uid.starts_with(&mine));
        for task in tasks["results"].as_array().unwrap() {
            let swaps = task["details"]["swaps"].as_array();
            let mut swapped = swaps.into_iter().flatten();
            let swapped = swapped.any(|pair| is_mine(&pair["indexes"][0]));
            assert!(
                !is_mine(&task["indexUid"]) && !swapped,
                "{command:?} is done, and this is not: {task}"
            );
        }
    }

    /// What is there when every task has ended that this walk's programs have sent.
    async fn see(&mut self) -> Sight {
        let server = self.server.clone();
        let _up = server.read().await;
        let mine = self.scene.uid("");
        eventually("no task of this walk waits", async || {
            let tasks = "/tasks?statuses=enqueued,processing&limit=1000";
            let tasks = self.scene.api.get(tasks).await.expect(200);
            let waits = tasks["results"].as_array().unwrap().iter().any(|task| {
                task["indexUid"]
                    .as_str()
                    .is_none_or(|uid| uid.starts_with(&mine))
            });
            (!waits).then_some(())
        })
        .await;
        let sight = Sight::of(&self.scene).await;
        for name in NAMES {
            let live = sight.live(name).filter(|live| !live.documents.is_empty());
            self.were_live
                .extend(live.map(|live| live.created_at.clone()));
        }
        sight
    }

    fn note(&mut self, step: String) {
        self.steps.push(step);
    }

    fn count(&self, what: String) {
        *self.tally.lock().unwrap().entry(what).or_default() += 1;
    }
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
