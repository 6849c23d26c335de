//! `sync --watch`: follows until it is told to stop.
//!
//! Checking for commits is cheap (a separate connection, without a transaction), so a change
//! is searchable in a moment. There is a round after a commit and at least once a minute, and a deeper one at each
//! `--compare-every`. A problem is reported once, and then the follower waits until it is over: a server that restarts,
//! a database that is locked, replaced or gone, a definition that changed.
//!
//! The loop and what it remembers from one round to the next are in one file, because each decision depends on that
//! memory.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::follower::{Follower, Remembered};
use super::listen::listen;
use super::state::{State, States};
use crate::cli::Sync;
use crate::commands::sync::RoundPolicy;
use crate::error::{Error, USAGE};
use crate::meilisearch::Server;
use crate::prepared::{DefinitionError, Prepared};
use crate::report::{Answer, of_indexes};
use crate::sqlite::{Commits, Database, DatabaseError};
use crate::sync::{Depth, SharedRows};
use crate::tracking::Tracking;
use crate::{interrupt, servers, session};

/// A round comes at least this often: another file in the place of the database is no commit, and a documents.sql that
/// compares with the clock changes its rows without any commit.
const AT_LEAST_EVERY: Duration = Duration::from_secs(60);

/// The longest pause after a round that failed; it begins with the interval and doubles.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long commits are gathered into one round while they go on coming.
const GATHERED_FOR: Duration = Duration::from_secs(5);

/// A writer that committed nothing for so long pauses.
const GATHERING_PAUSE: Duration = Duration::from_millis(100);

/// After so long without a commit, the next one is followed at once: most commits come alone, and a person waits for them.
const IDLE: Duration = Duration::from_secs(1);

/// An index whose edits only a comparison finds is compared after each commit if that takes no longer than this, and
/// else at each `--compare-every`.
const CHEAP: Duration = Duration::from_secs(1);

/// So few documents are compared in some hundredths of a second; where it takes longer, the machine is busy.
const FEW: u64 = 1_000;

/// How long the current round may take after the follower was told to stop.
const LAST_ROUND: Duration = Duration::from_secs(8);

/// Follows until SIGINT or SIGTERM.
///
/// # Errors
/// Errors that only another option, definition or path can correct. For all others the follower waits.
pub async fn watch(options: &Sync) -> Result<Answer, Error> {
    let servers = servers::open(&options.connections.server)?;
    let states = States::of(servers.iter().map(|at| at.name.as_str()));
    if let Some(address) = &options.watching.listen {
        let address = listen(address, &servers, states.clone()).await?;
        tracing::info!("listening on http://{address} (/health, /ready, /metrics)");
    }
    let is_several = servers.len() > 1;
    let rows = SharedRows::between(servers.len());
    let each = servers.iter().zip(states.each()).map(|(at, state)| {
        follow(options, &at.server, &rows, state).instrument(at.span_if(is_several))
    });
    // Each by itself: one that is away delays no other, and catches up when it is back.
    try_join_all(each).await?;
    Ok(Answer::told())
}

/// Follows one server until SIGINT or SIGTERM.
async fn follow(
    options: &Sync,
    server: &Server,
    rows: &SharedRows,
    state: &State,
) -> Result<(), Error> {
    let mut watch = Watch {
        options,
        rows,
        server: server.clone(),
        state: state.clone(),
        open: None,
        indexes: HashMap::new(),
        told: BTreeSet::new(),
        deep_due: Instant::now(),
        round_due: Instant::now(),
        last_commit: None,
        pause: options.watching.interval(),
        first: true,
    };
    let mut stop = std::pin::pin!(interrupt::asked());
    loop {
        let turn = watch.turn();
        tokio::pin!(turn);
        let outcome = tokio::select! {
            outcome = &mut turn => outcome,
            () = &mut stop => {
                // The round in hand is finished, so that the checkpoint moves; a server that is down is not waited for.
                let _ = tokio::time::timeout(LAST_ROUND, turn).await;
                tracing::info!("stopped");
                return Ok(());
            }
        };
        let pause = outcome?;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = &mut stop => {
                tracing::info!("stopped");
                return Ok(());
            }
        }
    }
}

struct Watch<'a> {
    options: &'a Sync,
    rows: &'a SharedRows,
    server: Server,
    state: State,
    /// The database, checked definitions and the connection that looks; `None` before the first look and after trouble.
    open: Option<Open>,
    /// What is known of each index from its last round, by live uid.
    indexes: HashMap<String, Following>,
    /// The warnings about changes that cannot be detected, so that each is given only once.
    told: BTreeSet<String>,
    deep_due: Instant,
    round_due: Instant,
    /// When the last commit was noticed.
    last_commit: Option<Instant>,
    pause: Duration,
    first: bool,
}

/// One index, from round to round.
#[derive(Default)]
struct Following {
    remembered: Remembered,
    documents: u64,
    /// How long it took to compare every document the last time.
    comparing_took: Option<Duration>,
    /// Whether the last round that looked for edits was after the last commit.
    saw_edits: bool,
}

impl Following {
    /// How deeply the next round looks; `None` for as deeply as the options say. `compare_limit`: documents up to which all are compared.
    fn depth(&self, deep: bool, sees_edits: bool, compare_limit: u64) -> Option<Depth> {
        let took = self.comparing_took;
        let is_cheap = self.documents <= compare_limit
            && (self.documents <= FEW || took.is_some_and(|took| took < CHEAP));
        match (deep, sees_edits) {
            (true, _) => None,
            (false, true) => Some(Depth::Changed),
            (false, false) if is_cheap && !self.saw_edits => Some(Depth::All),
            (false, false) => Some(Depth::Count),
        }
    }
}

struct Open {
    database: Database,
    indexes: Vec<Prepared>,
    commits: Commits,
    /// The version of the schema whose triggers were checked, where an index follows a change log.
    schema: Option<i64>,
}

impl Watch<'_> {
    /// One look, and a round if it is due. Returns how long to wait until the next; trouble is noted, not returned.
    async fn turn(&mut self) -> Result<Duration, Error> {
        match self.look_and_follow().await {
            Ok(()) => {
                self.pause = self.options.watching.interval();
                Ok(self.pause)
            }
            Err(error) if self.first && error.exit_code() == USAGE => Err(error),
            Err(error) => {
                if let Some(DefinitionError::ColumnsChanged { index }) = error.downcast_ref() {
                    tracing::info!(
                        "{index}: the database was migrated; checking the definitions again"
                    );
                    self.open = None;
                    return Ok(self.options.watching.interval());
                }
                // Opened again next time: after any error, nothing that was known before is relied on.
                self.open = None;
                self.round_due = Instant::now();
                if self.state.trouble(&error.to_string()) {
                    tracing::warn!("cannot follow: {error}");
                }
                let pause = self.pause;
                self.pause = (pause * 2).min(LONGEST_PAUSE.max(self.options.watching.interval()));
                Ok(pause)
            }
        }
    }

    async fn look_and_follow(&mut self) -> Result<(), Error> {
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.database.was_replaced())
        {
            tracing::warn!(
                "the database file was replaced: everything is compared, as after a restored backup"
            );
            self.open = None;
            self.deep_due = Instant::now();
        }
        let committed = self.has_changed().await?;
        if committed && self.was_migrated().await? {
            tracing::info!("the schema was changed; checking the triggers of the change log again");
            self.open = None;
            self.deep_due = Instant::now();
        }
        if self.open.is_none() {
            self.open = Some(self.open_database().await?);
            self.edits_may_be_new();
            self.first = false;
            self.round_due = Instant::now();
        }
        let now = Instant::now();
        if committed {
            self.edits_may_be_new();
            self.gather().await?;
        } else if now < self.round_due
            && now < self.deep_due
            && self.server.unsettled_absence().is_none()
        {
            // Nothing was committed since the last round, so that round still is up to date.
            self.state.is_up_to_date(Timestamp::now());
            return Ok(());
        }
        let deep = now >= self.deep_due;
        self.round(deep).await?;
        self.round_due = Instant::now() + AT_LEAST_EVERY;
        if deep {
            self.deep_due = Instant::now() + self.options.watching.compare_every();
        }
        Ok(())
    }

    async fn open_database(&self) -> Result<Open, Error> {
        let definitions = session::definitions(&self.options.selection)?;
        let database = session::database(&self.options.connections.database)?;
        let preflight = session::prepare(&database, &self.server, definitions).await?;
        let commits = Commits::since_now(&database).await?;
        let schema = preflight.indexes.iter().find_map(|index| {
            let log = index.changes_by.log()?;
            Some(log.schema)
        });
        Ok(Open {
            database,
            indexes: preflight.indexes,
            commits,
            schema,
        })
    }

    /// Whether a program has committed since the last check.
    async fn has_changed(&mut self) -> Result<bool, DatabaseError> {
        match &mut self.open {
            Some(open) => open.commits.any().await,
            None => Ok(false),
        }
    }

    /// Whether the schema was changed since the triggers of a change log were checked.
    async fn was_migrated(&mut self) -> Result<bool, DatabaseError> {
        let Some(Open {
            commits,
            schema: Some(checked),
            ..
        }) = &mut self.open
        else {
            return Ok(false);
        };
        let schema = commits.schema_version().await?;
        Ok(schema != *checked)
    }

    /// Of no index it is known any more that its edits were looked for.
    fn edits_may_be_new(&mut self) {
        for following in self.indexes.values_mut() {
            following.saw_edits = false;
        }
    }

    /// Waits until a writer that goes on committing pauses, so that its hundred commits become one task.
    async fn gather(&mut self) -> Result<(), DatabaseError> {
        let began = Instant::now();
        let before = self.last_commit.replace(began);
        if before.is_none_or(|before| began.duration_since(before) >= IDLE) {
            return Ok(());
        }
        while began.elapsed() < GATHERED_FOR {
            tokio::time::sleep(GATHERING_PAUSE).await;
            if !self.has_changed().await? {
                break;
            }
            self.last_commit = Some(Instant::now());
        }
        Ok(())
    }

    /// One round of every index; the first error is returned when all had theirs.
    async fn round(&mut self, deep: bool) -> Result<(), Error> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        // What is committed while it is away, this round may not see.
        let absences = self.server.absences();
        let mut trouble = None;
        for index in &mut open.indexes {
            let live_uid = &index.definition.live_uid.clone();
            for spot in of_indexes(index.blind_spots()) {
                if self.told.insert(spot.clone()) {
                    tracing::warn!("{spot}");
                }
            }
            let follower = Follower {
                how: RoundPolicy::of(self.options, &self.server),
                database: &open.database,
                rows: self.rows,
                server: &self.server,
                index,
            };
            let following = self.indexes.entry(live_uid.clone()).or_default();
            let tracking = index.tracking.as_ref();
            let sees_edits = tracking.is_none_or(Tracking::sees_edits);
            let depth = following.depth(deep, sees_edits, self.options.compare_limit);
            let began = Instant::now();
            match follower.follow(depth, &following.remembered).await {
                Ok(round) => {
                    let documents = self.server.count_documents(live_uid).await?;
                    if round.done.compare == Depth::All {
                        following.comparing_took = Some(began.elapsed());
                    }
                    following.remembered = round.remembered;
                    following.documents = documents;
                    following.saw_edits |= round.saw_edits;
                    self.state.count(live_uid, |figures| {
                        figures.rounds += 1;
                        figures.sent += round.done.sent();
                        figures.deleted += round.done.deleted;
                        figures.documents = documents;
                        figures.saw_edits = following.saw_edits;
                        if round.saw_edits {
                            figures.followed_to = Some(round.taken_at);
                        }
                        figures.tracks_edits = Some(round.tracking.sees_edits());
                        figures.blind_spots = round
                            .tracking
                            .blind_spots
                            .iter()
                            .map(ToString::to_string)
                            .collect();
                        figures.log_is_broken = round.tracking.log_is_broken();
                    });
                    index.tracking = Some(round.tracking);
                    if !round.done.is_empty() {
                        tracing::info!("{live_uid}: {}", round.done.words());
                    }
                }
                Err(error) => {
                    self.state.count(live_uid, |figures| figures.failures += 1);
                    trouble.get_or_insert(error);
                }
            }
        }
        if let Some(error) = trouble {
            return Err(error);
        }
        self.server.settle_absences(absences);
        if self.state.follows() {
            tracing::info!("following, as of {}", Timestamp::now());
        }
        Ok(())
    }
}
