//! From a commit until a search finds it, by a follower with its default options.

use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::indexer_by;
use crate::Outcome;
use crate::data::{Data, Writer};
use crate::server::{Server, Threads};
use crate::table::{Table, time};

const ARTICLES: u32 = 4_997;

/// Edits that are timed.
const EDITS: u32 = 100;

/// Between two edits: as on a quiet site, each comes alone.
const PAUSE: Duration = Duration::from_millis(1_500);

/// Between two searches for the edit.
const LOOK: Duration = Duration::from_millis(2);

pub async fn measure(data: &Data) -> Outcome<String> {
    let database = data.articles(ARTICLES).await?;
    let mut table = Table::new(&["an edit each 1.5 s", "median", "p95", "slowest"]);
    for (what, definitions) in [
        ("followed by timestamps", data.articles_by_time()?),
        (
            "followed by a change log",
            data.articles_by_log(&database).await?,
        ),
    ] {
        let server = Server::start(Threads::Default).await?;
        let reindex = indexer_by(&server, &database, &definitions, &["reindex"]);
        crate::process::run(reindex).await?;
        server.idle().await?;
        let mut follower = indexer_by(
            &server,
            &database,
            &definitions,
            &["sync", "--watch", "--quiet"],
        );
        let mut follower = follower
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let times = edits(&server, &database).await;
        follower.kill()?;
        follower.wait()?;
        let mut times = times?;
        times.sort();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        table.row(vec![
            what.to_owned(),
            time(at(50)),
            time(at(95)),
            time(at(100)),
        ]);
        server.end().await?;
    }
    Ok(table.to_string())
}

async fn edits(server: &Server, database: &std::path::Path) -> Outcome<Vec<Duration>> {
    let mut writer = Writer::open(database).await?;
    let mut times = Vec::new();
    // The first rounds of the follower are not what is measured.
    tokio::time::sleep(2 * PAUSE).await;
    for edit in 0..EDITS {
        let word = format!("qw{edit}zx{}", times.len());
        let id = 1 + edit * 37 % ARTICLES;
        writer
            .write(&format!(
                "UPDATE articles SET title = '{word}', updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = {id}"
            ))
            .await?;
        let begun = Instant::now();
        let query = json!({"q": word, "limit": 1, "matchingStrategy": "all"});
        loop {
            let found = server
                .ask(
                    Method::POST,
                    "/indexes/articles/search",
                    Some(query.clone()),
                )
                .await?;
            if found["hits"][0]["title"] == word {
                break;
            }
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(format!("{word} was not found in a minute").into());
            }
            tokio::time::sleep(LOOK).await;
        }
        times.push(begun.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(times)
}
