use super::*;

fn record(checkpoint: &str, overlap_seconds: u64) -> Record {
    let checkpoint: Timestamp = checkpoint.parse().unwrap();
    let mut record = Record::begin("a", "a_20260101T000000Z", "", "host", checkpoint);
    record.checkpoint = Some(checkpoint);
    record.overlap_seconds = Some(overlap_seconds);
    record
}

#[test]
fn another_overlap_takes_effect_at_once() {
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let record = record("2026-11-24T10:00:00Z", 900);
    for (minutes, expected) in [(15, "10:00"), (60, "09:15"), (0, "10:15")] {
        let since = since(&record, SignedDuration::from_mins(minutes), now);
        assert_eq!(since.to_string(), format!("2026-11-24T{expected}:00Z"));
    }
}

#[test]
fn a_last_round_in_the_future_hides_nothing() {
    let now = "2026-11-24T09:00:00Z".parse().unwrap();
    let mut record = record("2026-11-25T10:00:00Z", 900);
    for (newest, expected) in [
        (Some("2026-11-24T08:00:00Z"), "2026-11-24T07:45:00Z"),
        (Some("2026-11-25T10:15:00Z"), "1970-01-01T00:00:00Z"),
        (None, "1970-01-01T00:00:00Z"),
    ] {
        record.newest_change = newest.map(|newest| newest.parse().unwrap());
        let since = since(&record, SignedDuration::from_mins(15), now);
        assert_eq!(since.to_string(), expected);
    }
}
