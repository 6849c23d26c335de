//! The vectors of live documents, for a build that would have every document embedded again.
//!
//! A provider of embeddings is paid by the text. Meilisearch asks it for no document that comes with its vectors, and it
//! keeps them current if `regenerate` stands beside them: a dump is read back in the same way.

use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::document::ids::DocumentId;
use crate::document::same::differs;
use crate::meilisearch::{MeilisearchError, Server};
use crate::spool::Line;

/// The field in which Meilisearch shows and takes vectors.
const FIELD: &str = "_vectors";

/// The live index of a build, and which of its vectors the build can have.
#[derive(Clone, Debug)]
pub struct LiveVectors {
    live_uid: String,
    /// The embedders that both have, with the same settings.
    embedders: Vec<String>,
}

impl LiveVectors {
    /// What a build can take from the live index; `None` where they have no embedder in common.
    ///
    /// # Errors
    /// Where the settings of one cannot be read.
    pub async fn look(
        server: &Server,
        live_uid: &str,
        build_uid: &str,
    ) -> Result<Option<LiveVectors>, MeilisearchError> {
        let build = server.settings(build_uid).await?;
        if embedders(&build).next().is_none() {
            return Ok(None);
        }
        let live = server.settings(live_uid).await?;
        let embedders = in_common(&live, &build);
        Ok((!embedders.is_empty()).then(|| LiveVectors {
            live_uid: live_uid.to_owned(),
            embedders,
        }))
    }

    /// Adds its vectors to each of the lines whose live document is the same; says to how many.
    ///
    /// # Errors
    /// Where the live documents cannot be read. Lines that have their vectors by then keep them.
    pub async fn add(&self, server: &Server, lines: &mut [Line]) -> Result<u64, MeilisearchError> {
        let (mut added, mut from) = (0, 0);
        while from < lines.len() {
            let ids: Vec<&str> = lines[from..].iter().map(|line| line.id.as_str()).collect();
            let found = server.documents_with_vectors(&self.live_uid, &ids).await?;
            let asked = found.asked.max(1);
            let mut documents = HashMap::new();
            for document in &found.documents {
                documents.extend(Fields::read(document));
            }
            for line in lines[from..].iter_mut().take(asked) {
                let vectors = documents
                    .get(&line.id)
                    .and_then(|fields| fields.vectors_for(&line.json, &self.embedders));
                if let Some(vectors) = vectors {
                    append(&mut line.json, &vectors);
                    added += 1;
                }
            }
            from += asked;
        }
        Ok(added)
    }
}

/// A live document without its vectors, and the vectors.
struct Fields {
    document: Box<RawValue>,
    vectors: HashMap<String, Box<RawValue>>,
}

impl Fields {
    /// By the id; `None` of a document without vectors.
    fn read(document: &RawValue) -> Option<(String, Fields)> {
        let mut fields: HashMap<String, Box<RawValue>> =
            serde_json::from_str(document.get()).ok()?;
        let vectors = serde_json::from_str(fields.remove(FIELD)?.get()).ok()?;
        let id = serde_json::from_str(fields.get("id")?.get()).ok()?;
        let id = DocumentId::from_json(&id).ok()?.to_string();
        let document = serde_json::value::to_raw_value(&fields).ok()?;
        Some((id, Fields { document, vectors }))
    }

    /// Those of these embedders, as JSON, where the line says what the document says. A vector that is not there is left to
    /// Meilisearch, which asks for it again.
    fn vectors_for(&self, line: &[u8], embedders: &[String]) -> Option<String> {
        if differs(line, &self.document) {
            return None;
        }
        let has_some = |vectors: &RawValue| {
            let vectors: Option<Map<String, Value>> = serde_json::from_str(vectors.get()).ok();
            let embeddings = vectors
                .as_ref()
                .and_then(|vectors| vectors.get("embeddings"));
            embeddings.is_some_and(|all| all.as_array().is_some_and(|all| !all.is_empty()))
        };
        let kept: HashMap<&String, &RawValue> = embedders
            .iter()
            .filter_map(|name| Some((name, self.vectors.get(name)?.as_ref())))
            .filter(|(_, vectors)| has_some(vectors))
            .collect();
        match kept.is_empty() {
            true => None,
            false => serde_json::to_string(&kept).ok(),
        }
    }
}

/// Makes the vectors the last field of a line.
fn append(line: &mut Vec<u8>, vectors: &str) {
    if line.ends_with(b"}\n") {
        line.truncate(line.len() - 2);
        line.extend_from_slice(format!(",\"{FIELD}\":{vectors}}}\n").as_bytes());
    }
}

fn embedders(settings: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    settings
        .get("embedders")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, embedder)| embedder.is_object())
}

/// The embedders that a server shows with the same settings for both: template, model, dimensions. A key does not change what
/// a provider answers, and is masked anyway.
fn in_common(live: &Map<String, Value>, build: &Map<String, Value>) -> Vec<String> {
    let without_key = |embedder: &Value| {
        let mut embedder = embedder.clone();
        if let Some(fields) = embedder.as_object_mut() {
            fields.remove("apiKey");
        }
        embedder
    };
    let live: HashMap<&String, Value> = embedders(live)
        .map(|(name, embedder)| (name, without_key(embedder)))
        .collect();
    embedders(build)
        .filter(|(name, embedder)| live.get(name) == Some(&without_key(embedder)))
        .map(|(name, _)| name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::meilisearch::testing::{Canned, json_answer};

    fn line(id: &str, json: Value) -> Line {
        Line {
            id: id.to_owned(),
            json: format!("{json}\n").into_bytes(),
        }
    }

    fn settings(embedders: Value) -> Map<String, Value> {
        let Value::Object(settings) = json!({ "embedders": embedders }) else {
            unreachable!()
        };
        settings
    }

    #[tokio::test]
    async fn a_document_that_is_the_same_keeps_its_vectors_and_no_other_does() {
        let mine = json!({"embeddings": [[0.25, -1.0]], "regenerate": true});
        let answer = json!({"results": [
            {"id": 1, "title": "same", "_vectors": {"mine": mine, "other": mine}},
            {"id": 2, "title": "before", "_vectors": {"mine": mine}},
            {"id": "c", "title": "no vector", "_vectors": {"mine": {"embeddings": [], "regenerate": true}}},
            {"id": "d", "title": "none"},
        ], "offset": 0, "limit": 5, "total": 4});
        let canned = Canned::replies([json_answer(200, answer)]).await;
        let vectors = LiveVectors {
            live_uid: "articles".to_owned(),
            embedders: vec!["mine".to_owned()],
        };
        let mut lines = [
            line("1", json!({"id": 1, "title": "same"})),
            line("2", json!({"id": 2, "title": "after"})),
            line("c", json!({"id": "c", "title": "no vector"})),
            line("d", json!({"id": "d", "title": "none"})),
            line("e", json!({"id": "e", "title": "new"})),
        ];
        let before = lines.clone();
        assert_eq!(vectors.add(&canned.server(), &mut lines).await.unwrap(), 1);
        let with: Value = serde_json::from_slice(&lines[0].json).unwrap();
        assert_eq!(
            with,
            json!({"id": 1, "title": "same", "_vectors": {"mine": mine}})
        );
        assert!(lines[0].json.starts_with(b"{\"id\":1,") && lines[0].json.ends_with(b"}\n"));
        assert_eq!(lines[1..], before[1..]);
        assert_eq!(canned.requests()[0].json()["retrieveVectors"], true);
    }

    #[test]
    fn vectors_of_another_template_are_not_taken() {
        let shown = |template: &str, key: &str| json!({"source": "rest", "documentTemplate": template, "apiKey": key});
        let live = settings(
            json!({"a": shown("{{doc.title}}", "sXXX"), "b": shown("{{doc.body}}", "s"), "gone": shown("", "")}),
        );
        let build = settings(
            json!({"a": shown("{{doc.title}}", "tXXX"), "b": shown("{{doc.title}}", "s"), "new": shown("", "")}),
        );
        assert_eq!(in_common(&live, &build), ["a"]);
        assert!(in_common(&live, &settings(json!({}))).is_empty());
    }
}
