//! What an error means for the program: is the request repeated, did the server act on it, who answered?

use crate::meilisearch::error::MeilisearchError;
use crate::retry::Retryable;

impl MeilisearchError {
    /// Whether the same request may succeed later. The one list of what is retried.
    pub fn retryable(&self) -> Retryable {
        match self {
            Self::Unreachable { .. } | Self::Interrupted { .. } | Self::Unclear { .. } => {
                Retryable::Wait
            }
            Self::Busy { retry_after, .. } | Self::Server { retry_after, .. } => {
                retry_after.map_or(Retryable::Wait, Retryable::WaitAtLeast)
            }
            _ => Retryable::Never,
        }
    }

    /// The server is not there, or fails: for the time being it answers nobody.
    pub fn is_no_answer(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Interrupted { .. } | Self::Server { .. }
        )
    }

    /// The server can't have acted on the request: no connection was made, or it was turned away for being one too many.
    pub fn was_never_taken(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::NoTls { .. }
                | Self::Certificate { .. }
                | Self::Busy { status: 429, .. }
        )
    }

    /// It is unknown whether the server acted on the request: its answer was lost, or a proxy answered instead, with
    /// any status. Only an answer of Meilisearch itself is a refusal.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Interrupted { .. }
            | Self::Server { .. }
            | Self::Busy { .. }
            | Self::Unclear { .. }
            | Self::NotMeilisearch { .. }
            | Self::NotHttp { .. }
            | Self::Redirected { .. } => !self.was_never_taken(),
            _ => false,
        }
    }

    /// Another program than Meilisearch answered, and would give the same answer again.
    pub fn is_foreign_answer(&self) -> bool {
        matches!(
            self,
            Self::Unclear { .. }
                | Self::NotMeilisearch { .. }
                | Self::NotHttp { .. }
                | Self::Redirected { .. }
        )
    }

    /// Meilisearch's own code for it.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::IndexNotFound { .. } => Some("index_not_found"),
            Self::TaskDatabaseFull { .. } => Some("no_space_left_on_device"),
            Self::NotLeader { .. } => Some("not_leader"),
            Self::TooLarge {
                by_proxy: false, ..
            } => Some("payload_too_large"),
            _ => None,
        }
    }

    /// Meilisearch refuses this key, or a proxy before Meilisearch refuses everybody.
    pub fn is_forbidden(&self) -> bool {
        matches!(
            self,
            Self::WrongKey { .. }
                | Self::NotMeilisearch {
                    status: 401 | 403,
                    ..
                }
        )
    }

    /// A route that this version doesn't have: 404 without a code of Meilisearch.
    pub(in crate::meilisearch) fn is_missing_route(&self) -> bool {
        matches!(
            self,
            Self::NotMeilisearch {
                status: 404 | 405,
                ..
            }
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::meilisearch::error::Request;

    fn request() -> Request {
        Request {
            method: "POST".into(),
            path: "/swap-indexes".into(),
        }
    }

    #[test]
    fn only_what_can_heal_is_tried_again() {
        let busy = |status| MeilisearchError::Busy {
            status,
            request: request(),
            body: String::new(),
            retry_after: Some(Duration::from_secs(3)),
        };
        assert_eq!(
            busy(429).retryable(),
            Retryable::WaitAtLeast(Duration::from_secs(3))
        );
        assert!(busy(429).was_never_taken() && !busy(503).was_never_taken());
        let full = MeilisearchError::TaskDatabaseFull {
            message: "full".into(),
        };
        assert_eq!(full.retryable(), Retryable::Never);
        assert_eq!(full.code(), Some("no_space_left_on_device"));
    }

    #[test]
    fn a_lost_answer_is_no_refusal() {
        let lost = MeilisearchError::Interrupted {
            request: request(),
            cause: "reset".into(),
        };
        assert!(lost.is_ambiguous());
        assert!(
            !MeilisearchError::NotLeader {
                message: "m".into()
            }
            .is_ambiguous()
        );
    }

    #[test]
    fn what_another_program_answers_is_neither_yes_nor_no() {
        for status in [200, 202, 403, 404, 502] {
            let page = MeilisearchError::NotMeilisearch {
                status,
                request: request(),
                body: "a page".into(),
            };
            assert!(page.is_ambiguous(), "{status}");
        }
        let refused = MeilisearchError::Refused {
            status: 400,
            request: request(),
            code: "invalid_swap_indexes".into(),
            message: "m".into(),
        };
        assert!(!refused.is_ambiguous());
    }
}
