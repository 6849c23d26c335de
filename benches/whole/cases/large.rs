//! Ten times Bisan's articles: the memory must be the same, and the time still the server's.

use super::{cells, on_articles};
use crate::Outcome;
use crate::data::{Data, export, in_pieces, settings_on};
use crate::server::{Server, Threads};
use crate::table::{Table, known, memory, time};

const ARTICLES: u32 = 52_080;

/// What the program sends in one request to a server nearby; a server takes 100 MB unless it was told otherwise.
const REQUEST: u64 = 90_000_000;

pub async fn measure(data: &Data) -> Outcome<String> {
    let database = data.articles(ARTICLES).await?;
    let server = Server::start(Threads::Exactly(2)).await?;
    let mut table = Table::new(&[
        "52,080 articles, 880 MB",
        "time",
        "processor",
        "peak memory",
        "server's processor so far",
        "server's peak, with mapped pages",
    ]);
    for (what, words) in [
        ("`reindex --dry-run`", &["reindex", "--dry-run"][..]),
        ("`reindex`, server with two threads", &["reindex"]),
        (
            "`sync`, nothing changed: every document compared",
            &["sync"],
        ),
    ] {
        let mut row = cells(what, on_articles(&server, &database, words).await?);
        row.push(known(server.cpu(), time));
        row.push(known(server.peak(), memory));
        table.row(row);
    }
    let settings = settings_on(&server, "articles").await?;
    let ndjson = data.path("large.ndjson");
    export(&server, "articles", &ndjson).await?;
    server.end().await?;

    let requests = in_pieces(&ndjson, REQUEST).await?;
    let server = Server::start(Threads::Exactly(2)).await?;
    server.prepare("articles", &settings).await?;
    let floor = server.load("articles", &requests).await?;
    table.row(vec![
        format!("floor: {} ready-made requests", requests.len()),
        time(floor),
        "–".into(),
        "–".into(),
        known(server.cpu(), time),
        known(server.peak(), memory),
    ]);
    server.end().await?;
    Ok(table.to_string())
}
