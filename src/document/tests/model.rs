//! Rows of any values against a model that is written another way.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

/// A value that SQLite can hold.
#[derive(Clone, Debug)]
enum Held {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    NotUtf8(Vec<u8>),
    Blob(Vec<u8>),
}

impl Held {
    fn value(&self) -> Value<'_> {
        match self {
            Held::Null => Value::Null,
            Held::Integer(number) => Value::Integer(*number),
            Held::Real(number) => Value::Real(*number),
            Held::Text(text) => Value::Text(text),
            Held::NotUtf8(bytes) => Value::NotUtf8(bytes),
            Held::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

/// What a field must be in the document, or that there must be none.
enum Expected {
    Exactly(Json),
    /// A text; which one is the business of the conversion's own tests.
    SomeText,
    NoDocument,
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<i32>().prop_map(|n| json!(f64::from(n) / 8.0)),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let array = proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from);
        let object = proptest::collection::vec((any::<String>(), inner), 0..4);
        prop_oneof![
            array,
            object.prop_map(|entries| Json::Object(entries.into_iter().collect()))
        ]
    })
}

fn any_held() -> impl Strategy<Value = Held> {
    let text = prop_oneof![
        any::<String>(),
        "[a-zء-ي<>&;/\"\\\\ \n\0,،]{0,30}",
        any_json().prop_map(|json| json.to_string()),
        any_json().prop_map(|json| serde_json::to_string_pretty(&json).unwrap()),
        Just("true".to_owned()),
        Just("F".to_owned()),
        Just("0".to_owned()),
        Just("2025-09-01 11:06:28.123".to_owned()),
        Just("".to_owned()),
        Just("[1e999]".to_owned()),
        Just("\"\\ud83d\"".to_owned()),
    ];
    prop_oneof![
        1 => Just(Held::Null),
        2 => any::<i64>().prop_map(Held::Integer),
        1 => (-1i64..3).prop_map(Held::Integer),
        // Eighths, which every way of reading decimals gets right.
        2 => any::<i32>().prop_map(|n| Held::Real(f64::from(n) / 8.0)),
        1 => prop_oneof![Just(f64::INFINITY), Just(f64::NEG_INFINITY)].prop_map(Held::Real),
        8 => text.prop_map(Held::Text),
        1 => proptest::collection::vec(any::<u8>(), 0..8).prop_map(|mut bytes| { bytes.push(0xff); Held::NotUtf8(bytes) }),
        1 => proptest::collection::vec(any::<u8>(), 0..8).prop_map(Held::Blob),
    ]
}

fn expected(conversion: &str, held: &Held) -> Expected {
    use Expected::*;
    match (conversion, held) {
        (_, Held::Null) => Exactly(Json::Null),
        (_, Held::NotUtf8(_) | Held::Blob(_)) => NoDocument,
        ("", Held::Integer(number)) | ("json", Held::Integer(number)) => Exactly(json!(number)),
        // An infinite number is null to `json!` as well.
        ("", Held::Real(number)) | ("json", Held::Real(number)) => Exactly(json!(number)),
        ("", Held::Text(text)) => Exactly(json!(text)),
        ("html", _) => SomeText,
        ("json", Held::Text(text)) => serde_json::from_str(text).map_or(NoDocument, Exactly),
        ("bool", held) => match format!("{held:?}").to_lowercase().as_str() {
            "integer(0)" | "text(\"0\")" | "text(\"f\")" | "text(\"false\")" => {
                Exactly(json!(false))
            }
            "integer(1)" | "text(\"1\")" | "text(\"t\")" | "text(\"true\")" => Exactly(json!(true)),
            _ => NoDocument,
        },
        ("list", Held::Text(text)) => {
            let mut parts = vec![String::new()];
            for character in text.chars() {
                match character {
                    ',' | '،' => parts.push(String::new()),
                    other => parts.last_mut().unwrap().push(other),
                }
            }
            let parts = parts.iter().map(|part| part.trim());
            Exactly(parts.filter(|part| !part.is_empty()).collect())
        }
        ("list", Held::Integer(number)) => Exactly(json!([number.to_string()])),
        ("list", Held::Real(number)) => Exactly(json!([number.to_string()])),
        // The Julian days of the years 0 to 9999.
        ("unix", Held::Integer(day @ 1_721_060..5_373_485)) => {
            Exactly(json!((day - 2_440_588) * 86_400 + 43_200))
        }
        ("unix", Held::Real(day)) if (1_721_059.5..5_373_484.5).contains(day) => {
            let milliseconds = (day * 86_400_000.0 + 0.5) as i64 - 210_866_760_000_000;
            Exactly(json!(milliseconds.div_euclid(1_000)))
        }
        ("unix", Held::Integer(number)) => match number.unsigned_abs() {
            0..100_000_000_000 => Exactly(json!(number)),
            100_000_000_000..100_000_000_000_000 => Exactly(json!(number.div_euclid(1_000))),
            100_000_000_000_000..100_000_000_000_000_000 => {
                Exactly(json!(number.div_euclid(1_000_000)))
            }
            100_000_000_000_000_000..9_200_000_000_000_000_000 => {
                Exactly(json!(number.div_euclid(1_000_000_000)))
            }
            _ => NoDocument,
        },
        ("unix", Held::Real(number)) if number.is_finite() => Exactly(json!(number.floor() as i64)),
        ("unix", Held::Real(_)) => NoDocument,
        ("unix", Held::Text(text)) => match text.trim() {
            "" => Exactly(Json::Null),
            "2025-09-01 11:06:28.123" => Exactly(json!(1_756_724_788)),
            _ => NoDocument,
        },
        (other, _) => panic!("no model of {other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_row_of_any_values_is_a_document_or_an_error(
        id in any::<i64>(),
        row in proptest::collection::vec(
            (prop_oneof![Just(""), Just("html"), Just("json"), Just("bool"), Just("unix"), Just("list")], any_held()),
            0..5,
        ),
    ) {
        // Names that need escapes; a name is never repeated and never has a dot.
        let name = |index: usize| format!("{}{index}", ["a", "عنوان", "q\"", "b\\", " "][index % 5]);
        let mut columns: Vec<String> = row.iter().enumerate().map(|(index, (conversion, _))| match *conversion {
            "" => name(index),
            conversion => format!("{}:{conversion}", name(index)),
        }).collect();
        let mut values: Vec<Value<'_>> = row.iter().map(|(_, held)| held.value()).collect();
        columns.insert(row.len() / 2, "id".into());
        values.insert(row.len() / 2, Value::Integer(id));

        let shape = DocumentShape::new(&columns).unwrap();
        let mut out = b"{}\n".to_vec();
        let written = shape.write(&values, &mut out, &mut Anomalies::new());
        let expectations: Vec<_> = row.iter().map(|(conversion, held)| expected(conversion, held)).collect();

        if expectations.iter().any(|e| matches!(e, Expected::NoDocument)) {
            prop_assert!(written.is_err());
            prop_assert_eq!(out, b"{}\n");
            return Ok(());
        }
        prop_assert_eq!(written.unwrap(), DocumentId::from(id));
        let line = std::str::from_utf8(&out).unwrap().strip_prefix("{}\n").unwrap();
        prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
        let document: Json = serde_json::from_str(line).unwrap();
        let fields: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
        prop_assert_eq!(fields, shape.fields().collect::<Vec<_>>());
        prop_assert_eq!(&document["id"], &json!(id));
        for (index, expectation) in expectations.into_iter().enumerate() {
            let field = &document[name(index)];
            match expectation {
                Expected::Exactly(json) => prop_assert_eq!(field, &json),
                Expected::SomeText => prop_assert!(field.is_string()),
                Expected::NoDocument => unreachable!(),
            }
        }
    }

    #[test]
    fn a_real_number_is_written_to_its_last_bit(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
        let line = line(&["id", "x"], &[Value::Integer(1), Value::Real(number)]).unwrap();
        let written = line.strip_prefix("{\"id\":1,\"x\":").unwrap().strip_suffix("}\n").unwrap();
        prop_assert_eq!(written.parse::<f64>().unwrap().to_bits(), number.to_bits());
    }
}
