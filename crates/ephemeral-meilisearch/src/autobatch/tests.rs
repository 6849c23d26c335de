use super::*;
use crate::tasks::Swap;
use serde_json::{Map, json};

fn add(index: &str, replace: bool) -> Kind {
    Kind::DocumentAddition {
        index: index.into(),
        payload: String::new(),
        received: 1,
        replace,
        primary_key: None,
        create: true,
        skip_creation: false,
    }
}

fn settings(index: &str) -> Kind {
    Kind::Settings {
        index: index.into(),
        settings: Map::new(),
        reset: false,
        create: true,
    }
}

fn planned(kinds: Vec<Kind>, like: Like) -> (Work, Vec<Uid>) {
    let tasks: Vec<Task> = kinds
        .into_iter()
        .enumerate()
        .map(|(uid, kind)| Task::new(uid as Uid, kind, None, like))
        .collect();
    let facts = IndexFacts {
        exists: true,
        primary_key: Some("id".into()),
    };
    let plan = plan(tasks.iter(), |_| facts, like).unwrap();
    (plan.work, plan.tasks)
}

fn old() -> Like {
    Like::OLDEST
}

#[test]
fn tasks_of_one_index_overtake_those_of_others() {
    let kinds = vec![add("a", true), add("b", true), add("a", true)];
    assert_eq!(planned(kinds, Like::NEWEST), (Work::Documents, vec![0, 2]));
}

#[test]
fn nothing_overtakes_a_swap_of_its_own_index() {
    let swap = Kind::IndexSwap {
        swaps: vec![Swap {
            indexes: ["a".into(), "b".into()],
            rename: false,
        }],
    };
    let kinds = vec![add("a", true), swap, add("a", true)];
    assert_eq!(planned(kinds, Like::NEWEST), (Work::Documents, vec![0]));
}

#[test]
fn old_servers_batch_one_method_only() {
    let kinds = || vec![add("a", true), add("a", false), add("a", true)];
    assert_eq!(planned(kinds(), old()).1, [0]);
    assert_eq!(planned(kinds(), Like::NEWEST).1, [0, 1, 2]);
}

#[test]
fn old_servers_apply_settings_before_the_documents_that_came_first() {
    let kinds = || vec![add("a", true), settings("a"), add("a", true)];
    assert_eq!(
        planned(kinds(), old()),
        (Work::SettingsAndDocuments, vec![0, 1, 2])
    );
    assert_eq!(planned(kinds(), Like::NEWEST), (Work::Documents, vec![0]));
}

#[test]
fn settings_never_wait_for_later_documents() {
    let kinds = || vec![settings("a"), settings("a"), add("a", true)];
    assert_eq!(planned(kinds(), old()), (Work::Settings, vec![0, 1]));
    assert_eq!(planned(kinds(), Like::NEWEST), (Work::Settings, vec![0, 1]));
}

#[test]
fn a_deleted_index_swallows_what_came_before() {
    let kinds = vec![
        add("a", true),
        Kind::IndexDeletion { index: "a".into() },
        add("a", true),
    ];
    assert_eq!(
        planned(kinds, Like::NEWEST),
        (Work::IndexDeletion, vec![0, 1])
    );
}

#[test]
fn deletions_by_filter_are_batched_before_additions_only() {
    let by_filter = || Kind::DocumentDeletionByFilter {
        index: "a".into(),
        filter: json!("x = 1"),
    };
    assert_eq!(
        planned(vec![by_filter(), add("a", true), by_filter()], Like::NEWEST).1,
        [0, 1]
    );
    assert_eq!(planned(vec![by_filter(), add("a", true)], old()).1, [0]);
}

#[test]
fn the_newest_cancelation_comes_first() {
    let cancel = || Kind::TaskCancelation {
        query: String::new(),
        tasks: vec![],
    };
    assert_eq!(
        planned(vec![add("a", true), cancel(), cancel()], Like::NEWEST),
        (Work::Cancelation, vec![2])
    );
}
