//! Checks of the rows of documents.sql: what does reading them cost, and do they become good documents?

use std::time::Duration;

use futures::TryStreamExt as _;
use serde_json::Value as Json;

use super::changes;
use crate::document::bad_rows::BadRows;
use crate::document::ids::DocumentId;
use crate::error::Error;
use crate::figures::{documents, grouped};
use crate::meilisearch::settings::DEFAULT_MAX_TOTAL_HITS;
use crate::preflight::{self, SAMPLE_ROWS};
use crate::prepared::Prepared;
use crate::report::doctor::Checks;
use crate::sqlite::{Connection, Snapshot, Statement, TimeLimit, Value, queries};
use crate::tracking::ChangesBy;

/// How long reads of all rows of one index may take together, so that `doctor` answers at once whatever the size of the
/// table. With `--full` they may take any time.
const READING_ALL: Duration = Duration::from_millis(500);

/// What reading costs, and what the rows hold. An error of the database ends the checks of this index.
pub async fn examine(
    connection: &mut Connection,
    prepared: &Prepared,
    statement: &Statement,
    full: bool,
    checks: &mut Checks,
) {
    let mut limit = match full {
        true => TimeLimit::none(),
        false => TimeLimit::of(READING_ALL),
    };
    let looked = async {
        let mut snapshot = connection.snapshot().await?;
        first_rows(&mut snapshot, prepared, checks).await?;
        reads_by_id(&mut snapshot, prepared, checks).await?;
        let tracking = prepared.tracking(&mut snapshot).await?;
        changes::edits(prepared, &tracking, checks);
        if let (Some(changes), ChangesBy::Time { .. }) =
            (&prepared.definition.changes_sql, &prepared.changes_by)
        {
            changes::cost(&mut snapshot, prepared, changes, &tracking, checks).await?;
            let times = changes::times(&mut snapshot, prepared, changes, &tracking, checks);
            let read = limit.within(times).await?;
            unless_stopped(read, prepared, changes::TIMES, checks);
        }
        max_total_hits(&mut snapshot, prepared, &mut limit, checks).await?;
        let types = mixed_types(&mut snapshot, prepared, statement, checks);
        let read = limit.within(types).await?;
        unless_stopped(read, prepared, MIXED_TYPES, checks);
        snapshot.end().await?;
        Ok::<_, Error>(())
    };
    if let Err(error) = looked.await {
        checks
            .at(&prepared.definition.name, "definition.rows")
            .fail_as_said(error);
    }
}

/// A check whose read took too long is told as one that was not made.
fn unless_stopped(read: Option<()>, prepared: &Prepared, check: &'static str, checks: &mut Checks) {
    if read.is_none() {
        checks.at(&prepared.definition.name, check).skip(
            "not checked: reading all rows takes more than half a second",
            "`doctor --full` takes the time",
        );
    }
}

async fn first_rows(
    snapshot: &mut Snapshot<'_>,
    prepared: &Prepared,
    checks: &mut Checks,
) -> Result<(), Error> {
    const CHECK: &str = "definition.rows";
    let name = &prepared.definition.name;
    match preflight::check_first_rows(snapshot, prepared).await {
        Ok(()) => {
            let found = format!(
                "the first rows (up to {SAMPLE_ROWS}) become documents; `reindex --dry-run` reads them all"
            );
            checks.at(name, CHECK).ok(found);
        }
        Err(error) if error.is::<BadRows>() => checks
            .at(name, CHECK)
            .fail(error, "mend the row, or its column in documents.sql"),
        Err(error) => return Err(error),
    }
    Ok(())
}

async fn reads_by_id(
    snapshot: &mut Snapshot<'_>,
    prepared: &Prepared,
    checks: &mut Checks,
) -> Result<(), Error> {
    const CHECK: &str = "definition.reads_by_id";
    let (sql, arguments) = queries::by_ids(&prepared.definition.documents_sql, ["1"]);
    let scanned = snapshot.scanned(&sql, arguments).await?;
    let name = &prepared.definition.name;
    if scanned.is_empty() {
        checks
            .at(name, CHECK)
            .ok("reading some documents by id reads only these rows");
    } else {
        checks.at(name, CHECK).warn(
            format!("reading one document by its id reads the whole of {}", scanned.join(" and ")),
            "each round of `sync` costs as much as a full read then: let `id` be a column with a PRIMARY KEY or an index, \
             and documents.sql a statement whose rows do not depend on each other (no LIMIT, no window function)",
        );
    }
    Ok(())
}

/// The check of what is filtered and sorted by.
const MIXED_TYPES: &str = "definition.mixed_types";

/// The engine sorts numbers before texts, and a filter for the one does not find the other.
async fn mixed_types(
    snapshot: &mut Snapshot<'_>,
    prepared: &Prepared,
    statement: &Statement,
    checks: &mut Checks,
) -> Result<(), Error> {
    let settings = &prepared.definition.settings;
    let named: Vec<&str> = ["filterableAttributes", "sortableAttributes"]
        .iter()
        .filter_map(|key| settings.get(*key)?.as_array())
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    // A column with a conversion has one type by that.
    let columns: Vec<&str> = statement
        .columns
        .iter()
        .map(String::as_str)
        .filter(|column| named.contains(column))
        .collect();
    if columns.is_empty() {
        return Ok(());
    }
    let name = &prepared.definition.name;
    let sql = queries::types_of(&prepared.definition.documents_sql, columns.iter().copied());
    let mut rows = snapshot.rows(&sql, Vec::new());
    let Some(row) = rows.try_next().await? else {
        return Ok(());
    };
    let values = row.values();
    let mut fine = true;
    for (column, types) in columns.iter().zip(values.chunks(4)) {
        let &[Value::Integer(numbers), Value::Integer(texts), number, text] = types else {
            continue;
        };
        if numbers == 0 || texts == 0 {
            continue;
        }
        fine = false;
        let id = |value| {
            DocumentId::from_value(value).map_or_else(|_| "?".to_owned(), |id| id.to_string())
        };
        checks.at(name, MIXED_TYPES).warn(
            format!(
                "{column} is a number in {} (id {}) and a text in {} (id {}), and it is filtered or sorted by",
                grouped(numbers.unsigned_abs()),
                id(number),
                grouped(texts.unsigned_abs()),
                id(text)
            ),
            format!(
                "the engine sorts numbers before texts, and filters find one kind only: CAST({column} AS TEXT), or mend the rows"
            ),
        );
    }
    if fine {
        checks.at(name, MIXED_TYPES).ok(format!(
            "what is filtered and sorted by has one type each ({})",
            columns.join(", ")
        ));
    }
    Ok(())
}

async fn max_total_hits(
    snapshot: &mut Snapshot<'_>,
    prepared: &Prepared,
    limit: &mut TimeLimit,
    checks: &mut Checks,
) -> Result<(), Error> {
    const CHECK: &str = "definition.max_total_hits";
    let documents_sql = &prepared.definition.documents_sql;
    let settings = &prepared.definition.settings;
    let set = settings
        .get("pagination")
        .and_then(|pagination| pagination.get("maxTotalHits")?.as_u64());
    let max = set.unwrap_or(DEFAULT_MAX_TOTAL_HITS);
    let name = &prepared.definition.name;
    let Some(some) = limit
        .within(snapshot.count_up_to(max.saturating_add(1), documents_sql, Vec::new()))
        .await?
    else {
        unless_stopped(None, prepared, CHECK, checks);
        return Ok(());
    };
    if some <= max {
        let found = format!("all {} can be paged through", documents(some));
        checks.at(name, CHECK).ok(found);
        return Ok(());
    }
    let (all, hidden, set_to) = match limit.within(snapshot.count(documents_sql)).await? {
        Some(all) => (documents(all), grouped(all - max), grouped(all)),
        None => (
            format!("more than {}", documents(max)),
            "the others".to_owned(),
            "there are".to_owned(),
        ),
    };
    checks.at(name, CHECK).warn(
        format!(
            "documents.sql returns {all}, and a search shows no more than {} hits (pagination.maxTotalHits): an \
             application that lists by searching hides {hidden}",
            grouped(max),
        ),
        format!(
            "set pagination.maxTotalHits to more than {set_to} in settings.json, and in the model, if the application sends it"
        ),
    );
    Ok(())
}
