//! How the changes of an index are found, and which of them cannot be detected.
//!
//! A follower that cannot detect some writes must say so, or its other reports are wrong: "nothing waits", "ready", a
//! lag of 0. So changes.sql is not trusted but tested on the existing rows: [`Tracking`] holds the result. `preflight`
//! makes the test, a round uses it to decide how deeply it compares, and `sync`, `reindex`, `doctor`, `status` and a
//! follower's endpoints report it.

use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};

use crate::catalog::IndexDefinition;
use crate::document::ids::DocumentId;
use crate::document::timestamp::{self, TimestampForm};
use crate::error::Error;
use crate::sqlite::queries::{self, End};
use crate::sqlite::{Argument, LogPosition, Row, Snapshot, Value};
use crate::sync::ChangesError;
use crate::sync::blind_spots::BlindSpot;
use crate::sync::changes_by::{ChangeLog, ChangesBy};

/// Rows of changes.sql that are tried, the newest ones.
const TRIED_ROWS: usize = 1_000;

/// Ids of changes.sql that are looked up in documents.sql, the newest ones.
const TRIED_IDS: usize = 100;

/// Up to so many rows, it does not matter whether a look reads all of them: some milliseconds.
const FEW_ROWS: u64 = 10_000;

/// SQLite exists since the year 2000, so that no row of its was changed before. A column whose newest value reads as an
/// earlier time counts in another unit: days since 1970 and 20261124 read as unix seconds of 1970, the ticks of .NET as
/// nanoseconds of 1990, seconds since 2001 as 1994.
const FIRST_BELIEVED: &str = "2000-01-01T00:00:00Z";

/// A clock that is ahead, or local time that is taken for UTC, is ahead by less than this.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

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
    /// Tries changes.sql on the rows that are there.
    ///
    /// # Errors
    /// [`ChangesError`] where change timestamps cannot be compared, or what keeps the database from being read.
    pub async fn look(
        snapshot: &mut Snapshot<'_>,
        definition: &IndexDefinition,
        changes_by: &ChangesBy,
    ) -> Result<Tracking, Error> {
        let takes_since = match changes_by {
            ChangesBy::Time { takes_since } => *takes_since,
            ChangesBy::Log(log) => return Tracking::of_log(snapshot, log).await,
        };
        let mut found = Tracking::default();
        let Some(changes) = &definition.changes_sql else {
            found.blind_spots.push(BlindSpot::NoChanges);
            return Ok(found);
        };
        for candidate in everything(takes_since) {
            found.everything = candidate;
            found.column = found.ends(snapshot, definition, changes).await?;
            if found.column.is_some() {
                break;
            }
        }
        let Some(column) = found.column.clone() else {
            if first_id(snapshot, &definition.documents_sql)
                .await?
                .is_some()
            {
                found.blind_spots.push(BlindSpot::NoRows);
            }
            return Ok(found);
        };
        found.doubt(&column, snapshot.taken_at());
        if takes_since && found.hides(snapshot, changes, &column).await? {
            found.bound_hides = true;
            found.blind_spots.push(BlindSpot::BoundHides);
        }
        let other_ids = found.other_ids(snapshot, definition, changes).await?;
        found.blind_spots.extend(other_ids);
        let no_index = found.no_index(snapshot, changes).await?;
        found.blind_spots.extend(no_index);
        Ok(found)
    }

    /// What a change log shows: everything, if its triggers are there.
    async fn of_log(snapshot: &mut Snapshot<'_>, log: &ChangeLog) -> Result<Tracking, Error> {
        let end_of_log = snapshot.end_of_log(&log.table).await?;
        let mut blind_spots = Vec::new();
        if !log.missing_triggers.is_empty() {
            blind_spots.push(BlindSpot::Triggers {
                missing: log.missing_triggers.clone(),
            });
        } else if end_of_log.is_none() {
            blind_spots.push(BlindSpot::EmptyLog {
                log: log.table.clone(),
            });
        }
        Ok(Tracking {
            blind_spots,
            end_of_log,
            ..Tracking::default()
        })
    }

    /// The same at a later moment. The test result stays valid as long as the times keep their form, so only the lowest
    /// and highest values of the column are read again, which is cheap.
    ///
    /// # Errors
    /// As [`Tracking::look`].
    pub async fn look_again(
        &self,
        snapshot: &mut Snapshot<'_>,
        definition: &IndexDefinition,
        changes_by: &ChangesBy,
    ) -> Result<Tracking, Error> {
        let Some(changes) = &definition.changes_sql else {
            return Ok(self.clone());
        };
        if let Some(before) = &self.column
            && let Some(now) = self.ends(snapshot, definition, changes).await?
        {
            let unit = |column: &Column| unknown_unit(column, snapshot.taken_at());
            if now.form == before.form && unit(&now).is_some() == unit(before).is_some() {
                return Ok(Tracking {
                    column: Some(now),
                    ..self.clone()
                });
            }
        }
        Tracking::look(snapshot, definition, changes_by).await
    }

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

    /// In which form changes.sql gives its timestamps, and the newest of them; `None` where it returns no row at all.
    ///
    /// Where the column holds values of two kinds, a bound of one kind would hide every value of the other, silently. Its
    /// two ends tell ([`End`]).
    async fn ends(
        &self,
        snapshot: &mut Snapshot<'_>,
        definition: &IndexDefinition,
        changes: &str,
    ) -> Result<Option<Column>, Error> {
        let index = || definition.name.clone();
        let Some(first) = self.at(End::First, snapshot, changes).await? else {
            return Ok(None);
        };
        if first.value(1) == Value::Null {
            let without = queries::without_timestamp(changes);
            return Err(ChangesError::Missing {
                index: index(),
                rows: snapshot.count_bound(&without, self.everything()).await?,
                id: shown_id(&first),
            }
            .into());
        }
        let Some(last) = self.at(End::Last, snapshot, changes).await? else {
            return Ok(None);
        };
        let read = |row: &Row| {
            let value = row.value(1);
            let read = timestamp::parse(value).and_then(|at| Ok((at, timestamp::form(value)?)));
            read.map_err(|why| ChangesError::Timestamp {
                index: index(),
                id: shown_id(row),
                why,
            })
        };
        let (oldest, form) = read(&first)?;
        let (newest, _) = read(&last)?;
        if queries::mixes_kinds(first.value(1), last.value(1)) {
            return Err(ChangesError::MixedForms {
                index: index(),
                number: shown_id(&first),
                text: shown_id(&last),
            }
            .into());
        }
        Ok(Some(Column {
            form,
            oldest,
            newest,
            newest_row: (shown_id(&last), last.value(1).excerpt()),
        }))
    }

    async fn at(
        &self,
        end: End,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
    ) -> Result<Option<Row>, Error> {
        let sql = queries::change_at(end, changes);
        Ok(snapshot.only_row(&sql, self.everything()).await?)
    }

    /// A time of a change lies neither before SQLite itself nor after tomorrow.
    fn doubt(&mut self, column: &Column, now: Timestamp) {
        if let Some(unknown) = unknown_unit(column, now) {
            self.blind_spots.push(unknown);
        } else if column.newest > now + A_DAY {
            let (id, value) = column.newest_row.clone();
            self.blind_spots.push(BlindSpot::FarFuture {
                id,
                value,
                read_as: column.newest,
            });
        }
    }

    /// Whether the newest rows do not come back when `:since` is bound to the earliest of their times.
    async fn hides(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
        column: &Column,
    ) -> Result<bool, Error> {
        let newest = queries::newest_changes(changes, TRIED_ROWS);
        let all = values(snapshot, &newest, self.everything()).await?;
        let earliest = all.iter().filter_map(|(_, at)| *at).min();
        let since = earliest.unwrap_or(column.oldest);
        let found = values(snapshot, &newest, self.since(since)).await?;
        if all.iter().eq(&found) {
            return Ok(false);
        }
        // One of the two hides rows. How many there are in all tells which.
        let mut most = (0, self.everything.clone());
        for candidate in everything(true) {
            let count = snapshot
                .count_bound(changes, candidate.iter().cloned().collect())
                .await?;
            if count > most.0 {
                most = (count, candidate);
            }
        }
        let bound = self.since(column.oldest);
        self.everything = most.1;
        Ok(snapshot.count_bound(changes, bound).await? < most.0)
    }

    async fn other_ids(
        &self,
        snapshot: &mut Snapshot<'_>,
        definition: &IndexDefinition,
        changes: &str,
    ) -> Result<Option<BlindSpot>, Error> {
        let documents = &definition.documents_sql;
        let newest = queries::newest_changes(changes, TRIED_IDS);
        let mut rows = snapshot.rows(&newest, self.everything());
        let mut named = Vec::new();
        while let Some(row) = rows.try_next().await? {
            named.extend(DocumentId::from_value(row.value(0)).ok());
        }
        drop(rows);
        let Some(example) = named.first() else {
            return Ok(None);
        };
        let (sql, arguments) = queries::ids_among(documents, named.iter().map(DocumentId::as_str));
        if snapshot.first_row(&sql, arguments).await?.is_some() {
            return Ok(None);
        }
        let Some(document) = first_id(snapshot, documents).await? else {
            return Ok(None);
        };
        // The newest may all have been deleted or unpublished: one match among all is enough.
        let both = queries::an_id_of_both(documents, changes);
        if snapshot
            .first_row(&both, self.everything())
            .await?
            .is_some()
        {
            return Ok(None);
        }
        Ok(Some(BlindSpot::OtherIds {
            changes: example.to_string(),
            documents: document,
        }))
    }

    async fn no_index(
        &self,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
    ) -> Result<Option<BlindSpot>, Error> {
        let arguments = self.since(snapshot.taken_at());
        let tables = snapshot
            .scanned(&queries::changes(changes), arguments)
            .await?;
        if tables.is_empty() {
            return Ok(None);
        }
        let count = queries::count_up_to(changes, FEW_ROWS + 1);
        let row = snapshot.only_row(&count, self.everything()).await?;
        let rows = row.map_or(0, |row| match row.value(0) {
            Value::Integer(rows) => rows.unsigned_abs(),
            _ => 0,
        });
        Ok((rows > FEW_ROWS).then_some(BlindSpot::NoIndex { tables }))
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

/// The blind spot of a column whose every value, or whose newest, lies where no change can lie.
fn unknown_unit(column: &Column, now: Timestamp) -> Option<BlindSpot> {
    let is_unknown = !is_believed(column.newest) || column.oldest > now + A_DAY;
    is_unknown.then(|| BlindSpot::UnknownUnit {
        id: column.newest_row.0.clone(),
        value: column.newest_row.1.clone(),
        read_as: column.newest,
    })
}

/// The change timestamps of these rows, as they are and as instants.
async fn values(
    snapshot: &mut Snapshot<'_>,
    sql: &str,
    arguments: Vec<Argument>,
) -> Result<Vec<(String, Option<Timestamp>)>, Error> {
    let mut rows = snapshot.rows(sql, arguments);
    let mut values = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let value = row.value(1);
        values.push((value.excerpt(), timestamp::parse(value).ok()));
    }
    Ok(values)
}

async fn first_id(
    snapshot: &mut Snapshot<'_>,
    documents_sql: &str,
) -> Result<Option<String>, Error> {
    let sql = queries::ids_only(documents_sql);
    let row = snapshot.first_row(&sql, Vec::new()).await?;
    Ok(row.map(|row| shown_id(&row)))
}

fn shown_id(row: &Row) -> String {
    DocumentId::from_value(row.value(0))
        .map_or_else(|_| row.value(0).excerpt(), |id| id.to_string())
}
