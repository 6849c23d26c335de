use super::*;
use crate::meilisearch::testing::{Canned, complaint, json_answer, taken};
use crate::testing::assert_form;

fn ids(count: usize, width: usize) -> Vec<String> {
    (0..count).map(|id| format!("{id:0width$}")).collect()
}

#[test]
fn ids_are_sent_in_bodies_below_two_mebibytes() {
    let ids = ids(200_000, 40);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let parts: Vec<&[&str]> = chunks(&ids).collect();
    assert_eq!(parts.concat(), ids);
    assert!(parts.len() <= 6, "{}", parts.len());
    for part in parts {
        assert!(serde_json::to_vec(part).unwrap().len() < 2 * 1024 * 1024);
        assert!(part.len() <= IDS_A_DELETE);
    }
    assert_eq!(chunks(&[]).count(), 0);
}

#[tokio::test]
async fn many_ids_are_deleted_in_few_tasks() {
    let canned = Canned::replies([taken(1), taken(2), taken(3)]).await;
    let tasks = canned
        .server()
        .delete_ids("a", &ids(120_000, 6))
        .await
        .unwrap();
    assert_eq!(tasks, [1, 2, 3]);
    let requests = canned.requests();
    assert_eq!(requests[0].path, "/indexes/a/documents/delete-batch");
    assert_eq!(
        requests
            .iter()
            .map(|request| request.json().as_array().unwrap().len())
            .sum::<usize>(),
        120_000
    );
}

#[tokio::test]
async fn documents_are_counted_and_not_asked_from_a_cache() {
    let canned = Canned::replies([json_answer(200, json!({"results": [], "total": 5208}))]).await;
    assert_eq!(canned.server().count_documents("a").await.unwrap(), 5208);
    assert_eq!(canned.requests()[0].path, "/indexes/a/documents/fetch");
    assert_eq!(canned.requests()[0].json(), json!({"limit": 0}));
}

#[tokio::test]
async fn an_empty_page_before_the_end_is_no_end() {
    let canned = Canned::replies([json_answer(200, json!({"results": [], "total": 5208}))]).await;
    let error = canned
        .server()
        .document_page("a", 1000, 1000, Some(&["id"]))
        .await
        .unwrap_err();
    assert_form!(
        error,
        MeilisearchError::EmptyPage {
            offset: 1000,
            total: 5208,
            ..
        }
    );
    let page = canned
        .server()
        .document_page("a", 5208, 1000, None)
        .await
        .unwrap();
    assert!(page.results.is_empty());
    assert_eq!(
        canned.requests()[0].json(),
        json!({"offset": 1000, "limit": 1000, "fields": ["id"]})
    );
}

#[tokio::test]
async fn documents_are_asked_for_by_ids_where_the_server_can() {
    let canned = Canned::replies([json_answer(
        200,
        json!({"results": [{"id": 7}], "total": 1}),
    )])
    .await;
    let found = canned
        .server()
        .documents_by_ids("a", &["7", "8"])
        .await
        .unwrap();
    assert_eq!((found.asked, found.documents.len()), (2, 1));
    assert_eq!(
        canned.requests()[0].json(),
        json!({"ids": ["7", "8"], "limit": 2})
    );
    let nothing = canned.server().documents_by_ids("a", &[]).await.unwrap();
    assert_eq!((nothing.asked, canned.requests().len()), (0, 1));
}

#[tokio::test]
async fn an_old_server_is_asked_for_one_document_after_the_other() {
    let canned = Canned::answering(|request| match request.path.as_str() {
        "/indexes/a/documents/fetch" => complaint(
            400,
            "bad_request",
            "Unknown field `ids`: expected one of `offset`, `limit`",
        ),
        "/indexes/a/documents/7" => json_answer(200, json!({"id": 7, "title": "x"})),
        _ => complaint(404, "document_not_found", "Document not found."),
    })
    .await;
    let server = canned.server();
    for round in 0..2 {
        let found = server.documents_by_ids("a", &["7", "8"]).await.unwrap();
        assert_eq!(
            serde_json::to_value(found.documents).unwrap(),
            json!([{"id": 7, "title": "x"}])
        );
        assert_eq!(
            canned.requests().len(),
            3 + 2 * round,
            "what it can't is asked once"
        );
    }
}

/// Documents of a megabyte each, as many as are asked for.
async fn books() -> Canned {
    Canned::answering(|request| {
        let asked = request.json();
        let documents = asked["limit"].as_u64().unwrap();
        let book = json!({"id": 7, "text": "x".repeat(1_000_000)});
        let results = vec![book; documents as usize];
        json_answer(200, json!({"results": results, "total": 1_000}))
    })
    .await
}

#[tokio::test]
async fn of_a_page_of_books_no_more_is_read_than_memory_may_hold() {
    let canned = books().await;
    let page = canned.server().raw_page("a", 0, 100).await.unwrap();
    let asked: Vec<_> = canned
        .requests()
        .iter()
        .map(|one| one.json()["limit"].clone())
        .collect();
    assert_eq!(
        (page.results.len(), asked),
        (1, vec![json!(100), json!(25), json!(6), json!(1)])
    );

    // The longest ids are short enough for pages of some thousand.
    let canned = Canned::answering(|request| {
        let id = json!({"id": "x".repeat(511)});
        let ids = vec![id; request.json()["limit"].as_u64().unwrap() as usize];
        json_answer(200, json!({"results": ids, "total": 10_000}))
    })
    .await;
    let page = canned.server().ids("a", 0, 10_000).await.unwrap();
    assert_eq!(page.ids.len(), 2_500);

    let canned = books().await;
    let found = canned
        .server()
        .documents_by_ids("a", &["7"; 20])
        .await
        .unwrap();
    assert_eq!((found.asked, found.documents.len()), (1, 1));
}

#[tokio::test]
async fn a_missing_index_is_not_taken_for_missing_documents() {
    let canned = Canned::replies([complaint(404, "index_not_found", "Index `a` not found.")]).await;
    let error = canned.server().document("a", "7").await.unwrap_err();
    assert_form!(error, MeilisearchError::IndexNotFound { .. });
}

#[tokio::test]
async fn ids_are_listed_without_their_documents() {
    let canned = Canned::replies([json_answer(
        200,
        json!({"results": [{"id": -5}, {"id": "7"}, {"id": "a-b"}], "total": 3}),
    )])
    .await;
    let page = canned.server().ids("a", 0, 1000).await.unwrap();
    let ids: Vec<&str> = page.ids.iter().map(DocumentId::as_str).collect();
    assert_eq!((ids, page.total), (vec!["-5", "7", "a-b"], 3));
    assert_eq!(canned.requests()[0].json()["fields"], json!(["id"]));
}
