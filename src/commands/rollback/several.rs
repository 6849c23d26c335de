//! `rollback` at several servers: all go back to the same generation, at once, or none does. Those that are there already stay.

use jiff::Timestamp;

use super::choose::Index;
use super::{QUESTION, Way, at_rest, together};
use crate::catalog::IndexDefinition;
use crate::cli::Rollback;
use crate::commands::crew::Crew;
use crate::error::{CommandError, Error, REFUSED};
use crate::generation::build::Started;
use crate::generation::former::PassedFormer;
use crate::generation::promote::{PromoteError, Proven, restore};
use crate::interrupt::or_interrupted;
use crate::report::rollback::Outcome;
use crate::report::{Answer, servers as servers_report};
use crate::servers::{self, NamedServer};
use crate::sqlite::Database;
use crate::{confirm, session};

/// The servers would not go back to the same generation.
#[derive(Debug, thiserror::Error)]
#[error(
    "the servers would go back to different generations ({}); nothing was changed. --to names one that all of them have \
     (--list lists them), or roll back one server at a time", .would.join(", ")
)]
struct DifferentGenerations {
    /// Each server, with what it would go back to.
    would: Vec<String>,
}

impl CommandError for DifferentGenerations {
    fn exit_code(&self) -> u8 {
        REFUSED
    }
}

/// A server, what was begun there, and its way back.
type Going<'a> = (&'a NamedServer, Started, Way<'a>);

/// Runs it.
///
/// # Errors
/// What concerns all servers; the live indexes are then as they were.
pub(super) async fn at_several(
    options: &Rollback,
    database: &Database,
    servers: &[NamedServer],
    definitions: &[IndexDefinition],
) -> Result<Answer, Error> {
    let tell = |outcomes: Vec<Result<Answer, Error>>| {
        let outcomes = servers.iter().cloned().zip(outcomes);
        servers_report::answer_allowing(0, outcomes.collect())
    };
    or_interrupted(servers::refuse_twins(servers)).await?;
    let mut crew = Crew::of(servers, servers.len());
    let look = crew.each(crew.all(), async |(at, started)| {
        let there = at_rest(options, &at.server, definitions).await?;
        Ok((at, started, there))
    });
    let there = match or_interrupted(look).await {
        Ok(there) => there,
        Err(error) => return crew.ended(error).map(tell),
    };
    let indexes: Vec<&[Index]> = there
        .iter()
        .flatten()
        .map(|(_, _, there)| there.indexes.as_slice())
        .collect();
    let meant = together::meant(&indexes, options.to.as_deref());
    let find = crew.each(there, async |(at, started, there)| {
        let server = &at.server;
        let way = Way::find(
            options,
            database,
            server,
            definitions,
            &there,
            meant.as_ref(),
        );
        Ok((at, started, way.await?))
    });
    let mut ways = match or_interrupted(find).await {
        Ok(ways) => ways,
        Err(error) => return crew.ended(error).map(tell),
    };
    match meant {
        Some(_) => say_who_is_there(&mut ways),
        None => expect_the_same(&ways)?,
    }
    if options.dry_run {
        let checked = crew.last(ways, async |(_, _, mut way)| {
            way.check().await?;
            Ok(way.answer(Outcome::DryRun))
        });
        return or_interrupted(async { Ok(tell(checked.await)) }).await;
    }
    let text: String = ways
        .iter()
        .flatten()
        .map(|(at, _, way)| format!("{}\n{}", at.name, way.report.plan()))
        .collect();
    confirm::ask(&options.consent, &text, QUESTION).await?;

    let _lock = session::lock(database)?;
    let check = crew.each(ways, async |(_, started, mut way)| {
        let passed = way.check().await?;
        Ok((started, way, passed))
    });
    let passed = match or_interrupted(check).await {
        Ok(passed) => passed,
        Err(error) => return crew.ended(error).map(tell),
    };
    // From here to the proof of the swaps nothing is interrupted.
    let now = Timestamp::now();
    let begun = crew.each_whole(passed, async |(started, mut way, passed)| {
        let passed = way.begin(passed, &started, now).await?;
        Ok((started, way, passed))
    });
    let begun = match begun.await {
        Ok(begun) => begun,
        Err(error) => {
            crew.take_back().await;
            return crew.ended(error).map(tell);
        }
    };
    let swapped = crew.last(begun, async |(started, way, passed)| {
        if way.plan.steps.is_empty() {
            return Ok(way.answer(Outcome::RolledBack));
        }
        let swapped = swap(&started, &way, &passed).await;
        if swapped.is_ok() {
            way.plan.take_back(way.server, &started, &swapped).await;
        }
        swapped?;
        Ok(way.answer(Outcome::RolledBack))
    });
    Ok(tell(swapped.await))
}

/// Once a swap may have been made, nothing that it names may be taken back.
async fn swap(started: &Started, way: &Way<'_>, passed: &PassedFormer) -> Result<Proven, Error> {
    let swapped = restore(way.server, passed).await;
    if swapped.as_ref().is_err_and(PromoteError::may_still_come) {
        started.release();
    }
    Ok(swapped?)
}

/// Some servers may be there already, with every index: to each other one is said which.
fn say_who_is_there(ways: &mut [Option<Going<'_>>]) {
    let each = ways.iter().flatten();
    let there = each.filter(|(_, _, way)| way.plan.steps.is_empty());
    let names: Vec<String> = there.map(|(at, _, _)| at.name.clone()).collect();
    let each = ways.iter_mut().flatten();
    for (_, _, way) in each.filter(|(_, _, way)| !way.plan.steps.is_empty()) {
        way.report.finishes.clone_from(&names);
    }
}

/// A run builds under the same uid everywhere: by that a generation is known.
fn expect_the_same(ways: &[Option<Going<'_>>]) -> Result<(), Error> {
    let mut would = Vec::new();
    for (at, _, way) in ways.iter().flatten() {
        let steps = way.plan.steps.iter();
        let generations = steps.map(|step| {
            let record = &step.former.record;
            (
                &step.definition.live_uid,
                record.begun_at,
                &record.build_uid,
            )
        });
        would.push((at, generations.collect::<Vec<_>>()));
    }
    let mut each = would.windows(2);
    if each.all(|pair| pair[0].1 == pair[1].1) {
        return Ok(());
    }
    let words = would.iter().map(|(at, generations)| {
        let uids: Vec<&str> = generations.iter().map(|(_, _, uid)| uid.as_str()).collect();
        format!("{} to {}", at.name, uids.join(" and "))
    });
    Err(DifferentGenerations {
        would: words.collect(),
    }
    .into())
}
