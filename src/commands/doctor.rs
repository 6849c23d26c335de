//! `doctor`: runs every check, even after one has failed, and says for each what to do.

mod changes;
mod database;
mod definitions;
mod key;
mod live;
mod rows;
mod server;

use crate::catalog::IndexDefinition;
use crate::cli::{Doctor, Speech};
use crate::commands::side_by_side;
use crate::error::{Error, REFUSED};
use crate::interrupt::or_interrupted;
use crate::meilisearch::{Features, Server};
use crate::prepared::Prepared;
use crate::report::Answer;
use crate::report::doctor::{Checks, DoctorReport, Outcome};
use crate::sqlite::{Connection, Database};
use crate::{servers, session};

/// Runs it. Whatever is found is an answer: a failed check makes the exit code 3, a warning does not. `speech` says whether
/// each check is shown (-v), or none and what is not as it should be is logged (-q).
///
/// # Errors
/// Where it is interrupted, or options are wrong in themselves.
pub async fn run(options: &Doctor, speech: &Speech) -> Result<Answer, Error> {
    // Of a single server it is a check that its address can be read; of several, none could be named.
    if options.connections.server.addresses.len() == 1 {
        let server = session::server(&options.connections.server);
        let here = or_interrupted(Here::examine(options)).await?;
        return with(here, &server, speech).await;
    }
    let servers = servers::open(&options.connections.server)?;
    let here = or_interrupted(Here::examine(options)).await?;
    side_by_side::run(servers, async |at| {
        with(here.clone(), &Ok(at.server.clone()), speech).await
    })
    .await
}

/// What was found without a server, whichever is asked afterwards.
#[derive(Clone)]
struct Here {
    checks: Checks,
    indexes: Vec<(IndexDefinition, Option<Prepared>)>,
    /// The database, where it can be read.
    database: Option<Database>,
}

impl Here {
    async fn examine(options: &Doctor) -> Result<Here, Error> {
        let mut checks = Checks::default();
        let definitions = definitions::load(&options.selection, &mut checks);
        let database = database::open(&options.connections.database, &mut checks);
        let mut connection = match &database {
            Some(database) => database::examine(database, &mut checks).await,
            None => None,
        };
        let database = database.filter(|_| connection.is_some());
        let mut indexes = Vec::with_capacity(definitions.len());
        for definition in definitions {
            definitions::settings(&definition, &mut checks);
            let prepared = match &mut connection {
                Some(connection) => {
                    definitions::statements(connection, &definition, &mut checks).await
                }
                None => None,
            };
            if let (Some(connection), Some((prepared, statement))) = (&mut connection, &prepared) {
                rows::examine(connection, prepared, statement, options.full, &mut checks).await;
            }
            indexes.push((definition, prepared.map(|(prepared, _)| prepared)));
        }
        close(connection, &mut checks).await;
        Ok(Here {
            checks,
            indexes,
            database,
        })
    }
}

/// What was found without a server, and what is found at this one.
async fn with(
    here: Here,
    server: &Result<Server, Error>,
    speech: &Speech,
) -> Result<Answer, Error> {
    let report = or_interrupted(async { Ok(examine(here, server).await) }).await?;
    if speech.quiet {
        report.log();
    }
    let answer = Answer::new(&report, report.summary(speech.verbose > 0));
    Ok(match report.outcome {
        Outcome::Fine => answer,
        Outcome::Failed => answer.with_exit_code(REFUSED),
    })
}

async fn examine(here: Here, server: &Result<Server, Error>) -> DoctorReport {
    let Here {
        mut checks,
        mut indexes,
        database,
    } = here;
    match server {
        Ok(server) => {
            if let Some(features) = server::examine(server, &mut checks).await {
                let mut connection = match &database {
                    Some(database) => database::connect(database, &mut checks).await,
                    None => None,
                };
                on_the_server(
                    server,
                    &features,
                    &mut indexes,
                    connection.as_mut(),
                    &mut checks,
                )
                .await;
                close(connection, &mut checks).await;
            }
        }
        Err(error) => checks.at("server", "server.address").fail_as_said(error),
    }
    checks.report()
}

async fn close(connection: Option<Connection>, checks: &mut Checks) {
    if let Some(connection) = connection
        && let Err(error) = connection.close().await
    {
        checks
            .at("database", "database.readable")
            .fail_as_said(error);
    }
}

async fn on_the_server(
    server: &Server,
    features: &Features,
    indexes: &mut [(IndexDefinition, Option<Prepared>)],
    mut connection: Option<&mut Connection>,
    checks: &mut Checks,
) {
    let live_uids: Vec<&str> = indexes
        .iter()
        .map(|(definition, _)| definition.live_uid.as_str())
        .collect();
    if !key::examine(server, &live_uids, checks).await {
        return;
    }
    let there = match live::There::look(server, features).await {
        Ok(there) => there,
        Err(error) => return checks.at("server", "server.records").fail_as_said(error),
    };
    for (definition, prepared) in indexes {
        let outcome = there.examine(
            definition,
            prepared.as_ref(),
            connection.as_deref_mut(),
            checks,
        );
        if let Err(error) = outcome.await {
            checks
                .at(&definition.name, "live.index")
                .fail_as_said(error);
        }
    }
}
