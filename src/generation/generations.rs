//! Which index is live, which one is retained, which is a leftover of a run that died, and which is not ours.
//!
//! The role of an index is not stored anywhere. The index under the live uid is live. One under a timestamped uid that
//! is complete and was live is retained. Every other build is a leftover. A name never proves that an index is ours: a
//! clean-up by prefix once deleted `articles_archive` as well. An index is ours if one of our records has its
//! `createdAt`, which moves with the documents. The record, and not the present uid, also says for which live uid a
//! generation was built, because people swap and rename indexes by hand.
//!
//! The roles exclude one another, so they are told apart in one place.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::generation::records::{NO_LOCK, Record, record_of};
use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::indexes::IndexInfo;
use crate::meilisearch::server::Server;
use crate::meilisearch::uid::GenerationUid;
use crate::meilisearch::uid::{TaskUid, same_identity};

/// So long may a build of another host rest before it counts as dead. Two containers run side by side during a deployment, and
/// a lock doesn't always reach from one to the other.
const REST_OF_A_BUILD: Duration = Duration::from_secs(60 * 60);

/// An index with the record that says it is ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    pub index: IndexInfo,
    pub record: Record,
}

impl Generation {
    /// When it was made, as the server says.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.index.created_at.parse().ok()
    }

    /// Whether it was ever the live one. A swap puts a former live index under the uid of the build that took its place, so
    /// one that lies where it was built never left there: its run died between the gates and the swap.
    pub fn was_live(&self) -> bool {
        self.record.was_live || self.index.uid != self.record.build_uid
    }
}

/// Whether an index lies under this uid, or a record tells of one.
pub fn is_taken(uid: &str, indexes: &[IndexInfo], records: &[Record]) -> bool {
    indexes.iter().any(|index| index.uid == uid)
        || records.iter().any(|record| record.build_uid == uid)
}

/// Whether a person means this index by a uid or a `createdAt`. The latter to the digit, or to the second as tables show it.
pub fn is_meant(by: &str, index: &IndexInfo) -> bool {
    let by = by.trim();
    if index.uid == by || same_identity(by, &index.created_at) {
        return true;
    }
    let (Ok(asked), Ok(created_at)) = (
        by.parse::<Timestamp>(),
        index.created_at.parse::<Timestamp>(),
    ) else {
        return false;
    };
    asked.subsec_nanosecond() == 0 && asked.as_second() == created_at.as_second()
}

/// All that belongs to one live uid, or looks as if it did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Generations {
    /// The index under the live uid; without a record it was not made by this program, or its record is lost.
    pub live: Option<(IndexInfo, Option<Record>)>,
    /// Complete ones under timestamped uids: the one that was live before this one, then the newest first. After a rollback
    /// and a reindex the newest is the bad one, and it must not be the one that is kept.
    pub retained: Vec<Generation>,
    /// Builds that never became complete, or never live: they must not take the place of a former live one that is kept.
    pub leftovers: Vec<Generation>,
    /// Made for this live uid, and now under a uid that this program gives to no generation, or under another live uid:
    /// renamed or swapped by hand. Never touched.
    pub moved: Vec<Generation>,
    /// They begin like ours and are not: never touched.
    pub foreign: Vec<IndexInfo>,
    /// Records of generations that are gone.
    pub gone: Vec<Record>,
}

impl Generations {
    pub fn of(live_uid: &str, indexes: &[IndexInfo], records: &[Record]) -> Generations {
        let is_live_uid =
            |uid: &str| uid == live_uid || records.iter().any(|record| record.live_uid == uid);
        let lies_as_generation = |uid: &str| {
            let of = GenerationUid::parse_any(uid);
            !is_live_uid(uid) && of.is_some_and(|(of, _)| is_live_uid(of))
        };
        let mut all = Generations::default();
        for index in indexes {
            let record = record_of(index, records).cloned();
            if index.uid == live_uid {
                all.live = Some((index.clone(), record));
                continue;
            }
            let Some(record) = record else {
                let rest = index.uid.strip_prefix(live_uid);
                if rest.is_some_and(|rest| rest.starts_with(['_', '-'])) {
                    all.foreign.push(index.clone());
                }
                continue;
            };
            if record.live_uid != live_uid {
                continue;
            }
            let index = index.clone();
            let generation = Generation { index, record };
            let list = if !lies_as_generation(&generation.index.uid) {
                &mut all.moved
            } else if generation.record.complete && generation.was_live() {
                &mut all.retained
            } else {
                &mut all.leftovers
            };
            list.push(generation);
        }
        let records = records.iter().filter(|record| record.live_uid == live_uid);
        all.retained
            .sort_by_key(|generation| std::cmp::Reverse(generation.created_at()));
        if let Some(previous) = all
            .previous()
            .map(|generation| generation.index.uid.clone())
        {
            // A stable sort: the others keep their order.
            all.retained
                .sort_by_key(|generation| generation.index.uid != previous);
        }
        let lost = |record: &&&Record| !indexes.iter().any(|index| record.is_about(index));
        all.gone = records.filter(|record| lost(&record)).cloned().collect();
        all
    }

    /// The index under the live uid was built for this other one: it was swapped or renamed by hand.
    pub fn built_for_another(&self, live_uid: &str) -> Option<&str> {
        let (_, record) = self.live.as_ref()?;
        let built_for = record.as_ref()?.live_uid.as_str();
        (built_for != live_uid).then_some(built_for)
    }

    /// The generation that was live before this one, if it is still there: a swap puts it where the live one came from.
    pub fn previous(&self) -> Option<&Generation> {
        let (_, record) = self.live.as_ref()?;
        let record = record.as_ref()?;
        let came_from = record.came_from.as_ref().unwrap_or(&record.build_uid);
        self.retained
            .iter()
            .find(|generation| generation.index.uid == *came_from)
    }

    /// What goes when only the newest `retain` former generations stay.
    pub fn beyond(&self, live_uid: &str, retain: usize) -> Vec<Deletable> {
        let old = self.retained.iter().skip(retain);
        old.filter_map(|generation| Deletable::of(live_uid, generation))
            .collect()
    }

    /// The leftovers, each with whether it may be deleted; `busy` says whether tasks wait for a uid.
    pub fn judge_leftovers(
        &self,
        live_uid: &str,
        observer: &Observer,
        now: Timestamp,
        busy: impl Fn(&str) -> bool,
    ) -> Vec<Leftover> {
        self.leftovers
            .iter()
            .map(|generation| {
                let verdict = observer.verdict(generation, now, busy(&generation.index.uid));
                let deletable = Deletable::of(live_uid, generation).filter(|_| verdict.may_go());
                Leftover {
                    generation: generation.clone(),
                    verdict,
                    deletable,
                }
            })
            .collect()
    }

    /// Records that are no longer needed. A record is written before its index is made, so a young one whose maker may
    /// be alive may be about an index that is on its way.
    pub fn records_to_forget(&self, observer: &Observer, now: Timestamp) -> Vec<Record> {
        let old = |record: &&Record| {
            observer.knows_dead(record) || rests(record.begun_at, now) >= REST_OF_A_BUILD
        };
        self.gone.iter().filter(old).cloned().collect()
    }
}

/// A build that never became complete or live, and what is to be done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Leftover {
    pub generation: Generation,
    pub verdict: Verdict,
    /// Only where the verdict allows it.
    pub deletable: Option<Deletable>,
}

impl Leftover {
    /// What it is.
    pub fn what(&self) -> &'static str {
        let record = &self.generation.record;
        match (record.placeholder, record.complete) {
            (true, _) => "an empty index that a swap needed",
            (false, true) => "a build that was complete and never swapped in",
            (false, false) => "a build that never became complete",
        }
    }
}

/// Decides whether the run that made something has ended.
///
/// Only the run lock proves this: a process that holds the same lock that the run held knows that the run has ended. A
/// host's name proves nothing if no lock could be taken (no flock, other systems) or if two machines have the same name
/// (`hostname:` in a compose file); then only age and activity can be used.
#[derive(Debug, Clone)]
pub struct Observer {
    /// The name of this host.
    pub host: String,
    /// The lock that is held ([`RunLock::id`](crate::sqlite::RunLock::id)); none where there is none to hold.
    pub lock: Option<String>,
}

impl Observer {
    /// Whether this record's run has certainly ended, because the observer holds the lock that the run would hold.
    pub fn knows_dead(&self, record: &Record) -> bool {
        self.knows_lock_of(record)
    }

    /// Whether the record names the judge's own lock.
    pub fn knows_lock_of(&self, record: &Record) -> bool {
        match (&self.lock, &record.lock) {
            (Some(ours), Some(theirs)) => ours == theirs && ours != NO_LOCK,
            // Written by a former version, which relied on the host's name.
            (Some(_), None) => record.host == self.host,
            (None, _) => false,
        }
    }

    fn verdict(&self, generation: &Generation, now: Timestamp, busy: bool) -> Verdict {
        if self.knows_dead(&generation.record) {
            return Verdict::Ours;
        }
        if busy {
            return Verdict::Busy;
        }
        let updated = generation.index.updated_at.parse().unwrap_or(now);
        if rests(generation.record.begun_at.max(updated), now) < REST_OF_A_BUILD {
            Verdict::Young
        } else {
            Verdict::AtRest
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its run held the lock that is held now, so it has ended.
    Ours,
    /// No lock tells of its run, and nothing has happened to it for an hour.
    AtRest,
    /// No lock tells of its run, and it is less than an hour old: perhaps a run that is alive.
    Young,
    /// Tasks wait for it: a run that is alive, or one that has just died.
    Busy,
}

impl Verdict {
    pub fn may_go(self) -> bool {
        matches!(self, Verdict::Ours | Verdict::AtRest)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Ours => "made on this host by a run that has ended",
            Verdict::AtRest => {
                "made on another host, or where nothing can be locked; nothing has happened to it for an hour"
            }
            Verdict::Young => {
                "made on another host, or where nothing can be locked, less than an hour ago: perhaps a run that is alive"
            }
            Verdict::Busy => {
                "made on another host, or where nothing can be locked; tasks wait for it"
            }
        })
    }
}

/// How long ago. A moment in the future is no time ago.
fn rests(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

/// The permission to delete one index: it has a timestamped uid, and one of our records has its `createdAt`.
///
/// It can't be made for a live uid. A widely copied recipe deletes the live uid after a swap, and with it the new index; one
/// library resolved a name to the live index and emptied it before the new one was filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletable {
    uid: GenerationUid,
    created_at: String,
}

impl Deletable {
    pub fn of(live_uid: &str, generation: &Generation) -> Option<Deletable> {
        let Generation { index, record } = generation;
        let ours = record.live_uid == live_uid && record.is_about(index) && index.uid != live_uid;
        // By the uid of whichever live one it lies: what was swapped by hand is put aside there by the next swap.
        let (_, uid) = GenerationUid::parse_any(&index.uid).filter(|_| ours)?;
        Some(Deletable {
            uid,
            created_at: index.created_at.clone(),
        })
    }

    pub fn uid(&self) -> &GenerationUid {
        &self.uid
    }

    pub fn created_at(&self) -> &str {
        &self.created_at
    }
}

impl Server {
    /// Enqueues the deletion of a generation, after a last look that the uid still holds it. None if it has gone already.
    pub async fn delete_generation(
        &self,
        generation: &Deletable,
    ) -> Result<Option<TaskUid>, MeilisearchError> {
        let uid = generation.uid.as_str();
        match self.index(uid).await? {
            None => Ok(None),
            Some(index) if same_identity(&index.created_at, &generation.created_at) => {
                self.delete_index(uid).await.map(Some)
            }
            Some(index) => Err(MeilisearchError::AnotherIndex {
                uid: uid.to_owned(),
                expected: generation.created_at.clone(),
                found: index.created_at,
            }),
        }
    }
}

impl Server {
    /// Enqueues the deletion of an empty live index that this program made because a swap needs two, and that no swap
    /// took away. None if another index lies there, or if another program has put documents into it: then that program
    /// owns it.
    pub async fn delete_placeholder(
        &self,
        placeholder: &Record,
    ) -> Result<Option<TaskUid>, MeilisearchError> {
        let live_uid = &placeholder.live_uid;
        let is_ours = match self.index(live_uid).await? {
            Some(index) => placeholder.placeholder && placeholder.is_about(&index),
            None => false,
        };
        if !is_ours || self.count_documents(live_uid).await? > 0 {
            return Ok(None);
        }
        self.delete_index(live_uid).await.map(Some)
    }
}

#[cfg(test)]
mod tests;
