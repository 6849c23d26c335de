//! The key and the password are in nothing that the program says.
//!
//! Every run of every test looks for the key in what it printed (`support/program.rs`); here are the runs in which it
//! comes nearest.

use crate::support::{Fault, FaultProxy, Scene, StandIn, needs};

#[tokio::test]
async fn the_key_is_not_even_in_the_most_talkative_log() {
    for format in ["text", "json"] {
        let mut scene = Scene::new().await;
        scene.define_titles();
        let ended = scene
            .reindex()
            .args(["-vv", "--log-format", format])
            .succeeds()
            .await;
        assert!(
            !ended.err.to_lowercase().contains("bearer"),
            "{}",
            ended.err
        );
    }
}

/// Some proxies print the request that they refuse, headers and all.
#[tokio::test]
async fn a_proxy_that_echoes_the_key_is_not_quoted_with_it() {
    let scene = Scene::new().await;
    let key = scene
        .server
        .key
        .clone()
        .unwrap_or_else(|| "a-key-that-nobody-needs".to_owned());
    let proxy = scene.proxy().await;
    proxy.always(
        "GET",
        "/indexes*",
        Fault::page(
            403,
            &format!("<html>denied: authorization: Bearer {key}</html>"),
        ),
    );
    let run = scene
        .reindex_through(&proxy)
        .arg("-vv")
        .env("MEILISEARCH_API_KEY", &key)
        .secret(&key);
    run.run().await.expect(1);
}

#[tokio::test]
async fn a_password_in_the_address_is_refused_and_not_repeated() {
    let scene = Scene::new().await;
    for address in [
        "http://reader:hunter2-hunter2@localhost:7700",
        "http://:hunter2-hunter2@localhost:7700/search",
    ] {
        scene
            .reindex_at(address)
            .secret("hunter2-hunter2")
            .run()
            .await
            .expect(2)
            .says(["password"]);
        let by_variable = scene
            .program()
            .args(["reindex", "--database", &scene.database_url()]);
        by_variable
            .env("MEILISEARCH_HOST", address)
            .secret("hunter2-hunter2")
            .run()
            .await
            .expect(2);
    }
}

#[tokio::test]
async fn a_key_with_a_control_character_is_refused_and_not_repeated() {
    let scene = Scene::new().await;
    let run = scene
        .reindex()
        .env("MEILISEARCH_API_KEY", "half-of-a-key\nother-half")
        .secret("half-of-a-key");
    run.run().await.expect(2);
}

#[tokio::test]
async fn a_key_out_of_a_file_is_trimmed() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let key = scene.server.key.clone().unwrap_or_default();
    let file = scene.path("the-key");
    std::fs::write(&file, format!("  {key}\r\n\n")).unwrap();
    scene
        .reindex()
        .without_env("MEILISEARCH_API_KEY")
        .arg("--api-key-file")
        .arg(&file)
        .succeeds()
        .await;
    scene
        .reindex()
        .env("MEILISEARCH_API_KEY", format!(" {key}\n"))
        .succeeds()
        .await;
}

#[tokio::test]
async fn a_key_file_that_is_not_there_is_named() {
    let scene = Scene::new().await;
    scene
        .reindex()
        .args(["--api-key-file", "/nowhere/the-key"])
        .run()
        .await
        .expect(2)
        .says(["/nowhere/the-key"]);
}

/// Over plain http to a host that is neither this machine nor in a private network: anybody on the way reads the key.
#[tokio::test]
async fn a_key_that_goes_out_in_the_clear_is_warned_of() {
    let server = StandIn::start().await;
    let world = FaultProxy::before(&server.url).await;
    let mut scene = Scene::new().await;
    scene.define_titles();
    let key = "a-key-that-nobody-needs";
    let run = |address: &str| {
        let run = scene
            .reindex_at(address)
            .env("HTTP_PROXY", world.url())
            .env("http_proxy", world.url());
        run.arg("--dry-run")
            .env("MEILISEARCH_API_KEY", key)
            .secret(key)
    };
    run("http://search.example.org:7700")
        .succeeds()
        .await
        .says(["http://", "key"]);
    for private in [
        "http://10.0.0.7:7700",
        "http://192.168.1.7",
        "http://bisan-meilisearch:7700",
    ] {
        let ended = run(private).run().await.expect(0);
        assert!(
            !ended.err.contains("clear") && !ended.err.contains("https"),
            "{private}: {}",
            ended.err
        );
    }
    assert!(world.seen().len() > 3);
}

/// What a process list shows of a program that is running.
fn command_line(pid: u32) -> Option<String> {
    let Ok(words) = std::fs::read(format!("/proc/{pid}/cmdline")) else {
        needs::missing(needs::LINUX, "/proc shows no command lines");
        return None;
    };
    Some(String::from_utf8(words).unwrap().replace('\0', " "))
}

/// Nobody can give the key as an option (`offline::no_option_takes_a_secret`), and the program hands it to nobody.
#[tokio::test]
async fn no_secret_is_in_the_process_list() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    let key = "a-key-that-nobody-needs";
    let proxy = scene.proxy().await;
    let hold = proxy.hold("GET", "*");
    let running = scene
        .reindex_through(&proxy)
        .env("MEILISEARCH_API_KEY", key)
        .start();
    hold.reached("the first request").await;
    if let Some(words) = command_line(running.pid()) {
        assert!(words.contains(" reindex "), "{words}");
        assert!(!words.contains(key), "{words}");
    }
    hold.release();
    running.ended().await.says_nothing_of(key);
}

/// In every command, as talkative as it gets, when it does well and when the server refuses the key.
#[tokio::test]
async fn no_command_gives_the_key_away() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    scene.reindex().run().await.expect(0);
    let wrong = "a-key-that-would-be-known-anywhere";
    let smoke = scene.path("smoke.json");
    std::fs::write(&smoke, r#"[{"q": "x", "min_hits": 0}]"#).unwrap();
    let smoke = format!("--smoke={}", smoke.display());
    let definitions = format!("--output-dir={}", scene.path("made").display());
    let commands: [&[&str]; 13] = [
        &["reindex", "--dry-run"],
        &["reindex"],
        &["sync", "--dry-run"],
        &["sync"],
        &["apply", "--yes"],
        &["verify"],
        &["explain", "articles", "3", "--q", "x"],
        &["status"],
        &["rollback", "--yes"],
        &["smoke", "--index", "articles", &smoke],
        &["doctor"],
        &["clean", "--yes"],
        &["key"],
    ];
    let proxy = scene.proxy().await;
    for command in commands {
        for form in ["human", "json"] {
            let talkative = |name: &str| {
                scene
                    .command(name)
                    .env("MEILISEARCH_HOST", proxy.url())
                    .args(command[1..].iter().copied())
                    .args([
                        "-vv",
                        "--output",
                        form,
                        "--log-format",
                        if form == "json" { "json" } else { "text" },
                    ])
            };
            // A command that stops at its options would give nothing away.
            talkative(command[0]).run().await.expect(0);
            // What rights a key needs is said without asking anybody.
            if scene.server.key.is_none() || command[0] == "key" {
                continue;
            }
            let before = proxy.seen().len();
            let refused = talkative(command[0])
                .env("MEILISEARCH_API_KEY", wrong)
                .secret(wrong)
                .run()
                .await;
            // Of what `doctor` finds wrong, it makes a list.
            refused.expect(if command[0] == "doctor" { 3 } else { 1 });
            let mut asked = proxy.seen().into_iter().skip(before);
            assert!(
                asked.any(|seen| seen.status == Some(403)),
                "{command:?} did not come as far as to use the key"
            );
        }
    }
    // Paths end up in the logs of servers and proxies.
    let key = scene.server.key.clone().unwrap_or_else(|| wrong.to_owned());
    for seen in proxy.seen() {
        let tells = seen.path.contains(&key) || seen.path.starts_with("/keys/");
        assert!(!tells, "{seen:?}");
    }
    scene
        .command("init")
        .args(["-vv", "--table", "articles", &definitions])
        .succeeds()
        .await;
}
