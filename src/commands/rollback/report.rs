//! What a rollback did: for people and for programs. Fields are only ever added. Times are in seconds.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::{Step, lag};
use crate::report::{aligned, counted, moment};
use crate::terminal::style;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The former generations are live.
    RolledBack,
    /// `--dry-run`: every check was passed, nothing was swapped.
    DryRun,
    /// `--list`.
    Listed,
}

/// What a rollback did.
#[derive(Clone, Debug, Serialize)]
pub struct RollbackReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The indexes that were swapped.
    pub indexes: Vec<RolledBack>,
    /// The selected indexes that were not, with the reason.
    pub stays: Vec<Stays>,
    /// With `--list`: every complete generation, by the run that built it, the newest run first.
    pub runs: Vec<RunEntry>,
    /// All of it.
    pub seconds: f64,
    /// What a person should know, though nothing failed.
    pub warnings: Vec<String>,
}

/// One index that was swapped.
#[derive(Clone, Debug, Serialize)]
pub struct RolledBack {
    /// The definition's name.
    pub index: String,
    /// The uid that the application searches.
    pub live_uid: String,
    /// `createdAt` of the generation that was swapped in.
    pub created_at: String,
    /// Its documents.
    pub documents: u64,
    /// Where it lay; what was live lies there now.
    pub uid: String,
    /// `createdAt` of what was live; null where nothing was.
    pub replaced: Option<String>,
    /// Documents of what was live.
    pub replaced_documents: Option<u64>,
    /// Until when it has followed the database; null where nothing followed it.
    pub followed_until: Option<Timestamp>,
    /// Whether `sync` can bring it up to date from there; null where that is not known.
    pub sync_follows: Option<bool>,
}

/// One index that was not swapped.
#[derive(Clone, Debug, Serialize)]
pub struct Stays {
    /// The definition's name.
    pub index: String,
    /// The uid that the application searches.
    pub live_uid: String,
    /// Why.
    pub reason: String,
}

/// What one run built.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunEntry {
    /// When it began.
    pub begun_at: Timestamp,
    /// Where it ran; null where that is not known.
    pub host: Option<String>,
    /// What is still there of it.
    pub generations: Vec<GenerationEntry>,
}

/// One generation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenerationEntry {
    /// The live uid that it belongs to.
    pub live_uid: String,
    /// Where it lies.
    pub uid: String,
    /// Which it is.
    pub created_at: String,
    /// Documents, counted.
    pub documents: u64,
    /// Whether it is live.
    pub live: bool,
    /// Whether it ever was. A build that was complete when its run died never was.
    pub was_live: bool,
    /// Whether it was there before this program.
    pub adopted: bool,
}

impl RollbackReport {
    pub(super) fn listed(runs: Vec<RunEntry>) -> Self {
        Self {
            outcome: Outcome::Listed,
            indexes: Vec::new(),
            stays: Vec::new(),
            runs,
            seconds: 0.0,
            warnings: Vec::new(),
        }
    }

    pub(super) fn planned(steps: &[Step<'_>], stays: Vec<Stays>) -> Self {
        let indexes = steps.iter().map(|step| {
            let former = &step.former;
            RolledBack {
                index: step.definition.name.clone(),
                live_uid: step.definition.live_uid.clone(),
                created_at: former.index.created_at.clone(),
                documents: step.documents,
                uid: former.index.uid.clone(),
                replaced: step.live.as_ref().map(|(info, ..)| info.created_at.clone()),
                replaced_documents: step.live.as_ref().map(|(_, _, documents)| *documents),
                followed_until: lag::followed_until(&former.record),
                sync_follows: step.follows,
            }
        });
        Self {
            outcome: Outcome::DryRun,
            indexes: indexes.collect(),
            stays,
            runs: Vec::new(),
            seconds: 0.0,
            warnings: Vec::new(),
        }
    }

    pub(super) fn warn(&mut self, warnings: &[String]) {
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        self.warnings.extend_from_slice(warnings);
    }

    /// What is to be done, or was.
    pub(super) fn plan(&self) -> String {
        let rows: Vec<[String; 4]> = self
            .indexes
            .iter()
            .map(|index| {
                [
                    index.live_uid.clone(),
                    made(&index.created_at),
                    counted(index.documents, "document", "documents"),
                    match (&index.replaced, index.replaced_documents) {
                        (Some(replaced), Some(documents)) => format!(
                            "instead of {} with {}",
                            made(replaced),
                            counted(documents, "document", "documents")
                        ),
                        _ => "where nothing is".to_owned(),
                    },
                ]
            })
            .collect();
        let mut text = aligned(&rows);
        for stays in &self.stays {
            let _ = writeln!(text, "  {} stays: {}", stays.live_uid, stays.reason);
        }
        text
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let tick = style("✔").green().bold();
        let head = match self.outcome {
            Outcome::Listed => return list(&self.runs),
            Outcome::RolledBack => format!("{tick} Rolled back in {:.1} s\n", self.seconds),
            Outcome::DryRun => {
                format!("{tick} Every check passed (dry run: nothing was swapped)\n")
            }
        };
        format!("{head}{}{}", self.plan(), self.what_next())
    }

    fn what_next(&self) -> String {
        let mut text = String::new();
        let uids = |follows: Option<bool>| {
            let indexes = self
                .indexes
                .iter()
                .filter(|index| index.sync_follows == follows);
            let uids: Vec<&str> = indexes.map(|index| index.live_uid.as_str()).collect();
            uids.join(", ")
        };
        if self
            .indexes
            .iter()
            .any(|index| index.sync_follows == Some(true))
        {
            let _ = writeln!(
                text,
                "  afterwards `bisan-indexer sync` brings {} up to date, from the checkpoint of that time",
                uids(Some(true))
            );
        }
        if self
            .indexes
            .iter()
            .any(|index| index.sync_follows == Some(false))
        {
            let _ = writeln!(
                text,
                "  `sync` cannot follow {}: built by another definition, or by another program; `reindex` builds it anew",
                uids(Some(false))
            );
        }
        if self.outcome == Outcome::RolledBack {
            text.push_str("  rolled back once more, it is forward again\n");
        }
        text
    }
}

/// The end of a refusal: what there is.
pub(super) fn said(runs: &[RunEntry]) -> String {
    match runs.is_empty() {
        true => String::new(),
        false => format!("; there is\n{}", list(runs).trim_end()),
    }
}

fn list(runs: &[RunEntry]) -> String {
    if runs.is_empty() {
        return "There is no generation at all\n".to_owned();
    }
    let mut rows: Vec<[String; 5]> = Vec::new();
    for run in runs {
        for (i, generation) in run.generations.iter().enumerate() {
            let built = format!("built {}", moment(run.begun_at));
            rows.push([
                if i == 0 { built } else { String::new() },
                generation.live_uid.clone(),
                counted(generation.documents, "document", "documents"),
                role(generation),
                generation.uid.clone(),
            ]);
        }
    }
    aligned(&rows)
}

fn role(generation: &GenerationEntry) -> String {
    let role = match (generation.live, generation.was_live) {
        (true, _) => style("live").green().to_string(),
        (false, true) => "retained".to_owned(),
        (false, false) => "never live".to_owned(),
    };
    match generation.adopted {
        true => format!("{role}, by another program"),
        false => role,
    }
}

fn made(created_at: &str) -> String {
    created_at
        .parse()
        .map_or_else(|_| created_at.to_owned(), moment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::expect_documented;

    /// Every field is there: docs/json.md shows this very report.
    fn report() -> RollbackReport {
        RollbackReport {
            outcome: Outcome::RolledBack,
            indexes: vec![RolledBack {
                index: "articles".to_owned(),
                live_uid: "articles".to_owned(),
                created_at: "2026-11-20T09:12:55.3Z".to_owned(),
                documents: 20_112,
                uid: "articles_20261124T143000Z".to_owned(),
                replaced: Some("2026-11-24T14:30:02.114209Z".to_owned()),
                replaced_documents: Some(20_319),
                followed_until: Some("2026-11-24T14:28:00Z".parse().unwrap()),
                sync_follows: Some(true),
            }],
            stays: vec![Stays {
                index: "authors".to_owned(),
                live_uid: "authors".to_owned(),
                reason: "it has no generation of that run".to_owned(),
            }],
            runs: vec![RunEntry {
                begun_at: "2026-11-20T09:12:51Z".parse().unwrap(),
                host: Some("web-1".to_owned()),
                generations: vec![GenerationEntry {
                    live_uid: "articles".to_owned(),
                    uid: "articles_20261124T143000Z".to_owned(),
                    created_at: "2026-11-20T09:12:55.3Z".to_owned(),
                    documents: 20_112,
                    live: false,
                    was_live: true,
                    adopted: false,
                }],
            }],
            seconds: 0.4,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn the_report_is_documented_field_by_field() {
        expect_documented("rollback", &report());
    }

    #[test]
    fn the_summary_says_what_took_whose_place_and_what_is_next() {
        assert_eq!(
            report().summary(),
            "✔ Rolled back in 0.4 s\n  articles  2026-11-20 09:12:55Z  20,112 documents  instead of 2026-11-24 14:30:02Z \
             with 20,319 documents\n  authors stays: it has no generation of that run\n  afterwards `bisan-indexer sync` \
             brings articles up to date, from the checkpoint of that time\n  rolled back once more, it is forward again\n"
        );
        assert_eq!(
            said(&report().runs),
            "; there is\n  built 2026-11-20 09:12:51Z  articles  20,112 documents  retained  articles_20261124T143000Z"
        );
    }
}
