use super::*;

/// What a value becomes, and the remarks on the way.
fn converted(
    conversion: Option<Conversion>,
    value: Value<'_>,
) -> (Result<String, Unfit>, Vec<Anomaly>) {
    let mut out = Vec::new();
    let mut remarks = Vec::new();
    let mut anomaly = |anomaly| remarks.push(anomaly);
    let written = match conversion {
        None => write_plain(value, &mut out, &mut anomaly),
        Some(conversion) => conversion.write(value, &mut out, &mut anomaly, &mut Paths::default()),
    };
    (written.map(|()| String::from_utf8(out).unwrap()), remarks)
}

#[track_caller]
fn becomes(conversion: Conversion, value: Value<'_>, json: &str) {
    let (written, remarks) = converted(Some(conversion), value);
    assert_eq!(written.as_deref(), Ok(json), "{value:?}");
    assert_eq!(remarks, [], "{value:?}");
}

#[track_caller]
fn refused(conversion: Conversion, value: Value<'_>) -> Unfit {
    let error = converted(Some(conversion), value).0.unwrap_err();
    assert!(error.to_string().contains(['"', ';', ':']), "{error}");
    error
}

#[test]
fn null_is_null_whatever_the_column_asks_for() {
    for conversion in Conversion::ALL {
        becomes(conversion, Value::Null, "null");
    }
    assert_eq!(converted(None, Value::Null).0.unwrap(), "null");
}

#[test]
fn bytes_and_broken_text_are_refused_by_every_conversion() {
    for conversion in Conversion::ALL {
        assert_eq!(refused(conversion, Value::Blob(b"x")), Unfit::Bytes);
        assert_eq!(refused(conversion, Value::NotUtf8(b"\xff")), Unfit::NotUtf8);
    }
    assert_eq!(converted(None, Value::Blob(b"")).0, Err(Unfit::Bytes));
    assert_eq!(
        converted(None, Value::NotUtf8(b"\xff")).0,
        Err(Unfit::NotUtf8)
    );
}

#[test]
fn a_plain_value_keeps_its_own_type() {
    let plain = |value| converted(None, value).0.unwrap();
    assert_eq!(plain(Value::Integer(i64::MIN)), "-9223372036854775808");
    assert_eq!(plain(Value::Real(2.0)), "2.0");
    assert_eq!(plain(Value::Text("007")), "\"007\"");
    assert_eq!(
        plain(Value::Text("a\0\"\\\n\u{2028}ء")),
        "\"a\\u0000\\\"\\\\\\n\u{2028}ء\""
    );
}

#[test]
fn infinity_becomes_null_and_is_remarked() {
    for infinity in [f64::INFINITY, f64::NEG_INFINITY] {
        let null = (Ok("null".into()), vec![Anomaly::InfinityAsNull]);
        assert_eq!(converted(None, Value::Real(infinity)), null);
        assert_eq!(
            converted(Some(Conversion::Json), Value::Real(infinity)),
            null
        );
    }
}

#[test]
fn integers_that_filters_mix_up_are_remarked() {
    let remarks = |number| converted(None, Value::Integer(number)).1;
    assert_eq!(remarks(1 << 53), []);
    assert_eq!(remarks((1 << 53) + 1), [Anomaly::NumberBeyond2To53]);
    assert_eq!(remarks(i64::MIN), [Anomaly::NumberBeyond2To53]);
    let (written, remarks) = converted(Some(Conversion::Json), Value::Text("[9007199254740993]"));
    assert_eq!(
        (written.unwrap().as_str(), &*remarks),
        ("[9007199254740993]", &[Anomaly::NumberBeyond2To53][..])
    );
}

#[test]
fn a_text_that_the_engine_will_not_search_to_its_end_is_remarked() {
    let remarks = |text: &str| converted(None, Value::Text(text)).1;
    assert_eq!(remarks(&"كلمة ".repeat(60_000)), []);
    assert_eq!(remarks(&"القدس ".repeat(60_000)), [Anomaly::LongText]);
    assert_eq!(remarks(&"كلمة ".repeat(66_000)), [Anomaly::LongText]);
    assert_eq!(remarks(&"word. ".repeat(30_000)), [Anomaly::LongText]);
    assert_eq!(remarks(&"x".repeat(1_000_000)), []);
    let html = format!("<p>{}</p>", "القدس ".repeat(60_000));
    assert_eq!(
        converted(Some(Conversion::Html), Value::Text(&html)).1,
        [Anomaly::LongText]
    );
}

#[test]
fn booleans_of_all_ages_are_read() {
    use Value::{Integer, Real, Text};
    for yes in [Integer(1), Text("1"), Text("t"), Text("T"), Text("True")] {
        becomes(Conversion::Bool, yes, "true");
    }
    for no in [Integer(0), Text("0"), Text("f"), Text("F"), Text("FALSE")] {
        becomes(Conversion::Bool, no, "false");
    }
    for other in [Integer(2), Integer(-1), Real(1.0), Text(""), Text("yes")] {
        assert_eq!(refused(Conversion::Bool, other), Unfit::NotABoolean);
    }
}

#[test]
fn times_become_seconds_and_unknown_ones_null() {
    use Value::{Integer, Real, Text};
    for (value, json) in [
        (Text("2025-09-01 11:06:28.999999"), "1756724788"),
        (Text("2025-09-01T13:06:28+02:00"), "1756724788"),
        (Text("2025-09-01"), "1756684800"),
        (Integer(1_756_724_788_123), "1756724788"),
        (Text("1969-12-31 23:59:59.5"), "-1"),
        (Real(-0.5), "-1"),
        (Integer(0), "0"),
        (Text(""), "null"),
        (Text("  "), "null"),
    ] {
        becomes(Conversion::Unix, value, json);
    }
    let error = refused(Conversion::Unix, Text("0000-00-00 00:00:00"));
    assert!(error.to_string().contains("0000-00-00"), "{error}");
}

#[test]
fn lists_are_split_at_commas_of_both_scripts() {
    for (text, json) in [
        ("غزة, القدس ,حيفا", r#"["غزة","القدس","حيفا"]"#),
        ("غزة، القدس", r#"["غزة","القدس"]"#),
        (r#",a,, ,"b","#, r#"["a","\"b\""]"#),
        ("", "[]"),
        (" , ", "[]"),
    ] {
        becomes(Conversion::List, Value::Text(text), json);
    }
    becomes(Conversion::List, Value::Integer(7), "[\"7\"]");
    let (_, remarks) = converted(Some(Conversion::List), Value::Text("[\"a\", \"b\"]"));
    assert_eq!(remarks, [Anomaly::ListHoldsJsonText]);
}

#[test]
fn html_is_a_text_whatever_the_columns_type() {
    becomes(
        Conversion::Html,
        Value::Text("<p>a \"b\"</p><p>c"),
        "\"a \\\"b\\\"\\nc\"",
    );
    becomes(Conversion::Html, Value::Integer(7), "\"7\"");
    becomes(Conversion::Html, Value::Real(7.5), "\"7.5\"");
}

#[test]
fn json_is_embedded_on_one_line() {
    for (text, json) in [
        ("{}", "{}"),
        (" [1.50, -0, 1e3]\n", "[1.50,-0,1e3]"),
        (
            "{\n  \"a b\": \"c \\\" \\\\\",\r\n\t\"d\": [true, null]\n}",
            r#"{"a b":"c \" \\","d":[true,null]}"#,
        ),
        (r#""\ud83d\ude00 😀""#, r#""\ud83d\ude00 😀""#),
    ] {
        becomes(Conversion::Json, Value::Text(text), json);
    }
    becomes(Conversion::Json, Value::Integer(7), "7");
}

#[test]
fn json_that_would_fail_a_whole_batch_is_refused() {
    let bad = [
        r#"{"t":"\ud83d"}"#,
        r#"{"\udc00":1}"#,
        r#""\ud83dx""#,
        "1e999",
        "[-1e999]",
        "",
        " ",
        "{'a':1}",
        "[1,]",
        "{\"a\":1} {}",
        "nul",
        "\"a\nb\"",
        "NaN",
        "01",
    ];
    for text in bad {
        let error = refused(Conversion::Json, Value::Text(text));
        assert!(matches!(error, Unfit::NotJson(_)), "{text}: {error}");
    }
}

#[test]
fn json_may_be_nested_100_deep_and_no_deeper() {
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    becomes(Conversion::Json, Value::Text(&nested(100)), &nested(100));
    let error = refused(Conversion::Json, Value::Text(&nested(101)));
    assert!(error.to_string().contains("deeper than 100"), "{error}");
    refused(Conversion::Json, Value::Text(&nested(1_000_000)));
    let objects = |depth| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    becomes(Conversion::Json, Value::Text(&objects(100)), &objects(100));
    refused(Conversion::Json, Value::Text(&objects(101)));
}

#[test]
fn json_in_json_is_remarked() {
    let (written, remarks) = converted(Some(Conversion::Json), Value::Text(r#""{\"a\":1}""#));
    assert_eq!(written.unwrap(), r#""{\"a\":1}""#);
    assert_eq!(remarks, [Anomaly::JsonHoldsJsonText]);
    becomes(Conversion::Json, Value::Text(r#"["{"]"#), r#"["{"]"#);
}

#[test]
fn a_misspelt_conversion_finds_the_right_one() {
    for (misspelt, right) in [
        ("htm", Conversion::Html),
        ("HTML", Conversion::Html),
        ("jsn", Conversion::Json),
        ("boolean", Conversion::Bool),
        ("unixtime", Conversion::Unix),
        ("lists", Conversion::List),
    ] {
        assert_eq!(Conversion::nearest(misspelt), Some(right), "{misspelt}");
    }
    assert_eq!(Conversion::nearest("zone"), None);
    for conversion in Conversion::ALL {
        assert_eq!(Conversion::from_name(conversion.name()), Some(conversion));
        assert!(conversion.version() > 0);
    }
}
