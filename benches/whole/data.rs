//! The databases and definitions that are measured with, made once a run and gone with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};

use super::sample::Sample;
use super::server::Server;
use super::{Outcome, process};

/// How many documents a page of a listing has.
const PAGE: u64 = 500;

/// A folder for everything that is made.
pub struct Data {
    folder: TempDir,
}

impl Data {
    pub fn new() -> Outcome<Data> {
        let folder = tempfile::tempdir()?;
        Ok(Data { folder })
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A database like Bisan's with so many articles; 5,208 are the 88 MB of its runbook.
    pub async fn articles(&self, articles: u32) -> Outcome<PathBuf> {
        let path = self.path(&format!("articles-{articles}.sqlite3"));
        if !path.exists() {
            let sample = Sample {
                articles,
                ..Sample::runbook()
            };
            sample.write(&path).await?;
        }
        Ok(path)
    }

    /// A copy of a database with statements carried out on it.
    pub async fn changed(&self, of: &Path, name: &str, sql: &'static str) -> Outcome<PathBuf> {
        let path = self.path(name);
        std::fs::copy(of, &path)?; // the generator leaves no log beside it
        write(&path, sql).await?;
        Ok(path)
    }

    /// A million small rows, and the definition of their index.
    pub async fn million(&self) -> Outcome<(PathBuf, PathBuf)> {
        let path = self.path("million.sqlite3");
        if !path.exists() {
            write(&path, MILLION).await?;
        }
        let settings = json!({"searchableAttributes": ["title"]});
        let definitions = self.definition("notes", NOTES, Some(NOTES_CHANGES), &settings)?;
        Ok((path, definitions))
    }

    /// So many rows with a text of so many letters each, a change log, and the definition of their index.
    pub async fn logged(&self, rows: u32, letters: u32) -> Outcome<(PathBuf, PathBuf)> {
        let path = self.path(&format!("logged-{rows}-{letters}.sqlite3"));
        let mut writer = Writer::open(&path).await?;
        let rows = format!(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO notes SELECT i, 'note ' || i, hex(randomblob({letters} / 2)) FROM n;"
        );
        writer.write(&rows).await?;
        let settings = json!({"searchableAttributes": ["title"]});
        let documents = "SELECT id, title, body FROM notes";
        let definitions = self.definition("notes", documents, None, &settings)?;
        self.log(&path, &definitions, "notes").await?;
        Ok((path, definitions))
    }

    /// The definition of small rows, still without its changes.sql.
    pub fn notes_by_log(&self) -> Outcome<PathBuf> {
        let settings = json!({"searchableAttributes": ["title"]});
        self.definition("notes", NOTES, None, &settings)
    }

    /// Bisan's own definition of articles.
    pub fn articles_by_time(&self) -> Outcome<PathBuf> {
        let documents = std::fs::read_to_string(own("articles/documents.sql"))?;
        let changes = std::fs::read_to_string(own("articles/changes.sql"))?;
        self.definition("articles", &documents, Some(&changes), &article_settings()?)
    }

    /// The same, followed by a change log, which the database gets.
    pub async fn articles_by_log(&self, database: &Path) -> Outcome<PathBuf> {
        let documents = std::fs::read_to_string(own("articles/documents.sql"))?;
        let definitions = self.definition("articles", &documents, None, &article_settings()?)?;
        self.log(database, &definitions, "articles").await?;
        Ok(definitions)
    }

    /// Gives a database its change log, and a definition the changes.sql that reads it.
    async fn log(&self, database: &Path, definitions: &Path, name: &str) -> Outcome<()> {
        let sql = process::triggers(database, definitions, &[])?;
        Writer::open(database).await?.write(&sql).await?;
        let changes = process::triggers(database, definitions, &["--changes", name])?;
        std::fs::write(definitions.join(name).join("changes.sql"), changes)?;
        Ok(())
    }

    /// So many small rows whose ids are UUIDs, in no order, and the definition of their index.
    pub async fn uuids(&self, rows: u32) -> Outcome<(PathBuf, PathBuf)> {
        let path = self.path(&format!("uuids-{rows}.sqlite3"));
        if !path.exists() {
            write(&path, UUIDS).await?;
            for _ in 1..rows / UUIDS_AT_ONCE {
                write(&path, MORE_UUIDS).await?;
            }
        }
        Ok((path, self.notes_by_any_id()?))
    }

    /// 3,000 rows of some bytes, and 600 of 200 kB behind them.
    pub async fn books(&self) -> Outcome<(PathBuf, PathBuf)> {
        let path = self.path("books.sqlite3");
        if !path.exists() {
            write(&path, BOOKS).await?;
        }
        Ok((path, self.notes_by_any_id()?))
    }

    fn notes_by_any_id(&self) -> Outcome<PathBuf> {
        // One word that all have is indexed: what is measured is the program.
        let settings = json!({"searchableAttributes": ["kind"]});
        let documents = "SELECT id, title, kind FROM notes";
        self.definition("notes", documents, Some(NOTES_CHANGES), &settings)
    }

    /// Bisan's definition of articles with another body or other settings.
    pub fn articles_with(&self, sql: fn(String) -> String, settings: &Value) -> Outcome<PathBuf> {
        let documents = sql(std::fs::read_to_string(own("articles/documents.sql"))?);
        self.definition("articles", &documents, None, settings)
    }

    fn definition(
        &self,
        name: &str,
        documents: &str,
        changes: Option<&str>,
        settings: &Value,
    ) -> Outcome<PathBuf> {
        let definitions = tempfile::tempdir_in(self.folder.path())?.keep();
        let folder = definitions.join(name);
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join("documents.sql"), documents)?;
        std::fs::write(folder.join("settings.json"), settings.to_string())?;
        if let Some(changes) = changes {
            std::fs::write(folder.join("changes.sql"), changes)?;
        }
        Ok(definitions)
    }
}

/// Bisan's documents.sql without the conversion of the body.
pub fn body_as_html(sql: String) -> String {
    sql.replace("body:html_arabic", "body")
}

/// The same with the body as text, without the forms of its Arabic words.
pub fn without_forms(sql: String) -> String {
    sql.replace("body:html_arabic", "body:html")
}

/// The definition's own settings of articles.
pub fn article_settings() -> Outcome<Value> {
    let text = std::fs::read_to_string(own("articles/settings.json"))?;
    Ok(serde_json::from_str(&text)?)
}

/// Those that are on a server, with which another of the same version can be prepared.
pub async fn settings_on(server: &Server, uid: &str) -> Outcome<Value> {
    let path = format!("/indexes/{uid}/settings");
    server.ask(Method::GET, &path, None).await
}

/// All documents of an index as NDJSON, for those who do not read a database; how many bytes they are.
pub async fn export(server: &Server, uid: &str, to: &Path) -> Outcome<u64> {
    let mut file = tokio::io::BufWriter::new(tokio::fs::File::create(to).await?);
    let mut bytes = 0;
    for offset in (0..).step_by(PAGE as usize) {
        let path = format!("/indexes/{uid}/documents?limit={PAGE}&offset={offset}");
        let page = server.ask(Method::GET, &path, None).await?;
        let documents = page["results"].as_array().map_or(&[][..], Vec::as_slice);
        for document in documents {
            let line = format!("{document}\n");
            file.write_all(line.as_bytes()).await?;
            bytes += line.len() as u64;
        }
        if documents.is_empty() {
            break;
        }
    }
    file.flush().await?;
    Ok(bytes)
}

/// The lines of a file in files beside it, each of so many bytes at most: what a server takes in one request.
pub async fn in_pieces(ndjson: &Path, bytes: u64) -> Outcome<Vec<PathBuf>> {
    let mut lines = tokio::io::BufReader::new(tokio::fs::File::open(ndjson).await?);
    let mut pieces = Vec::new();
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line).await?;
    while !line.is_empty() {
        let path = ndjson.with_extension(format!("{}.ndjson", pieces.len()));
        let mut piece = tokio::io::BufWriter::new(tokio::fs::File::create(&path).await?);
        let mut written = 0;
        while !line.is_empty() && (written == 0 || written + line.len() as u64 <= bytes) {
            piece.write_all(&line).await?;
            written += line.len() as u64;
            line.clear();
            lines.read_until(b'\n', &mut line).await?;
        }
        piece.flush().await?;
        pieces.push(path);
    }
    Ok(pieces)
}

/// Carries statements out on a database.
pub async fn write(database: &Path, sql: &'static str) -> Outcome<()> {
    let mut writer = Writer::open(database).await?;
    writer.write(sql).await?;
    writer.0.close().await?;
    Ok(())
}

/// A program that writes to a database.
pub struct Writer(SqliteConnection);

impl Writer {
    /// Opens it, and makes the database where there is none.
    pub async fn open(database: &Path) -> Outcome<Writer> {
        let options = SqliteConnectOptions::new().filename(database);
        Ok(Writer(options.create_if_missing(true).connect().await?))
    }

    /// Carries out these statements.
    pub async fn write(&mut self, sql: &str) -> Outcome<()> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&mut self.0).await?;
        Ok(())
    }
}

/// The rows of articles as SQLite's own program writes them, in JSON, into a file: what reading them costs at least.
pub fn sqlite_json(database: &Path, to: &Path) -> Outcome<Option<Command>> {
    if !process::is_there("sqlite3") {
        return Ok(None);
    }
    let sql = std::fs::read_to_string(own("articles/documents.sql"))?;
    let mut command = Command::new("sqlite3");
    command.arg("-json").arg(database).arg(format!("\n{sql}")); // what begins with `-` is an option to it
    command.stdout(std::fs::File::create(to)?);
    Ok(Some(command))
}

fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("index-settings")
        .join(path)
}

const UUIDS_AT_ONCE: u32 = 1_000_000;
const UUIDS: &str = "
    CREATE TABLE notes (id TEXT NOT NULL UNIQUE, title TEXT, kind TEXT, updated_at TEXT);
    CREATE VIEW more AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
    SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' ||
                 substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))) AS id, 'note ' || i AS title FROM n;
    INSERT INTO notes SELECT id, title, 'note', '2026-01-01 00:00:00.000000' FROM more;
    CREATE INDEX index_notes_on_updated_at ON notes (updated_at);
";
const MORE_UUIDS: &str =
    "INSERT INTO notes SELECT id, title, 'note', '2026-01-01 00:00:00.000000' FROM more";
const BOOKS: &str = "
    CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, kind TEXT, updated_at TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3600)
    INSERT INTO notes
    SELECT i, CASE WHEN i > 3000 THEN hex(zeroblob(100000)) ELSE 'note' END, 'note', '2026-01-01 00:00:00' FROM n;
    CREATE INDEX index_notes_on_updated_at ON notes (updated_at);
";
const NOTES: &str = r#"SELECT id, title, updated_at AS "updated_at:unix" FROM notes"#;
const NOTES_CHANGES: &str =
    "SELECT id, updated_at AS changed_at FROM notes WHERE updated_at >= :since";
const MILLION: &str = "
    CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, updated_at datetime(6));
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
    INSERT INTO notes SELECT i, 'note ' || i, '2026-01-01 00:00:00.000000' FROM n;
    CREATE INDEX index_notes_on_updated_at ON notes (updated_at);
";
