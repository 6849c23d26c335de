//! `clean`: lists the leftovers of runs that have died, says why each may be deleted, and deletes them on request.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::Clean;
use crate::error::Error;
use crate::generation::generations::{Deletable, Leftover, Observer};
use crate::generation::prune::{self, IndexGenerations, Pruned};
use crate::generation::quiesce::quiesce;
use crate::generation::records::Record;
use crate::interrupt::or_interrupted;
use crate::meilisearch::Server;
use crate::meilisearch::uid::same_identity;
use crate::report::{Answer, aligned, counted};
use crate::session::Session;
use crate::terminal::style;
use crate::{confirm, session};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There is nothing that may go.
    NothingToDo,
    /// There is something, and it was only listed.
    Listed,
    /// What may go has gone, as far as each entry says so.
    Deleted,
}

/// The indexes that are neither live nor retained, and what was done with them.
#[derive(Clone, Debug, Serialize)]
pub struct CleanReport {
    /// How it ended.
    pub outcome: Outcome,
    /// Each index that is not live and not retained.
    pub indexes: Vec<Entry>,
    /// Records of generations that are gone.
    pub records: Vec<ForgottenRecord>,
    /// What a person should know, though nothing failed.
    pub warnings: Vec<String>,
}

/// One index.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Where it lies.
    pub uid: String,
    /// The live uid that it belongs to, or looks as if it did.
    pub live_uid: String,
    /// Which it is.
    pub created_at: String,
    /// Whether it may go.
    pub may_go: bool,
    /// Why, or why not.
    pub reason: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// A record that is no longer needed.
#[derive(Clone, Debug, Serialize)]
pub struct ForgottenRecord {
    /// The record's id.
    pub id: String,
    /// The live uid that its generation belonged to.
    pub live_uid: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// Runs it.
///
/// # Errors
/// Where another run holds the lock, where a person says no, or where the server cannot be asked.
pub async fn run(options: &Clean) -> Result<Answer, Error> {
    let definitions = session::definitions(&options.selection)?;
    let session = Session::open(&options.connections)?;
    let server = &session.server;
    let live_uids: Vec<&str> = definitions
        .iter()
        .map(|definition| definition.live_uid.as_str())
        .collect();
    // The verdicts say "by a run that has ended": that is so only if no run holds the lock now. It is let go again, since
    // a person may take a while to answer.
    let observer = prune::observer(&session.lock()?);
    let found = or_interrupted(look(server, &live_uids, &observer)).await?;
    let mut report = CleanReport::of(&found);
    if report.outcome == Outcome::NothingToDo {
        return Ok(Answer::new(&report, report.summary()));
    }
    let nobody_to_ask = !options.consent.yes && !confirm::is_anybody_there();
    if options.dry_run || nobody_to_ask {
        return Ok(Answer::new(&report, report.summary()));
    }
    confirm::ask(&options.consent, &report.table(), "Delete what may go?").await?;

    let lock = session.lock()?;
    let observer = prune::observer(&lock);
    let again = or_interrupted(look_at_rest(server, &live_uids, &observer)).await?;
    let (generations, records) = still_there(&found, &again);
    // Not interrupted half-way: it is short, and what was sent is done anyway.
    let pruned = prune::delete(server, &generations, records.clone()).await?;
    let left = server.indexes().await?;
    report.note_deleted(&generations, &records, |generation| {
        !left
            .iter()
            .any(|index| same_identity(&index.created_at, generation.created_at()))
    });
    report.warn(pruned);
    Ok(Answer::new(&report, report.summary()))
}

async fn look(
    server: &Server,
    live_uids: &[&str],
    observer: &Observer,
) -> Result<Vec<IndexGenerations>, Error> {
    server.health().await?;
    Ok(prune::look(server, live_uids.iter().copied(), observer).await?)
}

/// The same, when no swap of a run that was killed is still to come.
async fn look_at_rest(
    server: &Server,
    live_uids: &[&str],
    observer: &Observer,
) -> Result<Vec<IndexGenerations>, Error> {
    quiesce(server, live_uids.iter().copied()).await?;
    look(server, live_uids, observer).await
}

/// What was shown and may still go, now that the lock is held: nothing else is deleted.
fn still_there(
    shown: &[IndexGenerations],
    now: &[IndexGenerations],
) -> (Vec<Deletable>, Vec<Record>) {
    let deletable = |indexes: &[IndexGenerations]| -> Vec<Deletable> {
        let leftovers = indexes.iter().flat_map(|index| &index.leftovers);
        leftovers
            .filter_map(|leftover| leftover.deletable.clone())
            .collect()
    };
    let was_shown = deletable(shown);
    let generations = deletable(now)
        .into_iter()
        .filter(|one| was_shown.contains(one));
    let records = shown
        .iter()
        .flat_map(|index| &index.forgettable)
        .filter(|record| {
            let mut now = now.iter().flat_map(|index| &index.forgettable);
            now.any(|again| again.id == record.id)
        });
    (generations.collect(), records.cloned().collect())
}

impl CleanReport {
    fn of(found: &[IndexGenerations]) -> Self {
        let mut indexes = Vec::new();
        let mut records = Vec::new();
        for index in found {
            let live_uid = &index.live_uid;
            indexes.extend(index.leftovers.iter().map(|leftover| Entry {
                uid: leftover.generation.index.uid.clone(),
                live_uid: live_uid.clone(),
                created_at: leftover.generation.index.created_at.clone(),
                may_go: leftover.deletable.is_some(),
                reason: reason(leftover),
                deleted: false,
            }));
            indexes.extend(index.generations.moved.iter().map(|moved| Entry {
                uid: moved.index.uid.clone(),
                live_uid: live_uid.clone(),
                created_at: moved.index.created_at.clone(),
                may_go: false,
                reason: "made for this live uid and brought here by hand (renamed or swapped): never touched"
                    .to_owned(),
                deleted: false,
            }));
            indexes.extend(index.generations.foreign.iter().map(|index| {
                Entry {
                    uid: index.uid.clone(),
                    live_uid: live_uid.clone(),
                    created_at: index.created_at.clone(),
                    may_go: false,
                    reason:
                        "no record of this program knows it: somebody else's, and never touched"
                            .to_owned(),
                    deleted: false,
                }
            }));
            records.extend(index.forgettable.iter().map(|record| ForgottenRecord {
                id: record.id.clone(),
                live_uid: live_uid.clone(),
                deleted: false,
            }));
        }
        let anything = !records.is_empty() || indexes.iter().any(|entry| entry.may_go);
        Self {
            outcome: if anything {
                Outcome::Listed
            } else {
                Outcome::NothingToDo
            },
            indexes,
            records,
            warnings: Vec::new(),
        }
    }

    fn note_deleted(
        &mut self,
        generations: &[Deletable],
        records: &[Record],
        is_gone: impl Fn(&Deletable) -> bool,
    ) {
        self.outcome = Outcome::Deleted;
        for entry in &mut self.indexes {
            entry.deleted = generations.iter().any(|generation| {
                generation.uid().as_str() == entry.uid
                    && same_identity(generation.created_at(), &entry.created_at)
                    && is_gone(generation)
            });
        }
        for forgotten in &mut self.records {
            forgotten.deleted = records.iter().any(|record| record.id == forgotten.id);
        }
    }

    fn warn(&mut self, pruned: Pruned) {
        self.warnings.extend(pruned.warnings);
        let stayed = self
            .indexes
            .iter()
            .filter(|entry| entry.may_go && !entry.deleted);
        let stayed: Vec<String> = stayed
            .map(|entry| format!("{} is still there; run it again", entry.uid))
            .collect();
        self.warnings.extend(stayed);
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
    }

    /// The summary for people.
    fn summary(&self) -> String {
        let mut text = match self.outcome {
            Outcome::NothingToDo => {
                format!("{} Nothing is left over\n", style("✔").green().bold())
            }
            Outcome::Listed => String::new(),
            Outcome::Deleted => format!(
                "{} Deleted {}\n",
                style("✔").green().bold(),
                counted(
                    self.indexes.iter().filter(|entry| entry.deleted).count() as u64,
                    "index",
                    "indexes"
                ),
            ),
        };
        text.push_str(&self.table());
        if self.outcome == Outcome::Listed {
            text.push_str("Nothing was deleted; say --yes to delete what may go\n");
        }
        text
    }

    fn table(&self) -> String {
        let rows: Vec<[String; 3]> = self
            .indexes
            .iter()
            .map(|entry| {
                let fate = match (entry.deleted, entry.may_go) {
                    (true, _) => "deleted",
                    (false, true) => "may go",
                    (false, false) => "stays",
                };
                [entry.uid.clone(), fate.to_owned(), entry.reason.clone()]
            })
            .collect();
        let mut text = aligned(&rows);
        if !self.records.is_empty() {
            let ids: Vec<&str> = self
                .records
                .iter()
                .map(|record| record.id.as_str())
                .collect();
            let count = counted(ids.len() as u64, "record", "records");
            let fate = if self.records.iter().all(|record| record.deleted) {
                "deleted"
            } else {
                "may go"
            };
            let _ = writeln!(
                text,
                "  {count} of indexes that are gone ({fate}): {}",
                ids.join(", ")
            );
        }
        text
    }
}

fn reason(leftover: &Leftover) -> String {
    let host = &leftover.generation.record.host;
    format!("{}, {} (host {host})", leftover.what(), leftover.verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::expect_documented;

    /// Every field is there: docs/json.md shows this very report.
    #[test]
    fn the_report_is_documented_field_by_field() {
        let report = CleanReport {
            outcome: Outcome::Deleted,
            indexes: vec![
                Entry {
                    uid: "articles_20261124T172900Z".to_owned(),
                    live_uid: "articles".to_owned(),
                    created_at: "2026-11-24T17:29:00.9Z".to_owned(),
                    may_go: true,
                    reason: "a build that never became complete, made on this host by a run that has ended (host web-1)"
                        .to_owned(),
                    deleted: true,
                },
                Entry {
                    uid: "articles_archive".to_owned(),
                    live_uid: "articles".to_owned(),
                    created_at: "2024-02-01T00:00:00Z".to_owned(),
                    may_go: false,
                    reason: "no record of this program knows it: somebody else's, and never touched".to_owned(),
                    deleted: false,
                },
            ],
            records: vec![ForgottenRecord {
                id: "articles_20261123T030000Z".to_owned(),
                live_uid: "articles".to_owned(),
                deleted: true,
            }],
            warnings: Vec::new(),
        };
        expect_documented("clean", &report);
        let text = report.summary();
        assert!(
            text.starts_with("✔ Deleted 1 index\n  articles_20261124T172900Z  deleted  a build"),
            "{text}"
        );
        assert!(
            text.contains("  articles_archive           stays    no record"),
            "{text}"
        );
        assert!(
            text.contains("1 record of indexes that are gone (deleted): articles_20261123T030000Z"),
            "{text}"
        );
    }
}
