//! `reindex`: rebuilds each index next to the live one, checks it, and swaps it into place.
//!
//! [`run`] has all steps of a reindex from top to bottom; each step is a function below it, or a module. `commands/crew.rs` has
//! the servers of a run, `job` what the steps share at one of them: the database is read once, and each server is filled, checked and
//! swapped by itself.

mod catch_up;
mod create;
mod fill;
mod go_live;
mod job;
mod key;
mod vectors;

use std::sync::Arc;
use std::time::Instant;

use fill::Reading;
use jiff::Timestamp;
use job::{Built, Job};
pub use key::KeyLacks;

use crate::catalog::IndexDefinition;
use crate::cli::{Percent, Reindex, UploadOptions};
use crate::commands::crew::Crew;
use crate::commands::side_by_side::at_each;
use crate::error::{Error, RuntimeError};
use crate::generation::build::Started;
use crate::generation::gates::{self, Expected};
use crate::generation::prune::{self, Pruned};
use crate::generation::quiesce::quiesce;
use crate::interrupt::{self, or_interrupted};
use crate::meilisearch::Server;
use crate::meilisearch::upload::BatchLimit;
use crate::prepared::Prepared;
use crate::progress::Progress;
use crate::reader::{self, Output};
use crate::report::reindex::{Outcome, ReindexReport, Times};
use crate::report::{self, Answer, servers as servers_report};
use crate::servers::{self, NamedServer};
use crate::session::{self, Preflight};
use crate::spool::Outlet;
use crate::sqlite::Database;
use crate::sync::SharedRows;

/// How indexes are rebuilt.
pub struct Rebuild {
    /// How large an upload may be.
    pub upload: UploadOptions,
    /// How many former generations of each index are kept.
    pub retain: u32,
    /// How much smaller than the live index the new one may be.
    pub max_loss: Percent,
    /// How many of the servers have to reach the swap; without them nothing is swapped on any.
    pub required: usize,
}

/// Runs it.
///
/// # Errors
/// Those of [`rebuild`]. What keeps one of several servers from going live is in its part of the answer.
pub async fn run(options: &Reindex, progress: &Progress) -> Result<Answer, Error> {
    let definitions = session::definitions(&options.selection)?;
    let database = session::database(&options.connections.database)?;
    let servers = servers::open(&options.connections.server)?;
    let required = options.require.among(servers.len())?;
    let reports = if options.dry_run {
        let work = dry_run(&database, &servers, definitions, options.max_loss, progress);
        or_interrupted(work).await?
    } else {
        let how = Rebuild {
            upload: options.upload.clone(),
            retain: options.former.retain,
            max_loss: options.max_loss,
            required,
        };
        or_interrupted(servers::refuse_twins(&servers)).await?;
        rebuild(&database, &servers, definitions, &how, progress).await?
    };
    answer(servers, reports, required)
}

/// What a run tells: of one server its report, of several that of each. Servers that may be left behind do not count.
fn answer(
    servers: Vec<NamedServer>,
    reports: Vec<Result<ReindexReport, Error>>,
    required: usize,
) -> Result<Answer, Error> {
    let answers = reports
        .into_iter()
        .map(|report| report.map(|report| Answer::new(&report, report.summary())));
    let mut outcomes: Vec<_> = servers.into_iter().zip(answers).collect();
    if outcomes.len() == 1
        && let Some((_, answer)) = outcomes.pop()
    {
        return answer;
    }
    let allowed = outcomes.len() - required;
    Ok(servers_report::answer_allowing(allowed, outcomes))
}

/// Rebuilds these indexes at each server, of one read of the database, and swaps them into place at all of them at once.
/// No two of them are one server ([`servers::refuse_twins`]).
///
/// # Errors
/// Whatever kept a single server, or all of them, from going live; the live indexes are then as they were, and the builds are
/// deleted. What kept one of several is in its place.
pub async fn rebuild(
    database: &Database,
    servers: &[NamedServer],
    definitions: Vec<IndexDefinition>,
    how: &Rebuild,
    progress: &Progress,
) -> Result<Vec<Result<ReindexReport, Error>>, Error> {
    let start = Instant::now();
    let lock = session::lock(database)?;
    progress.servers(servers.len());
    let mut crew = Crew::of(servers, how.required);
    let looked = or_interrupted(look_at_rest(database, &mut crew, &definitions)).await;
    let (defined, looked) = match looked {
        Ok(looked) => looked,
        Err(error) => return crew.ended(error),
    };
    let unseen = what_is_not_seen(&defined)?;
    let rows = SharedRows::between(servers.len());
    let jobs = crew.each(looked, async |(at, started, preflight)| {
        let mut job = Job {
            database,
            rows: rows.clone(),
            server: &at.server,
            indexes: preflight.indexes.into(),
            limit: BatchLimit::new(session::batch_bytes(&how.upload, &at.server)),
            started,
            commits: None,
            observer: prune::observer(&lock),
            features: preflight.features,
            progress,
            warnings: Vec::new(),
            times: Times::default(),
            vectors_taken: Vec::new(),
            inlet: None,
            leftovers: Pruned::default(),
        };
        job.warn(&preflight.warnings);
        Ok(job)
    });
    let mut jobs = jobs.await?;
    for warning in &unseen {
        tracing::warn!("{warning}");
    }
    for job in jobs.iter_mut().flatten() {
        job.warnings.extend_from_slice(&unseen);
    }
    let cleaned = crew.each(jobs, async |mut job| {
        job.delete_leftovers().await?;
        Ok(job)
    });
    let jobs = match or_interrupted(cleaned).await {
        Ok(jobs) => jobs,
        Err(error) => return crew.ended(error),
    };
    let is_several = crew.is_several();
    let ready = match or_interrupted(build(&mut crew, database, defined, jobs, how, progress)).await
    {
        // From here to the proof of the swap nothing is interrupted: it is short, and half of it is no state to be in.
        Ok(built) => {
            // One time for all of them, on every server: generations that were live together are rolled back to together.
            let now = Timestamp::now();
            let completed =
                crew.each_whole(built, async |built| built.complete(is_several, now).await);
            completed.await
        }
        Err(error) => Err(error),
    };
    let ready = match ready {
        Ok(ready) => ready,
        Err(error) => {
            crew.take_back().await;
            // Interrupted were the builds alone: the live indexes had not been touched.
            return crew.ended(interrupt::leaving(error, "the live index is as it was"));
        }
    };
    // All of them have what the swap needs, and nothing waits in front of it: it is made everywhere at once.
    let reports = crew.last(ready, async |ready| ready.go_live(how, start).await);
    let reports = reports.await.into_iter();
    let leaving = |error| interrupt::leaving(error, "the live index is as it was");
    let reports: Vec<_> = reports.map(|report| report.map_err(leaving)).collect();
    Ok(reports)
}

/// The same at a single server.
///
/// # Errors
/// Those of [`rebuild`].
pub async fn rebuild_one(
    database: &Database,
    server: Server,
    definitions: Vec<IndexDefinition>,
    how: &Rebuild,
    progress: &Progress,
) -> Result<ReindexReport, Error> {
    let name = server.address().host_and_port();
    let servers = [NamedServer { name, server }];
    let mut reports = rebuild(database, &servers, definitions, how, progress).await?;
    let none = || {
        Error::from(RuntimeError(std::io::Error::other(
            "a server without a report",
        )))
    };
    reports.pop().unwrap_or_else(|| Err(none()))
}

/// Every check, on servers that swap at one moment and where no creation or swap of a run that was killed is still to come.
async fn look_at_rest<'a>(
    database: &Database,
    crew: &mut Crew<'a>,
    definitions: &[IndexDefinition],
) -> Result<(Arc<[Prepared]>, Vec<Option<Looked<'a>>>), Error> {
    let mut defined = session::defined(database, definitions.to_vec()).await?;
    let looked = crew.each(crew.all(), async |(at, started)| {
        let server = &at.server;
        let preflight = session::at_server(server, defined.clone()).await?;
        server.refuse_network().await?;
        key::suffices(server, definitions).await?;
        let live_uids = definitions.iter().map(|one| one.live_uid.as_str());
        let has_waited = quiesce(server, live_uids).await?;
        Ok((has_waited, (at, started, preflight)))
    });
    let mut looked = looked.await?;
    // What was found before a wait may be another thing now.
    if looked.iter().flatten().any(|(has_waited, _)| *has_waited) {
        defined = session::defined(database, definitions.to_vec()).await?;
        let again = crew.each(looked, async |(has_waited, (at, started, _))| {
            let preflight = session::at_server(&at.server, defined.clone()).await?;
            Ok((has_waited, (at, started, preflight)))
        });
        looked = again.await?;
    }
    let looked = looked.into_iter().map(|one| one.map(|(_, looked)| looked));
    Ok((defined.into(), looked.collect()))
}

/// A server that was looked at.
type Looked<'a> = (&'a NamedServer, Started, Preflight);

/// Everything up to the open gates. May be dropped wherever it waits.
async fn build<'a>(
    crew: &mut Crew<'a>,
    database: &Database,
    defined: Arc<[Prepared]>,
    mut jobs: Vec<Option<Job<'a>>>,
    how: &Rebuild,
    progress: &Progress,
) -> Result<Vec<Option<Built<'a>>>, Error> {
    for job in jobs.iter_mut().flatten() {
        job.watch_commits().await?;
    }
    let reading = Reading::begin(database, &defined, &mut jobs, progress).await?;
    let began = reading.began;
    let taken = crew.each(jobs, async |job| Ok((job.taken().await?, job)));
    let taken = taken.await?;
    // One time and the same uids everywhere: by these the generations of one run are known.
    let now = Timestamp::now();
    let uids = create::free_uids(
        &defined,
        now,
        taken.iter().flatten().map(|(taken, _)| taken),
    );
    let filling = crew.each(taken, async |(_, job)| job.create_builds(&uids, now).await);
    let filling = filling.await?;
    let filled = crew.each(filling, async |filling| filling.fill(began).await);
    let (read, filled) = tokio::try_join!(reading.reader.outcome(), filled)?;
    let read = Arc::new(read);
    let built = crew.each(filled, async |filled| {
        filled.check(Arc::clone(&read), how).await
    });
    built.await
}

/// Every check and the full read; nothing is sent.
async fn dry_run(
    database: &Database,
    servers: &[NamedServer],
    definitions: Vec<IndexDefinition>,
    max_loss: Percent,
    progress: &Progress,
) -> Result<Vec<Result<ReindexReport, Error>>, Error> {
    let start = Instant::now();
    let defined = session::defined(database, definitions.clone()).await?;
    let looked = at_each(servers.to_vec(), async |at| {
        let preflight = session::at_server(&at.server, defined.clone()).await?;
        at.server.refuse_network().await?;
        key::suffices(&at.server, &definitions).await?;
        Ok(preflight)
    });
    let mut looked: Vec<_> = looked.await.into_iter().map(|(_, looked)| looked).collect();
    if let [Err(_)] = looked.as_slice()
        && let Some(Err(error)) = looked.pop()
    {
        return Err(error);
    }
    let unseen = what_is_not_seen(&defined)?;
    let output = Output {
        spool: None,
        batches: Outlet::nowhere(),
        limit: BatchLimit::new(u64::MAX),
    };
    let connection = database.connect().await?;
    let read = reader::read_all(connection, &defined, output, progress).await?;
    let reports = looked.into_iter().zip(servers).map(|(looked, at)| {
        let Preflight {
            indexes,
            warnings: found,
            ..
        } = looked?;
        let tell = || {
            let mut warnings = Vec::new();
            report::warn(&mut warnings, &found);
            report::warn(&mut warnings, &unseen);
            let expected = indexes.iter().zip(&read.indexes);
            let expected = expected.map(|(prepared, read)| Expected::of(prepared, read, read.rows));
            report::warn(&mut warnings, &gates::check_source(expected, max_loss)?);
            Ok::<_, Error>(warnings)
        };
        let warnings = at.span_if(servers.len() > 1).in_scope(tell)?;
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
    });
    Ok(reports.collect())
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
