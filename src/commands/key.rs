//! `key`: lists the rights that an API key needs, and creates a key with exactly these rights.

pub(crate) mod rights;

use jiff::Timestamp;

use crate::cli::{Key, KeyHolder};
use crate::error::{CommandError, Error, FAILED, REFUSED};
use crate::interrupt::or_interrupted;
use crate::meilisearch::keys::{Access, NewKey};
use crate::meilisearch::{MeilisearchError, Server};
use crate::report::Answer;
use crate::report::key::{KeyReport, STEPS_TO_A_MASTER_KEY, ServerState, numbered};
use crate::session;

use rights::Rights;

/// A key that was asked for is not made.
#[derive(Debug, thiserror::Error)]
pub enum CannotMakeKey {
    /// The server needs no key.
    #[error(
        "{address} has no master key, so it has no keys and everybody may do everything. In this order:\n{steps}"
    )]
    NoMasterKey {
        /// The server.
        address: String,
        /// What to do, a line each.
        steps: String,
    },
    /// The key that was given is not the master key.
    #[error(
        "only the master key may make keys at {address}; give it in MEILISEARCH_API_KEY or --api-key-file"
    )]
    NotTheMasterKey {
        /// The server.
        address: String,
    },
    /// The key may have been created, but it was not received.
    #[error(
        "whether the key was made is not known: {why}. Look for one called {name:?} that nobody uses (GET /keys with the master \
         key), delete it, then ask again"
    )]
    Unanswered {
        /// The name of the key.
        name: String,
        /// What came instead of an answer.
        why: MeilisearchError,
    },
    /// The lifetime ends after the last year that can be written.
    #[error("--expires-in is too far away; leave it out for a key that never expires")]
    ExpiresTooLate,
}

impl CommandError for CannotMakeKey {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Unanswered { .. } => FAILED,
            _ => REFUSED,
        }
    }
}

/// Runs it.
///
/// # Errors
/// Where a key was to be made and is not: there is no master key, or not in our hands, or the server does not answer.
pub async fn run(options: &Key) -> Result<Answer, Error> {
    let definitions = session::definitions(&options.selection)?;
    let uids: Vec<&str> = definitions
        .iter()
        .map(|definition| definition.live_uid.as_str())
        .collect();
    let server = session::server(&options.server)?;
    let expires_at = match options.expires_in {
        None => None,
        Some(time) => Some(
            Timestamp::now()
                .checked_add(time)
                .map_err(|_| CannotMakeKey::ExpiresTooLate)?,
        ),
    };
    let report = or_interrupted(async {
        if options.create {
            create(&server, options.holder, &uids, expires_at).await
        } else {
            Ok(tell(&server, options.holder, &uids, expires_at).await)
        }
    })
    .await?;
    Ok(match &report.key {
        Some(key) => Answer::product(&report, format!("{key}\n")),
        None => Answer::new(&report, report.summary()),
    })
}

/// The key that would be created. Needs no server; if one answers, the report says whether it has a master key.
async fn tell(
    server: &Server,
    holder: KeyHolder,
    uids: &[&str],
    expires_at: Option<Timestamp>,
) -> KeyReport {
    let state = match ask(server).await {
        Ok(Access::Open) => ServerState::Open,
        Ok(Access::OursToManage | Access::Guarded) => ServerState::Guarded,
        Err(error) => {
            tracing::debug!("the server was not asked: {error}");
            ServerState::Unknown
        }
    };
    let version = match state {
        ServerState::Unknown => None,
        _ => server.version().await.unwrap_or_default(),
    };
    let Rights {
        actions, indexes, ..
    } = Rights::of(holder, uids, version);
    KeyReport::new(holder, (actions, indexes), expires_at, state)
}

async fn ask(server: &Server) -> Result<Access, MeilisearchError> {
    server.health().await?;
    server.access().await
}

async fn create(
    server: &Server,
    holder: KeyHolder,
    uids: &[&str],
    expires_at: Option<Timestamp>,
) -> Result<KeyReport, Error> {
    let address = || server.address().to_string();
    match ask(server).await? {
        Access::OursToManage => {}
        Access::Open => {
            return Err(CannotMakeKey::NoMasterKey {
                address: address(),
                steps: numbered(&STEPS_TO_A_MASTER_KEY),
            }
            .into());
        }
        Access::Guarded => return Err(CannotMakeKey::NotTheMasterKey { address: address() }.into()),
    }
    let rights = Rights::of(holder, uids, server.version().await?);
    let actions: Vec<&str> = rights.actions.iter().map(|right| right.action).collect();
    let made = server
        .create_key(&NewKey {
            name: rights.name,
            description: "Made by bisan-indexer, with no more rights than it needs",
            actions: &actions,
            indexes: &rights.indexes,
            expires_at,
        })
        .await;
    let made = match made {
        Err(error) if error.is_forbidden() => {
            return Err(CannotMakeKey::NotTheMasterKey { address: address() }.into());
        }
        Err(why) if why.is_ambiguous() => {
            let name = rights.name.to_owned();
            return Err(CannotMakeKey::Unanswered { name, why }.into());
        }
        made => made?,
    };
    tracing::info!(
        "made the key {} ({}) for {}",
        made.uid,
        rights.name,
        rights.indexes.join(", ")
    );
    let rights = (rights.actions, rights.indexes);
    Ok(KeyReport::new(holder, rights, expires_at, ServerState::Guarded).made(made))
}
