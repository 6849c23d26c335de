//! A database of the test's own, and people who write into it as Bisan's writers do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bisan_indexer::sample::Sample;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

pub struct Database {
    pub path: PathBuf,
}

impl Database {
    /// Bisan's schema with so many invented rows.
    pub async fn bisan(path: &Path, sample: Sample) -> Database {
        sample.write(path).await.unwrap();
        Database {
            path: path.to_owned(),
        }
    }

    /// Any other database; the statements make it.
    pub async fn made_by(path: &Path, sql: &str) -> Database {
        let database = Database {
            path: path.to_owned(),
        };
        database.execute(sql).await;
        database
    }

    /// As Rails 8 opens its database.
    pub async fn open(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(30))
            .connect()
            .await
            .unwrap()
    }

    /// One statement or several.
    pub async fn execute(&self, sql: &str) {
        let mut connection = self.open().await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    pub async fn count(&self, table: &str) -> u64 {
        let mut connection = self.open().await;
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        count as u64
    }

    /// The first column of each row, as text.
    pub async fn column(&self, sql: &str) -> Vec<String> {
        let mut connection = self.open().await;
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        rows.iter()
            .map(|row| row.get_unchecked::<String, _>(0))
            .collect()
    }

    /// Active Record saves one article: six digits of microseconds.
    pub async fn save_title(&self, id: i64, title: &str) {
        self.execute(&format!(
            "UPDATE articles SET title = '{title}', updated_at = {RAILS_NOW} WHERE id = {id}"
        ))
        .await;
    }

    /// The same for an author.
    pub async fn rename_author(&self, id: i64, name: &str) {
        self.execute(&format!(
            "UPDATE authors SET name = '{name}', updated_at = {RAILS_NOW} WHERE id = {id}"
        ))
        .await;
    }

    /// `HasadImportJob`: `insert_all` with SQLite's own clock, three digits of milliseconds. Returns the new ids.
    pub async fn import(&self, articles: u32, title: &str) -> Vec<String> {
        let values: Vec<String> = (0..articles)
            .map(|n| format!("('{title} {n}', '<p>{title}</p>', hex(randomblob(16)), 1, {SQLITE_NOW}, {SQLITE_NOW})"))
            .collect();
        let first = self.count("articles").await;
        let last = self
            .column("SELECT CAST(COALESCE(MAX(id), 0) AS TEXT) FROM articles")
            .await
            .remove(0);
        self.execute(&format!(
            "INSERT INTO articles (title, body, source_url, author_id, created_at, updated_at) VALUES {};
             UPDATE authors SET articles_count = (SELECT COUNT(*) FROM articles WHERE author_id = authors.id)",
            values.join(", ")
        ))
        .await;
        assert_eq!(self.count("articles").await, first + u64::from(articles));
        self.column(&format!(
            "SELECT CAST(id AS TEXT) FROM articles WHERE id > {last} ORDER BY id"
        ))
        .await
    }

    /// A hard delete, without a trace.
    pub async fn delete_article(&self, id: i64) {
        self.execute(&format!("DELETE FROM articles WHERE id = {id}"))
            .await;
    }

    /// How much lies in the write-ahead log.
    pub fn wal_bytes(&self) -> u64 {
        let mut name = self.path.clone().into_os_string();
        name.push("-wal");
        std::fs::metadata(name).map_or(0, |log| log.len())
    }

    /// Everything that lies in the database's folder, by name.
    pub fn folder(&self) -> Vec<String> {
        let folder = self.path.parent().unwrap();
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// SQLite knows milliseconds; Rails writes six digits.
const RAILS_NOW: &str = "(STRFTIME('%Y-%m-%d %H:%M:%f', 'now') || '000')";
const SQLITE_NOW: &str = "STRFTIME('%Y-%m-%d %H:%M:%f', 'now')";
