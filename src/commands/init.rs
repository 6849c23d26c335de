//! `init`: writes first index definitions for the tables of a database, for the user to edit.

mod choose;
mod field;
mod identity;
mod look;
mod schema;
mod searching;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use schema::Schema;
use serde_json::{Map, Value};

use crate::catalog::{self, CatalogError};
use crate::cli::Init;
use crate::document::bad_rows::BadRows;
use crate::error::{CommandError, Error, USAGE, WriteError};
use crate::interrupt::or_interrupted;
use crate::meilisearch::settings::{UnknownSetting, check_definition, unmentioned};
use crate::prepared::DefinitionError;
use crate::report::Answer;
use crate::report::init::{InitReport, LeftOut, Outcome, Written};
use crate::spool::SpoolError;
use crate::sqlite::{Connection, RefusedStatement};
use crate::{preflight, session};

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
    #[error(
        "no table of this database looks worth searching; name one with --table ({known}){}",
        reasons(left_out)
    )]
    NothingToSearch {
        /// What there is.
        known: String,
        /// What was looked at, and why it will not do.
        left_out: Vec<LeftOut>,
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

impl CommandError for CannotInit {
    fn exit_code(&self) -> u8 {
        USAGE
    }
}

fn reasons(left_out: &[LeftOut]) -> String {
    let lines = left_out
        .iter()
        .map(|one| format!("\n  {}: {}", one.table, one.why));
    lines.collect()
}

/// One definition: its name, its table, and its files.
struct Draft {
    name: String,
    table: String,
    documents: String,
    changes: Option<String>,
    settings: Map<String, Value>,
    smoke: Value,
    rows: u64,
    notes: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// Where a table is not there or cannot be used, where something would be overwritten, or where what was made does not
/// pass the checks of `reindex`.
pub async fn run(options: &Init) -> Result<Answer, Error> {
    let database = session::database(&options.database)?;
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
    let mut left_out = Vec::new();
    for table in tables {
        let taken: Vec<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
        let name = choose::index_name(&table.name, &taken);
        match write::draft(&mut snapshot, &schema, table, name).await {
            // A reindex would refuse it, and the content of its columns is unknown.
            Ok(draft) if draft.rows == 0 && options.table.is_empty() => left_out.push(LeftOut {
                table: table.name.clone(),
                why: "it has no rows; name it with --table all the same".to_owned(),
            }),
            Ok(draft) => drafts.push(draft),
            Err(error) => left_out.push(unfit(&table.name, error)?),
        }
    }
    snapshot.end().await?;
    if let Some(uid) = &options.from_meilisearch {
        let several = drafts.len();
        let [draft] = drafts.as_mut_slice() else {
            return Err(CannotInit::SeveralTables(several).into());
        };
        take_settings(draft, options, uid).await?;
    }
    let mut usable = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match check(&draft, connection).await {
            Ok(()) => usable.push(draft),
            Err(error) => left_out.push(unfit(&draft.table, error)?),
        }
    }
    let drafts = usable;
    // One that was asked for by name is never left out in silence.
    if let Some(LeftOut { table, why }) = left_out.first().filter(|_| !options.table.is_empty()) {
        let (table, why) = (table.clone(), why.clone());
        return Err(CannotInit::Unfit { table, why }.into());
    }
    if drafts.is_empty() {
        return Err(CannotInit::NothingToSearch {
            known: schema.names(),
            left_out,
        }
        .into());
    }

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
            draft.save(folder).map_err(|error| WriteError {
                path: folder.clone(),
                error,
            })?;
        }
    }
    Ok(InitReport {
        outcome: match options.dry_run {
            true => Outcome::Shown,
            false => Outcome::Written,
        },
        output_dir: folder.display().to_string(),
        indexes: drafts.into_iter().map(Draft::report).collect(),
        left_out,
    })
}

/// Every check of `reindex` that needs no server. As a folder, so that it is checked with its reader, too.
async fn check(draft: &Draft, connection: &mut Connection) -> Result<(), Error> {
    let proof = tempfile::tempdir().map_err(SpoolError::from)?;
    draft.save(proof.path()).map_err(|error| WriteError {
        path: proof.path().to_owned(),
        error,
    })?;
    let definitions = catalog::load(proof.path())?;
    check_definition(&draft.name, &draft.settings)?;
    preflight::against_the_database(connection, definitions).await?;
    Ok(())
}

/// A table that no definition can be made of; one of these is no reason to do without the others. What is wrong with the
/// database itself is.
fn unfit(table: &str, error: Error) -> Result<LeftOut, Error> {
    let why = if let Some(CannotInit::Unfit { why, .. }) = error.downcast_ref() {
        why.clone()
    } else if let Some(CatalogError::Uid { reason, .. }) = error.downcast_ref() {
        format!(
            "an index can't have its name: {reason}; choose a view of it that is named otherwise"
        )
    } else if error.is::<CatalogError>()
        || error.is::<RefusedStatement>()
        || error.is::<DefinitionError>()
        || error.is::<UnknownSetting>()
        || error.is::<BadRows>()
    {
        let lines = error.to_string();
        let lines: Vec<&str> = lines.lines().map(str::trim).collect();
        lines.join(" ")
    } else {
        return Err(error);
    };
    Ok(LeftOut {
        table: table.to_owned(),
        why,
    })
}

/// The settings of an existing index, instead of the guessed ones.
async fn take_settings(draft: &mut Draft, options: &Init, uid: &str) -> Result<(), Error> {
    let server = session::server(&options.server)?;
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
    // It is not known here which words these settings find, and in which fields.
    draft.smoke = Value::Array(vec![searching::ask_for_everything(draft.rows)]);
    draft
        .notes
        .push("smoke.json asks for everything only: add the words that must be found".to_owned());
    Ok(())
}

impl Draft {
    fn report(self) -> Written {
        let files = self.files().into_iter();
        Written {
            files: files.map(|(name, text)| (name.to_owned(), text)).collect(),
            index: self.name,
            table: self.table,
            notes: self.notes,
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
