//! What can go wrong with the server, and what to do about it.
//!
//! It is one enum, as long as there are sentences for people to read; `meaning` says what the program makes of each.

use std::time::Duration;
use std::{fmt, io};

use thiserror::Error;

use crate::error::{CommandError, FAILED, REFUSED, USAGE};
use crate::figures::counted;
use crate::meilisearch::address::Address;
use crate::meilisearch::uid::RECORDS_UID;

mod meaning;

/// A server once put a whole document, megabytes of it, into its message. Foreign text is cut to this many characters.
pub const FOREIGN_TEXT_CHARS: usize = 500;
/// Of a page where JSON was expected, this much shows what it is.
pub const PAGE_CHARS: usize = 200;

/// A request, as a message shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub path: String,
}

impl fmt::Display for Request {
    /// A path may list hundreds of task uids, which says nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, cut(&self.path, 120))
    }
}

/// Each ends with what to do. None holds the key.
#[derive(Debug, Error)]
pub enum MeilisearchError {
    #[error(
        "nothing answers at {address} ({cause}). Is Meilisearch running there? Its log says why it stopped; \
             after an update it refuses a database of another version"
    )]
    Unreachable { address: Address, cause: String },

    /// The address is wrong, and trying again is no help.
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
        "{request}: the connection broke off ({cause}). The server may have stopped, or a proxy between may have a limit of time or size"
    )]
    Interrupted { request: Request, cause: String },

    #[error("{request}: Meilisearch refuses the API key ({status}: {message}). {hint}")]
    WrongKey {
        status: u16,
        request: Request,
        message: String,
        hint: &'static str,
    },

    /// `by_proxy`: the answer is not Meilisearch's, so its own limit is not the one to raise.
    #[error("{request}: {bytes} bytes are too many for {}: {message}. {}", who(*by_proxy), size_hint(*by_proxy))]
    TooLarge {
        request: Request,
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
             would be answered by the former and by the new index, and a failure on one of them shows in a task only. \
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
        "{request}: the server is busy ({status}: {body}). Try again later, or raise its limits"
    )]
    Busy {
        status: u16,
        request: Request,
        body: String,
        retry_after: Option<Duration>,
    },

    /// 408 and 5xx: of Meilisearch, or of a proxy that can't reach it.
    #[error(
        "{request}: the server failed with {status}: {body}. Look at its log and, where there is one, the proxy's"
    )]
    Server {
        status: u16,
        request: Request,
        body: String,
        retry_after: Option<Duration>,
    },

    #[error(
        "{request}: the address answers {status} and sends on to `{location}`. Give that address itself: \
             a write that is sent on can arrive as a read"
    )]
    Redirected {
        status: u16,
        request: Request,
        location: String,
    },

    #[error(
        "{request}: this is no answer of Meilisearch ({status}: {body}). Check the address and its path"
    )]
    NotMeilisearch {
        status: u16,
        request: Request,
        body: String,
    },

    /// The answer to a request that changes something says yes and names no task, so it is neither yes nor no.
    #[error(
        "{request}: the answer cannot be understood ({status}: {body}), so it is not known whether the server took the \
             request. Look at what stands between this program and Meilisearch"
    )]
    Unclear {
        status: u16,
        request: Request,
        body: String,
    },

    /// Meilisearch understood the request and says no, with a code of its own.
    #[error("{request}: Meilisearch refuses the request ({code}: {message})")]
    Refused {
        status: u16,
        request: Request,
        code: String,
        message: String,
    },

    /// Reading it to its end would take memory without bound.
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
        "index `{uid}`: a page of documents at offset {offset} is empty, although the index has {}. \
             Another program is deleting from it: run again when the queue is empty", counted(*.total, "document", "documents")
    )]
    EmptyPage {
        uid: String,
        offset: u64,
        total: u64,
    },

    /// What a list leaves out would count as gone.
    #[error(
        "the server listed its {what} {times} times and never all of them. Another program may be creating many at this moment, or a \
             proxy may cut its answers: run again later"
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
             Another program swapped it; nothing was deleted. Run again"
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
        "the record `{id}` in `{RECORDS_UID}` can't be read ({cause}). If it is not needed, delete that document, then reindex"
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
    fn an_error_survives_its_way_through_the_sdk() {
        let sdk =
            meilisearch_sdk::errors::Error::from(MeilisearchError::BadUid { uid: "a b".into() });
        assert!(matches!(
            MeilisearchError::from(sdk),
            MeilisearchError::BadUid { .. }
        ));
    }
}
