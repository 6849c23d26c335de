//! The hooks of `contrib/kamal`, run with a stand-in for `kamal` that carries the command out on this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

/// An application's folder, with two targets: `-d contabo` and `-c config/deploy.contabo.yml` both work in it.
struct Application(tempfile::TempDir);

impl Application {
    /// The program in its image ends with `codes`, one a run.
    fn whose_indexer_ends_with(codes: &[u8]) -> Self {
        let application = Self(tempfile::tempdir().unwrap());
        let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
        application.write("codes", &(codes.join("\n") + "\n"));
        application.write("config/deploy.yml", "servers:\n  web:\n    - 192.0.2.10\n");
        application.write(
            "config/deploy.contabo.yml",
            "servers:\n  web:\n    - 192.0.2.1\n",
        );
        application.program(
            "bin/bisan-indexer",
            "echo \"ran: $*\"; echo \"a log line\" >&2\n\
             code=$(head -n 1 codes); sed -i 1d codes; exit \"$code\"",
        );
        // As Kamal 2 does: says what it is about to do, hands the last argument to a shell in the container, shows what
        // that wrote to standard output under the host's name, and ends with 1 if it ended with anything but 0.
        application.program(
            "bin/kamal",
            "echo \"$*\" >> asked\n\
             for command; do :; done\n\
             echo 'Launching command with version abc123 from existing container...'\n\
             said=$(sh -c \"$command\" 2>/dev/null) || exit 1\n\
             printf 'App Host: 192.0.2.1\\n%s\\n\\n' \"$said\"",
        );
        application
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn program(&self, name: &str, script: &str) {
        self.write(name, &format!("#!/bin/sh\n{script}\n"));
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path(name), executable).unwrap();
    }

    fn hook(&self, name: &str) -> Command {
        let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/kamal/hooks");
        let mut hook = Command::new(hooks.join(name));
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        hook.env_clear()
            .env("PATH", path)
            .env("KAMAL_HOSTS", "192.0.2.1,192.0.2.2")
            .env("INDEXER_PAUSE", "0")
            .current_dir(self.0.path());
        hook
    }

    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.path("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_destination_is_passed_on() {
    let application = Application::whose_indexer_ends_with(&[0]);
    application
        .hook("post-deploy")
        .env("KAMAL_DESTINATION", "contabo")
        .assert()
        .code(0)
        .stdout(contains("ran: apply --yes").and(contains("a log line")))
        .stdout(contains("exit-code").not());
    let [asked] = application.asked().try_into().unwrap();
    assert!(
        asked.starts_with("app exec -d contabo --reuse --primary --roles web sh -c"),
        "{asked}"
    );
}

#[test]
fn a_configuration_file_is_found_by_its_host() {
    let application = Application::whose_indexer_ends_with(&[0]);
    application.hook("post-deploy").assert().code(0);
    let [asked] = application.asked().try_into().unwrap();
    assert!(
        asked.starts_with("app exec -c config/deploy.contabo.yml --reuse"),
        "{asked}"
    );
}

#[test]
fn a_target_that_cannot_be_told_is_asked_for() {
    let application = Application::whose_indexer_ends_with(&[0]);
    for host in ["192.0.2.99", ""] {
        application
            .hook("post-deploy")
            .env("KAMAL_HOSTS", host)
            .assert()
            .code(2)
            .stderr(contains("KAMAL_CONFIG_FILE="));
    }
    assert!(application.asked().is_empty());
    application
        .hook("post-deploy")
        .env("KAMAL_HOSTS", "192.0.2.99")
        .env("KAMAL_CONFIG_FILE", "config/deploy.contabo.yml")
        .assert()
        .code(0);
}

/// Kamal itself ends with 1 for each.
#[test]
fn every_exit_code_comes_through_and_is_explained() {
    for (code, words) in [
        (1, "may be run again"),
        (2, "definition or option"),
        (3, "refused by a check"),
        (5, "something to do"),
        (127, "no such program"),
        (130, "ended with 130"),
    ] {
        let application = Application::whose_indexer_ends_with(&[code]);
        application
            .hook("post-deploy")
            .assert()
            .code(i32::from(code))
            .stderr(contains(words));
    }
}

#[test]
fn the_triggers_of_a_change_log_are_checked_where_one_is_followed() {
    let application = Application::whose_indexer_ends_with(&[0, 0, 0]);
    for (log, expected) in [("yes", true), ("", false)] {
        let hook = &mut application.hook("post-deploy");
        hook.env("INDEXER_LOG", log).assert().code(0);
        let asked = application.asked();
        let last = asked.last().unwrap();
        assert_eq!(last.contains("triggers --check"), expected, "{last}");
    }
}

#[test]
fn another_run_in_progress_is_waited_for() {
    let application = Application::whose_indexer_ends_with(&[4, 4, 0]);
    application.hook("post-deploy").assert().code(0);
    assert_eq!(application.asked().len(), 3);

    let application = Application::whose_indexer_ends_with(&[4, 4, 0]);
    application
        .hook("post-deploy")
        .env("INDEXER_TRIES", "2")
        .assert()
        .code(4)
        .stderr(contains("still in progress"));
}

#[test]
fn a_container_that_is_not_there_is_told() {
    let application = Application::whose_indexer_ends_with(&[]);
    application.program("bin/kamal", "echo 'ERROR: no such container'; exit 1");
    application
        .hook("post-deploy")
        .assert()
        .code(1)
        .stderr(contains("no such container").and(contains("role web")));
}

#[test]
fn before_a_deployment_the_new_version_is_asked_and_nothing_changed() {
    let application = Application::whose_indexer_ends_with(&[3]);
    application
        .hook("pre-deploy")
        .env("KAMAL_VERSION", "abc123")
        .assert()
        .code(3)
        .stdout(contains("ran: reindex --dry-run"));
    let [asked] = application.asked().try_into().unwrap();
    assert!(asked.contains("--version abc123 --primary"), "{asked}");
    assert!(!asked.contains("--reuse"), "{asked}");
}
