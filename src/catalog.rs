//! `index-settings/` becomes [`IndexDefinition`]s.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `catalog.rs` | a definition, and the shipped ones |
//! | `catalog/source.rs` | which definitions are in use: a folder's, or the shipped ones |
//! | `catalog/load.rs` | reads a folder of definitions |
//! | `catalog/smoke.rs` | `smoke.json` |
//! | `catalog/uid.rs` | what a live uid may look like |
//! | `catalog/fingerprint.rs` | tells whether a definition has changed since a generation was built |

use std::path::Path;

use serde_json::{Map, Value};

mod error;
pub mod fingerprint;
mod load;
mod select;
mod smoke;
mod source;
mod uid;

pub use error::CatalogError;
pub use load::{load, load_each};
pub use select::select;
pub use smoke::{SmokeQuery, SmokeSet};
pub use source::{Source, WHOSE};

/// What one index is made of: one folder of `index-settings/`.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexDefinition {
    /// The folder's name: what a person calls the index on the command line.
    pub name: String,
    /// The uid that the application searches. The folder's name, unless `--uid NAME=UID` says otherwise.
    pub live_uid: String,
    /// `settings.json`: Meilisearch's own settings object.
    pub settings: Map<String, Value>,
    /// `documents.sql`: one row is one document.
    pub documents_sql: String,
    /// `changes.sql`: ids and when they changed. Without it, `sync` compares.
    pub changes_sql: Option<String>,
    /// `smoke.json`: what a good index must answer.
    pub smoke: Vec<SmokeSet>,
    /// It is one of those that are compiled in, which nobody may have chosen.
    pub is_compiled_in: bool,
}

/// The files of one definition, as text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files<'a> {
    settings: &'a str,
    documents: &'a str,
    changes: Option<&'a str>,
    smoke: Option<&'a str>,
}

/// The definitions that are compiled into the binary, so that it runs alone in a container: Bisan's. A test reads
/// them, so that an error here is one of a build that nobody has tested.
pub fn built_in() -> Result<Vec<IndexDefinition>, CatalogError> {
    SHIPPED
        .iter()
        .map(|(name, files)| {
            let definition = IndexDefinition::parse(name, Path::new(name), *files)?;
            Ok(IndexDefinition {
                is_compiled_in: true,
                ..definition
            })
        })
        .collect()
}

/// The one list of what is shipped.
const SHIPPED: [(&str, Files<'static>); 2] = [
    (
        "articles",
        Files {
            settings: include_str!("../index-settings/articles/settings.json"),
            documents: include_str!("../index-settings/articles/documents.sql"),
            changes: Some(include_str!("../index-settings/articles/changes.sql")),
            smoke: Some(include_str!("../index-settings/articles/smoke.json")),
        },
    ),
    (
        "authors",
        Files {
            settings: include_str!("../index-settings/authors/settings.json"),
            documents: include_str!("../index-settings/authors/documents.sql"),
            changes: Some(include_str!("../index-settings/authors/changes.sql")),
            smoke: Some(include_str!("../index-settings/authors/smoke.json")),
        },
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_definitions_are_those_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("index-settings");
        let mut built_in = built_in().unwrap();
        for definition in &mut built_in {
            assert!(definition.is_compiled_in);
            definition.is_compiled_in = false;
        }
        assert_eq!(built_in, load(&folder).unwrap());
    }
}
