//! `demo`: shows everything on a throw-away server, with nothing to install, or on a server that already runs.

mod page;
mod searcher;
mod server;

use std::path::Path;

use serde_json::{Map, Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::cli::{API_KEY, Cli, Command, Demo};
use crate::error::{Error, RuntimeError, UsageError};
use crate::figures::{counted, grouped, listed};
use crate::interrupt;
use crate::meilisearch::{ApiKey, Server};
use crate::progress::Progress;
use crate::report::Answer;
use crate::retry::RetryPolicy;
use crate::sample::Sample;
use crate::terminal::{self, Form, OutputError, say, style};
use page::Page;
use searcher::Searcher;
use server::ThrowAway;

/// What is searched for, how, and what it shows. Each finds some articles and not all.
fn searches() -> [(&'static str, Value, &'static str); 5] {
    [
        (
            "olive tree",
            json!({}),
            "two words, each article that has both first",
        ),
        ("jerusalm", json!({}), "with a typing error"),
        (
            "القدس",
            json!({}),
            "a word with its article, which the index parts",
        ),
        ("المقاومه", json!({}), "written with ه where the text has ة"),
        (
            "baker",
            json!({ "filter": "category = \"ثقافة\"", "sort": ["published_at:desc"], "facets": ["category"] }),
            "in one category, the newest first",
        ),
    ]
}

/// What the application's writers do between the two runs: an import, an edit, a removal, a renamed author.
const CHANGES: &str = "
    INSERT INTO articles (title, body, author_id, created_at, updated_at)
        SELECT 'مقال جديد رقم ' || value, '<p>نص جديد عن القدس</p>', 1,
               strftime('%Y-%m-%d %H:%M:%f', 'now'), strftime('%Y-%m-%d %H:%M:%f', 'now')
        FROM json_each('[1,2,3,4,5,6,7,8,9,10]');
    UPDATE articles SET title = 'عنوان جديد', updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = 2;
    DELETE FROM articles WHERE id = 3;
    UPDATE authors SET name = 'اسم جديد', updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = 2;
";

/// Runs it.
///
/// # Errors
/// Where a step fails; everything that it made goes with it.
pub async fn run(options: &Demo, progress: &Progress) -> Result<Answer, Error> {
    interrupt::or_interrupted(tell(options, progress)).await
}

async fn tell(options: &Demo, progress: &Progress) -> Result<Answer, Error> {
    let folder = tempfile::tempdir().map_err(RuntimeError)?;
    let database = folder.path().join("bisan.sqlite3");
    let sample = match options.tiny {
        Some(articles) => Sample::tiny(articles),
        None if options.small => Sample::small(),
        None => Sample::runbook(),
    };

    head(&format!(
        "1. A database like Bisan's: {} articles, {} authors, invented stories in Arabic and English",
        grouped(sample.articles.into()),
        grouped(sample.authors.into())
    ))?;
    sample
        .write_stories(&database)
        .await
        .map_err(|error| UsageError::error(error.to_string()))?;

    let (server, address, throw_away) = match &options.meilisearch {
        None => {
            head("2. A throw-away Meilisearch, with the real engine inside")?;
            let files = folder.path().join("server");
            let throw_away = ThrowAway::start(options.server.as_deref(), &files).await?;
            let server = Server::new(throw_away.address.parse()?, None)?;
            (server, throw_away.address.clone(), Some(throw_away))
        }
        Some(address) => {
            head("2. A Meilisearch that runs already")?;
            (an_empty_server(address).await?, address.clone(), None)
        }
    };
    say(&format!("   {address} over {}", database.display()))?;

    head(
        "3. bisan-indexer reindex: every document into new indexes, checked, then swapped into place",
    )?;
    reindex(&database, &address, progress).await?;

    head("4. Search")?;
    for (query, with, what) in searches() {
        show_search(&server, query, with, what).await?;
    }

    head("5. The database changes: ten new articles, one edited, one deleted, an author renamed")?;
    let mut writer = SqliteConnectOptions::new()
        .filename(&database)
        .connect()
        .await
        .map_err(|error| UsageError::error(error.to_string()))?;
    sqlx::raw_sql(CHANGES)
        .execute(&mut writer)
        .await
        .map_err(|error| UsageError::error(error.to_string()))?;

    head("6. Reindexed while a searcher asks every 20 ms")?;
    let searcher = Searcher::start(server.clone(), "articles");
    let outcome = reindex(&database, &address, &progress.afresh()).await;
    let seen = searcher.stop().await?;
    outcome?;
    say(&format!(
        "   {}: {} failed, {} came back empty",
        counted(seen.asked, "search", "searches"),
        seen.failed,
        seen.empty
    ))?;
    for (total, times) in &seen.totals {
        say(&format!(
            "   {} of them found {}",
            grouped(*times),
            counted(*total, "article", "articles")
        ))?;
    }
    if seen.failed + seen.empty > 0 {
        return Err(UsageError::error(
            "a search failed or came back empty during the reindex".to_owned(),
        ));
    }
    show_search(&server, "عنوان جديد", json!({}), "the edited title").await?;

    if options.serve {
        head("The server stays up until Ctrl-C. Open the page, or try the rest")?;
        let page = Page::open(server.with_policy(RetryPolicy::NONE), &options.listen).await?;
        say(&format!("   {}", style(page.url()).cyan()))?;
        say(&format!(
            "   curl -s '{0}/indexes/articles/search?q=القدس&limit=3&attributesToRetrieve=id,title'\n   \
             bisan-indexer reindex --database {1} --meilisearch {0}",
            address,
            database.display()
        ))?;
        loop {
            page.pressed().await;
            head("A reindex, asked for by the page")?;
            let progress = progress.afresh();
            page.begun(&progress);
            let outcome = reindex(&database, &address, &progress).await;
            page.ended(&outcome);
            // The page tells it, and the next one may do better.
            if let Err(error) = outcome {
                tracing::error!("{error}");
            }
        }
    }
    head(match throw_away {
        Some(_) => "Everything is gone again. What to try next",
        None => "The database is gone again, the indexes stay. What to try next",
    })?;
    say(
        "   bisan-indexer demo --serve                     keep the server and the database until Ctrl-C\n   \
         bisan-indexer reindex --help                   your own database, your own Meilisearch\n   \
         bisan-indexer reindex --database DB --dry-run  every check and the full read, nothing sent",
    )?;
    Ok(Answer::told())
}

/// A server that the demo can take nothing from, since it holds nothing.
async fn an_empty_server(address: &str) -> Result<Server, Error> {
    let server = Server::new(address.parse()?, ApiKey::from_env(API_KEY)?)?;
    match server.indexes().await?.as_slice() {
        [] => Ok(server),
        [index, ..] => Err(UsageError::error(format!(
            "{address} holds an index already, {}; the demo wants a server that holds none",
            index.uid
        ))),
    }
}

/// The next chapter.
fn head(text: &str) -> Result<(), Error> {
    say(&format!("\n{}", style(text).bold()))
}

/// The same command as a user's, with the same options.
async fn reindex(database: &Path, address: &str, progress: &Progress) -> Result<(), Error> {
    let cli = <Cli as clap::Parser>::try_parse_from([
        "bisan-indexer".as_ref(),
        "reindex".as_ref(),
        "--database".as_ref(),
        database.as_os_str(),
        "--meilisearch".as_ref(),
        address.as_ref(),
    ])
    .map_err(|error| UsageError::error(error.to_string()))?;
    let Command::Reindex(options) = &cli.command else {
        return Err(UsageError::error(
            "the demo's own command line is not reindex".to_owned(),
        ));
    };
    let answer = super::reindex::run(options, progress).await?;
    progress.finish();
    terminal::print(Form::Text, &answer.summary).map_err(OutputError)?;
    Ok(())
}

async fn show_search(server: &Server, query: &str, with: Value, what: &str) -> Result<(), Error> {
    let mut parameters = Map::from_iter([
        ("q".to_owned(), json!(query)),
        ("limit".to_owned(), json!(2)),
        (
            "attributesToRetrieve".to_owned(),
            json!(["id", "title", "author_name"]),
        ),
    ]);
    parameters.extend(with.as_object().cloned().unwrap_or_default());
    let answer = server.search("articles", &parameters).await?;
    say(&format!(
        "   {} ({what}): {} found in {} ms",
        style(query).cyan(),
        grouped(answer["estimatedTotalHits"].as_u64().unwrap_or(0)),
        answer["processingTimeMs"]
    ))?;
    for hit in answer["hits"].as_array().into_iter().flatten() {
        let text = |field: &str| hit[field].as_str().unwrap_or("").to_owned();
        say(&format!(
            "      {:>6}  {}  ({})",
            hit["id"].to_string(),
            text("title"),
            text("author_name")
        ))?;
    }
    let counts = answer["facetDistribution"]["category"].as_object();
    if let Some(counts) = counts.filter(|counts| !counts.is_empty()) {
        let counts = counts.iter().map(|(name, count)| format!("{name} {count}"));
        say(&format!("      by category: {}", listed(counts)))?;
    }
    Ok(())
}
