//! Whatever SQLite holds comes back from the engine as it was: some thousand rows of any values, through the binary and the
//! server, compared with what was bound.

use bisan_indexer::document::{Anomalies, DocumentShape};
use bisan_indexer::sqlite::Value as SqlValue;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{Dice, Scene, ServerOptions};

const ROWS: usize = 2_000;

#[derive(Debug, Clone)]
enum Id {
    Integer(i64),
    Text(String),
}

#[derive(Debug, Clone)]
struct Row {
    id: Id,
    anything: Value,
    json: Value,
    page: String,
}

fn any_id() -> impl Strategy<Value = Id> {
    prop_oneof![
        any::<i64>().prop_map(Id::Integer),
        (-9i64..9).prop_map(Id::Integer),
        "[A-Za-z0-9_-]{1,40}".prop_map(Id::Text),
        "[0-9]{1,25}".prop_map(Id::Text),
        "[a-z]{511}".prop_map(Id::Text),
    ]
}

fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        Just(json!(i64::MIN)),
        Just(json!(i64::MAX)),
        any::<i32>().prop_map(|n| json!(f64::from(n) / 8.0)),
        any::<f64>()
            .prop_filter("JSON has no other", |n| n.is_finite())
            .prop_map(Value::from),
        prop_oneof![
            Just(-0.0),
            Just(0.1),
            Just(f64::MIN_POSITIVE),
            Just(f64::MAX),
            Just(1e21),
            Just(5e-324),
            Just(9_007_199_254_740_993.0)
        ]
        .prop_map(Value::from),
    ]
}

fn any_text() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,40}",
        "[\\x00-\\x1f\"\\\\\u{7f}\u{2028}\u{feff}\u{fffe}\u{10ffff}ء-ي\u{64b}-\u{652}🕊]{0,30}",
    ]
    .prop_map(Value::from)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any_number(),
        any_text(),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let array = proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let object = proptest::collection::vec(("[a-zء-ي ._\"]{0,8}", inner), 0..4);
        prop_oneof![
            array,
            object.prop_map(|entries| Value::Object(entries.into_iter().collect()))
        ]
    })
}

fn any_row() -> impl Strategy<Value = Row> {
    let anything = prop_oneof![Just(Value::Null), any_number(), any_text()];
    let page = prop_oneof![
        any::<String>(),
        "(<p>|</p>|<b|>|&amp;|&#x0;|<script>|</|<!--|غزة| ){0,20}"
    ];
    (any_id(), anything, any_json(), page).prop_map(|(id, anything, json, page)| Row {
        id,
        anything,
        json,
        page,
    })
}

fn some_rows(seed: u64) -> Vec<Row> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = any_row();
    let mut rows: Vec<Row> = (0..ROWS)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    rows.sort_by_key(|row| spelling(&row.id));
    rows.dedup_by_key(|row| spelling(&row.id));
    rows
}

fn spelling(id: &Id) -> String {
    match id {
        Id::Integer(number) => number.to_string(),
        Id::Text(text) => text.clone(),
    }
}

async fn insert(scene: &Scene, rows: &[Row]) {
    scene
        .database
        .execute("CREATE TABLE things (id, anything, json TEXT, page TEXT)")
        .await;
    let mut connection = scene.database.open().await;
    let mut transaction = connection.begin().await.unwrap();
    for row in rows {
        let insert = sqlx::query("INSERT INTO things VALUES (?, ?, ?, ?)");
        let insert = match &row.id {
            Id::Integer(number) => insert.bind(*number),
            Id::Text(text) => insert.bind(text),
        };
        let insert = match &row.anything {
            Value::Null => insert.bind(None::<i64>),
            Value::String(text) => insert.bind(text),
            number if number.is_i64() => insert.bind(number.as_i64()),
            number => insert.bind(number.as_f64()),
        };
        insert
            .bind(row.json.to_string())
            .bind(&row.page)
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    connection.close().await.unwrap();
}

/// The same but for the last bits of floats: the server's reader of decimals and this test's may each miss by one. What the
/// program sends is compared to the last bit by a test of its own.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|there| same(value, there)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() && other.is_f64() => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            one == other || (one - other).abs() <= one.abs() * 1e-15
        }
        _ => one == other,
    }
}

/// What a document has in the place of a column `page:html`.
fn readable(html: &str) -> String {
    let columns = ["id".to_owned(), "page:html".to_owned()];
    let shape = DocumentShape::new(&columns).unwrap();
    let values = [SqlValue::Integer(1), SqlValue::Text(html)];
    let mut line = Vec::new();
    shape
        .write(&values, &mut line, &mut Anomalies::new())
        .unwrap();
    let document: Value = serde_json::from_slice(&line).unwrap();
    document["page"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whatever_sqlite_holds_comes_back_from_the_engine() {
    let seed = Dice::seed_from("BISAN_VALUES_SEED");
    let rows = some_rows(seed);
    let mut scene = Scene::on(ServerOptions::default()).await;
    scene.define(|definitions| {
        definitions.index(
            "things",
            "SELECT id, anything, json AS \"json:json\", page AS \"page:html\" FROM things",
        )
    });
    insert(&scene, &rows).await;
    scene.reindex().run().await.expect(0);

    let documents = scene.api.documents(&scene.uid("things")).await;
    assert_eq!(documents.len(), rows.len(), "BISAN_VALUES_SEED={seed}");
    for row in &rows {
        let id = match &row.id {
            Id::Integer(number) => json!(number),
            Id::Text(text) => json!(text),
        };
        let found = documents.iter().find(|document| document["id"] == id);
        let found = found.unwrap_or_else(|| panic!("{row:?} is missing, BISAN_VALUES_SEED={seed}"));
        for (field, expected) in [("anything", &row.anything), ("json", &row.json)] {
            assert!(
                same(&found[field], expected),
                "{field} of {id} is {} and was {expected}, BISAN_VALUES_SEED={seed}",
                found[field]
            );
        }
        // What the text of a page is, the unit tests of the conversion say; here it comes back as it was sent.
        assert_eq!(
            found["page"],
            readable(&row.page),
            "{row:?}, BISAN_VALUES_SEED={seed}"
        );
    }
    // And the program itself sees no difference.
    let report = scene
        .command("sync")
        .args(["--compare", "all", "--output", "json"])
        .reports()
        .await;
    for figure in ["sent_changed", "sent_missing", "sent_different", "deleted"] {
        assert_eq!(
            report["indexes"][0][figure], 0,
            "BISAN_VALUES_SEED={seed}: {report}"
        );
    }
}
