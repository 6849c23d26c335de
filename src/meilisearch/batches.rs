//! The progress that the server reports for its batches. From 1.12 on; older servers report none.

use serde::Deserialize;
use serde_json::Value;

use crate::figures::grouped;
use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::server::Server;

/// What a batch says about its progress. The names of the steps differ between versions: they are shown, never read.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchProgress {
    pub batch: u64,
    /// 0 to 100.
    pub percent: f32,
    /// The innermost step with its count, like `extracting words: 1,200 of 5,208 documents`.
    pub step: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    results: Vec<Batch>,
}

#[derive(Deserialize)]
struct Batch {
    uid: u64,
    #[serde(default)]
    progress: Option<Progress>,
}

#[derive(Deserialize)]
struct Progress {
    #[serde(default)]
    percentage: f32,
    #[serde(default)]
    steps: Vec<Value>,
}

impl Server {
    /// The progress of the batch that is being worked on; none if there is none, or if this server doesn't tell.
    ///
    /// For display and as a sign of life. A key that is limited to index patterns may miss single batches.
    pub async fn batch_progress(&self) -> Result<Option<BatchProgress>, MeilisearchError> {
        if !self.has_batches() {
            return Ok(None);
        }
        match self
            .get::<Page>("/batches?statuses=processing&limit=1")
            .await
        {
            Ok(page) => Ok(page.results.into_iter().next().and_then(Batch::progress)),
            Err(error) if error.is_missing_route() || error.is_forbidden() => {
                self.note_no_batches();
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl Batch {
    fn progress(self) -> Option<BatchProgress> {
        let progress = self.progress?;
        Some(BatchProgress {
            batch: self.uid,
            percent: progress.percentage,
            step: in_words(&progress.steps),
        })
    }
}

/// The innermost step that is an action, with the count of what it works on, which the server gives as a step of its own:
/// `extracting words` within which 1,200 of 5,208 are `document`.
fn in_words(steps: &[Value]) -> Option<String> {
    let name = |step: &Value| Some(super::error::cut(step.get("currentStep")?.as_str()?, 80));
    let number = |step: &Value, key: &str| step.get(key).and_then(Value::as_u64);
    let (last, before) = steps.split_last()?;
    let item = name(last)?;
    let counts = number(last, "finished").zip(number(last, "total"));
    match (before.last().and_then(name), counts) {
        (Some(action), Some((finished, total))) if total > 1 && !item.contains(' ') => {
            let (finished, total) = (grouped(finished), grouped(total));
            Some(format!("{action}: {finished} of {total} {item}s"))
        }
        _ => Some(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_innermost_step_is_shown() {
        let batch: Batch = serde_json::from_value(json!({
            "uid": 7,
            "progress": {"steps": [
                {"currentStep": "processing tasks", "finished": 0, "total": 2},
                {"currentStep": "extracting words", "finished": 3, "total": 9},
                {"currentStep": "document", "finished": 1200, "total": 5208}
            ], "percentage": 12.5},
            "stats": {}
        }))
        .unwrap();
        let expected = BatchProgress {
            batch: 7,
            percent: 12.5,
            step: Some("extracting words: 1,200 of 5,208 documents".into()),
        };
        assert_eq!(batch.progress(), Some(expected));
    }

    #[test]
    fn a_step_that_nothing_is_counted_in_is_its_name() {
        let steps = [
            json!({"currentStep": "processing tasks", "finished": 0, "total": 2}),
            json!({"currentStep": "waiting for extractors", "finished": 11, "total": 20}),
        ];
        assert_eq!(in_words(&steps), Some("waiting for extractors".into()));
        assert_eq!(in_words(&[]), None);
    }

    #[test]
    fn a_batch_without_progress_is_none() {
        let batch: Batch = serde_json::from_value(json!({"uid": 7, "progress": null})).unwrap();
        assert_eq!(batch.progress(), None);
    }
}
