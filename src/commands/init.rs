//! `init`: writes first index definitions for the tables of a database, as a person would who knows what is searched.
//!
//! | file | what it decides |
//! | --- | --- |
//! | `schema` | what the database has: tables, keys, views, full-text indexes |
//! | `sample` | what the columns hold, by some rows |
//! | `words`, `vocabulary` | what names mean |
//! | `role` | what a column is, and what follows from that: the rules |
//! | `look` | a table as a whole: its columns' roles, its keys, what its rows are called |
//! | `tables` | which tables get an index |
//! | `uid` | what index and fields are called |
//! | `identity` | what a row is known by |
//! | `condition` | which rows stay out |
//! | `joins` | what other tables give |
//! | `field`, `fields`, `geo`, `forms` | the fields of a document |
//! | `prove` | proves for every row what was guessed from some |
//! | `language` | what Meilisearch must be told of languages |
//! | `following` | how changes are followed |
//! | `draft` | one definition: all decisions on a table, one after the other |
//! | `settings`, `write`, `sql` | the texts of the files |

mod condition;
mod draft;
mod error;
mod field;
mod fields;
mod following;
mod forms;
mod geo;
mod identity;
mod joins;
mod language;
mod look;
mod prove;
mod role;
mod sample;
mod schema;
mod settings;
mod sql;
mod tables;
mod uid;
mod vocabulary;
mod words;
mod write;

pub use error::CannotInit;

use draft::{Draft, draft, take_settings};
use look::Look;
use sample::Sample;
use schema::{Kind, Schema, Table};
use tables::Why;

use crate::catalog::{self, CatalogError};
use crate::cli::Init;
use crate::document::bad_rows::BadRows;
use crate::error::{Error, WriteError};
use crate::figures::grouped;
use crate::interrupt::or_interrupted;
use crate::meilisearch::settings::{UnknownSetting, check_definition};
use crate::prepared::DefinitionError;
use crate::progress::Progress;
use crate::report::Answer;
use crate::report::init::{InitReport, LeftOut, Outcome};
use crate::spool::SpoolError;
use crate::sqlite::{Connection, DatabaseError, RefusedStatement, Snapshot};
use crate::{preflight, session};

/// Runs it.
///
/// # Errors
/// Where a table is not there or cannot be used, where something would be overwritten, or where what was made does not
/// pass the checks of `reindex`.
pub async fn run(options: &Init, progress: &Progress) -> Result<Answer, Error> {
    let database = session::database(&options.database)?;
    let report = or_interrupted(async {
        let mut connection = database.connect().await?;
        let report = init(options, &mut connection, progress).await;
        connection.close().await?;
        report
    })
    .await?;
    progress.finish();
    Ok(Answer::new(&report, report.summary()))
}

async fn init(
    options: &Init,
    connection: &mut Connection,
    progress: &Progress,
) -> Result<InitReport, Error> {
    let mut left_out = Vec::new();
    let mut snapshot = connection.snapshot().await?;
    let schema = Schema::read(&mut snapshot).await?;
    let asked = tables::asked(&schema, &options.table)?;
    let looks = look(
        options,
        &mut snapshot,
        &schema,
        &asked,
        progress,
        &mut left_out,
    )
    .await?;
    let chosen = choose(&schema, &looks, &asked, &mut left_out);
    let mut known = following::Known::default();
    let mut drafts: Vec<Draft> = Vec::with_capacity(chosen.len());
    for (at, look) in chosen.iter().enumerate() {
        let table = look.table;
        progress.looking(|| {
            let rows = grouped(look.rows);
            format!(
                "reading every row of {} ({rows}), {} of {}",
                table.name,
                at + 1,
                chosen.len()
            )
        });
        let taken: Vec<&str> = drafts
            .iter()
            .map(|draft| draft.written.index.as_str())
            .collect();
        let name = uid::index(&table.name, &taken);
        match draft(&mut snapshot, &mut known, &looks, look, name).await {
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
    progress.looking(|| "checking what was chosen as a reindex checks it".to_owned());
    let mut usable = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match check(&draft, connection).await {
            Ok(()) => usable.push(draft),
            Err(error) => left_out.push(unfit(&draft.written.table, error)?),
        }
    }
    let drafts = usable;
    // One that was asked for by name is never left out in silence.
    let is_asked = |one: &&LeftOut| asked.iter().any(|table| table.name == one.table);
    if let Some(LeftOut { table, why }) = left_out.iter().find(is_asked) {
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
    let there = drafts.iter().map(|draft| folder.join(&draft.written.index));
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

/// Looks at every table that an index may be made of, or that one of these refers to.
async fn look<'s>(
    options: &Init,
    snapshot: &mut Snapshot<'_>,
    schema: &'s Schema,
    asked: &[&Table],
    progress: &Progress,
    left_out: &mut Vec<LeftOut>,
) -> Result<Vec<Look<'s>>, Error> {
    let is_asked = |table: &Table| asked.iter().any(|other| other.name == table.name);
    let is_of_interest = |table: &&Table| is_asked(table) || tables::by_schema(table).is_none();
    let of_interest: Vec<&Table> = schema.tables.iter().filter(is_of_interest).collect();
    let is_referred_to = |table: &Table| {
        let mut keys = of_interest.iter().flat_map(|other| &other.foreign_keys);
        table.kind == Kind::Table && keys.any(|key| key.table.eq_ignore_ascii_case(&table.name))
    };
    let tables = schema
        .tables
        .iter()
        .filter(|table| is_of_interest(table) || is_referred_to(table));
    let tables: Vec<&Table> = tables.collect();
    let mut looks = Vec::with_capacity(tables.len());
    for (at, table) in tables.iter().enumerate() {
        progress.looking(|| format!("looking at {}, {} of {}", table.name, at + 1, tables.len()));
        match Sample::of(snapshot, table).await {
            Ok(sample) => looks.push(Look::new(schema, table, sample, &options.column)),
            Err(why) if is_of_the_table(&why) => left_out.push(LeftOut {
                table: table.name.clone(),
                why: why.to_string(),
            }),
            Err(why) => return Err(why.into()),
        }
    }
    Ok(looks)
}

/// The tables that get an index; the others are named. Where only lists of names are there, they are what is searched.
fn choose<'l>(
    schema: &Schema,
    looks: &'l [Look<'l>],
    asked: &[&Table],
    left_out: &mut Vec<LeftOut>,
) -> Vec<&'l Look<'l>> {
    if !asked.is_empty() {
        let looked = asked
            .iter()
            .filter_map(|table| joins::find(looks, &table.name));
        return looked.collect();
    }
    let mut chosen = Vec::new();
    let mut others: Vec<(&'l Look<'l>, Why)> = Vec::new();
    for table in schema
        .tables
        .iter()
        .filter(|table| table.kind != Kind::Machinery)
    {
        let look = joins::find(looks, &table.name);
        match (tables::by_schema(table), look) {
            (Some(why), _) => left_out.push(LeftOut {
                table: table.name.clone(),
                why: match &table.kind {
                    Kind::Unreadable(reason) => format!("{}: {reason}", why.told()),
                    _ => why.told().to_owned(),
                },
            }),
            (None, Some(look)) => match tables::by_rows(look, looks) {
                Some(why) => others.push((look, why)),
                None => chosen.push(look),
            },
            // It could not be looked at, which was told.
            (None, None) => {}
        }
    }
    if chosen.is_empty() {
        let is_searched = |why: Why| matches!(why, Why::Lookup | Why::Log);
        chosen.extend(
            others
                .iter()
                .filter(|(_, why)| is_searched(*why))
                .map(|(look, _)| *look),
        );
        others.retain(|(_, why)| !is_searched(*why));
    }
    left_out.extend(others.into_iter().map(|(look, why)| LeftOut {
        table: look.table.name.clone(),
        why: why.told().to_owned(),
    }));
    chosen
}

/// Every check of `reindex` that needs no server. As a folder, so that it is checked with its reader, too.
async fn check(draft: &Draft, connection: &mut Connection) -> Result<(), Error> {
    let proof = tempfile::tempdir().map_err(SpoolError::from)?;
    draft.save(proof.path()).map_err(|error| WriteError {
        path: proof.path().to_owned(),
        error,
    })?;
    let definitions = catalog::load(proof.path())?;
    check_definition(&draft.written.index, &draft.settings)?;
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
        || error.downcast_ref().is_some_and(is_of_the_table)
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

/// Whether an error comes of what a table or view is made of, such as a function of the application's; one of the file, or
/// of the disk, is no table's.
fn is_of_the_table(error: &DatabaseError) -> bool {
    /// SQLITE_ERROR, whatever its extension.
    const GENERIC: i32 = 1;
    match error {
        DatabaseError::Statement(_) | DatabaseError::Collation { .. } => true,
        DatabaseError::Read { code, .. } => code & 0xff == GENERIC,
        _ => false,
    }
}
