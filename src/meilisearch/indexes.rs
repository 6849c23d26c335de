//! Lists indexes, and creates and deletes one.

use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::meilisearch::ended::Ended;
use crate::meilisearch::error::{MeilisearchError, Request};
use crate::meilisearch::listing;
use crate::meilisearch::path::checked;
use crate::meilisearch::server::Server;
use crate::meilisearch::task::Task;
use crate::meilisearch::uid::TaskUid;
use crate::meilisearch::wait::wait;

/// `created_at` is the identity of the index under a uid: it moves with the documents when uids are swapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexInfo {
    pub uid: String,
    pub created_at: String,
    pub updated_at: String,
    pub primary_key: Option<String>,
}

/// How often a list of indexes is asked for while others delete some.
const TRIES: usize = 10;

#[derive(Deserialize)]
struct Page {
    results: Vec<IndexInfo>,
    total: u64,
}

impl Server {
    /// None if there is no such index. An index that the key may not see is an error.
    pub async fn index(&self, uid: &str) -> Result<Option<IndexInfo>, MeilisearchError> {
        let answer = self
            .sdk()
            .get_raw_index(checked(uid)?)
            .await
            .map_err(MeilisearchError::from);
        match answer {
            Ok(index) => serde_json::from_value(index)
                .map(Some)
                .map_err(|_| unlike("/indexes/…")),
            Err(MeilisearchError::IndexNotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All indexes that the key may see, in order of their uids.
    pub async fn indexes(&self) -> Result<Vec<IndexInfo>, MeilisearchError> {
        let identity = |index: &IndexInfo| (index.uid.clone(), index.created_at.clone());
        let mut all = listing::whole("indexes", identity, |offset, limit| {
            Box::pin(async move {
                let page = self.page_of_indexes(offset, limit).await?;
                Ok((page.results, page.total))
            })
        })
        .await?;
        all.dedup_by(|a, b| a.uid == b.uid);
        Ok(all)
    }

    /// A list names no index, and yet a 1.5 answers that one is not there if another program deletes it meanwhile (seen on
    /// 1.5.1): then it is asked for again.
    async fn page_of_indexes(&self, offset: u64, limit: u64) -> Result<Page, MeilisearchError> {
        let path = format!("/indexes?offset={offset}&limit={limit}");
        for _ in 1..TRIES {
            match self.get(&path).await {
                Err(MeilisearchError::IndexNotFound { .. }) => {}
                answer => return answer,
            }
        }
        self.get(&path).await
    }

    /// Enqueues the creation of an index with the primary key `id`, which the engine would otherwise guess.
    ///
    /// An answer that was lost is asked for again, so the task may fail with `index_already_exists` although the index is
    /// ours: [`Server::new_index`] knows the difference.
    pub async fn create_index(&self, uid: &str) -> Result<TaskUid, MeilisearchError> {
        let new = json!({"uid": checked(uid)?, "primaryKey": "id"});
        self.change(Method::POST, "/indexes", Some(&new)).await
    }

    /// Creates an index, waits for it and returns it; `None` if an index of another program has that uid.
    pub async fn new_index(&self, uid: &str) -> Result<Option<IndexInfo>, MeilisearchError> {
        let (task, was_repeated) = match self.once().create_index(uid).await {
            Ok(task) => (task, false),
            Err(error)
                if !error.is_ambiguous() && error.retryable() == crate::retry::Retryable::Never =>
            {
                return Err(error);
            }
            Err(_) => match self.create_index(uid).await {
                Ok(task) => (task, true),
                Err(error) if error.is_ambiguous() => return self.made_unheard(uid, error).await,
                Err(error) => return Err(error),
            },
        };
        let ended = wait(self, &[task], &mut |_| {}).await?;
        match ended.into_iter().next() {
            Some(Ended::Failed(failed)) if failed.has_code("index_already_exists") => {
                if !was_repeated && !self.was_run_twice(uid, &failed).await? {
                    return Ok(None);
                }
            }
            Some(Ended::Succeeded(_) | Ended::Unknown(_)) | None => {}
            Some(other) => return Err(other.into_error("the creation of an index")),
        }
        let missing = || MeilisearchError::IndexNotFound {
            message: format!("Index `{uid}` was created and is not there."),
        };
        Ok(Some(self.index(uid).await?.ok_or_else(missing)?))
    }

    /// The index whose creation was asked for and never answered in words that can be understood: it is there once whatever
    /// waited before has ended, or the request was not taken.
    async fn made_unheard(
        &self,
        uid: &str,
        unheard: MeilisearchError,
    ) -> Result<Option<IndexInfo>, MeilisearchError> {
        let barrier = self.delete_documents(uid, &[]).await?;
        wait(self, &[barrier], &mut |_| {}).await?;
        match self.index(uid).await? {
            Some(index) => Ok(Some(index)),
            None => Err(unheard),
        }
    }

    /// Whether a creation failed because it had made the index already: a server that is killed between committing what a
    /// task did and committing the task runs it again at its next start (`tick` of the index scheduler, 1.5 to 1.50).
    ///
    /// The index is younger than the wish for it then, by the server's own clock, and no other task is there that could
    /// have made it.
    async fn was_run_twice(&self, uid: &str, creation: &Task) -> Result<bool, MeilisearchError> {
        let instant = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
        let Some(wished_at) = instant(&creation.enqueued_at) else {
            return Ok(false);
        };
        let index = self.index(uid).await?;
        let made_at = instant(&index.map(|index| index.created_at));
        let Some(made_at) = made_at.filter(|made_at| *made_at >= wished_at) else {
            return Ok(false);
        };
        let made_it = |task: &Task| {
            let is_done_since = instant(&task.finished_at).is_some_and(|end| end >= made_at);
            task.uid != creation.uid && task.is_success() && is_done_since
        };
        Ok(!self.tasks_of(uid).await?.iter().any(made_it))
    }

    /// Only for [`Server::delete_generation`](super::generations): no path leads from a live uid to this call.
    pub(crate) async fn delete_index(&self, uid: &str) -> Result<TaskUid, MeilisearchError> {
        let path = format!("/indexes/{}", checked(uid)?);
        self.change(Method::DELETE, &path, None::<&Value>).await
    }
}

fn unlike(path: &str) -> MeilisearchError {
    MeilisearchError::NotMeilisearch {
        status: 200,
        request: Request {
            method: "GET".to_owned(),
            path: path.to_owned(),
        },
        body: "JSON of another form".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_that_would_change_the_path_is_refused() {
        assert!(checked("articles_20261124T143000Z").is_ok());
        for uid in ["", "a/b", "a?b", "a b", "مقال", &"a".repeat(401)] {
            assert!(
                matches!(checked(uid), Err(MeilisearchError::BadUid { .. })),
                "{uid}"
            );
        }
    }
}
