//! One bad row costs a whole upload on the server, so none is ever sent: the run names each, and nothing changes.

use serde_json::Value;

use crate::support::program::Ended;
use crate::support::{Scene, ServerOptions};

/// 5,000 short rows, of which row 4,000 is `bad`; the statement can be a join.
async fn scene_with(bad: &str) -> Scene {
    let mut scene = Scene::on(ServerOptions::default()).await;
    scene.define(|definitions| definitions.index("things", "SELECT id, title FROM things"));
    scene
        .database
        .execute(
            "CREATE TABLE things (id, title);
             INSERT INTO things WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300)
               SELECT n, 'title ' || n FROM n",
        )
        .await;
    scene.reindex().run().await.expect(0);
    scene
        .database
        .execute(&format!(
            "INSERT INTO things WITH RECURSIVE n(n) AS (SELECT 301 UNION ALL SELECT n + 1 FROM n WHERE n < 3999)
               SELECT n, 'title ' || n FROM n;
             {bad};
             INSERT INTO things WITH RECURSIVE n(n) AS (SELECT 4001 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
               SELECT n, 'title ' || n FROM n"
        ))
        .await;
    scene
}

/// Refuses the rows: nothing changes, and on the wire to the server no line of a body holds one of them, neither where all
/// is read before anything is sent, nor where good rows are sent while the reading goes on.
async fn refuses(scene: &Scene) -> Ended {
    refuses_unless(scene, is_good).await
}

/// The same of two rows that are good but for one another: which they are is known when all ids are, so that one of them may
/// have been sent while the reading went on, into an index that nobody searches.
async fn refuses_twins(scene: &Scene) -> Ended {
    refuses_unless(scene, |_| true).await
}

/// Refuses the rows, of which only those may have been sent while the reading went on that `may_be_sent`.
async fn refuses_unless(scene: &Scene, may_be_sent: fn(&Value) -> bool) -> Ended {
    let before = scene.live().await;
    let mut ended = None;
    for (batches, may_be_sent) in [
        ("90MB", is_good as fn(&Value) -> bool),
        ("20kB", may_be_sent),
    ] {
        let proxy = scene.proxy().await;
        proxy.keep_bodies();
        let run = scene
            .reindex_through(&proxy)
            .args(["--batch-size", batches]);
        ended = Some(run.run().await.expect(1));
        assert_eq!(scene.live().await, before, "the live index was touched");
        scene.expect_nothing_left_over(0, &[]).await;
        let sent = proxy.seen();
        let sent = sent.iter().filter(|seen| seen.path.contains("things"));
        let lines = sent.flat_map(|seen| seen.body.split(|byte| *byte == b'\n'));
        for line in lines.filter(|line| line.starts_with(b"{\"id\"")) {
            let document: Value = serde_json::from_slice(line).unwrap();
            assert!(may_be_sent(&document), "{document} was sent");
        }
    }
    ended.unwrap()
}

/// What `scene_with` made besides the bad row: `title 7` under the id 7.
fn is_good(document: &Value) -> bool {
    document["title"] == format!("title {}", document["id"])
}

async fn a_bad_id(sql_value: &str, shown: &[&str]) {
    let scene = scene_with(&format!("INSERT INTO things VALUES ({sql_value}, 'bad')")).await;
    refuses(&scene)
        .await
        .says(["things", "4000"])
        .says(shown.iter().copied());
}

#[tokio::test]
async fn an_id_that_is_null_is_named_with_its_row() {
    a_bad_id("NULL", &["NULL"]).await;
}

#[tokio::test]
async fn an_empty_id_is_named_with_its_row() {
    a_bad_id("''", &["id"]).await;
}

#[tokio::test]
async fn a_fraction_as_id_is_named_with_its_row() {
    a_bad_id("7.5", &["7.5"]).await;
}

#[tokio::test]
async fn an_arabic_id_is_named_with_its_row() {
    a_bad_id("'غزة-1'", &["غزة-1"]).await;
}

#[tokio::test]
async fn an_id_with_a_slash_is_named_with_its_row() {
    a_bad_id("'2024/03'", &["2024/03"]).await;
}

#[tokio::test]
async fn an_id_of_512_bytes_is_named_with_its_row() {
    a_bad_id("printf('%.512c', 'x')", &["512", "xxxxxxxx"]).await;
}

#[tokio::test]
async fn an_id_of_511_bytes_is_an_id() {
    let scene = scene_with("INSERT INTO things VALUES (printf('%.511c', 'x'), 'long')").await;
    scene.reindex().run().await.expect(0);
    assert_eq!(scene.api.count(&scene.uid("things")).await, 5000);
}

/// Meilisearch keeps one document under both, so one of the two rows would vanish without a word.
#[tokio::test]
async fn a_number_and_its_text_are_one_id() {
    let scene = scene_with("INSERT INTO things VALUES ('7', 'seven again')").await;
    refuses_twins(&scene).await.says(["things", "4000", "7"]);
}

#[tokio::test]
async fn a_join_that_returns_an_id_twice_is_named() {
    let mut scene = scene_with("INSERT INTO things VALUES (4000, 'good')").await;
    scene
        .database
        .execute(
            "CREATE TABLE tags (thing_id, tag); INSERT INTO tags VALUES (4000, 'a'), (4000, 'b')",
        )
        .await;
    scene.define(|definitions| {
        definitions.index(
            "things",
            "SELECT id, title, tag FROM things LEFT JOIN tags ON thing_id = id ORDER BY id",
        )
    });
    refuses_twins(&scene).await.says(["things", "4000", "4001"]);
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_named_with_id_and_column() {
    let scene = scene_with("INSERT INTO things VALUES (4000, CAST(X'D8BAFFD8' AS TEXT))").await;
    refuses(&scene)
        .await
        .says(["things", "4000", "title", "UTF-8"]);
}

#[tokio::test]
async fn bytes_in_a_text_column_are_named_with_id_and_column() {
    let scene = scene_with("INSERT INTO things VALUES (4000, X'00FF')").await;
    refuses(&scene).await.says(["things", "4000", "title"]);
}

/// Mending one row a run would take all day.
#[tokio::test]
async fn all_bad_rows_are_counted_and_ten_are_shown() {
    let scene = scene_with(
        "INSERT INTO things WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 25)
           SELECT 'bad id ' || n, 'bad' FROM n",
    )
    .await;
    refuses(&scene)
        .await
        .says(["25", "bad id 1", "bad id 10", "15 more"])
        .says_nothing_of("bad id 11");
}

/// The first rows are looked at before anything is made on the server.
#[tokio::test]
async fn a_bad_row_among_the_first_is_found_before_anything_is_created() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE things (id, title); INSERT INTO things VALUES (1, 'a'), ('no id', 'b')",
        )
        .await;
    scene.define(|definitions| definitions.index("things", "SELECT id, title FROM things"));
    let proxy = scene.proxy().await;
    scene
        .reindex_through(&proxy)
        .run()
        .await
        .expect(1)
        .says(["things", "no id"]);
    assert_eq!(proxy.count("POST", "/indexes*"), 0);
    assert!(scene.live().await.is_empty());
}

/// The first rows are read as a sample; one that is bad among them is not the only one.
#[tokio::test]
async fn bad_rows_are_counted_to_the_end_where_the_first_is_bad() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE things (id, title);
             INSERT INTO things WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2400)
               SELECT CASE n % 100 WHEN 1 THEN 'no id ' || n ELSE n END, 'title' FROM n",
        )
        .await;
    scene.define(|definitions| definitions.index("things", "SELECT id, title FROM things"));
    for command in ["reindex", "sync", "doctor"] {
        let ended = scene.command(command).run().await;
        let said = format!("{}{}", ended.out, ended.err);
        for part in ["24 rows", "no id 1\"", "no id 901", "14 more"] {
            assert!(said.contains(part), "{command}: {part}\n{said}");
        }
    }
    assert!(scene.live().await.is_empty());
}

/// Beyond the first rows, whatever depth meets one of them.
#[tokio::test]
async fn bad_rows_that_a_sync_meets_are_counted_and_named_with_their_file() {
    let scene = scene_with(
        "INSERT INTO things WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 25)
           SELECT 'bad id ' || n, 'bad' FROM n",
    )
    .await;
    for depth in ["changed", "ids", "all"] {
        let command = scene
            .command("sync")
            .args(["--compare", depth, "--max-loss", "100%"]);
        command
            .run()
            .await
            .expect(1)
            .says(["25 rows of documents.sql", "bad id 10", "15 more"])
            .says_nothing_of("things/changes.sql");
    }
    scene
        .command("verify")
        .run()
        .await
        .expect(1)
        .says(["25 rows of documents.sql"])
        .says_nothing_of("things/changes.sql");
}

/// SQLite keeps JSON in a form of its own, too, which is bytes.
#[tokio::test]
async fn jsonb_is_answered_with_the_function_that_reads_it() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE things (id, meta); INSERT INTO things VALUES (1, jsonb('{\"a\": [1, 2]}')), (2, X'00FF')",
        )
        .await;
    scene.define(|definitions| {
        definitions.index("things", "SELECT id, meta AS \"meta:json\" FROM things")
    });
    let ended = scene.reindex().run().await.expect(1);
    ended.says(["id 1", "JSONB", "json(column)", "id 2", "CAST"]);
    scene.define(|definitions| {
        definitions.index(
            "things",
            "SELECT id, json(meta) AS \"meta:json\" FROM things WHERE id = 1",
        )
    });
    scene.reindex().run().await.expect(0);
    let documents = scene.api.documents(&scene.uid("things")).await;
    assert_eq!(documents[0]["meta"]["a"], serde_json::json!([1, 2]));
}

/// Meilisearch answers such a number as the nearest that 64 bits can hold.
#[tokio::test]
async fn numbers_in_json_that_come_back_rounded_are_told() {
    let mut scene = Scene::new().await;
    scene
        .database
        .execute(
            "CREATE TABLE things (id, a, b, c);
             INSERT INTO things VALUES
               (1, '{\"n\": 18446744073709551615}', '{\"n\": 0.1}', '{\"n\": 1e21}'),
               (2, '{\"n\": 18446744073709551617}', '{\"n\": 3.14159265358979323846}', '[100000000000000000000, 0.10000000000000001]')",
        )
        .await;
    scene.define(|definitions| {
        definitions.index(
            "things",
            "SELECT id, a AS \"a:json\", b AS \"b:json\", c AS \"c:json\" FROM things",
        )
    });
    let report = scene.reindex().run().await.expect(0).report();
    let notes = report["indexes"][0]["notes"].as_array().unwrap();
    let rounded: Vec<(&str, &str, u64)> = notes
        .iter()
        .filter(|note| note["kind"] == "rounded_number")
        .map(|note| {
            let text = |name: &str| note[name].as_str().unwrap();
            (
                text("field"),
                text("first_id"),
                note["count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(rounded, [("a", "2", 1), ("b", "2", 1)], "{report}");
    scene.command("verify").run().await.expect(0);
}

/// A message may hold the value, but not megabytes of it.
#[tokio::test]
async fn a_huge_bad_value_is_cut_in_the_message() {
    let scene =
        scene_with("INSERT INTO things VALUES (printf('%.3000000c', 'x') || 'غ', 'bad')").await;
    let ended = refuses(&scene).await;
    assert!(
        ended.err.len() < 20_000 && ended.out.len() < 20_000,
        "{} and {} bytes",
        ended.err.len(),
        ended.out.len()
    );
}
