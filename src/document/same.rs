//! Whether two JSON values are the same, after a server has read and rewritten one of them.
//!
//! Meilisearch stores what it receives, but parses and writes it again for each answer, with a parser of decimals that
//! may change the last bit of a float. Such a document would always differ from its row, and be sent in every round.

use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// How far two floats may lie apart and be the same: the server's reader and ours may each miss by one.
const LAST_BITS: u64 = 4;

/// Whether two objects have the same fields. Fields have no order: Meilisearch answers them in its own.
fn same_fields(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .all(|(name, value)| other.get(name).is_some_and(|there| same(value, there)))
}

/// Whether two values are the same but for the last bits of floats.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => same_fields(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
            match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => {
                    a == b
                        || (a.is_sign_negative() == b.is_sign_negative()
                            && a.to_bits().abs_diff(b.to_bits()) <= LAST_BITS)
                }
                _ => false,
            }
        }
        _ => one == other,
    }
}

fn fields(json: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(json).ok()
}

/// Whether a document is another than this line of JSON says. Fields have no order: Meilisearch answers them in its own.
///
/// Values are read only where their texts differ, as those of `1.50` and `1.5` do: most documents need no reading.
pub fn differs(line: &[u8], document: &RawValue) -> bool {
    let line = line.trim_ascii_end();
    let document = document.get().as_bytes();
    if line == document || have_equal_texts(line, document).unwrap_or(false) {
        return false;
    }
    match (fields(line), fields(document)) {
        (Some(row), Some(there)) => !same_fields(&row, &there),
        _ => true,
    }
}

/// Whether both have the same fields with the same texts; `None` where a name cannot be read without unescaping it.
fn have_equal_texts(line: &[u8], document: &[u8]) -> Option<bool> {
    let row: HashMap<&str, &RawValue> = serde_json::from_slice(line).ok()?;
    let there: HashMap<&str, &RawValue> = serde_json::from_slice(document).ok()?;
    let same = |(name, text): (&&str, &&RawValue)| {
        let other = there.get(*name);
        other.is_some_and(|other| other.get() == text.get())
    };
    Some(row.len() == there.len() && row.iter().all(same))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_a_server_makes_of_a_float_is_the_float() {
        let row: Value = serde_json::from_str(r#"{"a":[9.790433876155269e+263]}"#).unwrap();
        let there: Value = serde_json::from_str(r#"{"a":[9.790433876155268e+263]}"#).unwrap();
        assert!(same(&row, &there));
        for (one, other) in [
            (json!(1.0), json!(1)),
            (json!(0.1), json!(0.100_000_000_001)),
            (json!(0.5), json!(-0.5)),
            (
                json!(9_007_199_254_740_993_i64),
                json!(9_007_199_254_740_992_i64),
            ),
            (json!([1.5]), json!([1.5, 1.5])),
            (json!({"a": 1.5}), json!({"b": 1.5})),
        ] {
            assert!(!same(&one, &other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn any_float_is_the_same_after_two_readers(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            let row: Value = serde_json::from_str(&json!(number).to_string()).unwrap();
            let there: Value = serde_json::from_str(&row.to_string()).unwrap();
            prop_assert!(same(&row, &there), "{} {}", row, there);
            prop_assert!(same(&json!(number), &row), "{} {}", number, row);
        }
    }

    fn document(value: Value) -> Box<RawValue> {
        RawValue::from_string(value.to_string()).unwrap()
    }

    #[test]
    fn fields_have_no_order_and_nothing_else_is_overlooked() {
        let there = document(json!({"b": {"y": 1, "x": null}, "id": 7, "a": [1, 2.0]}));
        assert!(!differs(
            br#"{"id":7,"a":[1,2.0],"b":{"x":null,"y":1}}"#,
            &there
        ));
        let spelt = document(json!({"id": 7, "a\"": 1.5, "b": "غ"}));
        assert!(!differs(br#"{"b":"\u063a","id":7,"a\"":1.50}"#, &spelt));
        for other in [
            r#"{"id":"7","a":[1,2.0],"b":{"x":null,"y":1}}"#,
            r#"{"id":7,"a":[1,2],"b":{"x":null,"y":1}}"#,
            r#"{"id":7,"a":[2.0,1],"b":{"x":null,"y":1}}"#,
            r#"{"id":7,"a":[1,2.0],"b":{"y":1}}"#,
            r#"{"id":7,"a":[1,2.0],"b":{"x":null,"y":1},"c":null}"#,
        ] {
            assert!(differs(other.as_bytes(), &there), "{other}");
        }
    }
}
