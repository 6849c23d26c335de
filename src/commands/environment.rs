//! `environment`: every variable, as its help has it.

use serde_json::json;

use crate::cli::help::{command, variables};
use crate::report::Answer;

/// Runs it.
pub fn run() -> Answer {
    let mut command = command();
    let help = command
        .find_subcommand_mut("environment")
        .map(|one| one.render_long_help().to_string());
    let names: Vec<String> = variables()
        .into_iter()
        .map(|variable| variable.name)
        .collect();
    Answer::product(&json!({ "variables": names }), help.unwrap_or_default())
}
