//! What a response means: Meilisearch's JSON, its error, or a page of a proxy or another program.

use std::time::Duration;

use reqwest::{Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::document::convert::readable;
use crate::meilisearch::api_key::ApiKey;
use crate::meilisearch::error::{FOREIGN_TEXT_CHARS, MeilisearchError, PAGE_CHARS, Request, cut};
use crate::meilisearch::idle::Activity;
use crate::meilisearch::uid::TaskUid;

/// The request, for errors.
pub(super) struct Sent {
    pub request: Request,
    pub bytes: u64,
    /// The key that went along: an error may say what is odd about it, and must not repeat it.
    pub secret: Option<ApiKey>,
}

/// What to do about a key that was refused.
fn hint(secret: Option<&ApiKey>) -> &'static str {
    match secret {
        None => {
            "No key was sent: set MEILISEARCH_API_KEY, or name the key's file with --api-key-file"
        }
        Some(key) if key.looks_quoted() => {
            "The key begins and ends with a quote, which a compose file makes part of it: take the quotes away"
        }
        Some(_) => "Check the key, its actions and its index patterns",
    }
}

/// A successful answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    request: Request,
    body: Vec<u8>,
    secret: Option<ApiKey>,
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, MeilisearchError> {
        let text: &[u8] = if self.body.is_empty() {
            b"null"
        } else {
            &self.body
        };
        serde_json::from_slice(text).map_err(|_| MeilisearchError::NotMeilisearch {
            status: self.status,
            request: self.request.clone(),
            body: page(&self.body, self.secret.as_ref()),
        })
    }

    /// The task that the server made of a request. Read leniently: of what a new version adds, or a proxy writes in another
    /// form, nothing is wanted but this number.
    pub(super) fn task(&self) -> Result<TaskUid, MeilisearchError> {
        let answer: Option<Value> = serde_json::from_slice(&self.body).ok();
        let uid = answer.as_ref().and_then(|answer| answer.get("taskUid"));
        let uid = uid.and_then(|uid| match uid {
            Value::String(digits) => digits.parse().ok(),
            uid => uid.as_u64(),
        });
        uid.ok_or_else(|| MeilisearchError::Unclear {
            status: self.status,
            request: self.request.clone(),
            body: page(&self.body, self.secret.as_ref()),
        })
    }
}

/// An error in Meilisearch's own words.
#[derive(Deserialize)]
struct Complaint {
    message: String,
    code: String,
}

/// The head of a response, kept while its body is read.
pub(super) struct Head {
    status: StatusCode,
    retry_after: Option<Duration>,
    location: Option<String>,
    content_type: Option<String>,
}

impl Head {
    pub(super) fn of(response: &Response) -> Head {
        let text = |name| {
            response
                .headers()
                .get(name)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Head {
            status: response.status(),
            retry_after: text(header::RETRY_AFTER).and_then(|value| seconds(&value)),
            location: text(header::LOCATION),
            content_type: text(header::CONTENT_TYPE),
        }
    }

    /// A proxy that refuses may cut the connection in the middle of its page. The status is already enough to know
    /// that.
    pub(super) fn says_enough(&self) -> bool {
        self.status.is_client_error()
    }

    pub(super) fn judge(self, sent: &Sent, body: Vec<u8>) -> Result<Answer, MeilisearchError> {
        if !self.status.is_success() {
            return Err(refusal(self, sent, &body));
        }
        Ok(Answer {
            status: self.status.as_u16(),
            request: sent.request.clone(),
            body,
            secret: sent.secret.clone(),
        })
    }
}

/// The body of a response, or a bit more than its `longest` beginning; none if it fell silent.
pub(super) async fn body(
    response: &mut Response,
    activity: &Activity,
    body: &mut Vec<u8>,
    longest: Option<usize>,
) -> Option<Result<(), reqwest::Error>> {
    loop {
        if longest.is_some_and(|longest| body.len() > longest) {
            return Some(Ok(()));
        }
        activity.note();
        match activity.watch(response.chunk()).await? {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Some(Ok(())),
            Err(error) => return Some(Err(error)),
        }
    }
}

/// The error that an answer other than success stands for.
fn refusal(head: Head, sent: &Sent, body: &[u8]) -> MeilisearchError {
    let Head {
        status,
        retry_after,
        location,
        content_type,
    } = head;
    let request = sent.request.clone();
    let complaint = serde_json::from_slice::<Complaint>(body).ok();
    let code = complaint.as_ref().map(|complaint| complaint.code.as_str());
    let text = match &complaint {
        Some(complaint) => cut(
            &hidden(&complaint.message, sent.secret.as_ref()),
            FOREIGN_TEXT_CHARS,
        ),
        None => page(body, sent.secret.as_ref()),
    };
    // A server that refuses before it has read the body resets the connection, and its message may be lost. The content
    // type remains: JSON comes from Meilisearch, HTML from a proxy.
    let is_json = content_type.is_some_and(|kind| kind.starts_with("application/json"));
    let number = status.as_u16();
    match (number, code) {
        // No key would help: the server has none, and says so of its keys only.
        (401 | 403, Some(code @ "missing_master_key")) => MeilisearchError::Refused {
            status: number,
            request,
            code: code.to_owned(),
            message: text,
        },
        (401 | 403, code) if code.is_some() || is_json => MeilisearchError::WrongKey {
            status: number,
            request,
            message: text,
            hint: hint(sent.secret.as_ref()),
        },
        (413, code) => MeilisearchError::TooLarge {
            request,
            bytes: sent.bytes,
            by_proxy: code.is_none() && !is_json,
            message: text,
        },
        (422, Some("no_space_left_on_device")) => {
            MeilisearchError::TaskDatabaseFull { message: text }
        }
        (_, Some("not_leader")) => MeilisearchError::NotLeader { message: text },
        (404, Some("index_not_found")) => MeilisearchError::IndexNotFound { message: text },
        (429, _) | (503, Some("too_many_search_requests")) => MeilisearchError::Busy {
            status: number,
            request,
            body: text,
            retry_after,
        },
        (408 | 500..=599, _) => MeilisearchError::Server {
            status: number,
            request,
            body: text,
            retry_after,
        },
        (300..=399, _) => MeilisearchError::Redirected {
            status: number,
            request,
            location: cut(
                &hidden(
                    location.as_deref().unwrap_or("nowhere"),
                    sent.secret.as_ref(),
                ),
                PAGE_CHARS,
            ),
        },
        (_, Some(code)) => MeilisearchError::Refused {
            status: number,
            request,
            code: code.to_owned(),
            message: text,
        },
        (_, None) => MeilisearchError::NotMeilisearch {
            status: number,
            request,
            body: text,
        },
    }
}

/// Seconds, as servers send them. The form with a date is rare and not worth a clock that may be wrong.
fn seconds(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

/// Of a page of megabytes, its beginning says what it is.
const LOOKED_AT_BYTES: usize = 64 * 1024;

/// What a page says. Of HTML that is the text that a person would see: its markup fills a screen and says nothing.
fn page(body: &[u8], secret: Option<&ApiKey>) -> String {
    let body = &body[..body.len().min(LOOKED_AT_BYTES)];
    let text = String::from_utf8_lossy(body);
    let is_html = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<');
    let text = match is_html {
        true => without_repetition(&readable(&text)),
        false => text.into_owned(),
    };
    if text.trim().is_empty() {
        return "an empty answer".to_owned();
    }
    cut(&hidden(&text, secret), PAGE_CHARS)
}

/// A page of nginx has its title once more as its heading.
fn without_repetition(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.retain(|line| !line.is_empty());
    lines.dedup();
    lines.join(" ")
}

/// Some proxies print the request that they refuse, headers and all. The key goes before anything is cut: half a key is
/// one too.
fn hidden(text: &str, secret: Option<&ApiKey>) -> String {
    match secret {
        Some(secret) => secret.hide_in(text),
        None => text.to_owned(),
    }
}

/// Errors of the client print the address, which every message of ours already has.
pub(super) fn without_address(text: &str) -> String {
    cut(text, PAGE_CHARS)
}
