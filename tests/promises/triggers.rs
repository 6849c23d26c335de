//! The change log that `triggers` prints names every document that a write has changed, and no other.
//!
//! No server is needed. The writer is SQLite itself, as an application has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Column as _, Row as _, ValueRef as _};

use crate::support::definitions::Definitions;
use crate::support::program::Program;
use crate::support::{Database, Dice};

/// A database with a change log, and a writer.
pub struct Logged {
    folder: tempfile::TempDir,
    writer: SqliteConnection,
    definitions: Vec<(String, String)>,
    pub report: Value,
}

/// For each document its rows, as text.
type Documents = BTreeMap<String, Vec<String>>;

impl Logged {
    /// Makes the tables, then the log, then fills the tables.
    pub async fn new(schema: &str, definitions: &[(&str, &str)], rows: &str) -> Logged {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::made_by(&folder.path().join("app.sqlite3"), schema).await;
        let mut files = Definitions::empty(&folder.path().join("definitions"));
        for (name, sql) in definitions {
            files = files.index(name, sql);
        }
        let definitions = definitions.iter();
        let definitions = definitions.map(|(name, sql)| ((*name).to_owned(), (*sql).to_owned()));
        let mut logged = Logged {
            writer: database.open().await,
            definitions: definitions.collect(),
            report: Value::Null,
            folder,
        };
        logged.report = logged.run(&["--output", "json"]).await.expect(0).report();
        for sql in logged.report["statements"].as_array().unwrap().clone() {
            logged.write(sql.as_str().unwrap()).await;
        }
        logged.write(rows).await;
        logged
    }

    pub fn definitions(&self) -> PathBuf {
        self.folder.path().join("definitions")
    }

    /// `triggers` with these options.
    pub async fn run(&self, options: &[&str]) -> crate::support::program::Ended {
        let program = Program::new(self.folder.path()).arg("triggers");
        let program = program
            .arg("--database")
            .arg(self.folder.path().join("app.sqlite3"));
        let program = program.arg("--index-settings").arg(self.definitions());
        program.args(options.to_vec()).run().await
    }

    pub async fn write(&mut self, sql: &str) {
        self.try_to_write(sql).await.unwrap();
    }

    async fn try_to_write(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let written = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut self.writer)
            .await;
        written.map(|_| ())
    }

    /// The first column of each row.
    pub async fn rows(&mut self, sql: &str) -> Vec<String> {
        let rows = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        rows.fetch_all(&mut self.writer).await.unwrap()
    }

    async fn newest(&mut self) -> i64 {
        let newest = sqlx::query_scalar("SELECT max(seq) FROM bisan_changes");
        newest.fetch_one(&mut self.writer).await.unwrap()
    }

    async fn documents(&mut self, sql: &str) -> Documents {
        let sql = AssertSqlSafe(sql.to_owned());
        let mut documents = Documents::new();
        for row in sqlx::query(sql)
            .persistent(false)
            .fetch_all(&mut self.writer)
            .await
            .unwrap()
        {
            let id = row
                .columns()
                .iter()
                .position(|column| column.name() == "id")
                .unwrap();
            let text = |at: usize| match row.try_get_raw(at).unwrap().is_null() {
                true => "NULL".to_owned(),
                false => row
                    .try_get_unchecked::<String, _>(at)
                    .unwrap_or_else(|_| row.get_unchecked::<i64, _>(at).to_string()),
            };
            let values: Vec<String> = (0..row.len()).map(text).collect();
            documents
                .entry(text(id))
                .or_default()
                .push(values.join("|"));
        }
        for rows in documents.values_mut() {
            rows.sort();
        }
        documents.remove("NULL");
        documents
    }

    /// The ids that changes.sql of a definition names after a row of the log.
    async fn named(&mut self, definition: &str, after: i64) -> BTreeSet<String> {
        let changes = self.report["changes"].as_array().unwrap().iter();
        let changes = changes
            .clone()
            .find(|one| one["index"] == definition)
            .unwrap();
        let sql = changes["sql"]
            .as_str()
            .unwrap()
            .replace(":after", &after.to_string());
        let sql = format!("SELECT CAST(c.id AS TEXT) FROM (\n{sql}\n) AS c");
        let rows = sqlx::query_scalar(AssertSqlSafe(sql)).persistent(false);
        let rows: Vec<String> = rows.fetch_all(&mut self.writer).await.unwrap();
        rows.into_iter().collect()
    }

    /// Writes, and returns for each definition what has changed and what is named. What has changed is always named.
    async fn after(&mut self, sql: &str) -> Vec<(BTreeSet<String>, BTreeSet<String>)> {
        let after = self.newest().await;
        let definitions = self.definitions.clone();
        let mut before = Vec::new();
        for (_, documents) in &definitions {
            before.push(self.documents(documents).await);
        }
        // A write may be refused, half of it may stay.
        let _ = self.try_to_write(sql).await;
        let mut found = Vec::new();
        for ((name, documents), before) in definitions.iter().zip(before) {
            let now = self.documents(documents).await;
            let ids = before.keys().chain(now.keys());
            let changed: BTreeSet<String> = ids
                .filter(|id| before.get(*id) != now.get(*id))
                .cloned()
                .collect();
            let named = self.named(name, after).await;
            let lost: Vec<&String> = changed.difference(&named).collect();
            assert!(
                lost.is_empty(),
                "{name}: {lost:?} have changed and are not named after\n{sql}"
            );
            found.push((changed, named));
        }
        found
    }

    /// Exactly these documents of the first definition are named, and they have changed.
    pub async fn names(&mut self, sql: &str, expected: &[&str]) {
        let (changed, named) = self.after(sql).await.remove(0);
        let expected: BTreeSet<String> = expected.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(named, expected, "{sql}");
        assert_eq!(changed, expected, "{sql}");
    }

    /// These documents have changed, and are named; others may be named, too.
    async fn names_at_least(&mut self, sql: &str, expected: &[&str]) {
        let (changed, _) = self.after(sql).await.remove(0);
        let expected: BTreeSet<String> = expected.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(changed, expected, "{sql}");
    }
}

const BLOG: &str = "
    CREATE TABLE countries (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT UNIQUE, bio TEXT, country_id INTEGER);
    CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, views INTEGER, slug TEXT UNIQUE COLLATE NOCASE,
      author_id INTEGER REFERENCES authors (id) ON DELETE SET NULL);
    CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE articles_tags (article_id INTEGER REFERENCES articles (id) ON DELETE CASCADE, tag_id INTEGER,
      PRIMARY KEY (article_id, tag_id)) WITHOUT ROWID;
    CREATE INDEX by_author ON articles (author_id); CREATE INDEX by_country ON authors (country_id);
    CREATE INDEX by_tag ON articles_tags (tag_id);";

const ARTICLES: (&str, &str) = (
    "articles",
    "SELECT a.id AS id, a.title, a.slug, n.name AS author, c.name AS country,
       (SELECT group_concat(name) FROM (SELECT tags.name FROM articles_tags JOIN tags ON tags.id = articles_tags.tag_id
          WHERE articles_tags.article_id = a.id ORDER BY 1)) AS tags
     FROM articles AS a LEFT JOIN authors n ON n.id = a.author_id LEFT JOIN countries c ON c.id = n.country_id",
);

async fn blog() -> Logged {
    Logged::new(
        BLOG,
        &[ARTICLES],
        "PRAGMA foreign_keys = ON;
         INSERT INTO countries VALUES (1, 'فلسطين'), (2, 'لبنان');
         INSERT INTO authors VALUES (1, 'ليلى', '', 1), (2, 'سمير', '', 2), (3, 'نور', '', NULL);
         INSERT INTO articles VALUES (1, 'a', 0, 's1', 1), (2, 'b', 0, 's2', 1), (3, 'c', 0, 's3', 2), (4, 'd', 0, 's4', NULL);
         INSERT INTO tags VALUES (1, 'x'), (2, 'y'); INSERT INTO articles_tags VALUES (1, 1), (2, 1), (2, 2);",
    )
    .await
}

#[tokio::test]
async fn each_kind_of_write_names_the_documents_that_it_changes() {
    let mut blog = blog().await;
    for (sql, named) in [
        (
            "INSERT INTO articles VALUES (5, 'e', 0, 's5', 3)",
            &["5"][..],
        ),
        ("UPDATE articles SET title = 'A' WHERE id = 1", &["1"]),
        ("UPDATE articles SET views = views + 1", &[]),
        ("UPDATE authors SET bio = 'writes'", &[]),
        (
            "UPDATE authors SET name = 'ليلى ح' WHERE id = 1",
            &["1", "2"],
        ),
        ("UPDATE countries SET name = 'Libanon' WHERE id = 2", &["3"]),
        ("UPDATE authors SET country_id = 1 WHERE id = 3", &["5"]),
        ("UPDATE tags SET name = 'z' WHERE id = 1", &["1", "2"]),
        ("INSERT INTO articles_tags VALUES (4, 2)", &["4"]),
        (
            "UPDATE articles_tags SET article_id = 3 WHERE article_id = 4",
            &["3", "4"],
        ),
        (
            "DELETE FROM articles_tags WHERE article_id = 2 AND tag_id = 2",
            &["2"],
        ),
        ("UPDATE articles SET id = 50 WHERE id = 5", &["5", "50"]),
        (
            "UPDATE articles SET rowid = 51 WHERE id = 50",
            &["50", "51"],
        ),
        ("DELETE FROM articles WHERE id = 51", &["51"]),
        ("DELETE FROM authors WHERE id = 2", &["3"]),
        ("DELETE FROM articles WHERE id = 3", &["3"]),
        (
            "SAVEPOINT a; UPDATE articles SET title = 'lost'; ROLLBACK TO a; RELEASE a",
            &[],
        ),
        ("BEGIN; UPDATE articles SET title = 'lost'; ROLLBACK", &[]),
        (
            "INSERT INTO articles (id, title) SELECT value, 'bulk' FROM json_each('[7, 8, 9]')",
            &["7", "8", "9"],
        ),
        (
            "INSERT INTO articles (id, title) VALUES (7, 'upsert') ON CONFLICT (id) DO UPDATE SET title = excluded.title",
            &["7"],
        ),
        (
            "INSERT OR IGNORE INTO articles (id, title) VALUES (8, 'ignored')",
            &[],
        ),
        ("DELETE FROM articles", &["1", "2", "4", "7", "8", "9"]),
    ] {
        blog.names(sql, named).await;
    }
}

#[tokio::test]
async fn a_row_that_replace_removes_is_named_with_recursive_triggers_and_without() {
    for recursive in ["OFF", "ON"] {
        let mut blog = blog().await;
        blog.write(&format!("PRAGMA recursive_triggers = {recursive}"))
            .await;
        for (sql, changed) in [
            (
                "INSERT OR REPLACE INTO articles (id, title) VALUES (1, 'same key')",
                &["1"][..],
            ),
            (
                "REPLACE INTO articles (id, title, slug) VALUES (60, 'by slug', 'S2')",
                &["2", "60"],
            ),
            (
                "UPDATE OR REPLACE articles SET slug = 'S3' WHERE id = 4",
                &["3", "4"],
            ),
            (
                "UPDATE OR REPLACE articles SET id = 60 WHERE id = 4",
                &["4", "60"],
            ),
            (
                "INSERT OR REPLACE INTO authors (id, name) VALUES (1, 'نور')",
                &[],
            ),
        ] {
            blog.names_at_least(sql, changed).await;
        }
    }
}

#[tokio::test]
async fn ids_of_every_form_are_logged_as_documents_sql_computes_them() {
    let mut texts = Logged::new(
        "CREATE TABLE notes (k BLOB PRIMARY KEY, \"a \"\"b\" TEXT, up TEXT AS (upper(\"a \"\"b\")), n INTEGER);
         CREATE TABLE pairs (t TEXT, k INTEGER, v TEXT, w TEXT, PRIMARY KEY (t, k)) WITHOUT ROWID;
         CREATE TABLE \"od d\" (\"select\" TEXT, \"عنوان\" TEXT UNIQUE);",
        &[(
            "all",
            "SELECT hex(k) AS id, up AS v FROM notes UNION ALL
             SELECT p.t || '-' || p.k, v FROM pairs AS p UNION ALL
             SELECT [select], \"od d\".`عنوان` FROM \"od d\"",
        )],
        "INSERT INTO notes (k, \"a \"\"b\") VALUES (x'01', 'a'), (x'02', 'b');
         INSERT INTO pairs VALUES ('a', 1, 'x', 'y'), ('a', 2, 'x', 'y'); INSERT INTO \"od d\" VALUES ('q', 'r'), (NULL, 's');",
    )
    .await;
    for (sql, named) in [
        (
            "UPDATE notes SET \"a \"\"b\" = 'c' WHERE k = x'01'",
            &["01"][..],
        ),
        ("UPDATE notes SET k = x'0a' WHERE k = x'02'", &["02", "0A"]),
        ("INSERT INTO notes (k) VALUES (x'ff')", &["FF"]),
        ("UPDATE pairs SET v = 'z' WHERE k = 2", &["a-2"]),
        ("UPDATE pairs SET w = 'z'", &[]),
        ("UPDATE pairs SET t = 'b' WHERE k = 1", &["a-1", "b-1"]),
        ("DELETE FROM pairs", &["a-2", "b-1"]),
        (
            "UPDATE \"od d\" SET \"عنوان\" = 'غ' WHERE \"select\" = 'q'",
            &["q"],
        ),
        (
            "UPDATE \"od d\" SET \"select\" = NULL WHERE \"select\" = 'q'",
            &["q"],
        ),
        ("UPDATE \"od d\" SET \"عنوان\" = NULL", &[]),
    ] {
        texts.names(sql, named).await;
    }
    texts
        .write("INSERT INTO \"od d\" VALUES ('old', 'u')")
        .await;
    texts
        .names_at_least(
            "INSERT OR REPLACE INTO \"od d\" VALUES ('new', 'u')",
            &["new", "old"],
        )
        .await;
}

/// The way of a row into the documents is found in views, subqueries and common table expressions, too; where there is none, every
/// document is named.
#[tokio::test]
async fn a_change_is_never_lost_however_a_table_is_read() {
    let views = format!(
        "{BLOG} CREATE VIEW with_author AS SELECT a.id, a.title, n.name, n.country_id FROM articles a LEFT JOIN authors n ON n.id = a.author_id;
         CREATE UNIQUE INDEX by_expression ON tags (lower(name));"
    );
    let definitions = [
        (
            "view",
            "SELECT v.id, v.name, c.name AS country FROM with_author v LEFT JOIN countries c ON c.id = v.country_id",
        ),
        (
            "cte",
            "WITH t AS (SELECT article_id AS i, count(*) AS n FROM articles_tags GROUP BY 1) SELECT a.id, t.n FROM articles a LEFT JOIN t ON t.i = a.id",
        ),
        (
            "exists",
            "SELECT id, title FROM articles WHERE EXISTS (SELECT 1 FROM articles_tags AS x WHERE x.article_id = articles.id)",
        ),
        (
            "in",
            "SELECT id, title FROM articles WHERE author_id IN (SELECT id FROM authors WHERE name = 'x')",
        ),
        (
            "or",
            "SELECT a.id AS id, count(n.id) AS n FROM articles a LEFT JOIN authors n ON n.id = a.author_id OR n.country_id = a.views GROUP BY a.id",
        ),
        (
            "total",
            "SELECT id, (SELECT count(*) FROM tags) AS n FROM articles",
        ),
        (
            "limit",
            "SELECT id, title FROM articles ORDER BY title, id LIMIT 2",
        ),
        (
            "group",
            "SELECT title AS id, count(*) AS n FROM articles WHERE title IS NOT NULL GROUP BY title",
        ),
        (
            "using",
            "SELECT id, title, tag_id FROM articles JOIN (SELECT article_id AS id, tag_id FROM articles_tags) USING (id)",
        ),
    ];
    let mut blog = Logged::new(&views, &definitions, "PRAGMA foreign_keys = ON").await;
    for changes in blog.report["changes"].as_array().unwrap() {
        let is_every = ["or", "total", "limit"].contains(&changes["index"].as_str().unwrap());
        assert_eq!(
            changes["sql"].as_str().unwrap().contains("EVERY"),
            is_every,
            "{changes}"
        );
        assert_eq!(
            changes["warnings"].as_array().unwrap().is_empty(),
            !is_every,
            "{changes}"
        );
    }
    let seed = Dice::seed_from("BISAN_TRIGGERS_SEED");
    println!("BISAN_TRIGGERS_SEED={seed}");
    let dice = &mut Dice::seeded(seed);
    let tables: [(&str, &[&str]); 5] = [
        ("countries", &["id", "name"]),
        ("authors", &["id", "name", "bio", "country_id"]),
        ("articles", &["id", "title", "views", "slug", "author_id"]),
        ("tags", &["id", "name"]),
        ("articles_tags", &["article_id", "tag_id"]),
    ];
    for _ in 0..300 {
        let (table, columns) = tables[dice.below(5)];
        let value = |dice: &mut Dice, column: &str| match column {
            "name" | "title" | "slug" | "bio" => {
                ["'x'", "'X'", "'y'", "'z'", "NULL"][dice.below(5)].to_owned()
            }
            _ => (1 + dice.below(5)).to_string(),
        };
        let column = columns[dice.below(columns.len())];
        let filter = columns[dice.below(columns.len())];
        let (new, old) = (value(dice, column), value(dice, filter));
        let or = ["", "OR REPLACE", "OR REPLACE", "OR IGNORE"][dice.below(4)];
        let sql = match dice.below(5) {
            0 | 1 => {
                let values: Vec<String> =
                    columns.iter().map(|column| value(dice, column)).collect();
                format!("INSERT {or} INTO {table} VALUES ({})", values.join(", "))
            }
            2 | 3 => format!("UPDATE {or} {table} SET {column} = {new} WHERE {filter} IS {old}"),
            _ => format!("DELETE FROM {table} WHERE {filter} IS {old}"),
        };
        blog.after(&sql).await;
    }
}
