//! Why no definitions are written.

use std::path::PathBuf;

use crate::error::{CommandError, USAGE};
use crate::report::init::LeftOut;

/// No definitions are written.
#[derive(Debug, thiserror::Error)]
pub enum CannotInit {
    /// A name that is no table's.
    #[error("there is no table or view `{name}`; there are: {known}")]
    NoSuchTable {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A table that no documents can be made of.
    #[error("no definition for `{table}`: {why}")]
    Unfit {
        /// The table.
        table: String,
        /// Why, and what to do.
        why: String,
    },
    /// No table has texts.
    #[error(
        "no table of this database looks worth searching; name one with --table ({known}){}",
        reasons(left_out)
    )]
    NothingToSearch {
        /// What there is.
        known: String,
        /// What was looked at, and why it will not do.
        left_out: Vec<LeftOut>,
    },
    /// Something would be overwritten.
    #[error("{} is there already; say --force to overwrite it, or give another --output-dir", path.display())]
    Exists {
        /// The definition's folder.
        path: PathBuf,
    },
    /// One index's settings are not those of several.
    #[error(
        "--from-meilisearch gives the settings of one index; choose one table with --table, not {0}"
    )]
    SeveralTables(usize),
}

impl CommandError for CannotInit {
    fn exit_code(&self) -> u8 {
        USAGE
    }
}

fn reasons(left_out: &[LeftOut]) -> String {
    let lines = left_out
        .iter()
        .map(|one| format!("\n  {}: {}", one.table, one.why));
    lines.collect()
}
