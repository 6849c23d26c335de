//! What the application's own SQLite reads, the program reads as well, or says what it lacks and the way round.

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::support::{Database, Scene, ServerOptions};

/// What an application writes that has a collation of its own, as Anki has.
async fn application(database: &Database, sql: &str) {
    let mut connection = SqliteConnectOptions::new()
        .filename(&database.path)
        .create_if_missing(true)
        .collation("unicase", |one, other| {
            one.to_lowercase().cmp(&other.to_lowercase())
        })
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// A scene whose database such an application has made.
async fn made_by_an_application(sql: &str) -> Scene {
    let mut scene = Scene::on(ServerOptions::default()).await;
    scene.database = Database {
        path: scene.path("rails/application.sqlite3"),
    };
    application(&scene.database, sql).await;
    scene
}

async fn documents(scene: &Scene, name: &str) -> Vec<Value> {
    let mut documents = scene.api.documents(&scene.uid(name)).await;
    documents.sort_by_key(|document| document["id"].to_string());
    documents
}

/// The values are those of SQLite's own shell.
#[tokio::test]
async fn mathematical_functions_of_views_and_generated_columns_are_there() {
    let mut scene = made_by_an_application(
        "CREATE TABLE points (id INTEGER PRIMARY KEY, x, half REAL AS (abs(x)), updated_at TEXT);
         INSERT INTO points (id, x, updated_at) VALUES
           (1, 2.5, '2026-01-01'), (2, 9, '2026-01-01'), (3, -4, '2026-01-01'), (4, '16', '2026-01-01'),
           (5, 'no number', '2026-01-01'), (6, NULL, '2026-01-01');
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'abs(x)', 'sqrt(x)') WHERE name = 'points';
         CREATE VIEW figures AS SELECT id, ceil(x) AS up, floor(x) AS down, trunc(x) AS cut, pow(x, 2) AS square, round(log(x) * 1000) AS log,
           round(log(2, x) * 1000) AS log_2, mod(x, 4) AS rest, round(degrees(atan2(x, 1)) * 1000) AS angle, half FROM points;",
    )
    .await;
    scene.define(|definitions| {
        definitions
            .index("points", "SELECT * FROM figures WHERE pi() > 3")
            .changes(
                "points",
                "SELECT id, updated_at AS changed_at FROM points WHERE updated_at >= :since AND floor(id) = id",
            )
    });
    scene.reindex().run().await.expect(0);
    let documents = documents(&scene, "points").await;
    let expected = [
        json!({"id": 1, "up": 3.0, "down": 2.0, "cut": 2.0, "square": 6.25, "log": 398.0,
               "log_2": 1322.0, "rest": 2.5, "angle": 68199.0, "half": 1.5811388300841898}),
        json!({"id": 2, "up": 9, "down": 9, "cut": 9, "square": 81.0, "log": 954.0,
               "log_2": 3170.0, "rest": 1.0, "angle": 83660.0, "half": 3.0}),
        json!({"id": 3, "up": -4, "down": -4, "cut": -4, "square": 16.0, "log": null,
               "log_2": null, "rest": -0.0, "angle": -75964.0, "half": null}),
        json!({"id": 4, "up": 16, "down": 16, "cut": 16, "square": 256.0, "log": 1204.0,
               "log_2": 4000.0, "rest": 0.0, "angle": 86424.0, "half": 4.0}),
        json!({"id": 5, "up": null, "down": null, "cut": null, "square": null, "log": null,
               "log_2": null, "rest": null, "angle": null, "half": null}),
    ];
    assert_eq!(documents.len(), 6);
    for (document, expected) in documents.iter().zip(expected) {
        assert_eq!(*document, expected);
    }
    scene.command("verify").run().await.expect(0);
}

/// A function that an application or the shell registers.
#[tokio::test]
async fn a_function_that_is_not_there_is_named_with_its_file_and_the_way_round() {
    let mut scene = made_by_an_application(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, updated_at TEXT);
         CREATE VIEW readable AS SELECT id, unaccent(title) AS title FROM notes;",
    )
    .await;
    let way_round = ["is not in SQLite itself", "keep its result in a column"];
    scene.define(|definitions| definitions.index("notes", "SELECT id, title FROM readable"));
    let ended = scene.reindex().run().await.expect(2);
    ended
        .says(["notes/documents.sql", "function `unaccent`"])
        .says(way_round);
    scene.define(|definitions| {
        definitions.index("notes", "SELECT id, title FROM notes").changes(
            "notes",
            "SELECT id, updated_at AS changed_at FROM notes\nWHERE my_clock(updated_at) >= :since",
        )
    });
    let ended = scene.reindex().run().await.expect(2);
    ended
        .says([
            "notes/changes.sql",
            "function `my_clock`",
            "line 2, column 7",
        ])
        .says(way_round);
}

/// An extension's table (vectors, fuzzy words), or a full-text table with a tokenizer of the application's.
#[tokio::test]
async fn a_module_or_tokenizer_that_is_not_there_is_named() {
    let mut scene = made_by_an_application(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT);
         CREATE VIRTUAL TABLE words USING fts4(title, tokenize=porter);
         CREATE VIRTUAL TABLE vectors USING fts5(embedding);
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'USING fts5', 'USING vec0') WHERE name = 'vectors';
         UPDATE sqlite_schema SET sql = replace(sql, '=porter', '=jieba') WHERE name = 'words';",
    )
    .await;
    for (sql, missing) in [
        ("SELECT rowid AS id, embedding FROM vectors", "vec0"),
        ("SELECT rowid AS id, title FROM words", "jieba"),
        (
            "SELECT value AS id FROM generate_series(1, 5)",
            "generate_series",
        ),
    ] {
        scene.define(|definitions| definitions.index("notes", sql));
        let ended = scene.reindex().run().await.expect(2);
        ended.says(["notes/documents.sql", missing]);
    }
}

const NOTE_TYPES: &str = "
    CREATE TABLE notetypes (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL COLLATE unicase, mtime INTEGER NOT NULL);
    CREATE UNIQUE INDEX idx_notetypes_name ON notetypes (name);
    INSERT INTO notetypes SELECT value, 'Note type ' || value, 1700000000 + value FROM json_each('[1, 2, 3, 4, 5, 6, 7, 8, 9]');
    CREATE TABLE tags (tag TEXT NOT NULL PRIMARY KEY COLLATE unicase, usn INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO tags VALUES ('Leech', 1), ('marked', 2);";

/// SQLite opens an index of that collation to count rows and to list ids, and compares nothing by it.
#[tokio::test]
async fn a_column_with_a_collation_of_the_applications_is_read_and_followed() {
    let mut scene = made_by_an_application(NOTE_TYPES).await;
    scene.define(|definitions| {
        definitions
            .index("notetypes", "SELECT id, name FROM notetypes")
            .changes(
                "notetypes",
                "SELECT id, mtime AS changed_at FROM notetypes WHERE mtime >= :since",
            )
            .index(
                "tags",
                "SELECT hex(tag) AS id, tag COLLATE BINARY AS tag, usn FROM tags",
            )
    });
    scene.reindex().run().await.expect(0);
    assert_eq!(scene.api.count(&scene.uid("notetypes")).await, 9);
    assert_eq!(scene.api.count(&scene.uid("tags")).await, 2);
    application(
        &scene.database,
        "DELETE FROM notetypes WHERE id = 7; UPDATE notetypes SET name = 'BASIC', mtime = 1900000000 WHERE id = 4",
    )
    .await;
    for depth in ["changed", "ids", "all"] {
        scene
            .command("sync")
            .args(["--compare", depth])
            .succeeds()
            .await;
    }
    for command in ["verify", "status"] {
        scene.command(command).run().await.expect(0);
    }
    let explained = scene
        .command("explain")
        .args(["--output", "json", "notetypes", "4"])
        .reports()
        .await;
    assert_eq!(explained["sides_agree"], true, "{explained}");
}

/// Rows sorted or looked up by another order than the application's would be wrong without a word.
#[tokio::test]
async fn comparing_by_a_collation_that_is_not_there_is_refused_with_its_columns() {
    let mut scene = made_by_an_application(NOTE_TYPES).await;
    for sql in [
        "SELECT id, name FROM notetypes ORDER BY +name",
        "SELECT id, name FROM notetypes WHERE name = 'Note type 3'",
        "SELECT id, name FROM notetypes WHERE name IN (SELECT tag FROM tags)",
        "SELECT max(id) AS id, name FROM notetypes GROUP BY name",
    ] {
        scene.define(|definitions| definitions.index("notetypes", sql));
        for command in ["reindex", "doctor"] {
            let ended = scene.command(command).run().await;
            let said = format!("{}{}", ended.out, ended.err);
            assert_ne!(ended.status.code(), Some(0), "{sql}\n{said}");
            for part in [
                "notetypes",
                "documents.sql",
                "collation `unicase`",
                "notetypes.name",
                "COLLATE BINARY",
            ] {
                assert!(said.contains(part), "{command} {sql}: {part}\n{said}");
            }
        }
        scene.reindex().run().await.expect(2);
    }
    scene.define(|definitions| {
        definitions.index(
            "notetypes",
            "SELECT id, name FROM notetypes WHERE name COLLATE BINARY >= 'Note type 3' ORDER BY name COLLATE BINARY",
        )
    });
    scene.reindex().run().await.expect(0);
    scene.command("verify").run().await.expect(0);
    assert_eq!(scene.api.count(&scene.uid("notetypes")).await, 7);
}

/// For a column of another case than it was declared with, SQLite has two names: the declared one, and inside another
/// statement the one that is written.
#[tokio::test]
async fn a_column_may_be_written_in_another_case_than_it_was_declared() {
    let mut scene = made_by_an_application(
        "CREATE TABLE Artist (id INTEGER PRIMARY KEY, Name TEXT, UpdatedAt TEXT);
         INSERT INTO Artist VALUES (1, 'a', '2026-01-01 10:00:00'), (2, 'b', '2026-01-01 10:00:00');",
    )
    .await;
    scene.define(|definitions| {
        definitions
            .index("artists", "SELECT ID, name FROM artist")
            .changes(
                "artists",
                "SELECT ID, updatedat AS Changed_At FROM artist WHERE updatedat >= :since",
            )
    });
    scene.reindex().run().await.expect(0);
    scene
        .database
        .execute("UPDATE Artist SET Name = 'c', UpdatedAt = '2026-01-02 10:00:00' WHERE id = 2")
        .await;
    for depth in ["changed", "ids", "all"] {
        let command = scene.command("sync").args(["--compare", depth]);
        command.run().await.expect(0);
    }
    scene.command("verify").run().await.expect(0);
    let documents = documents(&scene, "artists").await;
    assert_eq!(documents[1], json!({"id": 2, "Name": "c"}));
}
