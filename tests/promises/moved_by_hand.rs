//! People swap and rename indexes by hand. What lies under a live uid is then not what was built for it, and is told so; and
//! what the next run puts aside is pruned like any former generation, wherever it lies.

use serde_json::json;

use crate::support::Scene;

async fn swap_by_hand(scene: &Scene) {
    let pair = json!([{"indexes": [scene.uid("articles"), scene.uid("authors")]}]);
    scene.api.succeed("POST", "/swap-indexes", Some(pair)).await;
}

#[tokio::test]
async fn two_live_indexes_that_were_swapped_are_told_apart() {
    let scene = Scene::new().await;
    let before = scene.already_live().await;
    swap_by_hand(&scene).await;
    let swapped = scene.live().await;
    let (articles, authors) = (scene.uid("articles"), scene.uid("authors"));

    let told = [
        format!("{articles}: what lies there was built for `{authors}`"),
        format!("{authors}: what lies there was built for `{articles}`"),
    ];
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    let ended = scene.command("sync").run().await.expect(3);
    ended
        .says(told.clone())
        .says_nothing_of("the definition has changed");
    let ended = scene.command("status").run().await.expect(0);
    assert!(
        ended
            .out_on_one_line()
            .contains(&format!("built for {authors}")),
        "{}",
        ended.out
    );
    ended.says(told).says_nothing_of("by another program");
    let doctor = scene.command("doctor").run().await;
    assert!(
        doctor
            .out_on_one_line()
            .contains("swapped or renamed by hand"),
        "{}\n{}",
        doctor.out,
        doctor.err
    );
    assert_eq!(scene.live().await, swapped, "looking changes nothing");

    // Swapped back, all is as it was.
    swap_by_hand(&scene).await;
    assert_eq!(scene.live().await, before);
    scene.command("sync").run().await.expect(0);
}

#[tokio::test]
async fn what_was_put_aside_belongs_to_what_it_was_built_for() {
    for retain in [0, 1] {
        let scene = Scene::new().await;
        let first = scene.already_live().await;
        swap_by_hand(&scene).await;
        let apply = |retain: usize| {
            let retain = retain.to_string();
            scene
                .command("apply")
                .args(["--yes", "--output", "json", "--retain", &retain])
        };
        let report = apply(retain).run().await.expect(0).report();
        assert_eq!(report["way"], "reindex", "{report}");
        assert!(report.to_string().contains("was built for"), "{report}");
        scene.expect_in_step().await;
        if retain == 1 {
            // It goes back to where it belongs, under whichever uid it lies.
            scene.command("rollback").arg("--yes").run().await.expect(0);
            assert_eq!(scene.live().await, first);
        }
        scene.reindex().args(["--retain", "0"]).succeeds().await;
        scene.expect_in_step().await;
        scene.expect_nothing_left_over(0, &[]).await;
        let report = scene
            .command("status")
            .args(["--output", "json"])
            .reports()
            .await;
        for index in report["indexes"].as_array().unwrap() {
            assert_eq!(index["foreign"], json!([]), "{report}");
        }
    }
}

#[tokio::test]
async fn one_that_was_renamed_is_told_with_its_new_name_and_left_alone() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let before = scene.already_live().await;
    let articles = scene.uid("articles");
    let kept = format!("{articles}_kept");
    // As a person does it on any version: an empty index of the new name, a swap, and the empty one is deleted.
    scene.api.fill(&kept, json!([])).await;
    let pair = json!([{"indexes": [articles, kept]}]);
    scene.api.succeed("POST", "/swap-indexes", Some(pair)).await;
    scene.api.delete_index(&articles).await;
    scene
        .command("sync")
        .run()
        .await
        .expect(3)
        .says([kept.as_str(), "renamed or swapped by hand"]);
    let clean = scene.command("clean").arg("--yes").run().await.expect(0);
    assert!(
        clean.out.contains(&kept) && clean.out.contains("brought here by hand"),
        "{}",
        clean.out
    );
    scene.reindex().args(["--retain", "0"]).succeeds().await;
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(0, &[&kept]).await;
    let index = scene.api.index(&kept).await.unwrap();
    assert_eq!(index["createdAt"], before.created_at(&articles));
}
