//! Why a live index cannot be followed.

use crate::error::{CommandError, LOCKED, REFUSED};

/// How often a round is begun again because another program swapped the index in its middle.
pub(super) const MAX_ATTEMPTS: u32 = 3;

/// Why a live index cannot be followed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CannotFollow {
    /// There is no live index.
    #[error("{live_uid}: there is no such index; `bisan-indexer reindex` makes it")]
    NoIndex {
        /// The live uid.
        live_uid: String,
    },
    /// The live index has no record: another program made it, or it was restored without its records.
    #[error(
        "{live_uid}: the live index was not built by this program, or its checkpoint is lost: it is not known what it \
         holds; `bisan-indexer reindex` builds it anew, without downtime"
    )]
    NoCheckpoint {
        /// The live uid.
        live_uid: String,
    },
    /// The index under the live uid was built for another live uid.
    #[error(
        "{live_uid}: what lies there was built for `{built_for}`: the two were swapped or renamed by hand. Swap them back \
         (POST /swap-indexes), or `bisan-indexer apply` builds {live_uid} anew, without downtime"
    )]
    OfAnother {
        /// The live uid.
        live_uid: String,
        /// The live uid that it was built for.
        built_for: String,
    },
    /// There is no index under the live uid; the one that was there has another uid now.
    #[error(
        "{live_uid}: there is no such index; what was built for it lies under `{uid}`, renamed or swapped by hand. Rename it \
         back, or `bisan-indexer reindex` builds {live_uid} anew"
    )]
    Moved {
        /// The live uid.
        live_uid: String,
        /// Where it lies now.
        uid: String,
    },
    /// The definition is another than the one that the live index was built by.
    #[error(
        "{live_uid}: the definition has changed since the live index was built (documents.sql, changes.sql, \
         settings.json, or how a conversion converts); `bisan-indexer apply` builds it anew by the new one"
    )]
    OtherDefinition {
        /// The live uid.
        live_uid: String,
    },
    /// Other programs swap it faster than a round takes.
    #[error(
        "{live_uid}: another program swapped it during the round, {MAX_ATTEMPTS} times in a row; try again later"
    )]
    Swapped {
        /// The live uid.
        live_uid: String,
    },
}

impl CommandError for CannotFollow {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Swapped { .. } => LOCKED,
            _ => REFUSED,
        }
    }
}
