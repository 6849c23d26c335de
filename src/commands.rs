//! One file for each command, with its steps from top to bottom.

pub mod apply;
pub mod clean;
pub mod completions;
mod crew;
#[cfg(feature = "ephemeral")]
pub mod demo;
pub mod doctor;
pub mod environment;
pub mod explain;
pub mod init;
pub mod key;
pub mod man;
pub mod reindex;
pub mod rollback;
mod side_by_side;
pub mod smoke;
pub mod status;
pub mod sync;
pub mod triggers;
pub mod verify;
