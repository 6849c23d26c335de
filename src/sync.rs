//! A round: brings one index to the state that documents.sql returns.
//!
//! | file | what it does |
//! | --- | --- |
//! | `changes` | which ids changes.sql names since an instant |
//! | `memory` | which of these ids earlier rounds have already compared |
//! | `compare` | compares rows with documents: only those that differ are sent |
//! | `rows` | reads the rows; once for all servers |
//! | `plan` | what a round found, and why |
//! | `drift` | finds what differs, field by field, and changes nothing |
//! | `carry_out` | sends, waits, and deletes the documents whose rows are still gone |
//! | `guard` | refuses a round that would delete too much |
//! | `lag` | how far an index is behind the database |
//! | `planned` | carries out an earlier plan |
//!
//! Documents are complete and have ids, so sending one again is harmless, and a round that died is simply run again.
//! Only a delete cannot be undone: before it is sent, the id is looked up in the database once more, and a round that
//! would delete a large share of the index is refused.

mod carry_out;
mod changes;
mod compare;
mod drift;
mod guard;
pub mod lag;
mod memory;
mod plan;
mod planned;
mod rows;

pub use drift::{Drift, Drifted, FieldDifference, Kind, differing_fields};
use jiff::Timestamp;
pub use memory::Memory;
use memory::Seeing;
pub use plan::{Plan, Reason};
pub use rows::SharedRows;

use crate::cli::Percent;
use crate::document::timestamp;
use crate::error::Error;
use crate::generation::build::Started;
use crate::meilisearch::Server;
use crate::meilisearch::upload::BatchLimit;
use crate::prepared::Prepared;
use crate::sqlite::{Connection, Database, LogPosition};
use crate::tracking::Tracking;

/// How deeply a round compares.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// How many there are; where that differs, ids are compared. It sees no edit: what a follower does between two
    /// comparisons of an index whose edits only a comparison finds.
    Count,
    /// What changes.sql names. Blind to hard deletes and to writes that touch no timestamp; where the counts differ
    /// afterwards, ids are compared as well. Where changes.sql shows no edits, every document is compared.
    Changed,
    /// That, and every id that stands on one side only.
    Ids,
    /// Every document with its row, to the field.
    All,
}

/// Where a round begins to look for changes.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// Where changes.sql compares timestamps: from here on.
    pub since: Timestamp,
    /// Where it reads a change log: behind this row. `None` where the log was not followed so far.
    pub log: Option<LogPosition>,
}

/// What one round works with.
pub struct Round<'a> {
    /// The database.
    pub database: &'a Database,
    /// What is read of it for rounds at other servers, too.
    pub rows: &'a SharedRows,
    /// The server.
    pub server: &'a Server,
    /// The index, checked.
    pub index: &'a Prepared,
    /// The uid that is brought up to date: a build, or the live one.
    pub uid: &'a str,
    /// How large an upload may be.
    pub limit: &'a BatchLimit,
    /// What this run has begun, so that it can be cancelled.
    pub started: &'a Started,
    /// How large a share of the index's documents may be deleted; `None` where nothing is guarded (a build, which has
    /// gates of its own).
    pub max_loss: Option<Percent>,
    /// What earlier rounds of this generation have seen within the overlap.
    pub memory: Option<&'a Memory>,
}

/// What a round did, or would do.
#[derive(Debug)]
pub struct Followed {
    /// When its snapshot was taken: everything committed before is in the index now.
    pub taken_at: Timestamp,
    /// How deeply it compared in the end.
    pub depth: Depth,
    /// What was sent and deleted, and why.
    pub plan: Plan,
    /// The newest change timestamp in the database, at most the present; `None` where no time is believed.
    pub newest: Option<Timestamp>,
    /// The newest change that changes.sql named to this round, of those that are not dated in the future.
    pub newest_named: Option<Timestamp>,
    /// What is known of the changes of this index.
    pub tracking: Tracking,
    /// What the next round may pass over, now that this one has succeeded.
    pub memory: Memory,
    /// Where the next round goes on in the change log; `None` where there is none, or where it does not tell everything.
    pub log: Option<LogPosition>,
}

impl Followed {
    /// A round that needs no look: nothing was committed since `taken_at`.
    ///
    /// # Errors
    /// Where the temporary folder takes no file.
    pub fn nothing(taken_at: Timestamp, tracking: Tracking) -> Result<Followed, Error> {
        Ok(Followed {
            taken_at,
            depth: Depth::All,
            plan: Plan::new(u64::MAX)?,
            newest: tracking.newest(taken_at),
            newest_named: None,
            tracking,
            memory: Memory::default(),
            log: None,
        })
    }

    /// Whether changes.sql named anything that changed after `until`. A row of the future has not changed yet.
    pub fn has_seen_change_after(&self, until: Timestamp) -> bool {
        self.newest_named
            .is_some_and(|newest| timestamp::is_after(newest, until))
    }

    /// Ids were compared as well.
    fn deepen(&mut self, deeper: Plan) -> Result<(), Error> {
        self.depth = Depth::Ids;
        self.plan.absorb(deeper)
    }

    /// Whether the index holds every edit now that was committed before the round, but for those that move no timestamp.
    pub fn saw_edits(&self) -> bool {
        match self.depth {
            Depth::All => true,
            Depth::Changed | Depth::Ids => self.tracking.sees_edits(),
            Depth::Count => false,
        }
    }
}

impl Round<'_> {
    /// Finds out what differs, sends and deletes it.
    ///
    /// # Errors
    /// What kept it from ending; what was sent until then is right, and sending it again is harmless.
    pub async fn run(&self, depth: Depth, from: &Beginning) -> Result<Followed, Error> {
        let mut connection = self.database.connect().await?;
        let (mut found, in_database) = self.look(&mut connection, depth, from).await?;
        self.guard(&mut connection, &found.plan).await?;
        self.carry_out(&mut connection, &mut found.plan).await?;
        if let Some(in_database) = in_database
            && self.server.count_documents(self.uid).await? != in_database
        {
            let mut deeper = self.compare_ids(&mut connection).await?;
            self.guard(&mut connection, &deeper).await?;
            self.carry_out(&mut connection, &mut deeper).await?;
            found.deepen(deeper)?;
        }
        connection.close().await?;
        Ok(found)
    }

    /// Finds out what a round would send and delete, and does nothing; [`Round::carry_out_found`] does it.
    ///
    /// # Errors
    /// Where one side cannot be read.
    pub async fn dry_run(&self, depth: Depth, from: &Beginning) -> Result<Followed, Error> {
        let mut connection = self.database.connect().await?;
        let (mut found, in_database) = self.look(&mut connection, depth, from).await?;
        if let Some(in_database) = in_database {
            let in_index = self.server.count_documents(self.uid).await?;
            if found.plan.count_after(in_index) != in_database {
                found.deepen(self.compare_ids(&mut connection).await?)?;
            }
        }
        found.plan.drop_documents();
        self.guard(&mut connection, &found.plan).await?;
        connection.close().await?;
        Ok(found)
    }

    /// What differs; and how many documents the database has, where the look has not shown each that is missing or gone.
    async fn look(
        &self,
        connection: &mut Connection,
        depth: Depth,
        from: &Beginning,
    ) -> Result<(Followed, Option<u64>), Error> {
        let mut snapshot = connection.snapshot().await?;
        let taken_at = snapshot.taken_at();
        let definition = &self.index.definition;
        let tracking = self.index.look_at_changes(&mut snapshot).await?;
        let mut depth = match depth {
            Depth::Changed if !tracking.sees_edits() => Depth::All,
            Depth::Count if tracking.sees_edits() => Depth::Changed,
            depth => depth,
        };
        let log = match self.index.changes_by.log() {
            Some(log) if tracking.sees_edits() => Some(log),
            _ => None,
        };
        if let Some(log) = log.filter(|_| depth < Depth::All)
            && let Some(gap) = snapshot.gap_since(&log.table, from.log.as_ref()).await?
        {
            tracing::warn!("{}: {gap}; comparing every document", self.uid);
            depth = Depth::All;
        }
        // A log tells inserts and deletes, too: there is nothing that a count could show.
        let in_database = match depth <= Depth::Changed && log.is_none() {
            true => Some(snapshot.count(&definition.documents_sql).await?),
            false => None,
        };
        let mut seeing = Seeing::new(self.memory, taken_at);
        let mut newest_named = None;
        match &definition.changes_sql {
            Some(changes) if log.is_some() && depth < Depth::All => {
                let after = from.log.as_ref().map_or(0, |position| position.seq);
                self.each_logged(&mut snapshot, changes, after, |id| {
                    newest_named = Some(taken_at);
                    seeing.add_logged(&id)
                })
                .await?;
            }
            Some(changes)
                if tracking.column.is_some() && tracking.sees_edits() && depth > Depth::Count =>
            {
                let since = from.since;
                let bound = tracking.since(since);
                self.each_change(&mut snapshot, changes, bound, since, |id, at| {
                    newest_named = newest_named.max((at <= taken_at).then_some(at));
                    match depth < Depth::All {
                        true => seeing.add(id, at),
                        false => Ok(()),
                    }
                })
                .await?;
            }
            _ => {}
        }
        snapshot.end().await?;
        let (changed, memory) = seeing.end()?;
        let mut plan = Plan::new(self.limit.bytes())?;
        match depth {
            Depth::Count => {}
            Depth::Changed => self.compare_named(connection, &changed, &mut plan).await?,
            Depth::Ids => {
                self.compare_named(connection, &changed, &mut plan).await?;
                plan.absorb(self.compare_ids(connection).await?)?;
            }
            Depth::All => self.compare_all(connection, &mut plan).await?,
        }
        plan.finish()?;
        let found = Followed {
            taken_at,
            depth,
            plan,
            newest: tracking.newest(taken_at),
            newest_named,
            // A trigger that was dropped since the triggers were checked shows in the version of the schema.
            log: tracking
                .end_of_log
                .clone()
                .filter(|end| log.is_some_and(|log| log.schema == end.schema)),
            tracking,
            memory,
        };
        Ok((found, in_database))
    }
}
