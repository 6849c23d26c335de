//! The report of a command at its end: one structure, shown to people as a summary and to programs as JSON.

use std::fmt::Write as _;

use indicatif::HumanCount;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::terminal::{set_in, width};

pub mod prometheus;

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

/// A number with its thousands apart: 5,208.
pub fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

/// How long, in one or two units, as people say it: 3 h 5 min.
pub fn span(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let seconds = seconds.max(0);
    let first = UNITS
        .iter()
        .position(|(size, _)| seconds >= *size)
        .unwrap_or(UNITS.len() - 1);
    let (size, unit) = UNITS[first];
    let head = format!("{} {unit}", seconds / size);
    match UNITS.get(first + 1) {
        // Seconds beside minutes and above are noise.
        Some((below, unit)) if *below > 1 && seconds % size >= *below => {
            format!("{head} {} {unit}", seconds % size / below)
        }
        _ => head,
    }
}

/// A moment to the second, as people read it: 2026-11-24 14:30:00Z.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// One thing or several: 1 task, 2 tasks.
pub fn counted(number: u64, one: &str, several: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{} {several}", grouped(number)),
    }
}

/// What is said about something, with its name in front where it does not begin with it anyway.
pub fn about(name: &str, said: &str) -> String {
    let said = set_in(said);
    match said.strip_prefix(name) {
        Some(rest) if rest.starts_with(':') => said.into_owned(),
        _ => format!("{name}: {said}"),
    }
}

/// Rows as columns, two spaces before and between; numbers are right where they lead their cell. A cell stays on its line,
/// whatever the name or the value in it holds.
pub fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let on_one_line = |cell: &String| cell.replace('\n', "\\n").replace('\t', "\\t");
    let rows: Vec<[String; N]> = rows
        .iter()
        .map(|row| std::array::from_fn(|at| on_one_line(&row[at])))
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (widest, cell) in widths.iter().zip(row) {
            let padding = " ".repeat(widest - width(cell));
            let numeric = cell.starts_with(|first: char| first.is_ascii_digit());
            let (before, after) = if numeric {
                (padding.as_str(), "")
            } else {
                ("", padding.as_str())
            };
            let _ = write!(line, "  {before}{cell}{after}");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Holds the example in docs/json.md to a command's real report: a field that is added, renamed or taken away is noticed.
#[cfg(test)]
pub fn expect_documented(command: &str, report: &impl Serialize) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let section = text
        .split("\n## ")
        .find_map(|section| section.strip_prefix(&format!("`{command}`")));
    let example = section.and_then(|section| section.split("```json").nth(1)?.split("```").next());
    let example = example.and_then(|example| serde_json::from_str::<Value>(example).ok());
    let report = serde_json::to_value(report).unwrap();
    assert!(
        example.as_ref() == Some(&report),
        "in docs/json.md the example of `{command}` should be\n{report:#}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(5208), "5,208");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn a_time_is_told_in_two_units_at_most() {
        for (seconds, text) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min"),
            (3_600, "1 h"),
            (11_100, "3 h 5 min"),
            (90_000, "1 d 1 h"),
            (86_400 * 40, "40 d"),
        ] {
            assert_eq!(span(seconds), text);
        }
        assert_eq!(
            moment("2026-11-24T14:30:00.123Z".parse().unwrap()),
            "2026-11-24 14:30:00Z"
        );
        assert_eq!(counted(1, "task", "tasks"), "1 task");
        assert_eq!(counted(5208, "task", "tasks"), "5,208 tasks");
    }

    #[test]
    fn what_is_said_is_said_of_one_thing_once() {
        assert_eq!(about("a", "a: it is gone"), "a: it is gone");
        assert_eq!(about("a", "it is gone"), "a: it is gone");
        assert_eq!(about("a", "ab: it is gone"), "a: ab: it is gone");
    }

    #[test]
    fn columns_are_aligned_and_numbers_stand_right() {
        let rows = [
            ["articles".to_owned(), "5,208 documents".to_owned()],
            ["authors".to_owned(), "17 documents".to_owned()],
        ];
        assert_eq!(
            aligned(&rows),
            "  articles  5,208 documents\n  authors      17 documents\n"
        );
        let rows = [["a\nb".to_owned(), "c\td".to_owned()]];
        assert_eq!(aligned(&rows), "  a\\nb  c\\td\n");
    }
}
