//! A follower beside random writers: what each of them wrote is in the index a moment later, by what changes.sql names alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;

use crate::change_log::migrate;
use crate::support::server::Server;
use crate::support::{Dice, Scene, ServerOptions, eventually};
use crate::watch::Follower;

/// As many as a gate of some minutes has the time for.
const WALKS: u64 = 24;

/// Most of a walk is waiting.
const LANES: usize = 4;

/// The ways in which applications stamp what they write: now, and some minutes ago.
const STAMPS: [(&str, &str); 9] = [
    (
        "STRFTIME('%Y-%m-%d %H:%M:%f000', 'now')",
        "STRFTIME('%Y-%m-%d %H:%M:%f000', 'now', '-5 minutes')",
    ),
    ("CURRENT_TIMESTAMP", "DATETIME('now', '-5 minutes')"),
    ("UNIXEPOCH('now')", "UNIXEPOCH('now', '-5 minutes')"),
    (
        "CAST(UNIXEPOCH('now', 'subsec') * 1000 AS INTEGER)",
        "CAST(UNIXEPOCH('now', 'subsec', '-5 minutes') * 1000 AS INTEGER)",
    ),
    ("JULIANDAY('now')", "JULIANDAY('now', '-5 minutes')"),
    // An import: all that it writes has the minute in which it began.
    (
        "STRFTIME('%Y-%m-%d %H:%M:00', 'now')",
        "STRFTIME('%Y-%m-%d %H:%M:00', 'now', '-5 minutes')",
    ),
    // No stamp at all, and no changes.sql.
    ("NULL", "NULL"),
    // Nor here: triggers keep a log. Twice, since its writers have more ways.
    (BY_LOG, BY_LOG),
    (BY_LOG, BY_LOG),
];

/// What writers stamp where a log tells what changed.
const BY_LOG: &str = "NULL /* the log tells */";

const SCHEMA: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT, at);
    CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, author_id INTEGER, at);
    INSERT INTO authors SELECT value, 'author ' || value, LONG_AGO FROM json_each('[1, 2, 3]');
    INSERT INTO articles SELECT value, 'title ' || value, 1 + value % 3, LONG_AGO
    FROM json_each('[1, 2, 3, 4, 5, 6, 7, 8, 9]');";

const CHANGES: &str = "
    SELECT id, at AS changed_at FROM articles WHERE at >= :since UNION ALL
    SELECT articles.id, authors.at FROM authors JOIN articles ON articles.author_id = authors.id WHERE authors.at >= :since";

const DOCUMENTS: &str = "
    SELECT articles.id, articles.title, authors.name AS author
    FROM articles LEFT JOIN authors ON authors.id = articles.author_id";

const EXPECTED: &str = "
    SELECT JSON_OBJECT('id', articles.id, 'title', articles.title, 'author', authors.name)
    FROM articles LEFT JOIN authors ON authors.id = articles.author_id";

#[tokio::test]
async fn a_follower_sees_every_write_that_it_can() {
    let walks = std::env::var("BISAN_MODEL_WALKS").ok();
    let walks = walks.filter(|walks| !walks.is_empty());
    let walks = walks.map_or(WALKS, |walks| walks.parse().expect("a number of walks"));
    let first = Dice::seed_from("BISAN_MODEL_SEED");
    eprintln!("{walks} walks of followers from BISAN_MODEL_SEED={first} on");
    let next = AtomicU64::new(0);
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("server"), ServerOptions::default()).await;
    let server = Arc::new(server);
    let lanes = (0..LANES).map(async |_| {
        loop {
            let walk = next.fetch_add(1, Ordering::Relaxed);
            if walk >= walks {
                return;
            }
            walk_of(first + walk, &server).await;
        }
    });
    join_all(lanes).await;
}

async fn walk_of(seed: u64, server: &Server) {
    let mut dice = Dice::seeded(seed);
    let mut scene = Scene::beside_others(server, &format!("f{seed}-"));
    let (now, late) = dice.one_of(&STAMPS);
    let long_ago = late.replace("5 minutes", "2 days");
    scene
        .database
        .execute(&SCHEMA.replace("LONG_AGO", &long_ago))
        .await;
    scene.define(|definitions| {
        let definitions = definitions.index("articles", DOCUMENTS);
        match now {
            "NULL" | BY_LOG => definitions,
            _ => definitions.changes("articles", CHANGES),
        }
    });
    if now == BY_LOG {
        let changes = migrate(&scene).await;
        scene.define(|definitions| {
            let definitions = definitions.index("articles", DOCUMENTS);
            definitions.changes("articles", &changes)
        });
    }
    scene.reindex().run().await.expect(0);
    let mut steps = Steps {
        seed,
        done: vec![format!("stamped with {now}")],
    };
    let follower = Follower::start_with(&scene, &["--compare", "changed"]).await;
    for step in 0..(3 + dice.below(6)) {
        let stamp = if dice.chance(60) { now } else { late };
        let sql = match now == BY_LOG && dice.chance(30) {
            true => write_unstamped(&mut dice, step),
            false => write(&mut dice, step, stamp),
        };
        scene.database.execute(&sql).await;
        steps.done.push(sql);
        // Seen, so that the next write comes upon a follower that remembers; or together with it.
        if dice.chance(75) {
            eventually_equal(&scene, &steps).await;
            steps.done.push("(is followed)".to_owned());
        }
    }
    eventually_equal(&scene, &steps).await;
    follower.stop().await;
    let uid = scene.uid("articles");
    scene
        .api
        .task("DELETE", &format!("/indexes/{uid}"), None)
        .await;
    steps.done.clear();
}

fn write(dice: &mut Dice, step: usize, stamp: &str) -> String {
    // Of few rows, so that the same one is written again soon.
    let id = 1 + dice.below(3);
    let author = 1 + dice.below(3);
    match dice.below(6) {
        0..3 => format!("UPDATE articles SET title = 'edit {step}', at = {stamp} WHERE id = {id}"),
        3 => format!("UPDATE authors SET name = 'rename {step}', at = {stamp} WHERE id = {author}"),
        4 => format!(
            "INSERT OR REPLACE INTO articles VALUES ({}, 'new {step}', {author}, {stamp})",
            7 + dice.below(6)
        ),
        _ => format!("DELETE FROM articles WHERE id = {}", 7 + dice.below(6)),
    }
}

/// What no timestamp tells of, but a log does.
fn write_unstamped(dice: &mut Dice, step: usize) -> String {
    let id = 1 + dice.below(9);
    match dice.below(5) {
        0 => format!(
            "UPDATE OR REPLACE articles SET id = {} WHERE id = {id}",
            1 + dice.below(9)
        ),
        1 => "DELETE FROM articles WHERE id > 2".to_owned(),
        2 => format!("INSERT OR IGNORE INTO articles (id, title) VALUES ({id}, 'perhaps {step}')"),
        3 => format!("CREATE INDEX of_step_{step} ON articles (title)"),
        _ => format!(
            "DELETE FROM bisan_changes; UPDATE articles SET title = 'new log {step}' WHERE id = {id}"
        ),
    }
}

/// What was done, told when the walk fails.
struct Steps {
    seed: u64,
    done: Vec<String>,
}

impl Drop for Steps {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.done.is_empty() {
            eprintln!(
                "--- the follower of BISAN_MODEL_WALKS=1 BISAN_MODEL_SEED={}\n{}",
                self.seed,
                self.done.join("\n")
            );
        }
    }
}

async fn eventually_equal(scene: &Scene, steps: &Steps) {
    let what = format!(
        "the follower of seed {} has seen its last write",
        steps.seed
    );
    eventually(&what, async || {
        scene.holds("articles", EXPECTED).await.then_some(())
    })
    .await;
}
