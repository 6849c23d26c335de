//! `status`: what is live, how far it is behind the database, and which other indexes exist.

mod in_database;
mod there;

use std::time::Duration;

use in_database::in_database;
use jiff::Timestamp;
use there::There;
use tokio::sync::OnceCell;

use crate::catalog::IndexDefinition;
use crate::cli::{Output, Status};
use crate::commands::side_by_side::at_each;
use crate::error::{DIFFERENT, Error, FAILED, worse};
use crate::interrupt::or_interrupted;
use crate::meilisearch::MeilisearchError;
use crate::report::status::agreement::{self, Agreement};
use crate::report::status::{DatabaseStatus, Outcome, QueueStatus, ServerStatus, StatusReport};
use crate::report::{Answer, of_indexes, servers as servers_report, status};
use crate::servers::NamedServer;
use crate::sqlite::{Database, TimeLimit};
use crate::{servers, session};

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
    /// How many documents each should have; none where counting takes too long.
    counted: Vec<OnceCell<Option<u64>>>,
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
            counted: definitions.iter().map(|_| OnceCell::new()).collect(),
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
        counted,
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
    for (definition, counted) in definitions.iter().cloned().zip(counted) {
        let mut status = there.index(&definition, database.as_ref()).await?;
        if let Some(connection) = &mut connection {
            let record = there.record_of(&definition.live_uid);
            let counting = match options.max_missing {
                Some(_) => TimeLimit::none(),
                None => TimeLimit::of(COUNTING),
            };
            match in_database(connection, definition, record, counted, counting).await {
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
