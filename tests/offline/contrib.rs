//! What lies in `contrib/` and `.ci/` for other programs to read, as far as it can be checked without them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// A unit that is less locked up than the others is the one that is attacked.
#[test]
fn all_units_are_locked_up_in_the_same_way() {
    let folder = root().join("contrib/systemd");
    let mut hardenings = BTreeSet::new();
    let mut services = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "service")
        {
            continue;
        }
        services += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let (_, hardening) = text.split_once("# These lines are the same").unwrap();
        let (hardening, _) = hardening
            .split_once("\n[Install]")
            .unwrap_or((hardening, ""));
        hardenings.insert(hardening.trim().to_owned());
    }
    assert!(services >= 3);
    assert_eq!(hardenings.len(), 1, "{hardenings:#?}");
}

/// `promtool test rules` does not ask whether each alert was tested at all.
#[test]
fn each_alert_has_a_test_in_which_it_fires() {
    let tests = read("contrib/prometheus/bisan-indexer.test.yml");
    // Behind each name, what is expected of it: nothing, or an alert with its labels.
    let fires = |alert: &str| {
        let parts = tests.split("alertname: ").skip(1);
        let mut of_it =
            parts.filter(|part| part.split(&['\n', ',', '}'][..]).next() == Some(alert));
        of_it.any(|part| part.contains("exp_labels"))
    };
    let rules = read("contrib/prometheus/bisan-indexer.rules.yml");
    let alerts: Vec<&str> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(alerts.len() > 5);
    for alert in alerts {
        assert!(fires(alert), "no test makes {alert} fire");
    }
}

/// An action that is named by a tag is another one tomorrow.
#[test]
fn every_action_is_named_by_a_commit_and_its_release() {
    let mut uses = 0;
    for entry in std::fs::read_dir(root().join(".github/workflows")).unwrap() {
        let path = entry.unwrap().path();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let Some((_, action)) = line.split_once("uses: ") else {
                continue;
            };
            if action.starts_with("./") || action.starts_with("OWNER/") {
                continue;
            }
            uses += 1;
            let (_, version) = action.split_once('@').unwrap();
            let (commit, release) = version.split_once(" # v").unwrap_or((version, ""));
            let is_commit = commit.len() == 40 && commit.bytes().all(|c| c.is_ascii_hexdigit());
            assert!(
                is_commit && !release.is_empty(),
                "{}: {line}",
                path.display()
            );
        }
    }
    assert!(uses > 10);
}

fn script(name: &str, words: &[&str]) -> (bool, String) {
    let output = Command::new("bash")
        .arg(root().join(".ci").join(name))
        .args(words)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// A release takes its notes from there, and there is none without them.
#[test]
fn the_changelog_has_a_section_for_the_version_of_cargo_toml() {
    let (ok, version) = script("notes", &["--version"]);
    assert!(
        ok && version.trim() == env!("CARGO_PKG_VERSION"),
        "{version}"
    );
    let heading = format!("## {}", version.trim());
    let changelog = read("CHANGELOG.md");
    assert!(changelog.lines().any(|line| line.starts_with(&heading)));
    let (ok, notes) = script("notes", &["0.1.0"]);
    assert!(
        ok && notes.starts_with("- `reindex`") && !notes.contains("## "),
        "{notes}"
    );
    let (ok, _) = script("notes", &["9.9.9"]);
    assert!(!ok);
}

/// Nothing is run that was not checked.
#[test]
fn a_meilisearch_whose_checksum_is_not_known_is_not_downloaded() {
    let (ok, said) = script("meilisearch", &["v1.99.0"]);
    assert!(!ok && said.contains("no checksum is known"), "{said}");
    for line in read(".ci/meilisearch.sha256").lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        assert_eq!(sum.len(), 64, "{name}");
        assert!(
            Path::new(name)
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("meilisearch-v1.")
        );
    }
}
