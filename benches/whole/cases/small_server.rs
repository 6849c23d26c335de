//! How much memory the server takes while it indexes, by what can be chosen: its threads and the size of a batch.
//!
//! On a machine that has more, a limit shows whether it does with less:
//! `systemd-run --scope -p MemoryMax=2G just bench small-server`.

use super::on_articles;
use crate::Outcome;
use crate::data::Data;
use crate::server::{Server, Threads};
use crate::table::{Table, known, memory, time};

/// Bisan's production: 340 MB.
const ARTICLES: u32 = 20_331;

pub async fn measure(data: &Data) -> Outcome<String> {
    if !Server::is_ours() {
        return Ok("Only a server that is started here tells its memory.\n".to_owned());
    }
    let database = data.articles(ARTICLES).await?;
    let mut table = Table::new(&[
        "20,331 articles, 340 MB: indexing threads",
        "`--batch-size`",
        "`reindex`",
        "server's peak, allocated",
        "server's peak, with mapped pages",
    ]);
    for threads in [1, 2] {
        for batch in ["10MB", "25MB", "100MB"] {
            let server = Server::start(Threads::Exactly(threads)).await?;
            let words = ["reindex", "--batch-size", batch];
            let cost = on_articles(&server, &database, &words).await?;
            table.row(vec![
                threads.to_string(),
                batch.to_owned(),
                time(cost.wall),
                known(server.peak_allocated(), memory),
                known(server.peak(), memory),
            ]);
            server.end().await?;
        }
    }
    Ok(table.to_string())
}
