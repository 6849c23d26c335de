//! Where in a run something is to happen.

use std::collections::BTreeMap;
use std::fmt;

use super::proxy::Seen;

/// One request of a run that has not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// Counted from 1, over all that come by.
    Nth(usize),
    /// Counted from 1 among those of its kind. How often a run looks at its tasks differs from run to run, and with it the
    /// place of whatever comes later; how often it sends what changes something does not.
    OfKind {
        kind: String,
        nth: usize,
        changes_something: bool,
    },
}

impl From<usize> for Point {
    fn from(nth: usize) -> Point {
        Point::Nth(nth)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Point::Nth(nth) => write!(f, "request {nth}"),
            Point::OfKind { kind, nth, .. } => write!(f, "request {nth} of `{kind}`"),
        }
    }
}

impl Point {
    /// Whether the server is asked to change something there; for a plain number nobody knows.
    pub fn changes_something(&self) -> bool {
        matches!(
            self,
            Point::OfKind {
                changes_something: true,
                ..
            }
        )
    }

    /// What is asked for there.
    pub fn kind(&self) -> &str {
        match self {
            Point::Nth(_) => "any",
            Point::OfKind { kind, .. } => kind,
        }
    }

    /// All of these requests.
    pub fn all_of(seen: &[Seen]) -> Vec<Point> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        seen.iter()
            .map(|seen| {
                let kind = seen.kind();
                let nth = counts.entry(kind.clone()).or_default();
                *nth += 1;
                Point::OfKind {
                    nth: *nth,
                    kind,
                    changes_something: seen.changes_something(),
                }
            })
            .collect()
    }

    /// Whether it is the last of those that have come by.
    pub fn is_last_of(&self, seen: &[Seen]) -> bool {
        match self {
            Point::Nth(nth) => *nth == seen.len(),
            Point::OfKind { kind, nth, .. } => {
                seen.last().is_some_and(|last| last.kind() == *kind)
                    && seen.iter().filter(|seen| seen.kind() == *kind).count() == *nth
            }
        }
    }
}
