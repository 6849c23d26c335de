//! Checks of changes.sql on the rows that there are: does it show the edits, by an index, with times that can be compared?

use std::time::Instant;

use futures::TryStreamExt as _;
use jiff::Timestamp;

use crate::document::ids::DocumentId;
use crate::error::Error;
use crate::figures::{counted, span};
use crate::prepared::Prepared;
use crate::report::doctor::Checks;
use crate::sqlite::{Argument, Snapshot, Value, advice, queries};
use crate::sync::lag;
use crate::tracking::{BlindSpot, ChangesBy, Tracking};

/// Whether changes.sql shows the edits.
pub(super) fn edits(prepared: &Prepared, tracking: &Tracking, checks: &mut Checks) {
    const CHECK: &str = "definition.edits";
    let name = &prepared.definition.name;
    let mut fine = true;
    for spot in &tracking.blind_spots {
        let advice = match spot {
            BlindSpot::NoChanges => {
                "`sync` compares every document then. `sync --watch` does so after each commit where there are no more than \
                 --compare-limit documents and it takes less than a second, and else at each --compare-every. Where the table \
                 has a column with the time of the last change, write changes.sql: SELECT id, updated_at AS changed_at \
                 FROM ... WHERE updated_at >= :since"
            }
            BlindSpot::NoRows | BlindSpot::UnknownUnit { .. } | BlindSpot::OtherIds { .. } => {
                "until then, `sync` compares every document, and `sync --watch` as if there were no changes.sql"
            }
            BlindSpot::BoundHides => {
                "no change is lost meanwhile, but each look costs a read of all rows"
            }
            BlindSpot::Triggers { .. } => {
                "`bisan-indexer triggers` prints the SQL of a migration that makes them (--rails for Rails), and `triggers --check` \
                 belongs into CI after each migration: SQLite changes a table by copying it, which drops its triggers. Until \
                 then, `sync` compares every document"
            }
            BlindSpot::EmptyLog { .. } => {
                "the newest row of the log must stay: let nothing but its own trigger delete from it"
            }
            // Each has a check of its own.
            BlindSpot::Unusable(_) | BlindSpot::NoIndex { .. } | BlindSpot::FarFuture { .. } => {
                continue;
            }
        };
        fine = false;
        checks.at(name, CHECK).warn(spot, advice);
    }
    if fine && tracking.expect_usable().is_ok() {
        checks.at(name, CHECK).ok(match prepared.changes_by {
            ChangesBy::Time { .. } => "changes.sql shows each edit that moves its timestamp",
            ChangesBy::Log(_) => {
                "the change log has its triggers, and shows each write, deletes included"
            }
        });
    }
}

/// Whether a look at changes.sql reads whole tables.
pub(super) async fn cost(
    snapshot: &mut Snapshot<'_>,
    prepared: &Prepared,
    changes: &str,
    tracking: &Tracking,
    checks: &mut Checks,
) -> Result<(), Error> {
    const CHECK: &str = "definition.changes_index";
    if prepared.changes_by == (ChangesBy::Time { takes_since: false }) {
        return Ok(());
    }
    let name = &prepared.definition.name;
    let sql = queries::changes(changes);
    let now = tracking.since(Timestamp::now());
    let scanned = snapshot.scanned(&sql, now.clone()).await?;
    if scanned.is_empty() {
        checks
            .at(name, CHECK)
            .ok("changes.sql finds what changed by an index");
        return Ok(());
    }
    let begun = Instant::now();
    let mut rows = snapshot.rows(&sql, now);
    while rows.try_next().await?.is_some() {}
    drop(rows);
    let milliseconds = begun.elapsed().as_millis();
    let mut missing = Vec::new();
    for compared in advice::compared_with_since(changes) {
        let arguments =
            [&compared.table, &compared.column].map(|text| Argument::Text(text.clone()));
        if number(snapshot, queries::HAS_INDEX, arguments.to_vec()).await? == 0 {
            let advice::Comparison { table, column } = compared;
            missing.push(format!(
                "CREATE INDEX index_{table}_on_{column} ON {table} ({column});"
            ));
        }
    }
    let advice = match missing.is_empty() {
        false => missing.join("\n"),
        true => "compare a column that has an index with :since, without a function around it"
            .to_owned(),
    };
    checks.at(name, CHECK).warn(
        format!(
            "changes.sql reads the whole of {} at each look ({milliseconds} ms now)",
            scanned.join(" and ")
        ),
        advice,
    );
    Ok(())
}

/// The check of [`times`].
pub(super) const TIMES: &str = "definition.change_times";

/// Whether each document has a change timestamp that can be compared.
pub(super) async fn times(
    snapshot: &mut Snapshot<'_>,
    prepared: &Prepared,
    changes: &str,
    tracking: &Tracking,
    checks: &mut Checks,
) -> Result<(), Error> {
    let name = &prepared.definition.name;
    let Some(found) = lag::look(snapshot, prepared, tracking.everything(), None).await? else {
        return Ok(());
    };
    // Times of an unknown unit, and of other ids, are reported by the check of edits.
    let mut fine = tracking.sees_edits();
    if let Some((number, text)) = &found.mixed {
        fine = false;
        checks.at(name, TIMES).fail(
            format!(
                "change timestamps are numbers and texts in one column (id {number} has a number, id {text} a text)"
            ),
            "make them one form: no comparison in SQL holds for both",
        );
    }
    if let Some((id, why)) = &found.unreadable.first {
        fine = false;
        let rows = counted(found.unreadable.rows, "row has", "rows have");
        checks.at(name, TIMES).fail_as_said(format!(
            "{rows} a change timestamp that is none: id {id}: {why}"
        ));
    }
    let ahead = |at: &str| {
        let at = at.parse::<Timestamp>().ok()?;
        Some(at.duration_since(snapshot.taken_at()).as_secs())
    };
    // Two clocks agree to a second, and so do two readings of one.
    let is_now = |at: &str| found.future.rows == 1 && ahead(at) == Some(0);
    if let Some((id, at)) = found.future.first.as_ref().filter(|(_, at)| !is_now(at)) {
        fine = false;
        let rows = counted(found.future.rows, "row is", "rows are");
        let ahead = match ahead(at) {
            None => String::new(),
            Some(0) => ", in less than a second".to_owned(),
            Some(seconds) => format!(", {} from now", span(seconds)),
        };
        checks.at(name, TIMES).warn(
            format!("{rows} dated in the future: id {id} at {at}{ahead}"),
            "set the date right; where all new rows are some hours ahead, the application writes local time without an \
             offset, and UTC is what is read",
        );
    }
    let sql = queries::without_change_time(&prepared.definition.documents_sql, changes);
    let mut rows = snapshot.rows(&sql, tracking.everything());
    let (mut without, mut first) = (0, None);
    while let Some(row) = rows.try_next().await? {
        without += 1;
        if first.is_none() {
            first = DocumentId::from_value(row.value(0)).ok();
        }
    }
    let named = |spot: &BlindSpot| !matches!(spot, BlindSpot::OtherIds { .. } | BlindSpot::NoRows);
    if without > 0 && tracking.blind_spots.iter().all(named) {
        fine = false;
        let rows = counted(without, "document has", "documents have");
        let first = first.map_or(String::new(), |id| format!(", first id {id}"));
        checks.at(name, TIMES).warn(
            format!("{rows} no change timestamp{first}"),
            "changes.sql never names them, so that a change of theirs is found by comparing alone: fill the column, as in \
             UPDATE ... SET updated_at = created_at WHERE updated_at IS NULL",
        );
    }
    if fine {
        checks
            .at(name, TIMES)
            .ok("every document has a change timestamp, all in one form, none in the future");
    }
    Ok(())
}

async fn number(
    snapshot: &mut Snapshot<'_>,
    sql: &str,
    arguments: Vec<Argument>,
) -> Result<i64, Error> {
    let mut rows = snapshot.rows(sql, arguments);
    let row = rows.try_next().await?;
    Ok(match row.as_ref().map(|row| row.value(0)) {
        Some(Value::Integer(number)) => number,
        _ => 0,
    })
}
