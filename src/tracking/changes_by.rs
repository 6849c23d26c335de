//! How changes.sql finds what changed: by timestamps, or by a change log.

/// How changes.sql finds what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangesBy {
    /// By change timestamps.
    Time {
        /// Whether it has the parameter `:since`; without it, it names every document each time.
        takes_since: bool,
    },
    /// By the application's change log, after a sequence number (`:after`).
    Log(ChangeLog),
}

/// The change log of an index, as it was when the definition was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeLog {
    /// The table.
    pub table: String,
    /// The version of the schema whose triggers were checked.
    pub schema: i64,
    /// The triggers that the database lacks, or has in another form: what they would log is not in the log.
    pub missing_triggers: Vec<String>,
}

impl ChangesBy {
    /// The log; `None` where changes are found by timestamps.
    pub fn log(&self) -> Option<&ChangeLog> {
        match self {
            Self::Time { .. } => None,
            Self::Log(log) => Some(log),
        }
    }
}
