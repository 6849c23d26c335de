//! `rollback`: swaps a former generation back in, with checks and a proof as for any swap.
//!
//! It has all steps of a rollback from top to bottom; `choose` decides what is swapped, at several servers `together`,
//! `runs` lists the former generations.

mod choose;
mod runs;
mod several;
mod together;

use std::time::Instant;

pub use choose::NoSuchGeneration;
use choose::{Index, Run, Turn};
use jiff::Timestamp;
use several::at_several;

use crate::catalog::IndexDefinition;
use crate::cli::Rollback;
use crate::commands::side_by_side;
use crate::error::{CommandError, Error, REFUSED};
use crate::generation::build::Started;
use crate::generation::former::{Former, PassedFormer};
use crate::generation::generations::{Deletable, Generation, Generations};
use crate::generation::promote::{PromoteError, Proven, restore};
use crate::generation::quiesce::quiesce;
use crate::generation::records::{Change, Record, RecordWrite};
use crate::generation::swap::Exchange;
use crate::generation::{former, prune};
use crate::interrupt::or_interrupted;
use crate::meilisearch::network::until_succeeded_here;
use crate::meilisearch::{IndexInfo, MeilisearchError, Server};
use crate::report::rollback::{Outcome, RollbackReport, RolledBack, RunEntry, Stays, said};
use crate::report::{Answer, warn};
use crate::sqlite::Database;
use crate::sync::lag;
use crate::{confirm, host, preflight, servers, session};

/// Why there is nothing to roll back to, with what there is. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error("{why}; nothing was changed{}", said(.there))]
pub struct CannotRollBack {
    why: NoSuchGeneration,
    there: Vec<RunEntry>,
}

impl CommandError for CannotRollBack {
    fn exit_code(&self) -> u8 {
        REFUSED
    }
}

/// Runs it.
///
/// # Errors
/// What kept it; the live indexes are then as they were.
pub async fn run(options: &Rollback) -> Result<Answer, Error> {
    let definitions = session::definitions(&options.selection)?;
    let database = session::database(&options.connections.database)?;
    let servers = servers::open(&options.connections.server)?;
    if options.list {
        return side_by_side::run(servers, async |at| list(&at.server, &definitions).await).await;
    }
    match servers.as_slice() {
        [at] => at_one(options, &database, &at.server, &definitions).await,
        servers => at_several(options, &database, servers, &definitions).await,
    }
}

async fn list(server: &Server, definitions: &[IndexDefinition]) -> Result<Answer, Error> {
    let there = or_interrupted(look(server, definitions)).await?;
    let report = RollbackReport {
        outcome: Outcome::Listed,
        runs: or_interrupted(there.runs(server)).await?,
        ..RollbackReport::default()
    };
    Ok(Answer::new(&report, report.summary()))
}

async fn at_one(
    options: &Rollback,
    database: &Database,
    server: &Server,
    definitions: &[IndexDefinition],
) -> Result<Answer, Error> {
    let find = async {
        let there = at_rest(options, server, definitions).await?;
        Way::find(options, database, server, definitions, &there, None).await
    };
    let mut way = or_interrupted(find).await?;
    if options.dry_run {
        or_interrupted(way.check()).await?;
        return Ok(way.answer(Outcome::DryRun));
    }
    confirm::ask(&options.consent, &way.report.plan(), QUESTION).await?;

    let _lock = session::lock(database)?;
    let passed = or_interrupted(way.check()).await?;
    // From here to the proof of the swap nothing is interrupted: it is short, and half of it is no state to be in.
    let started = Started::default();
    let swapped = async {
        let passed = way.begin(passed, &started, Timestamp::now()).await?;
        restore(server, &passed).await.map_err(Error::from)
    };
    let swapped = swapped.await;
    way.plan.take_back(server, &started, &swapped).await;
    swapped?;
    Ok(way.answer(Outcome::RolledBack))
}

const QUESTION: &str = "Swap it in?";

/// The way back at one server, and what is told of it.
struct Way<'a> {
    server: &'a Server,
    skip_smoke: bool,
    plan: Plan<'a>,
    report: RollbackReport,
    start: Instant,
}

impl<'a> Way<'a> {
    /// Chooses what is to be swapped: what is `meant` by all servers, if that is known. Nothing is changed.
    async fn find(
        options: &Rollback,
        database: &Database,
        server: &'a Server,
        definitions: &'a [IndexDefinition],
        there: &There,
        meant: Option<&Run>,
    ) -> Result<Way<'a>, Error> {
        let start = Instant::now();
        let turns = match meant {
            Some(run) => Ok(choose::turns(&there.indexes, run)),
            None => choose::choose(&there.indexes, options.to.as_deref()),
        };
        let turns = match turns {
            Ok(turns) => turns,
            Err(why) => {
                let there = there.runs(server).await?;
                return Err(CannotRollBack { why, there }.into());
            }
        };
        let plan = plan(server, database, definitions, there, turns).await?;
        let mut report = RollbackReport {
            indexes: plan.steps.iter().map(Step::report).collect(),
            stays: plan.stays.clone(),
            ..RollbackReport::default()
        };
        warn(&mut report.warnings, &plan.warnings);
        Ok(Way {
            server,
            skip_smoke: options.skip_smoke,
            plan,
            report,
            start,
        })
    }

    /// Every check of what is to be swapped in.
    async fn check(&mut self) -> Result<PassedFormer, Error> {
        let passed = self.plan.check(self.server, self.skip_smoke).await?;
        warn(&mut self.report.warnings, &passed.warnings);
        Ok(passed)
    }

    /// Prepares the swap. What it makes for it is noted in `started`; the time of all notes is `now`, on every server.
    async fn begin(
        &mut self,
        mut passed: PassedFormer,
        started: &Started,
        now: Timestamp,
    ) -> Result<PassedFormer, Error> {
        if self.plan.fill_gaps(self.server, started).await? {
            passed = self.plan.check(self.server, self.skip_smoke).await?;
        }
        self.plan.write_records(self.server, now).await?;
        Ok(passed)
    }

    fn answer(mut self, outcome: Outcome) -> Answer {
        self.report.outcome = outcome;
        self.report.seconds = self.start.elapsed().as_secs_f64();
        Answer::new(&self.report, self.report.summary())
    }
}

/// What there is to choose from.
async fn at_rest(
    options: &Rollback,
    server: &Server,
    definitions: &[IndexDefinition],
) -> Result<There, Error> {
    if !options.dry_run {
        // What a run that was killed has sent is still to come, and is what there is to go back from.
        let live_uids = definitions.iter().map(|one| one.live_uid.as_str());
        server.health().await?;
        server.refuse_network().await?;
        quiesce(server, live_uids).await?;
    }
    look(server, definitions).await
}

/// All that lies around of the selected indexes.
struct There {
    indexes: Vec<Index>,
}

async fn look(server: &Server, definitions: &[IndexDefinition]) -> Result<There, Error> {
    server.health().await?;
    let indexes = server.indexes().await?;
    let records = server.records().await?;
    let index = |definition: &IndexDefinition| Index {
        live_uid: definition.live_uid.clone(),
        generations: Generations::of(&definition.live_uid, &indexes, &records),
    };
    Ok(There {
        indexes: definitions.iter().map(index).collect(),
    })
}

/// One index's way back.
struct Step<'a> {
    definition: &'a IndexDefinition,
    former: Box<Generation>,
    documents: u64,
    /// The live index; none if it was deleted.
    live: Option<(IndexInfo, Option<Record>, u64)>,
    /// Whether `sync` can follow it: it has a checkpoint, and its definition is still the same. Not known where the
    /// definition or the database cannot be used.
    follows: Option<bool>,
}

impl Step<'_> {
    fn report(&self) -> RolledBack {
        let Generation { index, record } = &*self.former;
        let live = self.live.as_ref();
        RolledBack {
            index: self.definition.name.clone(),
            live_uid: self.definition.live_uid.clone(),
            created_at: index.created_at.clone(),
            documents: self.documents,
            uid: index.uid.clone(),
            replaced: live.map(|(info, ..)| info.created_at.clone()),
            replaced_documents: live.map(|(_, _, documents)| *documents),
            followed_until: lag::followed_until(record),
            sync_follows: self.follows,
        }
    }
}

/// What is to be done.
struct Plan<'a> {
    steps: Vec<Step<'a>>,
    stays: Vec<Stays>,
    warnings: Vec<String>,
}

async fn plan<'a>(
    server: &Server,
    database: &Database,
    definitions: &'a [IndexDefinition],
    there: &There,
    turns: Vec<Turn>,
) -> Result<Plan<'a>, Error> {
    let mut plan = Plan {
        steps: Vec::new(),
        stays: Vec::new(),
        warnings: Vec::new(),
    };
    for ((definition, index), turn) in definitions.iter().zip(&there.indexes).zip(turns) {
        let live_uid = &definition.live_uid;
        let stays = |reason: &str| Stays {
            index: definition.name.clone(),
            live_uid: live_uid.clone(),
            reason: reason.to_owned(),
        };
        let former = match turn {
            Turn::Back(former) => former,
            Turn::LiveAlready => {
                plan.stays
                    .push(stays("its generation of that run is live already"));
                continue;
            }
            Turn::None => {
                plan.stays.push(stays("it has no generation of that run"));
                continue;
            }
        };
        let live = match &index.generations.live {
            Some((info, record)) => {
                let documents = server.count_documents(live_uid).await?;
                Some((info.clone(), record.clone(), documents))
            }
            None => None,
        };
        let follows = match fingerprint(database, definition).await {
            _ if former.record.checkpoint.is_none() => Some(false),
            Ok(fingerprint) => Some(fingerprint == former.record.fingerprint),
            Err(error) => {
                plan.warnings.push(format!(
                    "whether `sync` can follow {live_uid} is not known: {error}"
                ));
                None
            }
        };
        plan.steps.push(Step {
            definition,
            documents: server.count_documents(&former.index.uid).await?,
            former,
            live,
            follows,
        });
    }
    Ok(plan)
}

async fn fingerprint(database: &Database, definition: &IndexDefinition) -> Result<String, Error> {
    let mut connection = database.connect().await?;
    let prepared = preflight::check_statements(&mut connection, definition.clone()).await;
    connection.close().await?;
    Ok(prepared?.fingerprint)
}

impl Plan<'_> {
    /// Every check of what is to be swapped in.
    async fn check(&self, server: &Server, skip_smoke: bool) -> Result<PassedFormer, Error> {
        let formers: Vec<Former<'_>> = self
            .steps
            .iter()
            .map(|step| Former {
                exchange: Exchange {
                    live_uid: step.definition.live_uid.clone(),
                    build_uid: step.former.index.uid.clone(),
                    new: step.former.index.created_at.clone(),
                    old: step
                        .live
                        .as_ref()
                        .map(|(info, ..)| info.created_at.clone())
                        .unwrap_or_default(),
                },
                live_documents: step.live.as_ref().map_or(0, |(_, _, documents)| *documents),
                smoke: &step.definition.smoke,
            })
            .collect();
        former::check_former(server, &formers, skip_smoke).await
    }

    /// If the live index was deleted, an empty one is made, since a swap needs two; its record says that it may
    /// go afterwards. Says whether there was one to make.
    async fn fill_gaps(&mut self, server: &Server, started: &Started) -> Result<bool, Error> {
        let mut any = false;
        for step in self.steps.iter_mut().filter(|step| step.live.is_none()) {
            let live_uid = &step.definition.live_uid;
            let made = server.new_index(live_uid).await?;
            let made = made.ok_or_else(|| PromoteError::Overtaken {
                live_uid: live_uid.clone(),
                expected: "nothing".to_owned(),
                found: "somebody created it".to_owned(),
            })?;
            let record = Record::placeholder(&made, &host::name(), Timestamp::now());
            started.stand_in(&record);
            step.live = Some((made, Some(record), 0));
            any = true;
        }
        Ok(any)
    }

    /// Deletes the empty indexes that were made for the swap: those under live uids where it was not made, and those that it
    /// put aside where it was. Whatever stays, the next reindex deletes.
    async fn take_back(&self, server: &Server, started: &Started, swapped: &Result<Proven, Error>) {
        let deleted = match swapped {
            Ok(_) => self.delete_placeholders(server).await,
            Err(error)
                if error
                    .downcast_ref()
                    .is_some_and(PromoteError::may_still_come) =>
            {
                Ok(())
            }
            Err(_) => started.take_back(server).await.map(|_| ()),
        };
        if let Err(error) = deleted {
            tracing::warn!(
                "an empty index that was made for the swap could not be deleted ({error}); the next reindex does it"
            );
        }
    }

    async fn delete_placeholders(&self, server: &Server) -> Result<(), MeilisearchError> {
        let mut aside = Vec::new();
        for step in &self.steps {
            let Some((info, Some(record), _)) = &step.live else {
                continue;
            };
            if !record.placeholder {
                continue;
            }
            let generation = Generation {
                index: IndexInfo {
                    uid: step.former.index.uid.clone(),
                    ..info.clone()
                },
                record: record.clone(),
            };
            aside.extend(Deletable::of(&step.definition.live_uid, &generation));
        }
        if aside.is_empty() {
            return Ok(());
        }
        let pruned = prune::delete(server, &aside, Vec::new()).await?;
        for warning in pruned.warnings {
            tracing::warn!("{warning}");
        }
        Ok(())
    }

    /// Anomalies where each comes from, and that what is live was live: before the swap, so that a run that dies right after it
    /// leaves nothing that is not known.
    async fn write_records(&self, server: &Server, now: Timestamp) -> Result<(), Error> {
        let host = host::name();
        let (mut notes, mut adopted) = (Vec::new(), Vec::new());
        for step in &self.steps {
            let came_from = step.former.index.uid.clone();
            let swapped_at = now;
            let change = Change::SwappedIn {
                came_from,
                swapped_at,
                swapped_in: true,
            };
            notes.push(RecordWrite::Part(&step.former.record, change));
            match &step.live {
                Some((_, Some(record), _)) if record.placeholder => {
                    notes.push(RecordWrite::Whole(record));
                }
                Some((_, Some(record), _)) => {
                    let change = Change::SwappedOut {
                        was_live: true,
                        swapped_at,
                        swapped_in: false,
                    };
                    notes.push(RecordWrite::Part(record, change));
                }
                Some((info, None, _)) => adopted.push(Record::adopt(info, &host, now)),
                None => {}
            }
        }
        notes.extend(adopted.iter().map(RecordWrite::Whole));
        if notes.is_empty() {
            return Ok(());
        }
        let task = server.write_into_records(&notes).await?;
        until_succeeded_here(server, &[task], "noting what is swapped").await?;
        Ok(())
    }
}
