//! The report of a command at its end: one structure, shown to people as a summary and to programs as JSON.
//!
//! A file a command, which has the structure, documented in `docs/json.md`, and its summary, put together with [`page`].
//! Fields are only ever added. Sizes are in bytes, times in seconds.

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::figures::listed;

pub(crate) mod apply;
pub(crate) mod clean;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod generation;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod man;
pub(crate) mod page;
pub(crate) mod prometheus;
pub(crate) mod reindex;
pub(crate) mod rollback;
pub(crate) mod servers;
pub(crate) mod smoke;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod triggers;
pub(crate) mod verify;

/// What a command has to say at its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// For people.
    pub summary: String,
    report: Value,
    /// 0, or what a command that did its work has found: [`DIFFERENT`](crate::error::DIFFERENT).
    pub exit_code: u8,
    /// The summary is what the command was asked to make (a script, a key), so that it is printed with `--quiet`, too.
    pub is_product: bool,
}

impl Answer {
    /// An answer of exit code 0.
    pub fn new(report: &impl Serialize, summary: String) -> Self {
        Self {
            summary,
            report: serde_json::to_value(report).unwrap_or_default(),
            exit_code: 0,
            is_product: false,
        }
    }

    /// What a command was asked to make and put on standard output, as it is.
    pub fn product(report: &impl Serialize, text: String) -> Self {
        Self {
            is_product: true,
            ..Self::new(report, text)
        }
    }

    /// Everything was said already.
    pub fn told() -> Self {
        Self::new(&json!({}), String::new())
    }

    /// The same with another exit code.
    pub fn with_exit_code(self, exit_code: u8) -> Self {
        Self { exit_code, ..self }
    }
}

/// For programs: one JSON object and a line end. It always has `exit_code`; `outcome` is `failed` and `error` tells why
/// where the command failed, else the object has the fields of its report.
pub fn json(outcome: &Result<Answer, Error>, exit_code: u8) -> String {
    let mut object = match outcome {
        Ok(answer) => answer.report.clone(),
        Err(error) => json!({ "outcome": "failed", "error": error.to_string() }),
    };
    if !object.is_object() {
        object = json!({});
    }
    object["exit_code"] = exit_code.into();
    format!("{object:#}\n")
}

/// Adds to the warnings of a report, and logs what is added.
pub(crate) fn warn(warnings: &mut Vec<String>, more: &[String]) {
    for warning in more {
        tracing::warn!("{warning}");
    }
    warnings.extend_from_slice(more);
}

/// What is said of indexes, each with the name of its own: once, with the names of all of which it is said.
pub(crate) fn of_indexes<'a>(said: impl IntoIterator<Item = (&'a str, String)>) -> Vec<String> {
    let mut by_text: Vec<(String, Vec<&str>)> = Vec::new();
    for (index, text) in said {
        match by_text.iter_mut().find(|(known, _)| *known == text) {
            Some((_, indexes)) => indexes.push(index),
            None => by_text.push((text, vec![index])),
        }
    }
    let one = |(text, indexes): (String, Vec<&str>)| format!("{}: {text}", listed(indexes));
    by_text.into_iter().map(one).collect()
}

/// The report that docs/json.md shows as a command's example. A field that is added, renamed or taken away is noticed.
#[cfg(test)]
pub(crate) fn documented<R: Serialize + serde::de::DeserializeOwned>(command: &str) -> R {
    let report: R = serde_json::from_value(example(command))
        .unwrap_or_else(|error| panic!("the example of `{command}` in docs/json.md: {error}"));
    expect_documented(command, &report);
    report
}

/// Holds the example in docs/json.md to a command's report.
#[cfg(test)]
pub(crate) fn expect_documented(command: &str, report: &impl Serialize) {
    let report = serde_json::to_value(report).unwrap();
    assert!(
        example(command) == report,
        "in docs/json.md the example of `{command}` should be\n{report:#}"
    );
}

#[cfg(test)]
fn example(command: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let section = text
        .split("\n## ")
        .find_map(|section| section.strip_prefix(&format!("`{command}`")));
    let example = section.and_then(|section| section.split("```json").nth(1)?.split("```").next());
    example
        .and_then(|example| serde_json::from_str(example).ok())
        .unwrap_or_default()
}
