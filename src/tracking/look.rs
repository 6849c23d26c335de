//! Finds out what changes.sql shows, by trying it on the rows that are there.

use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};

use super::{
    BlindSpot, ChangeLog, ChangesBy, ChangesError, Column, Tracking, everything, is_believed,
};
use crate::catalog::IndexDefinition;
use crate::document::ids::DocumentId;
use crate::document::timestamp;
use crate::error::Error;
use crate::sqlite::queries::{self, End};
use crate::sqlite::{Argument, Row, Snapshot, Value};

/// Rows of changes.sql that are tried, the newest ones.
const TRIED_ROWS: usize = 1_000;

/// Ids of changes.sql that are looked up in documents.sql, the newest ones.
const TRIED_IDS: usize = 100;

/// Up to so many rows, it does not matter whether a look reads all of them: some milliseconds.
const FEW_ROWS: u64 = 10_000;

/// A clock that is ahead, or local time that is taken for UTC, is ahead by less than this.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

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
        let everything = self.everything();
        let rows = snapshot
            .count_up_to(FEW_ROWS + 1, changes, everything)
            .await?;
        Ok((rows > FEW_ROWS).then_some(BlindSpot::NoIndex { tables }))
    }
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
