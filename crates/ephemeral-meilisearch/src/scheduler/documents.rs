//! Batches that write documents or settings into one index.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use milli_core::Index;
use serde_json::{Map, Value};

use super::{Done, Halt, Run, step};
use crate::documents;
use crate::engine::{self, Operation, Outcome};
use crate::error::ApiError;
use crate::like::{Feature, Like};
use crate::tasks::{Kind, Task};

impl Run<'_> {
    pub(super) fn write_documents(&mut self, index: &Index) -> Done {
        step(&self.started.progress, "indexing documents");
        let mut primary_key = None;
        let mut payloads = Vec::new();
        let mut deletions: Vec<Vec<String>> = Vec::new();
        let mut planned = Vec::new();
        for task in self.tasks.iter() {
            match &task.kind {
                Kind::DocumentAddition {
                    payload,
                    replace,
                    primary_key: key,
                    skip_creation,
                    ..
                } => {
                    primary_key = primary_key.or(key.clone());
                    let file = File::open(self.state.payloads.join(payload))?;
                    let file = match skip_creation {
                        true => only_known(index, &file, &self.state.payloads)?,
                        false => file,
                    };
                    planned.push(Planned::Payload {
                        at: payloads.len(),
                        replace: *replace,
                    });
                    payloads.push(engine::map(&file)?);
                }
                Kind::DocumentDeletion { ids, .. } => {
                    planned.push(Planned::Deletion(deletions.len()));
                    deletions.push(ids.clone());
                }
                Kind::DocumentDeletionByFilter { filter, .. } => {
                    let rtxn = index.read_txn()?;
                    let found = documents::filtered(index, &rtxn, filter)?;
                    planned.push(Planned::Deletion(deletions.len()));
                    deletions.push(if found.is_empty() {
                        Vec::new()
                    } else {
                        documents::external_ids(index, &rtxn, found)?
                    });
                }
                _ => planned.push(Planned::Nothing),
            }
        }
        let deletions: Vec<Vec<&str>> = deletions
            .iter()
            .map(|ids| ids.iter().map(String::as_str).collect())
            .collect();
        let operations: Vec<Operation<'_>> = planned
            .iter()
            .filter_map(|planned| match planned {
                Planned::Payload { at, replace: true } => Some(Operation::Replace(&payloads[*at])),
                Planned::Payload { at, replace: false } => Some(Operation::Update(&payloads[*at])),
                Planned::Deletion(at) => Some(Operation::Delete(&deletions[*at])),
                Planned::Nothing => None,
            })
            .collect();

        let queue = &self.state.queue;
        let outcomes = self
            .state
            .engine
            .write_documents(
                index,
                primary_key.as_deref(),
                &operations,
                &|| queue.interrupted(),
                &self.started.progress,
            )
            .map_err(|error| self.failed(error))?;
        let written = self.tasks.iter_mut().zip(&planned);
        let written = written
            .filter(|(_, planned)| !matches!(planned, Planned::Nothing))
            .map(|(task, _)| task);
        written
            .zip(outcomes)
            .for_each(|(task, outcome)| report(task, outcome, self.state.like));
        Ok(())
    }

    pub(super) fn delete_documents(&mut self, index: &Index) -> Done {
        step(&self.started.progress, "deleting documents");
        let rtxn = index.read_txn()?;
        let known = index.external_documents_ids();
        let mut all = roaring::RoaringBitmap::new();
        for task in self.tasks.iter_mut() {
            let before = all.len();
            match &task.kind {
                Kind::DocumentDeletion { ids, .. } => {
                    for id in ids {
                        all.extend(known.get(&rtxn, id)?);
                    }
                }
                Kind::DocumentDeletionByFilter { filter, .. } => {
                    match documents::filtered(index, &rtxn, filter) {
                        Ok(found) => all |= found,
                        Err(error) => {
                            task.fail(error);
                            continue;
                        }
                    }
                }
                _ => continue,
            }
            task.count("deletedDocuments", all.len() - before);
            task.succeed();
        }
        if all.is_empty() {
            return Ok(());
        }
        let ids = documents::external_ids(index, &rtxn, all)?;
        drop(rtxn);
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let queue = &self.state.queue;
        self.state
            .engine
            .write_documents(
                index,
                None,
                &[Operation::Delete(&ids)],
                &|| queue.interrupted(),
                &self.started.progress,
            )
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    pub(super) fn clear(&mut self) -> Done {
        let index = match self
            .tasks
            .iter()
            .any(|task| matches!(task.kind, Kind::DocumentAddition { .. }))
        {
            true => self.index_to_write()?,
            false => self.existing_index()?,
        };
        let mut removed = self
            .state
            .engine
            .clear(&index)
            .map_err(|error| self.failed(error))?;
        for task in self.tasks.iter_mut() {
            if matches!(task.kind, Kind::DocumentClear { .. }) {
                // The first one finds all documents, the others none.
                task.count("deletedDocuments", removed);
                removed = 0;
            }
            task.succeed();
        }
        Ok(())
    }

    pub(super) fn write_settings(&mut self, index: &Index) -> Done {
        step(&self.started.progress, "processing settings");
        let updates: Vec<&Map<String, Value>> = self
            .tasks
            .iter()
            .filter_map(|task| match &task.kind {
                Kind::Settings { settings, .. } => Some(settings),
                _ => None,
            })
            .collect();
        let queue = &self.state.queue;
        self.state
            .engine
            .write_settings(index, &updates, &|| queue.interrupted())
            .map_err(|error| self.failed(error))?;
        for task in self
            .tasks
            .iter_mut()
            .filter(|task| matches!(task.kind, Kind::Settings { .. }))
        {
            task.succeed();
        }
        Ok(())
    }
}

/// What stands at a task's place in the list of operations.
enum Planned {
    Payload { at: usize, replace: bool },
    Deletion(usize),
    Nothing,
}

/// Writes an operation's outcome into its task.
fn report(task: &mut Task, outcome: Outcome, like: Like) {
    match outcome {
        Ok(documents) => {
            match task.kind {
                // Once, a document that was sent twice counted twice.
                Kind::DocumentAddition { received, .. } if !like.has(Feature::NewIndexer) => {
                    task.count("indexedDocuments", received);
                }
                Kind::DocumentAddition { .. } => task.count("indexedDocuments", documents),
                _ => task.count("deletedDocuments", documents),
            }
            task.succeed();
        }
        Err(error) => task.fail(ApiError::from(milli_core::Error::UserError(error))),
    }
}

/// A copy of a payload without the documents that the index does not have.
fn only_known(index: &Index, payload: &File, folder: &Path) -> Result<File, Halt> {
    let rtxn = index.read_txn()?;
    let payload = engine::map(payload)?;
    let mut kept = BufWriter::new(tempfile::tempfile_in(folder)?);
    let primary_key = index.primary_key(&rtxn)?.unwrap_or("id");
    let known = index.external_documents_ids();
    for document in serde_json::Deserializer::from_slice(&payload).into_iter::<Map<String, Value>>()
    {
        let document = document.map_err(|error| ApiError::internal(error.to_string()))?;
        let id = match document.get(primary_key) {
            Some(Value::String(id)) => id.clone(),
            Some(id) => id.to_string(),
            None => String::new(),
        };
        if known.get(&rtxn, &id)?.is_some() {
            serde_json::to_writer(&mut kept, &document)
                .map_err(|error| ApiError::internal(error.to_string()))?;
            kept.write_all(b"\n")?;
        }
    }
    Ok(kept
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?)
}
