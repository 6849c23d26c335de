//! Chooses the generation that all of several servers go to, where that is more than what each would choose by itself: some of
//! them may be there already.
//!
//! A generation has its own `createdAt` at each server, and after a rollback it lies under another uid than before. What it
//! has in common everywhere is the run that built it, and the uid under which that was.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::choose::{Index, Run, Turn, complete, turns};
use crate::generation::generations::is_meant;

/// The run whose generations all servers go to. None where each has to choose by itself: they answer with the same ones, or
/// nothing that is common to them is meant.
pub fn meant(servers: &[&[Index]], to: Option<&str>) -> Option<Run> {
    match to {
        Some(to) => asked_for(servers, to).filter(|run| is_to_be_had(servers, run, |_| true)),
        None if are_at_one(servers) => None,
        // What was never live is not gone back to unless it is asked for.
        None => begun(servers).filter(|run| {
            is_to_be_had(servers, run, |turn| match turn {
                Turn::Back(former) => former.was_live(),
                Turn::LiveAlready | Turn::None => true,
            })
        }),
    }
}

/// Whether all servers answer with the same generations.
fn are_at_one(servers: &[&[Index]]) -> bool {
    let live = |indexes: &[Index]| -> Vec<Option<Run>> {
        let records = indexes.iter().map(Index::live_record);
        records.map(|record| record.map(Run::of)).collect()
    };
    let mut pairs = servers.windows(2);
    pairs.all(|pair| live(pair[0]) == live(pair[1]))
}

/// What the servers were on their way to when a rollback died between two swaps, or while one of them was away: what became
/// live last, or was to.
///
/// What is live does not tell that, as one server has gone and the other has not. Nor does the time of a note: it is written
/// everywhere before the first swap, so that it says the same of those that were not swapped. But it says which generation is
/// to come in, and that is the same at all of them, whichever of them got there. A reindex that came later means its own.
///
/// A former version did not note which of two was to come in, so that both may have come last. Then it is the one that was
/// built first: a rollback is there to leave something newer. Should it have been the other, all servers are at one
/// generation again nevertheless, and one more rollback takes all of them to the other.
fn begun(servers: &[&[Index]]) -> Option<Run> {
    let indexes = || servers.iter().copied().flatten();
    let built = indexes().filter_map(Index::live_record).filter_map(|live| {
        // Since when another program's index is live, nobody knows.
        let since = live.completed_at.filter(|_| !live.adopted)?;
        Some((since, Run::of(live)))
    });
    let meant = indexes().flat_map(|index| {
        let formers = complete(&index.generations).map(|generation| &generation.record);
        let all = formers.chain(index.live_record());
        all.filter_map(|record| Some((record.meant_at()?, Run::of(record))))
    });
    let last = built
        .chain(meant)
        .max_by_key(|(at, run): &(Timestamp, Run)| (*at, Reverse(run.clone())));
    last.map(|(_, run)| run)
}

/// Whether every server has what this run built, of the same indexes, and at least one of them is not there yet.
fn is_to_be_had(servers: &[&[Index]], run: &Run, may: impl Fn(&Turn) -> bool) -> bool {
    let turns: Vec<Vec<Turn>> = servers.iter().map(|indexes| turns(indexes, run)).collect();
    let has = |turns: &[Turn]| -> Vec<bool> {
        let each = turns.iter().map(|turn| !matches!(turn, Turn::None));
        each.collect()
    };
    let each = || turns.iter().flatten();
    turns.windows(2).all(|pair| has(&pair[0]) == has(&pair[1]))
        && each().any(|turn| matches!(turn, Turn::Back(_)))
        && each().all(may)
}

/// The one run that is meant by a uid or a `createdAt` at any of the servers: by where a generation lies, or else by the uid
/// under which it was built. None where it is not one.
fn asked_for(servers: &[&[Index]], to: &str) -> Option<Run> {
    let indexes = || servers.iter().copied().flatten();
    let all = || {
        indexes().flat_map(|index| {
            let formers = complete(&index.generations);
            let formers = formers.map(|generation| (&generation.index, &generation.record));
            let live = index.generations.live.as_ref();
            let live = live.and_then(|(info, _)| Some((info, index.live_record()?)));
            formers.chain(live)
        })
    };
    let lying = all().filter(|(info, _)| is_meant(to, info));
    let mut runs: Vec<Run> = lying.map(|(_, record)| Run::of(record)).collect();
    if runs.is_empty() {
        let built = all().filter(|(_, record)| record.build_uid == to.trim());
        runs = built.map(|(_, record)| Run::of(record)).collect();
    }
    runs.sort();
    runs.dedup();
    match runs.len() {
        1 => runs.pop(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
