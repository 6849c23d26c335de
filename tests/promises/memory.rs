//! 2 GB of memory for the application, the server and this program: it takes 40 MiB, however much there is to index and
//! however slow the server is.

use bisan_indexer::sample::Sample;

use crate::support::program::{Ended, Program};
use crate::support::{Database, Scene, StandIn};

const LIMIT_KIB: u64 = 40 << 10;

struct Real {
    server: StandIn,
    database: Database,
    folder: tempfile::TempDir,
}

impl Real {
    /// The runbook's size: 5,208 articles, 1,000 authors, 88 MB.
    async fn size() -> Real {
        let folder = tempfile::tempdir().unwrap();
        let database =
            Database::bisan(&folder.path().join("production.sqlite3"), Sample::runbook()).await;
        Real {
            server: StandIn::start().await,
            database,
            folder,
        }
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

#[track_caller]
fn expect_little(ended: &Ended) {
    assert!(
        ended.peak_kib < LIMIT_KIB,
        "{} KiB were resident at the peak, and {LIMIT_KIB} are promised",
        ended.peak_kib
    );
    assert!(
        cfg!(not(target_os = "linux")) || ended.peak_kib > 1000,
        "the peak was not seen: {} KiB",
        ended.peak_kib
    );
}

#[tokio::test]
async fn memory_stays_below_40_mib_whatever_the_batch_size() {
    let real = Real::size().await;
    for size in ["1MB", "10MB", "100MB"] {
        let ended = real
            .reindex()
            .args(["--batch-size", size])
            .run()
            .await
            .expect(0);
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

#[tokio::test]
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

/// A long reader makes the application's log grow without bound. So reading must be over although nothing was taken yet.
#[tokio::test]
async fn the_read_transaction_ends_while_a_slow_server_has_taken_nothing() {
    let real = Real::size().await;
    real.server.stop_reading();
    let running = real.reindex().args(["--batch-size", "1MB"]).start();
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
