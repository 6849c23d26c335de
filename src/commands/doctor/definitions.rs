//! Checks of the definitions in themselves: can they be read, are their settings known, can their statements be used?

use serde_json::Map;

use crate::catalog::{self, IndexDefinition, Source};
use crate::cli::Selection;
use crate::figures::counted;
use crate::meilisearch::settings_keys;
use crate::preflight;
use crate::prepared::Prepared;
use crate::report::doctor::Checks;
use crate::sqlite::{Connection, Statement, advice};
use crate::tracking::ChangesBy;

/// The definitions that can be read. Each that cannot is a failed check of its own.
pub fn load(selection: &Selection, checks: &mut Checks) -> Vec<IndexDefinition> {
    const CHECK: &str = "definition.files";
    let source = Source::of(selection.index_settings.as_deref());
    let read = match &source {
        Source::CompiledIn => {
            catalog::built_in().map(|all| all.into_iter().map(Ok).collect::<Vec<_>>())
        }
        Source::Folder(folder) => catalog::load_each(folder).map(|all| {
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
            checks.at("definitions", CHECK).fail_as_said(error);
            return Vec::new();
        }
    };
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for definition in read {
        match definition {
            Ok(definition) => good.push(definition),
            Err((name, error)) => {
                checks.at(&name, CHECK).fail_as_said(error);
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
        Ok(selected) => {
            let count = counted(selected.len() as u64, "index", "indexes");
            checks
                .at("definitions", CHECK)
                .ok(format!("in use: {source}, {count}"));
            selected
        }
        Err(error) => {
            checks
                .at("definitions", CHECK)
                .fail_as_said(error.of(&source));
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
            checks
                .at(&definition.name, "definition.settings")
                .fail_as_said(found);
        }
    }
    if all_known {
        let keys = counted(definition.settings.len() as u64, "key", "keys");
        let found = format!("settings.json has {keys} that Meilisearch knows");
        checks.at(&definition.name, "definition.settings").ok(found);
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
            checks.at(name, check).fail_as_said(error);
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
    checks.at(name, "definition.documents").ok(found);
    let changes = match (&definition.changes_sql, &prepared.changes_by) {
        (None, _) => "there is no changes.sql: each `sync` compares every document".to_owned(),
        (_, ChangesBy::Log(log)) => format!("changes.sql reads the change log `{}`", log.table),
        (_, ChangesBy::Time { takes_since: true }) => {
            "changes.sql names what changed since a moment".to_owned()
        }
        (_, ChangesBy::Time { takes_since: false }) => {
            "changes.sql has no :since, so it names every document each time".to_owned()
        }
    };
    checks.at(name, "definition.changes").ok(changes);
    id_origin(&prepared, &statement, checks);
    if let Some(word) = advice::unsteady(&definition.documents_sql) {
        checks.at(name, "definition.clock").warn(
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
    if let (true, Some(table)) = (origin.is_row_number(), &origin.table) {
        checks.at(&prepared.definition.name, "definition.ids").warn(
            format!(
                "documents.sql takes its id from the rowid of {table}, which has no INTEGER PRIMARY KEY"
            ),
            "VACUUM may number the rows anew, and documents would then be other rows: give the table a column \
             `id INTEGER PRIMARY KEY`, or take another column that stays",
        );
    }
}
