//! `reindex`: rebuilds each index next to the live one, checks it, and swaps it into place.
//!
//! [`run`] has all steps of a reindex from top to bottom; each step is a method below it, or a module.

mod catch_up;
mod commits;
mod key;

use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use catch_up::OVERLAP;
use commits::Commits;
use jiff::Timestamp;
pub use key::KeyLacks;
use serde_json::json;
use tokio::sync::mpsc;

use crate::background::Background;
use crate::catalog::IndexDefinition;
use crate::cli::{Percent, Reindex};
use crate::error::Error;
use crate::generation::build::{Build, Started};
use crate::generation::gates::{self, Expected, PassedGates};
use crate::generation::generations::{Observer, is_taken};
use crate::generation::promote::{PromoteError, Proven, promote};
use crate::generation::prune::{self, Pruned};
use crate::generation::quiesce::quiesce;
use crate::generation::records::{NO_LOCK, Record, record_of};
use crate::generation::uid::GenerationUid;
use crate::interrupt::{self, or_interrupted};
use crate::meilisearch::network::until_succeeded_here;
use crate::meilisearch::upload::{self, BatchLimit};
use crate::meilisearch::wait::wait;
use crate::meilisearch::{Features, Server, TaskUid};
use crate::prepared::Prepared;
use crate::progress::Progress;
use crate::reader::{self, Output, Read};
use crate::report::reindex::{IndexReport, Outcome, ReindexReport, Times};
use crate::session::{Preflight, Session};
use crate::spool::{Batch, Spool};
use crate::sqlite::Database;
use crate::sync::Followed;
use crate::{host, preflight, session};

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
    let mut report = job.report(Outcome::Live, &built.read);
    for (i, index) in report.indexes.iter_mut().enumerate() {
        let build = &built.passed.builds()[i];
        index.created_at = Some(build.created_at.clone());
        index.documents_indexed = Some(built.passed.documents[i]);
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
        mut warnings,
        ..
    } = session.prepare(definitions.clone()).await?;
    let server = &session.server;
    server.refuse_network().await?;
    key::suffices(server, &definitions).await?;
    warnings.extend(what_is_not_seen(&indexes)?);
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
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
    for warning in gates::check_source(expected, max_loss)? {
        tracing::warn!("{warning}");
        warnings.push(warning);
    }
    let times = Times {
        reading: read.seconds,
        total: start.elapsed().as_secs_f64(),
        ..Times::default()
    };
    Ok(describe(Outcome::DryRun, &indexes, &read, times, warnings))
}

/// What a person should know about following these indexes. Times that cannot be compared would end the run when it
/// catches up, so they end it here.
fn what_is_not_seen(indexes: &[Prepared]) -> Result<Vec<String>, Error> {
    for tracking in indexes.iter().filter_map(|index| index.tracking.as_ref()) {
        tracking.expect_usable()?;
    }
    Ok(indexes.iter().flat_map(Prepared::blind_spots).collect())
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
}

/// A read of all documents that is under way. Dropping it ends it.
struct Reading {
    began: Instant,
    reader: Background<Read>,
    spool: Spool,
    batches: mpsc::UnboundedReceiver<Batch>,
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
        self.progress.step("asking the gates");
        let passed = gates::check(self.server, &builds, &expected, max_loss).await?;
        self.warn(&passed.warnings);
        Ok(Built {
            records,
            read,
            caught_up,
            passed,
        })
    }

    /// Writes the builds' records, creates the builds, and applies their settings while they are empty.
    async fn create_builds(&mut self) -> Result<(Vec<Record>, Vec<Build>), Error> {
        let now = Timestamp::now();
        let host = host::name();
        let there = self.server.indexes().await?;
        let known = self.server.records().await?;
        let mut records: Vec<Record> = self
            .indexes
            .iter()
            .map(|index| {
                let live_uid = &index.definition.live_uid;
                let uid = GenerationUid::free(live_uid, now, |uid| is_taken(uid, &there, &known));
                Record {
                    parts: index.parts.clone(),
                    lock: Some(
                        self.observer
                            .lock
                            .clone()
                            .unwrap_or_else(|| NO_LOCK.to_owned()),
                    ),
                    ..Record::begin(live_uid, uid.as_str(), &index.fingerprint, &host, now)
                }
            })
            .collect();
        // The records come first: a run that dies between the two leaves nothing that the next one does not know.
        self.started.plan(&records);
        let written = self.server.write_records(&records).await?;
        self.succeeded(&[written], "writing the records of the builds")
            .await?;

        let mut builds = Vec::with_capacity(records.len());
        for record in &mut records {
            let Some(made) = self.server.new_index(&record.build_uid).await? else {
                // Another host began in the same second. With a record of ours its build would look like a leftover.
                self.started.leave(record);
                let forgotten = self.server.forget_records(slice::from_ref(record)).await?;
                // Whether it failed or not, that the build is taken is what there is to say.
                wait(self.server, &forgotten, &mut |_| ()).await?;
                return Err(PromoteError::BuildTaken {
                    uid: record.build_uid.clone(),
                }
                .into());
            };
            record.created_at = Some(made.created_at.clone());
            self.started.know(record);
            builds.push(Build {
                live_uid: record.live_uid.clone(),
                uid: made.uid,
                created_at: made.created_at,
            });
        }
        self.learn_settings_keys(&builds).await?;
        let mut settings = Vec::new();
        for (build, index) in builds.iter().zip(self.indexes.iter()) {
            if !index.settings.is_empty() {
                settings.push(
                    self.server
                        .put_settings(&build.uid, &index.settings)
                        .await?,
                );
            }
        }
        self.succeeded(&settings, "the settings of a build").await?;
        Ok((records, builds))
    }

    /// A key that may not ask for the version, on a server that had no index to look at: the first build shows which
    /// settings keys this server knows.
    async fn learn_settings_keys(&mut self, builds: &[Build]) -> Result<(), Error> {
        if self.features.version.is_some() || self.features.settings_keys.is_some() {
            return Ok(());
        }
        if let Some(build) = builds.first() {
            self.features
                .learn(&self.server.settings(&build.uid).await?);
            let indexes = Arc::make_mut(&mut self.indexes);
            let warnings = preflight::fit_settings(&self.features, indexes);
            self.warn(&warnings);
        }
        Ok(())
    }

    /// Begins to read all documents, in one snapshot, into the spool: the builds are created meanwhile.
    async fn begin_reading(&self) -> Result<Reading, Error> {
        let began = Instant::now();
        let (writer, spool) = Spool::create(None)?;
        let (ready, batches) = mpsc::unbounded_channel();
        let output = Output {
            spool: Some(writer),
            batches: ready,
            limit: self.limit.clone(),
        };
        let connection = self.database.connect().await?;
        let (indexes, progress) = (Arc::clone(&self.indexes), self.progress.clone());
        let reader = Background::begin(async move {
            reader::read_all(connection, &indexes, output, &progress).await
        });
        Ok(Reading {
            began,
            reader,
            spool,
            batches,
        })
    }

    /// Uploads what is read, as it arrives, and waits until Meilisearch has indexed it.
    async fn fill(&mut self, reading: Reading, builds: &[Build]) -> Result<Read, Error> {
        let Reading {
            began,
            reader,
            spool,
            batches,
        } = reading;
        let uids: Vec<String> = builds.iter().map(|build| build.uid.clone()).collect();
        let uploading = async {
            let sent = upload::upload_all(
                self.server,
                &spool,
                &uids,
                batches,
                &self.limit,
                self.progress,
                |sent| self.started.task(sent.task),
            );
            Ok::<_, Error>(sent.await?)
        };
        let (read, sent) = tokio::try_join!(reader.outcome(), uploading)?;
        self.times.reading = read.seconds;
        self.times.uploading = began.elapsed().as_secs_f64();
        upload::all_ended(self.server, &sent, |wait| self.progress.server(wait)).await?;
        self.times.indexing = began.elapsed().as_secs_f64();
        Ok(read)
    }

    /// Completes the records, then swaps every build into place in one call, and proves it.
    ///
    /// The records come first: a run that dies right after the swap leaves live indexes that can be followed at once.
    async fn go_live(&self, built: &Built) -> Result<Proven, Error> {
        let mut records = built.records.clone();
        for (i, record) in records.iter_mut().enumerate() {
            record.complete = true;
            record.completed_at = Some(Timestamp::now());
            record.documents = Some(built.passed.documents[i]);
            record.checkpoint = Some(built.caught_up[i].taken_at - OVERLAP);
            record.newest_change = built.caught_up[i].newest;
            record.overlap_seconds = u64::try_from(OVERLAP.as_secs()).ok();
            record.database = Some(json!({ "path": self.database.path() }));
        }
        // One time for all of them: generations that were live together are rolled back to together.
        let now = Timestamp::now();
        let known = self.server.records().await?;
        let mut live = Vec::with_capacity(records.len());
        for index in self.indexes.iter() {
            let (created_at, record) = self.former(index, &known, now).await?;
            live.push(created_at);
            records.extend(record);
        }
        self.progress.step("swapping");
        let written = self.server.write_records(&records).await?;
        self.succeeded(&[written], "completing the records of the builds")
            .await?;
        let outcome = promote(self.server, &built.passed, &live).await;
        if outcome
            .as_ref()
            .map_or_else(PromoteError::may_still_come, |_| true)
        {
            self.started.release();
        }
        Ok(outcome?)
    }

    /// The index under the live uid, which will be the former generation: its `createdAt`, and a record of it if it has
    /// none.
    ///
    /// Where nothing is there yet, an empty index is made, since a swap needs two. Its record says that it is incomplete,
    /// so that it is deleted afterwards, by this run or by the next.
    async fn former(
        &self,
        index: &Prepared,
        known: &[Record],
        now: Timestamp,
    ) -> Result<(String, Option<Record>), Error> {
        let host = host::name();
        if let Some(live) = &index.live {
            // Another program made it. It is adopted, so that a rollback to it is possible, and it is pruned later.
            let adopted = match record_of(&live.index, known) {
                None => Some(Record::adopt(&live.index, &host, now)),
                Some(_) => None,
            };
            return Ok((live.index.created_at.clone(), adopted));
        }
        let live_uid = &index.definition.live_uid;
        let made = self.server.new_index(live_uid).await?;
        let made = made.ok_or_else(|| PromoteError::Overtaken {
            live_uid: live_uid.clone(),
            expected: "nothing".to_owned(),
            found: "somebody created it".to_owned(),
        })?;
        let placeholder = Record::placeholder(&made, &host, now);
        self.started.stand_in(&placeholder);
        Ok((made.created_at, Some(placeholder)))
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
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        self.warnings.extend_from_slice(warnings);
    }

    fn report(&self, outcome: Outcome, read: &Read) -> ReindexReport {
        describe(
            outcome,
            &self.indexes,
            read,
            self.times,
            self.warnings.clone(),
        )
    }
}

fn describe(
    outcome: Outcome,
    indexes: &[Prepared],
    read: &Read,
    seconds: Times,
    warnings: Vec<String>,
) -> ReindexReport {
    let indexes = indexes
        .iter()
        .zip(&read.indexes)
        .map(|(index, read)| IndexReport {
            index: index.definition.name.clone(),
            live_uid: index.definition.live_uid.clone(),
            created_at: None,
            documents_read: read.rows,
            documents_indexed: None,
            documents_before: index.live.as_ref().map(|live| live.documents),
            bytes: read.bytes,
            batches: read.batches,
            caught_up: 0,
            caught_up_deletes: 0,
            notes: read.notes.clone(),
        })
        .collect();
    ReindexReport {
        outcome,
        indexes,
        seconds,
        retained: Vec::new(),
        deleted: Vec::new(),
        warnings,
    }
}
