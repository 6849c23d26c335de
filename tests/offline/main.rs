//! What the program promises before it has met any server: help, usage, and what is refused for what was written.

mod completions;
mod contrib;
mod docs;
mod image;
mod kamal;
mod man;

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};

/// With nothing of the caller's environment.
fn program() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("bisan-indexer"));
    command.env_clear();
    command
}

/// A folder with a file in it that begins as SQLite's files do.
fn folder_with_a_database() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut header = b"SQLite format 3\0".to_vec();
    header.resize(4096, 0);
    std::fs::write(folder.path().join("production.sqlite3"), header).unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn help_alone_is_enough_to_use_it() {
    for arguments in [
        vec!["--help"],
        vec!["help"],
        vec!["help", "reindex"],
        vec!["reindex", "--help"],
    ] {
        program()
            .args(arguments)
            .assert()
            .code(0)
            .stderr(is_empty());
    }
    let everything = program().args(["reindex", "--help"]).assert().code(0);
    let help = String::from_utf8(everything.get_output().stdout.clone()).unwrap();
    for option in [
        "--database",
        "--meilisearch",
        "--api-key-file",
        "--index-settings",
        "--index",
        "--uid",
        "--batch-size",
        "--retain",
        "--max-loss",
        "--dry-run",
        "--output",
        "--log-format",
        "--verbose",
        "--quiet",
        "--color",
    ] {
        assert!(help.contains(option), "{option} is missing in\n{help}");
    }
    let everything = program().args(["help", "environment"]).assert().code(0);
    let help = String::from_utf8(everything.get_output().stdout.clone()).unwrap();
    for variable in [
        "DATABASE_URL",
        "MEILISEARCH_HOST",
        "MEILISEARCH_API_KEY",
        "BISAN_INDEXER_MAX_LOSS",
    ] {
        assert!(help.contains(variable), "{variable} is missing in\n{help}");
    }
    let overview = program().arg("--help").assert().code(0);
    let overview = String::from_utf8(overview.get_output().stdout.clone()).unwrap();
    for word in ["reindex", "Exit codes", "130", "MEILISEARCH_API_KEY"] {
        assert!(
            overview.contains(word),
            "{word} is missing in
{overview}"
        );
    }
}

/// Every option has its variable, but for the two that ask for a text and end.
#[test]
fn every_option_names_its_variable() {
    let command = bisan_indexer::cli::help::arranged();
    let mut seen = 0;
    for command in std::iter::once(&command).chain(command.get_subcommands()) {
        for argument in command
            .get_arguments()
            .filter(|argument| argument.get_long().is_some())
        {
            let has_none = ["help", "version"].contains(&argument.get_id().as_str())
                // They ask for a text and end.
                || ["drop", "check", "changes", "write_changes"].contains(&argument.get_id().as_str())
                || command.get_name() == "demo";
            seen += 1;
            assert!(
                argument.get_env().is_some() || has_none,
                "{} {argument}",
                command.get_name()
            );
        }
    }
    assert!(seen > 50);
}

/// A process list shows what options are given.
#[test]
fn no_option_takes_a_secret() {
    let cli = <bisan_indexer::cli::Cli as clap::CommandFactory>::command();
    for command in cli.get_subcommands() {
        for option in command.get_arguments() {
            let Some(name) = option.get_long() else {
                continue;
            };
            let secret = ["key", "password", "token", "secret"];
            let takes_a_value = option.get_action().takes_values();
            let names_one = secret.iter().any(|word| name.contains(word));
            assert!(
                !takes_a_value || !names_one || name.ends_with("-file"),
                "{} --{name}",
                command.get_name()
            );
        }
    }
}

/// A help text is copied into tickets; the variables' values would be copied with it.
#[test]
fn help_does_not_show_what_the_variables_hold() {
    program()
        .args(["reindex", "--help"])
        .env("MEILISEARCH_API_KEY", "the-key-itself")
        .assert()
        .code(0)
        .stdout(contains("the-key-itself").not());
}

#[test]
fn the_version_is_told() {
    program()
        .arg("--version")
        .assert()
        .code(0)
        .stdout(contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_cannot_be_used_is_a_usage_error() {
    let folder = folder_with_a_database();
    let database = folder.path().join("production.sqlite3");
    for wrong in [
        vec!["--batch-size", "lots"],
        vec!["--batch-size", "0"],
        vec!["--max-loss", "much"],
        vec!["--max-loss", "120%"],
        vec!["--retain", "-1"],
        vec!["--uid", "articles"],
        vec!["--output", "xml"],
        vec!["--color", "green"],
        vec!["--meilisearch", "localhost:7700"],
        vec!["--meilisearch", "ftp://localhost"],
        vec!["--meilisearch", ""],
        vec!["-q", "-v"],
        vec!["--databse", "x"],
        vec!["--api-key", "never-as-an-option"],
    ] {
        let run = program()
            .arg("reindex")
            .arg("--database")
            .arg(&database)
            .args(&wrong)
            .assert();
        let output = run.code(2).get_output().clone();
        assert!(
            !output.stderr.is_empty(),
            "{wrong:?} is refused without a word"
        );
    }
    program().assert().code(2);
    program()
        .arg("reindexx")
        .assert()
        .code(2)
        .stderr(contains("reindex"));
}

#[test]
fn no_database_is_a_usage_error_that_names_option_and_variable() {
    program()
        .arg("reindex")
        .assert()
        .code(2)
        .stderr(contains("--database"));
}

#[test]
fn a_database_that_is_not_there_is_a_usage_error_and_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    for database in ["production.sqlite3", "no/such/folder/production.sqlite3"] {
        let path = folder.path().join(database);
        for spelling in ["", "sqlite:", "sqlite://", "sqlite3:"] {
            program()
                .args([
                    "reindex",
                    "--database",
                    &format!("{spelling}{}", path.display()),
                ])
                .assert()
                .code(2)
                .stderr(contains("production.sqlite3"));
        }
    }
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn a_folder_or_another_file_in_the_databases_place_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dump.sql");
    std::fs::write(&dump, "CREATE TABLE articles (id INTEGER PRIMARY KEY);").unwrap();
    for path in [folder.path(), &dump] {
        program()
            .arg("reindex")
            .arg("--database")
            .arg(path)
            .assert()
            .code(2)
            .stderr(is_empty().not());
    }
    assert_eq!(names(folder.path()), ["dump.sql"]);
}

#[test]
fn another_databases_address_is_refused_by_its_kind() {
    for address in ["postgres://localhost/bisan", "mysql2://localhost/bisan"] {
        program()
            .args(["reindex", "--database", address])
            .assert()
            .code(2)
            .stderr(contains("SQLite"));
    }
}

#[test]
fn definitions_that_cannot_be_read_are_a_usage_error() {
    let folder = folder_with_a_database();
    let database = folder.path().join("production.sqlite3");
    program()
        .arg("reindex")
        .arg("--database")
        .arg(&database)
        .args(["--index-settings", "/no/such/folder"])
        .assert()
        .code(2)
        .stderr(contains("/no/such/folder"));
}

/// Long runs are piped into `head`; that is no failure.
#[test]
fn a_closed_pipe_is_no_panic() {
    let binary = assert_cmd::cargo::cargo_bin!("bisan-indexer");
    let shell = format!(
        "'{}' reindex --help 2>&1 | head -n 1; '{}' help >&- 2>&1 || true",
        binary.display(),
        binary.display()
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &shell])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
}

/// ARCHITECTURE.md says what always holds, and which test holds it. A test that was renamed would leave the word standing.
#[test]
fn every_test_that_the_architecture_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let architecture = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let (_, table) = architecture
        .split_once("| the tests that hold it |")
        .unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut sources = String::new();
    read_all(&root.join("src"), &mut sources);
    let mut named = 0;
    for row in table.lines().filter_map(|line| line.rsplit_once(" | ")) {
        for name in row.1.split('`').skip(1).step_by(2) {
            named += 1;
            let there = match name.rsplit_once("::") {
                Some((promise, test)) => {
                    let promise = promise.replace("::", "/");
                    let file = root.join(format!("tests/promises/{promise}.rs"));
                    std::fs::read_to_string(file)
                        .is_ok_and(|source| source.contains(&format!("fn {test}(")))
                }
                None => sources.contains(&format!("fn {name}(")),
            };
            assert!(
                there,
                "ARCHITECTURE.md names the test {name}, and there is none"
            );
        }
    }
    assert!(named > 20, "{named} tests are named");
}

fn read_all(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, sources);
        } else {
            sources.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
        }
    }
}
