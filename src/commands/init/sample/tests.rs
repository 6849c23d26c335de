use super::*;

pub(in crate::commands::init) fn seen(values: &[Value<'_>]) -> Seen {
    let mut seen = Seen::default();
    for value in values {
        seen.add(*value);
    }
    seen.distinct = seen.hashes.len() as u64;
    seen
}

#[test]
fn what_texts_are_is_told_by_their_form() {
    let text = |text: &'static str| seen(&[Value::Text(text)]);
    assert_eq!(text("https://example.com/a").addresses, 1);
    assert_eq!(text("layla@example.com").emails, 1);
    assert_eq!(text("+49 (030) 123-4567").phones, 1);
    assert_eq!(text("2026-01-02 03:04:05").phones, 0);
    assert_eq!(text("[\"a\", 1]").json_lists, 1);
    assert_eq!(text("[{\"a\": 1}]").json_objects, 1);
    assert_eq!(text("[brackets]").json_lists, 0);
    assert_eq!(text("0f8fad5b-d9cb-469f-a165-70867728950e").uuids, 1);
    assert_eq!(text("<p>words</p>").html, 1);
    assert_eq!(text("a < b").html, 0);
    assert_eq!(text("ABC-123").codes, 1);
}

#[test]
fn few_values_are_few_only_for_many_rows() {
    let twice = |count: usize| vec![Value::Text("a"); count];
    assert!(seen(&twice(40)).has_few_values());
    assert!(!seen(&twice(5)).has_few_values());
}
