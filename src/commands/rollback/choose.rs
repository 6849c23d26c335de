//! Chooses the generations of a rollback: all that were built in one run, because they were live together.

use jiff::Timestamp;

use crate::generation::generations::{Generation, Generations, is_meant};
use crate::generation::records::Record;
use crate::meilisearch::IndexInfo;
use crate::meilisearch::uid::same_identity;

/// One index with all that lies around of it.
#[derive(Clone, Debug)]
pub struct Index {
    /// The uid that the application searches.
    pub live_uid: String,
    /// Its generations.
    pub generations: Generations,
}

impl Index {
    /// The record of what is live, if it was built for this index.
    pub fn live_record(&self) -> Option<&Record> {
        let (_, record) = self.generations.live.as_ref()?;
        record
            .as_ref()
            .filter(|record| record.live_uid == self.live_uid)
    }
}

/// What tells one run from another. A run begins the records of all its indexes at one moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// When it began.
    pub begun_at: Timestamp,
    /// Where it ran.
    pub host: String,
}

impl Run {
    /// The run that a record is of.
    pub fn of(record: &Record) -> Self {
        Self {
            begun_at: record.begun_at,
            host: record.host.clone(),
        }
    }
}

/// What becomes of one index.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// This generation is swapped in.
    Back(Box<Generation>),
    /// The generation of that run is live already.
    LiveAlready,
    /// There is none of that run.
    None,
}

/// Why there is nothing to roll back to. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchGeneration {
    /// None is retained.
    #[error("there is no former generation to roll back to; `bisan-indexer reindex` builds one")]
    Nothing,
    /// There are only builds that never were live.
    #[error(
        "there is no former generation to roll back to; {uid} is complete and was never swapped in: to make it live all \
         the same, say --to {uid}"
    )]
    NeverLive {
        /// Where one lies.
        uid: String,
    },
    /// It is live.
    #[error("{to} is live already")]
    Live {
        /// As it was asked for.
        to: String,
    },
    /// It never became complete.
    #[error("{to} never became complete: it is what a dead run left, or a run is at work on it")]
    Unfinished {
        /// As it was asked for.
        to: String,
    },
    /// It is gone.
    #[error("{to} was deleted; `reindex --retain N` keeps more former generations")]
    Deleted {
        /// As it was asked for.
        to: String,
    },
    /// No generation matches it.
    #[error("no generation of the selected indexes has the uid or createdAt {to}")]
    Unknown {
        /// As it was asked for.
        to: String,
    },
    /// Several are meant.
    #[error("{to} may be generations of different runs; give the whole createdAt, or the uid")]
    Ambiguous {
        /// As it was asked for.
        to: String,
    },
}

/// What becomes of each index, in their order. At least one goes back.
///
/// Without `to`, the generation that the last swap put aside decides. After a rollback that is the one that was rolled back
/// from, so that doing it twice is forward again; it is not simply the newest, which may be the one that was bad.
///
/// # Errors
/// [`NoSuchGeneration`].
pub fn choose(indexes: &[Index], to: Option<&str>) -> Result<Vec<Turn>, NoSuchGeneration> {
    let run = match to {
        Some(to) => asked_for(indexes, to)?,
        None => last_live(indexes)?,
    };
    Ok(turns(indexes, &run))
}

/// What becomes of each index if all go to what this run built.
pub fn turns(indexes: &[Index], run: &Run) -> Vec<Turn> {
    let turn = |index: &Index| {
        if index
            .live_record()
            .is_some_and(|live| Run::of(live) == *run)
        {
            return Turn::LiveAlready;
        }
        complete(&index.generations)
            .find(|generation| Run::of(&generation.record) == *run)
            .map_or(Turn::None, |generation| {
                Turn::Back(Box::new(generation.clone()))
            })
    };
    indexes.iter().map(turn).collect()
}

/// Former live ones, and builds that were complete and never swapped in: they passed every gate, so they may be asked for.
pub fn complete(generations: &Generations) -> impl Iterator<Item = &Generation> {
    let never_live = generations.leftovers.iter();
    let never_live = never_live.filter(|generation| generation.record.complete);
    generations.retained.iter().chain(never_live)
}

fn last_live(indexes: &[Index]) -> Result<Run, NoSuchGeneration> {
    let all = || indexes.iter().map(|index| &index.generations);
    let previous = all().filter_map(Generations::previous);
    let retained = all().flat_map(|generations| &generations.retained);
    let newest = previous
        .max_by_key(|generation| generation.created_at())
        .or_else(|| retained.max_by_key(|generation| generation.created_at()));
    if let Some(generation) = newest {
        return Ok(Run::of(&generation.record));
    }
    Err(match all().flat_map(complete).next() {
        Some(build) => NoSuchGeneration::NeverLive {
            uid: build.index.uid.clone(),
        },
        None => NoSuchGeneration::Nothing,
    })
}

fn asked_for(indexes: &[Index], to: &str) -> Result<Run, NoSuchGeneration> {
    let asked = || to.trim().to_owned();
    let all = || indexes.iter().map(|index| &index.generations);
    let mut runs: Vec<Run> = all()
        .flat_map(complete)
        .filter(|generation| is_meant(to, &generation.index))
        .map(|generation| Run::of(&generation.record))
        .collect();
    runs.sort();
    runs.dedup();
    match runs.len() {
        0 => {}
        1 => return Ok(runs.remove(0)),
        _ => return Err(NoSuchGeneration::Ambiguous { to: asked() }),
    }
    let is_live = |(index, _): &(IndexInfo, Option<Record>)| is_meant(to, index);
    if all()
        .filter_map(|generations| generations.live.as_ref())
        .any(is_live)
    {
        return Err(NoSuchGeneration::Live { to: asked() });
    }
    let mut leftovers = all().flat_map(|generations| &generations.leftovers);
    if leftovers.any(|generation| is_meant(to, &generation.index)) {
        return Err(NoSuchGeneration::Unfinished { to: asked() });
    }
    let was = |record: &Record| {
        let created_at = record.created_at.as_deref();
        record.build_uid == to.trim()
            || created_at.is_some_and(|created_at| same_identity(created_at, to.trim()))
    };
    if all().flat_map(|generations| &generations.gone).any(was) {
        return Err(NoSuchGeneration::Deleted { to: asked() });
    }
    Err(NoSuchGeneration::Unknown { to: asked() })
}

#[cfg(test)]
pub(super) mod tests;
