//! What can be asked on the command line, and nothing else.
//!
//! Every option has an environment variable: the application's own name where it has one (`DATABASE_URL`,
//! `MEILISEARCH_HOST`, `MEILISEARCH_API_KEY`), `BISAN_INDEXER_…` else. The key has no option, since a process list
//! shows options.

//!
//! | file | what it holds |
//! | --- | --- |
//! | `cli.rs` | the commands, and the options of all of them |
//! | `cli/connections.rs` | where the database, Meilisearch and the definitions are |
//! | `cli/changing.rs` | the commands that change what is live |
//! | `cli/looking.rs` | the commands that look |
//! | `cli/setting_up.rs` | the commands for the time before and around |
//! | `cli/help.rs` | how it is shown, and every variable |
//! | `cli/values.rs` | what values look like: shares, times, sizes |

mod changing;
mod connections;
pub mod help;
mod looking;
mod setting_up;
mod values;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub use changing::*;
pub use connections::*;
pub use looking::*;
pub use setting_up::*;
pub use values::{ListenAddress, Percent};

/// Keeps Meilisearch in sync with a SQLite database.
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
  MEILISEARCH_API_KEY  the key for Meilisearch; it has no option, since a process list shows options
  Each option has a variable, too: bisan-indexer help environment

Exit codes:
  0    done
  1    failed: the database, the network, Meilisearch or a task; a reindex leaves the live index as it was, a sync leaves
       what it has sent
  2    invalid option, path or index definition
  3    refused by a check or gate; the live index is as it was
  4    another run is in progress: it holds the lock, or has swapped first
  5    the database and the index differ, or there is something to do
  130  interrupted, or a question answered with no; the message says what that leaves";

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
    /// Prints the SQL of a change log: triggers for the application's database, by which `sync` finds every change
    Triggers(Triggers),
    /// Tells what a key for Meilisearch needs to be allowed, and makes one that is allowed no more
    Key(Key),
    /// Lists every environment variable
    Environment,
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

impl Command {
    /// Where Meilisearch is, for commands that speak with it.
    fn servers(&self) -> Option<&ServerOptions> {
        match self {
            Command::Reindex(options) => Some(&options.connections.server),
            Command::Sync(options) => Some(&options.connections.server),
            Command::Apply(options) => Some(&options.connections.server),
            Command::Verify(options) => Some(&options.connections.server),
            Command::Explain(options) => Some(&options.connections.server),
            Command::Status(options) => Some(&options.server),
            Command::Rollback(options) => Some(&options.connections.server),
            Command::Smoke(options) => Some(&options.server),
            Command::Doctor(options) => Some(&options.connections.server),
            Command::Clean(options) => Some(&options.connections.server),
            Command::Key(options) => Some(&options.server),
            // Asked with this option only.
            Command::Init(options) => options.from_meilisearch.as_ref().map(|_| &options.server),
            Command::Health(_)
            | Command::Triggers(_)
            | Command::Environment
            | Command::Completions(_)
            | Command::Man(_) => None,
            #[cfg(feature = "ephemeral")]
            Command::Demo(_) => None,
        }
    }

    /// What works with one server at a time, by its words on the command line.
    fn with_one_server(&self) -> Option<&'static str> {
        match self {
            Command::Clean(_) => Some("clean"),
            Command::Key(_) => Some("key"),
            Command::Init(_) => Some("init --from-meilisearch"),
            _ => None,
        }
    }
}

impl Cli {
    /// How many servers are given, and the command, where it works with one at a time. Told before anything is touched: a command that takes the first of
    /// several would leave the others behind and not say so.
    pub fn too_many_servers(&self) -> Option<(usize, &'static str)> {
        let servers = self.command.servers()?.addresses.len();
        let command = match self.speech.output {
            Output::Junit => Some("smoke --output junit"),
            _ => self.command.with_one_server(),
        };
        Some((servers, command.filter(|_| servers > 1)?))
    }

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

impl Cli {
    /// Reads the words that the program was called with.
    ///
    /// # Errors
    /// Help or the version that was asked for, or what is wrong with the words.
    pub fn read() -> Result<Cli, clap::Error> {
        let matches = help::command().try_get_matches()?;
        <Cli as clap::FromArgMatches>::from_arg_matches(&matches)
    }
}
