//! `sync --watch`: a change is searchable in a moment, trouble is waited out and said once.

use crate::support::api::client;
use crate::support::program::{Program, Running};
use crate::support::{Scene, ServerOptions, eventually};

use super::sync_changes::{expect_equal, sync};

/// A follower of this scene, at work: its first round is over.
pub(super) struct Follower {
    running: Running,
    address: String,
}

impl Follower {
    pub(super) async fn start(scene: &Scene) -> Follower {
        Follower::start_with(scene, &[]).await
    }

    pub(super) async fn start_with(scene: &Scene, options: &[&str]) -> Follower {
        let program = scene.command("sync").args(options.iter().copied());
        let follower = Follower::begin(program);
        follower.ready("the first round").await;
        follower
    }

    /// The same by a `sync` that is given; it may never be ready.
    pub(super) fn begin(program: Program) -> Follower {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let running = program
            .args(["--watch", "--interval", "50ms", "--listen", &address])
            .start();
        Follower { running, address }
    }

    /// Where it answers.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) async fn asks(&self, path: &str) -> Option<(u16, String)> {
        let response = client()
            .get(format!("http://{}{path}", self.address))
            .send()
            .await
            .ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    }

    pub(super) async fn ready(&self, after: &str) {
        eventually(
            &format!("the follower follows, after {after}"),
            async || {
                self.asks("/ready")
                    .await
                    .filter(|(status, _)| *status == 200)
            },
        )
        .await;
    }

    pub(super) async fn not_ready(&self, after: &str) -> String {
        eventually(
            &format!("the follower says why it cannot follow, after {after}"),
            async || {
                self.asks("/ready")
                    .await
                    .filter(|(status, _)| *status == 503)
            },
        )
        .await
        .1
    }

    /// Told to stop, it ends well; returns what it said.
    pub(super) async fn stop(self) -> crate::support::program::Ended {
        self.running.terminate();
        self.running.ended().await.expect(0)
    }
}

pub(super) async fn eventually_in_step(scene: &Scene, what: &str) {
    eventually(what, async || {
        let titles = scene
            .database
            .column("SELECT id || ' ' || title FROM articles ORDER BY CAST(id AS TEXT)")
            .await;
        let mut found: Vec<String> = scene
            .api
            .documents(&scene.uid("articles"))
            .await
            .iter()
            .map(|document| {
                format!(
                    "{} {}",
                    document["id"],
                    document["title"].as_str().unwrap_or("")
                )
            })
            .collect();
        let mut titles = titles;
        titles.sort();
        found.sort();
        (titles == found).then_some(())
    })
    .await;
}

#[tokio::test]
async fn every_writer_is_followed() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let follower = Follower::start(&scene).await;
    scene.database.save_title(5, "saved").await;
    eventually_in_step(&scene, "a saved record").await;
    scene.database.import(3, "imported").await;
    eventually_in_step(&scene, "an import").await;
    scene.database.delete_article(6).await;
    eventually_in_step(&scene, "a hard delete").await;
    scene.database.rename_author(1, "renamed").await;
    scene
        .database
        .execute(
            "INSERT INTO articles (title, author_id, created_at, updated_at) VALUES ('late', 1,
               STRFTIME('%Y-%m-%d %H:%M:%f000', 'now', '-10 minutes'), STRFTIME('%Y-%m-%d %H:%M:%f000', 'now', '-10 minutes'))",
        )
        .await;
    eventually_in_step(&scene, "a late commit").await;
    let (_, metrics) = follower.asks("/metrics").await.unwrap();
    assert!(metrics.contains("bisan_indexer_ready 1"), "{metrics}");
    assert_eq!(follower.asks("/health").await.unwrap().0, 200);
    let health = scene
        .program()
        .args(["health", "--listen", &follower.address]);
    health.run().await.expect(0);
    follower.stop().await;
    expect_equal(&scene).await;
}

/// While the server is busy, commits wait together and not as a task each.
#[tokio::test]
async fn a_burst_of_commits_is_a_few_tasks() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let follower = Follower::start(&scene).await;
    let uid = scene.uid("articles");
    let path = format!("/tasks?limit=1&types=documentAdditionOrUpdate&indexUids={uid}");
    let tasks = async || {
        scene.api.get(&path).await.expect(200)["total"]
            .as_u64()
            .unwrap()
    };
    let before = tasks().await;
    let busy = scene.busy().await;
    for number in 0..20 {
        scene
            .database
            .save_title(5, &format!("saved {number}"))
            .await;
        if number == 0 {
            scene.api.until_wait(1, &format!("indexUids={uid}")).await;
        }
    }
    busy.over().await;
    eventually_in_step(&scene, "the last of them").await;
    assert!(
        tasks().await <= before + 4,
        "{} and {before}",
        tasks().await
    );
    follower.stop().await;
}

#[tokio::test]
async fn nothing_is_held_while_it_waits() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let follower = Follower::start(&scene).await;
    scene.database.save_title(5, "saved").await;
    eventually_in_step(&scene, "a saved record").await;
    eventually("the log can be emptied by the application", async || {
        let mut application = scene.database.open().await;
        let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut application)
            .await
            .unwrap();
        sqlx::Connection::close(application).await.unwrap();
        (busy == 0 && scene.database.wal_bytes() == 0).then_some(())
    })
    .await;
    follower.stop().await;
}

#[tokio::test]
async fn a_server_that_goes_and_comes_back_is_waited_for_and_said_once() {
    let Some(mut scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.already_live().await;
    let follower = Follower::start(&scene).await;
    scene.server.kill().await;
    scene.database.save_title(5, "while it was away").await;
    let reason = follower.not_ready("the server went").await;
    assert!(
        reason.contains("nothing answers") || reason.contains("broke off"),
        "{reason}"
    );
    scene.server.start_again().await;
    follower.ready("the server came back").await;
    eventually_in_step(&scene, "what was written meanwhile").await;
    let ended = follower.stop().await;
    // Each attempt is told until it is back, and that it cannot be followed only if that takes longer.
    assert!(ended.err.contains("Trying again in"), "{}", ended.err);
    let said = ended.err.matches("cannot follow").count();
    assert!(said <= 1, "{}", ended.err);
}

#[tokio::test]
async fn a_replaced_database_is_noticed_and_followed() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let backup = scene.path("rails/backup.sqlite3");
    scene
        .database
        .execute(&format!("VACUUM INTO '{}'", backup.display()))
        .await;
    let follower = Follower::start(&scene).await;
    scene.database.save_title(3, "after the backup").await;
    eventually_in_step(&scene, "a change before the restore").await;
    for side in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{side}", scene.database_url()));
    }
    std::fs::rename(&backup, &scene.database.path).unwrap();
    eventually_in_step(&scene, "the restored database").await;
    scene.database.save_title(4, "after the restore").await;
    eventually_in_step(&scene, "a change after the restore").await;
    let ended = follower.stop().await;
    assert!(ended.err.contains("replaced"), "{}", ended.err);
}

#[tokio::test]
async fn a_database_that_is_gone_for_a_while_is_waited_for() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let follower = Follower::start(&scene).await;
    let away = scene.path("rails/away.sqlite3");
    scene
        .database
        .execute("PRAGMA wal_checkpoint(TRUNCATE)")
        .await;
    std::fs::rename(&scene.database.path, &away).unwrap();
    let reason = follower.not_ready("the database went").await;
    assert!(reason.contains("no database"), "{reason}");
    assert!(
        !scene.database.path.exists(),
        "nothing is created in its place"
    );
    std::fs::rename(&away, &scene.database.path).unwrap();
    follower.ready("the database came back").await;
    scene.database.save_title(4, "and again").await;
    eventually_in_step(&scene, "a change after it came back").await;
    follower.stop().await;
}

#[tokio::test]
async fn a_bad_row_is_said_and_its_repair_goes_on() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let follower = Follower::start(&scene).await;
    scene
        .database
        .execute("UPDATE articles SET title = CAST(x'ff41' AS TEXT), updated_at = STRFTIME('%Y-%m-%d %H:%M:%f', 'now') WHERE id = 5")
        .await;
    let reason = follower.not_ready("a row that is no UTF-8").await;
    assert!(
        reason.contains("id 5") && reason.contains("title"),
        "{reason}"
    );
    scene.database.save_title(5, "mended").await;
    follower.ready("the repair").await;
    eventually_in_step(&scene, "the mended row").await;
    follower.stop().await;
}

/// A reindex by another process: the follower goes on with the new generation.
#[tokio::test]
async fn a_reindex_beside_it_is_followed_on() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let follower = Follower::start(&scene).await;
    scene.reindex().run().await.expect(0);
    scene.database.save_title(5, "after the swap").await;
    eventually_in_step(&scene, "a change after the swap").await;
    follower.stop().await;
    expect_equal(&scene).await;
}

/// A migration beside it: statements that still can be read are read as they are now, and one that cannot says so.
#[tokio::test]
async fn an_alter_table_between_two_rounds_is_followed() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT * FROM articles")
            .changes(
                "articles",
                "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since",
            )
    });
    scene.already_live().await;
    let follower = Follower::start(&scene).await;
    scene
        .database
        .execute("ALTER TABLE articles ADD COLUMN more TEXT DEFAULT 'm'")
        .await;
    scene.database.save_title(5, "after the migration").await;
    let uid = scene.uid("articles");
    eventually("the new column is in the document", async || {
        let document = scene.api.document(&uid, "5").await?;
        (document["more"] == "m" && document["title"] == "after the migration").then_some(())
    })
    .await;
    follower.ready("the migration").await;
    for (migration, works) in [
        ("RENAME COLUMN updated_at TO touched_at", false),
        ("RENAME COLUMN touched_at TO updated_at", true),
    ] {
        scene
            .database
            .execute(&format!("ALTER TABLE articles {migration}"))
            .await;
        if works {
            follower.ready(migration).await;
        } else {
            let reason = follower.not_ready(migration).await;
            assert!(reason.contains("updated_at"), "{reason}");
        }
    }
    scene.database.save_title(6, "and again").await;
    eventually_in_step(&scene, "a change after the migrations").await;
    follower.stop().await;
    sync(&scene).run().await.expect(0);
    expect_equal(&scene).await;
}

#[tokio::test]
async fn an_option_that_cannot_be_used_ends_it_at_once() {
    let scene = Scene::new().await;
    scene
        .command("sync")
        .env("DATABASE_URL", scene.path("nowhere.sqlite3"))
        .arg("--watch")
        .run()
        .await
        .expect(2)
        .says(["no database"]);
}
