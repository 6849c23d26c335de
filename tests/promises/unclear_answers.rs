//! An answer that cannot be understood is neither yes nor no. A proxy's page with status 200, JSON of another form, a refusal
//! that is not Meilisearch's: the server may have done what was asked. Whoever takes that for a no deletes what it swapped out.

use serde_json::json;

use crate::support::{Fault, Scene, ServerOptions, eventually};

fn unclear() -> [Fault; 4] {
    [
        Fault::page_after_delivery(200),
        Fault::json_after_delivery(202, &json!({"status": "queued", "task": "somewhere"})),
        Fault::page_after_delivery(403),
        Fault::page_after_delivery(302),
    ]
}

/// `createdAt` of what is live, and of the former generation.
async fn generations(scene: &Scene) -> (String, Vec<String>) {
    let live = scene.live().await;
    let live = live.created_at(&scene.uid("articles")).to_owned();
    let mut former = Vec::new();
    for uid in scene.generations("articles").await {
        let index = scene.api.index(&uid).await.unwrap();
        former.push(index["createdAt"].as_str().unwrap().to_owned());
    }
    (live, former)
}

#[tokio::test]
async fn a_swap_that_was_made_is_found_to_be_whatever_was_answered() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    for (n, fault) in unclear().into_iter().enumerate() {
        let (before, _) = generations(&scene).await;
        scene.database.save_title(1, &format!("title {n}")).await;
        let proxy = scene.proxy().await;
        proxy.once("POST", "/swap-indexes", fault);
        scene.reindex_through(&proxy).run().await.expect(0);
        assert_eq!(proxy.count("POST", "/swap-indexes"), 1);
        scene.expect_in_step().await;
        assert_eq!(generations(&scene).await.1, [before]);
        scene.expect_nothing_left_over(1, &[]).await;
        let back = scene
            .command("rollback")
            .args(["--yes"])
            .env("MEILISEARCH_HOST", proxy.url());
        proxy.once("POST", "/swap-indexes", unclear()[n].clone());
        let (live, former) = generations(&scene).await;
        back.run().await.expect(0);
        assert_eq!(generations(&scene).await, (former[0].clone(), vec![live]));
    }
}

/// The swap waits behind somebody else's work while nobody knows of it: a deletion that is sent now would come after it.
#[tokio::test]
async fn a_swap_that_still_waits_costs_no_generation() {
    let Some(mut scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.define_titles();
    scene.already_live().await;
    let (before, _) = generations(&scene).await;
    scene.database.save_title(1, "of the second").await;
    let proxy = scene.proxy().await;
    let swap = proxy.hold_then_page("POST", "/swap-indexes", 200);
    let running = scene.reindex_through(&proxy).start();
    swap.reached("the swap").await;
    let busy = scene.busy().await;
    swap.release();
    proxy.waits_for_tasks().await;
    assert_eq!(generations(&scene).await.0, before, "the swap waits");
    busy.over().await;
    running.ended().await.expect(0);
    scene.expect_in_step().await;
    assert_eq!(generations(&scene).await.1, [before]);
}

#[tokio::test]
async fn a_swap_that_was_not_made_is_told_and_its_build_waits_for_the_next_run() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let before = scene.already_live().await;
    scene.database.save_title(1, "another").await;
    let proxy = scene.proxy().await;
    proxy.once(
        "POST",
        "/swap-indexes",
        Fault::page(200, "<title>One moment</title>"),
    );
    scene.reindex_through(&proxy).run().await.expect(1).says([
        "cannot be understood",
        "One moment",
        "the live indexes are as they were",
    ]);
    assert_eq!(scene.live().await, before);
    // It may still be on its way: what it names is left alone until then.
    assert_eq!(scene.generations("articles").await.len(), 1);
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(1, &[]).await;
}

/// The same of every other request that changes something: none comes to more when it is made twice.
#[tokio::test]
async fn every_other_change_is_asked_for_again_until_it_is_understood() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    let routes = [
        ("POST", "/indexes"),
        ("PATCH", "/indexes/*/settings"),
        ("POST", "/indexes/*articles_*/documents"),
        ("PUT", "/indexes/*/documents"),
        ("POST", "/indexes/*/documents/delete-batch"),
        ("DELETE", "/indexes/*"),
    ];
    for (n, (method, path)) in routes.into_iter().enumerate() {
        for fault in &unclear()[..2] {
            scene.database.save_title(2, &format!("title {n}")).await;
            let proxy = scene.proxy().await;
            proxy.once(method, path, fault.clone());
            let ended = scene.reindex_through(&proxy).run().await;
            assert_eq!(
                ended.status.code(),
                Some(0),
                "{method} {path}\n{}",
                ended.err
            );
            assert!(
                proxy.count(method, path) > 1,
                "{method} {path} came by once"
            );
            scene.expect_in_step().await;
            scene.expect_nothing_left_over(1, &[]).await;
        }
    }
}

/// The first run makes an empty index under the live uid, since a swap needs two.
#[tokio::test]
async fn indexes_whose_creation_was_not_understood_are_ours() {
    for fault in &unclear()[..2] {
        let mut scene = Scene::new().await;
        scene.define_titles();
        let proxy = scene.proxy().await;
        proxy.times(2, "POST", "/indexes", fault.clone());
        scene.reindex_through(&proxy).run().await.expect(0);
        scene.expect_in_step().await;
        scene.expect_nothing_left_over(0, &[]).await;
    }
}

#[tokio::test]
async fn settings_in_place_whose_answer_was_not_understood_are_ours_all_the_same() {
    let mut scene = Scene::new().await;
    let define = |scene: &mut Scene, values: u32| {
        scene.define_titles_with(|definitions| {
            let settings = json!({"searchableAttributes": ["title"], "faceting": {"maxValuesPerFacet": values}});
            definitions.settings("articles", settings)
        });
    };
    define(&mut scene, 10);
    scene.already_live().await;
    define(&mut scene, 11);
    let proxy = scene.proxy().await;
    proxy.once(
        "PATCH",
        "/indexes/*/settings",
        Fault::page_after_delivery(200),
    );
    let apply = || scene.command("apply").args(["--yes", "--output", "json"]);
    apply()
        .env("MEILISEARCH_HOST", proxy.url())
        .succeeds()
        .await;
    let report = apply().run().await.expect(0).report();
    assert_eq!(report["way"], "nothing", "{report}");
    let settings = scene.api.settings(&scene.uid("articles")).await;
    assert_eq!(settings["faceting"]["maxValuesPerFacet"], 11);
    eventually("nothing waits any more", async || {
        let waiting = scene
            .api
            .get("/tasks?statuses=enqueued,processing")
            .await
            .expect(200);
        (waiting["total"] == 0).then_some(())
    })
    .await;
}
