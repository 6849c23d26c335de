//! Names on the server: the uid of a task, the identity of an index, the uids that this program gives.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The number that Meilisearch gives a task.
pub type TaskUid = u64;

/// Whether two `createdAt` name the same index: as instants, since a dump may write one with other digits.
pub fn same_identity(a: &str, b: &str) -> bool {
    // Each index is compared with each record, and nearly all are of other seconds: as servers write them, they need no reading.
    fn second(text: &str) -> Option<&str> {
        let second = text.strip_suffix('Z')?.get(.."2026-01-01T00:00:00".len())?;
        let marks = [4, 7, 10, 13, 16].map(|at| second.as_bytes()[at]);
        (marks == *b"--T::").then_some(second)
    }
    let instant = |text: &str| text.parse::<jiff::Timestamp>().ok();
    match (second(a), second(b)) {
        _ if a == b => true,
        (Some(a), Some(b)) if a != b => false,
        _ => instant(a).is_some_and(|a| instant(b) == Some(a)),
    }
}

/// The index of the records. A key that is limited to index patterns needs it among them.
pub const RECORDS_UID: &str = "bisan_indexer_checkpoints";

/// What a timestamped uid has more than its live uid, in bytes.
pub const SUFFIX_BYTES: usize = "_20261124T143000Z".len();

const FORM: &str = "%Y%m%dT%H%M%SZ";

/// A uid of ours: the live uid with a time behind it, `articles_20261124T143000Z`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GenerationUid(String);

impl GenerationUid {
    pub fn new(live_uid: &str, at: Timestamp) -> GenerationUid {
        GenerationUid(format!("{live_uid}_{}", at.strftime(FORM)))
    }

    /// The first one from this second on that is not taken: two runs may begin within one.
    pub fn free(live_uid: &str, now: Timestamp, is_taken: impl Fn(&str) -> bool) -> GenerationUid {
        let mut at = now;
        loop {
            let uid = GenerationUid::new(live_uid, at);
            if !is_taken(&uid.0) {
                return uid;
            }
            at += Duration::from_secs(1);
        }
    }

    /// The same of whichever live uid.
    pub fn parse_any(uid: &str) -> Option<(&str, GenerationUid)> {
        let (live_uid, _) = uid.rsplit_once('_')?;
        Some((live_uid, GenerationUid::parse(live_uid, uid)?))
    }

    /// Only the exact form, with a time that exists: `articles_20261124` is not ours.
    pub fn parse(live_uid: &str, uid: &str) -> Option<GenerationUid> {
        let time = uid.strip_prefix(live_uid)?.strip_prefix('_')?;
        let at = TimeZone::UTC
            .to_timestamp(DateTime::strptime(FORM, time).ok()?)
            .ok()?;
        let exact = GenerationUid::new(live_uid, at);
        (exact.0 == uid).then_some(exact)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GenerationUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_one_however_it_is_written() {
        let written = "2026-11-24T14:30:00.5Z";
        for same in [
            written,
            "2026-11-24T14:30:00.500000Z",
            "2026-11-24 14:30:00.5Z",
            "2026-11-24T16:30:00.5+02:00",
        ] {
            assert!(same_identity(written, same), "{same}");
        }
        for other in [
            "2026-11-24T14:30:00.6Z",
            "2026-11-24T14:30:01.5Z",
            "2026-11-24T14:30:00.5+02:00",
            "",
        ] {
            assert!(!same_identity(written, other), "{other}");
        }
    }
}
