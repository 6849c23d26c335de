//! Generates a database like Bisan's: its schema, Arabic words with the frequencies of real texts, HTML bodies, tags,
//! authors. The same figures always give the same rows on every machine: tests name some of these rows, and two people
//! who run the demo see the same articles.

// With their paths, so that benches/whole can take this file as a module of its own: what it measures is built without
// the feature that has it.
#[path = "sample/rows.rs"]
mod rows;
#[path = "sample/stories.rs"]
mod stories;
#[path = "sample/words.rs"]
mod words;

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use rows::{Article, Author, Rows};

/// How much to invent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    pub articles: u32,
    pub authors: u32,
    /// Words in a body, on average; no body has fewer than 25.
    pub mean_words: u32,
}

/// Why a sample database could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// Writing a sample over somebody's database would be the worst thing that this module could do.
    #[error("{} exists already; name a file that is not there yet", .0.display())]
    Exists(PathBuf),
    #[error("an article needs an author; ask for one author at least")]
    NoAuthors,
    #[error("cannot write the sample database {}: {source}", path.display())]
    Sql { path: PathBuf, source: sqlx::Error },
}

impl Sample {
    /// What Bisan's runbook gives as its production database: 5,208 articles, 1,000 authors, about 88 MB.
    pub fn runbook() -> Sample {
        Sample {
            articles: 5208,
            authors: 1000,
            mean_words: 1150,
        }
    }

    /// A tenth of the articles, and shorter: about 2.5 MB, indexed in a moment.
    pub fn small() -> Sample {
        Sample {
            articles: 500,
            authors: 100,
            mean_words: 300,
        }
    }

    /// So few and short that an engine without optimisation has them in a moment.
    pub fn tiny(articles: u32) -> Sample {
        Sample {
            articles,
            authors: 10,
            mean_words: 25,
        }
    }

    /// Writes the database, in one transaction. The file must not exist yet. It is left in WAL mode, as Rails leaves
    /// its own, with nothing in the WAL.
    pub async fn write(&self, path: &Path) -> Result<(), SampleError> {
        self.write_rows(path, false).await
    }

    /// The same with articles that can be read, Arabic and English: for people who look at them.
    pub async fn write_stories(&self, path: &Path) -> Result<(), SampleError> {
        self.write_rows(path, true).await
    }

    async fn write_rows(&self, path: &Path, are_stories: bool) -> Result<(), SampleError> {
        if path.exists() {
            return Err(SampleError::Exists(path.to_owned()));
        }
        if self.authors == 0 && self.articles > 0 {
            return Err(SampleError::NoAuthors);
        }
        self.fill(path, are_stories)
            .await
            .map_err(|source| SampleError::Sql {
                path: path.to_owned(),
                source,
            })
    }

    async fn fill(&self, path: &Path, are_stories: bool) -> Result<(), sqlx::Error> {
        let mut database = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off) // nobody needs this file after a power cut
            .disable_statement_logging()
            .connect()
            .await?;
        sqlx::raw_sql(SCHEMA).execute(&mut database).await?;

        let mut transaction = database.begin().await?;
        let mut rows = Rows::new(*self, are_stories);
        for id in 1..=self.authors {
            insert_author(&mut transaction, rows.author(id)).await?;
        }
        for id in 1..=self.articles {
            insert_article(&mut transaction, rows.article(id)).await?;
        }
        sqlx::query(COUNT_ARTICLES)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;

        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut database)
            .await?;
        database.close().await
    }
}

async fn insert_author(database: &mut SqliteConnection, author: Author) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO authors (id, name, bio, avatar_url, social_links, created_at, updated_at, articles_count) \
         VALUES (?, ?, ?, NULL, ?, ?, ?, 0)",
    )
    .bind(author.id)
    .bind(author.name)
    .bind(author.bio)
    .bind(author.social_links)
    .bind(author.stamp.clone())
    .bind(author.stamp)
    .execute(database)
    .await?;
    Ok(())
}

async fn insert_article(
    database: &mut SqliteConnection,
    article: Article,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO articles (id, title, article_image, excerpt, category, publish_date, created_at, updated_at, body, \
         source_url, tags, author_id, source_id, ingested_at, content_hash) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(article.id)
    .bind(article.title)
    .bind(article.article_image)
    .bind(article.excerpt)
    .bind(article.category)
    .bind(article.publish_date)
    .bind(article.stamp.clone())
    .bind(article.stamp.clone())
    .bind(article.body)
    .bind(article.source_url)
    .bind(article.tags)
    .bind(article.author_id)
    .bind(article.source_id)
    .bind(article.stamp)
    .bind(article.content_hash)
    .execute(database)
    .await?;
    Ok(())
}

/// Bisan's own schema, as Rails made it in SQLite: types, defaults and indexes.
const SCHEMA: &str = r#"
CREATE TABLE "authors" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "name" varchar NOT NULL, "bio" text,
  "avatar_url" varchar, "social_links" json DEFAULT '{}' NOT NULL, "created_at" datetime(6) NOT NULL,
  "updated_at" datetime(6) NOT NULL, "articles_count" integer DEFAULT 0 NOT NULL);
CREATE INDEX "index_authors_on_articles_count" ON "authors" ("articles_count");
CREATE UNIQUE INDEX "index_authors_on_name" ON "authors" ("name");
CREATE TABLE "articles" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "title" varchar, "article_image" varchar,
  "excerpt" text, "category" varchar, "publish_date" date, "created_at" datetime(6) NOT NULL,
  "updated_at" datetime(6) NOT NULL, "body" text, "source_url" varchar, "tags" varchar, "author_id" integer NOT NULL,
  "source_id" varchar, "ingested_at" datetime(6), "content_hash" varchar,
  CONSTRAINT "fk_rails_e74ce85cbc" FOREIGN KEY ("author_id") REFERENCES "authors" ("id"));
CREATE INDEX "index_articles_on_author_id" ON "articles" ("author_id");
CREATE INDEX "index_articles_on_content_hash" ON "articles" ("content_hash");
CREATE INDEX "index_articles_on_source_id" ON "articles" ("source_id");
CREATE UNIQUE INDEX "index_articles_on_source_url" ON "articles" ("source_url");
CREATE TABLE "schema_migrations" ("version" varchar NOT NULL PRIMARY KEY);
CREATE TABLE "ar_internal_metadata" ("key" varchar NOT NULL PRIMARY KEY, "value" varchar,
  "created_at" datetime(6) NOT NULL, "updated_at" datetime(6) NOT NULL);
INSERT INTO "schema_migrations" VALUES ('20250927095153');
INSERT INTO "ar_internal_metadata" VALUES
  ('environment', 'production', '2025-08-25 09:00:00.000000', '2025-08-25 09:00:00.000000');
"#;

/// Bisan's import ends with this statement, and it touches no timestamp.
const COUNT_ARTICLES: &str = "UPDATE authors SET articles_count = (SELECT COUNT(*) FROM articles WHERE articles.author_id = authors.id)";

#[cfg(test)]
mod tests {
    use super::*;

    async fn digest(sample: Sample) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.sqlite3");
        sample.write(&path).await.unwrap();
        let mut database = SqliteConnectOptions::new()
            .filename(&path)
            .read_only(true)
            .connect()
            .await
            .unwrap();
        let row: (i64, i64, String, String) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM articles), (SELECT COUNT(*) FROM authors), \
             (SELECT group_concat(content_hash) FROM articles), (SELECT group_concat(name || articles_count) FROM authors)",
        )
        .fetch_one(&mut database)
        .await
        .unwrap();
        format!("{row:?}")
    }

    #[tokio::test]
    async fn the_same_figures_give_the_same_rows() {
        let sample = Sample {
            articles: 30,
            authors: 7,
            mean_words: 60,
        };
        let first = digest(sample).await;
        assert!(first.starts_with("(30, 7, "), "{first}");
        assert_eq!(first, digest(sample).await);
    }

    #[tokio::test]
    async fn a_file_that_exists_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("production.sqlite3");
        std::fs::write(&path, "somebody's").unwrap();
        let refused = Sample::small().write(&path).await;
        assert!(matches!(refused, Err(SampleError::Exists(_))));
        assert_eq!(std::fs::read(&path).unwrap(), b"somebody's");
    }

    #[test]
    fn a_query_finds_some_articles_and_not_all() {
        let mut chance = words::Chance::seeded(1);
        let articles: Vec<String> = (0..300)
            .map(|number| {
                let story = stories::Story::of(&mut chance, number);
                format!(
                    "{}. {}",
                    story.title(&mut chance),
                    story.text(&mut chance, 300)
                )
            })
            .collect();
        for word in [
            "القدس",
            "المقاومة",
            "فلسطين",
            "olive tree",
            "Jerusalem",
            "baker",
        ] {
            let found = articles
                .iter()
                .filter(|article| article.contains(word))
                .count();
            assert!((5..250).contains(&found), "{word}: {found} of 300");
        }
        assert!(articles.iter().all(|article| !article.contains("{}")));
    }
}
