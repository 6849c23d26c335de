use super::*;
use crate::report::documented;

#[test]
fn the_summary_is_a_table_with_a_verdict() {
    let report: SmokeReport = documented("smoke");
    let text = report.summary().replace("\n      ", " "); // where a line was broken
    assert!(
        text.contains("✔  \"القدس\" {\"filter\":\"category = \\\"أخبار\\\"\"}"),
        "{text}"
    );
    assert!(
        text.contains(
            "212 hits (at least 1), 7 at 2 (within 5)  3 ms  other: the document 7 is not"
        ),
        "{text}"
    );
    assert!(!text.contains("وزير"), "right, and as it was: {text}");
    for part in [
        "✔ 1 of a set of 1 query right, 1 needed",
        "recall 1.00, mean reciprocal rank 0.38",
        "beside articles_20261119T080000Z (recall 0.67, mean reciprocal rank 0.12): 1 right that were not",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(text.ends_with("✘ 1 of 3 queries failed\n"), "{text}");
    let failures: Vec<String> = report.failures().collect();
    assert_eq!(
        failures,
        ["articles: \"غزة\": 4 hits, and at least 10 are wanted"]
    );
}

#[test]
fn a_query_of_a_set_fails_with_its_set_alone() {
    let mut report: SmokeReport = documented("smoke");
    let index = &mut report.indexes[0];
    index.queries[2].passed = false;
    index.queries[2].failure = Some("the document 8 is not among the hits".to_owned());
    let failed = |index: &IndexSmoked| SmokeReport::new(vec![index.clone()]).failed;
    assert_eq!(failed(index), 1, "enough of the set are right");
    assert!(report.summary().contains("⚠  \"وزير\""));
    let index = &mut report.indexes[0];
    index.sets[0].passed = false;
    assert_eq!(failed(index), 2);
}
