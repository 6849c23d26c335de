//! What can go wrong with the server, and what to do about it.

use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::error::{CommandError, FAILED, REFUSED, USAGE};
use crate::figures::counted;
use crate::meilisearch::address::Address;
use crate::meilisearch::uid::RECORDS_UID;
use crate::retry::Retryable;

/// A server once put a whole document, megabytes of it, into its message. Foreign text is cut to this many characters.
pub const FOREIGN_TEXT_CHARS: usize = 500;
/// Of a page where JSON was expected, this much shows what it is.
pub const PAGE_CHARS: usize = 200;

/// Each ends with what to do. None holds the key.
#[derive(Debug, Error)]
pub enum MeilisearchError {
    #[error(
        "nothing answers at {address} ({cause}). Is Meilisearch running there? Its log says why it stopped; \
             after an update it refuses a database of another version"
    )]
    Unreachable { address: Address, cause: String },

    /// Asked in TLS, it answers in something else: what it is written wrong in is the address, and asking again is no help.
    #[error(
        "what listens at {address} does not speak TLS; if it is Meilisearch, its address begins with http:// and not with https://"
    )]
    NoTls { address: Address },

    #[error(
        "the certificate of {address} is not accepted ({cause}). Trust its authority on this machine, or give the name that it is made for"
    )]
    Certificate { address: Address, cause: String },

    #[error(
        "what listens at {address} does not answer in HTTP ({cause}); if it is Meilisearch behind TLS, its address begins with https://"
    )]
    NotHttp { address: Address, cause: String },

    /// `/health` under it is something else of Meilisearch's.
    #[error(
        "{address} is one of Meilisearch's own routes, and not its address: leave off `{route}`"
    )]
    Route { address: Address, route: String },

    #[error(
        "{method} {path}: the connection broke off ({cause}). The server may have stopped, or a proxy between may have a limit of time or size"
    )]
    Interrupted {
        method: String,
        path: String,
        cause: String,
    },

    #[error("{method} {path}: Meilisearch refuses the API key ({status}: {message}). {hint}")]
    WrongKey {
        status: u16,
        method: String,
        path: String,
        message: String,
        hint: &'static str,
    },

    /// `by_proxy`: the answer is not Meilisearch's, so its own limit is not the one to raise.
    #[error("{method} {path}: {bytes} bytes are too many for {}: {message}. {}", who(*by_proxy), size_hint(*by_proxy))]
    TooLarge {
        method: String,
        path: String,
        bytes: u64,
        by_proxy: bool,
        message: String,
    },

    #[error(
        "Meilisearch's task database is full ({message}); the disk need not be. \
             Delete finished tasks: DELETE /tasks?statuses=succeeded,failed,canceled"
    )]
    TaskDatabaseFull { message: String },

    #[error(
        "this Meilisearch is one of a network and not its leader ({message}). Give the address of the leader: \
             only a server without a network, or its leader, takes writes"
    )]
    NotLeader { message: String },

    #[error(
        "this Meilisearch leads a network of servers ({leader}). There a swap is one task on each of them: for a while searches \
             would be answered by the former and by the new index, and a server on which it fails is told of nowhere but in a task. \
             Nothing was begun; give the address of a server without a network, or take the leader out of it (PATCH /network)"
    )]
    LeadsNetwork { leader: String },

    /// A list that other servers of a network had parts of.
    #[error(
        "{path}: the answer lacks what other servers of the network hold ({message}). Look at those servers, then run again"
    )]
    Incomplete { path: String, message: String },

    #[error(
        "{message} It does not exist, or the key may not see it: check the uid, and the key's index patterns"
    )]
    IndexNotFound { message: String },

    /// 429, or Meilisearch's own 503 for a full search queue.
    #[error(
        "{method} {path}: the server is busy ({status}: {body}). Try again later, or raise its limits"
    )]
    Busy {
        status: u16,
        method: String,
        path: String,
        body: String,
        retry_after: Option<Duration>,
    },

    /// 408 and 5xx: of Meilisearch, or of a proxy that can't reach it.
    #[error(
        "{method} {path}: the server failed with {status}: {body}. Look at its log and, where there is one, the proxy's"
    )]
    Server {
        status: u16,
        method: String,
        path: String,
        body: String,
        retry_after: Option<Duration>,
    },

    #[error(
        "{method} {path}: the address answers {status} and sends on to `{location}`. Give that address itself: \
             a write that is sent on can arrive as a read"
    )]
    Redirected {
        status: u16,
        method: String,
        path: String,
        location: String,
    },

    #[error(
        "{method} {path}: this is no answer of Meilisearch ({status}: {body}). Check the address and its path"
    )]
    NotMeilisearch {
        status: u16,
        method: String,
        path: String,
        body: String,
    },

    /// The answer to a request that changes something says yes and names no task, so it is neither yes nor no.
    #[error(
        "{method} {path}: the answer cannot be understood ({status}: {body}), so it is not known whether the server took the \
             request. Look at what stands between this program and Meilisearch"
    )]
    Unclear {
        status: u16,
        method: String,
        path: String,
        body: String,
    },

    /// Meilisearch understood the request and says no, with a code of its own.
    #[error("{method} {path}: Meilisearch refuses the request ({code}: {message})")]
    Refused {
        status: u16,
        method: String,
        path: String,
        code: String,
        message: String,
    },

    /// Reading it to its end would take memory without bound: less is to be asked for at a time.
    #[error("{path}: the answer is longer than {bytes} bytes. Ask for less at a time")]
    LongAnswer { path: String, bytes: usize },

    #[error(
        "`{uid}` can't be the uid of an index: 1 to 400 letters, digits, `-` and `_` (ASCII). Choose another"
    )]
    BadUid { uid: String },

    #[error(
        "the documents to send can't be read ({source}). Look at the disk of the temporary folder (TMPDIR)"
    )]
    Body {
        #[from]
        source: io::Error,
    },

    #[error(
        "the HTTP client can't be made ({cause}). Check the system's certificates and the proxy variables"
    )]
    Client { cause: String },

    #[error("nothing moved for {} minutes while waiting for {} of Meilisearch ({last}). What waits stays in its \
             queue; look at its log and its memory, then run again", .stalled.as_secs() / 60, counted(*.waiting as u64, "task", "tasks"))]
    Stalled {
        waiting: usize,
        stalled: Duration,
        last: String,
    },

    #[error(
        "Meilisearch was stopped {times} times while it worked on the same batch ({} waited for): \
         probably killed for memory. Give it more, or set MEILI_MAX_INDEXING_MEMORY, or send smaller batches", counted(*.waiting as u64, "task was", "tasks were")
    )]
    KeepsRestarting { times: u32, waiting: usize },

    #[error("{address} has not answered for {} minutes while {} waited for ({cause}). Look at the server's \
             log: killed for memory, a full disk, or a database of another version after an update. Its queue survives; run again when it is back",
            .silent.as_secs() / 60, counted(*.waiting as u64, "task was", "tasks were"))]
    GoneSilent {
        address: Address,
        waiting: usize,
        silent: Duration,
        cause: String,
    },

    #[error(
        "index `{uid}`: a page of documents at offset {offset} is empty, though {} told. \
             Somebody is deleting from it: run again when the queue is empty", counted(*.total, "document is", "documents are")
    )]
    EmptyPage {
        uid: String,
        offset: u64,
        total: u64,
    },

    /// What a list leaves out would count as gone.
    #[error(
        "the server listed its {what} {times} times and never all of them. Somebody makes many at this moment, or something \
             between cuts its answers: run again later"
    )]
    IncompleteList { what: &'static str, times: u32 },

    #[error("the task {uid} ({what}) {how}: {message}")]
    Task {
        uid: u64,
        what: String,
        how: &'static str,
        message: String,
    },

    #[error(
        "index `{uid}` has the primary key {found}, and this program needs `id`. Delete that index, or use another uid"
    )]
    PrimaryKey { uid: String, found: String },

    #[error(
        "index `{uid}` is not the one that was to be deleted any more: createdAt is {found}, not {expected}. \
             Somebody else swapped; nothing was deleted. Run again"
    )]
    AnotherIndex {
        uid: String,
        expected: String,
        found: String,
    },

    /// A batch that is down to one document and still too large.
    #[error(
        "index `{uid}`: the document {id} alone has {bytes} bytes, which are too many for {}. {}",
        who(*by_proxy), size_hint(*by_proxy)
    )]
    DocumentTooLarge {
        uid: String,
        id: String,
        bytes: u64,
        by_proxy: bool,
    },

    #[error(
        "index `{uid}` holds a document whose id can't be one ({cause}). Reindex, or delete it by hand"
    )]
    UnreadableId { uid: String, cause: String },

    #[error(transparent)]
    Records(#[from] RecordsError),
}

impl CommandError for MeilisearchError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::NoTls { .. } | Self::NotHttp { .. } | Self::Route { .. } => USAGE,
            Self::LeadsNetwork { .. } => REFUSED,
            _ => FAILED,
        }
    }
}

fn who(by_proxy: bool) -> &'static str {
    if by_proxy {
        "a proxy before Meilisearch"
    } else {
        "Meilisearch"
    }
}

fn size_hint(by_proxy: bool) -> &'static str {
    if by_proxy {
        "Raise the proxy's limit of body sizes (nginx: client_max_body_size), or send smaller batches"
    } else {
        "Raise --http-payload-size-limit of Meilisearch (1.5 takes 2 MiB of settings whatever it says), or send smaller batches"
    }
}

impl MeilisearchError {
    /// Whether the same request may succeed later. The one list of what is retried.
    pub fn retryable(&self) -> Retryable {
        match self {
            MeilisearchError::Unreachable { .. }
            | MeilisearchError::Interrupted { .. }
            | MeilisearchError::Unclear { .. } => Retryable::Wait,
            MeilisearchError::Busy { retry_after, .. }
            | MeilisearchError::Server { retry_after, .. } => {
                retry_after.map_or(Retryable::Wait, Retryable::WaitAtLeast)
            }
            _ => Retryable::Never,
        }
    }

    /// The server can't have acted on the request: no connection was made, or it was turned away for being one too many.
    pub fn was_never_taken(&self) -> bool {
        matches!(
            self,
            MeilisearchError::Unreachable { .. }
                | MeilisearchError::NoTls { .. }
                | MeilisearchError::Certificate { .. }
                | MeilisearchError::Busy { status: 429, .. }
        )
    }

    /// It is unknown whether the server acted on the request: its answer was lost, or a proxy answered instead, with
    /// any status. Only an answer of Meilisearch itself is a refusal.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            MeilisearchError::Interrupted { .. }
            | MeilisearchError::Server { .. }
            | MeilisearchError::Busy { .. }
            | MeilisearchError::Unclear { .. }
            | MeilisearchError::NotMeilisearch { .. }
            | MeilisearchError::NotHttp { .. }
            | MeilisearchError::Redirected { .. } => !self.was_never_taken(),
            _ => false,
        }
    }

    /// Another program than Meilisearch answered, and would give the same answer again.
    pub fn is_foreign_answer(&self) -> bool {
        matches!(
            self,
            MeilisearchError::Unclear { .. }
                | MeilisearchError::NotMeilisearch { .. }
                | MeilisearchError::NotHttp { .. }
                | MeilisearchError::Redirected { .. }
        )
    }

    /// Meilisearch's own code for it.
    pub fn code(&self) -> Option<&str> {
        match self {
            MeilisearchError::Refused { code, .. } => Some(code),
            MeilisearchError::IndexNotFound { .. } => Some("index_not_found"),
            MeilisearchError::TaskDatabaseFull { .. } => Some("no_space_left_on_device"),
            MeilisearchError::NotLeader { .. } => Some("not_leader"),
            MeilisearchError::TooLarge {
                by_proxy: false, ..
            } => Some("payload_too_large"),
            _ => None,
        }
    }

    /// Meilisearch refuses this key, or a proxy before Meilisearch refuses everybody.
    pub fn is_forbidden(&self) -> bool {
        matches!(
            self,
            MeilisearchError::WrongKey { .. }
                | MeilisearchError::NotMeilisearch {
                    status: 401 | 403,
                    ..
                }
        )
    }

    /// A route that this version doesn't have: 404 without a code of Meilisearch.
    pub(super) fn is_missing_route(&self) -> bool {
        matches!(
            self,
            MeilisearchError::NotMeilisearch {
                status: 404 | 405,
                ..
            }
        )
    }
}

/// Errors come back through the SDK in a box.
impl From<meilisearch_sdk::errors::Error> for MeilisearchError {
    fn from(error: meilisearch_sdk::errors::Error) -> MeilisearchError {
        let cause = error.to_string();
        match error {
            meilisearch_sdk::errors::Error::Other(inner) => {
                match inner.downcast::<MeilisearchError>() {
                    Ok(error) => *error,
                    Err(other) => MeilisearchError::Client {
                        cause: cut(&other.to_string(), FOREIGN_TEXT_CHARS),
                    },
                }
            }
            _ => MeilisearchError::Client {
                cause: cut(&cause, FOREIGN_TEXT_CHARS),
            },
        }
    }
}

impl From<MeilisearchError> for meilisearch_sdk::errors::Error {
    fn from(error: MeilisearchError) -> meilisearch_sdk::errors::Error {
        meilisearch_sdk::errors::Error::Other(Box::new(error))
    }
}

/// At most so many characters of text from outside, on one line.
pub fn cut(text: &str, chars: usize) -> String {
    let mut words = text.split_whitespace();
    let mut line = String::new();
    let mut left = chars;
    while let Some(word) = words.next() {
        if !line.is_empty() {
            line.push(' ');
            left = left.saturating_sub(1);
        }
        let taken = word
            .char_indices()
            .nth(left)
            .map_or(word.len(), |(at, _)| at);
        line.push_str(&word[..taken]);
        left = left.saturating_sub(word[..taken].chars().count());
        if taken < word.len() || (left == 0 && words.next().is_some()) {
            line.push('…');
            break;
        }
    }
    line
}

#[derive(Debug, Error)]
pub enum RecordsError {
    #[error(
        "the records in `{RECORDS_UID}` were written by {written_by} (format {format}; this program knows up to {known}). \
         Use that version, or a newer one"
    )]
    Newer {
        format: u64,
        known: u64,
        written_by: String,
    },
    #[error(
        "the record `{id}` in `{RECORDS_UID}` can't be read ({cause}). If nobody needs it, delete that document, then reindex"
    )]
    Unreadable { id: String, cause: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_cut_on_a_character_boundary() {
        assert_eq!(cut("القدس", 3), "الق…");
        assert_eq!(cut("a\n  b\tc", 10), "a b c");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abc d", 3), "abc…");
        assert_eq!(cut("", 3), "");
        let long = cut(&"é".repeat(5_000_000), FOREIGN_TEXT_CHARS);
        assert_eq!(long.chars().count(), FOREIGN_TEXT_CHARS + 1);
    }

    #[test]
    fn only_what_can_heal_is_tried_again() {
        let busy = |status| MeilisearchError::Busy {
            status,
            method: "GET".into(),
            path: "/".into(),
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
        let (method, path) = (String::from("POST"), String::from("/swap-indexes"));
        let lost = MeilisearchError::Interrupted {
            method,
            path,
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
    fn what_somebody_else_answers_is_neither_yes_nor_no() {
        for status in [200, 202, 403, 404, 502] {
            let page = MeilisearchError::NotMeilisearch {
                status,
                method: "POST".into(),
                path: "/swap-indexes".into(),
                body: "a page".into(),
            };
            assert!(page.is_ambiguous(), "{status}");
        }
        let refused = MeilisearchError::Refused {
            status: 400,
            method: "POST".into(),
            path: "/swap-indexes".into(),
            code: "invalid_swap_indexes".into(),
            message: "m".into(),
        };
        assert!(!refused.is_ambiguous());
    }

    #[test]
    fn an_error_survives_its_way_through_the_sdk() {
        let sdk =
            meilisearch_sdk::errors::Error::from(MeilisearchError::BadUid { uid: "a b".into() });
        assert!(matches!(
            MeilisearchError::from(sdk),
            MeilisearchError::BadUid { .. }
        ));
    }
}
