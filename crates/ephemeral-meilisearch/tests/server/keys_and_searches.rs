//! Keys and searches over the wire, as far as the recordings of real servers don't show them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ephemeral_meilisearch::{Config, Like, Server};
use serde_json::{Value, json};

const MASTER: &str = "a master key for this test";

/// A server with two indexes: an article in `articles_ar`, another in `notes`.
struct Scene {
    address: std::net::SocketAddr,
    _server: Server,
}

impl Scene {
    fn set(like: Like) -> Self {
        let server = Server::start(Config {
            master_key: Some(MASTER.to_owned()),
            like,
            ..Config::default()
        })
        .unwrap();
        let scene = Self {
            address: server.address(),
            _server: server,
        };
        scene.fill("articles_ar", json!([{"id": 1, "title": "القدس"}]));
        scene.fill("notes", json!([{"id": 7, "title": "عن القدس"}]));
        scene
    }

    fn fill(&self, index: &str, documents: Value) {
        let path = format!("/indexes/{index}/documents");
        let (status, task) = self.ask("POST", &path, MASTER, Some(documents));
        assert_eq!(status, 202, "{task}");
        let deadline = Instant::now() + Duration::from_secs(30);
        let path = format!("/tasks/{}", task["taskUid"]);
        while self.ask("GET", &path, MASTER, None).1["status"] != "succeeded" {
            assert!(Instant::now() < deadline, "the task does not end");
            std::thread::yield_now();
        }
    }

    fn ask(&self, method: &str, path: &str, key: &str, body: Option<Value>) -> (u16, Value) {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let declared = match body.is_empty() {
            true => "",
            false => "Content-Type: application/json\r\n",
        };
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {key}\r\n{declared}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn search_key(&self) -> Value {
        let key = json!({"actions": ["search"], "indexes": ["articles*"], "expiresAt": null, "name": "بحث"});
        let (status, key) = self.ask("POST", "/keys", MASTER, Some(key));
        assert_eq!(status, 201, "{key}");
        key
    }
}

#[test]
fn a_key_lives_from_post_to_delete() {
    let scene = Scene::set(Like::NEWEST);
    let key = scene.search_key();
    let (uid, value) = (key["uid"].as_str().unwrap(), key["key"].as_str().unwrap());

    for name in [uid, value] {
        let (status, shown) = scene.ask("GET", &format!("/keys/{name}"), MASTER, None);
        assert_eq!((status, &shown), (200, &key));
    }
    let change = json!({"name": null, "description": "للموقع"});
    let path = format!("/keys/{uid}");
    let (status, changed) = scene.ask("PATCH", &path, MASTER, Some(change));
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&Value::Null, &json!("للموقع"))
    );
    assert_eq!(changed["createdAt"], key["createdAt"]);

    let (_, page) = scene.ask("GET", "/keys?limit=2", MASTER, None);
    assert_eq!((&page["limit"], &page["total"]), (&json!(2), &json!(5)));
    assert_eq!(page["results"][0]["uid"], uid, "the newest comes first");
    let (status, error) = scene.ask("GET", "/keys?limit=x", MASTER, None);
    assert_eq!(
        (status, &error["code"]),
        (400, &json!("invalid_api_key_limit"))
    );

    assert_eq!(scene.ask("DELETE", &path, MASTER, None).0, 204);
    let (status, error) = scene.ask("GET", &path, MASTER, None);
    assert_eq!((status, &error["code"]), (404, &json!("api_key_not_found")));
    let (status, _) = scene.ask("GET", "/indexes/articles_ar/search?q=", value, None);
    assert_eq!(status, 403);
}

#[test]
fn a_search_key_opens_its_indexes_and_nothing_else() {
    let scene = Scene::set(Like::NEWEST);
    let key = scene.search_key();
    let value = key["key"].as_str().unwrap();
    let (status, found) = scene.ask(
        "GET",
        "/indexes/articles_ar/search?q=%D9%82%D8%AF%D8%B3",
        value,
        None,
    );
    assert_eq!(
        (status, &found["hits"]),
        (200, &json!([{"id": 1, "title": "القدس"}]))
    );
    for (method, path) in [
        ("GET", "/indexes/notes/search"),
        ("GET", "/indexes/articles_ar/documents"),
        ("GET", "/keys"),
        ("GET", "/version"),
        ("DELETE", "/indexes/articles_ar"),
    ] {
        let (status, error) = scene.ask(method, path, value, None);
        assert_eq!(
            (status, &error["code"]),
            (403, &json!("invalid_api_key")),
            "{method} {path}"
        );
    }
}

#[test]
fn many_searches_are_answered_in_their_order_or_not_at_all() {
    for like in [Like::NEWEST, Like::OLDEST] {
        let scene = Scene::set(like);
        let both =
            json!({"queries": [{"indexUid": "notes", "q": "القدس"}, {"indexUid": "articles_ar"}]});
        let (status, answer) = scene.ask("POST", "/multi-search", MASTER, Some(both.clone()));
        assert_eq!(status, 200, "{answer}");
        let seen: Vec<(&Value, &Value)> = answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| (&result["indexUid"], &result["hits"][0]["id"]))
            .collect();
        assert_eq!(
            seen,
            [
                (&json!("notes"), &json!(7)),
                (&json!("articles_ar"), &json!(1))
            ]
        );

        let key = scene.search_key();
        let (status, error) = scene.ask(
            "POST",
            "/multi-search",
            key["key"].as_str().unwrap(),
            Some(both),
        );
        assert_eq!((status, &error["code"]), (403, &json!("invalid_api_key")));
        let missing = json!({"queries": [{"indexUid": "missing"}]});
        let (status, error) = scene.ask("POST", "/multi-search", MASTER, Some(missing));
        assert_eq!((status, &error["code"]), (400, &json!("index_not_found")));
    }
}

/// Without a key, like the real server's own page: it holds nothing, and asks for the key that its searches need.
#[test]
fn the_page_is_open_and_may_load_nothing_from_elsewhere() {
    let scene = Scene::set(Like::NEWEST);
    let mut stream = TcpStream::connect(scene.address).unwrap();
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: text/html"), "{head}");
    assert!(
        head.contains("content-security-policy: default-src 'none';"),
        "{head}"
    );
    assert!(page.contains(r#"name="reindex-token" content="">"#));
}
