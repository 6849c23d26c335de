//! What rounds at several servers read of one database, read once.
//!
//! They hold the same, so they are asked for the same pages at about the same time: what was read for one is kept for the
//! others, 2 MiB of it, and only until anything is committed. A server that is slower than that has its rows read once more.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Mutex;

use super::{read_ids, read_rows};
use crate::document::Anomalies;
use crate::document::ids::{DocumentId, IdList};
use crate::error::Error;
use crate::prepared::Prepared;
use crate::sqlite::{ChangeToken, Connection, Database, Snapshot};
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
    pub(in crate::sync) fn servers(&self) -> usize {
        self.servers
    }

    /// What is shared; none where there is one server.
    pub(super) fn shared(&self) -> Option<&Mutex<Shared>> {
        self.shared.as_deref()
    }
}

/// What is read for whoever asks next. Held for as long as one read takes, and never across a request.
pub(super) struct Shared {
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
pub(super) struct Line {
    pub(super) id: DocumentId,
    pub(super) text: Vec<u8>,
    pub(super) notes: Anomalies,
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

impl Shared {
    /// The rows of the first of these ids, as many as are read at a time, and the ids that are left.
    pub(super) async fn first_lines<'i>(
        &mut self,
        database: &Database,
        index: &Prepared,
        ids: &'i [DocumentId],
    ) -> Result<(Vec<Arc<Line>>, &'i [DocumentId]), Error> {
        let (some, left) = ids.split_at(ids.len().min(self.rows_a_read as usize));
        // After an error, or if this is dropped in its middle, the next call opens the database again.
        let mut source = Source::of(self.source.take(), database).await?;
        let lines = source.lines(index, some).await?;
        self.source = Some(source);
        let bytes = lines.iter().map(|line| line.text.len() as u64).sum();
        self.rows_a_read = page_after(bytes, some.len() as u64, READ_BYTES);
        Ok((lines, left))
    }

    /// The ids of all rows, settled.
    pub(super) async fn all_ids(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fingerprint: &str) -> Form {
        Form {
            fingerprint: fingerprint.to_owned(),
            columns: Vec::new(),
        }
    }

    fn read(id: i64, bytes: u64) -> Read {
        Read {
            form: form("one"),
            lines: HashMap::from([(DocumentId::from(id), None)]),
            bytes,
        }
    }

    #[test]
    fn the_newest_reads_are_kept_as_far_as_they_fit() {
        let mut kept = Kept::default();
        for id in 1..=4 {
            kept.keep(read(id, KEPT_BYTES / 3));
        }
        let known = |kept: &Kept, id: i64| kept.line(&form("one"), &DocumentId::from(id)).is_some();
        assert_eq!(
            [1, 2, 3, 4].map(|id| known(&kept, id)),
            [false, true, true, true]
        );
        // One that is larger than all that is kept is needed by the others all the same.
        kept.keep(read(5, 2 * KEPT_BYTES));
        assert_eq!([4, 5].map(|id| known(&kept, id)), [false, true]);
        for id in 6..30 {
            kept.keep(read(id, 0));
        }
        assert_eq!(kept.reads.len(), KEPT_READS);
        assert!(known(&kept, 29) && !known(&kept, 5));
    }

    #[test]
    fn what_another_definition_makes_of_a_row_is_not_taken() {
        let mut kept = Kept::default();
        kept.keep(read(1, 1));
        let id = DocumentId::from(1);
        assert!(kept.line(&form("one"), &id).is_some());
        assert!(kept.line(&form("other"), &id).is_none());
    }
}
