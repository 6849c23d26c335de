//! Every way to fail, and its exit code.
//!
//! Each stage has errors of its own; here they come together, so that an exit code follows from a type and is decided
//! once.

use crate::catalog::CatalogError;
use crate::cli::ListenAddress;
use crate::commands::explain::CannotBecome;
use crate::commands::init::CannotInit;
use crate::commands::key::CannotMakeKey;
use crate::commands::reindex::KeyLacks;
use crate::commands::rollback::CannotRollBack;
use crate::commands::sync::CannotFollow;
use crate::engine::EngineError;
use crate::engine::address::AddressError;
use crate::engine::api_key::ApiKeyError;
use crate::engine::promote::PromoteError;
use crate::engine::settings_keys::UnknownKey;
use crate::engine::upload::UploadError;
use crate::follow::{ChangesError, TooManyDeletes};
use crate::gates::ClosedGates;
use crate::preflight::DefinitionError;
use crate::reader::{BadRows, IncompleteRead};
use crate::source::SourceError;
use crate::{gates, interrupt};

/// The exit code of a failure: the database, the network, Meilisearch or a task.
pub const FAILED: u8 = 1;
/// What was written cannot be used: an option, a path, an index definition.
pub const USAGE: u8 = 2;
/// A check or gate said no; the live index is as it was.
pub const REFUSED: u8 = 3;
/// Somebody else is at it.
pub const LOCKED: u8 = 4;
/// The database and the index differ, or there is something to do. Not an error: the exit code of an answer.
pub const DIFFERENT: u8 = 5;

/// Whatever kept a command from its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked cannot be done as it was asked.
    #[error("{0}")]
    Usage(String),
    /// An index definition cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A statement of a definition that the database does not take.
    #[error("{index}/{file}: {why}")]
    Statement {
        /// The definition's name.
        index: String,
        /// Its file.
        file: &'static str,
        /// The database's words.
        why: SourceError,
    },
    /// A definition that does not make documents.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// A settings key that no version of Meilisearch knows.
    #[error("{index}/settings.json: {why}")]
    Settings {
        /// The definition's name.
        index: String,
        /// The key, and the nearest right one.
        why: UnknownKey,
    },
    /// The address of Meilisearch cannot be read.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The key for Meilisearch cannot be read.
    #[error(transparent)]
    ApiKey(#[from] ApiKeyError),
    /// The database.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file that was asked for cannot be written.
    #[error("can't write {}: {error}; give another folder, or make it writable for this user", path.display())]
    Write {
        /// The file or folder.
        path: std::path::PathBuf,
        /// The system's word.
        error: std::io::Error,
    },
    /// Standard output cannot be written.
    #[error("standard output cannot be written ({0}): what it was to get is lost")]
    Output(std::io::Error),
    /// The temporary file that documents wait in.
    #[error(transparent)]
    Spool(std::io::Error),
    /// Rows that cannot become documents.
    #[error(transparent)]
    Rows(#[from] BadRows),
    /// The row that `explain` was asked about is such a one.
    #[error(transparent)]
    CannotBecome(#[from] CannotBecome),
    /// The database did not yield what it counts.
    #[error(transparent)]
    Incomplete(#[from] IncompleteRead),
    /// Change timestamps that cannot be compared.
    #[error(transparent)]
    Changes(#[from] ChangesError),
    /// A live index that cannot be followed.
    #[error(transparent)]
    CannotFollow(#[from] CannotFollow),
    /// A round would delete too much.
    #[error(transparent)]
    TooManyDeletes(#[from] TooManyDeletes),
    /// No follower answers.
    #[error(
        "no follower answers at {address} ({why}); is `sync --watch --listen {address}` running?"
    )]
    NoFollower {
        /// Where it was asked.
        address: ListenAddress,
        /// What came instead of an answer.
        why: String,
    },
    /// Meilisearch.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The key is not enough for the run.
    #[error(transparent)]
    KeyLacks(#[from] KeyLacks),
    /// Documents did not reach Meilisearch.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// Gates stayed closed.
    #[error(transparent)]
    Gates(#[from] ClosedGates),
    /// There is nothing to roll back to.
    #[error(transparent)]
    CannotRollBack(#[from] CannotRollBack),
    /// No definitions are written.
    #[error(transparent)]
    CannotInit(#[from] CannotInit),
    /// A key that was asked for is not made.
    #[error(transparent)]
    CannotMakeKey(#[from] CannotMakeKey),
    /// The swap.
    #[error(transparent)]
    Promote(#[from] PromoteError),
    /// A part of the program itself broke: its runtime, a thread.
    #[error("the program itself failed: {0}; please report this")]
    Runtime(std::io::Error),
    /// A person was asked, and said no.
    #[error("nothing was changed, as you said")]
    Declined,
    /// SIGINT or SIGTERM, somewhere.
    #[error("interrupted")]
    Interrupted,
    /// The same, with what is known of the live indexes: said only by who knows it.
    #[error("interrupted; {0}")]
    InterruptedAfter(&'static str),
}

impl Error {
    /// A statement of a definition that the database does not take.
    pub fn statement(index: &str, file: &'static str, why: SourceError) -> Self {
        match why {
            SourceError::Statement(_) | SourceError::Collation { .. } => Self::Statement {
                index: index.to_owned(),
                file,
                why,
            },
            other => Self::Source(other),
        }
    }

    /// The same error; where it is an interrupt, with what that leaves.
    pub fn interrupted_after(self, left: &'static str) -> Self {
        match self {
            Self::Interrupted => Self::InterruptedAfter(left),
            other => other,
        }
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Definition(DefinitionError::ColumnsChanged { .. })
            | Self::CannotMakeKey(CannotMakeKey::Unanswered { .. }) => FAILED,
            Self::Usage(_)
            | Self::CannotInit(_)
            | Self::Catalog(_)
            | Self::Statement { .. }
            | Self::Definition(_)
            | Self::Settings { .. }
            | Self::Address(_)
            | Self::ApiKey(_)
            | Self::Engine(
                EngineError::NoTls { .. } | EngineError::NotHttp { .. } | EngineError::Route { .. },
            )
            | Self::Source(
                SourceError::Address(_)
                | SourceError::Statement(_)
                | SourceError::Unusable(_)
                | SourceError::Collation { .. },
            ) => USAGE,
            Self::CannotFollow(CannotFollow::Swapped { .. })
            | Self::Source(SourceError::RunLocked { .. })
            | Self::Promote(PromoteError::Overtaken { .. } | PromoteError::BuildTaken { .. }) => {
                LOCKED
            }
            Self::Gates(_)
            | Self::CannotRollBack(_)
            | Self::CannotMakeKey(_)
            | Self::TooManyDeletes(_)
            | Self::Engine(EngineError::LeadsNetwork { .. })
            | Self::CannotFollow(_) => REFUSED,
            Self::Interrupted | Self::InterruptedAfter(_) | Self::Declined => interrupt::EXIT_CODE,
            Self::Source(_)
            | Self::Write { .. }
            | Self::Output(_)
            | Self::NoFollower { .. }
            | Self::Spool(_)
            | Self::Rows(_)
            | Self::CannotBecome(_)
            | Self::Incomplete(_)
            | Self::Changes(_)
            | Self::Engine(_)
            | Self::KeyLacks(_)
            | Self::Upload(_)
            | Self::Promote(_)
            | Self::Runtime(_) => FAILED,
        }
    }
}

impl From<gates::Error> for Error {
    fn from(error: gates::Error) -> Self {
        match error {
            gates::Error::Closed(closed) => Self::Gates(closed),
            gates::Error::Engine(error) => Self::Engine(error),
        }
    }
}
