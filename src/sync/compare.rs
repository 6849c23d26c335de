//! Compares rows with their documents: only those that differ are sent.
//!
//! A page of documents is compared with its rows as they are at that moment, in a snapshot that is open only for this
//! page: listing all documents may take long, and a read transaction of that length would let the application's WAL
//! grow.
//!
//! All depths read rows and compare them in the same way, and differ only in which ids they ask for. So they share a
//! file.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::background::Background;
use crate::document::ids::{Differences, DocumentId, IdError, IdList, Side};
use crate::document::same::differs;
use crate::document::{Anomalies, AnomalyCount};
use crate::error::{CommandError, Error, FAILED};
use crate::meilisearch::documents::FoundByIds;
use crate::sqlite::Connection;
use crate::sqlite::queries::IDS_PER_READ;
use crate::sync::memory::Changed;
use crate::sync::{Plan, Reason, Round};

/// Ids that one page of the documents route lists: some hundred KiB.
const IDS_A_PAGE: u64 = 10_000;

/// Bytes of documents that a page should have, of all servers that are compared side by side. A page is requested by a number of documents, estimated from the sizes
/// of earlier ones; if the estimate is wrong, the server's answer is not read beyond a few MiB.
const PAGE_BYTES: u64 = 1 << 20;

/// Documents of the first page, before their size is known. Two pages are requested before the first has arrived.
pub(super) const FIRST_PAGE: u64 = 4;

/// And never more than this: small documents are listed a thousand at a time.
const LARGEST_PAGE: u64 = 1_000;

/// The largest number of documents that are requested by id at once. It is fixed, because earlier requests may have
/// returned no document, and then the size of a document is unknown.
const IDS_A_LOOK: usize = 100;

/// A listing passes a document over when another one is deleted between two of its pages. So few that the index seems to
/// lack are asked for by id; more of them are an import, and are sent unasked.
const FEW_MISSING: usize = 1_000;

/// Ids of a long list that are held in memory.
const IDS_IN_HAND: usize = 5_000;

/// How many ids of two lists are compared before other tasks get a turn, for example the one that handles Ctrl-C.
const IDS_A_TURN: u64 = 10_000;

/// A document on the server whose id is none.
#[derive(Debug, thiserror::Error)]
#[error("{uid}: a document of the index is not known by its id: {why}")]
struct UnknownDocument {
    /// The index.
    uid: String,
    /// What is wrong.
    why: IdError,
}

impl CommandError for UnknownDocument {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// Documents as the server writes them. It writes JSON as we do, with the fields in the order in which it met them, so
/// that most can be compared with their line without being read.
type Documents = HashMap<DocumentId, Box<RawValue>>;

/// What becomes of that which a comparison finds, one document at a time: a [`Plan`] has it sent and deleted, a
/// [`Drift`](super::Drift) remembers it.
pub(super) trait Findings {
    /// A row was read, and became so many bytes of NDJSON.
    fn row(&mut self, bytes: u64);

    /// The index has no document for a row (`document` is none), or one that says something else.
    fn differs(
        &mut self,
        id: &DocumentId,
        line: &[u8],
        document: Option<&RawValue>,
        reason: Reason,
    ) -> Result<(), Error>;

    /// documents.sql returns no row for a document. A listing that moves may tell it twice.
    fn gone(&mut self, id: &DocumentId, document: &RawValue) -> Result<(), Error>;

    /// Anomalies of the rows that were read.
    fn notes(&mut self, notes: &[AnomalyCount]);
}

impl Round<'_> {
    /// The ids that changes.sql named: what is the same already is not sent.
    pub(super) async fn compare_named(
        &self,
        connection: &mut Connection,
        changed: &Changed,
        findings: &mut impl Findings,
    ) -> Result<(), Error> {
        let mut ids = changed.new.ids()?;
        loop {
            let some = ids.by_ref().take(IDS_IN_HAND);
            let some: Vec<DocumentId> = some.collect::<Result<_, _>>()?;
            if some.is_empty() {
                break;
            }
            self.compare_changed(connection, &some, findings).await?;
        }
        self.compare_changed(connection, &changed.again, findings)
            .await
    }

    /// Some ids.
    pub(super) async fn compare_changed(
        &self,
        connection: &mut Connection,
        changed: &[DocumentId],
        findings: &mut impl Findings,
    ) -> Result<(), Error> {
        let mut limit = FIRST_PAGE;
        let mut ids = first(changed, limit);
        let mut rest = changed;
        let mut asked = self.ask_for(ids);
        while !ids.is_empty() {
            let found = asked.outcome().await?;
            let documents = self.keyed(found.documents)?;
            (ids, rest) = rest.split_at(found.asked);
            let next = first(rest, limit);
            asked = self.ask_for(next);
            let bytes = self
                .compare(connection, ids, documents, Reason::Changed, findings)
                .await?;
            limit = self
                .page_after(bytes, ids.len() as u64)
                .min(IDS_A_LOOK as u64);
            ids = next;
        }
        Ok(())
    }

    /// Every id that exists on one side only.
    pub(super) async fn compare_ids(&self, connection: &mut Connection) -> Result<Plan, Error> {
        let mut plan = Plan::new(self.limit.bytes())?;
        let mut in_index = IdList::new();
        let mut offset = 0;
        let mut limit = IDS_A_PAGE;
        loop {
            let page = self.server.ids(self.uid, offset, limit).await?;
            limit = limit.min(page.ids.len() as u64);
            for id in &page.ids {
                in_index.push(id)?;
            }
            offset += page.ids.len() as u64;
            if page.ids.is_empty() || offset >= page.total {
                break;
            }
        }
        plan.gone = self.rows_beyond(connection, in_index, &mut plan).await?;
        plan.finish()?;
        Ok(plan)
    }

    /// Every document, page by page, with its row, to the field.
    pub(super) async fn compare_all(
        &self,
        connection: &mut Connection,
        findings: &mut impl Findings,
    ) -> Result<(), Error> {
        let mut in_index = IdList::new();
        let mut offset = 0;
        let mut limit = FIRST_PAGE;
        let mut page = self.server.raw_page(self.uid, offset, limit).await?;
        while !page.results.is_empty() {
            let count = page.results.len() as u64;
            let documents = self.keyed(page.results)?;
            // A page moves while others write: a document may come twice, and is compared twice.
            let ids: Vec<DocumentId> = documents.keys().cloned().collect();
            for id in &ids {
                in_index.push(id)?;
            }
            offset += count;
            let next = (offset < page.total).then(|| {
                let (server, uid) = (self.server.clone(), self.uid.to_owned());
                Background::begin(async move { server.raw_page(&uid, offset, limit).await })
            });
            let bytes = self
                .compare(connection, &ids, documents, Reason::Different, findings)
                .await?;
            page = match next {
                None => break,
                Some(next) => next.outcome().await?,
            };
            limit = self.page_after(bytes, count);
        }
        self.rows_beyond(connection, in_index, findings).await?;
        Ok(())
    }

    /// Finds every row whose id is not in `in_index`. Returns the ids of that list which the database does not have.
    async fn rows_beyond(
        &self,
        connection: &mut Connection,
        mut in_index: IdList,
        findings: &mut impl Findings,
    ) -> Result<IdList, Error> {
        // Its memory is needed for the others.
        in_index.settle_uncounted()?;
        let in_database = self.ids_of_rows(connection).await?;
        let mut gone = IdList::new();
        let mut missing = Vec::new();
        // Until there are many of them, the index is asked for each: a listing may have passed it over.
        let mut at_a_time = FEW_MISSING;
        let sides = Differences::of(&in_index, &in_database)?;
        let mut compared = 0;
        for side in sides {
            match side? {
                Side::Both => {}
                Side::Left(id) => gone.push(&id)?,
                Side::Right(id) if missing.len() < at_a_time => missing.push(id),
                Side::Right(id) => {
                    at_a_time = IDS_PER_READ;
                    self.add_rows(connection, &missing, Reason::Missing, findings)
                        .await?;
                    missing.clear();
                    missing.push(id);
                }
            }
            compared += 1;
            if compared % IDS_A_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        if at_a_time == FEW_MISSING {
            self.look_for_missing(connection, &missing, findings)
                .await?;
        } else {
            self.add_rows(connection, &missing, Reason::Missing, findings)
                .await?;
        }
        Ok(gone)
    }

    /// Rows that differ from their documents, or have none, as is known already: the index is not asked for them.
    pub(super) async fn add_rows(
        &self,
        connection: &mut Connection,
        ids: &[DocumentId],
        reason: Reason,
        findings: &mut impl Findings,
    ) -> Result<(), Error> {
        for some in ids.chunks(IDS_PER_READ) {
            self.compare(connection, some, Documents::new(), reason, findings)
                .await?;
        }
        Ok(())
    }

    /// A few: the index is asked whether it lacks them.
    async fn look_for_missing(
        &self,
        connection: &mut Connection,
        missing: &[DocumentId],
        findings: &mut impl Findings,
    ) -> Result<(), Error> {
        let mut rest = missing;
        while !rest.is_empty() {
            let found = self
                .ask_for(first(rest, IDS_A_LOOK as u64))
                .outcome()
                .await?;
            let (ids, left) = rest.split_at(found.asked);
            let documents = self.keyed(found.documents)?;
            self.compare(connection, ids, documents, Reason::Missing, findings)
                .await?;
            rest = left;
        }
        Ok(())
    }

    /// Reads the rows of these ids as they are now, and compares each with its document, where there is one. A document
    /// without a row is to be deleted; an id without row and document is ignored. Returns the bytes of the rows or of
    /// the documents, whichever is larger.
    async fn compare(
        &self,
        connection: &mut Connection,
        ids: &[DocumentId],
        mut documents: Documents,
        reason: Reason,
        findings: &mut impl Findings,
    ) -> Result<u64, Error> {
        let mut notes = Anomalies::default();
        let received: usize = documents.values().map(|one| one.get().len()).sum();
        let mut bytes = 0;
        self.each_row(connection, ids, &mut notes, |id, line| {
            findings.row(line.len() as u64);
            bytes += line.len() as u64;
            let document = documents.remove(id);
            if document
                .as_ref()
                .is_none_or(|document| differs(line, document))
            {
                findings.differs(id, line, document.as_deref(), reason)?;
            }
            Ok(())
        })
        .await?;
        for id in ids {
            if let Some(document) = documents.get(id) {
                findings.gone(id, document)?;
            }
        }
        findings.notes(notes.entries());
        Ok(bytes.max(received as u64))
    }

    /// How many documents to ask for next. What several servers send at a time is in memory at the same time.
    fn page_after(&self, bytes: u64, documents: u64) -> u64 {
        page_after(
            bytes,
            documents,
            PAGE_BYTES / self.rows.servers().max(1) as u64,
        )
    }

    fn ask_for(&self, ids: &[DocumentId]) -> Background<FoundByIds> {
        let (server, uid, ids) = (self.server.clone(), self.uid.to_owned(), ids.to_owned());
        Background::begin(async move {
            let ids: Vec<&str> = ids.iter().map(DocumentId::as_str).collect();
            server.documents_by_ids(&uid, &ids).await
        })
    }

    fn keyed(&self, documents: Vec<Box<RawValue>>) -> Result<Documents, Error> {
        documents
            .into_iter()
            .map(|document| {
                let id =
                    DocumentId::from_json(&id_of(&document)).map_err(|why| UnknownDocument {
                        uid: self.uid.to_owned(),
                        why,
                    })?;
                Ok((id, document))
            })
            .collect()
    }
}

/// How many documents to ask for next, when so many were so many bytes and a page may have `most`: twice as many at most, for
/// a few small ones say little about those that come.
pub(super) fn page_after(bytes: u64, documents: u64, most: u64) -> u64 {
    let each = bytes / documents.max(1);
    let fitting = most / each.max(1);
    fitting.min(2 * documents).clamp(1, LARGEST_PAGE)
}

fn first(ids: &[DocumentId], limit: u64) -> &[DocumentId] {
    &ids[..ids.len().min(limit as usize)]
}

/// The id of a document, which most begin with.
fn id_of(document: &RawValue) -> Value {
    let first = document.get().strip_prefix("{\"id\":");
    let first = first.and_then(|rest| serde_json::Deserializer::from_str(rest).into_iter().next());
    match first {
        Some(Ok(id)) => id,
        _ => serde_json::from_str(document.get()).map_or(Value::Null, |Identified { id }| id),
    }
}

/// Of a document, its id; the rest is passed over without being kept.
#[derive(Deserialize)]
struct Identified {
    #[serde(default)]
    id: Value,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_found_wherever_it_stands() {
        for (document, id) in [
            (r#"{"id":7,"a":{"id":8}}"#, json!(7)),
            (r#"{"id":"x-1"}"#, json!("x-1")),
            (r#"{"a":{"id":8},"id":"7"}"#, json!("7")),
            (r#"{ "id" : 7 }"#, json!(7)),
            (r#"{"a":1}"#, Value::Null),
        ] {
            let document = RawValue::from_string(document.to_owned()).unwrap();
            assert_eq!(id_of(&document), id);
        }
    }
}
