//! A round: one index is brought to what documents.sql returns.
//!
//! | file | what it does |
//! | --- | --- |
//! | `changes` | which ids changes.sql names since an instant |
//! | `compare` | a row and its document, side by side: what is the same is not sent |
//! | `plan` | what a round found, and why |
//! | `drift` | what differs, told field by field and changed by nobody |
//! | `same` | what is the same although a server has read and written it |
//! | `carry_out` | sends, waits, deletes what still is gone |
//! | `planned` | carries out what an earlier look found |
//!
//! Documents are whole and keyed, so sending one again is harmless, and a round that died is simply run again. A
//! delete is the one thing that cannot be taken back: before it is sent, the database is asked for that id once more,
//! and a round that would delete a large share of the index is refused.

mod carry_out;
mod changes;
mod compare;
mod drift;
mod plan;
mod planned;
mod same;

use std::collections::HashMap;

use jiff::Timestamp;

use crate::cli::Percent;
use crate::engine::upload::BatchLimit;
use crate::engine::{Begun, Server};
use crate::error::Error;
use crate::ids::DocumentId;
use crate::preflight::Prepared;
use crate::report::counted;
use crate::source::{Connection, Database};

pub use changes::ChangesError;
pub use drift::{Drift, Drifted, FieldDifference, Kind, differing_fields};
pub use plan::{Plan, Reason};

/// How deeply a round compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// What changes.sql names. Blind to hard deletes and to writes that touch no timestamp; where the counts differ
    /// afterwards, ids are compared as well.
    Changed,
    /// That, and every id that stands on one side only.
    Ids,
    /// Every document with its row, to the field.
    All,
}

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
    /// How large a share of the index's documents may be deleted; `None` where nothing is guarded (a build, which has
    /// gates of its own).
    pub max_loss: Option<Percent>,
    /// What earlier rounds have seen within the overlap: an id with the same change timestamp is not looked at again.
    pub known: Option<&'a Known>,
}

/// Ids with the change timestamp that they were last seen with. A follower looks back as far as the overlap at every
/// round; without a memory it would read an import of ten minutes ago again each time.
pub type Known = HashMap<DocumentId, Timestamp>;

/// What a round did, or would do.
#[derive(Debug)]
pub struct Followed {
    /// When its snapshot was taken: everything committed before is in the index now.
    pub taken_at: Timestamp,
    /// How deeply it compared in the end.
    pub depth: Depth,
    /// What was sent and deleted, and why.
    pub plan: Plan,
    /// The newest change timestamp in the database, at most the present.
    pub newest: Option<Timestamp>,
    /// What changes.sql named: what the next round may skip, now that this one has succeeded.
    pub seen: Known,
}

impl Followed {
    /// Whether changes.sql named anything that changed after `until`. A row of the future has not changed yet.
    pub fn has_seen_change_after(&self, until: Timestamp) -> bool {
        let mut times = self.seen.values();
        times.any(|at| *at > until && *at <= self.taken_at)
    }
}

/// A round that would delete too much.
#[derive(Debug, thiserror::Error)]
#[error(
    "{uid}: {deletes} of {} would be deleted, {:.0} % where --max-loss allows {allowed}; nothing was \
     changed. If somebody is importing, wait until that has ended; if it is right, say --max-loss {}%",
    counted(*.documents, "document", "documents"), share(*.deletes, *.documents), share(*.deletes, *.documents).ceil()
)]
pub struct TooManyDeletes {
    /// The index.
    pub uid: String,
    /// What would be deleted.
    pub deletes: u64,
    /// Of how many.
    pub documents: u64,
    /// The share that is allowed.
    pub allowed: Percent,
}

/// As few deletes as this are never too many: in an index of three, one is a third.
const FEW_DELETES: u64 = 10;

fn share(deletes: u64, documents: u64) -> f64 {
    deletes as f64 * 100.0 / documents.max(1) as f64
}

impl Round<'_> {
    /// Finds out what differs, sends and deletes it. `since` is where changes.sql begins.
    ///
    /// # Errors
    /// What kept it from ending; what was sent until then is right, and sending it again is harmless.
    pub async fn run(&self, depth: Depth, since: Timestamp) -> Result<Followed, Error> {
        let mut connection = self.database.connect().await?;
        let (mut found, in_database) = self.look(&mut connection, depth, since).await?;
        self.guard(&found.plan).await?;
        self.carry_out(&mut connection, &mut found.plan).await?;
        if depth == Depth::Changed && self.server.count_documents(self.uid).await? != in_database {
            let mut deeper = self.compare_ids(&mut connection).await?;
            self.guard(&deeper).await?;
            self.carry_out(&mut connection, &mut deeper).await?;
            found.depth = Depth::Ids;
            found.plan.absorb(deeper)?;
        }
        connection.close().await?;
        Ok(found)
    }

    /// Finds out what a round would send and delete, and does nothing; [`Round::carry_out_found`] does it.
    ///
    /// # Errors
    /// Where one side cannot be read.
    pub async fn dry_run(&self, depth: Depth, since: Timestamp) -> Result<Followed, Error> {
        let mut connection = self.database.connect().await?;
        let (mut found, in_database) = self.look(&mut connection, depth, since).await?;
        if depth == Depth::Changed {
            let in_index = self.server.count_documents(self.uid).await?;
            if found.plan.count_after(in_index) != in_database {
                found
                    .plan
                    .absorb(self.compare_ids(&mut connection).await?)?;
                found.depth = Depth::Ids;
            }
        }
        found.plan.drop_documents();
        self.guard(&found.plan).await?;
        connection.close().await?;
        Ok(found)
    }

    /// What differs, and how many documents the database has.
    async fn look(
        &self,
        connection: &mut Connection,
        depth: Depth,
        since: Timestamp,
    ) -> Result<(Followed, u64), Error> {
        let mut snapshot = connection.snapshot().await?;
        let taken_at = snapshot.taken_at();
        let in_database = snapshot.count(&self.index.definition.documents_sql).await?;
        let mut seen = Known::new();
        let mut newest = None;
        if let Some(changes) = &self.index.definition.changes_sql
            && let Some(column) = self.column(&mut snapshot, changes).await?
        {
            // A row of the year 2099 says nothing about how far the database is.
            newest = Some(column.newest.min(taken_at));
            seen = self
                .changed_ids(&mut snapshot, changes, &column, since)
                .await?;
        }
        snapshot.end().await?;
        let known = |(id, at): &(&DocumentId, &Timestamp)| {
            self.known.is_some_and(|known| known.get(id) == Some(at))
        };
        let changed: Vec<DocumentId> = seen
            .iter()
            .filter(|one| !known(one))
            .map(|(id, _)| id.clone())
            .collect();
        let mut plan = Plan::new(self.limit.bytes())?;
        match depth {
            Depth::Changed => {
                self.compare_changed(connection, &changed, &mut plan)
                    .await?
            }
            Depth::Ids => {
                self.compare_changed(connection, &changed, &mut plan)
                    .await?;
                plan.absorb(self.compare_ids(connection).await?)?;
            }
            Depth::All => self.compare_all(connection, &mut plan).await?,
        }
        plan.finish()?;
        let found = Followed {
            taken_at,
            depth,
            plan,
            newest,
            seen,
        };
        Ok((found, in_database))
    }

    async fn guard(&self, plan: &Plan) -> Result<(), Error> {
        let Some(allowed) = self.max_loss else {
            return Ok(());
        };
        let deletes = plan.gone.len();
        if deletes <= FEW_DELETES {
            return Ok(());
        }
        let documents = self.server.count_documents(self.uid).await?;
        if share(deletes, documents) > allowed.fraction() * 100.0 {
            return Err(TooManyDeletes {
                uid: self.uid.to_owned(),
                deletes,
                documents,
                allowed,
            }
            .into());
        }
        Ok(())
    }
}
