//! The servers of a run that swaps: those that still take part, and those that were left behind, with why.

use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use tracing::{Instrument as _, Span};

use crate::error::{CommandError, Error, RuntimeError, worse};
use crate::generation::build::Started;
use crate::interrupt;
use crate::meilisearch::Server;
use crate::servers::NamedServer;

/// How long a failed run may take to clear up behind itself before it leaves that to the next one.
const CLEAN_UP: Duration = Duration::from_secs(60);

/// The same from the interrupt on, whether it ended the run or came later: `docker stop` and Kamal kill after ten seconds.
const CLEAN_UP_INTERRUPTED: Duration = Duration::from_secs(8);

/// The servers of one run. A step is taken at all of them side by side ([`Crew::each`]); one that fails is left behind, and
/// once fewer are left than are required, the run has failed.
pub struct Crew<'a> {
    members: Vec<Member<'a>>,
    required: usize,
}

struct Member<'a> {
    at: &'a NamedServer,
    /// What was begun there. The work itself may be dropped where it waits.
    started: Started,
    /// Why it was left behind.
    fallen: Option<Error>,
}

/// Fewer servers were left than are required, so nothing was swapped anywhere.
#[derive(Debug, thiserror::Error)]
#[error("nothing was swapped on any server, and what was begun was taken back: {}", .whys.join("; "))]
pub struct TooFew {
    exit_code: u8,
    /// Of each server that was left behind.
    whys: Vec<String>,
}

impl CommandError for TooFew {
    fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

/// A server that could have been swapped, had the others been.
#[derive(Debug, thiserror::Error)]
#[error("nothing was swapped here, since too few servers were ready ({})", .whys.join("; "))]
struct HeldBack {
    exit_code: u8,
    whys: Vec<String>,
}

impl CommandError for HeldBack {
    fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl<'a> Crew<'a> {
    /// All of these, of which `required` have to reach the swap.
    pub fn of(servers: &'a [NamedServer], required: usize) -> Crew<'a> {
        let members = servers.iter().map(|at| Member {
            at,
            started: Started::default(),
            fallen: None,
        });
        Crew {
            members: members.collect(),
            required,
        }
    }

    /// Whether there is more than one server, so that a server has to be named.
    pub fn is_several(&self) -> bool {
        self.members.len() > 1
    }

    /// Every server, with what was begun there.
    pub fn all(&self) -> Vec<Option<(&'a NamedServer, Started)>> {
        let each = self.members.iter();
        each.map(|one| Some((one.at, one.started.clone())))
            .collect()
    }

    /// Takes a step at each server that has something to take it with, side by side.
    ///
    /// # Errors
    /// That of a single server; of several, [`TooFew`] as soon as fewer are left than are required.
    pub async fn each<I, T>(
        &mut self,
        inputs: Vec<Option<I>>,
        step: impl AsyncFn(I) -> Result<T, Error>,
    ) -> Result<Vec<Option<T>>, Error> {
        self.step(inputs, step, true).await
    }

    /// The same for a step that may not be dropped in its middle: though the run has failed, each takes it to its end.
    ///
    /// # Errors
    /// Those of [`Crew::each`].
    pub async fn each_whole<I, T>(
        &mut self,
        inputs: Vec<Option<I>>,
        step: impl AsyncFn(I) -> Result<T, Error>,
    ) -> Result<Vec<Option<T>>, Error> {
        self.step(inputs, step, false).await
    }

    async fn step<I, T>(
        &mut self,
        inputs: Vec<Option<I>>,
        step: impl AsyncFn(I) -> Result<T, Error>,
        may_be_dropped: bool,
    ) -> Result<Vec<Option<T>>, Error> {
        let step = &step;
        let mut outputs: Vec<Option<T>> = self.members.iter().map(|_| None).collect();
        let inputs = inputs.into_iter().enumerate();
        let mut under_way: FuturesUnordered<_> = inputs
            .filter_map(|(i, input)| Some((i, input?)))
            .map(|(i, input)| async move { (i, step(input).await) }.instrument(self.span(i)))
            .collect();
        let mut failed = None;
        while let Some((i, outcome)) = under_way.next().await {
            match outcome {
                Ok(output) => outputs[i] = Some(output),
                Err(error) => match self.leave_behind(i, error) {
                    Err(error) if may_be_dropped => return Err(error),
                    Err(error) => failed = Some(error),
                    Ok(()) => {}
                },
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(outputs),
        }
    }

    /// The last step, which each takes to its end: what fails at one keeps no other from its own.
    pub async fn last<I, T>(
        self,
        inputs: Vec<Option<I>>,
        step: impl AsyncFn(I) -> Result<T, Error>,
    ) -> Vec<Result<T, Error>> {
        let is_several = self.is_several();
        let step = &step;
        let each = self.members.into_iter().zip(inputs).map(|(member, input)| {
            let span = member.at.span_if(is_several);
            async move {
                let outcome = match (member.fallen, input) {
                    (None, Some(input)) => step(input).await,
                    (Some(error), _) => {
                        take_back(&member.at.server, &member.started).await;
                        return Err(error);
                    }
                    // Whoever was not left behind has something to take every step with.
                    (None, None) => {
                        Err(RuntimeError(std::io::Error::other("a step was left out")).into())
                    }
                };
                if let Err(error) = &outcome {
                    if is_several {
                        tracing::error!("{error}");
                    }
                    take_back(&member.at.server, &member.started).await;
                }
                outcome
            }
            .instrument(span)
        });
        join_all(each).await
    }

    /// The run has failed before anything was swapped: what was begun is taken back everywhere.
    pub async fn take_back(&self) {
        let is_several = self.is_several();
        let each = self.members.iter().map(|member| {
            let span = member.at.span_if(is_several);
            take_back(&member.at.server, &member.started).instrument(span)
        });
        join_all(each).await;
    }

    /// What a run that ended with this error, before anything was swapped, has to say of each server.
    ///
    /// # Errors
    /// The same error, where it is not about some of the servers.
    pub fn ended<T>(self, error: Error) -> Result<Vec<Result<T, Error>>, Error> {
        let Some(TooFew { exit_code, whys }) = error.downcast_ref() else {
            return Err(error);
        };
        let held_back = || HeldBack {
            exit_code: *exit_code,
            whys: whys.clone(),
        };
        let each = self.members.into_iter();
        Ok(each
            .map(|member| Err(member.fallen.unwrap_or_else(|| held_back().into())))
            .collect())
    }

    fn leave_behind(&mut self, i: usize, error: Error) -> Result<(), Error> {
        if !self.is_several() {
            return Err(error);
        }
        let left = self
            .members
            .iter()
            .filter(|one| one.fallen.is_none())
            .count()
            - 1;
        let required = self.required;
        self.span(i).in_scope(|| match left < required {
            true => tracing::error!("{error}"),
            false => tracing::warn!("left behind, since --require asks for {required}: {error}"),
        });
        self.members[i].fallen = Some(error);
        if left >= required {
            return Ok(());
        }
        let fallen = || {
            let each = self.members.iter();
            each.filter_map(|one| Some((&one.at.name, one.fallen.as_ref()?)))
        };
        let codes = fallen().map(|(_, error)| error.exit_code());
        Err(TooFew {
            exit_code: codes.fold(0, worse),
            whys: fallen()
                .map(|(name, error)| format!("{name}: {error}"))
                .collect(),
        }
        .into())
    }

    fn span(&self, i: usize) -> Span {
        self.members[i].at.span_if(self.is_several())
    }
}

/// Cancels and deletes what a run has begun at a server. An interrupt shortens it, whenever it comes, and never leaves it out.
async fn take_back(server: &Server, started: &Started) {
    let too_long = async {
        tokio::select! {
            () = tokio::time::sleep(CLEAN_UP) => {}
            () = async {
                interrupt::asked().await;
                tokio::time::sleep(CLEAN_UP_INTERRUPTED).await;
            } => {}
        }
    };
    tokio::select! {
        taken_back = started.take_back(server) => match taken_back {
            Ok(deleted) if deleted.is_empty() => {}
            Ok(deleted) => tracing::info!("deleted again: {}", deleted.join(", ")),
            Err(error) => tracing::warn!(
                "what was begun could not be deleted ({error}); the next run does it"
            ),
        },
        () = too_long => tracing::warn!("deleting what was begun takes long; the next run does it"),
    }
}
