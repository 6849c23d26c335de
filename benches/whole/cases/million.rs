//! A million rows: memory that does not grow with them, and rounds that cost what changed.

use super::{cells, indexer_by};
use crate::Outcome;
use crate::data::{Data, write};
use crate::process::run;
use crate::server::{Server, Threads};
use crate::table::Table;

const A_HUNDRED: &str = "
    UPDATE notes SET title = title || ' *', updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id % 10000 = 0
";

pub async fn measure(data: &Data) -> Outcome<String> {
    let (database, definitions) = data.million().await?;
    let server = Server::start(Threads::Default).await?;
    let command = |words: &[&str]| indexer_by(&server, &database, &definitions, words);

    let mut table = Table::new(&["1,000,000 rows", "time", "processor", "peak memory"]);
    let rounds: [(&str, &[&str]); 5] = [
        (
            "`sync --compare changed`",
            &["sync", "--compare", "changed"],
        ),
        ("`sync`: ids compared", &["sync"]),
        (
            "`sync --compare all`: every document",
            &["sync", "--compare", "all"],
        ),
        ("`verify`", &["verify"]),
        ("`status`", &["status"]),
    ];
    let dry = run(command(&["reindex", "--dry-run"])).await?;
    table.row(cells("`reindex --dry-run`", dry));
    let reindex = run(command(&["reindex"])).await?;
    table.row(cells("`reindex`", reindex));
    for (what, words) in rounds {
        let cost = run(command(words)).await?;
        table.row(cells(&format!("{what}, nothing changed"), cost));
    }
    for (what, words) in &rounds[..3] {
        write(&database, A_HUNDRED).await?;
        let cost = run(command(words)).await?;
        table.row(cells(&format!("{what}, 100 changed"), cost));
    }
    server.end().await?;
    Ok(table.to_string())
}
