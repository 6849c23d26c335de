//! A Meilisearch that leads a network passes on what it is asked: a swap is a task on each server, and one that failed elsewhere
//! stands only in the leader's task. Nothing is swapped there, and what lacks others' parts is no answer.

use serde_json::json;

use crate::support::{Fault, Scene};

fn led() -> Fault {
    let network = json!({"self": "one", "leader": "one", "shards": {}, "remotes": {"two": {"url": "http://two:7700"}}});
    Fault::json(200, &network)
}

#[tokio::test]
async fn nothing_is_swapped_on_a_server_that_leads_others() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.reindex().run().await.expect(0);
    scene.database.save_title(1, "another").await;
    let before = scene.live().await;
    let proxy = scene.proxy().await;
    proxy.always("GET", "/network", led());
    let programs = [
        scene.reindex_for_people_through(&proxy),
        scene.reindex_for_people_through(&proxy).arg("--dry-run"),
        scene
            .command("rollback")
            .arg("--yes")
            .env("MEILISEARCH_HOST", proxy.url()),
    ];
    for program in programs {
        program
            .run()
            .await
            .expect(3)
            .says(["leads a network", "`one`", "one task on each"]);
    }
    let changing = proxy
        .seen()
        .into_iter()
        .filter(|seen| seen.method != "GET" && !seen.is_probe && !seen.path.ends_with("/fetch"));
    assert_eq!(changing.count(), 0, "nothing was begun");
    assert_eq!(scene.live().await, before);
}

#[tokio::test]
async fn a_list_that_lacks_what_others_hold_is_no_list() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let before = scene.already_live().await;
    let proxy = scene.proxy().await;
    let page = json!({"results": [], "offset": 0, "limit": 1000, "total": 0,
        "remoteErrors": {"two": {"message": "could not be reached", "code": "remote_could_not_send_request", "type": "system", "link": ""}}});
    let path = format!("/indexes/{}/documents/fetch", scene.uid("articles"));
    proxy.always("POST", &path, Fault::json(200, &page));
    scene
        .command("sync")
        .args(["--compare", "all", "--max-loss", "100%"])
        .env("MEILISEARCH_HOST", proxy.url())
        .run()
        .await
        .expect(1)
        .says(["`two`", "could not be reached"]);
    assert_eq!(scene.live().await, before);
}
