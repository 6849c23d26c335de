//! Readers search all the time; a reindex must be nothing to them.

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
    // The new generation has other documents and another number of them, so no part of it passes for one of both.
    scene.database.import(7, "another").await;
    scene
        .database
        .execute(
            "DELETE FROM articles WHERE id <= 2;
             INSERT INTO authors (name, created_at, updated_at) VALUES ('another', '2026-01-01', '2026-01-01')",
        )
        .await;
    mark(&scene, "new").await;
    let sizes = [[("old", 60), ("new", 65)], [("old", 10), ("new", 11)]];

    let searcher = searcher(&scene, ["articles", "authors"]);
    scene.reindex().run().await.expect(0);
    let rounds = searcher.stop().await;

    for (index, sizes) in sizes.iter().enumerate() {
        let answers: Vec<&str> = rounds
            .iter()
            .enumerate()
            .map(|(number, round)| {
                let whole = round[index].whole(sizes);
                whole.unwrap_or_else(|| panic!("answer {number}: {:?}", round[index]))
            })
            .collect();
        // First the old generation alone, then the new one alone; both were seen, and each once begun never ended by the other.
        let mut generations = answers.clone();
        generations.dedup();
        assert_eq!(generations, ["old", "new"], "of {} answers", answers.len());
    }
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
