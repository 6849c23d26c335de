//! What a command works with, opened once and passed on: definitions, the database, the server, and the checked indexes.

use crate::catalog::{self, IndexDefinition, Source};
use crate::cli::{Connections, DatabaseOption, Selection, ServerOptions, UploadOptions};
use crate::error::Error;
use crate::meilisearch::{Features, Server, settings_keys};
use crate::preflight;
use crate::prepared::Prepared;
use crate::servers::{self, NamedServer, ServersError};
use crate::sqlite::{Database, RunLock};
use crate::sync::SharedRows;

/// The index definitions that were asked for.
pub fn definitions(selection: &Selection) -> Result<Vec<IndexDefinition>, Error> {
    let source = Source::of(selection.index_settings.as_deref());
    tracing::debug!("definitions: {source}");
    let selected = catalog::select(source.load()?, &selection.index, &selection.uid);
    Ok(selected.map_err(|error| error.of(&source))?)
}

/// The database, which exists and is a database.
pub fn database(options: &DatabaseOption) -> Result<Database, Error> {
    let database = Database::open(&options.address)?;
    Ok(database.with_busy_timeout(options.busy_timeout.unsigned_abs()))
}

/// The server of a command that works with one.
///
/// # Errors
/// Where several were given, or an address or a key cannot be read.
pub fn server(options: &ServerOptions) -> Result<Server, Error> {
    let mut servers = servers::open(options)?;
    match (servers.pop(), servers.len()) {
        (Some(server), 0) => Ok(server.server),
        (_, others) => Err(ServersError::OneAtATime {
            servers: others + 1,
            command: "this command".to_owned(),
        }
        .into()),
    }
}

/// Below Meilisearch's own limit of 100 MB. What arrives in one request is one batch of its work: indexing Bisan's articles
/// in one took it 3 % less than in two.
const NEAR_BATCH: u64 = 90_000_000;

/// What proxies let through and a slow line carries in a minute; what breaks off is sent again as a whole.
const FAR_BATCH: u64 = 10_000_000;

/// How large an upload may be, in bytes.
pub fn batch_bytes(options: &UploadOptions, server: &Server) -> u64 {
    match options.batch_size {
        Some(size) => size.as_u64(),
        None if server.address().is_private() => NEAR_BATCH,
        None => FAR_BATCH,
    }
}

/// What a preflight found out.
pub struct Preflight {
    /// The indexes, checked.
    pub indexes: Vec<Prepared>,
    /// What the server can do.
    pub features: Features,
    /// What a person should know before rebuilding these indexes.
    pub warnings: Vec<String>,
}

/// The database and the server of a command.
pub struct Session {
    /// The database.
    pub database: Database,
    /// What is read of it for other servers of the command, too.
    pub rows: SharedRows,
    /// The server.
    pub server: Server,
}

impl Session {
    /// Opens both.
    ///
    /// # Errors
    /// Where the database is none, or where an address or a key cannot be read.
    pub fn open(connections: &Connections) -> Result<Session, Error> {
        Ok(Session {
            database: database(&connections.database)?,
            rows: SharedRows::between(1),
            server: server(&connections.server)?,
        })
    }

    /// The same for one of the servers of a command, which share what they read.
    pub fn at(database: &Database, rows: &SharedRows, at: &NamedServer) -> Session {
        Session {
            database: database.clone(),
            rows: rows.clone(),
            server: at.server.clone(),
        }
    }

    /// Checks indexes against the server that were checked against the database ([`defined`]); nothing is created.
    ///
    /// # Errors
    /// What keeps the server from being asked, or from being used.
    pub async fn prepare(&self, defined: &[Prepared]) -> Result<Preflight, Error> {
        at_server(&self.server, defined.to_vec()).await
    }

    /// Takes the run lock: whatever swaps or deletes generations holds it.
    ///
    /// # Errors
    /// Where another run holds it.
    pub fn lock(&self) -> Result<RunLock, Error> {
        lock(&self.database)
    }
}

/// [`Session::lock`], of a database alone: one lock, for however many servers.
///
/// # Errors
/// Where another run holds it.
pub fn lock(database: &Database) -> Result<RunLock, Error> {
    let lock = database.lock()?;
    if let Some(reason) = lock.unsupported_reason() {
        tracing::warn!(
            "{} cannot be locked ({reason}): nothing keeps a second run from starting",
            database.path().display()
        );
    }
    Ok(lock)
}

/// Every check of the definitions against the database and the server; nothing is created.
///
/// # Errors
/// The first definition that cannot be used, or what keeps a side from being read.
pub async fn prepare(
    database: &Database,
    server: &Server,
    definitions: Vec<IndexDefinition>,
) -> Result<Preflight, Error> {
    let indexes = defined(database, definitions).await?;
    at_server(server, indexes).await
}

/// The checks that need the database alone, whatever the server.
///
/// # Errors
/// The first definition that cannot be used, or what keeps the database from being read.
pub async fn defined(
    database: &Database,
    definitions: Vec<IndexDefinition>,
) -> Result<Vec<Prepared>, Error> {
    for definition in &definitions {
        settings_keys::check_definition(&definition.name, &definition.settings)?;
    }
    let mut connection = database.connect().await?;
    let indexes = preflight::against_the_database(&mut connection, definitions).await?;
    connection.close().await?;
    Ok(indexes)
}

/// The checks that need the server, of indexes that were checked against the database.
///
/// # Errors
/// What keeps the server from being asked, or from being used.
pub async fn at_server(server: &Server, mut indexes: Vec<Prepared>) -> Result<Preflight, Error> {
    let (features, warnings) = preflight::against_the_server(server, &mut indexes).await?;
    Ok(Preflight {
        indexes,
        features,
        warnings,
    })
}
