//! The one call that makes builds live, and its proof.

use serde_json::{Value, json};

use crate::meilisearch::ended::Ended;
use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::path::checked;
use crate::meilisearch::server::Server;
use crate::meilisearch::uid::{TaskUid, same_identity};
use crate::meilisearch::wait::wait;

/// One exchange of two uids, with the identities that prove it: `createdAt` travels with the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub live_uid: String,
    pub build_uid: String,
    /// The index under the build's uid before the swap, and under the live uid after it.
    pub new: String,
    /// The index under the live uid before the swap.
    pub old: String,
}

/// Which of the two is under each live uid now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwapState {
    AllNew,
    AllOld,
    /// Some are swapped and some are not. Nothing may be deleted.
    Mixed {
        new: Vec<String>,
        old: Vec<String>,
    },
    /// A live uid holds another index, or none: another program has changed it. With its `createdAt`.
    Other {
        live_uid: String,
        found: Option<String>,
    },
}

impl Server {
    /// Asks once for one swap of all pairs, which Meilisearch does at one instant.
    ///
    /// Never repeated blindly: a second swap undoes the first. It is sent again only where no connection was made, or where
    /// the server turned it away for being too busy. The result is found by [`Server::swap_state`], not from its task.
    pub async fn swap(&self, pairs: &[Exchange]) -> Result<TaskUid, MeilisearchError> {
        let pairs = pairs
            .iter()
            .map(|pair| {
                let indexes = [checked(&pair.live_uid)?, checked(&pair.build_uid)?];
                Ok(json!({ "indexes": indexes }))
            })
            .collect::<Result<Vec<Value>, MeilisearchError>>()?;
        self.once()
            .change(reqwest::Method::POST, "/swap-indexes", Some(&pairs))
            .await
    }

    /// Waits until the swap has ended, one way or the other.
    ///
    /// A key that is limited to index patterns can't see a swap's task. A swap is a barrier for its indexes, though: a task
    /// that is sent after it to one of them ends after it. Deleting no documents is such a task, and changes nothing.
    pub async fn swap_ended(
        &self,
        task: Option<TaskUid>,
        pairs: &[Exchange],
    ) -> Result<Option<Ended>, MeilisearchError> {
        let server = self.through_a_restart();
        if let Some(uid) = task
            && server.task(uid).await?.is_some()
        {
            return Ok(wait(&server, &[uid], &mut |_| {}).await?.into_iter().next());
        }
        if let Some(pair) = pairs.first() {
            let barrier = server.delete_documents(&pair.build_uid, &[]).await?;
            wait(&server, &[barrier], &mut |_| {}).await?;
        }
        Ok(None)
    }

    /// The proof of a swap: which indexes are under the live uids now.
    pub async fn swap_state(&self, pairs: &[Exchange]) -> Result<SwapState, MeilisearchError> {
        let server = self.through_a_restart();
        let (mut new, mut old) = (Vec::new(), Vec::new());
        for pair in pairs {
            let found = server
                .index(&pair.live_uid)
                .await?
                .map(|index| index.created_at);
            match found {
                Some(created_at) if same_identity(&created_at, &pair.new) => {
                    new.push(pair.live_uid.clone())
                }
                Some(created_at) if same_identity(&created_at, &pair.old) => {
                    old.push(pair.live_uid.clone())
                }
                found => {
                    return Ok(SwapState::Other {
                        live_uid: pair.live_uid.clone(),
                        found,
                    });
                }
            }
        }
        Ok(match (new.is_empty(), old.is_empty()) {
            (_, true) => SwapState::AllNew,
            (true, false) => SwapState::AllOld,
            (false, false) => SwapState::Mixed { new, old },
        })
    }
}

#[cfg(test)]
mod tests;
