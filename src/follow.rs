//! A round: what changed in the database is sent to an index, and what went is deleted there.
//!
//! Documents are whole and keyed, so sending one again is harmless, and a round that died is simply run again. A
//! delete is the one thing that cannot be taken back: before it is sent, the database is asked for that id once more.

use std::collections::BTreeSet;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::document::Notes;
use crate::engine::upload::{self, BatchLimit};
use crate::engine::wait::wait;
use crate::engine::{Begun, Server};
use crate::error::Error;
use crate::ids::{DocumentId, IdSet};
use crate::preflight::Prepared;
use crate::progress::Progress;
use crate::reader::{BadRow, BadRows};
use crate::source::queries::{self, IDS_PER_READ};
use crate::source::{Argument, Connection, Database, Snapshot, Value};
use crate::spool::{Batch, Spool, SpoolWriter};
use crate::timestamp::{self, BoundValue, TimestampForm};

/// Ids that one page of the documents route lists.
const IDS_A_PAGE: u64 = 10_000;

/// What one round works with.
pub struct Round<'a> {
    /// The database.
    pub database: &'a Database,
    /// The server.
    pub server: &'a Server,
    /// The index, checked.
    pub index: &'a Prepared,
    /// The uid that is brought up to date: a build, or the live one.
    pub uid: &'a str,
    /// How large an upload may be.
    pub limit: &'a BatchLimit,
    /// What this run has begun, so that it can be cancelled.
    pub begun: &'a Begun,
}

/// What a round did.
#[derive(Debug)]
pub struct Followed {
    /// When its snapshot was taken: everything committed before is in the index now.
    pub taken_at: Timestamp,
    /// The ids whose documents were sent.
    pub sent: IdSet,
    /// The ids that were deleted.
    pub deleted: IdSet,
}

/// A row's change timestamp that cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// The column holds numbers and texts; no comparison in SQL holds for both.
    #[error(
        "{index}/changes.sql: change timestamps are numbers and texts in one column (id {number} has a number, id \
         {text} a text); make them one form"
    )]
    MixedForms {
        /// The definition's name.
        index: String,
        /// An id with a number.
        number: String,
        /// An id with a text.
        text: String,
    },
    /// A value that is no timestamp.
    #[error("{index}/changes.sql: id {id}: {why}")]
    Timestamp {
        /// The definition's name.
        index: String,
        /// The row's id.
        id: String,
        /// What is wrong.
        why: timestamp::NotATimestamp,
    },
    /// An id that is none.
    #[error("{index}/changes.sql: {why}")]
    Id {
        /// The definition's name.
        index: String,
        /// What is wrong.
        why: crate::ids::IdError,
    },
}

impl Round<'_> {
    /// Sends what changes.sql names since `since`, and deletes what documents.sql no longer returns of it. Where the
    /// counts differ afterwards (a hard delete, a write that touched no timestamp), compares ids as well.
    ///
    /// # Errors
    /// What kept it from ending; what was sent until then is right, and sending it again is harmless.
    pub async fn changed(&self, since: Timestamp) -> Result<Followed, Error> {
        let mut connection = self.database.connect().await?;
        let mut snapshot = connection.snapshot().await?;
        let taken_at = snapshot.taken_at();
        let mut work = Work::new(self)?;
        if let Some(changes) = &self.index.definition.changes_sql {
            let changed = self.changed_ids(&mut snapshot, changes, since).await?;
            work.look_up(&mut snapshot, &changed).await?;
        }
        let in_database = snapshot.count(&self.index.definition.documents_sql).await?;
        snapshot.end().await?;
        let mut followed = Followed {
            taken_at,
            sent: IdSet::default(),
            deleted: IdSet::default(),
        };
        work.carry_out(&mut connection, &mut followed).await?;
        if self.server.count_documents(self.uid).await? != in_database {
            let mut snapshot = connection.snapshot().await?;
            let mut work = Work::new(self)?;
            self.compare_ids(&mut snapshot, &mut work).await?;
            snapshot.end().await?;
            work.carry_out(&mut connection, &mut followed).await?;
        }
        connection.close().await?;
        Ok(followed)
    }

    /// The ids that changes.sql names at or after `since`, compared as instants.
    async fn changed_ids(
        &self,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
        since: Timestamp,
    ) -> Result<Vec<DocumentId>, Error> {
        let Some(form) = self.form(snapshot, changes).await? else {
            return Ok(Vec::new());
        };
        let name = || self.index.definition.name.clone();
        let bound = match timestamp::lower_bound(form, since) {
            BoundValue::Integer(number) => Argument::Integer(number),
            BoundValue::Text(text) => Argument::Text(text),
        };
        let mut seen = IdSet::default();
        let mut changed = Vec::new();
        let sql = queries::changes(changes);
        let mut rows = snapshot.rows(&sql, self.bind(bound));
        while let Some(row) = rows.try_next().await? {
            let values = row.values();
            let id = DocumentId::from_value(values[0])
                .map_err(|why| ChangesError::Id { index: name(), why })?;
            let at = timestamp::parse(values[1]).map_err(|why| ChangesError::Timestamp {
                index: name(),
                id: id.to_string(),
                why,
            })?;
            if at >= since && seen.insert(&id) {
                changed.push(id);
            }
        }
        Ok(changed)
    }

    /// In which form changes.sql gives its timestamps; `None` where it returns no row at all.
    async fn form(
        &self,
        snapshot: &mut Snapshot<'_>,
        changes: &str,
    ) -> Result<Option<TimestampForm>, Error> {
        let sql = format!(
            "SELECT typeof(c.changed_at), MIN(c.id), MAX(c.changed_at) FROM ({}) AS c GROUP BY 1",
            queries::changes(changes)
        );
        // Below every number, and every number is below every text: nothing is hidden.
        let mut rows = snapshot.rows(&sql, self.bind(Argument::Integer(i64::MIN)));
        let (mut number, mut text) = (None, None);
        while let Some(row) = rows.try_next().await? {
            let values = row.values();
            let id = DocumentId::from_value(values[1])
                .map_or_else(|_| "?".to_owned(), |id| id.to_string());
            match values[2] {
                Value::Integer(_) | Value::Real(_) => {
                    let form =
                        timestamp::form(values[2]).map_err(|why| ChangesError::Timestamp {
                            index: self.index.definition.name.clone(),
                            id: id.clone(),
                            why,
                        })?;
                    number = Some((id, form));
                }
                _ => text = Some(id),
            }
        }
        match (number, text) {
            (Some((number, _)), Some(text)) => Err(ChangesError::MixedForms {
                index: self.index.definition.name.clone(),
                number,
                text,
            }
            .into()),
            (Some((_, form)), None) => Ok(Some(form)),
            (None, Some(_)) => Ok(Some(TimestampForm::Text)),
            (None, None) => Ok(None),
        }
    }

    fn bind(&self, since: Argument) -> Vec<Argument> {
        if self.index.changes_takes_since {
            vec![since]
        } else {
            Vec::new()
        }
    }

    /// Every id that stands on one side only: missing ones are looked up and sent, those too many are deleted.
    async fn compare_ids(
        &self,
        snapshot: &mut Snapshot<'_>,
        work: &mut Work<'_>,
    ) -> Result<(), Error> {
        let mut in_index = IdSet::default();
        let mut offset = 0;
        loop {
            let page = self
                .server
                .document_page(self.uid, offset, IDS_A_PAGE, Some(&["id"]))
                .await?;
            for document in &page.results {
                let id = document.get("id").unwrap_or(&serde_json::Value::Null);
                in_index.insert(&DocumentId::from_json(id).map_err(|why| ChangesError::Id {
                    index: self.index.definition.name.clone(),
                    why,
                })?);
            }
            offset += page.results.len() as u64;
            if page.results.is_empty() || offset >= page.total {
                break;
            }
        }
        let mut missing = Vec::new();
        let mut in_database = IdSet::default();
        let sql = queries::ids_only(&self.index.definition.documents_sql);
        let mut rows = snapshot.rows(&sql, Vec::new());
        while let Some(row) = rows.try_next().await? {
            let id = DocumentId::from_value(row.values()[0]).map_err(|why| ChangesError::Id {
                index: self.index.definition.name.clone(),
                why,
            })?;
            if !in_index.contains(&id) {
                missing.push(id.clone());
            }
            in_database.insert(&id);
        }
        drop(rows);
        work.look_up(snapshot, &missing).await?;
        work.gone
            .extend(in_index.iter().filter(|id| !in_database.contains(id)));
        Ok(())
    }
}

/// What a round has found out and not yet carried out.
struct Work<'a> {
    round: &'a Round<'a>,
    spool: Spool,
    writer: SpoolWriter,
    batches: Vec<Batch>,
    sent: IdSet,
    gone: BTreeSet<DocumentId>,
}

impl<'a> Work<'a> {
    fn new(round: &'a Round<'a>) -> Result<Self, Error> {
        let (mut writer, spool) = Spool::create(None).map_err(Error::Spool)?;
        writer.begin_index(0).map_err(Error::Spool)?;
        Ok(Self {
            round,
            spool,
            writer,
            batches: Vec::new(),
            sent: IdSet::default(),
            gone: BTreeSet::new(),
        })
    }

    /// Reads the rows of these ids as they are now; ids without a row are gone.
    async fn look_up(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        ids: &[DocumentId],
    ) -> Result<(), Error> {
        let mut notes = Notes::default();
        let mut line = Vec::new();
        for some in ids.chunks(IDS_PER_READ) {
            self.gone.extend(some.iter().cloned());
            let (sql, ids) = queries::by_ids(
                &self.round.index.definition.documents_sql,
                some.iter().map(DocumentId::as_str),
            );
            let mut rows = snapshot.rows(&sql, ids);
            let mut number = 0;
            while let Some(row) = rows.try_next().await? {
                number += 1;
                line.clear();
                let id = self
                    .round
                    .index
                    .shape
                    .write(&row.values(), &mut line, &mut notes)
                    .map_err(|why| BadRows {
                        index: self.round.index.definition.name.clone(),
                        total: 1,
                        shown: vec![BadRow {
                            row: number,
                            why: why.into(),
                        }],
                    })?;
                self.gone.remove(&id);
                self.sent.insert(&id);
                let limit = self.round.limit.bytes();
                let batch = self
                    .writer
                    .push(&line, id.as_str(), limit)
                    .map_err(Error::Spool)?;
                self.batches.extend(batch);
            }
        }
        Ok(())
    }

    /// Sends what is spooled, then deletes what is gone and still is, and waits for both.
    async fn carry_out(
        mut self,
        connection: &mut Connection,
        followed: &mut Followed,
    ) -> Result<(), Error> {
        let round = self.round;
        self.batches
            .extend(self.writer.finish().map_err(Error::Spool)?);
        if !self.batches.is_empty() {
            let (sender, receiver) = mpsc::unbounded_channel();
            for batch in std::mem::take(&mut self.batches) {
                let _ = sender.send(batch);
            }
            drop(sender);
            let sent = upload::upload_all(
                round.server,
                &self.spool,
                &[round.uid.to_owned()],
                receiver,
                round.limit,
                &Progress::silent(),
                |sent| round.begun.task(sent.task),
            )
            .await?;
            upload::all_ended(round.server, &sent, |_| ()).await?;
        }
        let gone = self.still_gone(connection).await?;
        if !gone.is_empty() {
            let ids: Vec<String> = gone.iter().map(DocumentId::to_string).collect();
            let tasks = round.server.delete_ids(round.uid, &ids).await?;
            for task in &tasks {
                round.begun.task(*task);
            }
            for ended in wait(round.server, &tasks, &mut |_| ()).await? {
                if ended.is_failure() {
                    return Err(ended
                        .into_error(&format!("deletes from {}", round.uid))
                        .into());
                }
            }
        }
        for id in self.sent.iter() {
            followed.sent.insert(&id);
        }
        for id in &gone {
            followed.deleted.insert(id);
        }
        Ok(())
    }

    /// The ids that the database still does not return, asked at this moment.
    async fn still_gone(&self, connection: &mut Connection) -> Result<Vec<DocumentId>, Error> {
        if self.gone.is_empty() {
            return Ok(Vec::new());
        }
        let mut gone = self.gone.clone();
        let ids: Vec<DocumentId> = gone.iter().cloned().collect();
        let mut snapshot = connection.snapshot().await?;
        for some in ids.chunks(IDS_PER_READ) {
            let (sql, ids) = queries::ids_among(
                &self.round.index.definition.documents_sql,
                some.iter().map(DocumentId::as_str),
            );
            let mut rows = snapshot.rows(&sql, ids);
            while let Some(row) = rows.try_next().await? {
                if let Ok(id) = DocumentId::from_value(row.values()[0]) {
                    gone.remove(&id);
                }
            }
        }
        snapshot.end().await?;
        Ok(gone.into_iter().collect())
    }
}
