//! How far a generation is behind the database: what changes.sql names that no round has followed yet.

use futures::TryStreamExt as _;
use jiff::Timestamp;

use crate::document::ids::{DocumentId, IdList};
use crate::document::timestamp::{self, TimestampForm};
use crate::error::Error;
use crate::generation::records::Record;
use crate::prepared::Prepared;
use crate::spool;
use crate::sqlite::{Argument, LogPosition, Snapshot, Value, queries};
use crate::tracking::{ChangeLog, Tracking};

/// What the change timestamps of one index say at one moment.
#[derive(Debug, Default)]
pub struct Changes {
    /// The newest one that is not in the future.
    pub newest: Option<Timestamp>,
    /// Documents that changed after the last round, or all where there was none.
    pub waiting: u64,
    /// Since when the first of them waits.
    pub waiting_since: Option<Timestamp>,
    /// Rows dated later than now, and the first of them.
    pub future: Occurrences,
    /// Rows whose value is no time, and the first of them.
    pub unreadable: Occurrences,
    /// An id with a number and an id with a text for a time, where there are both.
    pub mixed: Option<(String, String)>,
}

/// Rows that have something odd in common.
#[derive(Debug, Default)]
pub struct Occurrences {
    /// How many.
    pub rows: u64,
    /// The first of them: its id, and its value or what is wrong with it.
    pub first: Option<(String, String)>,
}

impl Occurrences {
    fn add(&mut self, id: &str, what: String) {
        self.rows += 1;
        self.first.get_or_insert_with(|| (id.to_owned(), what));
    }
}

/// Until when a generation has followed the database. A checkpoint lies earlier than that by the overlap, which is there
/// for rows that are committed later than they are dated.
pub fn followed_until(record: &Record) -> Option<Timestamp> {
    let overlap = i64::try_from(record.overlap_seconds.unwrap_or(0)).unwrap_or(0);
    let overlap = jiff::SignedDuration::from_secs(overlap);
    record.checkpoint?.checked_add(overlap).ok()
}

/// Reads every change timestamp of an index once. `None` where it has no changes.sql. `everything` is bound to it.
///
/// # Errors
/// Where the database cannot be read.
pub async fn look(
    snapshot: &mut Snapshot<'_>,
    index: &Prepared,
    everything: Vec<Argument>,
    followed_until: Option<Timestamp>,
) -> Result<Option<Changes>, Error> {
    let Some(sql) = &index.definition.changes_sql else {
        return Ok(None);
    };
    let now = snapshot.taken_at();
    let mut seen = Seen::new(now, followed_until);
    let mut rows = snapshot.rows(&queries::changes(sql), everything);
    while let Some(row) = rows.try_next().await? {
        let values = row.values();
        let Ok(id) = DocumentId::from_value(values[0]) else {
            continue;
        };
        match (timestamp::parse(values[1]), timestamp::form(values[1])) {
            (Ok(at), Ok(form)) => seen.add(&id, at, form)?,
            (Err(why), _) | (_, Err(why)) => {
                seen.changes.unreadable.add(id.as_str(), why.to_string())
            }
        }
    }
    Ok(Some(seen.end()?))
}

/// The same by the newest rows alone: what changed after `followed_until`, and the newest change. Of the rows before it
/// knows nothing.
///
/// # Errors
/// Where the database cannot be read.
pub async fn look_since(
    snapshot: &mut Snapshot<'_>,
    index: &Prepared,
    tracking: &Tracking,
    followed_until: Option<Timestamp>,
) -> Result<Option<Changes>, Error> {
    let now = snapshot.taken_at();
    let bound = tracking.since(followed_until.unwrap_or(now));
    let Some(changes) = look(snapshot, index, bound, followed_until).await? else {
        return Ok(None);
    };
    if changes.newest.is_some() {
        return Ok(Some(changes));
    }
    match tracking.column.as_ref().map(|column| column.newest) {
        // A row of the future hides which one was the newest before.
        Some(newest) if newest > now => {
            look(snapshot, index, tracking.everything(), followed_until).await
        }
        newest => Ok(Some(Changes { newest, ..changes })),
    }
}

/// What the change log names behind this position. `None` where it does not tell everything since.
///
/// # Errors
/// Where the database cannot be read.
pub async fn look_in_log(
    snapshot: &mut Snapshot<'_>,
    index: &Prepared,
    log: &ChangeLog,
    position: Option<&LogPosition>,
) -> Result<Option<Changes>, Error> {
    let Some(sql) = &index.definition.changes_sql else {
        return Ok(None);
    };
    let (Some(position), None) = (position, snapshot.gap_since(&log.table, position).await?) else {
        return Ok(None);
    };
    let mut waiting = IdList::new();
    let mut first: Option<i64> = None;
    let after = vec![Argument::Integer(position.seq)];
    let mut rows = snapshot.rows(&queries::logged_changes(sql), after);
    while let Some(row) = rows.try_next().await? {
        if let (Ok(id), Value::Integer(seq)) = (DocumentId::from_value(row.value(0)), row.value(1))
        {
            waiting.push(&id)?;
            first = Some(first.map_or(seq, |first| first.min(seq)));
        }
    }
    drop(rows);
    waiting.settle()?;
    let waiting_since = match first {
        Some(seq) => snapshot.log_time(&log.table, seq).await?,
        None => None,
    };
    let end = snapshot.end_of_log(&log.table).await?;
    Ok(Some(Changes {
        newest: end.and_then(|end| end.written_at()),
        waiting: waiting.len(),
        waiting_since,
        ..Changes::default()
    }))
}

struct Seen {
    now: Timestamp,
    followed_until: Option<Timestamp>,
    waiting: IdList,
    number: Option<String>,
    text: Option<String>,
    changes: Changes,
}

impl Seen {
    fn new(now: Timestamp, followed_until: Option<Timestamp>) -> Self {
        Self {
            now,
            followed_until,
            waiting: IdList::new(),
            number: None,
            text: None,
            changes: Changes::default(),
        }
    }

    fn add(&mut self, id: &DocumentId, at: Timestamp, form: TimestampForm) -> spool::Result<()> {
        let kind = match form {
            TimestampForm::Text => &mut self.text,
            _ => &mut self.number,
        };
        kind.get_or_insert_with(|| id.to_string());
        if at > self.now {
            // The real time of the change is unknown, so the row neither waits nor is it the newest.
            self.changes.future.add(id.as_str(), at.to_string());
            return Ok(());
        }
        self.changes.newest = self.changes.newest.max(Some(at));
        if self
            .followed_until
            .is_none_or(|until| timestamp::is_after(at, until))
        {
            self.waiting.push(id)?;
            let since = self.changes.waiting_since.get_or_insert(at);
            *since = at.min(*since);
        }
        Ok(())
    }

    fn end(mut self) -> spool::Result<Changes> {
        self.waiting.settle()?;
        Ok(Changes {
            waiting: self.waiting.len(),
            mixed: self.number.zip(self.text),
            ..self.changes
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_waits_is_what_changed_after_the_last_round() {
        let mut seen = Seen::new(at("2026-11-24T12:00:00Z"), Some(at("2026-11-24T10:00:00Z")));
        for (id, time) in [
            (1, "2026-11-24T09:59:58Z"),
            (2, "2026-11-24T09:59:59.9Z"),
            (3, "2026-11-24T11:30:00Z"),
            (4, "2026-11-24T11:00:00Z"),
            (4, "2026-11-24T11:45:00Z"),
            (5, "2099-01-01T00:00:00Z"),
        ] {
            seen.add(&DocumentId::from(id), at(time), TimestampForm::Text)
                .unwrap();
        }
        let changes = seen.end().unwrap();
        assert_eq!(changes.waiting, 2);
        assert_eq!(changes.waiting_since, Some(at("2026-11-24T11:00:00Z")));
        assert_eq!(changes.newest, Some(at("2026-11-24T11:45:00Z")));
        assert_eq!(changes.future.rows, 1);
        assert_eq!(changes.future.first.unwrap().0, "5");
        assert_eq!(changes.mixed, None);
    }

    #[test]
    fn a_column_of_numbers_and_texts_is_noticed() {
        let now = at("2026-11-24T12:00:00Z");
        let mut seen = Seen::new(now, None);
        for (id, form) in [(1, TimestampForm::Text), (2, TimestampForm::Seconds)] {
            seen.add(&DocumentId::from(id), now, form).unwrap();
        }
        let changes = seen.end().unwrap();
        assert_eq!(changes.mixed, Some(("2".to_owned(), "1".to_owned())));
        assert_eq!(changes.waiting, 2);
    }

    #[test]
    fn a_checkpoint_lies_earlier_than_what_was_followed() {
        let mut record = Record::begin(
            "articles",
            "articles_1",
            "",
            "host",
            at("2026-11-24T12:00:00Z"),
        );
        assert_eq!(followed_until(&record), None);
        record.checkpoint = Some(at("2026-11-24T11:45:00Z"));
        record.overlap_seconds = Some(900);
        assert_eq!(followed_until(&record), Some(at("2026-11-24T12:00:00Z")));
    }
}
