//! `status`: what is live, how far it is behind the database, and which other indexes exist.

use std::time::Duration;

use jiff::Timestamp;

use crate::catalog::IndexDefinition;
use crate::cli::{Output, Status};
use crate::commands::side_by_side::at_each;
use crate::error::{DIFFERENT, Error, FAILED, worse};
use crate::generation::generations::{Generation, Generations, Observer};
use crate::generation::records::{Record, record_of};
use crate::interrupt::or_interrupted;
use crate::meilisearch::task::Queue;
use crate::meilisearch::{IndexInfo, MeilisearchError, Server};
use crate::prepared::Prepared;
use crate::report::status::agreement::{self, Agreement};
use crate::report::status::{
    Build, DatabaseStatus, Foreign, InDatabase, IndexStatus, Live, Outcome, QueueStatus, Retained,
    ServerStatus, StatusReport,
};
use crate::report::{Answer, generation, of_indexes, servers as servers_report, status};
use crate::servers::NamedServer;
use crate::sqlite::{Connection, Database, DatabaseError, TimeLimit};
use crate::sync::lag;
use crate::tracking::ChangesBy;
use crate::{host, preflight, servers, session};

/// How long the documents of one index may be counted: `status` answers at once, whatever the size of the table. With
/// `--max-missing` they are counted to the end.
const COUNTING: Duration = Duration::from_millis(500);

/// Runs it.
///
/// # Errors
/// Where the server or the database cannot be asked. As metrics, a server that is down is an answer, too: a scrape needs
/// one.
pub async fn run(options: &Status, output: Output) -> Result<Answer, Error> {
    let what = What::of(options)?;
    let servers = servers::open(&options.server)?;
    if let [at] = servers.as_slice() {
        return one(&what, at, output).await;
    }
    let looks = at_each(servers, async |at| or_interrupted(look(&what, at)).await).await;
    let agreements = Agreement::among(&looks);
    let judged: Vec<(NamedServer, Result<StatusReport, Error>)> = looks
        .into_iter()
        .map(|(at, look)| {
            let judged = at
                .span()
                .in_scope(|| look.map(|report| judge(options, report)));
            (at, judged)
        })
        .collect();
    if output == Output::Prometheus {
        return metrics(judged);
    }
    let answers = judged
        .into_iter()
        .map(|(at, report)| (at, report.map(answer)));
    Ok(servers_report::answer(
        answers.collect(),
        agreement::report(&agreements),
        &agreement::summary(&agreements),
    ))
}

async fn one(what: &What<'_>, at: &NamedServer, output: Output) -> Result<Answer, Error> {
    match (or_interrupted(look(what, at)).await, output) {
        (Ok(report), Output::Prometheus) => {
            let judged = judge(what.options, report);
            let text = status::metrics(&[(None, Some(&judged))]);
            let exit_code = exit_code(&judged);
            Ok(Answer::product(&judged, text).with_exit_code(exit_code))
        }
        (Ok(report), _) => Ok(answer(judge(what.options, report))),
        (Err(error), Output::Prometheus) if error.is::<MeilisearchError>() => {
            tracing::error!("{error}");
            Ok(Answer::product(&(), status::metrics(&[(None, None)])).with_exit_code(FAILED))
        }
        (Err(error), _) => Err(error),
    }
}

/// All metrics of several servers; one that is down is a metric, too.
///
/// # Errors
/// What is no server's fault, such as a database that cannot be read.
fn metrics(judged: Vec<(NamedServer, Result<StatusReport, Error>)>) -> Result<Answer, Error> {
    let mut code = 0;
    let mut asked = Vec::with_capacity(judged.len());
    for (at, report) in judged {
        let report = match report {
            Ok(report) => Some(report),
            Err(error) if error.is::<MeilisearchError>() => None,
            Err(error) => return Err(error),
        };
        code = worse(code, report.as_ref().map_or(FAILED, exit_code));
        asked.push((at.name, report));
    }
    let each = asked
        .iter()
        .map(|(name, report)| (Some(name.as_str()), report.as_ref()));
    let text = status::metrics(&each.collect::<Vec<_>>());
    Ok(Answer::product(&(), text).with_exit_code(code))
}

/// Judges what was found, and logs what is not as it should be.
fn judge(options: &Status, mut report: StatusReport) -> StatusReport {
    report.judge(options);
    for warning in report.warnings.iter().chain(&report.exceeded) {
        tracing::warn!("{warning}");
    }
    report
}

fn answer(report: StatusReport) -> Answer {
    Answer::new(&report, report.summary()).with_exit_code(exit_code(&report))
}

fn exit_code(report: &StatusReport) -> u8 {
    match report.outcome {
        Outcome::Fine => 0,
        Outcome::Behind => DIFFERENT,
    }
}

/// What is looked at, whichever server is asked.
struct What<'a> {
    options: &'a Status,
    definitions: Vec<IndexDefinition>,
    database: Option<Database>,
}

impl What<'_> {
    fn of(options: &Status) -> Result<What<'_>, Error> {
        let definitions = session::definitions(&options.selection)?;
        let database = match &options.database {
            Some(address) if !options.no_database => {
                let timeout = options.busy_timeout.unsigned_abs();
                Some(Database::open(address)?.with_busy_timeout(timeout))
            }
            _ => None,
        };
        Ok(What {
            options,
            definitions,
            database,
        })
    }
}

async fn look(what: &What<'_>, at: &NamedServer) -> Result<StatusReport, Error> {
    let What {
        options,
        definitions,
        database,
    } = what;
    let server = &at.server;
    server.health().await?;

    let mut warnings = Vec::new();
    let version = server.version().await?;
    let stats = unless_forbidden(server.stats().await, "/stats", &mut warnings)?;
    let queue = server.queue().await;
    let queue = unless_forbidden(queue, "the queue", &mut warnings)?;
    let there = There {
        server,
        indexes: server.indexes().await?,
        records: server.records().await?,
        queue: queue.clone().unwrap_or_default(),
        now: Timestamp::now(),
    };

    let mut connection = match database {
        Some(database) => Some(database.connect().await?),
        None => None,
    };
    let mut indexes = Vec::with_capacity(definitions.len());
    for definition in definitions.clone() {
        let mut status = there.index(&definition, database.as_ref()).await?;
        if let Some(connection) = &mut connection {
            let record = there.record_of(&definition.live_uid);
            let counting = match options.max_missing {
                Some(_) => TimeLimit::none(),
                None => TimeLimit::of(COUNTING),
            };
            match in_database(connection, definition, record, counting).await {
                Ok((in_database, fingerprint)) => {
                    status.add_database(in_database, &fingerprint);
                }
                // One definition that cannot be used hides nothing of the others.
                Err(error) if error.exit_code() == crate::error::USAGE => {
                    warnings.push(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        indexes.push(status);
    }
    let said = indexes.iter().flat_map(|index| {
        let texts = index.warnings().into_iter();
        texts.map(|text| (index.live_uid.as_str(), text))
    });
    warnings.extend(of_indexes(said));
    if let Some(connection) = connection {
        connection.close().await?;
    }
    Ok(StatusReport {
        outcome: Outcome::Fine,
        checked_at: there.now,
        server: ServerStatus {
            address: server.address().to_string(),
            version: version.map(|(major, minor, patch)| format!("{major}.{minor}.{patch}")),
            database_size: stats.as_ref().map(|stats| stats.database_size),
            used_database_size: stats.as_ref().and_then(|stats| stats.used_database_size),
        },
        database: database.as_ref().map(|database| DatabaseStatus {
            path: database.path().to_owned(),
            wal_bytes: database.wal_bytes(),
        }),
        queue: queue.as_ref().map(QueueStatus::of),
        indexes,
        exceeded: Vec::new(),
        warnings,
    })
}

/// The indexes, records and tasks on the server, requested once for all definitions.
struct There<'a> {
    server: &'a Server,
    indexes: Vec<IndexInfo>,
    records: Vec<Record>,
    queue: Queue,
    now: Timestamp,
}

impl There<'_> {
    async fn index(
        &self,
        definition: &IndexDefinition,
        database: Option<&Database>,
    ) -> Result<IndexStatus, Error> {
        let live_uid = &definition.live_uid;
        let generations = Generations::of(live_uid, &self.indexes, &self.records);
        let live = match &generations.live {
            Some((index, record)) => {
                let built_for = generations.built_for_another(live_uid);
                let record = record.as_ref().filter(|_| built_for.is_none());
                self.live(index, record, built_for).await?
            }
            None => None,
        };
        let mut retained = Vec::new();
        for generation in &generations.retained {
            let Some(documents) = self.documents(&generation.index.uid).await? else {
                continue;
            };
            retained.push(Retained {
                uid: generation.index.uid.clone(),
                created_at: generation.index.created_at.clone(),
                age_seconds: self.age(&generation.index),
                documents,
                adopted: generation.record.adopted,
            });
        }
        let is_busy = |uid: &str| self.queue.may_hold(uid);
        // The run lock tells whether the run of a build is alive. It is tried only if there is a build, so that
        // `status` usually does not block another run.
        let host = host::name();
        let lock = database
            .filter(|_| !generations.leftovers.is_empty())
            .map(Database::lock);
        let is_locked = matches!(lock, Some(Err(DatabaseError::RunLocked { .. })));
        let judge = Observer {
            host: host.clone(),
            lock: match &lock {
                Some(Ok(lock)) => lock.id(),
                _ => database.filter(|_| is_locked).map(Database::lock_id),
            },
        };
        drop(lock);
        let mut builds = Vec::new();
        for leftover in generations.judge_leftovers(live_uid, &judge, self.now, is_busy) {
            let Generation { index, record } = &leftover.generation;
            let Some(documents) = self.documents(&index.uid).await? else {
                continue;
            };
            let at_work = is_locked && judge.knows_lock_of(record);
            builds.push(Build {
                uid: index.uid.clone(),
                created_at: index.created_at.clone(),
                host: record.host.clone(),
                begun_at: record.begun_at,
                documents,
                complete: record.complete,
                placeholder: record.placeholder,
                at_work,
                about: match (at_work, database) {
                    (true, _) => "a run is at work on it".to_owned(),
                    (false, None) if record.host == host => {
                        "made on this host; whether a run is at work is told by the database's lock"
                            .to_owned()
                    }
                    _ => generation::leftover(&leftover),
                },
            });
        }
        let moved = generations.moved.iter().map(|moved| (&moved.index, true));
        let foreign = generations.foreign.iter().map(|index| (index, false));
        let mut others = Vec::new();
        for (index, moved) in moved.chain(foreign) {
            if let Some(documents) = self.documents(&index.uid).await? {
                others.push(Foreign {
                    uid: index.uid.clone(),
                    created_at: index.created_at.clone(),
                    documents,
                    moved,
                });
            }
        }
        Ok(IndexStatus {
            index: definition.name.clone(),
            live_uid: live_uid.clone(),
            live,
            database: None,
            missing: None,
            lag_seconds: None,
            retained,
            builds,
            foreign: others,
        })
    }

    /// The record of what is live under this uid, if it was built for it.
    fn record_of(&self, live_uid: &str) -> Option<&Record> {
        let live = self.indexes.iter().find(|index| index.uid == live_uid)?;
        record_of(live, &self.records).filter(|record| record.live_uid == live_uid)
    }

    async fn live(
        &self,
        index: &IndexInfo,
        record: Option<&Record>,
        built_for: Option<&str>,
    ) -> Result<Option<Live>, Error> {
        let Some(documents) = self.documents(&index.uid).await? else {
            return Ok(None);
        };
        let stats = match self.server.index_stats(&index.uid).await {
            Ok(stats) => Some(stats),
            Err(error) if error.is_forbidden() => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Live {
            created_at: index.created_at.clone(),
            age_seconds: self.age(index),
            documents,
            bytes: stats.and_then(|stats| stats.raw_document_db_size),
            built: record.map(|record| (record.begun_at, record.build_uid.clone())),
            built_by_us: record.is_some_and(|record| !record.adopted),
            built_for: built_for.map(str::to_owned),
            adopted: record.is_some_and(|record| record.adopted),
            fingerprint: record.map(|record| record.fingerprint.clone()),
            definition_changed: None,
            checkpoint: record.and_then(|record| record.checkpoint),
            followed_until: record.and_then(lag::followed_until),
        }))
    }

    /// By the documents route, which counts. `None` where somebody has deleted the index meanwhile.
    async fn documents(&self, uid: &str) -> Result<Option<u64>, Error> {
        match self.server.count_documents(uid).await {
            Ok(documents) => Ok(Some(documents)),
            Err(MeilisearchError::IndexNotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn age(&self, index: &IndexInfo) -> Option<i64> {
        let created_at: Timestamp = index.created_at.parse().ok()?;
        Some(self.now.duration_since(created_at).as_secs().max(0))
    }
}

/// What the database says of one index, and the fingerprint of its definition. `record`: of the live index. `counting`: how
/// long its documents may be counted.
async fn in_database(
    connection: &mut Connection,
    definition: IndexDefinition,
    record: Option<&Record>,
    mut counting: TimeLimit,
) -> Result<(InDatabase, String), Error> {
    let index: Prepared = preflight::check_statements(connection, definition).await?;
    let mut snapshot = connection.snapshot().await?;
    let count = snapshot.count(&index.definition.documents_sql);
    let documents = counting.within(count).await?;
    let tracking = index.tracking(&mut snapshot).await?;
    // If changes.sql does not show the edits, it is unknown what waits.
    let followed_until = record.and_then(lag::followed_until);
    let changes = match (tracking.sees_edits(), &index.changes_by) {
        (false, _) => None,
        (true, ChangesBy::Log(log)) => {
            let position = record.and_then(|record| record.log.as_ref());
            lag::look_in_log(&mut snapshot, &index, log, position).await?
        }
        (true, ChangesBy::Time { .. }) => {
            lag::look_since(&mut snapshot, &index, &tracking, followed_until).await?
        }
    };
    let taken_at = snapshot.taken_at();
    snapshot.end().await?;
    let waiting = changes.as_ref().filter(|_| followed_until.is_some());
    let in_database = InDatabase {
        documents,
        newest_change: changes.as_ref().and_then(|changes| changes.newest),
        waiting: waiting.map(|changes| changes.waiting),
        waiting_seconds: waiting.map(|changes| {
            let since = changes.waiting_since;
            since.map_or(0, |since| taken_at.duration_since(since).as_secs())
        }),
        tracks_edits: tracking.sees_edits(),
        blind_spots: tracking
            .blind_spots
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    Ok((in_database, index.fingerprint))
}

fn unless_forbidden<T>(
    answer: Result<T, MeilisearchError>,
    what: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<T>, MeilisearchError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_forbidden() => {
            warnings.push(format!("the key may not read {what}, so it is not shown"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
