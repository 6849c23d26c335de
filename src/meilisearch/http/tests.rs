use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::StreamExt;
use serde_json::json;

use super::*;
use crate::meilisearch::Server;
use crate::meilisearch::testing::{Canned, QUICK, Reply, complaint, html, json_answer, taken};
use crate::testing::assert_form;

fn answer_with(status: u16, header: (&'static str, &str), body: &str) -> Reply {
    Reply::Answer {
        status,
        headers: vec![(header.0, header.1.to_owned())],
        body: body.to_owned(),
    }
}

async fn upload(canned: &Canned) -> Result<TaskUid, MeilisearchError> {
    let body = NdjsonBody::from_bytes("{}\n");
    canned.server().upload("a", body).await
}

/// The error of an upload that is answered so, which is not sent again.
async fn upload_refused(reply: Reply) -> MeilisearchError {
    let canned = Canned::replies([reply]).await;
    let error = upload(&canned).await.unwrap_err();
    assert_eq!(canned.requests().len(), 1, "{error:?}");
    error
}

/// The error of a read that is answered so.
async fn read_refused(reply: Reply) -> MeilisearchError {
    let canned = Canned::replies([reply]).await;
    canned.server().stats().await.unwrap_err()
}

#[track_caller]
fn says(error: &MeilisearchError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text}");
    }
}

#[tokio::test]
async fn a_page_of_html_from_a_proxy_is_waited_out() {
    let canned = Canned::replies([
        html(502),
        html(504),
        json_answer(200, json!({"status": "available"})),
    ])
    .await;
    canned.server().health().await.unwrap();
    assert_eq!(canned.requests().len(), 3);
}

#[tokio::test]
async fn a_page_of_html_that_stays_is_shown_in_a_few_words() {
    let canned = Canned::replies([html(502)]).await;
    let error = canned.server().stats().await.unwrap_err();
    assert_form!(error, MeilisearchError::Server { status: 502, .. });
    let text = error.to_string();
    assert!(
        text.starts_with("GET /stats: the server failed with 502: 502 Said by nginx."),
        "{text}"
    );
    assert!(text.chars().count() < 400, "{text}");
    assert!(canned.requests().len() > 5);
}

/// The key is where a message is cut, so half of it would be left if it were taken out afterwards.
#[tokio::test]
async fn a_page_that_repeats_the_key_is_shown_without_it() {
    for status in [200, 403, 404] {
        let page = Reply::Answer {
            status,
            headers: vec![("content-type", "text/html".into())],
            body: format!("<html>{} Bearer a-key-of-ours</html>", "x ".repeat(92)),
        };
        let canned = Canned::replies([page]).await;
        let server = canned.server_with_key(Some("a-key-of-ours"));
        let error = server.stats().await.unwrap_err().to_string();
        assert!(
            error.contains("Bearer") && !error.contains("a-key"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn html_where_json_is_expected_is_another_address() {
    let error = read_refused(html(200)).await;
    let is_foreign = matches!(error, MeilisearchError::NotMeilisearch { status: 200, .. });
    assert!(is_foreign, "{error:?}");
    assert_eq!(error.retryable(), Retryable::Never);
}

#[tokio::test]
async fn a_wrong_key_fails_at_once_and_never_shows() {
    let canned = Canned::replies([complaint(
        403,
        "invalid_api_key",
        "The provided API key is invalid.",
    )])
    .await;
    let error = canned
        .server_with_key(Some("'s3cret'"))
        .stats()
        .await
        .unwrap_err();
    assert!(error.is_forbidden());
    assert_eq!(canned.requests().len(), 1);
    assert!(
        canned.requests()[0]
            .head
            .contains("authorization: bearer 's3cret'")
    );
    let (text, debug) = (error.to_string(), format!("{error:?}"));
    assert!(
        text.contains("quote") && !text.contains("s3cret") && !debug.contains("s3cret"),
        "{text} {debug}"
    );
    assert!(!format!("{:?}", canned.server_with_key(Some("s3cret"))).contains("s3cret"));
}

#[tokio::test]
async fn a_wall_before_the_server_is_not_taken_for_a_wrong_key() {
    let canned = Canned::replies([html(403)]).await;
    let error = canned.server_with_key(Some("k")).stats().await.unwrap_err();
    says(&error, &["no answer of Meilisearch (403"]);
    assert_eq!(canned.server().version().await.unwrap(), None);
}

#[tokio::test]
async fn a_key_that_is_missing_is_asked_for() {
    let missing = complaint(401, "missing_authorization_header", "It is missing.");
    says(&read_refused(missing).await, &["No key was sent"]);
}

#[tokio::test]
async fn too_large_says_who_refused() {
    let cut = |content_type| Reply::Cut {
        status: 413,
        content_type,
    };
    for (reply, proxy) in [
        (html(413), true),
        (complaint(413, "payload_too_large", "Too large."), false),
        // Its words are lost, and the content type tells.
        (cut("text/html"), true),
        (cut("application/json"), false),
    ] {
        let error = upload_refused(reply).await;
        assert_form!(error, MeilisearchError::TooLarge { by_proxy, bytes: 3, .. } if by_proxy == proxy);
        let limit = match proxy {
            true => "client_max_body_size",
            false => "--http-payload-size-limit",
        };
        says(&error, &[limit]);
    }
}

#[tokio::test]
async fn a_wrong_key_is_known_even_when_the_servers_words_are_lost() {
    let error = upload_refused(Reply::Cut {
        status: 403,
        content_type: "application/json",
    })
    .await;
    let is_known = matches!(error, MeilisearchError::WrongKey { status: 403, .. });
    assert!(is_known, "{error:?}");
}

#[tokio::test]
async fn a_proxy_that_refuses_before_it_has_read_the_body_is_understood() {
    let canned = Canned::answering(|_| Reply::AtOnce {
        status: 413,
        body: "<html>413</html>".into(),
    })
    .await;
    let server = canned.server_at("/at-once/");
    let megabytes = NdjsonBody::from_bytes(vec![b'x'; 8_000_000]);
    let error = server.upload("a", megabytes).await.unwrap_err();
    // Where the connection is reset before the answer could be read, nobody can know more.
    assert_form!(
        error,
        MeilisearchError::TooLarge { by_proxy: true, .. } | MeilisearchError::Interrupted { .. }
    );
}

#[tokio::test]
async fn a_busy_server_is_left_alone_for_as_long_as_it_asks() {
    let canned = Canned::replies([
        answer_with(429, ("retry-after", "0"), "slow down"),
        answer_with(
            503,
            ("retry-after", "0"),
            &json!({"message": "Too many.", "code": "too_many_search_requests", "type": "system"})
                .to_string(),
        ),
        taken(3),
    ])
    .await;
    assert_eq!(upload(&canned).await.unwrap(), 3);

    // A pause beyond the end of patience is not begun.
    let error = upload_refused(answer_with(429, ("retry-after", "7200"), "slow down")).await;
    let asks_for_a_pause = matches!(
        error,
        MeilisearchError::Busy {
            status: 429,
            retry_after: Some(_),
            ..
        }
    );
    assert!(asks_for_a_pause, "{error:?}");
}

#[tokio::test]
async fn a_refused_connection_is_told_with_the_address() {
    let address = Canned::replies([html(200)]).await.address();
    let server = Server::with_retry_policy(address.clone(), None, QUICK).unwrap();
    let error = loop {
        // The port is free once the canned server's task has been dropped.
        match server.health().await.unwrap_err() {
            MeilisearchError::NotMeilisearch { .. } => tokio::task::yield_now().await,
            error => break error,
        }
    };
    assert_form!(error, MeilisearchError::Unreachable { .. });
    says(&error, &[address.as_str(), "refused"]);
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_sent_again_whole() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = opened.clone();
    let body = NdjsonBody::new(6, move || {
        count.fetch_add(1, Ordering::SeqCst);
        futures::stream::iter([
            Ok(Bytes::from_static(b"{}\n")),
            Ok(Bytes::from_static(b"{}\n")),
        ])
        .boxed()
    });
    let canned = Canned::replies([Reply::Nothing, Reply::HalfABody, taken(9)]).await;
    assert_eq!(canned.server().upload("a", body).await.unwrap(), 9);
    assert_eq!(opened.load(Ordering::SeqCst), 3);
    for request in canned.requests() {
        assert_eq!(request.body, b"{}\n{}\n");
        assert_eq!(request.path, "/indexes/a/documents");
        let head = request.head;
        for line in [
            "content-length: 6\r\n",
            "content-type: application/x-ndjson\r\n",
        ] {
            assert!(head.contains(line), "{head}");
        }
        assert!(!head.contains("transfer-encoding"), "{head}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_no_fault_of_the_server() {
    let body = NdjsonBody::new(100, || {
        futures::stream::iter([
            Ok(Bytes::from_static(b"{}\n")),
            Err(io::Error::other("disk gone")),
        ])
        .boxed()
    });
    let canned = Canned::replies([taken(9)]).await;
    let error = canned.server().upload("a", body).await.unwrap_err();
    assert_form!(error, MeilisearchError::Body { .. });
    says(&error, &["disk gone"]);
}

#[tokio::test]
async fn an_answer_cut_in_its_body_is_asked_for_again() {
    let canned = Canned::replies([
        Reply::HalfABody,
        json_answer(200, json!({"databaseSize": 5})),
    ])
    .await;
    assert_eq!(canned.server().stats().await.unwrap().database_size, 5);
}

#[tokio::test]
async fn a_write_that_is_sent_on_is_an_error_and_not_a_read() {
    let canned = Canned::replies([answer_with(
        301,
        ("location", "https://example.org/indexes"),
        "",
    )])
    .await;
    let error = canned.server().create_index("a").await.unwrap_err();
    assert_form!(error, MeilisearchError::Redirected { status: 301, .. });
    says(&error, &["https://example.org/indexes"]);
    assert_eq!(canned.requests().len(), 1);
}

#[tokio::test]
async fn errors_that_say_what_to_do_at_the_server() {
    for (reply, word) in [
        (
            complaint(422, "no_space_left_on_device", "No space left."),
            "DELETE /tasks",
        ),
        (complaint(400, "not_leader", "Not the leader."), "leader"),
        (
            complaint(404, "index_not_found", "Index `a` not found."),
            "the key may not see it",
        ),
        (
            complaint(400, "bad_request", &"ب".repeat(9000)),
            "bad_request",
        ),
    ] {
        let error = upload_refused(reply).await;
        says(&error, &[word]);
        assert!(error.to_string().chars().count() < 700, "{error}");
    }
}

#[tokio::test]
async fn a_swap_whose_answer_is_lost_is_not_sent_again() {
    let canned = Canned::replies([Reply::Nothing, taken(9)]).await;
    let error = canned.server().swap(&[]).await.unwrap_err();
    assert_form!(error, MeilisearchError::Interrupted { .. });
    assert_eq!(canned.requests().len(), 1);

    let canned = Canned::replies([html(502), taken(9)]).await;
    assert!(canned.server().swap(&[]).await.is_err());
    assert_eq!(canned.requests().len(), 1);
}

#[tokio::test]
async fn a_swap_that_was_turned_away_is_sent_again() {
    let canned = Canned::replies([answer_with(429, ("x", "y"), ""), taken(9)]).await;
    assert_eq!(canned.server().swap(&[]).await.unwrap(), 9);
}

#[tokio::test]
async fn all_indexes_are_found_however_small_the_pages() {
    let canned = Canned::answering(|request| {
        let offset: usize = request.path.split("offset=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
        let results: Vec<_> = (offset..45.min(offset + 20))
            .map(|n| json!({"uid": format!("i{n:02}"), "createdAt": "x", "updatedAt": "y", "primaryKey": null}))
            .collect();
        json_answer(200, json!({"results": results, "offset": offset, "limit": 20, "total": 45}))
    })
    .await;
    assert_eq!(canned.server().indexes().await.unwrap().len(), 45);
}

/// A page of a proxy, JSON of another form: the server may have taken it.
#[tokio::test]
async fn an_answer_that_names_no_task_is_neither_yes_nor_no() {
    let unclear = || [html(200), json_answer(202, json!({"status": "ok"}))];
    for reply in unclear() {
        let canned = Canned::replies([reply]).await;
        let error = canned.server().swap(&[]).await.unwrap_err();
        assert!(error.is_ambiguous(), "{error:?}");
        assert_eq!(canned.requests().len(), 1, "a second swap undoes the first");
    }
    // A request that has the same effect when it is made twice is repeated.
    let canned = Canned::replies(unclear().into_iter().chain([taken(7)])).await;
    assert_eq!(upload(&canned).await.unwrap(), 7);
    let canned = Canned::replies(unclear().into_iter().chain([taken(8)])).await;
    let settings = serde_json::Map::new();
    assert_eq!(
        canned.server().put_settings("a", &settings).await.unwrap(),
        8
    );
}

#[tokio::test]
async fn of_an_answer_nothing_is_wanted_but_the_task() {
    for answer in [
        json!({"taskUid": 3}),
        json!({"taskUid": "3", "enqueuedAt": 0, "type": {"of": "the future"}}),
    ] {
        let canned = Canned::replies([json_answer(202, answer)]).await;
        assert_eq!(canned.server().swap(&[]).await.unwrap(), 3);
    }
}

/// A slow line: the first attempt alone takes longer than attempts go on being made.
#[tokio::test]
async fn an_attempt_that_took_long_is_made_again() {
    const TOTAL: std::time::Duration = std::time::Duration::from_millis(5);
    let mut first = true;
    let canned = Canned::answering(move |_| {
        if std::mem::take(&mut first) {
            std::thread::sleep(TOTAL * 2);
            return Reply::Nothing;
        }
        taken(7)
    })
    .await;
    let policy = crate::retry::RetryPolicy {
        total: TOTAL,
        at_least: 0,
        first: std::time::Duration::from_micros(1),
        longest: std::time::Duration::from_micros(1),
    };
    let server = Server::with_retry_policy(canned.address(), None, policy).unwrap();
    let body = NdjsonBody::from_bytes("{}\n");
    assert_eq!(server.upload("a", body).await.unwrap(), 7);
}
