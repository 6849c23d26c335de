//! What is said names its own subject once, counts as people count, and tells what is wrong and not something near it.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Child;

use crate::support::api::client;
use crate::support::program::Program;
use crate::support::{Fault, Scene, eventually, within};

fn run(scene: &Scene, words: &[&str]) -> Program {
    scene.command(words[0]).args(words[1..].iter().copied())
}

#[tokio::test]
async fn an_index_that_is_not_there_is_named_once() {
    let mut scene = Scene::new().await;
    scene.define_titles_with(|definitions| definitions.smoke("articles", json!([{"q": ""}])));
    let uid = scene.uid("articles");
    for words in [
        &["sync"] as &[&str],
        &["sync", "--dry-run"],
        &["verify"],
        &["explain", "articles", "3"],
        &["smoke"],
        &["apply", "--dry-run"],
        &["rollback", "--yes"],
        &["doctor"],
        &["status"],
    ] {
        let ended = run(&scene, words).run().await;
        for said in [&ended.out, &ended.err] {
            assert!(
                !said.contains(&format!("{uid}: {uid}:")),
                "{words:?}\n{said}"
            );
        }
    }
}

/// Nobody is there to be asked, searched or compared: a refusal, whoever says it.
#[tokio::test]
async fn an_index_that_is_not_there_is_refused_with_one_exit_code() {
    let mut scene = Scene::new().await;
    scene.define_titles_with(|definitions| definitions.smoke("articles", json!([{"q": ""}])));
    for words in [
        &["sync"] as &[&str],
        &["verify"],
        &["explain", "articles", "3"],
        &["smoke"],
    ] {
        run(&scene, words)
            .run()
            .await
            .expect(3)
            .says(["bisan-indexer reindex"]);
    }
}

/// Where a text has `1` before a word in the plural.
fn one_of_several(text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric() && !"_-.,:/=".contains(c))
        .map(|word| word.trim_end_matches(['.', ',', ':']))
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(3).find_map(|words| {
        let [one, noun, next] = words else {
            return None;
        };
        // `1 of its documents` counts the documents, and `1 is` is no noun.
        let is_several = noun.chars().all(|c| c.is_ascii_lowercase())
            && noun.ends_with('s')
            && noun.len() > 3
            && !noun.ends_with("ss")
            && !["was", "this", "has", "ms"].contains(noun);
        (*one == "1" && is_several).then(|| format!("1 {noun} {next}"))
    })
}

#[tokio::test]
async fn one_is_one() {
    assert!(one_of_several("it has 1 documents, and").is_some());
    assert_eq!(one_of_several("it has 1 document, 11 rows read"), None);
    let mut scene = Scene::sized(1, 1).await;
    scene.define_titles_with(|definitions| {
        definitions.smoke("articles", json!([{"q": "", "min_hits": 1}]))
    });
    let plain = async |scene: &Scene, words: &[&str]| {
        let ended = run(scene, words).run().await;
        for said in [&ended.out, &ended.err] {
            assert_eq!(one_of_several(said), None, "{words:?}\n{said}");
        }
    };
    for words in [
        &["reindex", "--dry-run", "-v"] as &[&str],
        &["reindex", "-v"],
        &["status"],
        &["verify"],
        &["sync", "-v"],
        &["sync", "--compare", "all", "-v"],
        &["apply", "--dry-run"],
        &["explain", "articles", "1"],
        &["smoke"],
        &["doctor"],
        &["rollback", "--list"],
        &["clean", "--dry-run"],
    ] {
        plain(&scene, words).await;
    }
    // One changed, one gone, one too many, one that is missing.
    scene
        .database
        .execute("UPDATE articles SET title = title || 'x'")
        .await;
    for words in [
        &["status"] as &[&str],
        &["verify"],
        &["sync", "--dry-run"],
        &["apply", "--dry-run"],
        &["explain", "articles", "1"],
        &["sync"],
    ] {
        plain(&scene, words).await;
    }
    scene.database.execute("DELETE FROM articles").await;
    for words in [
        &["status", "--max-missing", "0"] as &[&str],
        &["verify"],
        &["sync", "--dry-run"],
        &["reindex"],
        &["apply", "--yes"],
    ] {
        plain(&scene, words).await;
    }
    scene
        .database
        .execute("INSERT INTO articles (id, title, author_id, created_at, updated_at) VALUES (7, 'seven', 1, '2026-01-01 00:00:00', '2199-01-01 00:00:00')")
        .await;
    for words in [
        &["sync"] as &[&str],
        &["doctor"],
        &["smoke", "--generation", "nobody"],
    ] {
        plain(&scene, words).await;
    }
}

#[tokio::test]
async fn a_port_that_speaks_plain_http_is_not_asked_again_for_tls() {
    let scene = Scene::new().await;
    let address = scene.server.url.replace("http://", "https://");
    let ended = scene.reindex_at(&address).run().await.expect(2);
    let ended = ended.says(["http://", "TLS"]);
    assert!(!ended.err.contains("Trying again"), "{}", ended.err);
    assert!(!ended.err.contains("InvalidContentType"), "{}", ended.err);
}

#[tokio::test]
async fn a_port_that_speaks_tls_is_not_asked_again_in_plain_http() {
    let scene = Scene::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.read(&mut [0; 1024]).await;
            // What a TLS server says to anybody who does not greet: a fatal alert.
            let _ = client.write_all(b"\x15\x03\x01\x00\x02\x02\x16").await;
        }
    });
    let ended = scene.reindex_at(&address).run().await.expect(2);
    let ended = ended.says(["https://"]);
    assert!(!ended.err.contains("Trying again"), "{}", ended.err);
}

#[tokio::test]
async fn an_address_that_ends_in_a_route_is_told_so() {
    let scene = Scene::new().await;
    for route in ["/indexes", "/tasks", "/keys/"] {
        let address = format!("{}{route}", scene.server.url);
        let ended = scene.reindex_at(&address).run().await.expect(2);
        let ended = ended.says([route.trim_end_matches('/'), "leave"]);
        assert!(!ended.err.contains("`health`"), "{}", ended.err);
    }
}

#[tokio::test]
async fn an_address_of_another_librarys_form_is_told_so() {
    let scene = Scene::new().await;
    let path = scene.database_url();
    for form in ["file:", "jdbc:sqlite:", "file://"] {
        let address = format!("{form}{path}");
        let ended = run(&scene, &["sync", "--database", &address]).run().await;
        let ended = ended
            .expect(2)
            .says([form.trim_end_matches('/'), "path alone"]);
        assert!(!ended.err.contains("volume"), "{}", ended.err);
    }
}

#[tokio::test]
async fn a_page_in_the_way_is_quoted_by_its_text() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let proxy = scene.proxy().await;
    for page in [
        "<!DOCTYPE html><style>b { color: red }</style><body><h1>Bad  Gateway</h1><p>The upstream is <b>away</b>&hellip;<script>go()</script>",
        "<HTML><HEAD><TITLE lang=en>\nBad Gateway</TITLE></HEAD><BODY><P>The upstream is away&hellip;</BODY>",
    ] {
        proxy.once("GET", "/version", Fault::page(502, page));
        let ended = scene.reindex_through(&proxy).run().await.expect(0);
        let ended = ended.says(["Bad Gateway"]);
        for markup in ["<", "color", "go()", "&hellip;"] {
            assert!(!ended.err.contains(markup), "{markup}: {}", ended.err);
        }
    }
}

/// Docker reserves 2 for itself.
#[tokio::test]
async fn a_follower_that_is_dead_is_unhealthy_and_not_misused() {
    let scene = Scene::new().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    for words in [
        &["health", "--listen", &address] as &[&str],
        &["health", "--alive", "--listen", &address],
    ] {
        run(&scene, words)
            .run()
            .await
            .expect(1)
            .says([address.as_str()]);
    }
}

#[tokio::test]
async fn an_address_to_listen_on_that_cannot_be_one_is_answered_with_an_example() {
    let scene = Scene::new().await;
    for wrong in [
        "9711",
        "localhost",
        "127.0.0.1",
        "localhost:port",
        "127.0.0.1:99999",
    ] {
        run(&scene, &["health", "--listen", wrong])
            .run()
            .await
            .expect(2)
            .says([wrong, "127.0.0.1:9700"]);
    }
}

/// A follower that listens at a free port of this host, and the port.
async fn listening(scene: &Scene, host: &str) -> (Child, String) {
    let listen = format!("{host}:0");
    let words = ["sync", "--watch", "--listen", &listen];
    let mut follower = run(scene, &words).spawn();
    let mut lines = BufReader::new(follower.stderr.take().unwrap()).lines();
    let port = within("the follower listens", async {
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            if let Some((_, address)) = line.split_once("listening on http://") {
                let address = address.split(' ').next().unwrap();
                return address.rsplit_once(':').unwrap().1.to_owned();
            }
        }
    })
    .await;
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (follower, port)
}

#[tokio::test]
async fn a_follower_listens_where_people_write_it() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.reindex().run().await.expect(0);
    for host in ["localhost", ""] {
        let (mut follower, port) = listening(&scene, host).await;
        let listen = format!("{host}:{port}");
        run(&scene, &["health", "--alive", "--listen", &listen])
            .succeeds()
            .await;
        follower.kill().await.unwrap();
    }
}

/// The names in a text of Prometheus', each with what it means.
fn metrics(text: &str) -> BTreeMap<String, String> {
    let meanings = text.lines().filter_map(|line| line.strip_prefix("# HELP "));
    meanings
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, meaning)| (name.to_owned(), meaning.to_owned()))
        .collect()
}

#[tokio::test]
async fn one_name_of_a_metric_means_one_thing() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.reindex().run().await.expect(0);
    let told = run(&scene, &["status", "--output", "prometheus"]);
    let told = metrics(&told.run().await.expect(0).out);
    let (_follower, port) = listening(&scene, "127.0.0.1").await;
    let answered = eventually("the first round", async || {
        let url = format!("http://127.0.0.1:{port}/metrics");
        let text = client().get(url).send().await.ok()?.text().await.ok()?;
        text.contains("rounds_total{").then(|| metrics(&text))
    })
    .await;
    assert!(
        told.contains_key("bisan_indexer_waiting_seconds"),
        "{told:?}"
    );
    assert!(
        answered.contains_key("bisan_indexer_lag_seconds"),
        "{answered:?}"
    );
    for (name, meaning) in &told {
        let other = answered.get(name).unwrap_or(meaning);
        assert_eq!(meaning, other, "{name}");
    }
}

#[tokio::test]
async fn a_date_that_lies_in_a_moment_is_none_of_the_future() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.reindex().run().await.expect(0);
    scene
        .database
        .execute("UPDATE articles SET updated_at = STRFTIME('%Y-%m-%d %H:%M:%f', 'now', '+1 day') WHERE id = 3")
        .await;
    let ended = run(&scene, &["doctor"]).run().await;
    assert!(ended.out.contains("dated in the future"), "{}", ended.out);
    assert!(!ended.out.contains(" 0 s from now"), "{}", ended.out);
}
