//! What can be asked on the command line, and nothing else.
//!
//! Every option has an environment variable: the application's own name where it has one (`DATABASE_URL`,
//! `MEILISEARCH_HOST`, `MEILISEARCH_API_KEY`), `BISAN_INDEXER_…` else. The key has no option, since a process list
//! shows options.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Span, SpanRelativeTo};

use crate::source::DatabaseAddress;

/// Keeps a Meilisearch true to a SQLite database.
///
/// Documents are read from the database in one snapshot, built into a new index beside the live one, checked, and
/// swapped into place in one step: a search never meets a half-filled index. What is indexed, and how, is told by
/// a folder of index definitions (--index-settings); those of Bisan are built in.
#[derive(Debug, Parser)]
#[command(name = "bisan-indexer", version, max_term_width = 100, after_long_help = EXIT_CODES)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// How the program speaks.
    #[command(flatten)]
    pub speech: Speech,
}

const EXIT_CODES: &str = "\
Environment:
  MEILISEARCH_API_KEY  the key for Meilisearch; it has no option, since a process list shows options (see --api-key-file)
  NO_COLOR             no colours, as --color never

Exit codes:
  0    done
  1    failed: the database, the network, Meilisearch or a task; the live index is as it was
  2    what was written cannot be used: an option, a path, an index definition
  3    refused by a check or gate; the live index is as it was
  4    somebody else is at it: another run holds the lock, or has swapped first
  5    the database and the index differ, or there is something to do
  130  interrupted, or a question answered with no; the live index is as it was";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Builds every index anew beside the live one, checks it, and swaps it into place with no downtime
    Reindex(Reindex),
    /// Follows the database: sends what changed or differs to the live indexes, deletes what is gone
    Sync(Sync),
    /// Makes live what definitions and database say: nothing, a sync or a reindex, and says why. For deployment hooks
    Apply(Apply),
    /// Compares every document with its row, to the field, and the settings; changes nothing
    Verify(Verify),
    /// Answers "why is my article not found?": the row, the document, and where a query puts it
    Explain(Explain),
    /// Asks a follower (sync --watch --listen) whether it follows: for a container's health check
    Health(Health),
    /// Shows what is live, how far it is behind the database, and what else lies there
    Status(Status),
    /// Swaps a former generation back in, proven like any swap; done twice, it is forward again
    Rollback(Rollback),
    /// Asks the smoke queries and shows what each finds
    Smoke(Smoke),
    /// Checks everything that a run needs, all at once, and says what to do
    Doctor(Doctor),
    /// Lists what dead runs left behind, with why it may go, and deletes it when told to
    Clean(Clean),
    /// Writes index definitions for the tables of a database, as a beginning to be edited
    Init(Init),
    /// Tells what a key for Meilisearch needs to be allowed, and makes one that is allowed no more
    Key(Key),
    /// Prints the completions for a shell, which then completes commands and options at a press of Tab
    Completions(Completions),
    /// Prints the manual page, or writes one for each command
    Man(Man),
    /// Shows the whole story on a throw-away server: build, search, change, reindex while a searcher asks
    #[cfg(feature = "ephemeral")]
    Demo(Demo),
}

/// How the program speaks: options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Speech {
    /// What standard output gets: a summary for people, or one JSON report
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORM",
        env = "BISAN_INDEXER_OUTPUT"
    )]
    pub output: Output,
    /// The form of the log lines on standard error
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORM",
        env = "BISAN_INDEXER_LOG_FORMAT"
    )]
    pub log_format: LogFormat,
    /// More log lines: -v tells each batch and task, -vv each request
    #[arg(short, long, global = true, action = ArgAction::Count, env = "BISAN_INDEXER_VERBOSE")]
    pub verbose: u8,
    /// Only warnings and errors; no progress, no summary
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        env = "BISAN_INDEXER_QUIET"
    )]
    pub quiet: bool,
    /// Colours: `auto` uses them on a terminal where NO_COLOR is not set
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        env = "BISAN_INDEXER_COLOR"
    )]
    pub color: Color,
}

/// The form of the final word on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A summary for people.
    #[default]
    Human,
    /// One JSON report.
    Json,
    /// Metrics in Prometheus' text form; `status` only.
    Prometheus,
    /// A JUnit XML report, as CI services read it; `smoke` only.
    Junit,
}

impl Cli {
    /// Why the form of the output does not go with the command.
    pub fn unfit_output(&self) -> Option<&'static str> {
        match (self.speech.output, &self.command) {
            (Output::Human | Output::Json, _)
            | (Output::Prometheus, Command::Status(_))
            | (Output::Junit, Command::Smoke(_)) => None,
            (Output::Prometheus, _) => Some("--output prometheus goes with `status` only"),
            (Output::Junit, _) => Some("--output junit goes with `smoke` only"),
        }
    }
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

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
    /// Where Meilisearch listens; a path is kept, as in https://host/search
    // A text here: an address that cannot be read may hold a password, and clap would print it.
    #[arg(
        id = "meilisearch",
        long = "meilisearch",
        value_name = "URL",
        env = "MEILISEARCH_HOST",
        default_value = "http://localhost:7700"
    )]
    pub address: String,
    /// A file that holds the key for Meilisearch (otherwise the environment's MEILISEARCH_API_KEY)
    #[arg(long, value_name = "FILE", env = "BISAN_INDEXER_API_KEY_FILE")]
    pub api_key_file: Option<PathBuf>,
}

/// Which indexes, and what they are made of.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Indexes")]
pub struct Selection {
    /// The folder of index definitions; without it, Bisan's articles and authors, which are built in
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

/// `reindex`.
#[derive(Clone, Debug, Args)]
pub struct Reindex {
    /// Where the database and Meilisearch are.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// The size of one upload. A server or proxy that refuses it with 413 is sent halves
    #[arg(
        long,
        value_name = "BYTES",
        default_value = "10MB",
        env = "BISAN_INDEXER_BATCH_SIZE",
        value_parser = batch_size
    )]
    pub batch_size: ByteSize,
    /// How many former generations are kept for a rollback
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        env = "BISAN_INDEXER_RETAIN"
    )]
    pub retain: u32,
    /// How much smaller than the live index the new one may be; beyond it the swap is refused
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "20%",
        env = "BISAN_INDEXER_MAX_LOSS"
    )]
    pub max_loss: Percent,
    /// Every check and the full read, but nothing is sent or changed
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN")]
    pub dry_run: bool,
}

/// `apply`.
#[derive(Clone, Debug, Args)]
pub struct Apply {
    /// Tells what would be done and why, and does nothing
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN")]
    pub dry_run: bool,
    /// With --dry-run: ends with 5 where there is something to do
    #[arg(long, requires = "dry_run", env = "BISAN_INDEXER_EXIT_CODE")]
    pub exit_code: bool,
    /// The size of one upload. A server or proxy that refuses it with 413 is sent halves
    #[arg(
        long,
        value_name = "BYTES",
        default_value = "10MB",
        env = "BISAN_INDEXER_BATCH_SIZE",
        value_parser = batch_size
    )]
    pub batch_size: ByteSize,
    /// How many former generations a reindex keeps for a rollback
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        env = "BISAN_INDEXER_RETAIN"
    )]
    pub retain: u32,
    /// Which share of an index's documents may go; beyond it nothing is done
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "20%",
        env = "BISAN_INDEXER_MAX_LOSS"
    )]
    pub max_loss: Percent,
    /// How far a sync looks back behind the last round
    #[arg(
        long,
        value_name = "TIME",
        default_value = "15min",
        env = "BISAN_INDEXER_OVERLAP",
        value_parser = time
    )]
    pub overlap: SignedDuration,
    /// Whether to ask first.
    #[command(flatten)]
    pub consent: Consent,
    /// Where the database and Meilisearch are.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
}

/// `sync`.
#[derive(Clone, Debug, Args)]
pub struct Sync {
    /// Where the database and Meilisearch are.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// How deeply database and index are compared. `changed` reads what changes.sql names and is blind to hard deletes
    /// and to writes that touch no timestamp; `ids` adds every id that stands on one side only; `all` compares every
    /// document to the field; `auto` is `all` up to --compare-limit documents and `ids` above
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "DEPTH",
        env = "BISAN_INDEXER_COMPARE"
    )]
    pub compare: Compare,
    /// Up to how many documents `--compare auto` compares all of them
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100_000,
        env = "BISAN_INDEXER_COMPARE_LIMIT"
    )]
    pub compare_limit: u64,
    /// How far a round looks back behind the last one, for rows that carry an older timestamp than their commit: as long
    /// as the longest import runs, and some more
    #[arg(
        long,
        value_name = "TIME",
        default_value = "15min",
        env = "BISAN_INDEXER_OVERLAP",
        value_parser = time
    )]
    pub overlap: SignedDuration,
    /// Which share of an index's documents a round may delete; beyond it the round is refused
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "20%",
        env = "BISAN_INDEXER_MAX_LOSS"
    )]
    pub max_loss: Percent,
    /// The size of one upload. A server or proxy that refuses it with 413 is sent halves
    #[arg(
        long,
        value_name = "BYTES",
        default_value = "10MB",
        env = "BISAN_INDEXER_BATCH_SIZE",
        value_parser = batch_size
    )]
    pub batch_size: ByteSize,
    /// Tells what would be sent and deleted, by id; nothing is changed
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN", conflicts_with = "watch")]
    pub dry_run: bool,
    /// Goes on following until SIGINT or SIGTERM. What cannot be followed is waited out and said once
    #[arg(long, env = "BISAN_INDEXER_WATCH")]
    pub watch: bool,
    /// How often the follower looks whether something was committed. A look costs microseconds
    #[arg(
        long,
        value_name = "TIME",
        default_value = "500ms",
        env = "BISAN_INDEXER_INTERVAL",
        value_parser = positive_time,
        help_heading = "Watching"
    )]
    pub interval: SignedDuration,
    /// How often the follower compares as deeply as --compare says; in between it sends what changes.sql names
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1h",
        env = "BISAN_INDEXER_COMPARE_EVERY",
        value_parser = positive_time,
        help_heading = "Watching"
    )]
    pub compare_every: SignedDuration,
    /// Where the follower answers /health, /ready and /metrics, as in 127.0.0.1:9700; without it, nowhere
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BISAN_INDEXER_LISTEN",
        help_heading = "Watching"
    )]
    pub listen: Option<SocketAddr>,
}

impl Sync {
    /// The time between two looks.
    pub fn interval(&self) -> Duration {
        self.interval.unsigned_abs()
    }

    /// The time between two deep comparisons.
    pub fn compare_every(&self) -> Duration {
        self.compare_every.unsigned_abs()
    }
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
    /// The id of the row, which is that of the document
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

/// `health`.
#[derive(Clone, Debug, Args)]
pub struct Health {
    /// Where the follower listens
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9700",
        env = "BISAN_INDEXER_LISTEN"
    )]
    pub listen: SocketAddr,
    /// Only asks whether it is alive, not whether it follows
    #[arg(long, env = "BISAN_INDEXER_ALIVE")]
    pub alive: bool,
}

/// A length of time: `90s`, `15m`, `1h 30m`, `2d` (of 24 hours each).
fn time(text: &str) -> Result<SignedDuration, String> {
    let span: Result<Span, _> = text.trim().parse();
    let time = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    match time {
        Ok(time) if !time.is_negative() => Ok(time),
        _ => Err(format!(
            "`{text}` is no length of time: write one such as 500ms, 90s, 15min, 2h or 1d"
        )),
    }
}

fn positive_time(text: &str) -> Result<SignedDuration, String> {
    let time = time(text)?;
    if time.is_positive() {
        Ok(time)
    } else {
        Err("a time above zero is needed".to_owned())
    }
}

/// How deeply `sync` compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Compare {
    /// What changes.sql names.
    Changed,
    /// That, and every id that stands on one side only.
    Ids,
    /// Every document, to the field.
    All,
    /// By the size of the index.
    #[default]
    Auto,
}

/// Whether something may be changed.
#[derive(Clone, Debug, Args)]
pub struct Consent {
    /// Does it without asking; needed where there is no terminal to ask on
    #[arg(short, long, env = "BISAN_INDEXER_YES")]
    pub yes: bool,
}

/// `status`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  bisan-indexer status
  bisan-indexer status --quiet --max-missing 0 --max-lag 30m || mail -s 'search is behind' ops@example.org
  bisan-indexer status --output prometheus > /var/lib/node_exporter/bisan_indexer.prom

It reads the count of documents.sql and every change timestamp once; nothing is changed. Counts that agree do not prove
that the documents do: `apply --dry-run` compares them.")]
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

/// `rollback`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  bisan-indexer rollback --list       what can be rolled back to
  bisan-indexer rollback              to the generation that was live before this one
  bisan-indexer sync                  then brings it up to date from its own checkpoint

Nothing is built or deleted: it is one swap, of all indexes that were built together, and the generation that was live
can be rolled back to in its turn. One that was deleted since, or holds nothing, is refused (exit 3).")]
pub struct Rollback {
    /// Where the database and Meilisearch are. The database is locked, so that no other run swaps meanwhile.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// The generation, by the uid that it lies under or by its createdAt; default: the one that was live before
    #[arg(long, value_name = "UID|CREATED_AT", env = "BISAN_INDEXER_TO")]
    pub to: Option<String>,
    /// Only lists the generations that are there
    #[arg(long, env = "BISAN_INDEXER_LIST", conflicts_with = "to")]
    pub list: bool,
    /// Swaps although smoke queries fail; they are asked and told all the same
    #[arg(long, env = "BISAN_INDEXER_SKIP_SMOKE")]
    pub skip_smoke: bool,
    /// Every check, but nothing is swapped
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN")]
    pub dry_run: bool,
    /// Whether it may be done.
    #[command(flatten)]
    pub consent: Consent,
}

/// `smoke`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
A query that fails is a failed check: exit 3. The database is not needed.

Examples:
  bisan-indexer smoke
  bisan-indexer smoke --index articles --smoke ci/smoke.json --output junit > smoke.xml")]
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

It reads the columns that are filtered and sorted by, every change timestamp and, up to 200,000 documents, every id.")]
pub struct Doctor {
    /// Where the database and Meilisearch are.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
}

/// `clean`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Only what this program provably made is ever deleted: an index whose createdAt one of its records knows, under a
timestamped uid, that never became complete or live. Retained generations stay; `reindex --retain` decides about those.
Where there is no terminal, it only lists unless --yes is said.")]
pub struct Clean {
    /// Where the database and Meilisearch are. The database is locked while something is deleted.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// Only lists, on a terminal too
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN")]
    pub dry_run: bool,
    /// Whether it may be done.
    #[command(flatten)]
    pub consent: Consent,
}

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
    /// Keeps the server up at the end, until Ctrl-C, and shows a page to search on: it draws every search, and has a button that starts a reindex. The page is open on this machine alone, and its address is printed
    #[arg(long)]
    pub serve: bool,
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

/// A share in percent, written `20%` or `20`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent(f64);

impl Percent {
    /// The share as a number between 0 and 1.
    pub fn fraction(self) -> f64 {
        self.0 / 100.0
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number: f64 = text
            .trim()
            .trim_end_matches('%')
            .trim_end()
            .parse()
            .map_err(|_| format!("`{text}` is no share: write a percentage such as 20%"))?;
        if (0.0..=100.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("`{text}` is not between 0% and 100%"))
        }
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// How much may be missing: a number, or a share of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowance {
    /// So many.
    Number(u64),
    /// Such a share.
    Share(Percent),
}

impl Allowance {
    /// Whether `some` of `all` are no more than that.
    pub fn allows(self, some: u64, all: u64) -> bool {
        match self {
            Self::Number(number) => some <= number,
            Self::Share(share) => some as f64 <= share.fraction() * all as f64,
        }
    }
}

impl FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().ends_with('%') {
            return text.parse().map(Self::Share);
        }
        let number = text.trim().parse();
        number.map(Self::Number).map_err(|_| {
            format!("`{text}` is neither a number of documents nor a share such as 1%")
        })
    }
}

impl std::fmt::Display for Allowance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

fn uid_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, uid)) if !name.trim().is_empty() && !uid.trim().is_empty() => {
            Ok((name.trim().to_owned(), uid.trim().to_owned()))
        }
        _ => Err(format!("`{text}` is not NAME=UID, as in articles=Article")),
    }
}

/// The smallest batch: below it the requests cost more than what they carry.
const MIN_BATCH: ByteSize = ByteSize::kb(1);

fn batch_size(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize = text
        .parse()
        .map_err(|_| format!("`{text}` is no size: write one such as 10MB"))?;
    if size < MIN_BATCH {
        return Err(format!("a batch has at least {MIN_BATCH}"));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_share_is_a_percentage() {
        assert_eq!("20%".parse::<Percent>().unwrap().fraction(), 0.2);
        assert_eq!(" 7.5 ".parse::<Percent>().unwrap().fraction(), 0.075);
        assert_eq!("100%".parse::<Percent>().unwrap().fraction(), 1.0);
        for wrong in ["", "%", "twenty", "101%", "-1", "NaN"] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_may_be_missing_is_a_number_or_a_share() {
        let allows = |text: &str, some, all| text.parse::<Allowance>().unwrap().allows(some, all);
        assert!(allows("0", 0, 0) && allows("3", 3, 10) && !allows("3", 4, 10));
        assert!(allows("1%", 1, 100) && !allows("1%", 2, 100));
        assert!(allows("0%", 0, 0) && !allows("0%", 1, 1_000_000));
        for wrong in ["", "-1", "many", "1.5", "200%"] {
            assert!(wrong.parse::<Allowance>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_length_of_time_may_have_days() {
        assert_eq!(time("90s").unwrap().as_secs(), 90);
        assert_eq!(time("1h 30m").unwrap().as_secs(), 5_400);
        assert_eq!(time("2d").unwrap().as_secs(), 172_800);
        assert_eq!(time("0s").unwrap().as_secs(), 0);
        assert_eq!(time("500ms").unwrap().as_millis(), 500);
        for wrong in ["", "10", "-5m", "-1d", "soon", "1mo"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_live_uid_is_given_by_name() {
        assert_eq!(
            uid_pair("articles=Article").unwrap(),
            ("articles".into(), "Article".into())
        );
        assert!(uid_pair("articles").is_err());
        assert!(uid_pair("=Article").is_err());
    }

    #[test]
    fn a_batch_has_a_size() {
        assert_eq!(batch_size("10MB").unwrap(), ByteSize::mb(10));
        assert_eq!(batch_size("1MiB").unwrap(), ByteSize::mib(1));
        assert!(batch_size("10").is_err());
        assert!(batch_size("lots").is_err());
    }
}
