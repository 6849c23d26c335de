//! Ten times Bisan's articles: the memory must be the same.

use super::{cells, on_articles};
use crate::Outcome;
use crate::data::Data;
use crate::server::{Server, Threads};
use crate::table::{Table, known, memory};

const ARTICLES: u32 = 52_080;

pub async fn measure(data: &Data) -> Outcome<String> {
    let database = data.articles(ARTICLES).await?;
    let server = Server::start(Threads::Exactly(2)).await?;
    let mut table = Table::new(&[
        "52,080 articles, 880 MB",
        "time",
        "processor",
        "peak memory",
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
        row.push(known(server.peak(), memory));
        table.row(row);
    }
    server.end().await?;
    Ok(table.to_string())
}
