//! Names on the server: the uid of a task, the identity of an index, the index of the records.

/// The number that Meilisearch gives a task.
pub type TaskUid = u64;

/// Whether two `createdAt` name the same index: as instants, since a dump may write one with other digits.
pub fn same_identity(a: &str, b: &str) -> bool {
    let instant = |text: &str| text.parse::<jiff::Timestamp>().ok();
    a == b || instant(a).is_some_and(|a| instant(b) == Some(a))
}

/// The index of the records. A key that is limited to index patterns needs it among them.
pub const RECORDS_UID: &str = "bisan_indexer_checkpoints";
