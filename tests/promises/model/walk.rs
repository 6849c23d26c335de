//! One walk: what happens, in which order, chosen by a seed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::RwLock;

use super::command::{Command, Outcome, Reach, Trouble};
use super::sight::Sight;
use super::site::Site;
use super::world::{self, Definition, NAMES};
use crate::support::server::Server;
use crate::support::{Dice, Scene};

/// How often what came to happen, over all walks.
pub type Tally = Arc<Mutex<BTreeMap<String, usize>>>;

pub struct Walk {
    pub scene: Scene,
    /// Its servers: one, or two that are to hold the same.
    pub sites: Vec<Site>,
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
    /// What each server held after the last command.
    seen: Option<Vec<Sight>>,
    /// The last command was a rollback of this one of several servers, or of all and was killed: the others may have to be sent
    /// after it.
    pub half_back: Option<usize>,
    seed: u64,
    pub(super) dice: Dice,
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

/// What its servers are called in a walk.
const SITES: [&str; 2] = ["a", "b"];

impl Walk {
    /// Of these servers, one or two.
    pub async fn of(seed: u64, servers: Vec<Arc<RwLock<Server>>>, tally: Tally) {
        let mut dice = Dice::seeded(seed);
        let prefix = format!("w{seed}-");
        let mut scene = Scene::beside_others(&*servers[0].read().await, &prefix);
        world::create(&scene).await;
        Definition::FIRST.write(&mut scene);
        let began = "SELECT STRFTIME('%Y-%m-%d %H:%M:%f', 'now', '-5 minutes')";
        let began = scene.database.column(began).await.remove(0);
        let steps = match servers.len() {
            1 => 4 + dice.below(5),
            // Each of them costs twice as much.
            _ => 2 + dice.below(3),
        };
        let mut sites = Vec::new();
        for (name, server) in SITES.into_iter().zip(servers) {
            sites.push(Site::of(name, server).await);
        }
        let mut walk = Walk {
            scene,
            definition: Definition::FIRST,
            definitions: vec![(Timestamp::now(), Definition::FIRST)],
            in_place: BTreeMap::new(),
            foreign: BTreeSet::new(),
            were_live: BTreeSet::new(),
            began,
            calm: true,
            seen: None,
            half_back: None,
            seed,
            dice,
            sites,
            copy: None,
            restored_at: None,
            steps: Vec::new(),
            tally,
        };
        walk.begin().await;
        for _ in 0..steps {
            walk.somebody_acts().await;
            let is_finishing = walk.half_back.is_some() && walk.dice.chance(60);
            let (command, reach) = match is_finishing {
                true => (Command::Rollback, Reach::all(walk.sites.len())),
                false => {
                    let command = Command::at(&mut walk.dice, walk.sites.len());
                    let reach = Reach::any(&mut walk.dice, command, walk.sites.len());
                    (command, reach)
                }
            };
            let trouble = Trouble::at(&mut walk.dice, command, &reach);
            walk.command(command, &reach, trouble).await;
        }
        walk.finish().await;
    }

    /// What was there before: nothing, a live index of this program's, or one that somebody else made; and always indexes
    /// whose names begin like ours.
    async fn begin(&mut self) {
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
                let reindex = Command::Reindex {
                    retain: 1,
                    any_loss: false,
                };
                let mut reach = Reach::all(self.sites.len());
                if self.sites.len() > 1 && self.dice.chance(25) {
                    self.note("b is new".to_owned());
                    reach = Reach::only(0);
                }
                let runs = match self.sites.len() {
                    1 => runs / 2,
                    // A walk of few steps has to have something to roll back to.
                    _ => 1 + usize::from(runs > 2),
                };
                for _ in 0..runs {
                    self.command(reindex, &reach, Trouble::None).await;
                }
            }
        }
    }

    async fn made_by_somebody_else(&mut self, name: &str) {
        let uid = self.scene.uid(name);
        for site in &self.sites {
            self.foreign.insert(site.fill(&uid).await);
        }
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
                let site = self.one_of(self.sites.len());
                self.sites[site].keep_busy().await;
                self.note(format!(
                    "somebody else keeps {} busy",
                    self.sites[site].name
                ));
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

    pub(super) async fn write(&mut self) {
        let write = world::any_write(&mut self.dice);
        self.scene.database.execute(&write.sql).await;
        self.note(format!(
            "somebody {}: {}",
            write.words,
            one_line(&write.sql)
        ));
    }

    /// Which of so many servers something happens to.
    pub(super) fn one_of(&mut self, sites: usize) -> usize {
        match sites {
            1 => 0,
            _ => self.dice.below(sites),
        }
    }

    async fn command(&mut self, command: Command, reach: &Reach, trouble: Trouble) -> Value {
        // Nobody else touches these indexes, so that what was seen after the last command is still there.
        let mut before = match (self.calm, self.seen.take()) {
            (true, None) => Some(self.see().await),
            (true, seen) => seen,
            (false, _) => None,
        };
        let mut outcome = self.run(command, reach, trouble).await;
        // A server that another lane has killed may need longer to come back than a command waits for a first answer.
        if self.found_one_down(reach, &outcome) {
            self.count("the server is down, and the command run again".to_owned());
            for site in &self.sites {
                site.is_up().await;
            }
            if before.is_some() {
                before = Some(self.see().await);
            }
            outcome = self.run(command, reach, Trouble::None).await;
        }
        let half_back = self.is_half_back(command, reach, &outcome);
        if outcome.code.is_none() {
            self.half_back = half_back;
            self.note_settings(command, reach, before.as_deref(), &outcome, &[]);
            self.calm = false;
            return Value::Null;
        }
        if self.calm {
            for i in &reach.sites {
                let site = &self.sites[*i];
                if outcome.at(site.name).code == Some(0) {
                    site.expect_nothing_waits(&self.scene, command).await;
                }
            }
        }
        let after = self.see().await;
        self.note_settings(command, reach, before.as_deref(), &outcome, &after);
        self.judge(command, reach, before.as_deref(), &outcome, &after)
            .await;
        self.half_back = half_back;
        self.seen = Some(after);
        self.calm = true;
        outcome.report
    }

    /// Which server may have gone back without the others.
    fn is_half_back(&self, command: Command, reach: &Reach, outcome: &Outcome) -> Option<usize> {
        let is_one_of_several = self.sites.len() > 1 && command == Command::Rollback;
        match (reach.sites.as_slice(), outcome.code) {
            ([one], Some(0)) if is_one_of_several => Some(*one),
            ([one, ..], None) if is_one_of_several => Some(*one),
            _ => None,
        }
    }

    /// Another lane has killed it; not that the command was to find it away.
    fn found_one_down(&self, reach: &Reach, outcome: &Outcome) -> bool {
        let mut others = reach.sites.iter().filter(|i| outcome.away != Some(**i));
        others.any(|i| outcome.at(self.sites[*i].name).found_it_down())
    }

    /// What `apply` may have made of a live index without building it anew.
    fn note_settings(
        &mut self,
        command: Command,
        reach: &Reach,
        before: Option<&[Sight]>,
        outcome: &Outcome,
        after: &[Sight],
    ) {
        if !matches!(command, Command::Apply { .. }) {
            return;
        }
        let sites = reach.sites.iter();
        let done = |i: usize| outcome.at(self.sites[i].name).code == Some(0);
        let (done, undone): (Vec<usize>, Vec<usize>) = sites.copied().partition(|i| done(*i));
        for i in done {
            let live = after[i].identity("articles").to_owned();
            self.in_place.insert(live, Some(self.definition));
        }
        for i in undone {
            // Of what was killed before, nobody knows what was live.
            let candidates: Vec<String> = match before {
                Some(before) => vec![before[i].identity("articles").to_owned()],
                None => self.were_live.iter().cloned().collect(),
            };
            for created_at in candidates {
                self.in_place.insert(created_at, None);
            }
        }
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
        let all = Reach::all(self.sites.len());
        // Whatever was killed before may still have its effect; what this run must do is the same.
        self.command(last, &all, Trouble::None).await;
        let sync = Command::Sync { compare: "all" };
        let report = self.command(sync, &all, Trouble::None).await;
        for part in parts(&report) {
            for index in part["indexes"].as_array().unwrap() {
                for figure in ["sent_changed", "sent_missing", "sent_different", "deleted"] {
                    assert_eq!(index[figure], 0, "after {last:?} nothing differs: {report}");
                }
            }
        }
        let report = self.command(Command::Verify, &all, Trouble::None).await;
        for part in parts(&report) {
            assert_eq!(part["outcome"], "equal", "{report}");
        }
        for i in 0..self.sites.len() {
            let only = Reach::only(i);
            self.command(Command::Clean, &only, Trouble::None).await;
            let report = self.command(Command::Clean, &only, Trouble::None).await;
            assert_eq!(report["outcome"], "nothing_to_do", "{report}");
        }
        self.expect_settings().await;
        for site in &self.sites {
            site.leave(&self.scene).await;
        }
    }

    async fn expect_settings(&self) {
        for site in &self.sites {
            let settings = site.settings(&self.scene.uid("articles")).await;
            let wanted = self.definition.settings();
            assert_eq!(
                settings["searchableAttributes"],
                wanted["searchableAttributes"]
            );
            let most_values = "/faceting/maxValuesPerFacet";
            assert_eq!(settings.pointer(most_values), wanted.pointer(most_values));
        }
    }

    /// What each server holds when nothing of this walk waits there.
    async fn see(&mut self) -> Vec<Sight> {
        let mut sights = Vec::new();
        for site in &self.sites {
            let sight = site.see(&self.scene, self.sites.len() > 1).await;
            for name in NAMES {
                let live = sight.live(name).filter(|live| !live.documents.is_empty());
                self.were_live
                    .extend(live.map(|live| live.created_at.clone()));
            }
            sights.push(sight);
        }
        sights
    }

    pub(super) fn note(&mut self, step: String) {
        self.steps.push(step);
    }

    /// Of walks with two servers by themselves: each has to do it all.
    pub(super) fn count(&self, what: String) {
        let what = match self.sites.len() {
            1 => what,
            _ => format!("{}{what}", super::AT_TWO),
        };
        *self.tally.lock().unwrap().entry(what).or_default() += 1;
    }
}

/// What a report says of each server.
fn parts(report: &Value) -> Vec<&Value> {
    match report["servers"].as_array() {
        Some(servers) => servers.iter().collect(),
        None => vec![report],
    }
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
