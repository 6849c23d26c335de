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

/// What happens to a command meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    None,
    Mishap(Mishap, usize),
    /// Ctrl-C while the k-th request is on its way.
    Interrupt(usize),
    /// Somebody writes while the k-th request is on its way.
    Writer(usize),
}

impl Command {
    /// As [`Command::name`] says them.
    pub const NAMES: [&str; 6] = ["reindex", "sync", "apply", "rollback", "clean", "verify"];

    pub fn any(dice: &mut Dice) -> Command {
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

impl Trouble {
    pub fn any(dice: &mut Dice, command: Command) -> Trouble {
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
            Trouble::None => None,
            Trouble::Mishap(_, k) | Trouble::Interrupt(k) | Trouble::Writer(k) => Some(k),
        }
    }

    pub fn name(self) -> String {
        match self {
            Trouble::None => "no trouble".to_owned(),
            Trouble::Mishap(mishap, _) => format!("{mishap:?}"),
            Trouble::Interrupt(_) => "Ctrl-C".to_owned(),
            Trouble::Writer(_) => "a writer meanwhile".to_owned(),
        }
    }
}

/// How a command ended.
pub struct Outcome {
    /// None: it was killed.
    pub code: Option<i32>,
    pub said: String,
    pub report: Value,
    pub interrupted: bool,
    /// Somebody wrote meanwhile: what it saw of the database, nobody knows.
    pub disturbed: bool,
}
