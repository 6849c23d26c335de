//! Retries: what is retried, how often and for how long.
//!
//! Only errors that may be temporary are retried. A loader that retried every error sent requests for an hour with a
//! wrong key; one that retried nothing lost a nightly run to one restart of the server. So each error says whether it
//! may be temporary ([`Retryable`]), and only this file decides the pauses between the attempts.

use std::time::Duration;

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use tokio::time::Instant;

/// A server may ask for a pause of hours. It is believed up to here.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

/// Whether an error can go away by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retryable {
    /// A wrong key, a bad setting: the same request gets the same answer.
    Never,
    /// A lost connection, a restarting server: ask again after a growing pause.
    Wait,
    /// The server said how long it wants to be left alone (`Retry-After`).
    WaitAtLeast(Duration),
}

/// How long to go on with one request, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// No attempt begins later than this after the first failure: how long the failed attempt took says nothing about how
    /// long what made it fail will last.
    pub total: Duration,
    /// So often it is tried again even where the attempts themselves take longer than that: a large upload on a slow line.
    pub at_least: u32,
    /// The pause after the first failure; it doubles from one to the next.
    pub first: Duration,
    pub longest: Duration,
}

impl RetryPolicy {
    /// For requests: a server that restarts is back within a minute, or a person should look at it.
    pub const REQUEST: RetryPolicy = RetryPolicy {
        total: Duration::from_secs(60),
        at_least: 2,
        first: Duration::from_millis(250),
        longest: Duration::from_secs(8),
    };

    /// For the first request of a run: a wrong address should be reported soon.
    pub const GREETING: RetryPolicy = RetryPolicy {
        total: Duration::from_secs(5),
        at_least: 0,
        ..RetryPolicy::REQUEST
    };

    /// For requests whose answer is important, as around a swap: this waits for a server that was killed and is started
    /// by hand.
    pub const RESTART: RetryPolicy = RetryPolicy {
        total: Duration::from_secs(5 * 60),
        ..RetryPolicy::REQUEST
    };

    /// One attempt.
    pub const NONE: RetryPolicy = RetryPolicy {
        total: Duration::ZERO,
        at_least: 0,
        ..RetryPolicy::REQUEST
    };
}

/// The pauses of one request, with jitter, so that many clients of one server don't come back in step.
///
/// The loop stays with the caller, since `backoff`'s own loop calls its closure before it sleeps, knows no bound on
/// `Retry-After` and can't be told to stop.
#[derive(Debug)]
pub struct Retries {
    pauses: ExponentialBackoff,
    policy: RetryPolicy,
    deadline: Option<Instant>,
    given: u32,
}

impl Retries {
    pub fn begin(policy: &RetryPolicy) -> Retries {
        let pauses = ExponentialBackoffBuilder::new()
            .with_initial_interval(policy.first)
            .with_max_interval(policy.longest)
            .with_multiplier(2.0)
            .with_randomization_factor(0.3)
            .with_max_elapsed_time(None)
            .build();
        Retries {
            pauses,
            policy: *policy,
            deadline: None,
            given: 0,
        }
    }

    /// How long to wait before the next attempt, now that one has failed; none when it is time to give up.
    pub fn next(&mut self, retryable: Retryable) -> Option<Duration> {
        let at_least = match retryable {
            Retryable::Never => return None,
            Retryable::Wait => Duration::ZERO,
            Retryable::WaitAtLeast(asked) => asked.min(LONGEST_RETRY_AFTER),
        };
        let pause = self.pauses.next_backoff()?.max(at_least);
        let now = Instant::now();
        let deadline = *self.deadline.get_or_insert(now + self.policy.total);
        if now + pause > deadline && self.given >= self.policy.at_least {
            return None;
        }
        self.given += 1;
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(policy: &RetryPolicy, retryable: Retryable) -> Vec<Duration> {
        let mut retries = Retries::begin(policy);
        std::iter::from_fn(|| retries.next(retryable))
            .take(5)
            .collect()
    }

    #[tokio::test]
    async fn what_cannot_heal_is_asked_once() {
        assert!(pauses(&RetryPolicy::REQUEST, Retryable::Never).is_empty());
    }

    #[tokio::test]
    async fn pauses_grow_and_stay_below_their_bound() {
        let pauses = pauses(&RetryPolicy::REQUEST, Retryable::Wait);
        assert_eq!(pauses.len(), 5);
        assert!(pauses[0] >= Duration::from_millis(170), "{pauses:?}");
        assert!(pauses[4] > pauses[0], "{pauses:?}");
        assert!(
            pauses.iter().all(|pause| *pause < Duration::from_secs(11)),
            "{pauses:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_total_bounds_the_attempts() {
        let mut retries = Retries::begin(&RetryPolicy::REQUEST);
        let begun = Instant::now();
        while let Some(pause) = retries.next(Retryable::Wait) {
            tokio::time::sleep(pause).await;
        }
        assert!(
            begun.elapsed() > Duration::from_secs(40),
            "{:?}",
            begun.elapsed()
        );
        assert!(
            begun.elapsed() <= Duration::from_secs(61),
            "{:?}",
            begun.elapsed()
        );
    }

    #[tokio::test]
    async fn a_pause_that_the_server_asks_for_is_kept_but_capped() {
        let asked = pauses(
            &RetryPolicy::REQUEST,
            Retryable::WaitAtLeast(Duration::from_secs(7)),
        );
        assert!(
            asked.iter().all(|pause| *pause >= Duration::from_secs(7)),
            "{asked:?}"
        );
        let hours = pauses(
            &RetryPolicy::REQUEST,
            Retryable::WaitAtLeast(Duration::from_secs(7200)),
        );
        assert_eq!(hours[0], LONGEST_RETRY_AFTER);
    }

    #[tokio::test]
    async fn a_pause_beyond_the_end_is_not_begun() {
        assert!(
            pauses(
                &RetryPolicy::GREETING,
                Retryable::WaitAtLeast(Duration::from_secs(9))
            )
            .is_empty()
        );
        assert!(pauses(&RetryPolicy::NONE, Retryable::Wait).is_empty());
    }

    /// An upload on a slow line takes minutes before it breaks off.
    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_took_long_is_tried_again_all_the_same() {
        let mut retries = Retries::begin(&RetryPolicy::REQUEST);
        let minutes = Duration::from_secs(150);
        tokio::time::sleep(minutes).await;
        let mut attempts = 1;
        while let Some(pause) = retries.next(Retryable::Wait) {
            tokio::time::sleep(pause + minutes).await;
            attempts += 1;
        }
        assert_eq!(attempts, 3);
    }
}
