//! What the key may do, found out by trying: each request is one that the server refuses for another reason where the key
//! may make it, so that nothing happens. A key is never looked up, which would put it into a path and so into logs.

use reqwest::Method;
use serde_json::{Value, json};

use super::Checks;
use crate::cli::KeyHolder;
use crate::commands::key::rights::Rights;
use crate::engine::checkpoints::RECORDS_UID;
use crate::engine::generations::GenerationUid;
use crate::engine::{EngineError, Server};
use jiff::Timestamp;

const ABOUT: &str = "key";

/// A request that shows whether an action is allowed on one index.
type Probe = (&'static str, Method, &'static str, Option<Value>);

/// Whether everything that a run needs is allowed. What is not is told, by action and by index.
pub async fn examine(server: &Server, live_uids: &[String], checks: &mut Checks) -> bool {
    match tried(server, live_uids).await {
        Ok(answers) => judge(&answers, checks),
        Err(error) => {
            checks.fail_as_said(ABOUT, "key.actions", error);
            false
        }
    }
}

/// What came of every probe.
#[derive(Debug, Default)]
struct Answers {
    /// By index: each action, and whether it is allowed.
    by_uid: Vec<(String, Vec<(&'static str, bool)>)>,
    /// Actions of no single index.
    global: Vec<(&'static str, bool)>,
    /// An index whose uid nobody thinks of, which only a key without limits may see.
    sees_all: bool,
    version: bool,
}

async fn tried(server: &Server, live_uids: &[String]) -> Result<Answers, EngineError> {
    let mut answers = Answers {
        sees_all: allowed(
            server,
            &("", Method::GET, "/indexes/zz-bisan-indexer-probe", None),
            "",
        )
        .await?,
        version: allowed(server, &("", Method::GET, "/version", None), "").await?,
        ..Answers::default()
    };
    for live_uid in live_uids {
        let build = GenerationUid::new(live_uid, Timestamp::UNIX_EPOCH).to_string();
        answers
            .by_uid
            .push((live_uid.clone(), on_index(server, live_uid, &live()).await?));
        answers.by_uid.push((
            build.clone(),
            on_index(server, &build, &of_a_build()).await?,
        ));
    }
    let records = RECORDS_UID.to_owned();
    answers
        .by_uid
        .push((records, on_index(server, RECORDS_UID, &of_records()).await?));
    for probe in of_no_index(live_uids) {
        answers
            .global
            .push((probe.0, allowed(server, &probe, "").await?));
    }
    Ok(answers)
}

fn of_no_index(live_uids: &[String]) -> Vec<Probe> {
    let swap = match live_uids {
        // A pair that is allowed or not, and one of a single uid, for which the whole request is refused.
        [first, ..] => json!([
            {"indexes": [first, GenerationUid::new(first, Timestamp::UNIX_EPOCH).to_string()]},
            {"indexes": [first]}
        ]),
        [] => json!([{"indexes": ["a"]}]),
    };
    vec![
        ("indexes.create", Method::POST, "/indexes", Some(json!({}))),
        ("indexes.swap", Method::POST, "/swap-indexes", Some(swap)),
        ("tasks.get", Method::GET, "/tasks?limit=1", None),
        ("tasks.cancel", Method::POST, "/tasks/cancel", None),
        ("stats.get", Method::GET, "/stats", None),
    ]
}

fn live() -> Vec<Probe> {
    let mut probes = of_records();
    probes.extend([
        ("settings.get", Method::GET, "/indexes/{}/settings", None),
        (
            "settings.update",
            Method::PATCH,
            "/indexes/{}/settings",
            Some(json!({"bisanIndexerProbe": null})),
        ),
        (
            "search",
            Method::POST,
            "/indexes/{}/search",
            Some(json!({"bisanIndexerProbe": null})),
        ),
    ]);
    probes
}

fn of_a_build() -> Vec<Probe> {
    let mut probes = live();
    // No index can have a `~` in its uid, so that this deletes none; but a pattern with `*` matches it.
    probes.push(("indexes.delete", Method::DELETE, "/indexes/{}~", None));
    probes
}

fn of_records() -> Vec<Probe> {
    vec![
        ("indexes.get", Method::GET, "/indexes/{}", None),
        (
            "documents.get",
            Method::POST,
            "/indexes/{}/documents/fetch",
            Some(json!({"limit": 0})),
        ),
        // Without a content type.
        ("documents.add", Method::POST, "/indexes/{}/documents", None),
        // Not a list.
        (
            "documents.delete",
            Method::POST,
            "/indexes/{}/documents/delete-batch",
            Some(json!({})),
        ),
    ]
}

async fn on_index(
    server: &Server,
    uid: &str,
    probes: &[Probe],
) -> Result<Vec<(&'static str, bool)>, EngineError> {
    let mut answers = Vec::with_capacity(probes.len());
    for probe in probes {
        answers.push((probe.0, allowed(server, probe, uid).await?));
    }
    Ok(answers)
}

async fn allowed(server: &Server, probe: &Probe, uid: &str) -> Result<bool, EngineError> {
    let (_, method, path, body) = probe;
    match server
        .raw(method.clone(), &path.replace("{}", uid), body.as_ref())
        .await
    {
        Err(error) if error.is_forbidden() => Ok(false),
        Ok(_) | Err(EngineError::Refused { .. } | EngineError::IndexNotFound { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

fn judge(answers: &Answers, checks: &mut Checks) -> bool {
    let is_hidden = |actions: &[(&str, bool)]| actions.iter().all(|(_, allowed)| !allowed);
    let everything =
        answers.by_uid.iter().all(|(_, actions)| is_hidden(actions)) && is_hidden(&answers.global);
    if everything {
        checks.fail(
            ABOUT,
            "key.actions",
            "the key may do nothing of what a run needs: it is not one of this server's, or for searching only",
            "give the key that `bisan-indexer key` makes, in MEILISEARCH_API_KEY or with --api-key-file; quotes around it \
             in a compose file become part of it",
        );
        return false;
    }
    let hidden: Vec<&String> = answers
        .by_uid
        .iter()
        .filter(|(_, actions)| is_hidden(actions))
        .map(|(uid, _)| uid)
        .collect();
    let mut lacking: Vec<&str> = Vec::new();
    let seen = answers
        .by_uid
        .iter()
        .filter(|(_, actions)| !is_hidden(actions));
    let actions = seen.flat_map(|(_, actions)| actions).chain(&answers.global);
    for (action, allowed) in actions {
        if !allowed && !lacking.contains(action) {
            lacking.push(action);
        }
    }
    if !hidden.is_empty() {
        let uids: Vec<&str> = hidden.iter().map(|uid| uid.as_str()).collect();
        checks.fail(
            ABOUT,
            "key.indexes",
            format!("the key may not touch {}", uids.join(", ")),
            format!("its index patterns must match each live uid, its generations (as `articles_*` does) and {RECORDS_UID}"),
        );
    }
    if !lacking.is_empty() {
        checks.fail(
            ABOUT,
            "key.actions",
            format!("the key may not do {}", lacking.join(", ")),
            format!(
                "a key's actions cannot be changed: make another with `bisan-indexer key --create`{}",
                needed_for(&lacking)
            ),
        );
    }
    if hidden.is_empty() && lacking.is_empty() {
        let mut actions: Vec<&str> = answers
            .by_uid
            .iter()
            .flat_map(|(_, actions)| actions)
            .map(|(action, _)| *action)
            .collect();
        actions.extend(answers.global.iter().map(|(action, _)| *action));
        actions.sort_unstable();
        actions.dedup();
        checks.ok(
            ABOUT,
            "key.actions",
            format!(
                "everything that a run needs is allowed, each tried without effect: {}",
                actions.join(", ")
            ),
        );
    }
    if !answers.sees_all {
        let version = if answers.version {
            ""
        } else {
            ", nor the version"
        };
        checks.ok(
            ABOUT,
            "key.limited",
            format!("the key is limited to index patterns: it sees no task of a swap{version}, and needs neither, since a swap is proven by what lies there"),
        );
    }
    hidden.is_empty() && lacking.is_empty()
}

/// What each action is needed for, a line each.
fn needed_for(actions: &[&str]) -> String {
    let rights = Rights::of(KeyHolder::Indexer, &[], None);
    let needed = rights
        .actions
        .iter()
        .filter(|right| actions.contains(&right.action));
    needed
        .map(|right| format!("\n{}: {}", right.action, right.why))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_is_what_a_key_for_the_indexer_is_given() {
        let mut tried: Vec<&str> = of_a_build()
            .iter()
            .chain(&of_no_index(&[]))
            .map(|probe| probe.0)
            .collect();
        let rights = Rights::of(KeyHolder::Indexer, &["articles"], Some((1, 50, 0)));
        let mut given: Vec<&str> = rights.actions.iter().map(|right| right.action).collect();
        tried.sort_unstable();
        given.sort_unstable();
        assert_eq!(tried, given);
    }

    fn verdicts(answers: &Answers) -> (bool, Vec<String>) {
        let mut checks = Checks::default();
        let usable = judge(answers, &mut checks);
        let found = checks
            .report()
            .checks
            .into_iter()
            .map(|check| check.found)
            .collect();
        (usable, found)
    }

    fn answers(change: impl Fn(&mut Answers)) -> Answers {
        let mut answers = Answers {
            by_uid: vec![
                (
                    "articles".to_owned(),
                    vec![("documents.add", true), ("search", true)],
                ),
                ("records".to_owned(), vec![("documents.add", true)]),
            ],
            global: vec![("indexes.swap", true)],
            sees_all: true,
            version: true,
        };
        change(&mut answers);
        answers
    }

    #[test]
    fn what_is_lacking_is_told_by_action_and_by_index() {
        let (usable, found) = verdicts(&answers(|_| {}));
        assert!(
            usable && found[0].ends_with("documents.add, indexes.swap, search"),
            "{found:?}"
        );

        let (usable, found) = verdicts(&answers(|answers| answers.by_uid[0].1[1].1 = false));
        assert!(!usable);
        assert_eq!(found, ["the key may not do search"]);

        let (usable, found) = verdicts(&answers(|answers| answers.by_uid[1].1[0].1 = false));
        assert!(!usable);
        assert_eq!(found, ["the key may not touch records"]);

        let (usable, found) = verdicts(&answers(|answers| {
            answers
                .by_uid
                .iter_mut()
                .flat_map(|(_, actions)| actions)
                .for_each(|one| one.1 = false);
            answers.global[0].1 = false;
        }));
        assert!(
            !usable && found.len() == 1 && found[0].contains("may do nothing"),
            "{found:?}"
        );
    }
}
