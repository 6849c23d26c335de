//! `clean` deletes what dead runs left behind, when told to, and nothing else.

use serde_json::{Value, json};

use crate::support::Scene;
use crate::support::leftovers::leave_a_build;

fn entry<'r>(report: &'r Value, uid: &str) -> &'r Value {
    let indexes = report["indexes"].as_array().unwrap();
    indexes
        .iter()
        .find(|entry| entry["uid"] == uid)
        .unwrap_or(&Value::Null)
}

#[tokio::test]
async fn a_leftover_is_listed_and_goes_only_when_told_to() {
    let scene = Scene::new().await;
    scene.already_live().await;
    scene.reindex().run().await.expect(0);
    let live = scene.live().await;
    let host = bisan_indexer::host::name();
    let ours = leave_a_build(&scene, "articles", &host, "2026-11-24T14:30:00Z").await;
    // Minutes ago, so that its uid is not that of a generation of this test.
    let lately = (jiff::Timestamp::now() - jiff::SignedDuration::from_mins(2))
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    let young = leave_a_build(&scene, "authors", "another-host", &lately).await;
    let archive = format!("{}_archive", scene.uid("articles"));
    let dated = format!("{}_20240101T000000Z", scene.uid("articles"));
    for foreign in [&archive, &dated] {
        scene.api.fill(foreign, json!([{"id": 1}])).await;
    }

    for listing in [
        &["--output", "json"][..],
        &["--output", "json", "--dry-run", "--yes"],
    ] {
        let report = scene
            .command("clean")
            .args(listing.iter().copied())
            .reports()
            .await;
        assert_eq!(report["outcome"], "listed");
        assert_eq!(
            (
                &entry(&report, &ours)["may_go"],
                &entry(&report, &ours)["deleted"]
            ),
            (&json!(true), &json!(false))
        );
        for stays in [&young, &archive, &dated] {
            assert_eq!(entry(&report, stays)["may_go"], false, "{report}");
        }
        assert!(scene.api.index(&ours).await.is_some());
    }
    let said = scene
        .command("clean")
        .run()
        .await
        .expect(0)
        .out_on_one_line();
    assert!(
        said.contains("say --yes") && said.contains("made on this host"),
        "{said}"
    );

    let report = scene
        .command("clean")
        .args(["--yes", "--output", "json"])
        .reports()
        .await;
    assert_eq!(
        (&report["outcome"], &entry(&report, &ours)["deleted"]),
        (&json!("deleted"), &json!(true))
    );
    assert!(scene.api.index(&ours).await.is_none());
    for stays in [&young, &archive, &dated] {
        assert!(scene.api.index(stays).await.is_some(), "{stays}");
    }
    assert_eq!(
        scene.generations("articles").await.len(),
        2,
        "one retained, one of somebody else"
    );
    assert_eq!(scene.live().await, live);
    let again = scene
        .command("clean")
        .args(["--yes", "--output", "json"])
        .reports()
        .await;
    assert_eq!(again["outcome"], "nothing_to_do");
}

#[tokio::test]
async fn nothing_is_judged_while_another_run_is_at_work() {
    let scene = Scene::new().await;
    scene.already_live().await;
    let host = bisan_indexer::host::name();
    let ours = leave_a_build(&scene, "articles", &host, "2026-11-24T14:30:00Z").await;
    let file = std::fs::File::open(&scene.database.path).unwrap();
    file.try_lock().unwrap();
    for options in [&[][..], &["--yes"]] {
        let ended = scene
            .command("clean")
            .args(options.iter().copied())
            .run()
            .await;
        ended.expect(4).says(["locked by another run"]);
    }
    assert!(scene.api.index(&ours).await.is_some());
}

#[tokio::test]
async fn where_nothing_is_left_over_there_is_nothing_to_say() {
    let scene = Scene::new().await;
    let ended = scene.command("clean").args(["--yes"]).run().await.expect(0);
    assert!(ended.out.contains("Nothing is left over"), "{}", ended.out);
}
