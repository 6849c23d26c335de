//! What single settings and the conversion of the body cost in time and on the disk.

use serde_json::{Value, json};

use super::indexer_on;
use crate::Outcome;
use crate::data::{Data, article_settings, body_as_html, without_forms};
use crate::process::run;
use crate::server::{Server, Threads};
use crate::table::{Table, known, size, time};

const ARTICLES: u32 = 5208;

/// Makes another documents.sql of Bisan's.
type Query = fn(String) -> String;

pub async fn measure(data: &Data) -> Outcome<String> {
    let database = data.articles(ARTICLES).await?;
    let ours = article_settings()?;
    let with = |key: &str, value: Value| {
        let mut settings = ours.clone();
        settings[key] = value;
        settings
    };
    let same: Query = |sql| sql;
    let variants = [
        ("Bisan's definition", same, ours.clone()),
        (
            "without the forms of Arabic words",
            without_forms as Query,
            ours.clone(),
        ),
        ("the body as HTML", body_as_html, ours.clone()),
        (
            "without `\"stopWords\": [\"ال\"]`",
            same,
            with("stopWords", json!([])),
        ),
        (
            "with `\"proximityPrecision\": \"byAttribute\"`",
            same,
            with("proximityPrecision", json!("byAttribute")),
        ),
    ];
    let mut table = Table::new(&[
        "5,208 articles",
        "`reindex`",
        "server's processor",
        "server's disk",
    ]);
    for (what, sql, settings) in variants {
        let definitions = data.articles_with(sql, &settings)?;
        let server = Server::start(Threads::Default).await?;
        let mut command = indexer_on(&server, &database, &["reindex"]);
        command.arg("--index-settings").arg(definitions);
        let cost = run(command).await?;
        server.idle().await?;
        table.row(vec![
            what.to_owned(),
            time(cost.wall),
            known(server.cpu(), time),
            known(server.disk(), size),
        ]);
        server.end().await?;
    }
    Ok(table.to_string())
}
