//! Finds out what has to be done, and why, without changing anything.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::catalog::fingerprint::{CHANGES, SETTINGS};
use crate::cli::Apply;
use crate::error::Error;
use crate::generation::build::Started;
use crate::meilisearch::settings::{self, Difference};
use crate::meilisearch::settings_cost::{Cost, cost};
use crate::meilisearch::upload::BatchLimit;
use crate::meilisearch::{Features, Server};
use crate::prepared::{Live, Prepared};
use crate::report::apply::{Action, Documents, IndexPlan, OtherWriter};
use crate::session;
use crate::session::Session;
use crate::sync::{Beginning, Depth, Followed, Round};

/// One index, and what is to be done with it.
pub(super) struct Planned {
    /// What a person is told.
    pub plan: IndexPlan,
    /// The index, checked.
    pub prepared: Prepared,
    /// What to send so that the live index becomes one of the definition as it is now, perhaps nothing but the note that
    /// it is; none where it is one already, or has to be rebuilt.
    pub send: Option<Map<String, Value>>,
    /// Which documents differ; none if they were not compared, or if a rebuild sends all of them.
    pub found: Option<Followed>,
}

/// What is to be done with each index.
///
/// # Errors
/// What keeps it from being found out, and a sync that would be refused.
pub(super) async fn plan(
    options: &Apply,
    session: &Session,
    defined: &[Prepared],
) -> Result<Vec<Planned>, Error> {
    let server = &session.server;
    let preflight = session.prepare(defined).await?;
    // A rebuild needs no comparison, but a person who reads the plan wants to know what it changes.
    let is_read = options.dry_run || !options.consent.yes;
    let mut planned = Vec::with_capacity(preflight.indexes.len());
    for prepared in preflight.indexes {
        let mut one = due(server, &preflight.features, prepared).await?;
        if one.plan.way != Action::Reindex || is_read {
            let round = Round {
                database: &session.database,
                rows: &session.rows,
                server,
                index: &one.prepared,
                uid: &one.prepared.definition.live_uid,
                limit: &BatchLimit::new(session::batch_bytes(&options.upload, server)),
                started: &Started::default(),
                max_loss: (one.plan.way != Action::Reindex).then_some(options.round.max_loss),
                memory: None,
            };
            one.found = compare(&round, &mut one.plan).await?;
        }
        planned.push(one);
    }
    Ok(planned)
}

/// What its definition and settings make necessary, before any document is compared.
async fn due(server: &Server, features: &Features, prepared: Prepared) -> Result<Planned, Error> {
    let mut plan = IndexPlan::new(&prepared);
    let mut send = None;
    match &prepared.live {
        None => plan.rebuild("there is no live index yet"),
        Some(Live {
            record: Some(record),
            ..
        }) if record.live_uid != prepared.definition.live_uid => {
            plan.lost_settings = unmentioned(server, &prepared).await?;
            plan.rebuild(&format!(
                "what lies there was built for `{}`: the two were swapped or renamed by hand",
                record.live_uid
            ));
        }
        Some(live) => match live
            .record
            .as_ref()
            .filter(|record| record.checkpoint.is_some())
        {
            None => {
                plan.lost_settings = unmentioned(server, &prepared).await?;
                plan.rebuild(
                    "the live index was not built by this program, or its checkpoint is lost",
                );
            }
            Some(_) => send = followed(server, features, &prepared, live, &mut plan).await?,
        },
    }
    Ok(Planned {
        plan,
        prepared,
        send,
        found: None,
    })
}

/// What is needed for a live index that can be followed. Returns the settings to send in place.
async fn followed(
    server: &Server,
    features: &Features,
    prepared: &Prepared,
    live: &Live,
    plan: &mut IndexPlan,
) -> Result<Option<Map<String, Value>>, Error> {
    let Some(record) = &live.record else {
        return Ok(None);
    };
    let found = server.settings(&live.index.uid).await?;
    plan.settings = settings::differences(&prepared.settings, &found);
    let others = server
        .settings_tasks_of_others(&live.index.uid, record.completed_at, record.settings_task)
        .await?;
    plan.other_writers = others.iter().map(OtherWriter::new).collect();
    let changed = changed_parts(prepared, live);
    let unmentioned = settings::unmentioned(&prepared.definition.settings, &found);
    let Some(changed) = changed else {
        plan.lost_settings = unmentioned;
        plan.rebuild(
            "its definition changed (documents.sql, changes.sql, settings.json, or how a conversion converts)",
        );
        return Ok(None);
    };
    let others_changed: Vec<&str> = changed
        .iter()
        .map(String::as_str)
        .filter(|part| ![CHANGES, SETTINGS].contains(part))
        .collect();
    if !others_changed.is_empty() {
        plan.lost_settings = unmentioned;
        plan.rebuild(&changed_words(&changed));
        return Ok(None);
    }
    // What the definition does not say (any more) has its default after a rebuild, so in place, too: but only where the
    // definition changed. Settings that were made by hand are no reason by themselves.
    let settings_changed = changed.iter().any(|part| part == SETTINGS);
    let mut to_send = settings::to_send(&prepared.settings, &plan.settings);
    let mut all = plan.settings.clone();
    if settings_changed {
        for key in unmentioned {
            all.push(Difference {
                found: found.get(&key).cloned().unwrap_or(Value::Null),
                wanted: Value::Null,
                key: key.clone(),
            });
            to_send.insert(key.clone(), Value::Null);
            plan.lost_settings.push(key);
        }
    }
    if !changed.is_empty() {
        plan.reasons.push(changed_words(&changed));
    }
    let dear: Vec<&str> = all
        .iter()
        .filter(|difference| cost(difference, features.version) == Cost::All)
        .map(|difference| difference.key.as_str())
        .collect();
    if !dear.is_empty() {
        plan.rebuild(&format!(
            "a change of {} in place would index every document again, and cannot be rolled back",
            dear.join(", ")
        ));
        return Ok(None);
    }
    if settings_changed || !to_send.is_empty() {
        plan.way = Action::Settings;
        return Ok(Some(to_send));
    }
    if changed.is_empty() {
        return Ok(None);
    }
    // changes.sql alone: documents are what they were, and are followed by the new one from now on.
    plan.way = Action::Sync;
    Ok(Some(Map::new()))
}

/// Which parts of the definition changed since the live index was built; none where its record does not say.
fn changed_parts(prepared: &Prepared, live: &Live) -> Option<Vec<String>> {
    let record = live.record.as_ref()?;
    if record.fingerprint == prepared.fingerprint {
        return Some(Vec::new());
    }
    if record.parts.is_empty() {
        return None;
    }
    let (before, after) = (&record.parts, &prepared.parts);
    let mut changed: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|part| before.get(*part) != after.get(*part))
        .cloned()
        .collect();
    changed.sort();
    changed.dedup();
    Some(changed)
}

fn changed_words(changed: &[String]) -> String {
    let names: Vec<&str> = changed
        .iter()
        .map(|part| match part.as_str() {
            crate::catalog::fingerprint::CONVERSION => "what conversions make of values",
            name => name,
        })
        .collect();
    format!("{} changed", names.join(" and "))
}

async fn unmentioned(server: &Server, prepared: &Prepared) -> Result<Vec<String>, Error> {
    let found = server.settings(&prepared.definition.live_uid).await?;
    Ok(settings::unmentioned(&prepared.definition.settings, &found))
}

/// Which documents differ, and the cost of sending them. Returns the plan to carry out.
async fn compare(round: &Round<'_>, plan: &mut IndexPlan) -> Result<Option<Followed>, Error> {
    let Some(live) = &round.index.live else {
        let mut connection = round.database.connect().await?;
        let mut snapshot = connection.snapshot().await?;
        let rows = snapshot
            .count(&round.index.definition.documents_sql)
            .await?;
        snapshot.end().await?;
        connection.close().await?;
        plan.documents = Some(Documents {
            add: rows,
            ..Documents::default()
        });
        plan.documents_to_send = Some(rows);
        return Ok(None);
    };
    // Every document is compared; changes.sql only shows whether there is anything new.
    let followed = live.record.as_ref().and_then(|record| record.checkpoint);
    let from = Beginning {
        since: followed.unwrap_or_else(Timestamp::now),
        log: None,
    };
    let found = round.dry_run(Depth::All, &from).await?;
    let differing = &found.plan;
    plan.documents = Some(Documents::new(differing)?);
    if plan.way == Action::Reindex {
        plan.documents_to_send = Some(differing.rows);
        plan.bytes_to_send = Some(differing.row_bytes);
        return Ok(None);
    }
    plan.documents_to_send = Some(differing.sent());
    plan.bytes_to_send = Some(differing.bytes);
    if plan.way == Action::Nothing && !differing.is_empty() {
        plan.way = Action::Sync;
    }
    Ok(Some(found))
}
