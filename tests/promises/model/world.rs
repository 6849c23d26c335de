//! The database of a walk, who writes into it, and the definitions that make documents of it.

use serde_json::{Value, json};

use crate::support::{Dice, Scene};

/// The names of both indexes.
pub const NAMES: [&str; 2] = ["articles", "authors"];

const SCHEMA: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT, updated_at TEXT NOT NULL);
    CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, score, tags TEXT, author_id INTEGER,
                           published INTEGER NOT NULL DEFAULT 1, updated_at TEXT NOT NULL);
    INSERT INTO authors SELECT value, 'author ' || value, '2026-01-01 00:00:00.000000' FROM json_each('[1, 2, 3]');
    INSERT INTO articles (id, title, score, tags, author_id, updated_at)
    SELECT value, 'title ' || value, value / 2.0, '[1, \"a\"]', 1 + value % 3, '2026-01-0' || value || ' 10:00:00.123456'
    FROM json_each('[1, 2, 3, 4, 5, 6, 7]');";

/// As Rails writes it. Whoever stamps a row with it is found by its timestamp.
const NOW: &str = "(STRFTIME('%Y-%m-%d %H:%M:%f', 'now') || '000')";

/// The same of a transaction that was open for minutes: stamped when it began, seen by others when it ended.
const MINUTES_AGO: &str = "(STRFTIME('%Y-%m-%d %H:%M:%f', 'now', '-5 minutes') || '000')";

/// As SQLite and other frameworks write it.
const WHOLE_SECOND: &str = "CURRENT_TIMESTAMP";

/// Spellings of a time, of long ago, of now and of the future.
const DATES: [&str; 8] = [
    "'2009-03-01 00:00:00'",
    "'1969-12-31'",
    "'2099-01-01 00:00:00.000000'",
    "STRFTIME('%Y-%m-%d %H:%M:%f', 'now')",
    "STRFTIME('%Y-%m-%dT%H:%M:%SZ', 'now')",
    "STRFTIME('%Y-%m-%dT%H:%M:%S', 'now') || '+02:00'",
    "STRFTIME('%Y-%m-%d %H:%M:%S', 'now') || '.123456789'",
    "DATE('now')",
];

const TITLES: [&str; 7] = [
    "'plain'",
    "NULL",
    "''",
    "'القدس ''٤٨'' ال'",
    "'line' || CHAR(10) || 'tab' || CHAR(9) || '\"quoted\" \\ 🕊'",
    "'e' || CHAR(769) || ' <b>not html</b> ' || CHAR(8232)",
    "REPLACE(HEX(ZEROBLOB(300)), '00', 'long ')",
];

const SCORES: [&str; 7] = [
    "NULL",
    "1",
    "-3",
    "2.0",
    "0.1",
    "9007199254740993",
    "'text'",
];

const TAGS: [&str; 5] = [
    "NULL",
    "'[]'",
    "'{\"a\": [1, 2.50, null], \"b\": {}}'",
    "'\"one\"'",
    "'[\"ض\", true]'",
];

/// Which ids are given to new rows: some come again after they were deleted, some are odd.
const IDS: [&str; 14] = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "10",
    "0",
    "-7",
    "9007199254740993",
    "4294967296",
];

const MOST_ARTICLES: &str = "(SELECT COUNT(*) FROM articles) < 10";

/// What `index-settings/` says at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    documents: usize,
    searchable: usize,
    faceting: usize,
    /// Whether the articles have a changes.sql.
    pub has_changes: bool,
}

/// What a document of the articles consists of: each column's name, what documents.sql says, and what it is in JSON.
type Columns = &'static [(&'static str, &'static str, &'static str)];

const DOCUMENTS: [Columns; 3] = [
    &[
        ("id", "articles.id", "articles.id"),
        ("title", "articles.title", "articles.title"),
        ("score", "articles.score", "articles.score"),
        ("tags:json", "articles.tags", "JSON(articles.tags)"),
        ("author", "authors.name", "authors.name"),
    ],
    &[
        ("id", "articles.id", "articles.id"),
        ("author", "authors.name", "authors.name"),
        (
            "published:bool",
            "articles.published",
            "JSON(CASE articles.published WHEN 1 THEN 'true' ELSE 'false' END)",
        ),
    ],
    &[
        ("id", "articles.id", "articles.id"),
        ("title", "articles.title || '!'", "articles.title || '!'"),
        ("tags:json", "articles.tags", "JSON(articles.tags)"),
    ],
];

/// The second shows what is not published, too.
const WHERE: [&str; 3] = ["articles.published = 1", "TRUE", "articles.published = 1"];

impl Definition {
    pub const FIRST: Definition = Definition {
        documents: 0,
        searchable: 0,
        faceting: 0,
        has_changes: true,
    };

    pub fn another(self, dice: &mut Dice) -> Definition {
        loop {
            let other = Definition {
                documents: dice.below(DOCUMENTS.len()),
                searchable: dice.below(2),
                faceting: dice.below(2),
                has_changes: dice.chance(70),
            };
            if other != self {
                return other;
            }
        }
    }

    /// The first is dear to change in place, so that `apply` builds anew; the second is cheap.
    pub fn settings(self) -> Value {
        let searchable = match self.searchable {
            0 => json!(["title", "author"]),
            _ => json!(["author"]),
        };
        let most_values = [100, 7][self.faceting];
        json!({"searchableAttributes": searchable, "faceting": {"maxValuesPerFacet": most_values}})
    }

    /// Whether one is made of the other by settings in place.
    pub fn is_cheap_from(self, other: Definition) -> bool {
        self.documents == other.documents && self.searchable == other.searchable
    }

    fn documents_sql(self) -> String {
        let columns: Vec<String> = DOCUMENTS[self.documents]
            .iter()
            .map(|(name, sql, _)| format!("{sql} AS \"{name}\""))
            .collect();
        self.select(&columns.join(", "))
    }

    fn select(self, columns: &str) -> String {
        format!(
            "SELECT {columns} FROM articles LEFT JOIN authors ON authors.id = articles.author_id WHERE {}",
            WHERE[self.documents]
        )
    }

    /// What the index must hold, by SQLite's own JSON; also of only those rows that satisfy `condition`.
    pub fn expected_sql(self, index: &str, condition: &str) -> String {
        if index == "authors" {
            return format!(
                "SELECT JSON_OBJECT('id', id, 'name', name) FROM authors WHERE {condition}"
            );
        }
        let fields: Vec<String> = DOCUMENTS[self.documents]
            .iter()
            .map(|(name, _, json)| format!("'{}', {json}", name.split(':').next().unwrap()))
            .collect();
        let all = self.select(&format!("JSON_OBJECT({})", fields.join(", ")));
        format!(
            "{all} AND {}",
            condition.replace("updated_at", "articles.updated_at")
        )
    }

    /// The ids of articles that the index must not hold although their rows are there, of those that satisfy `condition`.
    pub fn hidden_sql(self, condition: &str) -> String {
        format!(
            "SELECT CAST(id AS TEXT) FROM articles WHERE {condition} AND NOT ({})",
            WHERE[self.documents]
        )
    }

    pub fn write(self, scene: &mut Scene) {
        scene.define(|definitions| {
            let definitions = definitions
                .index("articles", &self.documents_sql())
                .settings("articles", self.settings());
            let definitions = match self.has_changes {
                false => definitions,
                true => definitions.changes(
                    "articles",
                    "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since
                     UNION ALL SELECT articles.id, authors.updated_at FROM authors
                     JOIN articles ON articles.author_id = authors.id WHERE authors.updated_at >= :since",
                ),
            };
            definitions
                .index("authors", "SELECT id, name FROM authors")
                .changes("authors", "SELECT id, updated_at AS changed_at FROM authors WHERE updated_at >= :since")
        });
    }
}

pub async fn create(scene: &Scene) {
    scene.database.execute(SCHEMA).await;
}

/// What somebody does to the database, in words and in SQL.
pub struct Write {
    pub words: &'static str,
    pub sql: String,
}

/// Anybody who writes, with a timestamp or without.
pub fn any_write(dice: &mut Dice) -> Write {
    let title = dice.one_of(&TITLES);
    let score = dice.one_of(&SCORES);
    let tags = dice.one_of(&TAGS);
    let id = dice.one_of(&IDS);
    let date = dice.one_of(&DATES);
    let author = 1 + dice.below(4);
    let article = "(SELECT id FROM articles ORDER BY RANDOM() LIMIT 1)";
    let insert = |stamp: &str| {
        format!(
            "INSERT OR IGNORE INTO articles (id, title, score, tags, author_id, updated_at)
             SELECT {id}, {title}, {score}, {tags}, {author}, {stamp} WHERE {MOST_ARTICLES}"
        )
    };
    let update = |what: &str| format!("UPDATE articles SET {what} WHERE id = {article}");
    let (words, sql) = match dice.below(21) {
        0 | 1 => ("inserts", insert(NOW)),
        2 => ("inserts with an odd timestamp", insert(date)),
        3 | 4 => (
            "edits",
            update(&format!("title = {title}, score = {score}, updated_at = {NOW}")),
        ),
        5 => (
            "edits without a timestamp",
            update(&format!("title = {title}, tags = {tags}")),
        ),
        6 => ("touches", update(&format!("updated_at = {NOW}"))),
        7 => (
            "edits with an odd timestamp",
            update(&format!("title = {title}, updated_at = {date}")),
        ),
        8 => (
            "deletes",
            format!("DELETE FROM articles WHERE id = {article} AND (SELECT COUNT(*) FROM articles WHERE published = 1) > 2"),
        ),
        9 => ("unpublishes", unpublish(article, &format!("updated_at = {NOW}"))),
        10 => ("unpublishes without a timestamp", unpublish(article, "published = 0")),
        11 => ("publishes all", format!("UPDATE articles SET published = 1, updated_at = {NOW} WHERE published = 0")),
        12 => (
            "renames an author",
            format!("UPDATE authors SET name = {title}, updated_at = {NOW} WHERE id = {author}"),
        ),
        13 => (
            "renames an author without a timestamp",
            format!("UPDATE authors SET name = {title} WHERE id = {author}"),
        ),
        14 => (
            "replaces an author",
            format!(
                "DELETE FROM authors WHERE id = {author} AND (SELECT COUNT(*) FROM authors) > 1;
                 INSERT OR IGNORE INTO authors VALUES ({}, {title}, {NOW})",
                1 + dice.below(4)
            ),
        ),
        15 => (
            "gives an id to another row",
            format!(
                "UPDATE articles SET title = {title}, score = {score}, tags = {tags}, author_id = {author}, updated_at = {date}
                 WHERE id = {article}"
            ),
        ),
        16 => (
            "commits late what was edited minutes ago",
            update(&format!("title = {title}, score = {score}, updated_at = {MINUTES_AGO}")),
        ),
        17 => (
            "commits late what was unpublished minutes ago",
            unpublish(article, &format!("updated_at = {MINUTES_AGO}")),
        ),
        18 => (
            "edits, stamped with a whole second",
            update(&format!("title = {title}, score = {score}, updated_at = {WHOLE_SECOND}")),
        ),
        19 => (
            "commits late how an author was renamed minutes ago",
            format!("UPDATE authors SET name = {title}, updated_at = {MINUTES_AGO} WHERE id = {author}"),
        ),
        _ => (
            "deletes most",
            "DELETE FROM articles WHERE id NOT IN (SELECT id FROM articles WHERE published = 1 ORDER BY RANDOM() LIMIT 2)"
                .to_owned(),
        ),
    };
    Write { words, sql }
}

/// At least one stays that is published.
fn unpublish(article: &str, and: &str) -> String {
    format!(
        "UPDATE articles SET published = 0, {and}
         WHERE id = {article} AND (SELECT COUNT(*) FROM articles WHERE published = 1) > 2"
    )
}
