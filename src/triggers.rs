//! A change log that triggers keep in the application's database: which triggers, and the changes.sql that reads the log.
//!
//! This program never writes to the database. It makes the SQL, and the application's migration executes it.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `schema` | tables, unique indexes, views and triggers of the database |
//! | `text`, `select` | reads the text of documents.sql |
//! | `graph` | how a row of each table gets into a document |
//! | `plan` | what one definition needs |
//! | `logged` | what the log gets for a row, and the triggers of a table |
//! | `trigger` | one trigger, as a structure and as SQL |
//! | `changes` | the text of changes.sql |
//! | `log` | the log table |

mod changes;
mod graph;
pub mod log;
mod logged;
mod plan;
mod schema;
mod select;
mod text;
mod trigger;

use serde::Serialize;

use crate::catalog::IndexDefinition;
use crate::error::{CommandError, Error, USAGE};
use crate::sqlite::{Connection, DatabaseError, LOG_COLUMNS, Snapshot, sql};
use plan::Watched;
use schema::Schema;
use text::same;
pub use trigger::{Event, Trigger};

/// The name of the log where nobody gives it another.
pub const LOG_TABLE: &str = "bisan_changes";

/// Why no triggers can be made.
#[derive(Debug, thiserror::Error)]
pub enum TriggersError {
    /// It is not known which rows have which ids.
    #[error(
        "{index}/documents.sql: a change log needs to know of which table's row the column id is: {why}. Select as id one \
         column, or an expression over columns of one table"
    )]
    Id {
        /// The definition.
        index: String,
        /// What is in the way.
        why: String,
    },
    /// A virtual table, or one that belongs to it.
    #[error(
        "{index}/documents.sql reads {table}, which is a virtual table or belongs to one: SQLite has no triggers for these. \
         Read the ordinary table that it was filled from"
    )]
    Virtual {
        /// The definition.
        index: String,
        /// The table.
        table: String,
    },
    /// A table of another database.
    #[error(
        "{index}/documents.sql reads {table}, which is not in the database itself: a trigger there cannot write to the log. \
         Read tables of one database"
    )]
    Attached {
        /// The definition.
        index: String,
        /// The table, with its database.
        table: String,
    },
    /// The log would be one of the tables that are read.
    #[error(
        "the log cannot be the table {0}, which documents.sql reads; give another name with --log-table"
    )]
    LogIsRead(String),
}

impl CommandError for TriggersError {
    fn exit_code(&self) -> u8 {
        USAGE
    }
}

/// What definitions need.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The log's name.
    pub log_table: String,
    /// The triggers that write to it.
    pub triggers: Vec<Trigger>,
    /// The changes.sql of each definition.
    pub changes: Vec<Changes>,
    /// The database's own.
    schema: Schema,
}

/// The changes.sql of one definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The definition.
    pub index: String,
    /// The text: columns `id` and `seq`, parameter `:after`.
    pub sql: String,
    /// What a person should know about it.
    pub warnings: Vec<String>,
}

/// A trigger that is needed and not there, or not as it is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The trigger, or the log.
    pub name: String,
    /// The table that it belongs to.
    pub table: String,
    /// What is wrong.
    pub why: String,
}

/// What the log of these definitions needs.
///
/// # Errors
/// Where a definition cannot be followed by triggers, or the database cannot be read.
pub async fn wanted(
    connection: &mut Connection,
    definitions: &[IndexDefinition],
    log_table: &str,
) -> Result<Wanted, Error> {
    let (schema, aggregates) = look(connection).await?;
    let mut tables: Vec<(String, Watched)> = Vec::new();
    let mut changes = Vec::new();
    for definition in definitions {
        let sql = &definition.documents_sql;
        let of = |error: DatabaseError| crate::prepared::refused(definition, error);
        let statement = connection.inspect(sql).await.map_err(of)?;
        let reads = connection.reads(sql).await.map_err(of)?;
        let plan = plan::plan(
            &schema,
            &aggregates,
            log_table,
            definition,
            &statement,
            &reads,
        )?;
        for (table, watched) in plan.tables {
            if same(&table, log_table) {
                return Err(TriggersError::LogIsRead(table).into());
            }
            let at = tables.iter().position(|(known, _)| *known == table);
            let at = at.unwrap_or_else(|| {
                tables.push((table, Watched::default()));
                tables.len() - 1
            });
            for logged in watched.logged {
                tables[at].1.add(logged);
            }
            for column in &watched.columns {
                tables[at].1.read(column);
            }
        }
        changes.push(Changes {
            index: definition.name.clone(),
            sql: plan.changes_sql,
            warnings: plan.warnings,
        });
    }
    let mut triggers: Vec<Trigger> = Vec::new();
    for (name, watched) in &tables {
        let Some(table) = schema.table(name) else {
            continue;
        };
        for mut one in logged::triggers(log_table, table, &watched.logged, &watched.columns) {
            let name = one.name.clone();
            let mut number = 2;
            while triggers.iter().any(|other| same(&other.name, &one.name)) {
                one.name = format!("{name}_{number}");
                number += 1;
            }
            triggers.push(one);
        }
    }
    Ok(Wanted {
        log_table: log_table.to_owned(),
        triggers,
        changes,
        schema,
    })
}

/// What of [`wanted`] the database does not have.
///
/// # Errors
/// Those of [`wanted`].
pub async fn missing(
    connection: &mut Connection,
    definitions: &[IndexDefinition],
    log_table: &str,
) -> Result<Vec<Missing>, Error> {
    let wanted = wanted(connection, definitions, log_table).await?;
    let mut missing = wanted.missing_from(&wanted.present());
    missing.extend(wanted.unread_by(definitions));
    Ok(missing)
}

impl Wanted {
    /// The triggers of the database that this program can read.
    pub fn present(&self) -> Vec<Trigger> {
        let triggers = self.schema.triggers.iter();
        triggers.filter_map(|sql| Trigger::parse(sql)).collect()
    }

    /// What the database does not have, whose triggers are these.
    pub fn missing_from(&self, present: &[Trigger]) -> Vec<Missing> {
        let mut missing = Vec::new();
        let log = self.schema.table(&self.log_table);
        let lacking = LOG_COLUMNS
            .iter()
            .find(|column| log.is_some_and(|log| log.column(column).is_none()));
        let about_log = match (log, lacking) {
            (None, _) => Some("the log is not there".to_owned()),
            (Some(_), Some(column)) => Some(format!("it has no column {column}")),
            (Some(_), None) => None,
        };
        missing.extend(about_log.map(|why| Missing {
            name: self.log_table.clone(),
            table: self.log_table.clone(),
            why,
        }));
        for trigger in &self.triggers {
            if present.iter().any(|one| one.covers(trigger)) {
                continue;
            }
            let mut named = present.iter();
            let named = named.find(|one| same(&one.name, &trigger.name));
            missing.push(Missing {
                name: trigger.name.clone(),
                table: trigger.table.clone(),
                why: named
                    .and_then(|one| one.lacks(trigger))
                    .unwrap_or_else(|| "it is not there".to_owned()),
            });
        }
        missing
    }

    /// The rows of the log that a changes.sql does not read: the triggers were made again for another key, say, and it still
    /// looks for the former one. A changes.sql without `:after` follows timestamps, and reads no log yet.
    pub fn unread_by(&self, definitions: &[IndexDefinition]) -> Vec<Missing> {
        let mut unread = Vec::new();
        for (definition, changes) in definitions.iter().zip(&self.changes) {
            let Some(sql) = &definition.changes_sql else {
                continue;
            };
            let has = |text: &str| sql::tokens(sql).any(|token| token.text == text);
            if !has(":after") {
                continue;
            }
            for source in text::sources(&changes.sql) {
                if !has(&source) {
                    unread.push(Missing {
                        name: format!("{}/changes.sql", definition.name),
                        table: self.log_table.clone(),
                        why: format!(
                            "it does not read the rows of the log whose src is {source}; `bisan-indexer triggers --changes {}` \
                             prints one that does",
                            definition.name
                        ),
                    });
                }
            }
        }
        unread
    }

    /// Those of the present triggers that write to the log and that no definition needs.
    pub fn unneeded_among<'p>(&self, present: &'p [Trigger]) -> Vec<&'p Trigger> {
        let log = text::quoted(&self.log_table);
        let is_ours = |one: &&Trigger| {
            let into = format!("INSERT INTO {log} ");
            one.statements.iter().any(|sql| sql.starts_with(&into))
        };
        let is_needed = |one: &&Trigger| {
            !self
                .triggers
                .iter()
                .any(|wanted| same(&wanted.table, &one.table) && wanted.event == one.event)
        };
        present.iter().filter(is_ours).filter(is_needed).collect()
    }
}

/// The schema, and the names of all aggregate functions.
async fn look(connection: &mut Connection) -> Result<(Schema, Vec<String>), Error> {
    let mut snapshot = connection.snapshot().await?;
    let schema = Schema::read(&mut snapshot).await?;
    let aggregates = aggregates(&mut snapshot).await?;
    snapshot.end().await?;
    Ok((schema, aggregates))
}

async fn aggregates(snapshot: &mut Snapshot<'_>) -> Result<Vec<String>, DatabaseError> {
    let sql = "SELECT DISTINCT lower(name) FROM pragma_function_list WHERE type IN ('a', 'w')";
    Ok(snapshot
        .texts(sql, &[])
        .await?
        .into_iter()
        .flatten()
        .collect())
}
