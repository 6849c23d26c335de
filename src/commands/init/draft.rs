//! One definition, from a table that was looked at to the texts of its files.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::error::CannotInit;
use super::look::{Look, Looked};
use super::role::Role;
use super::tables::Why;
use super::{condition, field, fields, following, identity, joins, settings, vocabulary, write};
use crate::cli::Init;
use crate::error::Error;
use crate::meilisearch::settings::unmentioned;
use crate::report::init::Written;
use crate::session;
use crate::sqlite::Snapshot;

/// One definition: its name, its table, its files, and what was chosen.
pub(super) struct Draft {
    pub written: Written,
    pub documents: String,
    changes: Option<String>,
    pub settings: Map<String, Value>,
    smoke: Value,
}

/// One definition, decision by decision.
pub(super) async fn draft(
    snapshot: &mut Snapshot<'_>,
    known: &mut following::Known,
    looks: &[Look<'_>],
    look: &Look<'_>,
    index: String,
) -> Result<Draft, Error> {
    let table = look.table;
    if !look.has_words() {
        return Err(CannotInit::Unfit {
            table: table.name.clone(),
            why: format!("{}; write its definition by hand", Why::NoWords.told()),
        }
        .into());
    }
    let identity = identity::of(snapshot, look).await?;
    let (conditions, mut notes) = condition::of(snapshot, look).await?;
    let joins = joins::labels(looks, look);
    let gathered = joins::gathered(snapshot, looks, look).await?;
    let made = fields::of(
        snapshot,
        looks,
        look,
        &identity,
        &conditions,
        &joins,
        &gathered,
    )
    .await?;
    let following = following::of(snapshot, known, look, &identity, &joins, &gathered).await?;
    let fields = made.fields;
    notes.extend(identity.notes.iter().cloned());
    notes.extend(made.notes);
    let mut remarks = Vec::new();
    match following.changes.is_some() {
        true => notes.extend(following.notes),
        // Said once for all tables.
        false => remarks.extend(following.notes),
    }
    if !made.left_out.is_empty() {
        let left_out: Vec<String> = made
            .left_out
            .iter()
            .map(|(column, why)| format!("{column} ({why})"))
            .collect();
        notes.insert(0, format!("left out: {}", left_out.join(", ")));
    }
    let is_read = |one: &&Looked<'_>| {
        let is_left_out = made
            .left_out
            .iter()
            .any(|(other, _)| *other == one.column.name);
        vocabulary::is_of_persons(&one.column.words) && one.role != Role::Reference && !is_left_out
    };
    let of_persons = look.columns.iter().filter(is_read);
    let of_persons: Vec<&str> = of_persons.map(|one| one.column.name.as_str()).collect();
    if !of_persons.is_empty() {
        notes.push(format!(
            "of persons: {}; take these lines out unless whoever searches may read them",
            of_persons.join(", ")
        ));
    }
    remarks.splice(0..0, notes.iter().cloned());
    let documents = write::documents(table, &identity, &fields, &joins, &conditions, &remarks);
    let smoke = settings::smoke(snapshot, &documents, &fields, look.rows).await?;
    let names =
        |fields: Vec<&field::Field>| fields.into_iter().map(|field| field.name.clone()).collect();
    let joined = joins
        .iter()
        .map(|join| format!("{}.{}", join.look.table.name, listed_names(join.look)));
    let gathered = gathered
        .iter()
        .map(|one| format!("{}.{}", one.look.table.name, listed_names(one.look)));
    Ok(Draft {
        written: Written {
            index,
            table: table.name.clone(),
            rows: look.rows,
            searched: names(settings::searched(&fields)),
            filtered: names(fields.iter().filter(|field| field.filtered).collect()),
            sorted: names(fields.iter().filter(|field| field.sorted).collect()),
            joined: joined.chain(gathered).collect(),
            languages: settings::languages(&fields)
                .into_iter()
                .map(str::to_owned)
                .collect(),
            only: conditions.iter().map(|one| one.sql.clone()).collect(),
            follows: following.by,
            files: Default::default(),
            notes,
        },
        documents,
        changes: following.changes,
        settings: settings::settings(&fields, look.rows),
        smoke,
    })
}

fn listed_names(look: &Look<'_>) -> String {
    let names: Vec<&str> = look
        .name()
        .iter()
        .map(|one| one.column.name.as_str())
        .collect();
    names.join("+")
}

/// The settings of an existing index, instead of the guessed ones.
pub(super) async fn take_settings(
    draft: &mut Draft,
    options: &Init,
    uid: &str,
) -> Result<(), Error> {
    let server = session::server(&options.server)?;
    server.health().await?;
    let live = server.settings(uid).await?;
    let mut settings = Map::new();
    for key in unmentioned(&Map::new(), &live) {
        let value = live.get(&key).cloned().unwrap_or_default();
        if key == "embedders" {
            draft.written.notes.push(
                "embedders were left out: their keys come masked from the server; add them by hand"
                    .to_owned(),
            );
            continue;
        }
        settings.insert(key, value);
    }
    let of = |key: &str| -> Vec<String> {
        let names = settings
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    draft.written.searched = of("searchableAttributes");
    draft.written.filtered = of("filterableAttributes");
    draft.written.sorted = of("sortableAttributes");
    draft.settings = settings;
    // It is not known here which words these settings find, and in which fields.
    draft.smoke = Value::Array(vec![settings::ask_for_everything(draft.written.rows)]);
    draft
        .written
        .notes
        .push("smoke.json asks for everything only: add the words that must be found".to_owned());
    Ok(())
}

impl Draft {
    pub fn report(self) -> Written {
        let files = self.files().into_iter();
        let files = files.map(|(name, text)| (name.to_owned(), text)).collect();
        Written {
            files,
            ..self.written
        }
    }

    /// The files, by their names.
    fn files(&self) -> Vec<(&'static str, String)> {
        let pretty = |value: &Value| format!("{value:#}\n");
        let mut files = vec![
            ("documents.sql", self.documents.clone()),
            (
                "settings.json",
                pretty(&Value::Object(self.settings.clone())),
            ),
            ("smoke.json", pretty(&self.smoke)),
        ];
        files.extend(self.changes.clone().map(|sql| ("changes.sql", sql)));
        files
    }

    pub fn save(&self, folder: &Path) -> std::io::Result<()> {
        let folder = folder.join(&self.written.index);
        fs::create_dir_all(&folder)?;
        if self.changes.is_none() && folder.join("changes.sql").exists() {
            fs::remove_file(folder.join("changes.sql"))?;
        }
        for (name, text) in self.files() {
            fs::write(folder.join(name), text)?;
        }
        Ok(())
    }
}
