//! Where the database, Meilisearch and the definitions are.

use std::path::PathBuf;

use clap::Args;
use jiff::SignedDuration;

use super::values::{time, uid_pair};
use crate::sqlite::DatabaseAddress;

/// The environment variable that holds the key. No option does: a process list shows options.
pub const API_KEY: &str = "MEILISEARCH_API_KEY";

/// The environment variable that names several servers, with commas between them.
pub const HOSTS: &str = "MEILISEARCH_HOSTS";

/// Where the database and Meilisearch are.
#[derive(Clone, Debug, Args)]
pub struct Connections {
    /// Where the database is.
    #[command(flatten)]
    pub database: DatabaseOption,
    /// Where Meilisearch is.
    #[command(flatten)]
    pub server: ServerOptions,
}

/// Where the database is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connections")]
pub struct DatabaseOption {
    /// The SQLite database: a path, sqlite://path, or Rails' sqlite3:path. It is opened read-only
    #[arg(
        id = "database",
        long = "database",
        value_name = "DATABASE",
        env = "DATABASE_URL"
    )]
    pub address: DatabaseAddress,
    /// How long a read waits for a writer that holds the database, before it fails
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
        env = "BISAN_INDEXER_BUSY_TIMEOUT",
        value_parser = time
    )]
    pub busy_timeout: SignedDuration,
}

/// Where Meilisearch is, and how it knows us.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connections")]
pub struct ServerOptions {
    /// Where Meilisearch listens; a path is kept, as in https://host/search. Given once for each of several servers, with a name for reports if wanted: a=http://host:7700
    // A text here: an address that cannot be read may hold a password, and clap would print it.
    #[arg(
        id = "meilisearch",
        long = "meilisearch",
        value_name = "[NAME=]URL",
        env = "MEILISEARCH_HOST",
        default_value = "http://localhost:7700"
    )]
    pub addresses: Vec<String>,
    /// A file that holds the key for Meilisearch (otherwise the environment's MEILISEARCH_API_KEY); of several servers, the key for all, or with a name in front for one
    #[arg(long, value_name = "[NAME=]FILE", env = "BISAN_INDEXER_API_KEY_FILE")]
    pub api_key_file: Vec<PathBuf>,
}

/// Which indexes, and what they are made of.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Indexes")]
pub struct Selection {
    /// The folder of index definitions; default: ./index-settings if it is there, else Bisan's, which are built in
    #[arg(long, value_name = "DIR", env = "BISAN_INDEXER_INDEX_SETTINGS")]
    pub index_settings: Option<PathBuf>,
    /// Only these definitions (several times, or with commas); default all
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        env = "BISAN_INDEXER_INDEX"
    )]
    pub index: Vec<String>,
    /// The live uid of a definition where it is not the folder's name: articles=Article
    #[arg(
        long,
        value_name = "NAME=UID",
        value_delimiter = ',',
        env = "BISAN_INDEXER_UID",
        value_parser = uid_pair
    )]
    pub uid: Vec<(String, String)>,
}
