//! Memory that grows neither with ids that cannot be remembered in a few bits, nor with books that lie behind small documents.

use std::path::Path;

use super::{cells, indexer_by};
use crate::Outcome;
use crate::data::{Data, write};
use crate::process::run;
use crate::server::{Server, Threads};
use crate::table::Table;

/// Everything that looks at ids.
const COMMANDS: [&[&str]; 8] = [
    &["reindex", "--dry-run"],
    &["reindex"],
    &["sync", "--compare", "changed"],
    &["sync", "--compare", "ids"],
    &["sync", "--compare", "all"],
    &["verify"],
    &["status"],
    &["apply", "--yes"],
];

/// One document of all differs, and no timestamp tells.
const ONE_CHANGED: &str = "UPDATE notes SET title = 'another' WHERE rowid = 7";

pub async fn measure(data: &Data) -> Outcome<String> {
    let mut tables = Vec::new();
    for rows in [1_000_000, 10_000_000] {
        let (database, definitions) = data.uuids(rows).await?;
        tables.push(measured(&format!("{rows} UUIDs"), &database, &definitions).await?);
    }
    let (database, definitions) = data.books().await?;
    let name = "3,000 small documents, then 600 of 200 kB";
    tables.push(measured(name, &database, &definitions).await?);
    Ok(tables.join("\n"))
}

async fn measured(name: &str, database: &Path, definitions: &Path) -> Outcome<String> {
    let server = Server::start(Threads::Default).await?;
    let mut table = Table::new(&[name, "time", "processor", "peak memory"]);
    for words in COMMANDS {
        let cost = run(indexer_by(&server, database, definitions, words)).await?;
        table.row(cells(&format!("`{}`", words.join(" ")), cost));
    }
    write(database, ONE_CHANGED).await?;
    let cost = run(indexer_by(
        &server,
        database,
        definitions,
        &["apply", "--yes"],
    ))
    .await?;
    table.row(cells("`apply --yes`, one changed", cost));
    server.end().await?;
    Ok(table.to_string())
}
