//! What is printed: all of it or an error, and nothing in it that commands a terminal.

use std::fs::File;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::program::Program;
use crate::support::{Database, Fault, Scene, ServerOptions};

/// Commands that look, or would; each with its exit code on a scene that is live and equal.
const COMMANDS: [(&[&str], i32); 16] = [
    (&["status"], 0),
    (&["verify"], 0),
    (&["explain", "articles", "3"], 0),
    (&["doctor"], 0),
    (&["smoke"], 0),
    (&["sync"], 0),
    (&["sync", "--dry-run"], 0),
    (&["apply", "--dry-run"], 0),
    (&["apply", "--yes"], 0),
    (&["reindex", "--dry-run"], 0),
    (&["reindex"], 0),
    (&["rollback", "--list"], 0),
    (&["clean", "--dry-run"], 0),
    (&["key"], 0),
    (&["init", "--dry-run"], 0),
    (&["man"], 0),
];

/// Every command in every form that it has.
fn in_every_form() -> Vec<(Vec<&'static str>, i32)> {
    let mut all = Vec::new();
    for (command, code) in COMMANDS {
        let more: &[&str] = match command[0] {
            "status" => &["human", "json", "prometheus"],
            "smoke" => &["human", "json", "junit"],
            _ => &["human", "json"],
        };
        for form in more {
            all.push(([command, &["--output", form]].concat(), code));
        }
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        all.push((vec!["completions", shell], 0));
    }
    for help in [
        &["--help"] as &[&str],
        &["-h"],
        &["help"],
        &["help", "sync"],
        &["sync", "--help"],
        &["--version"],
    ] {
        all.push((help.to_vec(), 0));
    }
    all
}

async fn live_and_equal() -> Scene {
    let mut scene = Scene::new().await;
    scene.define_titles_with(|definitions| {
        definitions.smoke("articles", json!([{"q": "", "min_hits": 1}]))
    });
    scene.reindex().run().await.expect(0);
    scene
}

fn run(scene: &Scene, words: &[&str]) -> Program {
    scene.command(words[0]).args(words[1..].iter().copied())
}

fn full_disk() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

/// A pipe that nobody reads any more, as `head` leaves one behind.
fn closed_pipe() -> File {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    File::from(std::os::fd::OwnedFd::from(writer))
}

#[tokio::test]
async fn what_cannot_be_written_is_an_error_of_every_command_in_every_form() {
    let scene = live_and_equal().await;
    for (words, _) in in_every_form() {
        let ended = run(&scene, &words).out_to(full_disk()).run().await;
        assert_eq!(ended.status.code(), Some(1), "{words:?}\n{}", ended.err);
        assert!(
            ended.err.contains("standard output"),
            "{words:?}\n{}",
            ended.err
        );
    }
}

#[tokio::test]
async fn a_failure_whose_report_cannot_be_written_keeps_its_exit_code() {
    let scene = live_and_equal().await;
    run(&scene, &["sync", "--index", "nobody", "--output", "json"])
        .out_to(full_disk())
        .run()
        .await
        .expect(2)
        .says(["nobody", "standard output"]);
}

#[tokio::test]
async fn a_closed_pipe_ends_every_command_quietly() {
    let scene = live_and_equal().await;
    for (words, code) in in_every_form() {
        let ended = run(&scene, &words).out_to(closed_pipe()).run().await;
        assert_eq!(ended.status.code(), Some(code), "{words:?}\n{}", ended.err);
        for word in ["panicked", "standard output", "pipe"] {
            assert!(!ended.err.contains(word), "{words:?}\n{}", ended.err);
        }
    }
}

#[tokio::test]
async fn the_demo_says_that_it_cannot_be_heard() {
    for (out, code) in [(full_disk(), 1), (closed_pipe(), 0)] {
        let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
            return;
        };
        let demo = scene.program().args(["demo", "--tiny", "3"]).out_to(out);
        let demo = demo.arg("--meilisearch").arg(&scene.server.url);
        let ended = demo.run().await.expect(code);
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
        assert_eq!(ended.err.contains("standard output"), code == 1);
    }
}

/// Clears the screen, writes backwards, hides what it says.
const HOSTILE: &str = "A\u{1b}[31mB\u{9b}2JC\u{202e}D\u{2066}E\u{200f}F\u{7f}G\u{61c}H\u{200b}I\u{feff}J\u{fdd0}1K\rL";

/// A line of its own that looks like one of the program's.
const FAKE: &str = "\nERROR ✔ fake";

/// The characters of it that must not be seen, as far as they are.
fn commands(text: &str) -> String {
    let hostile = HOSTILE.chars().filter(|c| !c.is_ascii_graphic());
    let found = hostile.filter(|c| text.contains(*c));
    found.map(|c| c.escape_unicode().to_string()).collect()
}

/// A database in which every text commands a terminal: its file, a table, a column, titles.
async fn hostile() -> Scene {
    let mut scene = Scene::new().await;
    let path = scene.path(&format!("rails/{HOSTILE}{FAKE}.sqlite3"));
    let sql = format!(
        "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, updated_at TEXT);
         INSERT INTO articles VALUES (1, 'المقال الأول', '2026-01-01 00:00:00'), (2, '{HOSTILE}', '2026-01-01 00:00:00');
         CREATE TABLE \"{HOSTILE}\" (id INTEGER PRIMARY KEY, title TEXT, \"t{HOSTILE}\" TEXT);
         INSERT INTO \"{HOSTILE}\" VALUES (1, 'a title of some words', 'a text of some words');"
    );
    scene.database = Database::made_by(&path, &sql).await;
    scene.define_titles_with(|definitions| {
        definitions
            .index(
                "articles",
                &format!("SELECT id, title, title AS \"title{HOSTILE}{FAKE}\" FROM articles"),
            )
            .file(
                "articles",
                "wanted.json",
                &json!([{"q": HOSTILE, "min_hits": 100}]).to_string(),
            )
    });
    scene
}

/// Log lines as people and as programs read them.
fn log_forms() -> [[&'static str; 3]; 2] {
    [
        ["--log-format", "text", "-vv"],
        ["--log-format", "json", "-vv"],
    ]
}

#[tokio::test]
async fn no_text_of_others_commands_a_terminal() {
    let scene = hostile().await;
    let live = scene.reindex().run().await.expect(0);
    assert_eq!(commands(&live.out), "");
    scene
        .database
        .execute(&format!(
            "UPDATE articles SET title = 'x{HOSTILE}' WHERE id = 2"
        ))
        .await;
    let mut codes = Vec::new();
    let missing = scene.path(&format!("{HOSTILE}/not/there"));
    let missing = missing.to_str().unwrap();
    let uid = format!("{HOSTILE}=articles");
    let smoke = scene.path("index-settings/articles/wanted.json");
    let smoke = format!("--smoke={}", smoke.display());
    for (words, code) in [
        (vec!["status"], 0),
        (vec!["status", "--output", "json"], 0),
        (vec!["status", "--output", "prometheus"], 0),
        (vec!["verify"], 5),
        (vec!["verify", "--output", "json"], 5),
        (vec!["explain", "articles", "2", "--q", HOSTILE], 5),
        (vec!["explain", "articles", HOSTILE], 2),
        (vec!["doctor"], 0),
        (vec!["smoke", &smoke], 3),
        (vec!["smoke", &smoke, "--output", "junit"], 3),
        (vec!["sync", "--dry-run"], 0),
        (vec!["apply", "--dry-run"], 0),
        (vec!["reindex", "--dry-run"], 0),
        (vec!["rollback", "--list"], 0),
        (vec!["rollback", "--to", HOSTILE], 3),
        (vec!["clean", "--dry-run"], 0),
        (vec!["init", "--dry-run"], 0),
        (vec!["init", "--dry-run", "--table", HOSTILE], 0),
        (vec!["sync", "--index", HOSTILE], 2),
        (vec!["sync", "--uid", &uid], 2),
        (vec!["sync", "--database", missing], 2),
        (vec!["sync", "--index-settings", missing], 2),
        (vec!["sync", "--api-key-file", missing], 2),
        (vec!["sync", "--compare", HOSTILE], 2),
        (vec!["sync", "--overlap", HOSTILE], 2),
        (vec!["sync", HOSTILE], 2),
        (vec!["sync", "--meilisearch", HOSTILE], 2),
        (vec![HOSTILE], 2),
    ] {
        for form in log_forms() {
            let ended = run(&scene, &words).args(form).run().await;
            for said in [&ended.out, &ended.err] {
                assert_eq!(commands(said), "", "{words:?}\n{said}");
                let mut lines = said.lines();
                assert!(
                    !lines.any(|line| line.starts_with("ERROR ✔")),
                    "{words:?}\n{said}"
                );
            }
            if ended.status.code() != Some(code) {
                codes.push(format!("{words:?}: {:?}\n{}", ended.status, ended.err));
            }
        }
    }
    // Each did its work, or was refused for what it was meant to be.
    assert!(codes.is_empty(), "{}", codes.join("\n"));
    let by_variable = run(&scene, &["status"]).env("BISAN_INDEXER_MAX_LAG", HOSTILE);
    let ended = by_variable.run().await.expect(2);
    assert_eq!(commands(&ended.err), "");
}

#[tokio::test]
async fn no_word_of_a_server_commands_a_terminal() {
    let scene = hostile().await;
    scene.reindex().run().await.expect(0);
    let proxy = scene.proxy().await;
    for fault in [
        Fault::meilisearch(400, HOSTILE, HOSTILE),
        Fault::meilisearch(404, "index_not_found", HOSTILE),
        Fault::page(403, &format!("<html><title>{HOSTILE}</title></html>")),
        Fault::page(200, &format!("<html><body>{HOSTILE}</body></html>")),
        Fault::json(
            200,
            &json!({"results": [{"uid": HOSTILE, "createdAt": HOSTILE, "primaryKey": HOSTILE}], "total": 1}),
        ),
    ] {
        proxy.always("GET", "/indexes*", fault);
        for words in [
            &["status"] as &[&str],
            &["status", "--output", "json"],
            &["verify"],
            &["sync"],
            &["doctor"],
            &["rollback", "--list"],
        ] {
            for form in log_forms() {
                let program = run(&scene, words).env("MEILISEARCH_HOST", proxy.url());
                let ended = program.args(form).run().await;
                for said in [&ended.out, &ended.err] {
                    assert_eq!(commands(said), "", "{words:?}\n{said}");
                }
            }
        }
        proxy.heal();
    }
}

#[tokio::test]
async fn the_programs_own_colours_are_all_that_a_terminal_is_told() {
    let scene = hostile().await;
    scene.reindex().run().await.expect(0);
    scene
        .database
        .execute("UPDATE articles SET title = title || 'x'")
        .await;
    let verify = run(&scene, &["verify", "--color", "always"]);
    let ended = verify.run().await.expect(5);
    assert!(
        ended.out.contains("\u{1b}[31m\u{1b}[1m✘\u{1b}[0m")
            || ended.out.contains("\u{1b}[1m\u{1b}[31m✘\u{1b}[0m"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains("\u{1b}[31mB"), "{}", ended.out);
    let without: String = ended.out.replace("\u{1b}[", "");
    assert_eq!(commands(&without), "", "{}", ended.out);
    assert!(ended.out.contains("المقال الأول"), "{}", ended.out);
}

/// Escaped is not changed: a program that reads the report gets the text as it is.
#[tokio::test]
async fn a_report_holds_foreign_text_as_it_is() {
    let scene = hostile().await;
    scene.reindex().run().await.expect(0);
    scene
        .database
        .execute("UPDATE articles SET title = title || 'x' WHERE id = 2")
        .await;
    let report = run(&scene, &["verify", "--output", "json"]).run().await;
    let report = report.expect(5).report();
    let fields = report["indexes"][0]["drifted"][0]["fields"].clone();
    let told: Value = serde_json::from_str(fields[0]["index"].as_str().unwrap()).unwrap();
    assert_eq!(told, HOSTILE, "{report}");
    let status = run(&scene, &["status", "--output", "json"]).run().await;
    let path = status.expect(0).report()["database"]["path"].clone();
    assert_eq!(Path::new(path.as_str().unwrap()), scene.database.path);
}
