use super::super::choose::tests::World;
use super::*;
use crate::generation::records::Record;

const FIRST: &str = "articles_20261124T010000Z";
const SECOND: &str = "articles_20261124T020000Z";

/// What a rollback notes about a generation.
#[derive(Clone, Copy)]
struct Note {
    minute: u32,
    is_in: Option<bool>,
}

fn note(minute: u32, is_in: impl Into<Option<bool>>) -> Note {
    let is_in = is_in.into();
    Note { minute, is_in }
}

fn write(note: Note) -> impl Fn(&mut Record) {
    move |record| {
        let Note { minute, is_in } = note;
        record.swapped_at = Some(format!("2026-11-24T12:{minute:02}:00Z").parse().unwrap());
        record.swapped_in = is_in;
        // As after a rollback there and back: only the way that was noted tells one from the other.
        record.came_from = Some(SECOND.to_owned());
        record.was_live = true;
    }
}

/// The first run's generation, with its note, and the second's; one of them is live.
fn server(live: u32, first: Note, second: Note) -> World {
    let lies = |run: u32| if run == live { "articles" } else { SECOND };
    World::default()
        .generation("articles", 1, lies(1))
        .last(write(first))
        .generation("articles", 2, lies(2))
        .last(write(second))
}

/// The hour in which the run began that all go to.
fn meant_by(servers: &[World], to: Option<&str>) -> Option<u32> {
    let servers: Vec<Vec<Index>> = servers
        .iter()
        .map(|world| world.indexes(&["articles"]))
        .collect();
    let servers: Vec<&[Index]> = servers.iter().map(Vec::as_slice).collect();
    let run = meant(&servers, to)?;
    // Of `2026-11-24T01:00:00Z`.
    let begun_at = run.begun_at.to_string();
    Some(begun_at[11..13].parse().unwrap())
}

#[test]
fn the_way_that_was_noted_is_gone_to_its_end_whichever_note_is_the_later_one() {
    for (one, other) in [(10, 11), (11, 10)] {
        for (is_first_meant, run) in [(true, 1), (false, 2)] {
            let notes = |minute| (note(minute, is_first_meant), note(minute, !is_first_meant));
            let ((a, b), (c, d)) = (notes(one), notes(other));
            let servers = [server(1, a, b), server(2, c, d)];
            assert_eq!(meant_by(&servers, None), Some(run), "{one} {other}");
        }
    }
}

#[test]
fn of_two_that_may_be_meant_it_is_the_older_one() {
    for (one, other) in [(10, 11), (11, 10)] {
        let unknown = |live, minute| server(live, note(minute, None), note(minute, None));
        let servers = [unknown(1, one), unknown(2, other)];
        assert_eq!(meant_by(&servers, None), Some(1));
    }
}

#[test]
fn servers_that_answer_with_the_same_choose_by_themselves() {
    let back = || server(1, note(10, true), note(10, false));
    assert_eq!(meant_by(&[back(), back()], None), None);
}

#[test]
fn a_reindex_that_came_later_means_its_own() {
    let back = || server(1, note(10, true), note(10, false));
    let behind = || server(2, note(10, true), note(10, false));
    let later = |record: &mut Record| {
        record.completed_at = Some("2026-11-24T13:00:00Z".parse().unwrap());
    };
    let built = |uid| World::default().generation("articles", 13, uid).last(later);
    // It is live at one, and not there at the other, or there and never live.
    assert_eq!(meant_by(&[built("articles"), behind()], None), None);
    let complete = behind()
        .generation("articles", 13, "articles_20261124T130000Z")
        .last(later);
    assert_eq!(meant_by(&[built("articles"), complete.clone()], None), None);
    let to = Some("articles_20261124T130000Z");
    assert_eq!(
        meant_by(&[built("articles"), complete.clone()], to),
        Some(13)
    );
    // It died before it was swapped in anywhere.
    let complete_too = back()
        .generation("articles", 13, "articles_20261124T130000Z")
        .last(later);
    assert_eq!(meant_by(&[complete_too, complete], None), Some(1));
}

#[test]
fn a_uid_under_which_different_ones_lie_is_none_of_them() {
    let servers = [
        server(1, note(10, true), note(10, false)),
        server(2, note(10, true), note(10, false)),
    ];
    assert_eq!(meant_by(&servers, Some(SECOND)), None);
    assert_eq!(meant_by(&servers, Some(FIRST)), Some(1));
}

#[test]
fn what_one_of_them_has_lost_is_not_gone_to() {
    let back = server(1, note(10, true), note(10, false));
    let lost = World::default().generation("articles", 2, "articles");
    assert_eq!(meant_by(&[back, lost], None), None);
}
