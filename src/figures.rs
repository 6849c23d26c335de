//! Numbers, sizes and times as people read them.

use std::fmt::Display;

use bytesize::ByteSize;
use indicatif::HumanCount;
use jiff::Timestamp;

/// A number with its thousands apart: 5,208.
pub fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

/// One thing or several: 1 task, 2 tasks.
pub fn counted(number: u64, one: &str, several: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{} {several}", grouped(number)),
    }
}

/// The most frequent of them: 5,208 documents.
pub fn documents(number: u64) -> String {
    counted(number, "document", "documents")
}

/// Whatever there is of each kind: 10 changed, 2 missing. Nothing where there is nothing.
pub fn kinds(counts: &[(u64, &str)]) -> String {
    let some = counts.iter().filter(|(number, _)| *number > 0);
    listed(some.map(|(number, kind)| format!("{} {kind}", grouped(*number))))
}

/// One after the other: articles, authors.
pub fn listed(all: impl IntoIterator<Item = impl Display>) -> String {
    let all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    all.join(", ")
}

/// Bytes in the unit that suits them: 318.0 MB.
pub fn size(bytes: u64) -> String {
    ByteSize::b(bytes).display().si().to_string()
}

/// How long, in one or two units, as people say it: 3 h 5 min.
pub fn span(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let seconds = seconds.max(0);
    let first = UNITS
        .iter()
        .position(|(size, _)| seconds >= *size)
        .unwrap_or(UNITS.len() - 1);
    let (size, unit) = UNITS[first];
    let head = format!("{} {unit}", seconds / size);
    match UNITS.get(first + 1) {
        // Seconds beside minutes and above are noise.
        Some((below, unit)) if *below > 1 && seconds % size >= *below => {
            format!("{head} {} {unit}", seconds % size / below)
        }
        _ => head,
    }
}

/// A moment to the second, as people read it: 2026-11-24 14:30:00Z.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(5208), "5,208");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(documents(1), "1 document");
        assert_eq!(documents(5208), "5,208 documents");
        assert_eq!(kinds(&[(1_000, "a"), (0, "b"), (2, "c")]), "1,000 a, 2 c");
    }

    #[test]
    fn a_time_is_told_in_two_units_at_most() {
        for (seconds, text) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min"),
            (3_600, "1 h"),
            (11_100, "3 h 5 min"),
            (90_000, "1 d 1 h"),
            (86_400 * 40, "40 d"),
        ] {
            assert_eq!(span(seconds), text);
        }
        let at = "2026-11-24T14:30:00.123Z".parse().unwrap();
        assert_eq!(moment(at), "2026-11-24 14:30:00Z");
    }
}
