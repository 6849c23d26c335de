//! `demo --serve` shows a page; its button starts a reindex, and nothing else in a browser does.

use std::path::Path;
use std::process::Stdio;

use reqwest::{Method, StatusCode, header};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::api::client;
use crate::support::{Scene, ServerOptions, eventually, needs, within};

/// The exit code of a browser's test that found no browser.
const NO_BROWSER: i32 = 77;

/// A demo that has told its story and shows its page.
struct Demo {
    scene: Scene,
    url: String,
    client: reqwest::Client,
    _program: Child,
}

impl Demo {
    async fn serve() -> Option<Demo> {
        Demo::serve_with(&[]).await
    }

    async fn serve_with(words: &[&str]) -> Option<Demo> {
        let scene = Scene::on_own_server(ServerOptions::default()).await?;
        let mut program = scene
            .program()
            .args(["demo", "--tiny", "60", "--serve"])
            .args(words.iter().copied())
            .arg("--meilisearch")
            .arg(&scene.server.url)
            .spawn();
        let mut log = program.stderr.take().unwrap();
        tokio::spawn(async move { tokio::io::copy(&mut log, &mut tokio::io::sink()).await });
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let url = within("the page opens", async {
            loop {
                let line = lines.next_line().await.unwrap();
                let line = line.expect("the demo goes on until its page is open");
                if line.trim().starts_with("http://127.0.0.1:") && line.ends_with('/') {
                    return line.trim().to_owned();
                }
            }
        })
        .await;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Some(Demo {
            scene,
            url,
            client: client(),
            _program: program,
        })
    }

    fn asked(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.asked(Method::GET, path).send().await.unwrap();
        parsed(answer).await
    }

    /// Where the page says that it comes from.
    fn origin(&self) -> &str {
        self.url.trim_end_matches('/')
    }

    async fn generation(&self) -> Value {
        let indexes = self.json("indexes").await;
        let indexes = indexes["results"].as_array().unwrap();
        let live = indexes.iter().find(|index| index["uid"] == "articles");
        live.unwrap()["createdAt"].clone()
    }
}

async fn parsed(answer: reqwest::Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_reindex_is_started_by_the_pages_own_button_and_by_nothing_else() {
    let Some(demo) = Demo::serve().await else {
        return;
    };

    let page = demo.asked(Method::GET, "").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let header = |name: header::HeaderName| page.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header(header::CONTENT_TYPE), "text/html; charset=utf-8");
    let policy = header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    for loose in ["unsafe", "http", "*"] {
        assert!(!policy.contains(loose), "{policy}");
    }
    assert!(
        !page
            .headers()
            .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    );
    let page = page.text().await.unwrap();
    let key = demo.scene.server.key.clone().unwrap();
    assert!(!page.contains(&key), "the page holds the server's key");
    let (_, token) = page
        .split_once(r#"name="reindex-token" content=""#)
        .unwrap();
    let (token, _) = token.split_once('"').unwrap();
    assert!(!token.is_empty());

    let before = demo.generation().await;
    let press = |origin: Option<&str>, token: Option<&str>| {
        let press = demo.asked(Method::POST, "reindex");
        let press = origin
            .into_iter()
            .fold(press, |press, origin| press.header(header::ORIGIN, origin));
        token
            .into_iter()
            .fold(press, |press, token| press.header("x-reindex-token", token))
    };
    let elsewhere = "http://elsewhere.example";
    for (what, refused, status) in [
        ("no token", press(Some(demo.origin()), None), 403),
        ("a guess", press(Some(demo.origin()), Some("a guess")), 403),
        ("from elsewhere", press(Some(elsewhere), Some(token)), 403),
        ("from nowhere", press(None, Some(token)), 403),
        (
            "a name that was pointed here",
            press(Some(elsewhere), Some(token)).header(header::HOST, "elsewhere.example"),
            421,
        ),
        (
            "a link",
            demo.asked(Method::GET, "reindex")
                .header(header::ORIGIN, demo.origin())
                .header("x-reindex-token", token),
            405,
        ),
        (
            "what a browser asks before a page of elsewhere may",
            demo.asked(Method::OPTIONS, "reindex")
                .header(header::ORIGIN, elsewhere),
            405,
        ),
    ] {
        let answer = refused.send().await.unwrap();
        assert_eq!(answer.status(), status, "{what}");
    }
    assert_eq!(demo.json("progress").await["running"], false);

    let pressed = press(Some(demo.origin()), Some(token)).send().await;
    assert_eq!(pressed.unwrap().status(), 202);
    let ended = eventually("the reindex ends", async || {
        let progress = demo.json("progress").await;
        (progress["running"] == false).then_some(progress)
    })
    .await;
    assert_eq!(ended["ended"]["error"], Value::Null, "{ended}");
    assert_ne!(demo.generation().await, before);
}

#[tokio::test]
async fn the_page_searches_through_the_program_and_reaches_nothing_else() {
    let Some(demo) = Demo::serve().await else {
        return;
    };
    let search = demo
        .asked(Method::POST, "indexes/articles/search")
        .body(r#"{"q": "القدس", "limit": 1, "attributesToHighlight": ["*"]}"#)
        .send()
        .await
        .unwrap();
    let answer = parsed(search).await;
    assert_eq!(answer["hits"].as_array().unwrap().len(), 1, "{answer}");
    for (method, path) in [
        (Method::DELETE, "indexes/articles"),
        (Method::GET, "keys"),
        (Method::GET, "indexes/articles/settings"),
        (Method::POST, "indexes/articles/documents"),
        (Method::POST, "swap-indexes"),
    ] {
        let answer = demo.asked(method, path).body("{}").send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
}

/// As in a container, whose port is published on the loopback of the machine around it.
#[tokio::test]
async fn a_page_that_listens_everywhere_is_asked_for_by_the_names_of_the_loopback_alone() {
    let Some(demo) = Demo::serve_with(&["--listen", "0.0.0.0:0"]).await else {
        return;
    };
    let (_, port) = demo.origin().rsplit_once(':').unwrap();
    for (host, status) in [("127.0.0.1", 200), ("localhost", 200), ("192.0.2.1", 421)] {
        let request = demo
            .asked(Method::GET, "indexes")
            .header(header::HOST, format!("{host}:{port}"));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
    }
}

/// Wide and narrow, light and dark, by keyboard and with reduced motion, in a browser. Runs where node, playwright-core
/// and a Chromium are (tests/page/page.mjs says how they are found).
#[tokio::test]
async fn a_person_sees_the_swap_pass_without_a_gap() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/page.mjs");
    let browser = |argument: &str| {
        let mut browser = Command::new("node");
        browser
            .arg(&script)
            .arg(argument)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        browser
    };
    match browser("--look").status().await {
        Ok(there) if there.success() => {}
        Ok(there) if there.code() == Some(NO_BROWSER) => {
            return needs::missing(needs::BROWSER, "no playwright-core, or no Chromium");
        }
        Ok(there) => panic!("{there}"),
        Err(error) => {
            return needs::missing(needs::BROWSER, &format!("node is not there ({error})"));
        }
    }
    let Some(demo) = Demo::serve().await else {
        return;
    };
    let seen = within("the browser ends", browser(&demo.url).output()).await;
    let seen = seen.unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        seen.status.success(),
        "{}{}",
        said(&seen.stdout),
        said(&seen.stderr)
    );
}
