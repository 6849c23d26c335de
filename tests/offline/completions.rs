//! `completions`.

use predicates::prelude::*;

use crate::program;

#[test]
fn every_shell_gets_a_script_that_knows_commands_and_options() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        program()
            .args(["completions", shell])
            .assert()
            .success()
            .stdout(predicate::str::contains("reindex").and(predicate::str::contains("max-loss")))
            .stderr("");
    }
}

#[test]
fn a_script_that_was_asked_for_comes_with_quiet_too() {
    let loud = program().args(["completions", "bash"]).output().unwrap();
    program()
        .args(["completions", "bash", "--quiet"])
        .assert()
        .success()
        .stdout(String::from_utf8(loud.stdout).unwrap());
}

#[test]
fn an_unknown_shell_is_answered_with_the_known_ones() {
    program()
        .args(["completions", "tcsh"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(predicate::str::contains("bash").and(predicate::str::contains("fish")));
}
