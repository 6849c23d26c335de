//! `man`.

use predicates::prelude::*;

use crate::program;

#[test]
fn the_page_is_printed_with_the_exit_codes_in_it() {
    program()
        .arg("man")
        .assert()
        .success()
        .stdout(
            predicate::str::contains(".TH bisan-indexer 1")
                .and(predicate::str::contains("Exit codes"))
                .and(predicate::str::contains("reindex")),
        )
        .stderr("");
}

#[test]
fn a_folder_gets_a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("share/man/man1");
    program()
        .args(["man", "--output-dir"])
        .arg(&pages)
        .assert()
        .success();
    for page in [
        "bisan-indexer.1",
        "bisan-indexer-reindex.1",
        "bisan-indexer-man.1",
    ] {
        let text = std::fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains(".SH NAME"), "{page}");
    }
    let reindex = std::fs::read_to_string(pages.join("bisan-indexer-reindex.1")).unwrap();
    assert!(
        reindex.contains("MEILISEARCH_HOST") && reindex.contains("json"),
        "the options with their variables, and those of every command"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    program()
        .args(["man", "--output-dir"])
        .arg(file.join("man"))
        .assert()
        .code(1)
        .stderr(predicate::str::contains("a-file"));
}
