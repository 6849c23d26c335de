//! The tools of these tests, before anything is concluded from them.

use serde_json::json;

use crate::support::searcher::Glimpse;
use crate::support::{Api, Database, Fault, FaultProxy, Scene, Searcher, ServerOptions, StandIn};
use bisan_indexer::sample::Sample;

async fn proxy_and_server() -> (FaultProxy, StandIn, Api) {
    let server = StandIn::start().await;
    let proxy = FaultProxy::before(&server.url).await;
    let api = Api::new(&proxy.url(), None);
    api.succeed("POST", "/indexes", Some(json!({"uid": "articles"})))
        .await;
    (proxy, server, api)
}

async fn upload(api: &Api) -> Result<u16, String> {
    let body = "{\"id\": 1}\n{\"id\": 2}\n".repeat(1000);
    let sent = api
        .try_ask(
            "POST",
            "/indexes/articles/documents",
            Some(("application/x-ndjson", body)),
        )
        .await;
    sent.map(|answer| answer.status)
}

#[tokio::test]
async fn the_proxy_passes_everything_where_no_fault_is_asked_for() {
    let (proxy, server, api) = proxy_and_server().await;
    assert_eq!(upload(&api).await, Ok(202));
    assert_eq!(server.received("articles").0, 2);
    assert_eq!(proxy.count("POST", "/indexes/*/documents"), 1);
    assert_eq!(proxy.count("POST", "/indexes*"), 2);
    let last = proxy.seen().pop().unwrap();
    assert_eq!((last.body_bytes, last.status), (20_000, Some(202)));
}

#[tokio::test]
async fn a_cut_before_and_a_cut_in_the_body_deliver_nothing_whole() {
    for fault in [Fault::CutBefore, Fault::CutInBody] {
        let (proxy, server, api) = proxy_and_server().await;
        proxy.at(1, fault);
        upload(&api).await.unwrap_err();
        assert_eq!(server.received("articles").0, 0);
        assert_eq!(upload(&api).await, Ok(202));
    }
}

#[tokio::test]
async fn a_lost_answer_is_lost_after_the_work_was_done() {
    let (proxy, server, api) = proxy_and_server().await;
    proxy.once("POST", "/indexes/*/documents", Fault::LoseAnswer);
    upload(&api).await.unwrap_err();
    assert_eq!(server.received("articles").0, 2);
    proxy.once(
        "POST",
        "/indexes/*/documents",
        Fault::gateway_timeout_after_delivery(),
    );
    assert_eq!(upload(&api).await, Ok(504));
    assert_eq!(upload(&api).await, Ok(202));
}

#[tokio::test]
async fn answers_in_the_servers_place_reach_only_the_client() {
    let (proxy, server, api) = proxy_and_server().await;
    proxy.times(2, "POST", "/indexes/*/documents", Fault::bad_gateway());
    assert_eq!(upload(&api).await, Ok(502));
    assert_eq!(upload(&api).await, Ok(502));
    assert_eq!(server.received("articles").0, 0);
    assert_eq!(upload(&api).await, Ok(202));
    proxy.limit_bodies(1000);
    assert_eq!(upload(&api).await, Ok(413));
    proxy.heal();
    assert_eq!(upload(&api).await, Ok(202));
}

#[tokio::test]
async fn a_held_request_waits_for_the_test() {
    let (proxy, server, api) = proxy_and_server().await;
    let hold = proxy.hold("POST", "/indexes/*/documents");
    let sending = tokio::spawn(async move { upload(&api).await });
    hold.reached("the upload").await;
    assert_eq!(server.received("articles").0, 0);
    hold.release();
    assert_eq!(sending.await.unwrap(), Ok(202));
}

#[tokio::test]
async fn a_proxy_under_a_sub_path_passes_nothing_else() {
    let server = StandIn::start().await;
    let proxy = FaultProxy::under("/search", &server.url).await;
    assert!(Api::new(&proxy.url(), None).is_up().await);
    assert!(
        !Api::new(proxy.url().trim_end_matches("/search"), None)
            .is_up()
            .await
    );
}

#[tokio::test]
async fn writers_leave_the_timestamps_that_bisans_writers_leave() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Sample {
        articles: 3,
        authors: 2,
        mean_words: 25,
    };
    let database = Database::bisan(&folder.path().join("db.sqlite3"), sample).await;
    database.save_title(2, "عنوان").await;
    assert_eq!(database.import(3, "مستورد").await, ["4", "5", "6"]);
    let lengths = database
        .column("SELECT CAST(LENGTH(updated_at) AS TEXT) FROM articles ORDER BY id")
        .await;
    assert_eq!(lengths, ["26", "26", "26", "23", "23", "23"]);
}

#[tokio::test]
async fn a_server_of_ones_own_comes_back_with_what_it_held() {
    for like_1_5 in [false, true] {
        let Some(mut scene) = Scene::on_own_server(ServerOptions {
            like_1_5,
            ..ServerOptions::default()
        })
        .await
        else {
            return;
        };
        scene
            .api
            .fill("articles", json!([{"id": 1, "title": "kept"}]))
            .await;
        scene.server.kill().await;
        assert!(!scene.api.is_up().await);
        scene.server.start_again().await;
        assert_eq!(
            scene.api.document("articles", "1").await.unwrap()["title"],
            "kept"
        );
    }
}

#[tokio::test]
async fn the_searcher_tells_generations_emptiness_and_errors_apart() {
    let scene = Scene::new().await;
    let uid = scene.uid("articles");
    scene
        .api
        .fill(
            &uid,
            json!([{"id": 1, "title": "old 1"}, {"id": 2, "title": "old 2"}]),
        )
        .await;
    let one_round = async |uid: &str| {
        let searcher = Searcher::ask(scene.api.clone(), vec![(uid.to_owned(), "title")]);
        searcher.stop().await.pop().unwrap().pop().unwrap()
    };
    let sizes = [("old", 2), ("new", 1)];
    assert_eq!(one_round(&uid).await.whole(&sizes), Some("old"));
    // A part of one is not a whole one.
    assert_eq!(one_round(&uid).await.whole(&[("old", 3)]), None);
    scene
        .api
        .succeed(
            "POST",
            &format!("/indexes/{uid}/documents"),
            Some(json!([{"id": 2, "title": "new 2"}])),
        )
        .await;
    assert_eq!(
        one_round(&uid).await,
        Glimpse::Hits(vec!["old".to_owned(), "new".to_owned()])
    );
    assert_eq!(one_round(&uid).await.whole(&sizes), None);
    scene
        .api
        .succeed("DELETE", &format!("/indexes/{uid}/documents"), None)
        .await;
    assert_eq!(one_round(&uid).await, Glimpse::Empty);
    assert!(matches!(
        one_round("no-such-index").await,
        Glimpse::Error(_)
    ));
}
