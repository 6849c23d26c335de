//! The commands for the time before and around: definitions, keys, the shell, the demo.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

#[cfg(feature = "ephemeral")]
use super::values::ListenAddress;
use super::values::positive_time;
use super::{DatabaseOption, Selection, ServerOptions};

/// `init`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Tables of frameworks, of SQLite and of its full-text search are left out, and so are columns that look like secrets. What
is written was checked against the database as `reindex` checks it; read it, and edit it.

Examples:
  bisan-indexer init --dry-run
  bisan-indexer init --table articles --output-dir index-settings
  bisan-indexer init --table articles --from-meilisearch Article")]
pub struct Init {
    /// Where the database is.
    #[command(flatten)]
    pub database: DatabaseOption,
    /// Where Meilisearch is; asked with --from-meilisearch only.
    #[command(flatten)]
    pub server: ServerOptions,
    /// Only these tables or views (several times, or with commas); default: all tables worth searching
    #[arg(
        long,
        value_name = "TABLE",
        value_delimiter = ',',
        env = "BISAN_INDEXER_TABLE"
    )]
    pub table: Vec<String>,
    /// Brings these columns although they look like secrets: ssn, or users.ssn (several times, or with commas)
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        env = "BISAN_INDEXER_COLUMN"
    )]
    pub column: Vec<String>,
    /// The folder that gets a folder for each table
    #[arg(
        long,
        value_name = "DIR",
        default_value = "index-settings",
        env = "BISAN_INDEXER_OUTPUT_DIR"
    )]
    pub output_dir: PathBuf,
    /// Takes the settings of this running index, where one table is chosen
    #[arg(long, value_name = "INDEX", env = "BISAN_INDEXER_FROM_MEILISEARCH")]
    pub from_meilisearch: Option<String>,
    /// Overwrites definitions that are there
    #[arg(long, env = "BISAN_INDEXER_FORCE")]
    pub force: bool,
    /// Shows what would be written, and writes nothing
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN")]
    pub dry_run: bool,
}

/// `key`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
--create needs the master key, in MEILISEARCH_API_KEY or --api-key-file. The new key alone is written to standard output,
once; Meilisearch shows it again to the master key only.

Examples:
  bisan-indexer key                                     what it would be allowed
  bisan-indexer key --create --api-key-file master > indexer.key
  bisan-indexer key --create --for application --expires-in 365d")]
pub struct Key {
    /// Where Meilisearch is.
    #[command(flatten)]
    pub server: ServerOptions,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// Whose key it is
    #[arg(
        long = "for",
        value_enum,
        default_value_t,
        value_name = "WHO",
        env = "BISAN_INDEXER_KEY_FOR"
    )]
    pub holder: KeyHolder,
    /// Makes the key; needs the master key
    #[arg(long, env = "BISAN_INDEXER_CREATE")]
    pub create: bool,
    /// After how long the key is refused (30d, 8h); without it, never
    #[arg(long, value_name = "TIME", env = "BISAN_INDEXER_EXPIRES_IN", value_parser = positive_time)]
    pub expires_in: Option<SignedDuration>,
}

/// Who holds a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum KeyHolder {
    /// This program.
    #[default]
    Indexer,
    /// An application that searches, and does nothing else.
    Application,
    /// A Rails application with meilisearch-rails, which also writes what it saves.
    Rails,
}

/// `triggers`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Nothing is executed: the SQL is for a migration of the application. The log gets a row for each change of a document, in the
same transaction; changes.sql then selects `id` and `seq` of what came after `:after`.

Examples:
  bisan-indexer triggers > change_log.sql
  bisan-indexer triggers --rails > db/migrate/20261124143000_add_bisan_changes.rb
  bisan-indexer triggers --changes articles             the changes.sql of one index
  bisan-indexer triggers --check                        are they all there? For CI, after the migrations")]
pub struct Triggers {
    /// Where the database is.
    #[command(flatten)]
    pub database: DatabaseOption,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// The table that the triggers write to
    #[arg(long, value_name = "TABLE", default_value = crate::triggers::LOG_TABLE, env = "BISAN_INDEXER_LOG_TABLE")]
    pub log_table: String,
    /// How many rows the log keeps, about; the oldest go first
    #[arg(long, value_name = "ROWS", default_value_t = 1_000_000, env = "BISAN_INDEXER_KEEP", value_parser = clap::value_parser!(u32).range(1_000..))]
    pub keep: u32,
    /// Prints a Rails migration instead of plain SQL
    #[arg(long, env = "BISAN_INDEXER_RAILS")]
    pub rails: bool,
    /// Prints the SQL that takes the triggers and the log away again
    #[arg(long, conflicts_with_all = ["rails", "check"])]
    pub drop: bool,
    /// Compares with what the database has, and ends with 5 where something is missing
    #[arg(long, conflicts_with = "rails")]
    pub check: bool,
    /// Prints the changes.sql of this index and nothing else
    #[arg(long, value_name = "NAME", conflicts_with_all = ["rails", "drop", "check", "write_changes"])]
    pub changes: Option<String>,
    /// Also writes the changes.sql of each index into the folder of --index-settings, over the one that is there
    #[arg(long, conflicts_with_all = ["drop", "check"], requires = "index_settings")]
    pub write_changes: bool,
}

/// `completions`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Where a shell looks for them:
  bash        bisan-indexer completions bash > ~/.local/share/bash-completion/completions/bisan-indexer
  zsh         bisan-indexer completions zsh > DIR/_bisan-indexer, with a DIR that is in $fpath
  fish        bisan-indexer completions fish > ~/.config/fish/completions/bisan-indexer.fish
  elvish      bisan-indexer completions elvish >> ~/.config/elvish/rc.elv
  powershell  bisan-indexer completions powershell >> $PROFILE")]
pub struct Completions {
    /// The shell to write them for
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Clone, Debug, Args)]
pub struct Man {
    /// Writes the pages of the program and of each command into this folder instead of printing the program's
    #[arg(long, value_name = "DIR", env = "BISAN_INDEXER_MAN_OUTPUT_DIR")]
    pub output_dir: Option<PathBuf>,
}

/// `demo`.
#[cfg(feature = "ephemeral")]
#[derive(Clone, Debug, Args)]
pub struct Demo {
    /// A small database (500 short articles, 3 MB) instead of the real size (5,208 articles, 88 MB)
    #[arg(long)]
    pub small: bool,
    /// So many articles, of a few words each: for tests, which have no time for more
    #[arg(long, value_name = "ARTICLES", hide = true, conflicts_with = "small")]
    pub tiny: Option<u32>,
    /// Keeps the server up at the end, until Ctrl-C, and shows a page to search on: it draws every search, and has a button that starts a reindex. Its address is printed
    #[arg(long)]
    pub serve: bool,
    /// Where the page listens: on this machine alone, on a free port, if nothing is said. In a container 0.0.0.0:PORT, published on loopback as the same port: a browser must name the page localhost or 127.0.0.1
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "BISAN_INDEXER_DEMO_LISTEN",
        default_value = "127.0.0.1:0"
    )]
    pub listen: ListenAddress,
    /// The program of the throw-away server (default: `ephemeral-meilisearch` beside this program)
    #[arg(long, value_name = "PROGRAM", env = "BISAN_INDEXER_SERVER")]
    pub server: Option<PathBuf>,
    /// A Meilisearch that runs already, instead of a throw-away one. It must hold no index; what the demo makes stays there
    // Not MEILISEARCH_HOST: whoever has that set for production still gets a throw-away one.
    #[arg(
        long,
        value_name = "URL",
        env = "BISAN_INDEXER_DEMO_MEILISEARCH",
        conflicts_with = "server"
    )]
    pub meilisearch: Option<String>,
}
