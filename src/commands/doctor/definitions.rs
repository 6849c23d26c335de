//! Checks of the definitions: are they valid, what do they cost, and which changes can a follower not detect?

use std::time::Instant;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::catalog::{self, IndexDefinition};
use crate::cli::Selection;
use crate::document::bad_rows::BadRows;
use crate::document::ids::DocumentId;
use crate::error::Error;
use crate::figures::{counted, grouped, span};
use crate::meilisearch::settings::DEFAULT_MAX_TOTAL_HITS;
use crate::meilisearch::settings_keys;
use crate::preflight::{self, SAMPLE_ROWS};
use crate::prepared::Prepared;
use crate::report::doctor::Checks;
use crate::sqlite::{Argument, Connection, Snapshot, Statement, Value, advice, queries};
use crate::sync::lag;
use crate::sync::tracking::{self, BlindSpot, Tracking};

/// The definitions that can be read. Each that cannot is a failed check of its own.
pub fn load(selection: &Selection, checks: &mut Checks) -> Vec<IndexDefinition> {
    const CHECK: &str = "definition.files";
    let read = match &selection.index_settings {
        None => catalog::built_in().map(|all| all.into_iter().map(Ok).collect::<Vec<_>>()),
        Some(folder) => catalog::load_each(folder).map(|all| {
            let wanted =
                |name: &String| selection.index.is_empty() || selection.index.contains(name);
            all.into_iter()
                .filter(|(name, definition)| definition.is_ok() || wanted(name))
                .map(|(name, definition)| definition.map_err(|error| (name, error)))
                .collect()
        }),
    };
    let read = match read {
        Ok(read) => read,
        Err(error) => {
            checks.fail_as_said("definitions", CHECK, error);
            return Vec::new();
        }
    };
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for definition in read {
        match definition {
            Ok(definition) => good.push(definition),
            Err((name, error)) => {
                checks.fail_as_said(&name, CHECK, error);
                bad.push(name);
            }
        }
    }
    // A definition that was asked for and cannot be read has been reported already: it is not unknown.
    let names: Vec<String> = selection
        .index
        .iter()
        .filter(|name| !bad.contains(name))
        .cloned()
        .collect();
    if names.is_empty() && !selection.index.is_empty() {
        return Vec::new();
    }
    let uids: Vec<(String, String)> = selection
        .uid
        .iter()
        .filter(|(name, _)| !bad.contains(name))
        .cloned()
        .collect();
    match catalog::select(good, &names, &uids) {
        Ok(selected) => selected,
        Err(error) => {
            checks.fail_as_said("definitions", CHECK, error);
            Vec::new()
        }
    }
}

/// Every key of settings.json that no version of Meilisearch knows.
pub fn settings(definition: &IndexDefinition, checks: &mut Checks) {
    let mut all_known = true;
    for (key, value) in &definition.settings {
        let one = Map::from_iter([(key.clone(), value.clone())]);
        if let Err(why) = settings_keys::check_keys(&one) {
            all_known = false;
            let found = format!("settings.json: {why}");
            checks.fail_as_said(&definition.name, "definition.settings", found);
        }
    }
    if all_known {
        let keys = counted(definition.settings.len() as u64, "key", "keys");
        let found = format!("settings.json has {keys} that Meilisearch knows");
        checks.ok(&definition.name, "definition.settings", found);
    }
}

/// Both statements; a fault in one does not hide one in the other.
pub async fn statements(
    connection: &mut Connection,
    definition: &IndexDefinition,
    checks: &mut Checks,
) -> Option<(Prepared, Statement)> {
    let documents = IndexDefinition {
        changes_sql: None,
        ..definition.clone()
    };
    let changes = IndexDefinition {
        documents_sql: "SELECT 1 AS id".to_owned(),
        ..definition.clone()
    };
    let name = &definition.name;
    let mut usable = true;
    for (check, half) in [
        ("definition.documents", documents),
        ("definition.changes", changes),
    ] {
        if let Err(error) = preflight::check_statements(connection, half).await {
            usable = false;
            checks.fail_as_said(name, check, error);
        }
    }
    if !usable {
        return None;
    }
    let prepared = preflight::check_statements(connection, definition.clone())
        .await
        .ok()?;
    let statement = connection.inspect(&definition.documents_sql).await.ok()?;
    let fields: Vec<&str> = prepared.shape.fields().collect();
    let found = format!("documents.sql makes documents of {}", fields.join(", "));
    checks.ok(name, "definition.documents", found);
    let changes = match (&definition.changes_sql, prepared.changes_takes_since) {
        (None, _) => "there is no changes.sql: each `sync` compares every document",
        (Some(_), true) => "changes.sql names what changed since a moment",
        (Some(_), false) => "changes.sql has no :since, so it names every document each time",
    };
    checks.ok(name, "definition.changes", changes);
    id_origin(&prepared, &statement, checks);
    if let Some(word) = advice::unsteady(&definition.documents_sql) {
        checks.warn(
            name,
            "definition.clock",
            format!("documents.sql depends on the moment at which it runs ({word})"),
            "a document differs from itself a day later, and `sync` sends it again each day: leave the condition to the search \
             (a filter), or keep the value in a column",
        );
    }
    Some((prepared, statement))
}

/// VACUUM may give rows of a table without INTEGER PRIMARY KEY other rowids, and the index then mixes rows up.
fn id_origin(prepared: &Prepared, statement: &Statement, checks: &mut Checks) {
    let position = statement.columns.iter().position(|column| column == "id");
    let origin = position.and_then(|position| statement.origins.get(position));
    let Some(origin) = origin else { return };
    let is_rowid = origin
        .column
        .as_deref()
        .is_some_and(|column| column.eq_ignore_ascii_case("rowid"));
    if let (true, Some(table)) = (is_rowid, &origin.table) {
        checks.warn(
            &prepared.definition.name,
            "definition.ids",
            format!("documents.sql takes its id from the rowid of {table}, which has no INTEGER PRIMARY KEY"),
            "VACUUM may number the rows anew, and documents would then be other rows: give the table a column \
             `id INTEGER PRIMARY KEY`, or take another column that stays",
        );
    }
}

/// What reading costs, and what the rows hold. An error of the database ends the checks of this index.
pub async fn rows(
    connection: &mut Connection,
    prepared: &Prepared,
    statement: &Statement,
    checks: &mut Checks,
) {
    let looked = async {
        let mut snapshot = connection.snapshot().await?;
        first_rows(&mut snapshot, prepared, checks).await?;
        reads_by_id(&mut snapshot, prepared, checks).await?;
        let tracking = prepared.tracking(&mut snapshot).await?;
        edits(prepared, &tracking, checks);
        if let Some(changes) = &prepared.definition.changes_sql {
            changes_cost(&mut snapshot, prepared, changes, &tracking, checks).await?;
            change_times(&mut snapshot, prepared, changes, &tracking, checks).await?;
        }
        mixed_types(&mut snapshot, prepared, statement, checks).await?;
        max_total_hits(&mut snapshot, prepared, checks).await?;
        snapshot.end().await?;
        Ok::<_, Error>(())
    };
    if let Err(error) = looked.await {
        checks.fail_as_said(&prepared.definition.name, "definition.rows", error);
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
            checks.ok(name, CHECK, found);
        }
        Err(error) if error.is::<BadRows>() => checks.fail(
            name,
            CHECK,
            error,
            "mend the row, or its column in documents.sql",
        ),
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
    let scanned = tracking::scanned(snapshot, &sql, arguments).await?;
    let name = &prepared.definition.name;
    if scanned.is_empty() {
        checks.ok(
            name,
            CHECK,
            "reading some documents by id reads only these rows",
        );
    } else {
        checks.warn(
            name,
            CHECK,
            format!("reading one document by its id reads the whole of {}", scanned.join(" and ")),
            "each round of `sync` costs as much as a full read then: let `id` be a column with a PRIMARY KEY or an index, \
             and documents.sql a statement whose rows do not depend on each other (no LIMIT, no window function)",
        );
    }
    Ok(())
}

/// Whether changes.sql shows the edits.
fn edits(prepared: &Prepared, tracking: &Tracking, checks: &mut Checks) {
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
            // Each has a check of its own.
            BlindSpot::Unusable(_) | BlindSpot::NoIndex { .. } | BlindSpot::FarFuture { .. } => {
                continue;
            }
        };
        fine = false;
        checks.warn(name, CHECK, spot, advice);
    }
    if fine && tracking.expect_usable().is_ok() {
        checks.ok(
            name,
            CHECK,
            "changes.sql shows each edit that moves its timestamp",
        );
    }
}

async fn changes_cost(
    snapshot: &mut Snapshot<'_>,
    prepared: &Prepared,
    changes: &str,
    tracking: &Tracking,
    checks: &mut Checks,
) -> Result<(), Error> {
    const CHECK: &str = "definition.changes_index";
    if !prepared.changes_takes_since {
        return Ok(());
    }
    let name = &prepared.definition.name;
    let sql = queries::changes(changes);
    let now = tracking.since(Timestamp::now());
    let scanned = tracking::scanned(snapshot, &sql, now.clone()).await?;
    if scanned.is_empty() {
        checks.ok(name, CHECK, "changes.sql finds what changed by an index");
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
    checks.warn(
        name,
        CHECK,
        format!(
            "changes.sql reads the whole of {} at each look ({milliseconds} ms now)",
            scanned.join(" and ")
        ),
        advice,
    );
    Ok(())
}

async fn change_times(
    snapshot: &mut Snapshot<'_>,
    prepared: &Prepared,
    changes: &str,
    tracking: &Tracking,
    checks: &mut Checks,
) -> Result<(), Error> {
    const CHECK: &str = "definition.change_times";
    let name = &prepared.definition.name;
    let Some(found) = lag::look(snapshot, prepared, tracking.everything(), None).await? else {
        return Ok(());
    };
    // Times of an unknown unit, and of other ids, are reported by the check of edits.
    let mut fine = tracking.sees_edits();
    if let Some((number, text)) = &found.mixed {
        fine = false;
        checks.fail(
            name,
            CHECK,
            format!("change timestamps are numbers and texts in one column (id {number} has a number, id {text} a text)"),
            "make them one form: no comparison in SQL holds for both",
        );
    }
    if let Some((id, why)) = &found.unreadable.first {
        fine = false;
        let rows = counted(found.unreadable.rows, "row has", "rows have");
        checks.fail_as_said(
            name,
            CHECK,
            format!("{rows} a change timestamp that is none: id {id}: {why}"),
        );
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
        checks.warn(
            name,
            CHECK,
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
        checks.warn(
            name,
            CHECK,
            format!("{rows} no change timestamp{first}"),
            "changes.sql never names them, so that a change of theirs is found by comparing alone: fill the column, as in \
             UPDATE ... SET updated_at = created_at WHERE updated_at IS NULL",
        );
    }
    if fine {
        checks.ok(
            name,
            CHECK,
            "every document has a change timestamp, all in one form, none in the future",
        );
    }
    Ok(())
}

/// The engine sorts numbers before texts, and a filter for the one does not find the other.
async fn mixed_types(
    snapshot: &mut Snapshot<'_>,
    prepared: &Prepared,
    statement: &Statement,
    checks: &mut Checks,
) -> Result<(), Error> {
    const CHECK: &str = "definition.mixed_types";
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
        checks.warn(
            name,
            CHECK,
            format!(
                "{column} is a number in {} (id {}) and a text in {} (id {}), and it is filtered or sorted by",
                grouped(numbers.unsigned_abs()),
                id(number),
                grouped(texts.unsigned_abs()),
                id(text)
            ),
            format!("the engine sorts numbers before texts, and filters find one kind only: CAST({column} AS TEXT), or mend the rows"),
        );
    }
    if fine {
        checks.ok(
            name,
            CHECK,
            format!(
                "what is filtered and sorted by has one type each ({})",
                columns.join(", ")
            ),
        );
    }
    Ok(())
}

async fn max_total_hits(
    snapshot: &mut Snapshot<'_>,
    prepared: &Prepared,
    checks: &mut Checks,
) -> Result<(), Error> {
    const CHECK: &str = "definition.max_total_hits";
    let documents = snapshot.count(&prepared.definition.documents_sql).await?;
    let settings = &prepared.definition.settings;
    let set = settings
        .get("pagination")
        .and_then(|pagination| pagination.get("maxTotalHits")?.as_u64());
    let max = set.unwrap_or(DEFAULT_MAX_TOTAL_HITS);
    let name = &prepared.definition.name;
    if documents <= max {
        let found = format!(
            "all {} can be paged through",
            counted(documents, "document", "documents")
        );
        checks.ok(name, CHECK, found);
    } else {
        checks.warn(
            name,
            CHECK,
            format!(
                "documents.sql returns {}, and a search shows no more than {} hits (pagination.maxTotalHits): an \
                 application that lists by searching hides {}",
                counted(documents, "document", "documents"),
                grouped(max),
                grouped(documents - max)
            ),
            format!("set pagination.maxTotalHits to more than {} in settings.json, and in the model, if the application sends it", grouped(documents)),
        );
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
