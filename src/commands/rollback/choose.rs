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
    let turn = |index: &Index| {
        let generations = &index.generations;
        let live = generations
            .live
            .as_ref()
            .and_then(|(_, record)| record.as_ref());
        if live.is_some_and(|one| one.live_uid == index.live_uid && Run::of(one) == run) {
            return Turn::LiveAlready;
        }
        complete(generations)
            .find(|generation| Run::of(&generation.record) == run)
            .map_or(Turn::None, |generation| {
                Turn::Back(Box::new(generation.clone()))
            })
    };
    Ok(indexes.iter().map(turn).collect())
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
mod tests {
    use super::*;

    /// A server of indexes and records, built up as runs would.
    #[derive(Default)]
    struct World {
        indexes: Vec<IndexInfo>,
        records: Vec<Record>,
    }

    fn at(hour: u32) -> String {
        format!("2026-11-24T{hour:02}:00:00.5Z")
    }

    impl World {
        /// Run number `run` built `live_uid`, and it lies under `uid` now.
        fn generation(mut self, live_uid: &str, run: u32, uid: &str) -> World {
            let begun_at = format!("2026-11-24T{run:02}:00:00Z").parse().unwrap();
            let build_uid = format!("{live_uid}_20261124T{run:02}0000Z");
            let mut record = Record::begin(live_uid, &build_uid, "", "host", begun_at);
            record.created_at = Some(at(run));
            record.complete = true;
            self.records.push(record);
            self.indexes.push(IndexInfo {
                uid: uid.to_owned(),
                created_at: at(run),
                updated_at: at(run),
                primary_key: Some("id".to_owned()),
            });
            self
        }

        fn last(mut self, change: impl Fn(&mut Record)) -> World {
            change(self.records.last_mut().unwrap());
            self
        }

        fn choose(&self, to: Option<&str>) -> Result<Vec<String>, NoSuchGeneration> {
            let indexes: Vec<Index> = ["articles", "authors"]
                .iter()
                .map(|live_uid| Index {
                    live_uid: (*live_uid).to_owned(),
                    generations: Generations::of(live_uid, &self.indexes, &self.records),
                })
                .collect();
            let turns = choose(&indexes, to)?;
            Ok(turns
                .into_iter()
                .map(|turn| match turn {
                    Turn::Back(generation) => generation.index.uid,
                    Turn::LiveAlready => "live already".to_owned(),
                    Turn::None => "none".to_owned(),
                })
                .collect())
        }
    }

    /// Two runs of both indexes: the second is live, the first lies where the second was built.
    fn two_runs() -> World {
        World::default()
            .generation("articles", 1, "articles_20261124T020000Z")
            .generation("authors", 1, "authors_20261124T020000Z")
            .generation("articles", 2, "articles")
            .generation("authors", 2, "authors")
    }

    #[test]
    fn all_indexes_of_the_run_before_go_back_together() {
        let expected = ["articles_20261124T020000Z", "authors_20261124T020000Z"];
        assert_eq!(two_runs().choose(None).unwrap(), expected);
        for to in [
            expected[1],
            &at(1),
            "2026-11-24T01:00:00Z",
            "2026-11-24 01:00:00Z",
        ] {
            assert_eq!(two_runs().choose(Some(to)).unwrap(), expected, "{to}");
        }
    }

    #[test]
    fn rolled_back_twice_is_forward_again() {
        let rolled_back = World::default()
            .generation("articles", 0, "articles_20261124T010000Z")
            .generation("articles", 1, "articles")
            .last(|record| record.came_from = Some("articles_20261124T020000Z".to_owned()))
            .generation("articles", 2, "articles_20261124T020000Z")
            .last(|record| record.was_live = true);
        let chosen = rolled_back.choose(None).unwrap();
        assert_eq!(chosen, ["articles_20261124T020000Z", "none"]);
    }

    #[test]
    fn what_was_rolled_back_from_is_not_gone_back_to() {
        // 2 was bad, 1 was live again, then 3 was built and took its place.
        let world = World::default()
            .generation("articles", 1, "articles_20261124T030000Z")
            .generation("articles", 2, "articles_20261124T020000Z")
            .last(|record| record.was_live = true)
            .generation("articles", 3, "articles");
        assert_eq!(world.choose(None).unwrap()[0], "articles_20261124T030000Z");
    }

    #[test]
    fn an_index_that_the_later_run_did_not_build_stays() {
        let world = World::default()
            .generation("articles", 1, "articles_20261124T020000Z")
            .generation("articles", 2, "articles")
            .generation("authors", 1, "authors");
        assert_eq!(
            world.choose(None).unwrap(),
            ["articles_20261124T020000Z", "live already"]
        );
    }

    #[test]
    fn a_build_that_never_was_live_is_only_taken_when_asked_for() {
        let never = "articles_20261124T030000Z";
        let world = two_runs().generation("articles", 3, never);
        assert_eq!(world.choose(None).unwrap()[0], "articles_20261124T020000Z");
        assert_eq!(world.choose(Some(never)).unwrap(), [never, "none"]);
        let alone = World::default()
            .generation("articles", 2, "articles")
            .generation("articles", 3, never);
        let refused = alone.choose(None).unwrap_err();
        assert_eq!(
            refused,
            NoSuchGeneration::NeverLive {
                uid: never.to_owned()
            }
        );
    }

    #[test]
    fn what_cannot_be_rolled_back_to_is_told_apart() {
        let world = two_runs()
            .generation("articles", 4, "articles_20261124T040000Z")
            .last(|record| record.complete = false);
        let mut world = world.generation("articles", 5, "gone");
        world.indexes.retain(|index| index.uid != "gone");
        let refused = |to: &str| world.choose(Some(to)).unwrap_err();
        let to = |text: &str| text.to_owned();
        assert_eq!(
            refused("articles"),
            NoSuchGeneration::Live { to: to("articles") }
        );
        assert_eq!(refused(&at(2)), NoSuchGeneration::Live { to: at(2) });
        assert_eq!(
            refused("articles_20261124T040000Z"),
            NoSuchGeneration::Unfinished {
                to: to("articles_20261124T040000Z")
            }
        );
        assert_eq!(refused(&at(5)), NoSuchGeneration::Deleted { to: at(5) });
        assert_eq!(
            refused("articles_x"),
            NoSuchGeneration::Unknown {
                to: to("articles_x")
            }
        );
        assert_eq!(
            World::default().choose(None).unwrap_err(),
            NoSuchGeneration::Nothing
        );
    }
}
