//! From a commit until a search finds it: by a follower with its default options, and where the application itself sends
//! the document at each save, as the Rails gem does.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::indexer_by;
use crate::Outcome;
use crate::data::{Data, Writer};
use crate::process::run;
use crate::server::{Server, Threads};
use crate::table::{Table, time};

const ARTICLES: u32 = 4_997;

/// Edits that are timed.
const EDITS: u32 = 100;

/// Between two edits: as on a quiet site, each comes alone.
const PAUSE: Duration = Duration::from_millis(1_500);

/// Between two searches for the edit: seldom enough that they do not compete with the indexing.
const LOOK: Duration = Duration::from_millis(20);

/// Who sends what was edited to Meilisearch.
#[derive(Clone, Copy, PartialEq)]
enum Sender {
    Follower,
    /// After the commit, as a callback of the model does: the whole document, and no wait for its task.
    Application,
}

pub async fn measure(data: &Data) -> Outcome<String> {
    let database = data.articles(ARTICLES).await?;
    let by_time = data.articles_by_time()?;
    let by_log = data.articles_by_log(&database).await?;
    let mut table = Table::new(&["an edit each 1.5 s", "median", "p95", "slowest"]);
    let runs = [
        ("followed by timestamps", &by_time, Sender::Follower),
        ("followed by a change log", &by_log, Sender::Follower),
        (
            "sent by the application at its save",
            &by_time,
            Sender::Application,
        ),
    ];
    for (number, (what, definitions, sender)) in runs.into_iter().enumerate() {
        let server = Server::start(Threads::Default).await?;
        let command = |words: &[&str]| indexer_by(&server, &database, definitions, words);
        run(command(&["reindex"])).await?;
        server.idle().await?;
        let mut times = match sender {
            Sender::Application => edits(&server, &database, number, sender).await?,
            Sender::Follower => {
                let mut follower = command(&["sync", "--watch", "--quiet"])
                    .stdin(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()?;
                let times = edits(&server, &database, number, sender).await;
                follower.kill()?;
                follower.wait()?;
                times?
            }
        };
        server.end().await?;
        times.sort();
        let at = |share: usize| time(times[(times.len() * share / 100).min(times.len() - 1)]);
        table.row(vec![what.to_owned(), at(50), at(95), at(100)]);
    }
    Ok(table.to_string())
}

async fn edits(
    server: &Server,
    database: &Path,
    run: usize,
    sender: Sender,
) -> Outcome<Vec<Duration>> {
    let mut writer = Writer::open(database).await?;
    let mut times = Vec::new();
    // The first rounds of the follower are not what is measured.
    tokio::time::sleep(2 * PAUSE).await;
    for edit in 0..EDITS {
        // Each word is new to the database, which the runs before have written to.
        let word = format!("qw{run}zx{edit}");
        let id = 1 + edit * 37 % ARTICLES;
        let document = format!("/indexes/articles/documents/{id}");
        let mut document = match sender {
            Sender::Follower => Value::Null,
            Sender::Application => server.ask(Method::GET, &document, None).await?,
        };
        writer
            .write(&format!(
                "UPDATE articles SET title = '{word}', updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = {id}"
            ))
            .await?;
        let begun = Instant::now();
        if sender == Sender::Application {
            document["title"] = word.as_str().into();
            let documents = "/indexes/articles/documents";
            server
                .ask(Method::POST, documents, Some(json!([document])))
                .await?;
        }
        let query = json!({"q": word, "limit": 1, "matchingStrategy": "all"});
        loop {
            let search = "/indexes/articles/search";
            let found = server
                .ask(Method::POST, search, Some(query.clone()))
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
