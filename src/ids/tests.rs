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
    let mut set = IdSet::new();
    assert!(set.insert(&number));
    assert!(!set.insert(&text));
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
        assert!(error.to_string().contains("documents.sql"));
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

#[test]
fn a_million_ids_of_one_table_take_little_memory() {
    let mut set = IdSet::new();
    set.extend(&(0..1_000_000).map(DocumentId::from).collect::<Vec<_>>());
    assert_eq!(set.len(), 1_000_000);
    assert!(set.numbers.serialized_size() < 300_000);
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
    fn an_id_set_is_a_set_of_spellings(ids in proptest::collection::vec(any_id(), 0..60)) {
        let mut set = IdSet::new();
        let mut model = BTreeSet::new();
        for id in &ids {
            prop_assert_eq!(set.contains(id), model.contains(id.as_str()));
            prop_assert_eq!(set.insert(id), model.insert(id.as_str().to_owned()));
            prop_assert_eq!(set.len(), model.len() as u64);
        }
        let listed: Vec<_> = set.iter().collect();
        prop_assert_eq!(listed.len(), model.len());
        prop_assert!(listed.iter().all(|id| model.contains(id.as_str())));
        for id in &listed {
            prop_assert!(set.remove(id));
            prop_assert!(!set.remove(id));
        }
        prop_assert!(set.is_empty());
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
