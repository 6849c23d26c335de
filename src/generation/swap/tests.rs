use serde_json::{Value, json};

use super::*;
use crate::meilisearch::testing::{Canned, Reply, complaint, json_answer, taken};

fn pairs() -> Vec<Exchange> {
    ["articles", "authors"]
        .map(|live| Exchange {
            live_uid: live.into(),
            build_uid: format!("{live}_20261124T143000Z"),
            new: "2026-11-24T14:30:00.5Z".into(),
            old: "2026-11-01T00:00:00Z".into(),
        })
        .to_vec()
}

fn index(created_at: &str) -> Reply {
    json_answer(
        200,
        json!({"uid": "x", "createdAt": created_at, "updatedAt": "x", "primaryKey": "id"}),
    )
}

async fn state(replies: [Reply; 2]) -> SwapState {
    Canned::replies(replies)
        .await
        .server()
        .swap_state(&pairs())
        .await
        .unwrap()
}

#[tokio::test]
async fn all_pairs_go_in_one_call() {
    let canned = Canned::replies([taken(5)]).await;
    assert_eq!(canned.server().swap(&pairs()).await.unwrap(), 5);
    let expected = json!([
        {"indexes": ["articles", "articles_20261124T143000Z"]}, {"indexes": ["authors", "authors_20261124T143000Z"]}
    ]);
    assert_eq!(canned.requests()[0].json(), expected);
}

#[tokio::test]
async fn what_lies_under_the_live_uids_proves_a_swap() {
    let (new, old) = ("2026-11-24T14:30:00.500Z", "2026-11-01T00:00:00Z");
    assert_eq!(state([index(new), index(new)]).await, SwapState::AllNew);
    assert_eq!(state([index(old), index(old)]).await, SwapState::AllOld);
    let mixed = SwapState::Mixed {
        new: vec!["authors".into()],
        old: vec!["articles".into()],
    };
    assert_eq!(state([index(old), index(new)]).await, mixed);
    let other = SwapState::Other {
        live_uid: "authors".into(),
        found: Some("2026-11-24T20:00:00Z".into()),
    };
    assert_eq!(
        state([index(new), index("2026-11-24T20:00:00Z")]).await,
        other
    );
    let nothing = SwapState::Other {
        live_uid: "articles".into(),
        found: None,
    };
    let missing = complaint(404, "index_not_found", "Index not found.");
    assert_eq!(state([missing, index(new)]).await, nothing);
}

fn task(uid: u64, kind: &str) -> Value {
    json!({"uid": uid, "status": "succeeded", "type": kind, "indexUid": null, "error": null})
}

#[tokio::test]
async fn a_swap_that_the_key_may_not_see_is_waited_for_behind_a_barrier() {
    let canned = Canned::replies([
        complaint(404, "task_not_found", "Task `5` not found."),
        taken(6),
        json_answer(
            200,
            json!({"results": [task(6, "documentDeletion")], "total": 1}),
        ),
    ])
    .await;
    assert!(
        canned
            .server()
            .swap_ended(Some(5), &pairs())
            .await
            .unwrap()
            .is_none()
    );
    let requests = canned.requests();
    assert_eq!(
        requests[1].path,
        "/indexes/articles_20261124T143000Z/documents/delete-batch"
    );
    assert_eq!(requests[1].json(), json!([]), "nothing is deleted");
    assert_eq!(requests[2].path, "/tasks?uids=6&limit=1");
}

#[tokio::test]
async fn a_swap_that_the_key_may_see_is_waited_for_itself() {
    let canned = Canned::replies([
        json_answer(200, task(5, "indexSwap")),
        json_answer(200, json!({"results": [task(5, "indexSwap")], "total": 1})),
    ])
    .await;
    let ended = canned.server().swap_ended(Some(5), &pairs()).await.unwrap();
    assert!(ended.unwrap().succeeded());
}
