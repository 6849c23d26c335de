//! What the database says of an index: how many documents it should have, and what waits.

use tokio::sync::OnceCell;

use crate::catalog::IndexDefinition;
use crate::error::Error;
use crate::generation::records::Record;
use crate::preflight;
use crate::prepared::Prepared;
use crate::report::status::InDatabase;
use crate::sqlite::{Connection, TimeLimit};
use crate::sync::lag;
use crate::tracking::ChangesBy;

/// What the database says of one index, and the fingerprint of its definition. `record`: of the live index. `counted`: how many
/// documents it should have, which is counted for the first server that asks, for as long as `counting` allows.
pub(super) async fn in_database(
    connection: &mut Connection,
    definition: IndexDefinition,
    record: Option<&Record>,
    counted: &OnceCell<Option<u64>>,
    mut counting: TimeLimit,
) -> Result<(InDatabase, String), Error> {
    let index: Prepared = preflight::check_statements(connection, definition).await?;
    let mut snapshot = connection.snapshot().await?;
    let count = async || {
        let count = snapshot.count(&index.definition.documents_sql);
        counting.within(count).await
    };
    let documents = *counted.get_or_try_init(count).await?;
    let tracking = index.tracking(&mut snapshot).await?;
    // If changes.sql does not show the edits, it is unknown what waits.
    let followed_until = record.and_then(lag::followed_until);
    let changes = match (tracking.sees_edits(), &index.changes_by) {
        (false, _) => None,
        (true, ChangesBy::Log(log)) => {
            let position = record.and_then(|record| record.log.as_ref());
            lag::look_in_log(&mut snapshot, &index, log, position).await?
        }
        (true, ChangesBy::Time { .. }) => {
            lag::look_since(&mut snapshot, &index, &tracking, followed_until).await?
        }
    };
    let taken_at = snapshot.taken_at();
    snapshot.end().await?;
    let waiting = changes.as_ref().filter(|_| followed_until.is_some());
    let in_database = InDatabase {
        documents,
        newest_change: changes.as_ref().and_then(|changes| changes.newest),
        waiting: waiting.map(|changes| changes.waiting),
        waiting_seconds: waiting.map(|changes| {
            let since = changes.waiting_since;
            since.map_or(0, |since| taken_at.duration_since(since).as_secs())
        }),
        tracks_edits: tracking.sees_edits(),
        blind_spots: tracking
            .blind_spots
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    Ok((in_database, index.fingerprint))
}
