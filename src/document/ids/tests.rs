use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn text(id: &str) -> Result<DocumentId, IdError> {
    DocumentId::from_value(Value::Text(id))
}

fn written(id: &DocumentId) -> String {
    let mut out = Vec::new();
    id.write_json(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn the_number_7_and_the_text_7_are_one_document() {
    let number = DocumentId::from(7);
    let text = text("7").unwrap();
    assert_eq!(number, text);
    assert_eq!(number.cmp(&text), Ordering::Equal);
    let mut list = IdList::new();
    list.push(&number).unwrap();
    list.push(&text).unwrap();
    list.settle().unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(
        (written(&number), written(&text)),
        ("7".into(), "\"7\"".into())
    );
}

#[test]
fn other_spellings_of_a_number_are_other_documents() {
    for spelling in ["007", "-0", "9223372036854775808"] {
        let id = text(spelling).unwrap();
        assert_eq!(id.number, None, "{spelling}");
        assert_eq!(id.as_str(), spelling);
    }
    assert_ne!(text("007").unwrap(), DocumentId::from(7));
    assert_eq!(text("-5").unwrap(), DocumentId::from(-5));
}

#[test]
fn an_id_that_meilisearch_would_refuse_cannot_be_made() {
    for bad in [
        "غزة-1", "2024/03", "a b", "a.b", "a'b", "a\0", "+7", " 7", "é",
    ] {
        let error = text(bad).unwrap_err();
        assert!(matches!(error, IdError::Character { .. }), "{bad}: {error}");
        assert!(error.to_string().contains("in the SQL"));
    }
    assert_eq!(text(""), Err(IdError::Missing));
    assert_eq!(DocumentId::from_value(Value::Null), Err(IdError::Missing));
    for bad in [Value::Real(1.0), Value::Blob(b"1"), Value::NotUtf8(b"\xff")] {
        let error = DocumentId::from_value(bad).unwrap_err();
        assert!(matches!(error, IdError::NeitherNumberNorText { .. }));
    }
}

#[test]
fn ids_of_511_bytes_pass_and_of_512_do_not() {
    assert!(text(&"a".repeat(511)).is_ok());
    let error = text(&"a".repeat(512)).unwrap_err();
    assert!(matches!(error, IdError::TooLong { bytes: 512, .. }));
    assert!(error.to_string().len() < 300, "{error}");
}

#[test]
fn ids_of_listed_documents_are_read_whoever_sent_them() {
    let read = |value| DocumentId::from_json(&value);
    assert_eq!(read(json!(17)), Ok(DocumentId::from(17)));
    assert_eq!(read(json!("17")), Ok(DocumentId::from(17)));
    assert_eq!(read(json!(-17)), Ok(DocumentId::from(-17)));
    assert_eq!(
        read(json!(u64::MAX)).unwrap().as_str(),
        "18446744073709551615"
    );
    assert_eq!(
        written(&read(json!(u64::MAX)).unwrap()),
        "18446744073709551615"
    );
    assert_eq!(read(json!(null)), Err(IdError::Missing));
    assert!(read(json!(1.0)).is_err());
    assert!(read(json!([1])).is_err());
}

#[test]
fn numbers_are_sorted_as_numbers_and_come_before_texts() {
    let ids = ["b", "10", "a", "9", "-1", "007"].map(|id| text(id).unwrap());
    let sorted: Vec<_> = BTreeSet::from(ids)
        .iter()
        .map(|id| id.to_string())
        .collect();
    assert_eq!(sorted, ["-1", "9", "10", "007", "a", "b"]);
}

fn listed(ids: &[DocumentId]) -> IdList {
    let mut list = IdList::new();
    for id in ids {
        list.push(id).unwrap();
    }
    list.settle().unwrap();
    list
}

fn any_id() -> impl Strategy<Value = DocumentId> {
    prop_oneof![
        any::<i64>().prop_map(DocumentId::from),
        (-20i64..20).prop_map(DocumentId::from),
        "[0-9A-Za-z_-]{1,4}".prop_map(|id| text(&id).unwrap()),
        (-20i64..20).prop_map(|number| text(&number.to_string()).unwrap()),
    ]
}

proptest! {
    #[test]
    fn a_list_has_each_id_once_and_in_order(ids in proptest::collection::vec(any_id(), 0..60)) {
        let list = listed(&ids);
        let model = BTreeSet::from_iter(ids);
        prop_assert_eq!(list.len(), model.len() as u64);
        prop_assert_eq!(list.is_empty(), model.is_empty());
        let read: Vec<_> = list.ids().unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(&read, &model.iter().cloned().collect::<Vec<_>>());
        prop_assert_eq!(list.first(3).unwrap(), &read[..read.len().min(3)]);
    }

    #[test]
    fn two_sides_are_told_apart(
        left in proptest::collection::vec(any_id(), 0..40),
        right in proptest::collection::vec(any_id(), 0..40),
    ) {
        let (mut one, mut other) = (listed(&left), listed(&right));
        let (left, right) = (BTreeSet::from_iter(left), BTreeSet::from_iter(right));
        let model = |id: &DocumentId| match (left.contains(id), right.contains(id)) {
            (true, true) => Side::Both,
            (true, false) => Side::Left(id.clone()),
            _ => Side::Right(id.clone()),
        };
        let expected: Vec<Side> = left.union(&right).map(model).collect();
        one.settle_uncounted().unwrap();
        other.settle_uncounted().unwrap();
        let found = Differences::of(&one, &other).unwrap();
        prop_assert_eq!(found.map(Result::unwrap).collect::<Vec<_>>(), expected.as_slice());

        let mut rows = RowIds::default();
        for (id, row) in left.iter().zip(1..) {
            rows.push(id, row).unwrap();
        }
        rows.settle().unwrap();
        let found = Differences::of_rows(&rows, &other).unwrap();
        prop_assert_eq!(found.map(Result::unwrap).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_rows_that_repeat_an_id_are_found_with_their_numbers(ids in proptest::collection::vec(any_id(), 0..60)) {
        let mut rows = RowIds::default();
        let mut before = BTreeSet::new();
        let mut expected = Vec::new();
        for (id, row) in ids.iter().zip(1..) {
            rows.push(id, row).unwrap();
            if !before.insert(id.clone()) {
                expected.push((row, id.clone()));
            }
        }
        rows.settle().unwrap();
        let told = rows.repeated().unwrap().map(Result::unwrap);
        let mut found: Vec<(u64, DocumentId)> = told
            .filter_map(|row| match row {
                Row::First => None,
                Row::Repeated { id, row } => Some((row, id)),
            })
            .collect();
        found.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn equality_order_and_hash_agree(a in any_id(), b in any_id()) {
        prop_assert_eq!(a == b, a.as_str() == b.as_str());
        prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
    }

    #[test]
    fn a_written_id_is_read_back(id in any_id()) {
        let json: serde_json::Value = serde_json::from_str(&written(&id)).unwrap();
        prop_assert_eq!(DocumentId::from_json(&json).unwrap(), id);
    }

    #[test]
    fn no_text_makes_it_panic(value in any::<String>()) {
        let allowed = !value.is_empty()
            && value.len() <= 511
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        prop_assert_eq!(text(&value).is_ok(), allowed);
    }
}
