//! A rebuild asks the provider of embeddings for nothing that the live index has already.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::wire::{Body, Canned, Head, Stream, stream_over};
use crate::support::{Scene, needs};

/// A provider that counts the texts that it embeds.
struct Provider {
    url: String,
    texts: Arc<AtomicU64>,
}

impl Provider {
    async fn start() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let texts = Arc::new(AtomicU64::new(0));
        let counted = texts.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(stream_over(client), counted.clone()));
            }
        });
        Provider { url, texts }
    }

    fn texts(&self) -> u64 {
        self.texts.load(Ordering::Relaxed)
    }

    fn settings(&self, template: &str) -> Value {
        json!({"embedders": {"titles": {
            "source": "rest", "url": self.url, "dimensions": 3, "documentTemplate": template,
            "request": {"input": ["{{text}}", "{{..}}"]},
            "response": {"data": [{"embedding": "{{embedding}}"}, "{{..}}"]},
        }}})
    }
}

async fn serve(mut client: Stream, counted: Arc<AtomicU64>) {
    while let Ok(Some(head)) = Head::read(&mut client).await {
        let Ok(body) = Body::of_request(&head).collect(&mut client).await else {
            return;
        };
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let texts = body["input"].as_array().cloned().unwrap_or_default();
        counted.fetch_add(texts.len() as u64, Ordering::Relaxed);
        let embedded = texts.iter().map(|text| {
            let letters = text.as_str().unwrap_or_default().len() as f64;
            json!({"embedding": [1.0, letters, 0.5]})
        });
        let answer = json!({"data": embedded.collect::<Vec<Value>>()});
        if Canned::json(200, &answer).send(&mut client).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_rebuild_embeds_what_has_changed_and_nothing_else() {
    let mut scene = Scene::sized(100, 3).await;
    if scene.server.has_controls() {
        return needs::missing(needs::EMBEDDERS, "the throw-away server has none");
    }
    if scene.api.minor().await < 10 {
        return needs::missing(needs::EMBEDDERS, "so old a server has no such provider");
    }
    let provider = Provider::start().await;
    let define = |scene: &mut Scene, template: &str| {
        let settings = provider.settings(template);
        scene.define(|definitions| {
            definitions
                .index("articles", "SELECT id, title, author_id FROM articles")
                .settings("articles", settings)
        });
    };
    define(&mut scene, "{{doc.title}}");
    let rebuilt = async |scene: &Scene| {
        let before = provider.texts();
        let report = scene.reindex().run().await.expect(0).report();
        let taken = report["indexes"][0]["vectors_taken"].as_u64().unwrap();
        (provider.texts() - before, taken)
    };
    assert_eq!(rebuilt(&scene).await, (100, 0));
    assert_eq!(rebuilt(&scene).await, (0, 100));
    scene
        .database
        .execute("UPDATE articles SET title = 'edited' WHERE id IN (5, 6)")
        .await;
    assert_eq!(rebuilt(&scene).await, (2, 98));
    scene.expect_in_step().await;
    // What was taken over is embedded again when it changes.
    scene
        .database
        .execute("UPDATE articles SET title = 'edited, too', updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = 7")
        .await;
    let before = provider.texts();
    scene.command("sync").run().await.expect(0);
    assert_eq!(provider.texts() - before, 1);
    // Another template is another text for each.
    define(&mut scene, "title: {{doc.title}}");
    assert_eq!(rebuilt(&scene).await, (100, 0));
}
