//! Readers search all the time; a reindex must be nothing to them.

use crate::support::searcher::Glimpse;
use crate::support::{Scene, Searcher, ServerOptions};

/// Every article's title and every author's name begin with one word, which is how a hit shows its generation.
pub async fn mark(scene: &Scene, word: &str) {
    scene
        .database
        .execute(&format!(
            "UPDATE articles SET title = '{word} ' || id; UPDATE authors SET name = '{word} ' || id"
        ))
        .await;
}

pub fn searcher(scene: &Scene, order: [&'static str; 2]) -> Searcher {
    let field = |name: &&str| if *name == "articles" { "title" } else { "name" };
    Searcher::ask(
        scene.api.clone(),
        order
            .iter()
            .map(|name| (scene.uid(name), field(name)))
            .collect(),
    )
}

async fn every_answer_is_whole(options: ServerOptions) {
    let scene = Scene::with(
        bisan_indexer::sample::Sample {
            articles: 60,
            authors: 10,
            mean_words: 25,
        },
        options,
    )
    .await;
    mark(&scene, "old").await;
    scene.already_live().await;
    mark(&scene, "new").await;

    let searcher = searcher(&scene, ["articles", "authors"]);
    scene.reindex().run().await.expect(0);
    let rounds = searcher.stop().await;

    let mut seen = Vec::new();
    for (position, glimpse) in rounds.iter().flatten().enumerate() {
        let Some(generation) = glimpse.generation() else {
            panic!("answer {position}: {glimpse:?}")
        };
        seen.push(generation);
    }
    let articles: Vec<&Glimpse> = rounds.iter().map(|round| &round[0]).collect();
    let of = |word: &str| {
        articles
            .iter()
            .filter(|glimpse| glimpse.generation() == Some(word))
            .count()
    };
    assert!(of("old") > 0, "the searcher began too late to see anything");
    assert_eq!(of("old") + of("new"), articles.len());
    // Once the new generation was seen, the old one never is again.
    let first_new = articles
        .iter()
        .position(|glimpse| glimpse.generation() == Some("new"));
    let back = articles
        .iter()
        .skip(first_new.unwrap_or(articles.len()))
        .any(|glimpse| glimpse.generation() == Some("old"));
    assert!(!back, "the old generation came back: {seen:?}");
    scene.expect_in_step().await;
}

#[tokio::test]
async fn a_searcher_gets_hits_of_one_whole_generation_all_along() {
    every_answer_is_whole(ServerOptions::default()).await;
}

#[tokio::test]
async fn the_same_holds_on_the_version_that_production_runs() {
    every_answer_is_whole(ServerOptions {
        like_1_5: true,
        ..ServerOptions::default()
    })
    .await;
}

#[tokio::test]
async fn the_same_holds_on_a_server_that_asks_for_no_key() {
    every_answer_is_whole(ServerOptions {
        open: true,
        ..ServerOptions::default()
    })
    .await;
}
