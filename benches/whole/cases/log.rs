//! A change log: rounds that cost what changed, and what a writer pays for its triggers.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{cells, indexer_by};
use crate::Outcome;
use crate::data::{Data, Writer};
use crate::process::{run, triggers};
use crate::server::{Server, Threads};
use crate::table::{Table, size, time};

/// Rows that a bulk insert writes in one transaction.
const BULK: u32 = 100_000;

/// Transactions of one row.
const COMMITS: u32 = 2_000;

/// What is often written by hand: the row as it was and as it is, in JSON.
const WHOLE_ROWS: &str = "
    CREATE TABLE whole (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT, old TEXT, new TEXT);
    CREATE TRIGGER whole_insert AFTER INSERT ON notes BEGIN
      INSERT INTO whole (at, new) VALUES (datetime('now'), json_object('id', NEW.id, 'title', NEW.title, 'updated_at', NEW.updated_at));
    END;";

pub async fn measure(data: &Data) -> Outcome<String> {
    let mut tables = String::new();
    for (what, rows, letters) in [
        ("a million small rows", 1_000_000, 0),
        ("ten million small rows", 10_000_000, 0),
        ("a million rows of 2,000 letters", 1_000_000, 2_000),
    ] {
        tables += &rounds(data, what, rows, letters).await?;
        tables.push('\n');
    }
    tables += &writers(data).await?;
    Ok(tables)
}

/// What the commands cost at a table of so many rows with a text of so many letters.
async fn rounds(data: &Data, what: &str, rows: u32, letters: u32) -> Outcome<String> {
    let (database, definitions) = data.logged(rows, letters).await?;
    let server = Server::start(Threads::Default).await?;
    let command = |words: &[&str]| indexer_by(&server, &database, &definitions, words);
    let mut table = Table::new(&[what, "time", "processor", "peak memory"]);
    table.row(cells("`reindex`", run(command(&["reindex"])).await?));
    server.idle().await?;
    let round = ["sync", "--compare", "changed"];
    for (what, words) in [
        ("`sync --compare changed`, nothing changed", &round[..]),
        ("`status`", &["status"]),
        ("`doctor`", &["doctor"]),
        (
            "`sync --compare all`: every document",
            &["sync", "--compare", "all"],
        ),
    ] {
        table.row(cells(what, run(command(words)).await?));
    }
    let listing = server.listing("notes").await?;
    let mut row = vec!["all documents read from the server, without comparison".to_owned()];
    row.extend([time(listing), String::new(), String::new()]);
    table.row(row);
    for changes in [1, 100, 10_000] {
        for (what, sql) in [
            (
                "changed",
                format!("UPDATE notes SET title = title || ' *' WHERE id <= {changes}"),
            ),
            (
                "deleted",
                format!("DELETE FROM notes WHERE id <= {changes}"),
            ),
        ] {
            Writer::open(&database).await?.write(&sql).await?;
            let cost = run(command(&round)).await?;
            server.idle().await?;
            table.row(cells(
                &format!("`sync --compare changed`, {changes} {what}"),
                cost,
            ));
        }
        let again = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {changes})
             INSERT INTO notes SELECT i, 'note ' || i, hex(randomblob({letters} / 2)) FROM n"
        );
        Writer::open(&database).await?.write(&again).await?;
        run(command(&round)).await?;
        server.idle().await?;
    }
    server.end().await?;
    std::fs::remove_file(database)?;
    Ok(table.to_string())
}

async fn writers(data: &Data) -> Outcome<String> {
    let mut table = Table::new(&[
        "what a writer pays",
        "100,000 rows in one transaction",
        "log (WAL) of it",
        "file afterwards",
        "a transaction of one row",
        "log (WAL) of it",
    ]);
    for (what, file, triggers) in [
        ("no triggers", "plain.sqlite3", String::new()),
        ("the change log", "log.sqlite3", log_of(data).await?),
        ("whole rows as JSON", "whole.sqlite3", WHOLE_ROWS.to_owned()),
    ] {
        let path = data.path(file);
        let mut writer = Writer::open(&path).await?;
        writer.write(&format!("{NOTES}{triggers}")).await?;
        let bulk = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BULK})
             INSERT INTO notes SELECT i, 'note ' || i, '2026-01-01 00:00:00' FROM n"
        );
        let (bulk_time, bulk_wal) = timed(&mut writer, &path, &[bulk]).await?;
        writer.write("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        let file = std::fs::metadata(&path)?.len();
        let single: Vec<String> = (0..COMMITS)
            .map(|i| format!("INSERT INTO notes (title) VALUES ('single {i}')"))
            .collect();
        let (single_time, single_wal) = timed(&mut writer, &path, &single).await?;
        table.row(vec![
            what.to_owned(),
            time(bulk_time),
            size(bulk_wal),
            size(file),
            format!(
                "{:.0} µs",
                single_time.as_secs_f64() * 1e6 / f64::from(COMMITS)
            ),
            format!("{} bytes", single_wal / u64::from(COMMITS)),
        ]);
    }
    Ok(table.to_string())
}

const NOTES: &str = "
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;
    CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, updated_at datetime(6));";

/// What `triggers` prints for this table.
async fn log_of(data: &Data) -> Outcome<String> {
    let path = data.path("empty.sqlite3");
    Writer::open(&path).await?.write(NOTES).await?;
    let definitions = data.notes_by_log()?;
    triggers(&path, &definitions, &[])
}

/// How long the transactions take, one after the other, and the bytes of the write-ahead log afterwards.
async fn timed(writer: &mut Writer, path: &Path, sql: &[String]) -> Outcome<(Duration, u64)> {
    let begun = Instant::now();
    for one in sql {
        writer.write(one).await?;
    }
    let took = begun.elapsed();
    let wal = std::fs::metadata(format!("{}-wal", path.display()))?.len();
    Ok((took, wal))
}
