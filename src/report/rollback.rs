//! What a rollback did.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::figures::{documents, listed, moment};
use crate::report::generation::{ADOPTED, created, row};
use crate::report::page::{Mark, Page};
use crate::terminal::style;

/// How it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The former generations are live.
    RolledBack,
    /// `--dry-run`: every check was passed, nothing was swapped.
    #[default]
    DryRun,
    /// `--list`.
    Listed,
}

/// What a rollback did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RollbackReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The indexes that were swapped.
    pub indexes: Vec<RolledBack>,
    /// The selected indexes that were not, with the reason.
    pub stays: Vec<Stays>,
    /// At several servers: those that answer with all of it already, so that this finishes what was begun.
    pub finishes: Vec<String>,
    /// With `--list`: every complete generation, by the run that built it, the newest run first.
    pub runs: Vec<RunEntry>,
    /// All of it.
    pub seconds: f64,
    /// What a person should know, though nothing failed.
    pub warnings: Vec<String>,
}

/// One index that was swapped.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stays {
    /// The definition's name.
    pub index: String,
    /// The uid that the application searches.
    pub live_uid: String,
    /// Why.
    pub reason: String,
}

/// What one run built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEntry {
    /// When it began.
    pub begun_at: Timestamp,
    /// Where it ran; null where that is not known.
    pub host: Option<String>,
    /// What is still there of it.
    pub generations: Vec<GenerationEntry>,
}

/// One generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// What is to be done, or was.
    pub fn plan(&self) -> String {
        let mut page = Page::default();
        self.add_plan(&mut page);
        page.text()
    }

    fn add_plan(&self, page: &mut Page) {
        page.table(self.indexes.iter().map(RolledBack::row));
        for Stays {
            live_uid, reason, ..
        } in &self.stays
        {
            page.note(format_args!("{live_uid} stays: {reason}"));
        }
        match self.finishes.as_slice() {
            [] => {}
            [one] => page.note(format_args!(
                "finishes what was begun: {one} answers with it already"
            )),
            several => page.note(format_args!(
                "finishes what was begun: {} answer with it already",
                listed(several)
            )),
        }
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let head = match self.outcome {
            Outcome::Listed => return list(&self.runs),
            _ if self.indexes.is_empty() => "Live already: nothing is to be swapped".to_owned(),
            Outcome::RolledBack => format!("Rolled back in {:.1} s", self.seconds),
            Outcome::DryRun => "Every check passed (dry run: nothing was swapped)".to_owned(),
        };
        let mut page = Page::headed(Mark::Good, head);
        self.add_plan(&mut page);
        if let Some(uids) = self.whose(Some(true)) {
            page.note(format_args!(
                "afterwards `bisan-indexer sync` brings {uids} up to date, from the checkpoint of that time"
            ));
        }
        if let Some(uids) = self.whose(Some(false)) {
            page.note(format_args!(
                "`sync` cannot follow {uids}: built by another definition, or by another program; `reindex` builds it anew"
            ));
        }
        if self.outcome == Outcome::RolledBack && !self.indexes.is_empty() {
            page.note("rolled back once more, it is forward again");
        }
        page.text()
    }

    /// The indexes that `sync` can follow, or those that it cannot.
    fn whose(&self, follows: Option<bool>) -> Option<String> {
        let its = self.indexes.iter();
        let uids = listed(
            its.filter(|index| index.sync_follows == follows)
                .map(|index| &index.live_uid),
        );
        Some(uids).filter(|uids| !uids.is_empty())
    }
}

impl RolledBack {
    fn row(&self) -> [String; 4] {
        [
            self.live_uid.clone(),
            created(&self.created_at),
            documents(self.documents),
            match self.replaced.as_ref().zip(self.replaced_documents) {
                Some((replaced, number)) => {
                    format!(
                        "instead of {} with {}",
                        created(replaced),
                        documents(number)
                    )
                }
                None => "where nothing is".to_owned(),
            },
        ]
    }
}

impl GenerationEntry {
    fn row(&self) -> [String; 3] {
        let role = match (self.live, self.was_live) {
            (true, _) => style("live").green().to_string(),
            (false, true) => "retained".to_owned(),
            (false, false) => "never live".to_owned(),
        };
        let adopted = if self.adopted { ADOPTED } else { "" };
        row(&role, Some(self.documents), &[&self.uid, adopted])
    }
}

/// The end of a refusal: what there is.
pub fn said(runs: &[RunEntry]) -> String {
    match runs.is_empty() {
        true => String::new(),
        false => format!("; there is\n{}", list(runs).trim_end()),
    }
}

fn list(runs: &[RunEntry]) -> String {
    let mut page = Page::default();
    if runs.is_empty() {
        page.line("There is no generation at all");
    }
    page.table(runs.iter().flat_map(|run| {
        let built = format!("built {}", moment(run.begun_at));
        let once = std::iter::once(built).chain(std::iter::repeat(String::new()));
        once.zip(&run.generations).map(|(built, generation)| {
            let [role, documents, about] = generation.row();
            [built, generation.live_uid.clone(), role, documents, about]
        })
    }));
    page.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    #[test]
    fn the_summary_says_what_took_whose_place_and_what_is_next() {
        let report: RollbackReport = documented("rollback");
        assert_eq!(
            report.summary(),
            "✔ Rolled back in 0.4 s\n  articles  2026-11-20 09:12:55Z  20,112 documents  instead of 2026-11-24 14:30:02Z \
             with 20,319 documents\n  authors stays: it has no generation of that run\n  afterwards `bisan-indexer sync` \
             brings articles up to date, from the\n      checkpoint of that time\n  rolled back once more, it is forward again\n"
        );
        assert_eq!(
            said(&report.runs),
            "; there is\n  built 2026-11-20 09:12:51Z  articles  retained  20,112 documents  articles_20261124T143000Z"
        );
    }
}
