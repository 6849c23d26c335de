//! What can be wrong with definitions.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{CommandError, USAGE};

/// Definitions, or a choice among them, that can't be used: usage. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The folder of definitions is not there, or a file in it can't be read.
    #[error("can't read {}: {error}{}", path.display(), existing(path, error))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The system's word.
        #[source]
        error: io::Error,
    },
    /// No folder of a definition in it.
    #[error(
        "{} holds no index definition: each is a folder, named as the index, with settings.json and documents.sql; `bisan-indexer init` writes some", .0.display()
    )]
    Empty(PathBuf),
    /// One definition's folder was given for the folder of all.
    #[error("{} is the folder of one definition; give the folder that holds it, {}", path.display(), parent.display())]
    OneDefinition {
        /// What was given.
        path: PathBuf,
        /// What is meant.
        parent: PathBuf,
    },
    /// A definition lacks a file that it can't do without.
    #[error("{} is missing: {what}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What it would hold.
        what: &'static str,
    },
    /// A file that is no text.
    #[error("{} is not UTF-8; save it as UTF-8", .0.display())]
    NotUtf8(PathBuf),
    /// A file without content.
    #[error("{} is empty: {what}", path.display())]
    Blank {
        /// The file.
        path: PathBuf,
        /// What it would hold.
        what: &'static str,
    },
    /// JSON that can't be parsed.
    #[error("{}:{}:{}: not valid JSON: {error}", path.display(), error.line(), error.column())]
    Json {
        /// The file.
        path: PathBuf,
        /// The parser's word.
        #[source]
        error: serde_json::Error,
    },
    /// JSON of another form.
    #[error("{}: {problem}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A name that Meilisearch would refuse, or that this program would take for something else.
    #[error(
        "`{uid}` can't be the uid of index `{name}`: {reason}{}",
        rename(name, uid)
    )]
    Uid {
        /// The definition.
        name: String,
        /// Its live uid.
        uid: String,
        /// Why not.
        reason: String,
    },
    /// Two definitions would fill the same index, and each reindex of one would remove the documents of the other.
    #[error(
        "the indexes `{first}` and `{second}` have the same uid `{uid}`; each needs one of its own (one index from two tables: one documents.sql with UNION ALL)"
    )]
    SameUid {
        /// The uid.
        uid: String,
        /// A definition.
        first: String,
        /// Another one.
        second: String,
    },
    /// A name that no definition has.
    #[error("there is no index definition `{name}`{}; there are: {}{}", did_you_mean(nearest), known.join(", "), of(origin))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The most similar name there is.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
        /// Where they are; empty where that is not known.
        origin: String,
    },
    /// `--uid articles=Article --uid articles=Post`.
    #[error("index `{name}` was given two uids, `{first}` and `{second}`; give one")]
    TwoUids {
        /// The definition.
        name: String,
        /// A uid.
        first: String,
        /// Another one.
        second: String,
    },
}

impl CatalogError {
    /// The same of definitions that come from somewhere.
    pub fn of(mut self, from: &super::Source) -> CatalogError {
        if let CatalogError::Unknown { origin, .. } = &mut self {
            *origin = from.to_string();
        }
        self
    }
}

fn of(source: &str) -> String {
    match source {
        "" => String::new(),
        source => format!(" (of {source})"),
    }
}

impl CommandError for CatalogError {
    fn exit_code(&self) -> u8 {
        USAGE
    }
}

fn existing(path: &Path, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::NotFound {
        return String::new();
    }
    let existing = path.ancestors().skip(1).find(|folder| folder.is_dir());
    existing
        .map(|folder| format!("; of that path {} exists", folder.display()))
        .unwrap_or_default()
}

fn rename(name: &str, uid: &str) -> String {
    if name == uid {
        format!("; rename the folder, or give another uid with --uid {name}=UID")
    } else {
        String::new()
    }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!(" (did you mean `{name}`?)"))
        .unwrap_or_default()
}
