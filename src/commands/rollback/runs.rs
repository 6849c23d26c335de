//! What each run built, for `--list` and for refusals.

use jiff::Timestamp;

use super::There;
use super::choose::{Run, complete};
use crate::error::Error;
use crate::meilisearch::Server;
use crate::report::rollback::{GenerationEntry, RunEntry};

impl There {
    /// Every complete generation, by the run that built it, the newest run first.
    pub(super) async fn runs(&self, server: &Server) -> Result<Vec<RunEntry>, Error> {
        let mut runs: Vec<(Run, RunEntry)> = Vec::new();
        for index in &self.indexes {
            let live = index.generations.live.iter().map(|(info, record)| {
                let record = record.clone();
                (info, record, true, true)
            });
            let others = complete(&index.generations).map(|generation| {
                let record = Some(generation.record.clone());
                (&generation.index, record, false, generation.was_live())
            });
            for (info, record, is_live, was_live) in live.chain(others) {
                let run = match &record {
                    Some(record) => Run::of(record),
                    // Made by another program: it counts as a separate run.
                    None => Run {
                        begun_at: info.created_at.parse().unwrap_or(Timestamp::UNIX_EPOCH),
                        host: String::new(),
                    },
                };
                let entry = GenerationEntry {
                    live_uid: index.live_uid.clone(),
                    uid: info.uid.clone(),
                    created_at: info.created_at.clone(),
                    documents: server.count_documents(&info.uid).await?,
                    live: is_live,
                    was_live,
                    adopted: record.is_some_and(|record| record.adopted),
                };
                match runs.iter_mut().find(|(known, _)| *known == run) {
                    Some((_, known)) => known.generations.push(entry),
                    None => {
                        let begun_at = run.begun_at;
                        let host = Some(run.host.clone()).filter(|host| !host.is_empty());
                        let generations = vec![entry];
                        runs.push((
                            run,
                            RunEntry {
                                begun_at,
                                host,
                                generations,
                            },
                        ));
                    }
                }
            }
        }
        runs.sort_by_key(|(run, _)| std::cmp::Reverse(run.begun_at));
        Ok(runs.into_iter().map(|(_, entry)| entry).collect())
    }
}
