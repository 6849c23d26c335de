//! The rights that each user of a key needs, and why.

use crate::cli::KeyHolder;
use crate::meilisearch::keys::VERSION_NEEDS_ALL_INDEXES;
use crate::meilisearch::uid::RECORDS_UID;
use crate::meilisearch::version::Version;
use crate::report::key::Right;

/// All that a key may do, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// What the key is called on the server.
    pub name: &'static str,
    /// What it may do.
    pub actions: Vec<Right>,
    /// The uids and patterns that it may do it to.
    pub indexes: Vec<String>,
}

const fn right(action: &'static str, why: &'static str) -> Right {
    Right { action, why }
}

const INDEXER: [Right; 12] = [
    right(
        "indexes.create",
        "makes the index that a generation is built in, and the one with the checkpoints",
    ),
    right("indexes.get", "sees what is live, by its createdAt"),
    right(
        "indexes.delete",
        "deletes generations that are not kept, and builds that failed",
    ),
    right("indexes.swap", "makes a generation live"),
    right("documents.add", "sends documents"),
    right("documents.get", "counts and compares them"),
    right("documents.delete", "deletes what is gone from the database"),
    right("settings.get", "compares settings with what is wanted"),
    right("settings.update", "sets them"),
    right("tasks.get", "waits for its tasks, and reads how each ended"),
    right(
        "tasks.cancel",
        "takes its waiting tasks back when it is interrupted",
    ),
    right("search", "asks the smoke queries"),
];

const STATS: Right = right("stats.get", "reads the fields that documents have");

const VERSION: Right = right(
    "version",
    "knows what the server is able to do, without trying",
);

const RAILS: [Right; 8] = [
    right("search", "searches"),
    right(
        "indexes.create",
        "creates the index at its first use, if there is none",
    ),
    right("indexes.get", "looks whether there is one"),
    right("settings.get", "compares its settings at searches"),
    right("settings.update", "sends them where they differ"),
    right("documents.add", "sends a record when it is saved"),
    right("documents.delete", "deletes a record when it is destroyed"),
    right("tasks.get", "waits, where it is told to"),
];

impl Rights {
    /// What the holder needs for the live uids, on a server of this version.
    pub fn of(holder: KeyHolder, uids: &[&str], version: Option<Version>) -> Rights {
        let live = uids.iter().map(|uid| (*uid).to_owned());
        match holder {
            KeyHolder::Application => Rights {
                name: "search",
                actions: vec![right("search", "searches")],
                indexes: live.collect(),
            },
            KeyHolder::Rails => Rights {
                name: "meilisearch-rails",
                actions: RAILS.to_vec(),
                indexes: live.collect(),
            },
            KeyHolder::Indexer => {
                let mut actions = INDEXER.to_vec();
                actions.push(STATS);
                if version.is_some_and(|version| version < VERSION_NEEDS_ALL_INDEXES) {
                    actions.push(VERSION);
                }
                let mut indexes: Vec<String> = uids
                    .iter()
                    .flat_map(|uid| [(*uid).to_owned(), format!("{uid}_*")])
                    .collect();
                indexes.push(RECORDS_UID.to_owned());
                Rights {
                    name: "bisan-indexer",
                    actions,
                    indexes,
                }
            }
        }
    }
}

impl Rights {
    /// What the indexer needs each of these actions for, a line each, each begun by a line's end.
    pub fn needed_for(actions: &[&str]) -> String {
        let rights = Rights::of(KeyHolder::Indexer, &[], None);
        let needed = rights
            .actions
            .iter()
            .filter(|right| actions.contains(&right.action));
        needed
            .map(|right| format!("\n{}: {}", right.action, right.why))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rights: &Rights) -> Vec<&str> {
        rights.actions.iter().map(|right| right.action).collect()
    }

    #[test]
    fn a_key_covers_the_live_uids_their_generations_and_the_checkpoints() {
        let rights = Rights::of(KeyHolder::Indexer, &["Article"], None);
        assert_eq!(rights.indexes, ["Article", "Article_*", RECORDS_UID]);
        assert!(names(&rights).contains(&"indexes.swap") && names(&rights).contains(&"stats.get"));
        let searching = Rights::of(KeyHolder::Application, &["Article", "Author"], None);
        assert_eq!(searching.indexes, ["Article", "Author"]);
        assert_eq!(names(&searching), ["search"]);
    }

    #[test]
    fn the_version_is_asked_for_only_where_such_a_key_may_know_it() {
        let of = |version| Rights::of(KeyHolder::Indexer, &["a"], version);
        assert!(names(&of(Some((1, 5, 1)))).contains(&"version"));
        for version in [None, Some((1, 48, 2)), Some((1, 50, 0))] {
            assert!(!names(&of(version)).contains(&"version"), "{version:?}");
        }
    }
    #[test]
    fn what_is_tried_is_what_a_key_for_the_indexer_is_given() {
        let mut tried = crate::meilisearch::permissions::tried_actions();
        let rights = Rights::of(KeyHolder::Indexer, &["articles"], Some((1, 50, 0)));
        let mut given = names(&rights);
        tried.sort_unstable();
        given.sort_unstable();
        assert_eq!(tried, given);
    }
}
