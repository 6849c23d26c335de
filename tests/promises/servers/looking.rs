//! The commands that look at what is there, at several servers.

use serde_json::json;

use super::{Fleet, of};

#[tokio::test]
async fn doctor_smoke_and_explain_speak_of_each_server_by_name() {
    let Some(mut fleet) = Fleet::of(2).await else {
        return;
    };
    fleet.scene.define_titles_with(|definitions| {
        definitions.smoke("articles", json!([{"q": "", "min_hits": 1}]))
    });
    fleet.command("reindex").run().await.expect(0);
    let doctor = fleet.command("doctor").run().await.expect(0).report();
    let smoke = fleet.command("smoke").run().await.expect(0).report();
    let explain = fleet.command("explain").args(["articles", "1"]);
    let explain = explain.run().await.expect(0).report();
    for report in [&doctor, &smoke, &explain] {
        for (i, name) in ["a", "b"].into_iter().enumerate() {
            assert_eq!(of(report, name)["address"], fleet.url(i), "{report}");
            assert_eq!(of(report, name)["exit_code"], 0, "{report}");
        }
    }
    // One of them has lost a document.
    fleet.look_at(1);
    let path = "/indexes/articles/documents";
    fleet.scene.api.succeed("DELETE", path, None).await;
    let smoke = fleet.command("smoke").run().await.expect(3).report();
    assert_eq!(of(&smoke, "a")["outcome"], "passed", "{smoke}");
    assert_eq!(of(&smoke, "b")["outcome"], "failed", "{smoke}");
    let explain = fleet.command("explain").args(["articles", "1"]);
    let explain = explain.run().await.expect(5).report();
    assert_eq!(of(&explain, "a")["in_index"], true, "{explain}");
    assert_eq!(of(&explain, "b")["in_index"], false, "{explain}");
    let junit = fleet.command("smoke").args(["--output", "junit"]);
    junit
        .run()
        .await
        .expect(2)
        .says(["2 servers", "smoke --output junit"]);
}
