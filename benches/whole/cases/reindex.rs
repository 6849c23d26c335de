//! A reindex beside the least that indexing the same documents can cost, and the reading of the database alone.

use std::time::Duration;

use super::{cells, indexer_on, on_articles};
use crate::Outcome;
use crate::data::{Data, article_settings, body_as_html, export, settings_on, sqlite_json};
use crate::process::{Cost, run};
use crate::server::{Server, Threads};
use crate::table::{Table, known, median, ratio, size, time};

/// Bisan's runbook: 88 MB.
const ARTICLES: u32 = 5208;

pub async fn measure(data: &Data, times: usize) -> Outcome<String> {
    let threads: &[Threads] = if Server::is_ours() {
        &[Threads::Default, Threads::Exactly(2)]
    } else {
        &[Threads::Default]
    };
    let mut indexing = Table::new(&[
        "5,208 articles, 88 MB, until all is indexed",
        "time",
        "of the floor",
        "server's processor",
        "of the floor",
        "its own processor",
        "its own peak memory",
    ]);
    let mut reading = Table::new(&[
        "the same rows, read alone",
        "time",
        "processor",
        "peak memory",
        "documents",
    ]);
    let database = data.articles(ARTICLES).await?;
    for &threads in threads {
        let pairs = pairs(data, &database, threads, times).await?;
        let (walls, cpus) = ratios(&pairs);
        let named = match threads {
            Threads::Default => "default threads".to_owned(),
            Threads::Exactly(threads) => format!("{threads} threads"),
        };
        let pair = &pairs[pairs.len() - 1];
        indexing.row(vec![
            format!("floor: one ready-made request, {named}"),
            time(pair.floor),
            "1".into(),
            known(pair.floor_server, time),
            "1".into(),
            "–".into(),
            "–".into(),
        ]);
        let [_, wall, cpu, peak] = cells("", pair.reindex).try_into().unwrap_or_default();
        indexing.row(vec![
            format!("`reindex`, {named}"),
            wall,
            format!("{:.2}", median(walls)),
            known(pair.reindex_server, time),
            format!("{:.2}", median(cpus)),
            cpu,
            peak,
        ]);
    }
    let bytes = std::fs::metadata(data.path("floor.ndjson"))?.len();
    let server = Server::start(Threads::Default).await?;
    let mut dry = indexer_on(
        &server,
        &database,
        &["reindex", "--dry-run", "--index", "articles"],
    );
    dry.stdout(std::process::Stdio::null());
    let cost = run(dry).await?;
    reading.row(read_row(
        "`reindex --dry-run`: every check, every document with its HTML converted",
        cost,
        bytes,
    ));
    let as_html = data.articles_with(body_as_html, &article_settings()?)?;
    let mut dry = indexer_on(&server, &database, &["reindex", "--dry-run"]);
    dry.arg("--index-settings").arg(as_html);
    let cost = run(dry).await?;
    reading.row(read_row(
        "the same with the body as HTML, nothing converted",
        cost,
        std::fs::metadata(&database)?.len(),
    ));
    if let Some(command) = sqlite_json(&database, &data.path("rows.json"))? {
        let cost = run(command).await?;
        let bytes = std::fs::metadata(data.path("rows.json"))?.len();
        reading.row(read_row(
            "`sqlite3 -json` of documents.sql into a file",
            cost,
            bytes,
        ));
    }
    server.end().await?;
    Ok(format!("{indexing}\n{reading}"))
}

/// One reindex and its floor, on servers of the same kind, one after the other.
struct Pair {
    reindex: Cost,
    reindex_server: Option<Duration>,
    floor: Duration,
    floor_server: Option<Duration>,
}

async fn pairs(
    data: &Data,
    database: &std::path::Path,
    threads: Threads,
    times: usize,
) -> Outcome<Vec<Pair>> {
    let ndjson = data.path("floor.ndjson");
    let mut pairs = Vec::new();
    for _ in 0..times.max(1) {
        let server = Server::start(threads).await?;
        let before = server.cpu();
        let reindex = on_articles(&server, database, &["reindex"]).await?;
        let reindex_server = since(before, server.cpu());
        let settings = settings_on(&server, "articles").await?;
        if !ndjson.exists() {
            export(&server, "articles", &ndjson).await?;
        }
        server.end().await?;

        let server = Server::start(threads).await?;
        server.prepare("articles", &settings).await?;
        let before = server.cpu();
        let floor = server
            .load("articles", std::slice::from_ref(&ndjson))
            .await?;
        let floor_server = since(before, server.cpu());
        server.end().await?;
        pairs.push(Pair {
            reindex,
            reindex_server,
            floor,
            floor_server,
        });
    }
    Ok(pairs)
}

fn ratios(pairs: &[Pair]) -> (Vec<f64>, Vec<f64>) {
    let walls = pairs
        .iter()
        .map(|p| ratio(p.reindex.wall, p.floor))
        .collect();
    let cpus = pairs
        .iter()
        .filter_map(|p| Some(ratio(p.reindex_server?, p.floor_server?)))
        .collect();
    (walls, cpus)
}

fn since(before: Option<Duration>, after: Option<Duration>) -> Option<Duration> {
    Some(after?.saturating_sub(before?))
}

fn read_row(what: &str, cost: Cost, bytes: u64) -> Vec<String> {
    let mut row = cells(what, cost);
    let speed = bytes as f64 / 1e6 / cost.wall.as_secs_f64();
    row.push(format!("{}, {speed:.0} MB/s", size(bytes)));
    row
}
