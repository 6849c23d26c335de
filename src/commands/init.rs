//! `init`: index definitions for the tables of a database, as a beginning to be edited.

mod choose;
mod identity;
mod look;
mod report;
mod schema;
mod searching;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::catalog;
use crate::cli::Init;
use crate::engine::settings::{check_keys, unmentioned};
use crate::error::Error;
use crate::interrupt::or_interrupted;
use crate::preflight;
use crate::report::Answer;
use crate::source::Connection;

pub use report::{InitReport, Outcome, Written};
use schema::Schema;

/// No definitions are written.
#[derive(Debug, thiserror::Error)]
pub enum CannotInit {
    /// A name that is no table's.
    #[error("there is no table or view `{name}`; there are: {known}")]
    NoSuchTable {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A table that no documents can be made of.
    #[error("no definition for `{table}`: {why}")]
    Unfit {
        /// The table.
        table: String,
        /// Why, and what to do.
        why: String,
    },
    /// No table has texts.
    #[error("no table of this database looks worth searching; name one with --table ({known})")]
    NothingToSearch {
        /// What there is.
        known: String,
    },
    /// Something would be overwritten.
    #[error("{} is there already; say --force to overwrite it, or give another --output-dir", path.display())]
    Exists {
        /// The definition's folder.
        path: PathBuf,
    },
    /// One index's settings are not those of several.
    #[error(
        "--from-meilisearch gives the settings of one index; choose one table with --table, not {0}"
    )]
    SeveralTables(usize),
}

/// One definition: its name, its table, and its files.
struct Draft {
    name: String,
    table: String,
    documents: String,
    changes: Option<String>,
    settings: Map<String, Value>,
    smoke: Value,
    notes: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// Where a table is not there or cannot be used, where something would be overwritten, or where what was made does not
/// pass the checks of `reindex`.
pub async fn run(options: &Init) -> Result<Answer, Error> {
    let database = super::database(&options.database)?;
    let report = or_interrupted(async {
        let mut connection = database.connect().await?;
        let report = init(options, &mut connection).await;
        connection.close().await?;
        report
    })
    .await?;
    Ok(Answer::new(&report, report.summary()))
}

async fn init(options: &Init, connection: &mut Connection) -> Result<InitReport, Error> {
    let mut snapshot = connection.snapshot().await?;
    let schema = Schema::read(&mut snapshot).await?;
    let tables = choose::tables(&schema, &options.table)?;
    let mut drafts: Vec<Draft> = Vec::with_capacity(tables.len());
    for table in tables {
        let taken: Vec<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
        let name = choose::index_name(&table.name, &taken);
        match write::draft(&mut snapshot, &schema, table, name).await {
            Ok(draft) => drafts.push(draft),
            Err(Error::CannotInit(CannotInit::Unfit { .. })) if options.table.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    snapshot.end().await?;
    if drafts.is_empty() {
        return Err(CannotInit::NothingToSearch {
            known: schema.names(),
        }
        .into());
    }
    if let Some(uid) = &options.from_meilisearch {
        let several = drafts.len();
        let [draft] = drafts.as_mut_slice() else {
            return Err(CannotInit::SeveralTables(several).into());
        };
        take_settings(draft, options, uid).await?;
    }
    // As a folder, so that it is checked with its reader, too.
    let proof = tempfile::tempdir().map_err(Error::Spool)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| Error::Write { path, error }
    };
    for draft in &drafts {
        draft.save(proof.path()).map_err(failed(proof.path()))?;
    }
    let definitions = catalog::load(proof.path())?;
    for definition in &definitions {
        check_keys(&definition.settings).map_err(|why| Error::Settings {
            index: definition.name.clone(),
            why,
        })?;
    }
    preflight::against_the_database(connection, definitions).await?;

    let folder = &options.output_dir;
    let there = drafts.iter().map(|draft| folder.join(&draft.name));
    if let Some(path) = there
        .into_iter()
        .find(|path| path.exists() && !options.force)
    {
        return Err(CannotInit::Exists { path }.into());
    }
    if !options.dry_run {
        for draft in &drafts {
            draft.save(folder).map_err(failed(folder))?;
        }
    }
    Ok(InitReport::new(options, drafts))
}

/// What somebody has set on a running index, in place of the settings that were guessed.
async fn take_settings(draft: &mut Draft, options: &Init, uid: &str) -> Result<(), Error> {
    let server = super::server(&options.server)?;
    server.health().await?;
    let live = server.settings(uid).await?;
    let mut settings = Map::new();
    for key in unmentioned(&Map::new(), &live) {
        let value = live.get(&key).cloned().unwrap_or_default();
        if key == "embedders" {
            draft.notes.push(
                "embedders were left out: their keys come masked from the server; add them by hand"
                    .to_owned(),
            );
            continue;
        }
        settings.insert(key, value);
    }
    draft.settings = settings;
    Ok(())
}

impl Draft {
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

    fn save(&self, folder: &Path) -> std::io::Result<()> {
        let folder = folder.join(&self.name);
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
