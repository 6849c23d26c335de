//! Rows as lines of NDJSON: a round reads those of some ids, as they are at that moment.
//!
//! Where several servers are compared with one database, a row is read and converted once for all of them. They hold the
//! same, so they are asked for the same pages at about the same time: what was read for one is kept for the others, 2 MiB
//! of it, and only until anything is committed. A server that is slower than that has its rows read once more.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures::TryStreamExt as _;
use tokio::sync::Mutex;

use crate::document::Anomalies;
use crate::document::ids::{DocumentId, IdList};
use crate::error::Error;
use crate::prepared::Prepared;
use crate::reader::all_bad_rows;
use crate::sqlite::queries::{self, IDS_PER_READ};
use crate::sqlite::{ChangeToken, Connection, Database, Snapshot};
use crate::sync::Round;
use crate::sync::compare::{FIRST_PAGE, page_after};

/// Bytes of lines that are kept: some pages of a comparison at several servers.
const KEPT_BYTES: u64 = 2 << 20;

/// Bytes of lines that are read at once.
const READ_BYTES: u64 = 1 << 19;

/// Reads that are kept. What is looked up is searched for in each.
const KEPT_READS: usize = 16;

/// What rounds at several servers have read of one database. Each has a clone.
#[derive(Clone)]
pub struct SharedRows {
    servers: usize,
    /// A single server shares nothing.
    shared: Option<Arc<Mutex<Shared>>>,
}

impl SharedRows {
    /// Between so many servers.
    pub fn between(servers: usize) -> SharedRows {
        let shared = || Shared {
            servers,
            rows_a_read: FIRST_PAGE,
            source: None,
        };
        SharedRows {
            servers,
            shared: (servers > 1).then(|| Arc::new(Mutex::new(shared()))),
        }
    }

    /// How many servers are compared side by side.
    pub(super) fn servers(&self) -> usize {
        self.servers
    }
}

struct Shared {
    servers: usize,
    rows_a_read: u64,
    /// `None` before the first read, and after trouble.
    source: Option<Source>,
}

/// The connection of all servers, and what was read of one state of the database.
struct Source {
    database: Database,
    connection: Connection,
    kept: Kept,
}

/// What was read of one state of the database.
#[derive(Default)]
struct Kept {
    /// Which state; only the same connection can tell whether it still is.
    state: Option<ChangeToken>,
    reads: VecDeque<Read>,
    all_ids: Option<AllIds>,
}

/// What some ids were read to.
struct Read {
    form: Form,
    /// None where there is no row.
    lines: HashMap<DocumentId, Option<Arc<Line>>>,
    bytes: u64,
}

/// A row as its document.
struct Line {
    id: DocumentId,
    text: Vec<u8>,
    notes: Anomalies,
}

/// The ids of all rows.
struct AllIds {
    form: Form,
    ids: Arc<IdList>,
    /// How many servers have not asked for them yet.
    left: usize,
}

/// What a row becomes depends on this. A server's definition may have been checked before a migration, and another's after it.
#[derive(PartialEq)]
struct Form {
    fingerprint: String,
    columns: Vec<String>,
}

impl Form {
    fn of(index: &Prepared) -> Form {
        Form {
            fingerprint: index.fingerprint.clone(),
            columns: index.shape.columns().to_vec(),
        }
    }
}

impl Round<'_> {
    /// Gives to `each` the row of every id that has one, as its line, and to `notes` the anomalies of these rows.
    pub(super) async fn each_row(
        &self,
        connection: &mut Connection,
        ids: &[DocumentId],
        notes: &mut Anomalies,
        mut each: impl FnMut(&DocumentId, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(shared) = &self.rows.shared else {
            let mut snapshot = connection.snapshot().await?;
            read_rows(&mut snapshot, self.index, ids, notes, |id, line, _| {
                each(&id, line)
            })
            .await?;
            return Ok(snapshot.end().await?);
        };
        let mut rest = ids;
        while !rest.is_empty() {
            let mut shared = shared.lock().await;
            let (some, left) = rest.split_at(rest.len().min(shared.rows_a_read as usize));
            let lines = shared.lines(self.database, self.index, some).await?;
            drop(shared);
            for line in lines {
                each(&line.id, &line.text)?;
                notes.absorb(line.notes.entries());
            }
            rest = left;
        }
        Ok(())
    }

    /// The ids of all rows, settled.
    pub(super) async fn ids_of_rows(
        &self,
        connection: &mut Connection,
    ) -> Result<Arc<IdList>, Error> {
        if let Some(shared) = &self.rows.shared {
            return shared.lock().await.all_ids(self.database, self.index).await;
        }
        let mut snapshot = connection.snapshot().await?;
        let ids = read_ids(&mut snapshot, self.index).await?;
        snapshot.end().await?;
        Ok(Arc::new(ids))
    }
}

impl Shared {
    async fn lines(
        &mut self,
        database: &Database,
        index: &Prepared,
        ids: &[DocumentId],
    ) -> Result<Vec<Arc<Line>>, Error> {
        // After an error, or if this is dropped in its middle, the next call opens the database again.
        let mut source = Source::of(self.source.take(), database).await?;
        let lines = source.lines(index, ids).await?;
        self.source = Some(source);
        let bytes = lines.iter().map(|line| line.text.len() as u64).sum();
        self.rows_a_read = page_after(bytes, ids.len() as u64, READ_BYTES);
        Ok(lines)
    }

    async fn all_ids(
        &mut self,
        database: &Database,
        index: &Prepared,
    ) -> Result<Arc<IdList>, Error> {
        let mut source = Source::of(self.source.take(), database).await?;
        let ids = source.all_ids(index, self.servers - 1).await?;
        self.source = Some(source);
        Ok(ids)
    }
}

impl Source {
    /// The one that there is, unless another file lies in the place of its database.
    async fn of(before: Option<Source>, database: &Database) -> Result<Source, Error> {
        match before {
            Some(before) if !before.database.was_replaced() => Ok(before),
            _ => Ok(Source {
                database: database.clone(),
                connection: database.connect().await?,
                kept: Kept::default(),
            }),
        }
    }

    async fn lines(
        &mut self,
        index: &Prepared,
        ids: &[DocumentId],
    ) -> Result<Vec<Arc<Line>>, Error> {
        let form = Form::of(index);
        let mut snapshot = self.connection.snapshot().await?;
        self.kept.be_of(snapshot.change_token().await?);
        let mut lines = Vec::with_capacity(ids.len());
        let mut unread = Vec::new();
        for id in ids {
            match self.kept.line(&form, id) {
                Some(known) => lines.extend(known),
                None => unread.push(id.clone()),
            }
        }
        if !unread.is_empty() {
            let (read, found) = read_shared(&mut snapshot, index, form, unread).await?;
            lines.extend(found);
            self.kept.keep(read);
        }
        snapshot.end().await?;
        Ok(lines)
    }

    async fn all_ids(&mut self, index: &Prepared, others: usize) -> Result<Arc<IdList>, Error> {
        let form = Form::of(index);
        let mut snapshot = self.connection.snapshot().await?;
        self.kept.be_of(snapshot.change_token().await?);
        let ids = match self.kept.all_ids.take() {
            Some(known) if known.form == form => {
                let ids = Arc::clone(&known.ids);
                if known.left > 1 {
                    let left = known.left - 1;
                    self.kept.all_ids = Some(AllIds { left, ..known });
                }
                ids
            }
            _ => {
                let ids = Arc::new(read_ids(&mut snapshot, index).await?);
                self.kept.all_ids = Some(AllIds {
                    form,
                    ids: Arc::clone(&ids),
                    left: others,
                });
                ids
            }
        };
        snapshot.end().await?;
        Ok(ids)
    }
}

impl Kept {
    /// Forgets what was read of another state.
    fn be_of(&mut self, state: ChangeToken) {
        if self.state != Some(state) {
            *self = Kept {
                state: Some(state),
                ..Kept::default()
            };
        }
    }

    /// The row of an id, if it was read; the inner one is none where there is no row.
    fn line(&self, form: &Form, id: &DocumentId) -> Option<Option<Arc<Line>>> {
        let mut newest_first = self.reads.iter().rev().filter(|read| read.form == *form);
        newest_first.find_map(|read| read.lines.get(id).cloned())
    }

    /// Keeps a read, and as many before it as there is room for.
    fn keep(&mut self, read: Read) {
        self.reads.push_back(read);
        while self.reads.len() > KEPT_READS
            || self.reads.len() > 1
                && self.reads.iter().map(|read| read.bytes).sum::<u64>() > KEPT_BYTES
        {
            self.reads.pop_front();
        }
    }
}

/// Reads rows for all servers.
async fn read_shared(
    snapshot: &mut Snapshot<'_>,
    index: &Prepared,
    form: Form,
    ids: Vec<DocumentId>,
) -> Result<(Read, Vec<Arc<Line>>), Error> {
    let mut found = Vec::with_capacity(ids.len());
    let mut notes = Anomalies::new();
    read_rows(snapshot, index, &ids, &mut notes, |id, line, notes| {
        found.push(Arc::new(Line {
            id,
            text: line.to_vec(),
            notes: std::mem::take(notes),
        }));
        Ok(())
    })
    .await?;
    let mut read = Read {
        form,
        bytes: found.iter().map(|line| line.text.len() as u64).sum(),
        lines: ids.into_iter().map(|id| (id, None)).collect(),
    };
    for line in &found {
        read.lines.insert(line.id.clone(), Some(Arc::clone(line)));
    }
    Ok((read, found))
}

/// Reads the rows of these ids, and gives each to `each` as its line, with what was counted until then.
async fn read_rows(
    snapshot: &mut Snapshot<'_>,
    index: &Prepared,
    ids: &[DocumentId],
    notes: &mut Anomalies,
    mut each: impl FnMut(DocumentId, &[u8], &mut Anomalies) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut line = Vec::new();
    let mut rows_read = 0;
    for some in ids.chunks(IDS_PER_READ) {
        let texts = some.iter().map(DocumentId::as_str);
        let (sql, arguments) = queries::by_ids(&index.definition.documents_sql, texts);
        let mut rows = snapshot.rows(&sql, arguments);
        while let Some(row) = rows.try_next().await? {
            if rows.rows() == 1 {
                index.expect_columns_of(&row)?;
            }
            line.clear();
            rows_read += 1;
            match index.shape.write(&row.values(), &mut line, notes) {
                Ok(id) => each(id, &line, notes)?,
                Err(why) => {
                    drop(rows);
                    return Err(all_bad_rows(snapshot, index, rows_read, why).await);
                }
            }
        }
    }
    tracing::debug!(
        index = %index.definition.name, asked = ids.len(), read = rows_read, "rows read"
    );
    Ok(())
}

/// Reads the ids of all rows.
async fn read_ids(snapshot: &mut Snapshot<'_>, index: &Prepared) -> Result<IdList, Error> {
    let mut ids = IdList::new();
    let sql = queries::ids_only(&index.definition.documents_sql);
    let mut rows = snapshot.rows(&sql, Vec::new());
    while let Some(row) = rows.try_next().await? {
        match DocumentId::from_value(row.value(0)) {
            Ok(id) => ids.push(&id)?,
            Err(why) => {
                let row = rows.rows();
                drop(rows);
                return Err(all_bad_rows(snapshot, index, row, why.into()).await);
            }
        }
    }
    ids.settle_uncounted()?;
    Ok(ids)
}
