//! `apply` at several servers: each gets what it needs. Those that need a rebuild are rebuilt together, of one read; a new
//! server is filled so.

use futures::future::join_all;
use tracing::Instrument as _;

use super::{
    Planned, QUESTION, before_any_change, changes_definition, plan, rebuilding, send, take_over,
};
use crate::cli::Apply;
use crate::commands::reindex::rebuild;
use crate::commands::side_by_side::at_each;
use crate::error::{CommandError, DIFFERENT, Error, FAILED};
use crate::interrupt;
use crate::prepared::Prepared;
use crate::progress::Progress;
use crate::report::apply::{Action, ApplyReport};
use crate::report::{Answer, servers as servers_report};
use crate::servers::{self, NamedServer};
use crate::session::Session;
use crate::sqlite::Database;
use crate::sync::SharedRows;
use crate::{confirm, session};

/// A rebuild is needed, and too few servers are there for it.
#[derive(Debug, thiserror::Error)]
#[error(
    "a rebuild is needed here, and too few servers can be rebuilt or need none; nothing was begun. --require says how many are \
     needed"
)]
struct TooFewThere;

impl CommandError for TooFewThere {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// One server, and what is to be done there.
struct Part {
    at: NamedServer,
    /// What was planned and done until now, or what kept it from its end.
    state: Result<State, Error>,
}

struct State {
    planned: Vec<Planned>,
    report: ApplyReport,
    summary: String,
    exit_code: u8,
}

impl State {
    fn of(planned: Vec<Planned>) -> State {
        let report = ApplyReport::new(planned.iter().map(|one| one.plan.clone()).collect());
        State {
            summary: report.describe(),
            planned,
            report,
            exit_code: 0,
        }
    }

    fn answer(self) -> Answer {
        Answer::new(&self.report, self.summary).with_exit_code(self.exit_code)
    }
}

impl Part {
    fn way(&self) -> Option<Action> {
        self.state.as_ref().ok().map(|state| state.report.way)
    }

    /// Whether documents or settings are sent to what is live.
    fn is_followed(&self) -> bool {
        matches!(self.way(), Some(Action::Sync | Action::Settings))
    }
}

/// Runs it.
///
/// # Errors
/// What concerns all servers. What keeps one of them from its end is in its part of the answer.
pub(super) async fn at_several(
    options: &Apply,
    database: &Database,
    defined: &[Prepared],
    servers: Vec<NamedServer>,
    required: usize,
    progress: &Progress,
) -> Result<Answer, Error> {
    let allowed = servers.len() - required;
    let rows = SharedRows::between(servers.len());
    let planning = async {
        servers::refuse_twins(&servers).await?;
        let planned = at_each(servers, async |at| {
            plan(options, &Session::at(database, &rows, at), defined).await
        });
        Ok(planned.await)
    };
    let planned = before_any_change(planning).await?;
    let mut parts: Vec<Part> = planned
        .into_iter()
        .map(|(at, planned)| Part {
            at,
            state: planned.map(State::of),
        })
        .collect();
    if options.dry_run {
        for state in parts.iter_mut().filter_map(|part| part.state.as_mut().ok()) {
            if options.exit_code && state.report.way != Action::Nothing {
                state.exit_code = DIFFERENT;
            }
        }
        return Ok(answer(allowed, parts));
    }
    let text = question(&parts);
    if !text.is_empty() {
        confirm::ask(&options.consent, &text, QUESTION).await?;
    }
    parts = follow(options, database, &rows, parts).await?;
    rebuild_together(options, database, &mut parts, required, progress).await?;
    for state in parts.iter_mut().filter_map(|part| part.state.as_mut().ok()) {
        state.report.done = state.report.way != Action::Nothing && state.exit_code == 0;
    }
    Ok(answer(allowed, parts))
}

/// What is to be done at each server that needs something.
fn question(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts.iter() {
        let Ok(state) = &part.state else { continue };
        if state.report.way != Action::Nothing {
            text.push_str(&format!("{}\n{}", part.at.name, state.summary));
        }
    }
    text
}

/// Settings in place and documents, at every server where that is enough, side by side.
async fn follow(
    options: &Apply,
    database: &Database,
    rows: &SharedRows,
    parts: Vec<Part>,
) -> Result<Vec<Part>, Error> {
    let changes = |part: &Part| {
        let planned = part.state.as_ref().ok().map(|state| &state.planned);
        part.is_followed() && planned.is_some_and(|planned| changes_definition(planned))
    };
    // One lock for all of them: it is the database's.
    let lock = match parts.iter().any(changes) {
        true => Some(session::lock(database)?),
        false => None,
    };
    let parts = each(parts, async |at, state| {
        take_over(&Session::at(database, rows, at), &state.planned).await?;
        Ok(state)
    });
    let parts = parts.await;
    drop(lock);
    let parts = each(parts, async |at, mut state| {
        let planned = std::mem::take(&mut state.planned);
        let (done, code) = send(options, &Session::at(database, rows, at), planned).await?;
        state.summary.push_str(&done.summary());
        state.report.sync = Some(done);
        state.exit_code = code;
        Ok(state)
    });
    Ok(parts.await)
}

/// A step at every server whose live indexes are followed.
async fn each(
    parts: Vec<Part>,
    step: impl AsyncFn(&NamedServer, State) -> Result<State, Error>,
) -> Vec<Part> {
    let step = &step;
    let each = parts.into_iter().map(|part| {
        let span = part.at.span();
        async move {
            if !part.is_followed() {
                return part;
            }
            let Part { at, state } = part;
            let state = match state {
                Ok(state) => step(&at, state).await,
                Err(error) => Err(error),
            };
            if let Err(error) = &state {
                tracing::error!("{error}");
            }
            Part { at, state }
        }
        .instrument(span)
    });
    join_all(each).await
}

/// All that need it are rebuilt of one read, and swapped together.
async fn rebuild_together(
    options: &Apply,
    database: &Database,
    parts: &mut [Part],
    required: usize,
    progress: &Progress,
) -> Result<(), Error> {
    let is_due = |part: &&mut Part| part.way() == Some(Action::Reindex);
    let fine = parts.iter().filter(|part| part.state.is_ok()).count();
    let mut due: Vec<&mut Part> = parts.iter_mut().filter(is_due).collect();
    if due.is_empty() {
        return Ok(());
    }
    let required = required.saturating_sub(fine - due.len());
    if required > due.len() {
        for part in due {
            part.at.span().in_scope(|| tracing::error!("{TooFewThere}"));
            part.state = Err(TooFewThere.into());
        }
        return Ok(());
    }
    for part in &mut due {
        if let Ok(state) = &mut part.state {
            // What was found was for the reader.
            state.planned.clear();
        }
    }
    let servers: Vec<NamedServer> = due.iter().map(|part| part.at.clone()).collect();
    let definitions = session::definitions(&options.selection)?;
    let how = rebuilding(options, required);
    let reports = rebuild(database, &servers, definitions, &how, progress).await;
    let reports = match (reports, due.as_mut_slice()) {
        (Ok(reports), _) => reports,
        // That of the only one.
        (Err(error), [_]) if !error.is::<interrupt::Interrupted>() => vec![Err(error)],
        (Err(error), _) => return Err(error),
    };
    for (part, report) in due.into_iter().zip(reports) {
        match (report, &mut part.state) {
            (Ok(done), Ok(state)) => {
                state.summary.push_str(&done.summary());
                state.report.reindex = Some(done);
            }
            (Ok(_), Err(_)) => {}
            (Err(error), state) => *state = Err(error),
        }
    }
    Ok(())
}

fn answer(allowed: usize, parts: Vec<Part>) -> Answer {
    let outcomes = parts
        .into_iter()
        .map(|part| (part.at, part.state.map(State::answer)));
    servers_report::answer_allowing(allowed, outcomes.collect())
}
