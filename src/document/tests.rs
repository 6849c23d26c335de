use serde_json::json;

use super::*;

fn shape(columns: &[&str]) -> Result<DocumentShape, ShapeError> {
    let columns: Vec<String> = columns.iter().map(|&c| c.into()).collect();
    DocumentShape::new(&columns)
}

/// One row as the line that it becomes.
fn line(columns: &[&str], values: &[Value<'_>]) -> Result<String, DocumentError> {
    let mut out = Vec::new();
    let written = shape(columns)
        .unwrap()
        .write(values, &mut out, &mut Anomalies::new());
    written.map(|_| String::from_utf8(out).unwrap())
}

#[test]
fn a_row_becomes_one_line_with_its_id_first() {
    let columns = [
        "title",
        "id",
        "body:html",
        "tags:list",
        "published_at:unix",
        "meta:json",
        "shown:bool",
        "note",
    ];
    let values = [
        Value::Text("عنوان \"1\""),
        Value::Integer(17),
        Value::Text("<p>غزة</p><p>القدس</p>"),
        Value::Text("أ,ب"),
        Value::Text("2025-09-01"),
        Value::Text("{\n\"a\": 1}"),
        Value::Text("t"),
        Value::Null,
    ];
    let expected = concat!(
        r#"{"id":17,"title":"عنوان \"1\"","body":"غزة\nالقدس","tags":["أ","ب"],"published_at":1756684800,"#,
        r#""meta":{"a":1},"shown":true,"note":null}"#,
        "\n"
    );
    assert_eq!(line(&columns, &values).unwrap(), expected);
}

#[test]
fn the_id_keeps_the_form_that_the_row_has() {
    assert_eq!(line(&["id"], &[Value::Integer(7)]).unwrap(), "{\"id\":7}\n");
    assert_eq!(
        line(&["id"], &[Value::Text("7")]).unwrap(),
        "{\"id\":\"7\"}\n"
    );
}

#[test]
fn a_column_becomes_the_field_before_its_colon() {
    let shape = shape(&["b\"c", "body:html", "id", "at:unix", "x:html"]).unwrap();
    let fields: Vec<_> = shape.fields().collect();
    assert_eq!(fields, ["id", "b\"c", "body", "at", "x"]);
    let conversions: Vec<_> = shape.conversions().into_iter().collect();
    assert_eq!(conversions, [Conversion::Html, Conversion::Unix]);
}

#[test]
fn columns_that_make_no_documents_are_refused() {
    let error = |columns: &[&str]| shape(columns).unwrap_err().to_string();
    assert!(error(&[]).contains("AS id"));
    assert!(error(&["ID", "article_id", "title"]).contains("ID, article_id"));
    assert!(error(&["id:unix"]).contains("leave the conversion away"));
    assert!(error(&["id", "id"]).contains("one field"));
    assert!(error(&["id", "body", "body:html"]).contains("\"body:html\""));
    assert!(error(&["id", "body:htm"]).contains("did you mean \"html\"?"));
    assert!(error(&["id", "time:zone"]).contains("html, json, bool, unix, list"));
    assert!(error(&["id", ":html"]).contains("no name"));
    assert!(error(&["id", ""]).contains("no name"));
    assert!(error(&["id", "a.b", "a"]).contains("dot"));
    assert!(error(&["id", "a:json", "a.b.c"]).contains("dot"));
    assert!(error(&["id", "id.b"]).contains("dot"));
    for reserved in ["_vectors", "_geojson:json", "_", "_formatted"] {
        assert!(error(&["id", reserved]).contains("belong to Meilisearch"));
    }
    assert!(shape(&["id", "a.b", "a.c", "ab", "_geo:json"]).is_ok());
}

#[test]
fn a_bad_value_names_its_id_and_column_and_leaves_nothing_behind() {
    let shape = shape(&["title", "id", "meta:json"]).unwrap();
    let mut out = b"before\n".to_vec();
    let mut notes = Anomalies::new();
    let bad = "{\"t\":\"\\ud83d\"}".repeat(1000);
    let values = [Value::Text("x"), Value::Integer(17), Value::Text(&bad)];
    let error = shape.write(&values, &mut out, &mut notes).unwrap_err();
    assert_eq!(out, b"before\n");
    assert_eq!(error.id(), Some(&DocumentId::from(17)));
    assert_eq!(error.column(), "meta:json");
    let message = error.to_string();
    assert!(
        message.contains("17") && message.contains("meta:json") && message.len() < 500,
        "{message}"
    );

    let values = [Value::Text("x"), Value::Text("غزة-1"), Value::Null];
    let error = shape.write(&values, &mut out, &mut notes).unwrap_err();
    assert_eq!(
        (out.as_slice(), error.id(), error.column()),
        (&b"before\n"[..], None, "id")
    );
    assert!(error.to_string().contains("غزة-1"));

    for bytes in [Value::Blob(b"\xff"), Value::NotUtf8(b"\xff")] {
        let error = shape.write(
            &[bytes, Value::Integer(1), Value::Null],
            &mut out,
            &mut notes,
        );
        assert_eq!(error.unwrap_err().column(), "title");
    }
    assert!(notes.entries().is_empty());
}

#[test]
fn remarks_are_counted_by_kind_and_field() {
    let shape = shape(&["id", "score", "meta:json", "views"]).unwrap();
    let mut notes = Anomalies::new();
    let mut out = Vec::new();
    for (id, meta) in [
        (1, "\"{}\""),
        (2, "[9007199254740993, 9007199254740995]"),
        (3, "1"),
    ] {
        let score = if id == 1 {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        };
        let views = Value::Integer(if id == 3 { i64::MAX } else { 0 });
        let values = [
            Value::Integer(id),
            Value::Real(score),
            Value::Text(meta),
            views,
        ];
        shape.write(&values, &mut out, &mut notes).unwrap();
    }
    let entries: Vec<_> = notes
        .entries()
        .iter()
        .map(|n| (n.kind, &*n.field, n.count, &*n.first_id))
        .collect();
    assert_eq!(
        entries,
        [
            (Anomaly::InfinityAsNull, "score", 3, "1"),
            (Anomaly::JsonHoldsJsonText, "meta", 1, "1"),
            (Anomaly::NumberBeyond2To53, "meta", 1, "2"),
            (Anomaly::NumberBeyond2To53, "views", 1, "3"),
        ]
    );
    let report = serde_json::to_value(notes.entries()).unwrap();
    let first = json!({"kind": "infinity_as_null", "field": "score", "count": 3, "first_id": "1"});
    assert_eq!(report[0], first);
    assert_eq!(report[2]["kind"], "number_beyond_2_53");
    assert!(
        notes.entries()[0]
            .to_string()
            .starts_with("3 documents, field \"score\", first id 1: ")
    );
}

#[test]
fn a_text_that_filters_see_only_the_beginning_of_is_remarked() {
    let remarks = |column: &str, text: &str| {
        let shape = shape(&["id", column])
            .unwrap()
            .with_filterable(["id", "tags", "gone"]);
        let mut notes = Anomalies::new();
        let values = [Value::Integer(1), Value::Text(text)];
        shape.write(&values, &mut Vec::new(), &mut notes).unwrap();
        notes
            .entries()
            .iter()
            .map(|note| note.kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(remarks("tags", &"ط".repeat(234)), []);
    assert_eq!(remarks("tags", &"ط".repeat(235)), [Anomaly::LongFilterText]);
    assert_eq!(remarks("tags:list", &"ط,".repeat(500)), []);
    assert_eq!(
        remarks("tags:list", &format!("a,{}", "ط".repeat(235))),
        [Anomaly::LongFilterText]
    );
    assert_eq!(remarks("title", &"ط".repeat(235)), []);
}

#[test]
fn coordinates_that_would_fail_a_batch_are_refused() {
    let geo = |value| line(&["id", "_geo:json"], &[Value::Integer(1), value]);
    for good in [
        r#"{"lat":31.5,"lng":34.4}"#,
        r#"{"lng":"34.4","lat":"31.5"}"#,
        r#"{"lat":0,"lng":-1}"#,
        "null",
    ] {
        assert!(geo(Value::Text(good)).is_ok(), "{good}");
    }
    assert!(geo(Value::Null).is_ok());
    for bad in [
        r#"{"lat":null,"lng":null}"#,
        r#"{"lat":1}"#,
        "{}",
        r#"{"lat":1,"lng":2,"alt":3}"#,
        "[1,2]",
        "\"1,2\"",
        "1",
        r#"{"lat":"north","lng":1}"#,
        r#"{"lat":"inf","lng":1}"#,
        r#"[{"lat":1,"lng":2}]"#,
        r#"{"lat":[1],"lng":2}"#,
    ] {
        let error = geo(Value::Text(bad)).unwrap_err();
        assert!(error.to_string().contains("_geo"), "{bad}: {error}");
    }
    assert!(line(&["id", "_geo"], &[Value::Integer(1), Value::Text("31,34")]).is_err());
}

mod model;
mod shipped;
