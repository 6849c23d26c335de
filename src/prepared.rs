//! An index whose definition was checked, with what lies under its live uid.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::catalog::IndexDefinition;
use crate::document::DocumentShape;
use crate::error::{CommandError, Error, FAILED, USAGE};
use crate::generation::records::Record;
use crate::meilisearch::IndexInfo;
use crate::sqlite::{DatabaseError, Row, Snapshot};
use crate::tracking::{ChangesBy, Tracking};

/// An index whose definition was checked against the database and the server.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The definition.
    pub definition: IndexDefinition,
    /// How its rows become documents.
    pub shape: DocumentShape,
    /// Its settings, without the keys that this server is too old for.
    pub settings: Map<String, Json>,
    /// How changes.sql finds what changed.
    pub changes_by: ChangesBy,
    /// What is known of its changes; `None` if this was not examined.
    pub tracking: Option<Tracking>,
    /// What tells this definition from a later one.
    pub fingerprint: String,
    /// The same of each of its parts.
    pub parts: BTreeMap<String, String>,
    /// The index under the live uid now.
    pub live: Option<Live>,
}

impl Prepared {
    /// Finds out what can be seen of its changes.
    ///
    /// # Errors
    /// Change timestamps that cannot be compared, or what keeps the database from being read.
    pub async fn look_at_changes(&self, snapshot: &mut Snapshot<'_>) -> Result<Tracking, Error> {
        match &self.tracking {
            None => Tracking::look(snapshot, &self.definition, &self.changes_by).await,
            Some(before) => {
                before
                    .look_again(snapshot, &self.definition, &self.changes_by)
                    .await
            }
        }
    }

    /// The same where times that cannot be compared are something to tell, and not the end.
    ///
    /// # Errors
    /// What keeps the database from being read.
    pub async fn tracking(&self, snapshot: &mut Snapshot<'_>) -> Result<Tracking, Error> {
        let looked = self.look_at_changes(snapshot).await;
        let unusable = looked.as_ref().err().and_then(Error::downcast_ref);
        match unusable.cloned() {
            Some(why) => Ok(Tracking::unusable(why, &self.changes_by)),
            None => looked,
        }
    }

    /// What a person should know about following it, with its live uid.
    pub fn blind_spots(&self) -> impl Iterator<Item = (&str, String)> {
        let spots = self
            .tracking
            .iter()
            .flat_map(|tracking| &tracking.blind_spots);
        spots.map(|spot| (self.definition.live_uid.as_str(), spot.to_string()))
    }

    /// Checks that a row has the columns that the shape was read from; call it for the first row of a statement.
    ///
    /// # Errors
    /// The database was migrated since.
    pub fn expect_columns_of(&self, row: &Row) -> Result<(), DefinitionError> {
        if self.shape.is_of(row.columns()) {
            return Ok(());
        }
        Err(DefinitionError::ColumnsChanged {
            index: self.definition.name.clone(),
        })
    }
}

/// The live index as a run has found it.
#[derive(Clone, Debug)]
pub struct Live {
    /// The index; its `createdAt` says which generation it is.
    pub index: IndexInfo,
    /// How many documents it holds.
    pub documents: u64,
    /// Our record of it. Without one, another program made it, or its record is lost.
    pub record: Option<Record>,
}

impl Live {
    /// Whether it was not made for another live uid, and brought here by hand.
    pub fn is_of(&self, live_uid: &str) -> bool {
        self.record
            .as_ref()
            .is_none_or(|record| record.live_uid == live_uid)
    }
}

/// A definition that the database cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// A definition that is compiled in, which nobody has chosen for this database.
    #[error(
        "no definitions were given, so these are {}, and this database has no `{table}`; `bisan-indexer init` writes \
         definitions for it into ./index-settings (or name a folder with --index-settings)",
        crate::catalog::WHOSE
    )]
    NotOfThisDatabase {
        /// The table that is missing.
        table: String,
    },
    /// documents.sql has parameters; there is nothing to bind to them.
    #[error("{index}/documents.sql has a parameter {parameter}; it is read whole and gets none")]
    DocumentsParameter {
        /// The definition's name.
        index: String,
        /// The parameter.
        parameter: String,
    },
    /// changes.sql has another parameter than `:since` or `:after`.
    #[error(
        "{index}/changes.sql has a parameter {parameter}; the only one it gets is :since, or :after if it reads a change log"
    )]
    ChangesParameter {
        /// The definition's name.
        index: String,
        /// The parameter.
        parameter: String,
    },
    /// changes.sql lacks a column.
    #[error(
        "{index}/changes.sql must return the columns id and changed_at (SELECT id, updated_at AS changed_at …); \
         it returns {}", .columns.join(", ")
    )]
    ChangesColumns {
        /// The definition's name.
        index: String,
        /// Its columns.
        columns: Vec<String>,
    },
    /// changes.sql reads a change log, and lacks a column.
    #[error(
        "{index}/changes.sql has the parameter :after, so it must return the columns id and seq of a change log; it returns \
         {}. `bisan-indexer triggers` prints a fitting one", .columns.join(", ")
    )]
    LogColumns {
        /// The definition's name.
        index: String,
        /// Its columns.
        columns: Vec<String>,
    },
    /// changes.sql has `:after`, and no table that it reads is a change log.
    #[error(
        "{index}/changes.sql has the parameter :after, but reads no change log, which is a table with the columns seq, src, id \
         and at. `bisan-indexer triggers` prints the SQL that makes one"
    )]
    NoLog {
        /// The definition's name.
        index: String,
    },
    /// SQLite takes two columns of changes.sql for one, and may give the one's values for the other's.
    #[error(
        "{index}/changes.sql has two columns that SQLite takes for one name, {first:?} and {second:?}; give one of them \
         another name, or leave it out"
    )]
    ChangesSameName {
        /// The definition's name.
        index: String,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A column without a name, for which SQLite generates one, and a different one if the statement is part of
    /// another.
    #[error(
        "{index}/documents.sql: the column {column:?} has no name of its own; give it one: AS {suggested}"
    )]
    NoName {
        /// The definition's name.
        index: String,
        /// What SQLite calls it.
        column: String,
        /// What SQLite calls it elsewhere.
        suggested: String,
    },
    /// The columns do not make a document.
    #[error("{index}/documents.sql: {why}")]
    Shape {
        /// The definition's name.
        index: String,
        /// Why.
        why: crate::document::ShapeError,
    },
    /// The database was migrated while its rows were read.
    #[error(
        "{index}/documents.sql returns other columns than when the run began: the database was changed meanwhile (ALTER \
         TABLE, a migration). Nothing that was read since is used; run the command again"
    )]
    ColumnsChanged {
        /// The definition's name.
        index: String,
    },
    /// The live index identifies its documents by another field.
    #[error(
        "{live_uid}: the live index has the primary key `{found}`, and documents.sql gives `id`; \
         a search application that looks hits up by `{found}` would find none. Rename the column, or delete that index"
    )]
    PrimaryKey {
        /// The live uid.
        live_uid: String,
        /// The primary key there.
        found: String,
    },
}

impl CommandError for DefinitionError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::ColumnsChanged { .. } => FAILED,
            _ => USAGE,
        }
    }
}

/// A documents.sql that the database does not take. Where nobody has chosen the definition, it is the wrong one.
pub fn refused(definition: &IndexDefinition, why: DatabaseError) -> Error {
    const NO_TABLE: &str = "no such table: ";
    let said = why.to_string();
    let table = said.split_once(NO_TABLE).map(|(_, rest)| rest);
    match table.filter(|_| definition.is_compiled_in) {
        Some(rest) => {
            let end = rest.find([',', ' ', '\n']).unwrap_or(rest.len());
            DefinitionError::NotOfThisDatabase {
                table: rest[..end].to_owned(),
            }
            .into()
        }
        None => why.of_statement(&definition.name, "documents.sql"),
    }
}
