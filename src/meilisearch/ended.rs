//! How a task ended, and the limits of waiting for it.

use std::time::Duration;

use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::task::Task;
use crate::meilisearch::uid::TaskUid;

/// How long a wait bears what.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Without any sign of progress, where the server would show one.
    pub stall: Duration,
    /// The same where it can't: before 1.12 a batch of an hour looks the same from beginning to end.
    pub stall_blind: Duration,
    /// How often the server may begin the same batch again. It is killed for memory each time, and will be the next
    /// time.
    pub restarts: u32,
    /// Without any answer.
    pub unreachable: Duration,
    /// Between two glances at the tasks: it begins short, for tasks that take milliseconds, and grows. What remains of it
    /// when the last task ends is time lost.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// Between two close looks, which ask for more.
    pub close_look: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            stall: Duration::from_secs(10 * 60),
            stall_blind: Duration::from_secs(60 * 60),
            restarts: 5,
            unreachable: Duration::from_secs(5 * 60),
            first_pause: Duration::from_millis(10),
            longest_pause: Duration::from_millis(200),
            close_look: Duration::from_secs(1),
        }
    }
}

/// How one task ended.
#[derive(Debug, Clone)]
pub enum Ended {
    Succeeded(Task),
    Failed(Task),
    Canceled(Task),
    /// The server no longer knows it: finished tasks are deleted. Never a success: what the task should have done decides, a
    /// count or a `createdAt`.
    Unknown(TaskUid),
    /// It hadn't ended when another one failed, which ended the wait.
    Unfinished(TaskUid),
}

impl Ended {
    pub fn uid(&self) -> TaskUid {
        match self {
            Ended::Succeeded(task) | Ended::Failed(task) | Ended::Canceled(task) => task.uid,
            Ended::Unknown(uid) | Ended::Unfinished(uid) => *uid,
        }
    }

    pub fn succeeded(&self) -> bool {
        matches!(self, Ended::Succeeded(_))
    }

    /// It failed with this code.
    pub fn failed_with(&self, code: &str) -> bool {
        matches!(self, Ended::Failed(task) if task.has_code(code))
    }

    /// It failed or was cancelled, and said so.
    pub fn is_failure(&self) -> bool {
        matches!(self, Ended::Failed(_) | Ended::Canceled(_))
    }

    /// The error to end with when this task should have succeeded. `what` it was for, like "upload 3 of articles, ids 1 to 90".
    pub fn into_error(self, what: &str) -> MeilisearchError {
        let uid = self.uid();
        let (how, message) = match self {
            Ended::Succeeded(_) => ("succeeded", "nothing is wrong with it".to_owned()),
            Ended::Failed(task) => ("failed", task.failure().unwrap_or_default()),
            Ended::Canceled(task) => ("was cancelled", task.failure().unwrap_or_default()),
            Ended::Unknown(_) => (
                "can't be found any more",
                "something deletes finished tasks. Run again".to_owned(),
            ),
            Ended::Unfinished(_) => ("had not ended", "another one failed before it".to_owned()),
        };
        MeilisearchError::Task {
            uid,
            what: what.to_owned(),
            how,
            message,
        }
    }
}
