//! What a command did at several servers: the report of each, side by side.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::{Error, worse};
use crate::report::Answer;
use crate::report::page::{Mark, Page};
use crate::servers::NamedServer;
use crate::terminal::{line, set_in, style};

/// What a command did at several servers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ServersReport {
    /// The outcome at the server whose exit code is the worst; null where its report has none.
    pub outcome: Value,
    /// One entry a server, in the order in which they were given.
    pub servers: Vec<AtServer>,
    /// What concerns all of them together.
    #[serde(flatten)]
    pub together: Map<String, Value>,
}

/// What it did at one of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AtServer {
    /// What the server is called.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// The report of the command as for a single server, with `outcome`, and `error` where it failed.
    #[serde(flatten)]
    pub report: Map<String, Value>,
    /// What the exit code would be, were this the only server.
    pub exit_code: u8,
}

/// One server, and what became of the command there.
pub type Outcome = (NamedServer, Result<Answer, Error>);

/// The answer of a command that was run at several servers. `together` is what is said of all of them at the end.
pub fn answer(outcomes: Vec<Outcome>, together: Map<String, Value>, last_words: &str) -> Answer {
    build(0, outcomes, together, last_words)
}

/// The same where so many of the servers may fail: only what is beyond them counts.
pub fn answer_allowing(failures: usize, outcomes: Vec<Outcome>) -> Answer {
    build(failures, outcomes, Map::new(), "")
}

fn build(
    failures: usize,
    outcomes: Vec<Outcome>,
    together: Map<String, Value>,
    last_words: &str,
) -> Answer {
    let mut report = ServersReport {
        together,
        ..ServersReport::default()
    };
    let mut page = Page::default();
    for (NamedServer { name, server }, outcome) in outcomes {
        let address = server.address().to_string();
        let (part, said, code) = match outcome {
            Ok(answer) => (answer.report, answer.summary, answer.exit_code),
            Err(error) => (
                json!({ "outcome": "failed", "error": error.to_string() }),
                format!("{}\n", set_in(&error.to_string())),
                error.exit_code(),
            ),
        };
        let part = match part {
            Value::Object(part) => part,
            _ => Map::new(),
        };
        let heading = style(line(&name)).bold();
        page.line(format_args!("{} {heading}  {address}", Mark::of(code == 0)));
        for text in said.lines() {
            page.note(text);
        }
        report.servers.push(AtServer {
            name,
            address,
            report: part,
            exit_code: code,
        });
    }
    let (outcome, exit_code) = verdict(failures, &report.servers);
    report.outcome = outcome;
    let summary = page.text() + last_words;
    Answer::new(&report, summary).with_exit_code(exit_code)
}

/// The outcome and the exit code of the worst that counts.
fn verdict(failures: usize, servers: &[AtServer]) -> (Value, u8) {
    let mut servers: Vec<&AtServer> = servers.iter().collect();
    // The worst first; of equals, the order in which they were given.
    servers.sort_by(|one, other| match (one.exit_code, other.exit_code) {
        (one, other) if one == other => Ordering::Equal,
        (one, other) if worse(one, other) == one => Ordering::Less,
        _ => Ordering::Greater,
    });
    let fails = |server: &&AtServer| server.exit_code != 0;
    let failed = servers.iter().filter(|server| fails(server)).count();
    let worst = servers.get(failures.min(failed));
    worst.map_or((Value::Null, 0), |worst| {
        let outcome = worst.report.get("outcome").cloned();
        (outcome.unwrap_or_default(), worst.exit_code)
    })
}
