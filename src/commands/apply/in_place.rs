//! Settings in place: changes the settings of a live index to those of the present definition, without a rebuild.
//!
//! Meilisearch applies a settings task as a whole or not at all, and searches are answered by the former settings until
//! then. But the new settings may give worse results: so the smoke queries are run, and if one fails, the former
//! settings are restored.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::generation::gates::{self, ClosedGates};
use crate::generation::promote::PromoteError;
use crate::generation::records::{Change, Record, RecordWrite, record_of};
use crate::meilisearch::settings::{self, differences};
use crate::meilisearch::uid::same_identity;
use crate::meilisearch::wait::until_succeeded;
use crate::meilisearch::{Server, TaskUid};
use crate::prepared::Prepared;

/// Sends what differs, proves that the index answers, and notes the definition in the index's record. The run lock is
/// held.
///
/// # Errors
/// The settings are then as they were; or they are the new ones and only the note is missing, which the next run makes.
pub async fn take_over(
    server: &Server,
    index: &Prepared,
    send: &Map<String, Value>,
) -> Result<(), Error> {
    let live_uid = &index.definition.live_uid;
    still_live(server, index).await?;
    let mut task = None;
    if !send.is_empty() {
        let before = server.settings(live_uid).await?;
        let keys: Vec<&str> = send.keys().map(String::as_str).collect();
        tracing::info!("{live_uid}: settings in place: {}", keys.join(", "));
        task = Some(put(server, live_uid, send).await?);
        let closed = gates::smoke(server, live_uid, &index.definition.smoke).await?;
        if !closed.is_empty() {
            let restored = put(server, live_uid, &settings::to_restore(&before, send)).await?;
            // Noted, or the next plan would take these two tasks for another program's.
            let record = still_live(server, index).await?;
            let change = Change::Settings {
                settings_task: restored,
            };
            let written = server
                .write_into_records(&[RecordWrite::Part(&record, change)])
                .await?;
            let what = "noting that the settings were put back";
            until_succeeded(server, &[written], what).await?;
            return Err(ClosedGates(closed).into());
        }
        let left = differences(&index.settings, &server.settings(live_uid).await?);
        for difference in left {
            // Another program sends settings, too: this is reported, and ours are not sent again.
            tracing::warn!("{live_uid}: settings: {difference}, though it was sent a moment ago");
        }
    }
    let record = still_live(server, index).await?;
    let change = Change::Definition {
        fingerprint: index.fingerprint.clone(),
        parts: index.parts.clone(),
        settings_task: task.or(record.settings_task),
    };
    let written = server
        .write_into_records(&[RecordWrite::Part(&record, change)])
        .await?;
    until_succeeded(server, &[written], "noting the definition").await?;
    Ok(())
}

async fn put(
    server: &Server,
    live_uid: &str,
    settings: &Map<String, Value>,
) -> Result<TaskUid, Error> {
    let task = server.put_settings(live_uid, settings).await?;
    until_succeeded(server, &[task], &format!("the settings of {live_uid}")).await?;
    Ok(task)
}

/// The record of the live index as it is on the server now, if the plan was about this very index.
async fn still_live(server: &Server, index: &Prepared) -> Result<Record, Error> {
    let live_uid = &index.definition.live_uid;
    let expected = index
        .live
        .as_ref()
        .map(|live| live.index.created_at.clone());
    let found = server.index(live_uid).await?;
    let records = server.records().await?;
    let record = found.as_ref().and_then(|found| {
        let same = expected
            .as_ref()
            .is_some_and(|expected| same_identity(expected, &found.created_at));
        record_of(found, &records).filter(|_| same).cloned()
    });
    record.ok_or_else(|| {
        PromoteError::Overtaken {
            live_uid: live_uid.clone(),
            expected: expected.unwrap_or_else(|| "nothing".to_owned()),
            found: found.map_or_else(|| "nothing".to_owned(), |found| found.created_at),
        }
        .into()
    })
}
