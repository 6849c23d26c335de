//! `reindex`: rebuilds each index next to the live one, checks it, and swaps it into place.
//!
//! [`run`] has all steps of a reindex from top to bottom; each step is a method below it, or a module.

mod catch_up;
mod create;
mod fill;
mod go_live;
mod key;
mod vectors;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use key::KeyLacks;
use tokio::sync::mpsc;

use crate::catalog::IndexDefinition;
use crate::cli::{Percent, Reindex};
use crate::error::Error;
use crate::generation::build::Started;
use crate::generation::gates::{self, Expected, PassedGates};
use crate::generation::generations::Observer;
use crate::generation::promote::Proven;
use crate::generation::prune::{self, Pruned};
use crate::generation::quiesce::quiesce;
use crate::generation::records::Record;
use crate::interrupt::{self, or_interrupted};
use crate::meilisearch::network::until_succeeded_here;
use crate::meilisearch::upload::BatchLimit;
use crate::meilisearch::{Features, Server, TaskUid};
use crate::prepared::Prepared;
use crate::progress::Progress;
use crate::reader::{self, Output, Read};
use crate::report;
use crate::report::reindex::{Outcome, ReindexReport, Times};
use crate::session;
use crate::session::{Preflight, Session};
use crate::sqlite::{Commits, Database};
use crate::sync::Followed;

/// How long a failed run may take to clear up behind itself before it leaves that to the next one.
const CLEAN_UP: Duration = Duration::from_secs(60);

/// The same from the interrupt on, whether it ended the run or came later: `docker stop` and Kamal kill after ten seconds.
const CLEAN_UP_INTERRUPTED: Duration = Duration::from_secs(8);

/// How indexes are rebuilt.
pub struct Rebuild {
    /// How large an upload may be, in bytes.
    pub batch_bytes: u64,
    /// How many former generations of each index are kept.
    pub retain: u32,
    /// How much smaller than the live index the new one may be.
    pub max_loss: Percent,
}

/// Runs it.
///
/// # Errors
/// Those of [`rebuild`].
pub async fn run(options: &Reindex, progress: &Progress) -> Result<ReindexReport, Error> {
    let definitions = session::definitions(&options.selection)?;
    let session = Session::open(&options.connections)?;
    if options.dry_run {
        let work = dry_run(&session, definitions, options.max_loss, progress);
        return or_interrupted(work).await;
    }
    let how = Rebuild {
        batch_bytes: session::batch_bytes(&options.upload, &session.server),
        retain: options.former.retain,
        max_loss: options.max_loss,
    };
    rebuild(&session, definitions, how, progress).await
}

/// Rebuilds these indexes and swaps them into place.
///
/// # Errors
/// Whatever kept it from going live; the live indexes are then as they were, and the builds are deleted.
pub async fn rebuild(
    session: &Session,
    definitions: Vec<IndexDefinition>,
    how: Rebuild,
    progress: &Progress,
) -> Result<ReindexReport, Error> {
    let start = Instant::now();
    let lock = session.lock()?;
    let observer = prune::observer(&lock);
    let Preflight {
        indexes,
        features,
        warnings,
    } = or_interrupted(preflight_at_rest(session, definitions)).await?;
    let mut job = Job {
        database: &session.database,
        server: &session.server,
        indexes: indexes.into(),
        limit: BatchLimit::new(how.batch_bytes),
        started: Started::default(),
        commits: None,
        observer,
        features,
        progress,
        warnings: Vec::new(),
        times: Times::default(),
        vectors_taken: Vec::new(),
    };
    job.warn(&warnings);
    job.warn(&what_is_not_seen(&job.indexes)?);

    let leftovers = or_interrupted(job.delete_leftovers()).await?;
    let built = match or_interrupted(job.build(how.max_loss)).await {
        // From here to the proof of the swap nothing is interrupted: it is short, and half of it is no state to be in.
        Ok(built) => job.go_live(&built).await.map(|proven| (built, proven)),
        Err(error) => Err(error),
    };
    let (built, proven) = match built {
        Ok(built) => built,
        Err(error) => {
            job.take_back().await;
            // Interrupted were the builds alone: the live indexes had not been touched.
            return Err(interrupt::leaving(error, "the live index is as it was"));
        }
    };
    let caught_up = job.catch_up_live(&built, how.max_loss).await;
    let pruned = job.prune(how.retain, &proven).await;

    job.times.swapping = proven.seconds;
    job.times.total = start.elapsed().as_secs_f64();
    let mut report = ReindexReport::of(
        Outcome::Live,
        &job.indexes,
        &built.read,
        job.times,
        job.warnings,
    );
    for (i, index) in report.indexes.iter_mut().enumerate() {
        let build = &built.passed.builds()[i];
        index.created_at = Some(build.created_at.clone());
        index.documents_indexed = Some(built.passed.documents[i]);
        index.vectors_taken = job.vectors_taken.get(i).copied().unwrap_or(0);
        for followed in [Some(&built.caught_up[i]), caught_up.get(i)]
            .into_iter()
            .flatten()
        {
            index.caught_up += followed.plan.sent();
            index.caught_up_deletes += followed.plan.gone.len();
        }
    }
    report.retained = pruned.retained;
    report.deleted = [leftovers.deleted, pruned.deleted].concat();
    Ok(report)
}

/// Every check, on a server that swaps at one moment and where no creation or swap of a run that was killed is still to come.
async fn preflight_at_rest(
    session: &Session,
    definitions: Vec<IndexDefinition>,
) -> Result<Preflight, Error> {
    let server = &session.server;
    let preflight = session.prepare(definitions.clone()).await?;
    server.refuse_network().await?;
    key::suffices(server, &definitions).await?;
    let live_uids = definitions.iter().map(|one| one.live_uid.as_str());
    if quiesce(server, live_uids).await? {
        return session.prepare(definitions).await;
    }
    Ok(preflight)
}

/// Every check and the full read; nothing is sent.
async fn dry_run(
    session: &Session,
    definitions: Vec<IndexDefinition>,
    max_loss: Percent,
    progress: &Progress,
) -> Result<ReindexReport, Error> {
    let start = Instant::now();
    let Preflight {
        indexes,
        warnings: found,
        ..
    } = session.prepare(definitions.clone()).await?;
    let server = &session.server;
    server.refuse_network().await?;
    key::suffices(server, &definitions).await?;
    let mut warnings = Vec::new();
    report::warn(&mut warnings, &found);
    report::warn(&mut warnings, &what_is_not_seen(&indexes)?);
    let output = Output {
        spool: None,
        batches: mpsc::unbounded_channel().0,
        limit: BatchLimit::new(u64::MAX),
    };
    let read = reader::read_all(
        session.database.connect().await?,
        &indexes,
        output,
        progress,
    )
    .await?;
    let expected = indexes.iter().zip(&read.indexes);
    let expected = expected.map(|(prepared, read)| Expected::of(prepared, read));
    report::warn(&mut warnings, &gates::check_source(expected, max_loss)?);
    let times = Times {
        reading: read.seconds,
        total: start.elapsed().as_secs_f64(),
        ..Times::default()
    };
    Ok(ReindexReport::of(
        Outcome::DryRun,
        &indexes,
        &read,
        times,
        warnings,
    ))
}

/// What a person should know about following these indexes. Times that cannot be compared would end the run when it
/// catches up, so they end it here.
fn what_is_not_seen(indexes: &[Prepared]) -> Result<Vec<String>, Error> {
    for tracking in indexes.iter().filter_map(|index| index.tracking.as_ref()) {
        tracking.expect_usable()?;
    }
    Ok(report::of_indexes(
        indexes.iter().flat_map(Prepared::blind_spots),
    ))
}

/// What the steps of one run share.
struct Job<'a> {
    database: &'a Database,
    server: &'a Server,
    indexes: Arc<[Prepared]>,
    limit: BatchLimit,
    started: Started,
    /// Tells whether anything was committed since it was asked last.
    commits: Option<Commits>,
    observer: Observer,
    features: Features,
    progress: &'a Progress,
    warnings: Vec<String>,
    times: Times,
    /// Documents that got their vectors from the live index, by the place of their index.
    vectors_taken: Vec<u64>,
}

/// Builds that passed every gate, and what is known of them.
struct Built {
    records: Vec<Record>,
    read: Read,
    caught_up: Vec<Followed>,
    passed: PassedGates,
}

impl Job<'_> {
    /// What runs that died left behind goes first: the disk needs room for a second copy.
    async fn delete_leftovers(&mut self) -> Result<Pruned, Error> {
        let pruned = prune::leftovers(self.server, &self.indexes, &self.observer).await?;
        self.warn(&pruned.warnings);
        Ok(pruned)
    }

    /// Everything up to the open gates. May be dropped wherever it waits.
    async fn build(&mut self, max_loss: Percent) -> Result<Built, Error> {
        self.commits = Some(Commits::since_now(self.database).await?);
        let reading = self.begin_reading().await?;
        let (records, builds) = self.create_builds().await?;
        let mut read = self.fill(reading, &builds).await?;
        self.progress.step("catching up with the database");
        let caught_up = self.catch_up(&builds, &mut read).await?;
        let expected: Vec<Expected<'_>> = self
            .indexes
            .iter()
            .zip(&read.indexes)
            .map(|(prepared, read)| Expected::of(prepared, read))
            .collect();
        self.progress.step("checking before going live");
        let passed = gates::check(self.server, &builds, &expected, max_loss).await?;
        self.warn(&passed.warnings);
        Ok(Built {
            records,
            read,
            caught_up,
            passed,
        })
    }

    async fn prune(&mut self, retain: u32, proven: &Proven) -> Pruned {
        self.progress.step("deleting older generations");
        let (server, indexes) = (self.server, &self.indexes);
        let pruned =
            prune::former_generations(server, indexes, &self.observer, retain, proven).await;
        let pruned = pruned.unwrap_or_else(|error| Pruned {
            warnings: vec![format!(
                "former generations could not be deleted ({error}); the next run does it"
            )],
            ..Pruned::default()
        });
        self.warn(&pruned.warnings);
        pruned
    }

    /// Cancels and deletes what this run has begun. An interrupt shortens it, whenever it comes, and never leaves it out.
    async fn take_back(&self) {
        let too_long = async {
            tokio::select! {
                () = tokio::time::sleep(CLEAN_UP) => {}
                () = async {
                    interrupt::asked().await;
                    tokio::time::sleep(CLEAN_UP_INTERRUPTED).await;
                } => {}
            }
        };
        tokio::select! {
            taken_back = self.started.take_back(self.server) => match taken_back {
                Ok(deleted) if deleted.is_empty() => {}
                Ok(deleted) => tracing::info!("deleted again: {}", deleted.join(", ")),
                Err(error) => tracing::warn!(
                    "what was begun could not be deleted ({error}); the next run does it"
                ),
            },
            () = too_long => tracing::warn!("deleting what was begun takes long; the next run does it"),
        }
    }

    async fn succeeded(&self, tasks: &[TaskUid], what: &str) -> Result<(), Error> {
        for task in tasks {
            self.started.task(*task);
        }
        until_succeeded_here(self.server, tasks, what).await?;
        Ok(())
    }

    fn warn(&mut self, warnings: &[String]) {
        report::warn(&mut self.warnings, warnings);
    }
}
