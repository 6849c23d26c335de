//! The progress that the server reports for its batches. From 1.12 on; older servers report none.

use serde::Deserialize;
use serde_json::Value;

use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::server::Server;

/// What a batch says about its progress. The names of the steps differ between versions: they are shown, never read.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchProgress {
    pub batch: u64,
    /// 0 to 100.
    pub percent: f32,
    /// The innermost step with its count, like `extracting words (1200 of 5208)`.
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
            step: progress.steps.last().and_then(step),
        })
    }
}

fn step(step: &Value) -> Option<String> {
    let name = super::error::cut(step.get("currentStep")?.as_str()?, 80);
    match (
        step.get("finished").and_then(Value::as_u64),
        step.get("total").and_then(Value::as_u64),
    ) {
        (Some(finished), Some(total)) if total > 1 => {
            Some(format!("{name} ({finished} of {total})"))
        }
        _ => Some(name),
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
                {"currentStep": "extracting words", "finished": 1200, "total": 5208}
            ], "percentage": 12.5},
            "stats": {}
        }))
        .unwrap();
        let expected = BatchProgress {
            batch: 7,
            percent: 12.5,
            step: Some("extracting words (1200 of 5208)".into()),
        };
        assert_eq!(batch.progress(), Some(expected));
    }

    #[test]
    fn a_batch_without_progress_is_none() {
        let batch: Batch = serde_json::from_value(json!({"uid": 7, "progress": null})).unwrap();
        assert_eq!(batch.progress(), None);
    }
}
