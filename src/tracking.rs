//! How the changes of an index are found, and which of them cannot be detected.
//!
//! A follower that cannot detect some writes must say so, or its other reports are wrong: "nothing waits", "ready", a
//! lag of 0. So changes.sql is not trusted but tested on the existing rows: [`Tracking`] holds the result. `preflight`
//! makes the test, a round uses it to decide how deeply it compares, and `sync`, `reindex`, `doctor`, `status` and a
//! follower's endpoints report it.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `changes_by` | how changes.sql finds what changed: by timestamps, or by a change log |
//! | `look` | tries changes.sql |
//! | `blind_spots` | what it cannot show, in words |
//! | `changes_error` | rows of changes.sql that cannot be used |

mod blind_spots;
mod changes_by;
mod changes_error;
mod look;

pub use blind_spots::BlindSpot;
pub use changes_by::{ChangeLog, ChangesBy};
pub use changes_error::ChangesError;
use jiff::Timestamp;

use crate::document::timestamp::{self, TimestampForm};
use crate::sqlite::{Argument, LogPosition, queries};

/// SQLite exists since the year 2000, so that no row of its was changed before. A column whose newest value reads as an
/// earlier time counts in another unit: days since 1970 and 20261124 read as unix seconds of 1970, the ticks of .NET as
/// nanoseconds of 1990, seconds since 2001 as 1994.
const FIRST_BELIEVED: &str = "2000-01-01T00:00:00Z";

/// What was found out about the changes of one index.
#[derive(Clone, Debug, Default)]
pub struct Tracking {
    /// What its change timestamps look like; `None` without changes.sql, or where that returns no row.
    pub column: Option<Column>,
    /// What cannot be seen, or not cheaply.
    pub blind_spots: Vec<BlindSpot>,
    /// What is bound to `:since` so that nothing is hidden; `None` where changes.sql has no `:since`.
    everything: Option<Argument>,
    /// Whether a bound hides rows that it should not, so that everything is asked for each time.
    bound_hides: bool,
    /// The last row of the change log, where changes.sql reads one.
    pub end_of_log: Option<LogPosition>,
}

/// The change timestamps of one index, as the two ends of the column show them.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Of its least value: a bound in this form hides nothing that is greater.
    pub form: TimestampForm,
    /// The oldest change.
    pub oldest: Timestamp,
    /// The newest change. By the database's own order, which for texts is that of instants but for offsets.
    pub newest: Timestamp,
    /// The id and the value of the newest change, as they are shown.
    newest_row: (String, String),
}

impl Tracking {
    /// Of change timestamps that cannot be compared.
    pub fn unusable(why: ChangesError, changes_by: &ChangesBy) -> Tracking {
        let takes_since = matches!(changes_by, ChangesBy::Time { takes_since: true });
        Tracking {
            blind_spots: vec![why.into()],
            everything: everything(takes_since).swap_remove(0),
            ..Tracking::default()
        }
    }

    /// Looks whether the change timestamps can be compared.
    ///
    /// # Errors
    /// The error that a round would end with.
    pub fn expect_usable(&self) -> Result<(), ChangesError> {
        for spot in &self.blind_spots {
            if let BlindSpot::Unusable(why) = spot {
                return Err(why.clone());
            }
        }
        Ok(())
    }

    /// Whether each edit that moves its timestamp is found by a look at changes.sql. Where not, only comparing finds it.
    pub fn sees_edits(&self) -> bool {
        !self.blind_spots.iter().any(BlindSpot::hides_edits)
    }

    /// Whether a change log does not hold every write, and a person has to mend that.
    pub fn log_is_broken(&self) -> bool {
        let broken = |spot: &BlindSpot| {
            matches!(
                spot,
                BlindSpot::Triggers { .. } | BlindSpot::EmptyLog { .. }
            )
        };
        self.blind_spots.iter().any(broken)
    }

    /// The values to bind to changes.sql so that every change from `since` on comes back, and perhaps earlier ones.
    pub fn since(&self, since: Timestamp) -> Vec<Argument> {
        let bound = self
            .everything
            .as_ref()
            .map(|everything| match &self.column {
                Some(column) if !self.bound_hides => {
                    // A bare date is that of midnight, however late in the day the change was.
                    let open = timestamp::resolution(column.newest);
                    let since = since.checked_sub(open).unwrap_or(since);
                    timestamp::lower_bound(column.form, since)
                }
                _ => everything.clone(),
            });
        bound.into_iter().collect()
    }

    /// The values to bind to changes.sql so that all of its rows come back.
    pub fn everything(&self) -> Vec<Argument> {
        self.everything.iter().cloned().collect()
    }

    /// The newest change that is not in the future; a row of the year 2099 says nothing about how far the database is.
    /// `None` where no time is believed.
    pub fn newest(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.sees_edits() {
            return None;
        }
        let logged = self.end_of_log.as_ref().and_then(LogPosition::written_at);
        let newest = self.column.as_ref().map(|column| column.newest).or(logged);
        newest.map(|newest| newest.min(now))
    }
}

/// What is bound to `:since` so that nothing is hidden, in the order in which it is tried.
fn everything(takes_since: bool) -> Vec<Option<Argument>> {
    match takes_since {
        false => vec![None],
        true => queries::lowest_bounds().map(Some).to_vec(),
    }
}

/// Whether something in a database of SQLite may have happened then.
pub fn is_believed(instant: Timestamp) -> bool {
    let first: Timestamp = FIRST_BELIEVED.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    instant >= first
}
