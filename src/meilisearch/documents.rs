//! Documents: sending, counting, listing, deleting.
//!
//! They are in one file, because all of them share one bound: what one request or one answer may hold.

use futures::{StreamExt, TryStreamExt};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::document::ids::DocumentId;
use crate::meilisearch::error::{FOREIGN_TEXT_CHARS, MeilisearchError, cut};
use crate::meilisearch::http::NdjsonBody;
use crate::meilisearch::path::checked;
use crate::meilisearch::server::Server;
use crate::meilisearch::uid::TaskUid;

/// Meilisearch 1.5 takes 2 MiB on JSON routes, whatever its size option says.
const JSON_BODY_BYTES: usize = 2 * 1024 * 1024 - 64 * 1024;
/// The ids of a delete lie in the server's task database, so one task isn't given all of them.
const IDS_A_DELETE: usize = 50_000;
/// Single documents that are requested at the same time, on servers that cannot return several by id.
const SINGLE_READS: usize = 8;
/// What is read of an answer with several documents. How large they are is not known before they come; a server near by would
/// send a thousand books at once. Half as much again as a page should have, since two of them are in memory at a time.
const SEVERAL_BYTES: usize = 3 << 19;
/// The next request after an answer that was too long is smaller by this factor: 1,000 documents, 250, 62, 15, three, one.
const FEWER: usize = 4;

/// One page of an index's documents.
#[derive(Debug, Clone, Deserialize)]
pub struct Page<D = Map<String, Value>> {
    pub results: Vec<D>,
    /// Documents in the index, counted and not cached.
    pub total: u64,
    /// By the name of another server of a network: why it did not give its part.
    #[serde(default, rename = "remoteErrors")]
    remote_errors: Option<Map<String, Value>>,
}

/// Of a document, its id.
#[derive(Deserialize)]
struct Identified {
    #[serde(default)]
    id: Value,
}

/// Whether documents come with their embeddings.
#[derive(Clone, Copy, PartialEq)]
enum Vectors {
    Hidden,
    Shown,
}

/// Some of the documents that were requested by id.
#[derive(Debug)]
pub struct FoundByIds {
    /// Of how many ids, from the first, these are the documents.
    pub asked: usize,
    /// Those that exist, in any order.
    pub documents: Vec<Box<RawValue>>,
}

/// One page of an index's ids.
#[derive(Debug, Clone)]
pub struct IdPage {
    pub ids: Vec<DocumentId>,
    pub total: u64,
}

impl Server {
    /// Enqueues whole documents, given as NDJSON. No primary key is sent along: the index has its own, and another one
    /// would end the server's batch.
    pub async fn upload(&self, uid: &str, body: NdjsonBody) -> Result<TaskUid, MeilisearchError> {
        let path = format!("/indexes/{}/documents", checked(uid)?);
        self.change_documents(Method::POST, &path, body).await
    }

    /// Enqueues parts of documents: what a line does not name stays as it is on the server.
    pub(crate) async fn merge(
        &self,
        uid: &str,
        body: NdjsonBody,
    ) -> Result<TaskUid, MeilisearchError> {
        let path = format!("/indexes/{}/documents", checked(uid)?);
        self.change_documents(Method::PUT, &path, body).await
    }

    /// The number of documents. By this route, since the count of `/stats` is a cache that a crash can leave behind.
    pub async fn count_documents(&self, uid: &str) -> Result<u64, MeilisearchError> {
        let page: Page = self.fetch(uid, &json!({"limit": 0})).await?;
        Ok(page.total)
    }

    /// A page of documents, all fields or some. Never sorted: sorted pages lose and repeat documents in some versions.
    pub async fn document_page(
        &self,
        uid: &str,
        offset: u64,
        limit: u64,
        fields: Option<&[&str]>,
    ) -> Result<Page, MeilisearchError> {
        let mut query = json!({"offset": offset, "limit": limit});
        if let Some(fields) = fields {
            query["fields"] = json!(fields);
        }
        self.page(uid, &query, offset, limit).await
    }

    /// The same, with each document as the server writes it: reading them into values takes longer than getting them. Fewer
    /// than asked for where they are large; how many, the page tells.
    pub async fn raw_page(
        &self,
        uid: &str,
        offset: u64,
        limit: u64,
    ) -> Result<Page<Box<RawValue>>, MeilisearchError> {
        let query = json!({"offset": offset});
        self.short_page(uid, query, offset, limit).await
    }

    /// A page of `limit`, or of so many fewer that they fit into memory.
    async fn short_page<D: DeserializeOwned>(
        &self,
        uid: &str,
        mut query: Value,
        offset: u64,
        mut limit: u64,
    ) -> Result<Page<D>, MeilisearchError> {
        loop {
            query["limit"] = limit.into();
            let page = self.bounded(limit).page(uid, &query, offset, limit).await;
            match page {
                Err(MeilisearchError::LongAnswer { .. }) => limit = (limit / FEWER as u64).max(1),
                page => return page,
            }
        }
    }

    /// The same server, which is not read beyond what several documents may have together; a single one may have any length.
    fn bounded(&self, documents: u64) -> Server {
        match documents {
            ..=1 => self.clone(),
            _ => self.reading_at_most(SEVERAL_BYTES),
        }
    }

    async fn page<D: DeserializeOwned>(
        &self,
        uid: &str,
        query: &Value,
        offset: u64,
        limit: u64,
    ) -> Result<Page<D>, MeilisearchError> {
        let page: Page<D> = self.fetch(uid, query).await?;
        if page.results.is_empty() && offset < page.total && limit > 0 {
            return Err(MeilisearchError::EmptyPage {
                uid: uid.to_owned(),
                offset,
                total: page.total,
            });
        }
        Ok(page)
    }

    /// A page of ids: a twentieth of the time that the documents would take, or less. Fewer than asked for where they are
    /// long.
    pub async fn ids(
        &self,
        uid: &str,
        offset: u64,
        limit: u64,
    ) -> Result<IdPage, MeilisearchError> {
        let query = json!({"offset": offset, "fields": ["id"]});
        let page: Page<Identified> = self.short_page(uid, query, offset, limit).await?;
        let id = |document: &Identified| {
            DocumentId::from_json(&document.id).map_err(|error| MeilisearchError::UnreadableId {
                uid: uid.to_owned(),
                cause: error.to_string(),
            })
        };
        let ids = page.results.iter().map(id).collect::<Result<_, _>>()?;
        Ok(IdPage {
            ids,
            total: page.total,
        })
    }

    /// The documents among the first of these ids that exist, each as the server writes it: of as many ids as fit into one
    /// request and its answer, and of one at least. By one request for many where the server can (1.14), else one by one.
    pub async fn documents_by_ids(
        &self,
        uid: &str,
        ids: &[&str],
    ) -> Result<FoundByIds, MeilisearchError> {
        self.by_ids(uid, ids, Vectors::Hidden).await
    }

    /// The same with the field `_vectors`, the embeddings of each (1.9).
    pub async fn documents_with_vectors(
        &self,
        uid: &str,
        ids: &[&str],
    ) -> Result<FoundByIds, MeilisearchError> {
        self.by_ids(uid, ids, Vectors::Shown).await
    }

    async fn by_ids(
        &self,
        uid: &str,
        ids: &[&str],
        vectors: Vectors,
    ) -> Result<FoundByIds, MeilisearchError> {
        let mut some = chunks(ids).next().unwrap_or_default();
        while !some.is_empty() && self.fetches_by_ids() {
            let mut query = json!({"ids": some, "limit": some.len()});
            if vectors == Vectors::Shown {
                query["retrieveVectors"] = true.into();
            }
            match self.bounded(some.len() as u64).fetch(uid, &query).await {
                Ok(page) => {
                    return Ok(FoundByIds {
                        asked: some.len(),
                        documents: page.results,
                    });
                }
                Err(MeilisearchError::LongAnswer { .. }) => {
                    some = &some[..(some.len() / FEWER).max(1)];
                }
                Err(MeilisearchError::Refused { code, .. }) if code == "bad_request" => {
                    self.note_no_fetch_by_ids()
                }
                Err(error) => return Err(error),
            }
        }
        self.one_by_one(uid, some, vectors).await
    }

    async fn one_by_one(
        &self,
        uid: &str,
        ids: &[&str],
        vectors: Vectors,
    ) -> Result<FoundByIds, MeilisearchError> {
        let reads: Vec<_> = ids
            .iter()
            .map(|id| self.read_one(uid, id, vectors))
            .collect();
        let mut reads = futures::stream::iter(reads).buffered(SINGLE_READS);
        let mut found = FoundByIds {
            asked: 0,
            documents: Vec::new(),
        };
        let mut bytes = 0;
        while let Some(document) = reads.try_next().await? {
            let document: Option<Box<RawValue>> = document;
            found.asked += 1;
            bytes += document.as_ref().map_or(0, |document| document.get().len());
            found.documents.extend(document);
            if bytes > SEVERAL_BYTES {
                break;
            }
        }
        Ok(found)
    }

    /// One document; none if there is none with that id.
    pub async fn document(
        &self,
        uid: &str,
        id: &str,
    ) -> Result<Option<Map<String, Value>>, MeilisearchError> {
        self.read_one(uid, id, Vectors::Hidden).await
    }

    async fn read_one<D: DeserializeOwned + 'static>(
        &self,
        uid: &str,
        id: &str,
        vectors: Vectors,
    ) -> Result<Option<D>, MeilisearchError> {
        let query = match vectors {
            Vectors::Hidden => "",
            Vectors::Shown => "?retrieveVectors=true",
        };
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        match self
            .get(&format!("/indexes/{}/documents/{id}{query}", checked(uid)?))
            .await
        {
            Ok(document) => Ok(Some(document)),
            Err(error) if error.code() == Some("document_not_found") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Enqueues the deletion of these ids, in one task. The caller bounds them; [`Server::delete_ids`] does it itself.
    pub async fn delete_documents(
        &self,
        uid: &str,
        ids: &[&str],
    ) -> Result<TaskUid, MeilisearchError> {
        let path = format!("/indexes/{}/documents/delete-batch", checked(uid)?);
        self.change(Method::POST, &path, Some(&ids)).await
    }

    /// Enqueues the deletion of these ids, in as few tasks as their size allows.
    pub async fn delete_ids(
        &self,
        uid: &str,
        ids: &[impl AsRef<str>],
    ) -> Result<Vec<TaskUid>, MeilisearchError> {
        let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
        let mut tasks = Vec::new();
        for some in chunks(&ids) {
            tasks.push(self.delete_documents(uid, some).await?);
        }
        Ok(tasks)
    }

    async fn fetch<D: DeserializeOwned>(
        &self,
        uid: &str,
        query: &Value,
    ) -> Result<Page<D>, MeilisearchError> {
        let path = format!("/indexes/{}/documents/fetch", checked(uid)?);
        let page: Page<D> = self.post(&path, query).await?;
        let errors = page.remote_errors.as_ref();
        if let Some((server, error)) = errors.and_then(|errors| errors.iter().next()) {
            let message = error.get("message").and_then(Value::as_str);
            let message = cut(message.unwrap_or("no reason given"), FOREIGN_TEXT_CHARS);
            return Err(MeilisearchError::Incomplete {
                path,
                message: format!("`{server}`: {message}"),
            });
        }
        Ok(page)
    }
}

/// Parts that fit into one JSON body each.
fn chunks<'a, 'i>(ids: &'a [&'i str]) -> impl Iterator<Item = &'a [&'i str]> {
    let mut rest = ids;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut bytes = 0;
        let fits = rest.iter().take(IDS_A_DELETE).take_while(|id| {
            bytes += id.len() + 3; // two quotes and a comma
            bytes <= JSON_BODY_BYTES
        });
        let (some, left) = rest.split_at(fits.count().max(1));
        rest = left;
        Some(some)
    })
}

#[cfg(test)]
mod tests;
