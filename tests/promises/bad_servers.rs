//! Servers, proxies and networks as they are.

use serde_json::{Value, json};

use crate::support::scene::CHECKPOINTS;
use crate::support::wire::Canned;
use crate::support::{Api, Fault, Scene, ServerOptions, eventually};

#[tokio::test]
async fn a_wrong_key_fails_at_once() {
    let scene = Scene::new().await;
    let before = scene.already_live().await;
    let proxy = scene.proxy().await;
    scene
        .reindex_through(&proxy)
        .env("MEILISEARCH_API_KEY", "not-the-key-at-all")
        .secret("not-the-key-at-all")
        .run()
        .await
        .expect(1)
        .says(["key"]);
    // Several questions may find it out; none is asked twice, since a key does not become right by asking again.
    let mut refused: Vec<String> = proxy
        .seen()
        .into_iter()
        .filter(|seen| seen.status == Some(403))
        .map(|seen| seen.path)
        .collect();
    let all = refused.len();
    refused.sort();
    refused.dedup();
    assert_eq!(refused.len(), all, "{:?}", proxy.seen());
    assert_eq!(scene.live().await, before);
}

#[tokio::test]
async fn no_key_where_one_is_needed_says_where_it_comes_from() {
    let scene = Scene::new().await;
    scene
        .reindex()
        .without_env("MEILISEARCH_API_KEY")
        .run()
        .await
        .expect(1)
        .says(["MEILISEARCH_API_KEY"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_with_its_address() {
    let scene = Scene::new().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    scene
        .reindex_at(&format!("http://{nobody}"))
        .run()
        .await
        .expect(1)
        .says([nobody.to_string().as_str()]);
}

#[tokio::test]
async fn something_else_at_that_address_is_told_from_meilisearch() {
    let scene = Scene::new().await;
    let proxy = scene.proxy().await;
    proxy.always(
        "GET",
        "*",
        Fault::json(200, &json!({"hello": "I am no Meilisearch"})),
    );
    proxy.always(
        "POST",
        "*",
        Fault::json(200, &json!({"hello": "I am no Meilisearch"})),
    );
    scene.reindex_through(&proxy).run().await.expect(1).says([
        "this is no answer of Meilisearch",
        "Check the address and its path",
    ]);
}

/// A write that is sent on can arrive as a read.
#[tokio::test]
async fn an_address_that_only_points_elsewhere_is_answered_with_the_right_one() {
    let scene = Scene::new().await;
    let proxy = scene.proxy().await;
    proxy.always("GET", "*", Fault::redirect("https://search.example.org/"));
    proxy.always("POST", "*", Fault::redirect("https://search.example.org/"));
    scene
        .reindex_through(&proxy)
        .run()
        .await
        .expect(1)
        .says(["https://search.example.org/"]);
}

#[tokio::test]
async fn a_413_of_a_proxy_halves_the_batch_and_is_remembered() {
    let mut scene = Scene::sized(120, 4).await;
    scene.define(|definitions| {
        definitions.index("articles", "SELECT id, title, body FROM articles")
    });
    let proxy = scene.proxy().await;
    proxy.limit_bodies(20_000);
    let ended = scene
        .reindex_through(&proxy)
        .succeeds()
        .await
        .says(["proxy", "bytes"]);
    let warnings = ended.err.lines().filter(|line| line.contains("too many"));
    assert_eq!(
        warnings.count(),
        1,
        "said once:
{}",
        ended.err
    );
    let uploads: Vec<_> = proxy
        .seen()
        .into_iter()
        .filter(|seen| seen.path.contains("articles_"))
        .collect();
    let refused = uploads
        .iter()
        .filter(|seen| seen.status == Some(413))
        .count();
    let taken = uploads
        .iter()
        .filter(|seen| seen.status == Some(202))
        .count();
    assert!(
        taken > refused,
        "{refused} uploads were refused and {taken} taken"
    );
    scene.expect_in_step().await;
}

#[tokio::test]
async fn a_413_of_the_server_itself_halves_the_batch_too() {
    let options = ServerOptions {
        payload_limit: Some(20_000),
        ..ServerOptions::default()
    };
    let Some(mut scene) = Scene::on_own_server(options).await else {
        return;
    };
    scene.define(|definitions| {
        definitions.index("articles", "SELECT id, title, body FROM articles")
    });
    scene
        .database
        .execute("UPDATE articles SET body = printf('%.5000c', 'x')")
        .await;
    scene
        .reindex()
        .succeeds()
        .await
        .says(["Meilisearch", "size limit"]);
    scene.expect_in_step().await;
}

#[tokio::test]
async fn one_document_that_is_too_large_is_named_with_its_id_and_size() {
    let mut scene = Scene::new().await;
    scene.define(|definitions| {
        definitions.index("articles", "SELECT id, title, body FROM articles")
    });
    let before = scene.already_live().await;
    scene
        .database
        .execute("UPDATE articles SET body = printf('%.50000c', 'x') WHERE id = 7")
        .await;
    let proxy = scene.proxy().await;
    proxy.limit_bodies(20_000);
    scene
        .reindex_through(&proxy)
        .run()
        .await
        .expect(1)
        .says(["articles", "7", "50"]);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

#[tokio::test]
async fn an_answer_of_html_is_shown_as_what_it_is() {
    let scene = Scene::new().await;
    let proxy = scene.proxy().await;
    let page = format!("<html>{}</html>", "a login page ".repeat(1000));
    proxy.always("GET", "/indexes*", Fault::page(404, &page));
    let ended = scene
        .reindex_through(&proxy)
        .run()
        .await
        .expect(1)
        .says(["404", "/indexes"]);
    assert!(ended.err.len() < 5_000, "{} bytes of it", ended.err.len());
    ended.says_nothing_of("expected value at line");
}

#[tokio::test]
async fn a_429_and_a_503_are_waited_out() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    for fault in [Fault::too_many_requests(1), Fault::unavailable()] {
        let proxy = scene.proxy().await;
        proxy.times(2, "POST", "/indexes/articles_*/documents", fault);
        scene.reindex_through(&proxy).run().await.expect(0);
        scene.expect_in_step().await;
    }
}

/// It does not heal by asking again, and the disk that is meant is not full.
#[tokio::test]
async fn a_full_task_database_is_not_asked_again() {
    let scene = Scene::new().await;
    let before = scene.already_live().await;
    let proxy = scene.proxy().await;
    let full = Fault::meilisearch(422, "no_space_left_on_device", "The disk is full.");
    proxy.always("POST", "/indexes/*articles_*/documents", full);
    scene
        .reindex_through(&proxy)
        .run()
        .await
        .expect(1)
        .says(["task database is full", "DELETE /tasks"]);
    assert_eq!(proxy.count("POST", "/indexes/*articles_*/documents"), 1);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

#[tokio::test]
async fn an_upload_whose_answer_was_lost_is_sent_again() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    for fault in [
        Fault::LoseAnswer,
        Fault::CutBefore,
        Fault::CutInBody,
        Fault::gateway_timeout_after_delivery(),
    ] {
        let proxy = scene.proxy().await;
        proxy.once("POST", "/indexes/articles_*/documents", fault);
        scene.reindex_through(&proxy).run().await.expect(0);
        scene.expect_in_step().await;
    }
    scene.expect_nothing_left_over(1, &[]).await;
}

/// Whatever became of the request: swapped once and not back.
#[tokio::test]
async fn a_swap_whose_answer_was_lost_is_found_out_about() {
    let mut scene = Scene::new().await;
    scene.define_titles();
    scene.already_live().await;
    for (fault, swaps) in [
        (Fault::LoseAnswer, 1),
        (Fault::gateway_timeout_after_delivery(), 1),
        (Fault::CutBefore, 2),
        (Fault::CutInBody, 2),
        (Fault::bad_gateway(), 2),
    ] {
        let before = scene.live().await;
        scene.database.save_title(2, "after the swap").await;
        let proxy = scene.proxy().await;
        proxy.once("POST", "/swap-indexes", fault);
        scene.reindex_through(&proxy).run().await.expect(0);
        assert_eq!(proxy.count("POST", "/swap-indexes"), swaps);
        let uid = scene.uid("articles");
        assert_ne!(scene.live().await.created_at(&uid), before.created_at(&uid));
        scene.expect_in_step().await;
        scene.expect_nothing_left_over(1, &[]).await;
    }
}

/// A server that is killed between making a swap and noting it makes it again at its next start, which undoes it, and
/// calls that a success.
#[tokio::test]
async fn a_swap_that_a_restart_undid_is_made_again() {
    let scene = Scene::new().await;
    let before = scene.already_live().await;
    scene.database.save_title(2, "after the swap").await;
    let proxy = scene.proxy().await;
    let swap = proxy.hold_answer("POST", "/swap-indexes");
    let running = scene.reindex_through(&proxy).start();
    swap.reached("the swap").await;
    eventually("the swap is made", async || {
        (scene.live().await != before).then_some(())
    })
    .await;
    let mut pairs = Vec::new();
    for name in ["articles", "authors"] {
        let build = scene.generations(name).await.remove(0);
        pairs.push(json!({"indexes": [scene.uid(name), build]}));
    }
    scene
        .api
        .succeed("POST", "/swap-indexes", Some(json!(pairs)))
        .await;
    assert_eq!(scene.live().await, before);
    swap.release();
    running.ended().await.expect(0);
    assert_eq!(proxy.count("POST", "/swap-indexes"), 2);
    assert_ne!(scene.live().await, before);
    scene.expect_in_step().await;
    scene.expect_nothing_left_over(1, &[]).await;
}

/// Servers clear away ended tasks at a million, and people do at any time: that is no success and no failure.
#[tokio::test]
async fn tasks_that_somebody_cleared_away_are_judged_by_their_effect() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.already_live().await;
    for (title, good) in [("all there", true), ("one lost", false)] {
        let before = scene.live().await;
        scene.database.save_title(2, title).await;
        let proxy = scene.proxy().await;
        let upload = proxy.hold_answer("POST", "/indexes/articles_*/documents");
        let running = scene.reindex_through(&proxy).start();
        upload.reached("the articles' upload").await;
        let build = scene.generations("articles").await.pop().unwrap();
        eventually("the documents are indexed", async || {
            (scene.api.count(&build).await == 12).then_some(())
        })
        .await;
        if !good {
            // What a crash of the server costs now and then: the task was there, and its documents are not.
            let everything = format!("/indexes/{build}/documents");
            scene.api.succeed("DELETE", &everything, None).await;
        }
        let ended = "/tasks?statuses=succeeded,failed,canceled";
        scene.api.succeed("DELETE", ended, None).await;
        upload.release();
        let ended = running.ended().await;
        if good || ended.status.code() == Some(0) {
            // The catch-up round finds what is missing by its ids, where the counts differ.
            ended.expect(0).says(["task"]);
            scene.expect_in_step().await;
        } else {
            ended.expect(3);
            assert_eq!(scene.live().await, before);
        }
        scene.expect_nothing_left_over(1, &[]).await;
    }
}

/// The server makes another thing of the upload than it was told, as a bug of its own would.
#[tokio::test]
async fn a_failed_task_leaves_the_live_index_untouched() {
    let scene = Scene::new().await;
    let before = scene.already_live().await;
    let proxy = scene.proxy().await;
    proxy.once(
        "POST",
        "/indexes/articles_*/documents",
        Fault::Rewrite {
            from: "\"id\":7,",
            to: "\"id\":\"7 8\",",
        },
    );
    scene.reindex_through(&proxy).run().await.expect(1).says([
        "articles",
        "invalid_document_id",
        "7 8",
        "1",
        "12",
    ]);
    assert_eq!(scene.live().await, before);
    scene.expect_nothing_left_over(0, &[]).await;
}

#[tokio::test]
async fn a_cancelled_task_ends_the_run_and_is_told_with_who_cancelled_it() {
    let Some(scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    let before = scene.already_live().await;
    let proxy = scene.proxy().await;
    let upload = proxy.hold("POST", "/indexes/articles_*/documents");
    let running = scene.reindex_through(&proxy).start();
    upload.reached("the first upload").await;

    let busy = scene.busy().await;
    let build = scene.generations("articles").await.remove(0);
    let its_upload = format!("types=documentAdditionOrUpdate&indexUids={build}");
    upload.release();
    scene.api.until_wait(1, &its_upload).await;
    let cancel = format!("/tasks/cancel?{its_upload}");
    let cancel = scene.api.ask("POST", &cancel, None).await.expect(200);
    busy.over().await;
    let cancel = scene.api.ended(cancel["taskUid"].as_u64().unwrap()).await;
    assert_eq!(cancel["details"]["canceledTasks"], 1, "{cancel}");

    running.ended().await.expect(1).says(["cancel", "articles"]);
    assert_eq!(scene.live().await, before);
    scene
        .expect_nothing_left_over(0, &["of-somebody-else"])
        .await;
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_is_waited_for() {
    for route in ["/indexes/articles_*/documents", "/indexes", "/swap-indexes"] {
        let Some(mut scene) = Scene::on_own_server(ServerOptions::default()).await else {
            return;
        };
        scene.define_titles();
        scene.already_live().await;
        scene
            .database
            .save_title(4, "while the server was down")
            .await;
        let proxy = scene.proxy().await;
        let hold = proxy.hold_answer("POST", route);
        let running = scene.reindex_through(&proxy).start();
        hold.reached(route).await;
        scene.server.kill().await;
        hold.release();
        scene.server.start_again().await;
        running.ended().await.expect(0);
        scene.expect_in_step().await;
        scene.expect_nothing_left_over(1, &[]).await;
    }
}

#[tokio::test]
async fn a_server_behind_a_sub_path_is_reached() {
    let scene = Scene::new().await;
    let proxy = crate::support::FaultProxy::under("/search", &scene.server.url).await;
    scene.reindex_through(&proxy).run().await.expect(0);
    scene.expect_in_step().await;
    scene
        .reindex_at(&format!("{}/", proxy.url()))
        .succeeds()
        .await;
}

/// A proxy for the outside world knows nothing of this machine's own ports.
#[tokio::test]
async fn loopback_never_goes_through_http_proxy() {
    let scene = Scene::new().await;
    let world = scene.proxy().await;
    let proxy = world.url();
    let run = scene
        .reindex()
        .env("HTTP_PROXY", &proxy)
        .env("http_proxy", &proxy)
        .env("ALL_PROXY", &proxy);
    run.run().await.expect(0);
    assert!(world.seen().is_empty(), "{:?}", world.seen());
}

#[tokio::test]
async fn a_key_that_may_only_see_these_indexes_is_enough() {
    for like_1_5 in [false, true] {
        let Some(scene) = Scene::on_own_server(ServerOptions {
            like_1_5,
            ..ServerOptions::default()
        })
        .await
        else {
            return;
        };
        let key = json!({
            "actions": ["indexes.create", "indexes.get", "indexes.delete", "indexes.swap", "documents.add", "documents.get",
                        "documents.delete", "settings.get", "settings.update", "tasks.get", "tasks.cancel", "stats.get", "search"],
            "indexes": ["articles*", "authors*", "bisan_indexer_checkpoints"],
            "expiresAt": null,
        });
        let key = scene.api.post("/keys", key).await.expect(201)["key"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            Api::new(&scene.server.url, Some(&key))
                .get("/indexes")
                .await
                .status,
            200
        );
        for _ in 0..3 {
            scene
                .reindex()
                .env("MEILISEARCH_API_KEY", &key)
                .secret(&key)
                .succeeds()
                .await;
            scene.expect_in_step().await;
        }
        scene.expect_nothing_left_over(1, &[]).await;
    }
}

/// A run whose key may do everything but make its work live would be told so after all has been indexed.
#[tokio::test]
async fn a_key_that_is_not_enough_is_refused_before_anything_is_begun() {
    let scene = Scene::new().await;
    let patterns = ["articles*", "authors*", "bisan_indexer_checkpoints"];
    let patterns: Vec<String> = patterns
        .iter()
        .map(|pattern| match pattern.strip_suffix('*') {
            Some(name) => format!("{}*", scene.uid(name)),
            None => (*pattern).to_owned(),
        })
        .collect();
    let actions = [
        "indexes.create",
        "indexes.get",
        "indexes.delete",
        "documents.add",
        "documents.get",
        "documents.delete",
        "settings.get",
        "settings.update",
        "tasks.get",
        "search",
    ];
    let before = scene.api.get("/tasks?limit=1").await.expect(200)["total"].clone();
    let key = json!({"actions": actions, "indexes": patterns, "expiresAt": null});
    let key = scene.api.post("/keys", key).await.expect(201);
    let key = key["key"].as_str().unwrap();
    for words in [&[][..], &["--dry-run"]] {
        let run = scene
            .reindex()
            .env("MEILISEARCH_API_KEY", key)
            .args(words.iter().copied())
            .run()
            .await;
        run.expect(1)
            .says(["may not do indexes.swap; nothing was begun", "key --create"]);
    }
    let after = scene.api.get("/tasks?limit=1").await.expect(200)["total"].clone();
    assert_eq!(before, after);
}

/// The newest task of this kind, as the list of tasks would have it had it failed.
async fn as_if_failed(scene: &Scene, kind: &str, code: &str) -> Value {
    let path = format!("/tasks?limit=1&types={kind}");
    let mut tasks = scene.api.get(&path).await.expect(200);
    let task = tasks["results"][0]["uid"].as_u64().unwrap();
    tasks["results"][0] = scene.api.ended(task).await;
    tasks["results"][0]["status"] = json!("failed");
    tasks["results"][0]["error"] =
        json!({"message": code, "code": code, "type": "invalid_request", "link": ""});
    tasks
}

/// A server that is killed between making an index and noting that it has runs the task again, which fails then.
#[tokio::test]
async fn an_index_whose_creation_was_run_twice_is_known_for_our_own() {
    let Some(mut scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.define_titles();
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold_answer("POST", "/indexes");
    let running = scene.reindex_through(&proxy).start();
    hold.reached("the creation of the build").await;
    let failed = as_if_failed(&scene, "indexCreation", "index_already_exists").await;
    proxy.once("GET", "/tasks", Fault::json(200, &failed));
    hold.release();
    running.ended().await.expect(0);
    scene.expect_nothing_left_over(1, &[]).await;
}

/// The second time, there is nothing to delete any more.
#[tokio::test]
async fn a_deletion_that_was_run_twice_is_nothing_to_warn_of() {
    let Some(mut scene) = Scene::on_own_server(ServerOptions::default()).await else {
        return;
    };
    scene.define_titles();
    scene.already_live().await;
    let proxy = scene.proxy().await;
    let hold = proxy.hold_answer("DELETE", "/indexes/articles_*");
    let reindex = scene.reindex_through(&proxy).args(["--retain", "0"]);
    let running = reindex.start();
    hold.reached("the deletion of the former generation").await;
    let failed = as_if_failed(&scene, "indexDeletion", "index_not_found").await;
    proxy.once("GET", "/tasks", Fault::json(200, &failed));
    hold.release();
    let report = running.ended().await.expect(0).report();
    assert_eq!(report["warnings"], json!([]), "{report}");
    scene.expect_nothing_left_over(0, &[]).await;
}

/// The same answer where another program has made it, before ours was asked for or after that.
#[tokio::test]
async fn an_index_that_somebody_else_made_under_the_uid_of_a_build_is_left_alone() {
    for waits in [false, true] {
        let mut scene = Scene::new().await;
        scene.define_titles();
        scene.already_live().await;
        let proxy = scene.proxy().await;
        let hold = proxy.hold("POST", "/indexes");
        let running = scene.reindex_through(&proxy).start();
        hold.reached("the creation of the build").await;
        let records = scene.api.documents(CHECKPOINTS).await;
        let is_begun = |record: &&Value| {
            record["live_uid"] == scene.uid("articles") && record["created_at"].is_null()
        };
        let record = records.iter().find(is_begun);
        let record = record.unwrap_or_else(|| panic!("{records:?}"));
        let build = record["build_uid"].as_str().unwrap();
        let busy = match waits {
            true => Some(scene.busy().await),
            false => None,
        };
        let theirs = json!({"uid": build, "primaryKey": "id"});
        let theirs = scene.api.post("/indexes", theirs).await.expect(202);
        if !waits {
            scene.api.ended(theirs["taskUid"].as_u64().unwrap()).await;
        }
        hold.release();
        if let Some(busy) = busy {
            proxy.waits_for_tasks().await;
            busy.over().await;
        }
        running.ended().await.expect(4).says([build]);
        assert!(scene.api.index(build).await.is_some(), "{waits}");
        let records = scene.api.documents(CHECKPOINTS).await;
        assert!(!records.iter().any(|one| one["build_uid"] == build));
    }
}

/// Another program deletes an index while a 1.5 lists them all: the whole list fails for that one.
#[tokio::test]
async fn a_list_that_fails_for_an_index_that_goes_meanwhile_is_asked_for_again() {
    let scene = Scene::new().await;
    scene.already_live().await;
    for command in ["reindex", "status"] {
        let proxy = scene.proxy().await;
        let gone = json!({
            "message": "Index `of_somebody_else` not found.", "code": "index_not_found",
            "type": "invalid_request", "link": "https://docs.meilisearch.com/errors#index_not_found"
        });
        let answer = Canned::json(404, &gone);
        proxy.times(2, "GET", "/indexes", Fault::Answer(answer));
        let program = scene.command(command);
        let program = program.env("MEILISEARCH_HOST", proxy.url());
        program.run().await.expect(0);
        let lists = proxy.seen();
        let lists = lists.iter().filter(|seen| seen.path == "/indexes").count();
        assert!(lists > 2, "{command} asked for {lists} lists");
    }
}
