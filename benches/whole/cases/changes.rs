//! After an import that changed one article in fifty: `apply` and `sync` beside a full reindex.

use super::{cells, on_articles};
use crate::Outcome;
use crate::data::{Data, write};
use crate::server::{Server, Threads};
use crate::table::{Table, ratio, time};

const ARTICLES: u32 = 5208;

const IMPORT: &str = "
    UPDATE articles SET title = title || ' *', updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id % 50 = 0;
    PRAGMA wal_checkpoint(TRUNCATE);
";

pub async fn measure(data: &Data) -> Outcome<String> {
    let base = data.articles(ARTICLES).await?;
    let database = data.changed(&base, "imported.sqlite3", "").await?;
    let server = Server::start(Threads::Default).await?;
    on_articles(&server, &database, &["reindex"]).await?;

    let mut table = Table::new(&[
        "5,208 articles",
        "time",
        "of a reindex",
        "processor",
        "peak memory",
    ]);
    let nothing = on_articles(&server, &database, &["sync"]).await?;
    let nothing_by_time =
        on_articles(&server, &database, &["sync", "--compare", "changed"]).await?;
    let verify = on_articles(&server, &database, &["verify"]).await?;
    let listing = server.listing("articles").await?;
    write(&database, IMPORT).await?;
    let apply = on_articles(&server, &database, &["apply", "--yes"]).await?;
    let reindex = on_articles(&server, &database, &["reindex", "--retain", "0"]).await?;
    server.end().await?;

    for (what, cost) in [
        ("`reindex` after the import", reindex),
        ("`apply` after the import: 2 % have changed", apply),
        ("`sync`, nothing changed: every document compared", nothing),
        ("`sync --compare changed`, nothing changed", nothing_by_time),
        ("`verify`", verify),
    ] {
        let mut row = cells(what, cost);
        row.insert(
            2,
            format!("{:.1} %", 100.0 * ratio(cost.wall, reindex.wall)),
        );
        table.row(row);
    }
    let mut row = vec!["all documents read from the server, unlooked at".to_owned()];
    row.extend([time(listing), "–".into(), "–".into(), "–".into()]);
    table.row(row);
    Ok(table.to_string())
}
