//! `completions`: prints the script with which a shell completes commands and options.

use crate::cli::Completions;
use crate::cli::help::arranged;
use crate::report::Answer;
use crate::report::completions::CompletionsReport;

/// Runs it.
pub fn run(options: &Completions) -> Answer {
    let mut command = arranged();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, name, &mut script);
    let report = CompletionsReport {
        shell: options.shell.to_string(),
        script: String::from_utf8_lossy(&script).into_owned(),
    };
    Answer::product(&report, report.script.clone())
}
