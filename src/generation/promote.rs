//! The swap: several builds, or former generations, become live in one call, and only what is then found under the live
//! uids counts as proof.
//!
//! A swap's answer may be lost. Its task may be invisible (a key that is restricted to index patterns gets 404 for
//! it). And a server that was killed between committing the swap and committing its task runs the task again at its
//! next start, which swaps *back*, and then calls it succeeded. So there is only one proof: the build's
//! `createdAt`, which moves with the documents, is found under the live uid after every swap task that could still run
//! has ended.

use std::time::Instant;

use crate::error::{CommandError, FAILED, LOCKED};
use crate::generation::former::PassedFormer;
use crate::generation::gates::PassedGates;
use crate::generation::swap::{Exchange, SwapState};
use crate::meilisearch::ended::Ended;
use crate::meilisearch::{MeilisearchError, Server};

/// How often a swap is posted again after it was found undone. One repetition covers a server that was killed once;
/// more than three mean that something else swaps.
const MAX_SWAPS: u32 = 3;

/// The swap holds. Only with this may former generations be deleted.
#[derive(Debug)]
pub struct Proven {
    /// How long it took, in seconds, from the first request to the proof.
    pub seconds: f64,
}

/// Why builds did not become live.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// Another program put another generation under the live uid while this one was building.
    #[error(
        "{live_uid}: somebody else swapped it meanwhile (the live index was made at {expected}, and now {found}); \
         this run changed nothing. Run it again once the other has ended"
    )]
    Overtaken {
        /// The live uid.
        live_uid: String,
        /// `createdAt` when this run began.
        expected: String,
        /// What is there now.
        found: String,
    },
    /// Another run made an index under the uid that this one had chosen for its build.
    #[error(
        "{uid}: somebody else made this index at the same moment; it is theirs and was left alone. Run it again once the \
         other has ended"
    )]
    BuildTaken {
        /// The build's uid.
        uid: String,
    },
    /// The server refused or failed the swap; the live indexes are as they were.
    #[error("the swap failed, and the live indexes are as they were: {why}")]
    Failed {
        /// The task's or the server's words.
        why: String,
    },
    /// The swap was requested, but no answer of Meilisearch itself arrived. It may still be in the queue: no index that
    /// it names may be deleted.
    #[error(
        "the answer to the swap cannot be understood ({why}); {seen}. What was built stays until the next run, which deletes it \
         once no swap can come any more"
    )]
    Unanswered {
        /// What came instead of an answer.
        why: String,
        /// What was found under the live uids.
        seen: String,
    },
    /// Some are swapped and some are not. Nothing was deleted.
    #[error(
        "the swap is half made, and nothing was deleted: {} swapped, {} not; look at the server's log, and run again",
        .new.join(", "), .old.join(", ")
    )]
    Mixed {
        /// Live uids under which the new generation lies.
        new: Vec<String>,
        /// Live uids under which the old one lies.
        old: Vec<String>,
    },
    /// The server could not be asked.
    #[error(transparent)]
    Engine(#[from] MeilisearchError),
}

impl CommandError for PromoteError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Overtaken { .. } | Self::BuildTaken { .. } => LOCKED,
            _ => FAILED,
        }
    }
}

impl PromoteError {
    /// Whether the swap may be made, or may still be made by a task that waits: what it names must not be deleted then. A
    /// deletion that is sent now would run after the swap, and take the former generation.
    pub fn may_still_come(&self) -> bool {
        match self {
            PromoteError::Overtaken { .. }
            | PromoteError::BuildTaken { .. }
            | PromoteError::Failed { .. } => false,
            PromoteError::Unanswered { .. }
            | PromoteError::Mixed { .. }
            | PromoteError::Engine(_) => true,
        }
    }
}

/// Swaps all builds with their live uids in one call, and returns when that is proven. `live` says which generation
/// (`createdAt`) was met under each live uid; all live uids exist.
///
/// # Errors
/// [`PromoteError`]; its words tell what state holds.
pub async fn promote(
    server: &Server,
    passed: &PassedGates,
    live: &[String],
) -> Result<Proven, PromoteError> {
    let pairs: Vec<Exchange> = passed
        .builds()
        .iter()
        .zip(live)
        .map(|(build, old)| Exchange {
            live_uid: build.live_uid.clone(),
            build_uid: build.uid.clone(),
            new: build.created_at.clone(),
            old: old.clone(),
        })
        .collect();
    exchange(server, &pairs).await
}

/// The same for former generations, back into their live uids.
///
/// # Errors
/// [`PromoteError`]; its words tell what state holds.
pub async fn restore(server: &Server, passed: &PassedFormer) -> Result<Proven, PromoteError> {
    exchange(server, passed.exchanges()).await
}

async fn exchange(server: &Server, pairs: &[Exchange]) -> Result<Proven, PromoteError> {
    let began = Instant::now();
    // Looked at again right before the swap: a run that another one has overtaken must not swap its older build in.
    match server.swap_state(pairs).await? {
        SwapState::AllOld => {}
        state => return Err(overtaken(pairs, state)),
    }
    let mut unanswered = None;
    for attempt in 1..=MAX_SWAPS {
        let (task, lost) = match server.swap(pairs).await {
            Ok(task) => (Some(task), None),
            Err(error) if !error.is_ambiguous() => return Err(refused(server, pairs, error).await),
            Err(error) => {
                tracing::warn!(
                    "the answer to the swap was lost ({error}); finding out whether it was made"
                );
                unanswered = Some(error.to_string());
                (None, Some(error))
            }
        };
        let ended = server.swap_ended(task, pairs).await?;
        match server.swap_state(pairs).await? {
            SwapState::AllNew => {
                return Ok(Proven {
                    seconds: began.elapsed().as_secs_f64(),
                });
            }
            SwapState::AllOld => match ended.filter(Ended::is_failure) {
                Some(failed) => {
                    return Err(PromoteError::Failed {
                        why: failed.into_error("the swap").to_string(),
                    });
                }
                // A proxy between this program and the server would give the same answer again.
                None if lost.is_some_and(|error| error.is_foreign_answer()) => break,
                None => {
                    tracing::warn!("the swap does not hold (attempt {attempt}); swapping again")
                }
            },
            SwapState::Mixed { new, old } => return Err(PromoteError::Mixed { new, old }),
            state @ SwapState::Other { .. } => {
                let overtaken = overtaken(pairs, state);
                return Err(match unanswered {
                    None => overtaken,
                    Some(why) => PromoteError::Unanswered {
                        why,
                        seen: overtaken.to_string(),
                    },
                });
            }
        }
    }
    Err(match unanswered {
        Some(why) => PromoteError::Unanswered {
            why,
            seen: "it was not made, and the live indexes are as they were".to_owned(),
        },
        None => PromoteError::Failed {
            why: format!(
                "it was undone {MAX_SWAPS} times; is another program swapping the same indexes?"
            ),
        },
    })
}

/// The server refused. The state is still checked before the refusal is reported.
async fn refused(server: &Server, pairs: &[Exchange], refusal: MeilisearchError) -> PromoteError {
    match server.swap_state(pairs).await {
        Ok(SwapState::AllOld) => PromoteError::Failed {
            why: refusal.to_string(),
        },
        Ok(SwapState::Mixed { new, old }) => PromoteError::Mixed { new, old },
        Ok(state) => overtaken(pairs, state),
        Err(_) => refusal.into(),
    }
}

fn overtaken(pairs: &[Exchange], state: SwapState) -> PromoteError {
    let (live_uid, found) = match state {
        SwapState::Other { live_uid, found } => (live_uid, found),
        _ => (
            pairs
                .first()
                .map(|pair| pair.live_uid.clone())
                .unwrap_or_default(),
            pairs.first().map(|pair| pair.new.clone()),
        ),
    };
    PromoteError::Overtaken {
        expected: pairs
            .iter()
            .find(|pair| pair.live_uid == live_uid)
            .map(|pair| pair.old.clone())
            .unwrap_or_default(),
        found: found.map_or_else(
            || "nothing is there".to_owned(),
            |created_at| format!("one made at {created_at} is there"),
        ),
        live_uid,
    }
}
