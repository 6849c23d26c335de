use serde_json::json;

use super::*;
use crate::meilisearch::error::RecordsError;
use crate::meilisearch::testing::{Canned, Reply, complaint, json_answer, taken};
use crate::meilisearch::uid::RECORDS_UID;

fn record() -> Record {
    let begun_at = "2026-11-24T14:30:00.123456Z".parse().unwrap();
    Record {
        created_at: Some("2026-11-24T14:30:01.123456789Z".into()),
        ..Record::begin(
            "articles",
            "articles_20261124T143000Z",
            "f00",
            "here",
            begun_at,
        )
    }
}

fn document(record: &Record) -> Value {
    serde_json::to_value(record).unwrap()
}

fn page(results: &[Value]) -> Reply {
    json_answer(
        200,
        json!({"results": results, "offset": 0, "limit": 1000, "total": results.len()}),
    )
}

fn index(primary_key: Value) -> Reply {
    json_answer(
        200,
        json!({"uid": RECORDS_UID, "createdAt": "x", "updatedAt": "x", "primaryKey": primary_key}),
    )
}

fn missing() -> Reply {
    complaint(404, "index_not_found", "Index not found.")
}

#[tokio::test]
async fn records_come_back_as_they_were_written() {
    let full = Record {
        complete: true,
        completed_at: Some("2026-11-24T15:00:00Z".parse().unwrap()),
        documents: Some(5208),
        checkpoint: Some("2026-11-24T14:15:00Z".parse().unwrap()),
        overlap_seconds: Some(900),
        database: Some(json!({"path": "/x.sqlite3"})),
        ..record()
    };
    let canned = Canned::replies([page(&[document(&full)])]).await;
    assert_eq!(canned.server().records().await.unwrap(), [full]);
}

#[tokio::test]
async fn without_their_index_there_are_no_records() {
    let canned = Canned::replies([missing()]).await;
    assert!(canned.server().records().await.unwrap().is_empty());
}

#[tokio::test]
async fn more_records_than_a_page_are_all_read() {
    let canned = Canned::answering(|request| {
        let offset = request.json()["offset"].as_u64().unwrap();
        let documents: Vec<Value> = (offset..(offset + 1000).min(2500))
            .map(|number| {
                document(&Record {
                    id: format!("r{number:04}"),
                    ..record()
                })
            })
            .collect();
        json_answer(200, json!({"results": documents, "total": 2500}))
    })
    .await;
    assert_eq!(canned.server().records().await.unwrap().len(), 2500);
    assert_eq!(canned.requests().len(), 6, "twice, since pages may move");
}

#[tokio::test]
async fn records_of_a_newer_program_are_left_alone() {
    let newer =
        json!({"id": "x", "format": 2, "written_by": "bisan-indexer 9.0.0", "other": "things"});
    let canned = Canned::replies([page(&[document(&record()), newer])]).await;
    let error = canned.server().records().await.unwrap_err();
    assert!(
        matches!(
            error,
            MeilisearchError::Records(RecordsError::Newer { format: 2, .. })
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("bisan-indexer 9.0.0"), "{error}");
}

#[tokio::test]
async fn a_record_that_makes_no_sense_is_named() {
    let canned = Canned::replies([page(&[json!({"id": "broken", "format": 1})])]).await;
    let error = canned.server().records().await.unwrap_err();
    assert!(error.to_string().contains("`broken`"), "{error}");
}

#[tokio::test]
async fn all_records_go_in_one_task_and_keep_what_is_not_ours() {
    let mut kept = record();
    kept.more.insert("added_in_1_1".into(), json!(true));
    kept.written_by = "bisan-indexer 0.0.1".into();
    let canned = Canned::replies([index(json!("id")), taken(7)]).await;
    assert_eq!(
        canned
            .server()
            .write_records(&[kept, record()])
            .await
            .unwrap(),
        7
    );
    let requests = canned.requests();
    assert_eq!(
        requests[1].path,
        format!("/indexes/{RECORDS_UID}/documents")
    );
    let lines: Vec<Value> = requests[1]
        .body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["added_in_1_1"], true);
    assert_eq!(lines[0]["written_by"], WRITTEN_BY);
}

#[tokio::test]
async fn the_index_of_records_may_be_made_by_two_at_once() {
    let task = json!({"uid": 1, "status": "failed", "type": "indexCreation",
        "error": {"code": "index_already_exists", "message": "m", "type": "invalid_request"}});
    let canned = Canned::replies([
        missing(),
        taken(1),
        json_answer(200, json!({"results": [task], "total": 1})),
        index(json!("id")),
        taken(2),
    ])
    .await;
    assert_eq!(canned.server().write_records(&[record()]).await.unwrap(), 2);
    assert_eq!(
        canned.requests()[1].json(),
        json!({"uid": RECORDS_UID, "primaryKey": "id"})
    );
}

#[tokio::test]
async fn an_index_of_that_name_with_another_key_is_not_written_to() {
    let canned = Canned::replies([index(json!("slug"))]).await;
    let error = canned
        .server()
        .write_records(&[record()])
        .await
        .unwrap_err();
    assert!(
        matches!(error, MeilisearchError::PrimaryKey { .. }),
        "{error:?}"
    );
    assert_eq!(canned.requests().len(), 1);
}

#[test]
fn an_index_that_was_there_before_gets_a_record_of_its_own() {
    let live = IndexInfo {
        uid: "Article".into(),
        created_at: "2026-11-24T14:30:01.123456789Z".into(),
        updated_at: "x".into(),
        primary_key: Some("id".into()),
    };
    let now = "2026-11-25T00:00:00Z".parse().unwrap();
    let adopted = Record::adopt(&live, "here", now);
    assert_eq!(adopted.id, "Article-20261124T143001123456789Z");
    assert!(adopted.is_about(&live) && adopted.complete && adopted.adopted);
    assert_eq!(document(&adopted)["adopted"], true);
    let placeholder = Record::placeholder(&live, "here", now);
    assert!(placeholder.placeholder && !placeholder.complete);
    assert!(document(&record()).get("adopted").is_none());
}

/// Two writers, each with what is his, in whatever order: nothing of the one is undone by the other.
#[tokio::test]
async fn a_part_names_what_its_writer_owns_and_nothing_else() {
    let mut old = record();
    old.was_live = true;
    old.fingerprint = "former".into();
    let change = Change::Followed {
        checkpoint: "2026-11-24T14:15:00Z".parse().unwrap(),
        overlap_seconds: Some(900),
        documents: 12,
        newest_change: None,
        log: None,
    };
    let canned = Canned::replies([index(json!("id")), taken(7)]).await;
    let note = RecordWrite::Part(&old, change);
    canned.server().write_into_records(&[note]).await.unwrap();
    let request = &canned.requests()[1];
    assert_eq!(request.method, "PUT");
    let part = request.json();
    let mut keys: Vec<&str> = part
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    let expected = [
        "begun_at",
        "build_uid",
        "checkpoint",
        "created_at",
        "documents",
        "format",
        "host",
        "id",
        "live_uid",
        "log",
        "newest_change",
        "overlap_seconds",
        "written_by",
    ];
    assert_eq!(keys, expected);
    assert_eq!(
        part["newest_change"],
        Value::Null,
        "a field that goes is said to"
    );
    // Where another run has forgotten the record meanwhile, this is all that there is of it.
    let alone: Record = serde_json::from_value(part).unwrap();
    assert!(!alone.complete && alone.fingerprint.is_empty());
    assert!(!alone.is_still(&old));
}
