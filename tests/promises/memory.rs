//! 2 GB of memory for the application, the server and this program: it takes 40 MiB, however much there is to index and
//! however slow the server is.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use bisan_indexer::sample::Sample;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::support::definitions::Definitions;
use crate::support::program::{Ended, Program};
use crate::support::{Database, Scene, StandIn, needs};

/// What is promised of an optimised program; the nightly tests hold that. The code of one that is not optimised is 18 MiB instead
/// of 10, and the kernel counts all of it where it lies in memory anyway.
const LIMIT_KIB: u64 = if cfg!(debug_assertions) {
    48 << 10
} else {
    40 << 10
};

struct Real {
    server: StandIn,
    database: Database,
    folder: tempfile::TempDir,
}

impl Real {
    /// The runbook's size: 5,208 articles, 1,000 authors, 88 MB.
    async fn size() -> Real {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("production.sqlite3");
        std::fs::copy(runbook().await, &path).unwrap();
        let database = Database { path };
        Real {
            server: StandIn::start().await,
            database,
            folder,
        }
    }

    /// A definition of the articles as they are.
    fn plain(&self) -> String {
        let folder = self.folder.path().join("plain");
        Definitions::empty(&folder)
            .index("articles", "SELECT id, title, body FROM articles")
            .changes(
                "articles",
                "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since",
            )
            .settings("articles", json!({"searchableAttributes": ["title"]}));
        folder.to_str().unwrap().to_owned()
    }

    fn reindex(&self) -> Program {
        let path = self.database.path.to_str().unwrap();
        Program::new(self.folder.path()).args([
            "reindex",
            "--output",
            "json",
            "--database",
            path,
            "--meilisearch",
            &self.server.url,
        ])
    }
}

/// A database of the runbook's size, made once: by the first test that wants it, for all that come after it until what it
/// consists of changes.
async fn runbook() -> &'static Path {
    static MADE: OnceCell<PathBuf> = OnceCell::const_new();
    MADE.get_or_init(async || {
        let mut made_by = DefaultHasher::new();
        for source in [
            include_str!("../../src/sample.rs"),
            include_str!("../../src/sample/rows.rs"),
            include_str!("../../src/sample/words.rs"),
        ] {
            source.hash(&mut made_by);
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("runbook-{:016x}.sqlite3", made_by.finish()));
        if !path.exists() {
            // Under another name until it is whole.
            let half = tempfile::tempdir_in(folder).unwrap();
            let half = half.path().join("half.sqlite3");
            Sample::runbook().write(&half).await.unwrap();
            std::fs::rename(half, &path).unwrap();
        }
        path
    })
    .await
}

#[track_caller]
fn expect_little(ended: &Ended) {
    assert!(
        ended.peak_kib < LIMIT_KIB,
        "{} KiB were resident at the peak, and {LIMIT_KIB} are promised",
        ended.peak_kib
    );
    if cfg!(not(target_os = "linux")) {
        return needs::missing(needs::LINUX, "nobody tells how much memory a process had");
    }
    assert!(
        ended.peak_kib > 1000,
        "the peak was not seen: {} KiB",
        ended.peak_kib
    );
}

/// One read and one temporary file, however many servers take from it, and documents of all servers together in a comparison.
#[tokio::test]
async fn memory_stays_below_40_mib_at_three_servers() {
    let real = Real::size().await;
    let others = [StandIn::start().await, StandIn::start().await];
    let mut program = real.reindex();
    for other in &others {
        program = program.args(["--meilisearch", &other.url]);
    }
    let ended = program.run().await.expect(0);
    println!("{} KiB at the peak, at three servers", ended.peak_kib);
    expect_little(&ended);
    let report = ended.report();
    let servers = report["servers"].as_array().unwrap();
    assert_eq!(servers.len(), 3, "{report}");
    for (server, stand_in) in servers.iter().zip([&real.server, &others[0], &others[1]]) {
        assert_eq!(server["outcome"], "live", "{report}");
        assert_eq!(
            stand_in.received_of_all(),
            5_208 + 1_000,
            "{}",
            server["name"]
        );
    }
}

#[tokio::test]
async fn memory_stays_below_40_mib_whatever_the_batch_size() {
    let real = Real::size().await;
    // Forms of Arabic words, which take a program that is not optimised most of a minute, are made at three servers above.
    let plain = real.plain();
    for size in ["1MB", "10MB", "100MB"] {
        let program = real
            .reindex()
            .args(["--batch-size", size])
            .args(["--index-settings", &plain]);
        let ended = program.succeeds().await;
        println!("--batch-size {size}: {} KiB at the peak", ended.peak_kib);
        expect_little(&ended);
        let (documents, _, largest) = real.server.received("articles");
        assert_eq!(documents, 5208);
        assert!(
            largest <= size.trim_end_matches("MB").parse::<u64>().unwrap() * 1_000_000,
            "{largest}"
        );
    }
}

/// Minutes, where the program is not optimised; the nightly workflow runs it in the profile `demo`.
#[tokio::test]
#[cfg_attr(debug_assertions, ignore = "880 MB: cargo test --profile demo")]
async fn memory_stays_below_40_mib_for_a_database_ten_times_as_large() {
    let real = Real::size().await;
    for time in 1..10 {
        real.database
            .execute(&format!(
                "INSERT INTO articles (title, article_image, excerpt, category, publish_date, created_at, updated_at, body, source_url, tags, author_id)
                 SELECT title, article_image, excerpt, category, publish_date, created_at, updated_at, body, source_url || '-{time}', tags, author_id
                 FROM articles WHERE id <= 5208"
            ))
            .await;
    }
    let ended = real.reindex().run().await.expect(0);
    println!("{} KiB at the peak", ended.peak_kib);
    expect_little(&ended);
    assert_eq!(real.server.received("articles").0, 52080);
}

/// A document may be as long as a book; it is the number of those compared at a time that must be small then.
#[tokio::test]
async fn memory_stays_below_40_mib_while_books_are_compared() {
    let mut scene = Scene::sized(120, 4).await;
    scene.define_titles_with(|definitions| {
        definitions.index("articles", "SELECT id, title, body FROM articles")
    });
    let books = "UPDATE articles SET body = hex(zeroblob(100000))"; // 200 kB each
    scene.database.execute(books).await;
    scene.reindex().run().await.expect(0);
    let saved = "UPDATE articles SET updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now')";
    scene.database.execute(saved).await;
    for words in [
        &["sync", "--compare", "changed"][..],
        &["sync", "--compare", "all"],
        &["verify"],
    ] {
        let program = scene.command(words[0]);
        let program = program.args(words[1..].iter().copied());
        let ended = program.args(["--output", "json"]).run().await.expect(0);
        println!("{words:?}: {} KiB at the peak", ended.peak_kib);
        expect_little(&ended);
        let compared = &ended.report()["indexes"][0];
        let rows = compared.get("rows_read").unwrap_or(&compared["rows"]);
        assert_eq!(rows, 120, "{compared}");
    }
}

/// Ids as applications make them: UUIDs, and numbers that lie far apart. Neither can be remembered in a few bits.
const MANY_IDS: &str = "
    CREATE TABLE notes (n INTEGER PRIMARY KEY, id, title TEXT, updated_at TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
    INSERT INTO notes
    SELECT i, CASE WHEN i % 2 THEN random() ELSE
        lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-' || hex(randomblob(2)) || '-' || hex(randomblob(2)) ||
              '-' || hex(randomblob(6))) END,
        'note ' || i, '2026-01-01 00:00:00.000000'
    FROM n;
    CREATE UNIQUE INDEX index_notes_on_id ON notes (id);
    CREATE INDEX index_notes_on_updated_at ON notes (updated_at);
";

/// One index, `notes`, on a server that lists what it was sent.
struct Notes {
    server: StandIn,
    database: Database,
    definitions: Definitions,
    folder: tempfile::TempDir,
}

impl Notes {
    async fn made_by(sql: &str) -> Notes {
        let folder = tempfile::tempdir().unwrap();
        let definitions = Definitions::empty(&folder.path().join("definitions"))
            .index("notes", "SELECT id, title FROM notes")
            .settings("notes", json!({"searchableAttributes": ["title"]}))
            .changes(
                "notes",
                "SELECT id, updated_at AS changed_at FROM notes WHERE updated_at >= :since",
            );
        Notes {
            server: StandIn::that_keeps().await,
            database: Database::made_by(&folder.path().join("notes.sqlite3"), sql).await,
            definitions,
            folder,
        }
    }

    async fn run(&self, words: &[&str], code: i32) -> Ended {
        let ended = Program::new(self.folder.path())
            .args(words.iter().copied())
            .args(["--output", "json"])
            .env("DATABASE_URL", &self.database.path)
            .env("MEILISEARCH_HOST", &self.server.url)
            .env("BISAN_INDEXER_INDEX_SETTINGS", &self.definitions.folder)
            .run()
            .await
            .expect(code);
        println!("{words:?}: {} KiB at the peak", ended.peak_kib);
        ended
    }
}

#[tokio::test]
async fn memory_stays_below_40_mib_whatever_the_ids_are() {
    let notes = Notes::made_by(MANY_IDS).await;
    let mut peaks = vec![notes.run(&["reindex"], 0).await];
    assert_eq!(notes.server.received("notes").0, 120_000);
    // An eighth of all documents lose their rows, and as many rows have no documents.
    let renamed = "UPDATE notes SET id = id || '-2' WHERE n % 8 = 0";
    notes.database.execute(renamed).await;
    let found = notes.run(&["verify"], 5).await;
    let report = found.report();
    let verified = &report["indexes"][0];
    assert_eq!(verified["missing"], 15_000, "{verified}");
    assert_eq!(verified["too_many"], 15_000, "{verified}");
    let synced = notes.run(&["sync", "--compare", "ids"], 0).await;
    let report = synced.report();
    let done = &report["indexes"][0];
    assert_eq!(done["sent_missing"], 15_000, "{done}");
    assert_eq!(done["deleted"], 15_000, "{done}");
    peaks.extend([found, synced]);
    for words in [
        &["sync", "--compare", "changed"][..],
        &["sync", "--compare", "all"],
        &["status"],
        &["apply", "--yes"],
    ] {
        peaks.push(notes.run(words, 0).await);
    }
    // An import that touches half of them is looked at again, since its times say so.
    let touched =
        "UPDATE notes SET updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE n <= 60000";
    notes.database.execute(touched).await;
    let looked = notes.run(&["sync", "--compare", "changed"], 0).await;
    let report = looked.report();
    let done = &report["indexes"][0];
    assert_eq!(done["rows_read"], 60_000, "{done}");
    peaks.push(looked);
    peaks.iter().for_each(expect_little);
}

/// A listing is asked for by number: a page that small documents led to has books on it in the end.
#[tokio::test]
async fn memory_stays_below_40_mib_where_small_documents_are_followed_by_books() {
    let notes = Notes::made_by(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, updated_at TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3200)
         INSERT INTO notes
         SELECT i, CASE WHEN i > 3000 THEN hex(zeroblob(100000)) ELSE 'x' END, '2026-01-01 00:00:00' FROM n",
    )
    .await;
    notes.run(&["reindex"], 0).await;
    for words in [&["sync", "--compare", "all"][..], &["verify"]] {
        let ended = notes.run(words, 0).await;
        let compared = &ended.report()["indexes"][0];
        let rows = compared.get("rows_read").unwrap_or(&compared["rows"]);
        assert_eq!(rows, 3_200, "{compared}");
        expect_little(&ended);
    }
}

/// A long reader makes the application's log grow without bound. So reading must be over although nothing was taken yet.
#[tokio::test]
async fn the_read_transaction_ends_while_a_slow_server_has_taken_nothing() {
    let real = Real::size().await;
    real.server.stop_reading();
    // Read as HTML: making forms of 88 MB takes a program that is not optimised longer than a connection may stand still.
    let plain = real.plain();
    let running = real
        .reindex()
        .args(["--batch-size", "1MB", "--index-settings", &plain])
        .start();
    real.server.upload_waits().await;
    real.database
        .execute("UPDATE articles SET title = 'x' WHERE id = 1")
        .await;
    crate::support::eventually(
        "the log can be emptied, since nobody reads the old state any more",
        async || {
            let mut application = real.database.open().await;
            let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)")
                .fetch_one(&mut application)
                .await
                .unwrap();
            sqlx::Connection::close(application).await.unwrap();
            (busy == 0 && real.database.wal_bytes() == 0).then_some(())
        },
    )
    .await;
    assert_eq!(
        real.server.received_of_all(),
        0,
        "the server has taken nothing yet"
    );
    real.server.read_on();
    let ended = running.ended().await.expect(0);
    expect_little(&ended);
}
