//! The same job done by others, on servers of the same kind: a first load, then the whole again after every article
//! has changed and one in fifty is gone, while somebody searches.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;

use super::indexer_on;
use crate::Outcome;
use crate::data::{Data, export, settings_on};
use crate::process::{self, Cost, run};
use crate::searcher::Searcher;
use crate::server::{Server, Threads};
use crate::table::{Table, known, memory, time};

const ARTICLES: u32 = 5208;

const BEFORE: &str = "UPDATE articles SET category = 'before'; PRAGMA wal_checkpoint(TRUNCATE);";
const AFTER: &str = "
    UPDATE articles SET category = 'after', title = title || ' *', updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now');
    DELETE FROM articles WHERE id % 50 = 0;
    PRAGMA wal_checkpoint(TRUNCATE);
";

/// Who does the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Ours,
    Script,
    Importer,
    Rails,
}

/// The database in one of its two states, and its documents for those who read no database.
struct State {
    database: PathBuf,
    ndjson: PathBuf,
}

pub async fn measure(data: &Data) -> Outcome<String> {
    let base = data.articles(ARTICLES).await?;
    let before = data.changed(&base, "before.sqlite3", BEFORE).await?;
    let after = data.changed(&before, "after.sqlite3", AFTER).await?;
    let states =
        [("before.ndjson", before), ("after.ndjson", after)].map(|(name, database)| State {
            database,
            ndjson: data.path(name),
        });
    let mut table = Table::new(&[
        "5,208 articles, then all changed and 104 deleted",
        "first load",
        "again",
        "its processor, again",
        "its peak memory",
        "server's processor, both",
        "server's disk",
        "searches meanwhile that met no whole index",
        "deleted articles still found",
    ]);
    let settings = prepare(&states).await?;
    for tool in [Tool::Ours, Tool::Script, Tool::Importer, Tool::Rails] {
        match tool.missing() {
            Some(why) => eprintln!("  {} is left out: {why}", tool.name()),
            None => table.row(tool.measure(&states, &settings).await?),
        }
    }
    Ok(table.to_string())
}

/// Writes the documents of both states as NDJSON, and tells the settings that they are indexed with.
async fn prepare(states: &[State; 2]) -> Outcome<Value> {
    let server = Server::start(Threads::Default).await?;
    for state in states {
        run(Tool::Ours.command(&server, state)?).await?;
        export(&server, "articles", &state.ndjson).await?;
    }
    let settings = settings_on(&server, "articles").await?;
    server.end().await?;
    Ok(settings)
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Tool::Ours => "`bisan-indexer reindex`",
            Tool::Script => "a script: 1,000 documents of JSON at a time, waiting for each",
            Tool::Importer => "`meilisearch-importer`, of ready NDJSON",
            Tool::Rails => "meilisearch-rails, `reindex!`",
        }
    }

    fn missing(self) -> Option<&'static str> {
        match self {
            Tool::Script if !process::is_there("python3") => Some("there is no python3"),
            Tool::Importer if !process::is_there("meilisearch-importer") => {
                Some("`cargo install meilisearch-importer` makes it")
            }
            Tool::Rails if !has_rails() => Some("Ruby has no gem meilisearch-rails"),
            _ => None,
        }
    }

    fn command(self, server: &Server, state: &State) -> Outcome<Command> {
        let mut command = match self {
            Tool::Ours => {
                let words = ["reindex", "--index", "articles", "--retain", "0"];
                return Ok(indexer_on(server, &state.database, &words));
            }
            Tool::Script => {
                let mut command = Command::new("python3");
                command.arg(beside("script.py"));
                command.arg(&state.database).arg(&server.url);
                command
            }
            Tool::Rails => {
                let mut command = Command::new("ruby");
                command.arg(beside("rails_reindex.rb"));
                command.arg(&state.database).arg(&server.url);
                command
            }
            Tool::Importer => {
                let mut command = Command::new("meilisearch-importer");
                command.args([
                    "--url",
                    &server.url,
                    "--index",
                    "articles",
                    "--primary-key",
                    "id",
                ]);
                command
                    .args(["--batch-size", "20MB", "--files"])
                    .arg(&state.ndjson);
                if let Some(key) = &server.key {
                    command.args(["--api-key", key]);
                }
                command
            }
        };
        command.stdout(std::process::Stdio::null());
        if let Some(key) = &server.key {
            command.env("MEILISEARCH_API_KEY", key);
        }
        Ok(command)
    }

    async fn measure(self, states: &[State; 2], settings: &Value) -> Outcome<Vec<String>> {
        let server = Arc::new(Server::start(Threads::Default).await?);
        if self != Tool::Ours {
            server.prepare("articles", settings).await?; // ours makes its index itself
        }
        let [before, after] = states;
        let first = self.run(&server, before).await?;
        let searcher = Searcher::start(Arc::clone(&server));
        let again = self.run(&server, after).await?;
        let seen = searcher.stop().await?;
        let expected = lines(&after.ndjson)?;
        let stale = server.count("articles").await?.saturating_sub(expected);
        let row = vec![
            self.name().to_owned(),
            time(first.wall),
            time(again.wall),
            time(again.cpu),
            memory(again.peak.max(first.peak)),
            known(server.cpu(), time),
            known(server.disk(), crate::table::size),
            format!(
                "{} of {}, {} failed",
                seen.not_whole, seen.asked, seen.failed
            ),
            stale.to_string(),
        ];
        if let Some(server) = Arc::into_inner(server) {
            server.end().await?;
        }
        Ok(row)
    }

    /// Until what it sent is indexed: some do not wait for it themselves.
    async fn run(self, server: &Server, state: &State) -> Outcome<Cost> {
        let begun = std::time::Instant::now();
        let mut cost = run(self.command(server, state)?).await?;
        server.idle().await?;
        cost.wall = begun.elapsed();
        Ok(cost)
    }
}

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/tools")
        .join(name)
}

fn has_rails() -> bool {
    let words = [
        "-e",
        "require 'active_record'; require 'sqlite3'; require 'meilisearch-rails'",
    ];
    let mut command = Command::new("ruby");
    command.args(words).stderr(std::process::Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn lines(path: &Path) -> Outcome<u64> {
    use std::io::BufRead as _;
    let file = std::io::BufReader::new(std::fs::File::open(path)?);
    Ok(file.split(b'\n').count() as u64)
}
