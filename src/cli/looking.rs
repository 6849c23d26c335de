//! The commands that look, and change nothing.

use clap::Args;
use jiff::SignedDuration;

use super::values::{Allowance, ListenAddress, time};
use super::{Connections, Selection, ServerOptions};
use crate::sqlite::DatabaseAddress;

/// `status`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  bisan-indexer status
  bisan-indexer status --quiet --max-missing 0 --max-lag 30m || mail -s 'search is behind' ops@example.org
  bisan-indexer status --output prometheus > /var/lib/node_exporter/bisan_indexer.prom

It counts the rows of documents.sql, for half a second at most unless --max-missing is given, and reads what changed since
the last round; nothing is changed. Counts that agree do not prove that the documents do: `verify` compares them. `apply`
sets right what is behind.")]
pub struct Status {
    /// The SQLite database: a path, sqlite://path, or Rails' sqlite3:path. It is opened read-only
    #[arg(
        long,
        value_name = "DATABASE",
        env = "DATABASE_URL",
        required_unless_present = "no_database",
        help_heading = "Connections"
    )]
    pub database: Option<DatabaseAddress>,
    /// How long a read waits for a writer that holds the database, before it fails
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
        env = "BISAN_INDEXER_BUSY_TIMEOUT",
        value_parser = time,
        help_heading = "Connections"
    )]
    pub busy_timeout: SignedDuration,
    /// Leaves the database out: only what the server tells is shown
    #[arg(
        long,
        env = "BISAN_INDEXER_NO_DATABASE",
        conflicts_with_all = ["max_missing", "max_lag"],
        help_heading = "Connections"
    )]
    pub no_database: bool,
    /// Where Meilisearch is.
    #[command(flatten)]
    pub server: ServerOptions,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// How many documents may be missing in a live index, as a number or a share (20 or 1%); more than that: exit 5
    #[arg(long, value_name = "N|PERCENT", env = "BISAN_INDEXER_MAX_MISSING")]
    pub max_missing: Option<Allowance>,
    /// How long a change may wait until it is followed (90s, 15m, 2h); longer, or nobody follows at all: exit 5
    #[arg(long, value_name = "TIME", env = "BISAN_INDEXER_MAX_LAG", value_parser = time)]
    pub max_lag: Option<SignedDuration>,
}

/// `verify`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Drift is exit code 5. What changes while it reads is looked at again before it is called drift. Nothing is changed on
either side, and the server gets no task.

Examples:
  bisan-indexer verify
  bisan-indexer verify --index articles --all --output json > drift.json")]
pub struct Verify {
    /// Shows every document that differs, not only the first 20 of each index
    #[arg(long, env = "BISAN_INDEXER_ALL")]
    pub all: bool,
    /// Where the database and Meilisearch are.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
}

/// `explain`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Sides that differ are exit code 5. Nothing is changed.

Examples:
  bisan-indexer explain articles 4711
  bisan-indexer explain articles 4711 --q 'يافا 1936'
  bisan-indexer explain articles 4711 --q يافا --search '{\"filter\": \"category = news\", \"limit\": 12}'")]
pub struct Explain {
    /// The index definition, by its name or live uid
    #[arg(value_name = "INDEX")]
    pub index_name: String,
    /// The id of the row, which is that of the document; or the row's key, where documents.sql computes its id
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: String,
    /// What a reader typed: tells at which place the document comes, or which words do not find it
    #[arg(long, value_name = "QUERY", env = "BISAN_INDEXER_Q")]
    pub q: Option<String>,
    /// The search parameters that the application sends with it, as a JSON object
    #[arg(
        long,
        value_name = "JSON",
        requires = "q",
        env = "BISAN_INDEXER_SEARCH"
    )]
    pub search: Option<String>,
    /// Where the database and Meilisearch are.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
}

/// `smoke`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
A query that fails is a failed check: exit 3. The database is not needed.

Examples:
  bisan-indexer smoke
  bisan-indexer smoke --index articles --smoke ci/smoke.json --output junit > smoke.xml
  bisan-indexer smoke --compare articles_20261124T143000Z")]
pub struct Smoke {
    /// Where Meilisearch is.
    #[command(flatten)]
    pub server: ServerOptions,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// Asks this generation instead of what is live, by the uid that it lies under or by its createdAt
    #[arg(long, value_name = "UID|CREATED_AT", env = "BISAN_INDEXER_GENERATION")]
    pub generation: Option<String>,
    /// Asks this generation the same, and says which queries it answers otherwise: how a change of the definition finds
    /// more, or less
    #[arg(
        long,
        value_name = "UID|CREATED_AT",
        env = "BISAN_INDEXER_COMPARE_GENERATION"
    )]
    pub compare: Option<String>,
    /// Queries of this file instead of the definition's smoke.json, for CI, whose data are not production's
    /// (several times, NAME=FILE each, where there are several indexes)
    #[arg(long, value_name = "[NAME=]FILE", env = "BISAN_INDEXER_SMOKE")]
    pub smoke: Vec<String>,
}

/// `doctor`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Nothing is changed: whether the key may do something is found out by requests that the server refuses for another
reason. Warnings do not change the exit code; a failed check does: exit 3.

It reads the columns that are filtered and sorted by, every change timestamp and, up to 200,000 documents, every id. Where
reading all rows of an index takes more than half a second, such a check is left out and named; --full takes the time.")]
pub struct Doctor {
    /// Reads all rows of each index, however long that takes
    #[arg(long, env = "BISAN_INDEXER_FULL")]
    pub full: bool,
    /// Where the database and Meilisearch are.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
}

/// `health`.
#[derive(Clone, Debug, Args)]
pub struct Health {
    /// Where the follower listens, written as for it
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:9700",
        env = "BISAN_INDEXER_LISTEN"
    )]
    pub listen: ListenAddress,
    /// Only asks whether it is alive, not whether it follows
    #[arg(long, env = "BISAN_INDEXER_ALIVE")]
    pub alive: bool,
}
