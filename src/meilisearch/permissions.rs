//! Finds out the rights of the key with test requests. If the key has the right, the server refuses the request for
//! another reason, so nothing happens. A key is never looked up, because that would put it into a path and so into
//! logs.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::meilisearch::uid::{GenerationUid, RECORDS_UID};
use crate::meilisearch::{MeilisearchError, Server};

/// A request that shows whether an action is allowed on one index.
type Probe = (&'static str, Method, &'static str, Option<Value>);

/// An action by Meilisearch's name, and whether it is allowed.
type Answer = (&'static str, bool);

/// What came of every probe.
#[derive(Debug, Default)]
pub struct Permissions {
    /// On each index.
    by_uid: Vec<(String, Vec<Answer>)>,
    /// Actions of no single index.
    global: Vec<Answer>,
    /// An unlikely uid, which only a key without limits may see.
    pub sees_all: bool,
    /// It may ask which version the server is.
    pub version: bool,
}

impl Permissions {
    /// Tries everything that a run may need for these live uids: on them, on builds of them, on the records.
    ///
    /// # Errors
    /// Whatever keeps an answer away that is not the key.
    pub async fn of(server: &Server, live_uids: &[&str]) -> Result<Permissions, MeilisearchError> {
        let is_allowed =
            async |path: &'static str| allowed(server, &("", Method::GET, path, None), "").await;
        let mut answers = Permissions {
            sees_all: is_allowed("/indexes/zz-bisan-indexer-probe").await?,
            version: is_allowed("/version").await?,
            ..Permissions::default()
        };
        for live_uid in live_uids {
            let build = build_of(live_uid);
            answers.on(server, live_uid, &live()).await?;
            answers.on(server, &build, &of_a_build()).await?;
        }
        answers.on(server, RECORDS_UID, &of_records()).await?;
        answers.global = on_index(server, "", &of_no_index(live_uids)).await?;
        Ok(answers)
    }

    async fn on(
        &mut self,
        server: &Server,
        uid: &str,
        probes: &[Probe],
    ) -> Result<(), MeilisearchError> {
        let answers = on_index(server, uid, probes).await?;
        self.by_uid.push((uid.to_owned(), answers));
        Ok(())
    }

    /// It may do nothing of all that.
    pub fn is_nothing(&self) -> bool {
        self.by_uid.iter().all(|(_, answers)| all_refused(answers)) && all_refused(&self.global)
    }

    /// The indexes that it may not touch.
    pub fn hidden(&self) -> Vec<&str> {
        let hidden = self
            .by_uid
            .iter()
            .filter(|(_, answers)| all_refused(answers));
        hidden.map(|(uid, _)| uid.as_str()).collect()
    }

    /// The actions that it may not do on an index that it may touch, each once.
    pub fn lacking(&self) -> Vec<&'static str> {
        let seen = self
            .by_uid
            .iter()
            .filter(|(_, answers)| !all_refused(answers));
        let answers = seen.flat_map(|(_, answers)| answers).chain(&self.global);
        let mut lacking = Vec::new();
        for (action, allowed) in answers {
            if !allowed && !lacking.contains(action) {
                lacking.push(*action);
            }
        }
        lacking
    }

    /// Every action that was tried, in order of the alphabet.
    pub fn tried(&self) -> Vec<&'static str> {
        let by_uid = self.by_uid.iter().flat_map(|(_, answers)| answers);
        let mut actions: Vec<_> = by_uid
            .chain(&self.global)
            .map(|(action, _)| *action)
            .collect();
        actions.sort_unstable();
        actions.dedup();
        actions
    }
}

/// Tries only what a reindex does after all has been indexed, when it is too late to learn that it may not. Returns what is
/// refused, each action once.
///
/// # Errors
/// Whatever keeps an answer away that is not the key.
pub async fn refused_at_the_end(
    server: &Server,
    live_uids: &[&str],
    with_searches: bool,
) -> Result<Vec<&'static str>, MeilisearchError> {
    let is_late = |probe: &Probe| match probe.0 {
        "indexes.swap" | "indexes.delete" | "documents.delete" => true,
        "search" => with_searches,
        _ => false,
    };
    let mut on_builds = of_a_build();
    on_builds.retain(is_late);
    let mut answers = Vec::new();
    for live_uid in live_uids {
        answers.extend(on_index(server, &build_of(live_uid), &on_builds).await?);
    }
    let mut of_none = of_no_index(live_uids);
    of_none.retain(is_late);
    answers.extend(on_index(server, "", &of_none).await?);
    let refused = answers.iter().filter(|(_, allowed)| !allowed);
    let mut refused: Vec<_> = refused.map(|(action, _)| *action).collect();
    refused.sort_unstable();
    refused.dedup();
    Ok(refused)
}

fn all_refused(answers: &[Answer]) -> bool {
    answers.iter().all(|(_, allowed)| !allowed)
}

/// The uid that a build for this live uid might have.
fn build_of(live_uid: &str) -> String {
    GenerationUid::new(live_uid, Timestamp::UNIX_EPOCH).to_string()
}

fn of_no_index(live_uids: &[&str]) -> Vec<Probe> {
    let swap = match live_uids {
        // A pair that is allowed or not, and one of a single uid, for which the whole request is refused.
        [first, ..] => json!([
            {"indexes": [first, build_of(first)]},
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
    const SETTINGS: &str = "/indexes/{}/settings";
    let unknown = || Some(json!({"bisanIndexerProbe": null}));
    let mut probes = of_records();
    probes.extend([
        ("settings.get", Method::GET, SETTINGS, None),
        ("settings.update", Method::PATCH, SETTINGS, unknown()),
        ("search", Method::POST, "/indexes/{}/search", unknown()),
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
) -> Result<Vec<Answer>, MeilisearchError> {
    let mut answers = Vec::with_capacity(probes.len());
    for probe in probes {
        answers.push((probe.0, allowed(server, probe, uid).await?));
    }
    Ok(answers)
}

async fn allowed(server: &Server, probe: &Probe, uid: &str) -> Result<bool, MeilisearchError> {
    let (_, method, path, body) = probe;
    match server
        .probing()
        .raw(method.clone(), &path.replace("{}", uid), body.as_ref())
        .await
    {
        Err(error) if error.is_forbidden() => Ok(false),
        Ok(_) | Err(MeilisearchError::Refused { .. } | MeilisearchError::IndexNotFound { .. }) => {
            Ok(true)
        }
        Err(error) => Err(error),
    }
}

/// Every action that is tried.
#[cfg(test)]
pub(crate) fn tried_actions() -> Vec<&'static str> {
    let probes = of_a_build().into_iter().chain(of_no_index(&[]));
    probes.map(|probe| probe.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions(change: impl Fn(&mut Permissions)) -> Permissions {
        let mut permissions = Permissions {
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
        change(&mut permissions);
        permissions
    }

    #[test]
    fn what_is_lacking_is_told_by_action_and_by_index() {
        let all = permissions(|_| {});
        assert_eq!(all.tried(), ["documents.add", "indexes.swap", "search"]);
        assert!(all.hidden().is_empty() && all.lacking().is_empty());

        let no_search = permissions(|it| it.by_uid[0].1[1].1 = false);
        assert_eq!(no_search.lacking(), ["search"]);
        assert!(no_search.hidden().is_empty());

        let no_records = permissions(|it| it.by_uid[1].1[0].1 = false);
        assert_eq!(no_records.hidden(), ["records"]);
        assert!(no_records.lacking().is_empty() && !no_records.is_nothing());

        let nothing = permissions(|it| {
            it.by_uid
                .iter_mut()
                .flat_map(|(_, answers)| answers)
                .for_each(|one| one.1 = false);
            it.global[0].1 = false;
        });
        assert!(nothing.is_nothing());
    }
}
