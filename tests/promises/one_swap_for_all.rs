//! articles and authors change at the same instant, or neither does: whatever was there before.

use serde_json::json;

use crate::searches_never_fail::{mark, searcher};
use crate::support::{Scene, ServerOptions};

#[tokio::test]
async fn articles_and_authors_change_at_the_same_instant() {
    let scene = Scene::new().await;
    mark(&scene, "old").await;
    scene.already_live().await;
    scene.database.import(2, "another").await;
    scene
        .database
        .execute("INSERT INTO authors (name, created_at, updated_at) VALUES ('another', '2026-01-01', '2026-01-01')")
        .await;
    mark(&scene, "new").await;
    let articles = [("old", 12), ("new", 14)];
    let authors = [("old", 4), ("new", 5)];

    let proxy = scene.proxy().await;
    let (one, other) = (
        searcher(&scene, ["articles", "authors"]),
        searcher(&scene, ["authors", "articles"]),
    );
    scene.reindex_through(&proxy).run().await.expect(0);
    assert_eq!(proxy.count("POST", "/swap-indexes"), 1);

    // Who has seen the new generation of the one and asks the other next, sees the new one there too.
    for (rounds, [first, next]) in [
        (one.stop().await, [articles, authors]),
        (other.stop().await, [authors, articles]),
    ] {
        let mut seen = Vec::new();
        for round in &rounds {
            let generations = (round[0].whole(&first), round[1].whole(&next));
            let (Some(asked), Some(then)) = generations else {
                panic!("no whole generation: {round:?}");
            };
            assert!(asked == "old" || then == "new", "{round:?}");
            seen.push(then);
        }
        seen.dedup();
        assert_eq!(seen, ["old", "new"]);
    }
    scene.expect_nothing_left_over(1, &[]).await;
}

#[tokio::test]
async fn a_failure_of_one_leaves_both_as_they_were() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions
            .index("articles", "SELECT id, title FROM articles")
            .index(
                "authors",
                "SELECT CASE id WHEN 30 THEN 'not an id' ELSE id END AS id, name FROM authors",
            )
    });
    let before = scene.already_live().await;
    let authors: Vec<String> = (5..=40)
        .map(|id| format!("({id}, 'author {id}', '2026-01-01', '2026-01-01')"))
        .collect();
    scene
        .database
        .execute(&format!(
            "INSERT INTO authors (id, name, created_at, updated_at) VALUES {}",
            authors.join(",")
        ))
        .await;
    scene.database.save_title(3, "changed").await;

    scene
        .reindex()
        .run()
        .await
        .expect(1)
        .says(["authors", "not an id"]);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

#[tokio::test]
async fn a_first_run_on_an_empty_server_makes_both_live() {
    for like_1_5 in [false, true] {
        let scene = Scene::on(ServerOptions {
            like_1_5,
            ..ServerOptions::default()
        })
        .await;
        let report = scene.reindex().run().await.expect(0).report();
        assert_eq!(report["outcome"], "live", "{report}");
        scene.expect_in_step().await;
        scene.expect_nothing_left_over(0, &[]).await;
    }
}

#[tokio::test]
async fn a_first_run_where_one_of_the_two_exists_makes_both_live() {
    for (there, missing) in [("articles", "authors"), ("authors", "articles")] {
        let scene = Scene::new().await;
        scene.reindex().args(["--index", there]).succeeds().await;
        assert!(scene.api.index(&scene.uid(missing)).await.is_none());
        let proxy = scene.proxy().await;
        scene.reindex_through(&proxy).run().await.expect(0);
        assert_eq!(proxy.count("POST", "/swap-indexes"), 1);
        scene.expect_in_step().await;
        let retained = (
            scene.generations(there).await.len(),
            scene.generations(missing).await.len(),
        );
        assert_eq!(retained, (1, 0));
    }
}

/// Text ids, its own settings, no record of ours, and fields of its own.
#[tokio::test]
async fn an_index_that_the_rails_gem_made_is_replaced() {
    let scene = Scene::new().await;
    let article = scene.uid("articles");
    let documents = json!([
        {"id": "1", "title": "of the gem", "excerpt": "", "body": "<p>raw</p>"},
        {"id": "17", "title": "of a row that is gone", "excerpt": "", "body": null},
        {"id": "2", "title": "x", "excerpt": "", "body": null}, {"id": "3", "title": "x", "excerpt": "", "body": null},
        {"id": "4", "title": "x", "excerpt": "", "body": null}, {"id": "5", "title": "x", "excerpt": "", "body": null},
    ]);
    scene.api.fill(&article, documents).await;
    let settings = json!({"searchableAttributes": ["title", "excerpt", "body"], "pagination": {"maxTotalHits": 10000}});
    scene
        .api
        .succeed(
            "PATCH",
            &format!("/indexes/{article}/settings"),
            Some(settings),
        )
        .await;
    let of_the_gem = scene.live().await;

    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
    assert_ne!(
        scene.live().await.created_at(&article),
        of_the_gem.created_at(&article)
    );
    // What the gem had made can be rolled back to.
    let kept = scene.generations("articles").await;
    assert_eq!(kept.len(), 1);
    assert_eq!(
        scene.api.document(&kept[0], "17").await.unwrap()["title"],
        "of a row that is gone"
    );
    // And the next run deals with it as with any other former generation.
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
}

/// Whatever makes half a swap of it: both are named, and of what may be needed nothing is deleted.
#[tokio::test]
async fn a_swap_that_is_half_made_deletes_nothing() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/swap-indexes");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the swap").await;
    let (articles, authors) = (scene.uid("articles"), scene.uid("authors"));
    let build = scene.generations("articles").await.remove(0);
    // Swapped before and once more by the run: what was live of this one is live again.
    let swap = json!([{"indexes": [articles, build]}]);
    scene.api.succeed("POST", "/swap-indexes", Some(swap)).await;
    hold.release();
    let words = ["half made", articles.as_str(), authors.as_str()];
    running.ended().await.expect(1).says(words);
    for name in ["articles", "authors"] {
        assert_eq!(scene.generations(name).await.len(), 1, "{name}");
        let uid = scene.uid(name);
        assert_eq!(
            scene.api.count(&uid).await,
            scene.database.count(name).await
        );
    }
    scene.reindex().run().await.expect(0);
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(1, &[]).await;
}
