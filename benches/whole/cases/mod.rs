//! What is measured: a file a case.

use std::path::Path;
use std::process::Command;

use clap::ValueEnum;

use super::data::Data;
use super::process::{Cost, bisan_indexer, run};
use super::server::Server;
use super::{Outcome, table};

mod changes;
mod ids;
mod large;
mod latency;
mod log;
mod million;
mod program;
mod reindex;
mod settings;
mod side_by_side;
mod small_server;

/// One thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// The program: its size, its start
    Program,
    /// A reindex beside its floor, with the server's default threads and with two
    Reindex,
    /// What follows a change: sync and apply beside a reindex
    Changes,
    /// A million small rows: reindex, and the depths of sync
    Million,
    /// A million rows with a change log: rounds, and what a writer pays
    Log,
    /// From a commit until a search finds it
    Latency,
    /// A million and ten million UUIDs, and small documents with books behind them: memory
    Ids,
    /// Ten times Bisan's articles
    Large,
    /// What settings and conversions cost
    Settings,
    /// The server's memory with few threads and several batch sizes
    SmallServer,
    /// The same job done by others
    SideBySide,
}

impl Case {
    /// Those that were named, or all.
    pub fn chosen(named: &[Case]) -> Vec<Case> {
        if named.is_empty() {
            Case::value_variants().to_vec()
        } else {
            named.to_vec()
        }
    }

    /// What stands above its table.
    pub fn title(self) -> &'static str {
        match self {
            Case::Program => "The program",
            Case::Reindex => "A reindex beside its floor",
            Case::Changes => "After a change",
            Case::Million => "A million small rows",
            Case::Log => "A change log",
            Case::Latency => "From a commit to a hit",
            Case::Ids => "UUIDs, and books behind small documents",
            Case::Large => "Ten times the articles",
            Case::Settings => "What settings cost",
            Case::SmallServer => "Memory of the server",
            Case::SideBySide => "Side by side",
        }
    }

    /// Its tables.
    pub async fn measure(self, data: &Data, times: usize) -> Outcome<String> {
        match self {
            Case::Program => program::measure(times).await,
            Case::Reindex => reindex::measure(data, times).await,
            Case::Changes => changes::measure(data).await,
            Case::Million => million::measure(data).await,
            Case::Log => log::measure(data).await,
            Case::Latency => latency::measure(data).await,
            Case::Ids => ids::measure(data).await,
            Case::Large => large::measure(data).await,
            Case::Settings => settings::measure(data).await,
            Case::SmallServer => small_server::measure(data).await,
            Case::SideBySide => side_by_side::measure(data).await,
        }
    }
}

/// The program on a database and a server; `words` begin with its command.
fn indexer_on(server: &Server, database: &Path, words: &[&str]) -> Command {
    let mut command = bisan_indexer(words.iter().copied());
    command.arg("--database").arg(database);
    command.args(["--meilisearch", &server.url]);
    if let Some(key) = &server.key {
        command.env("MEILISEARCH_API_KEY", key);
    }
    command.stdout(std::process::Stdio::null());
    command
}

/// The same on an index of definitions of one's own.
fn indexer_by(server: &Server, database: &Path, definitions: &Path, words: &[&str]) -> Command {
    let mut command = indexer_on(server, database, words);
    command.arg("--index-settings").arg(definitions);
    command
}

/// Runs it on articles alone, and waits until nothing is left to do for the server.
async fn on_articles(server: &Server, database: &Path, words: &[&str]) -> Outcome<Cost> {
    let mut command = indexer_on(server, database, words);
    command.args(["--index", "articles"]);
    let cost = run(command).await?;
    server.idle().await?;
    Ok(cost)
}

/// The cells that each row about a process has: time, processor, memory.
fn cells(what: &str, cost: Cost) -> Vec<String> {
    vec![
        what.to_owned(),
        table::time(cost.wall),
        table::time(cost.cpu),
        table::memory(cost.peak),
    ]
}
