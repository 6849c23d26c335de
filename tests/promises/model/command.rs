//! What is asked of the program, and what happens to it meanwhile.

use serde_json::Value;

use crate::support::program::Program;
use crate::support::{Dice, Mishap, Scene};

/// A command as somebody says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Reindex { retain: usize, any_loss: bool },
    Sync { compare: &'static str },
    Apply { any_loss: bool },
    Rollback,
    Clean,
    Verify,
}

/// At which of a walk's servers a command is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    pub sites: Vec<usize>,
    /// Of several, whether one that is left behind keeps none from a swap.
    pub requires_one: bool,
}

/// What happens to a command meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    None,
    Mishap(Mishap, usize),
    /// Ctrl-C while the k-th request is on its way.
    Interrupt(usize),
    /// Somebody writes while the k-th request is on its way.
    Writer(usize),
    /// One of two servers cannot be reached.
    Away,
}

impl Command {
    /// As [`Command::name`] says them.
    pub const NAMES: [&str; 6] = ["reindex", "sync", "apply", "rollback", "clean", "verify"];

    /// At one of several servers a rollback may be half made, so that there are more of them.
    pub fn at(dice: &mut Dice, sites: usize) -> Command {
        match sites > 1 && dice.chance(15) {
            true => Command::Rollback,
            false => Command::any(dice),
        }
    }

    fn any(dice: &mut Dice) -> Command {
        let any_loss = dice.chance(50);
        match dice.below(100) {
            0..25 => Command::Reindex {
                retain: dice.one_of(&[0, 1, 1, 2]),
                any_loss,
            },
            25..60 => Command::Sync {
                compare: dice.one_of(&["changed", "ids", "all", "auto"]),
            },
            60..75 => Command::Apply { any_loss },
            75..88 => Command::Rollback,
            88..94 => Command::Clean,
            _ => Command::Verify,
        }
    }

    /// About as many requests as it makes.
    fn requests(self) -> usize {
        match self {
            Command::Reindex { .. } => 60,
            Command::Apply { .. } => 45,
            Command::Sync { .. } => 30,
            Command::Rollback => 25,
            Command::Clean | Command::Verify => 15,
        }
    }

    /// Whether it works with one server only.
    pub fn takes_one(self) -> bool {
        self == Command::Clean
    }

    /// Whether what happens at one server depends on the others.
    pub fn swaps_together(self) -> bool {
        !matches!(
            self,
            Command::Sync { .. } | Command::Verify | Command::Clean
        )
    }

    pub fn program(self, scene: &Scene) -> Program {
        let any = |any_loss| if any_loss { "100%" } else { "20%" };
        let program = |name: &str| scene.command(name).args(["--output", "json"]);
        match self {
            Command::Reindex { retain, any_loss } => program("reindex")
                .args(["--retain", &retain.to_string()])
                .args(["--max-loss", any(any_loss)]),
            Command::Sync { compare } => program("sync").args(["--compare", compare]),
            Command::Apply { any_loss } => {
                program("apply").args(["--yes", "--max-loss", any(any_loss)])
            }
            Command::Rollback => program("rollback").arg("--yes"),
            Command::Clean => program("clean").arg("--yes"),
            Command::Verify => program("verify"),
        }
    }

    pub fn name(self) -> String {
        let all = format!("{self:?}").to_lowercase();
        all.split(' ').next().unwrap().to_owned()
    }
}

impl Reach {
    pub fn only(site: usize) -> Reach {
        Reach {
            sites: vec![site],
            requires_one: false,
        }
    }

    pub fn all(sites: usize) -> Reach {
        Reach {
            sites: (0..sites).collect(),
            requires_one: false,
        }
    }

    /// All of them, or now and then one alone.
    pub fn any(dice: &mut Dice, command: Command, sites: usize) -> Reach {
        if sites == 1 {
            return Reach::all(1);
        }
        let alone = if command == Command::Rollback { 40 } else { 15 };
        if command.takes_one() || dice.chance(alone) {
            return Reach::only(dice.below(sites));
        }
        let can_leave_behind = matches!(command, Command::Reindex { .. } | Command::Apply { .. });
        Reach {
            requires_one: can_leave_behind && dice.chance(40),
            ..Reach::all(sites)
        }
    }
}

impl Trouble {
    /// Of a command at these servers.
    pub fn at(dice: &mut Dice, command: Command, reach: &Reach) -> Trouble {
        match reach.sites.len() > 1 && dice.chance(15) {
            true => Trouble::Away,
            false => Trouble::any(dice, command),
        }
    }

    fn any(dice: &mut Dice, command: Command) -> Trouble {
        let k = 1 + dice.below(command.requests());
        match dice.below(100) {
            0..25 => Trouble::None,
            25..80 => {
                let mishap = dice.one_of(&Mishap::ALL);
                // Every death of the server is felt by all who share it.
                if mishap.kills_the_server() && dice.chance(50) {
                    return Trouble::None;
                }
                Trouble::Mishap(mishap, k)
            }
            80..88 => Trouble::Interrupt(k),
            _ => Trouble::Writer(k),
        }
    }

    /// The request at which it is to happen.
    pub fn request(self) -> Option<usize> {
        match self {
            Trouble::None | Trouble::Away => None,
            Trouble::Mishap(_, k) | Trouble::Interrupt(k) | Trouble::Writer(k) => Some(k),
        }
    }

    pub fn name(self) -> String {
        match self {
            Trouble::None => "no trouble".to_owned(),
            Trouble::Mishap(mishap, _) => format!("{mishap:?}"),
            Trouble::Interrupt(_) => "Ctrl-C".to_owned(),
            Trouble::Writer(_) => "a writer meanwhile".to_owned(),
            Trouble::Away => "a server away".to_owned(),
        }
    }
}

/// How a command ended.
#[derive(Clone)]
pub struct Outcome {
    /// None: it was killed.
    pub code: Option<i32>,
    pub said: String,
    pub report: Value,
    pub interrupted: bool,
    /// Somebody wrote meanwhile: what it saw of the database, nobody knows.
    pub disturbed: bool,
    /// The server that could not be reached.
    pub away: Option<usize>,
}

impl Outcome {
    /// The same at the server of this name. What ended the command for all of several is no part of any of them.
    pub fn at(&self, name: &str) -> Outcome {
        let servers = self.report["servers"].as_array();
        let part = servers
            .into_iter()
            .flatten()
            .find(|one| one["name"] == name);
        let Some(part) = part else {
            return self.clone();
        };
        let code = part["exit_code"].as_i64().unwrap();
        Outcome {
            code: Some(i32::try_from(code).unwrap()),
            said: format!("{name}: {part:#}"),
            report: part.clone(),
            ..self.clone()
        }
    }

    /// Whether it could not reach this server, and gave up.
    pub fn found_it_down(&self) -> bool {
        let is_of_another = self.said.contains("nothing was swapped here");
        self.code == Some(1) && !is_of_another && self.said.contains("GET /health")
    }
}
