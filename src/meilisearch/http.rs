//! The HTTP client for all requests to Meilisearch.
//!
//! The SDK uses it ([`HttpClient`]), and so do our own JSON requests. It solves the problems that the SDK's own client
//! has for us: a body has a length (proxies refuse or buffer chunked ones), time limits count silence and not the size
//! of a request, a redirect is an error and does not turn a write into a read, temporary errors are retried, and a page
//! of HTML becomes an error that a person can act on.

use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::io::AsyncRead;
use meilisearch_sdk::errors::Error as SdkError;
use meilisearch_sdk::request::{HttpClient, Method};
use reqwest::header::{self, HeaderMap, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::meilisearch::address::Address;
use crate::meilisearch::answer::{self, Answer};
use crate::meilisearch::api_key::ApiKey;
use crate::meilisearch::error::{MeilisearchError, Request};
use crate::meilisearch::idle::Activity;
use crate::meilisearch::uid::TaskUid;
use crate::retry::{Retries, RetryPolicy, Retryable};

mod body;
mod cause;

pub(super) use body::Body;
pub use body::NdjsonBody;
use body::{body_of, watched};
use cause::{cause_of, causes, unreadable_body};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Silence after which a connection counts as lost. Meilisearch 1.5 parses a whole upload before it answers.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// What may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// Reads, and writes that have the same effect when they are made twice.
    Freely,
    /// Only what the server cannot have acted on: a second swap undoes the first.
    IfNeverTaken,
}

#[derive(Clone)]
pub(super) struct Http {
    connection: Arc<Connection>,
    policy: RetryPolicy,
    repeat: Repeat,
    agent: &'static str,
    /// How many bytes of an answer are read; there is no limit where it is none.
    longest: Option<usize>,
}

const AGENT: &str = concat!("bisan-indexer/", env!("CARGO_PKG_VERSION"));
const PROBING_AGENT: &str = concat!("bisan-indexer/", env!("CARGO_PKG_VERSION"), " (probe)");

struct Connection {
    client: reqwest::Client,
    address: Address,
    key: Option<HeaderValue>,
    secret: Option<ApiKey>,
    absences: Mutex<Absences>,
}

/// How often a request got no answer, how many of these times are known to have changed nothing, and why it was the last time.
#[derive(Default)]
struct Absences {
    counted: u64,
    settled: u64,
    last: String,
}

impl Http {
    pub(super) fn new(
        address: Address,
        key: Option<&ApiKey>,
        policy: RetryPolicy,
    ) -> Result<Http, MeilisearchError> {
        install_tls();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        if address.is_loopback() {
            builder = builder.no_proxy();
        }
        if address.never_speaks_tls() {
            // Reading the system's certificates is most of what a short command takes.
            builder = builder.tls_certs_only([]);
        }
        if address.is_private() {
            // Packing a listing takes the server five times as long as making it, which only a slow line makes up for.
            let plain = HeaderValue::from_static("identity");
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, plain)]);
            builder = builder.default_headers(headers);
        }
        let client = builder.build().map_err(|error| MeilisearchError::Client {
            cause: causes(&error),
        })?;
        let header = key.map(bearer).transpose()?;
        let connection = Connection {
            client,
            address,
            key: header,
            secret: key.cloned(),
            absences: Mutex::default(),
        };
        Ok(Http {
            connection: Arc::new(connection),
            policy,
            repeat: Repeat::Freely,
            agent: AGENT,
            longest: None,
        })
    }

    pub(super) fn has_key(&self) -> bool {
        self.connection.key.is_some()
    }

    pub(super) fn address(&self) -> &Address {
        &self.connection.address
    }

    pub(super) fn absences(&self) -> u64 {
        self.lock_absences().counted
    }

    pub(super) fn settle_absences(&self, counted: u64) {
        self.lock_absences().settled = counted;
    }

    pub(super) fn unsettled_absence(&self) -> Option<String> {
        let absences = self.lock_absences();
        (absences.settled != absences.counted).then(|| absences.last.clone())
    }

    fn lock_absences(&self) -> MutexGuard<'_, Absences> {
        let absences = &self.connection.absences;
        // They are whole after each change.
        absences.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn policy(&self) -> RetryPolicy {
        self.policy
    }

    /// The same client with another patience.
    pub(super) fn with_policy(&self, policy: RetryPolicy) -> Http {
        Http {
            policy,
            ..self.clone()
        }
    }

    /// The same client, which repeats nothing that the server may have acted on.
    pub(crate) fn once(&self) -> Http {
        Http {
            repeat: Repeat::IfNeverTaken,
            ..self.clone()
        }
    }

    /// The same client, which stops reading an answer that is longer.
    pub(super) fn reading_at_most(&self, bytes: usize) -> Http {
        Http {
            longest: Some(bytes),
            ..self.clone()
        }
    }

    /// The same client, which says that it only tries what it may do.
    pub(super) fn probing(&self) -> Http {
        Http {
            agent: PROBING_AGENT,
            ..self.clone()
        }
    }

    /// Sends, and sends again what may be repeated and can heal.
    pub(super) async fn send(
        &self,
        method: reqwest::Method,
        url: &str,
        body: Body,
    ) -> Result<Answer, MeilisearchError> {
        self.repeated(method, url, body, Ok).await
    }

    /// The same for what makes a task. An answer that names no task is no answer: the result of the request is unknown.
    pub(super) async fn change(
        &self,
        method: reqwest::Method,
        url: &str,
        body: Body,
    ) -> Result<TaskUid, MeilisearchError> {
        self.repeated(method, url, body, |answer| answer.task())
            .await
    }

    async fn repeated<T>(
        &self,
        method: reqwest::Method,
        url: &str,
        body: Body,
        read: impl Fn(Answer) -> Result<T, MeilisearchError>,
    ) -> Result<T, MeilisearchError> {
        let mut retries = Retries::begin(&self.policy);
        loop {
            let answer = self.attempt(&method, url, body.clone()).await;
            let error = match answer.and_then(&read) {
                Ok(read) => return Ok(read),
                Err(error) => error,
            };
            if error.is_no_answer() {
                let mut absences = self.lock_absences();
                absences.counted += 1;
                absences.last = error.to_string();
            }
            let retryable = match self.repeat {
                Repeat::Freely => error.retryable(),
                Repeat::IfNeverTaken if error.was_never_taken() => error.retryable(),
                Repeat::IfNeverTaken => Retryable::Never,
            };
            let Some(pause) = retries.next(retryable) else {
                return Err(error);
            };
            tracing::warn!("{error}. Trying again in {} ms", pause.as_millis());
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(
        &self,
        method: &reqwest::Method,
        url: &str,
        body: Body,
    ) -> Result<Answer, MeilisearchError> {
        let path = url.strip_prefix(self.address().as_str());
        let sent = answer::Sent {
            request: Request {
                method: method.as_str().to_owned(),
                path: path.unwrap_or("/").to_owned(),
            },
            bytes: body.len(),
            secret: self.connection.secret.clone(),
        };
        let activity = Activity::new(IDLE_TIMEOUT);
        let mut request = self.connection.client.request(method.clone(), url);
        request = request.header(header::USER_AGENT, self.agent);
        if let Some(key) = &self.connection.key {
            request = request.header(header::AUTHORIZATION, key.clone());
        }
        request = match body {
            Body::None => request,
            Body::Json(bytes) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(bytes),
            Body::Ndjson(body) => request
                .header(header::CONTENT_TYPE, "application/x-ndjson")
                .header(header::CONTENT_LENGTH, body.len)
                .body(reqwest::Body::wrap_stream(watched(body, activity.clone()))),
        };
        let broken = |error: reqwest::Error| self.broken(&sent, error);
        let silent = || MeilisearchError::Interrupted {
            request: sent.request.clone(),
            cause: format!("no sign of life for {} seconds", IDLE_TIMEOUT.as_secs()),
        };
        let mut response = activity
            .watch(request.send())
            .await
            .ok_or_else(silent)?
            .map_err(broken)?;
        let head = answer::Head::of(&response);
        let mut body = Vec::new();
        let read = answer::body(&mut response, &activity, &mut body, self.longest).await;
        if let Some(bytes) = self.longest.filter(|longest| body.len() > *longest) {
            return Err(MeilisearchError::LongAnswer {
                path: sent.request.path,
                bytes,
            });
        }
        match read {
            Some(Err(error)) if !head.says_enough() => Err(broken(error)),
            None if !head.says_enough() => Err(silent()),
            _ => head.judge(&sent, body),
        }
    }

    fn broken(&self, sent: &answer::Sent, error: reqwest::Error) -> MeilisearchError {
        if let Some(source) = unreadable_body(&error) {
            return MeilisearchError::Body { source };
        }
        let cause = causes(&error);
        let address = self.address().clone();
        if error.is_connect() {
            return match cause_of::<rustls::Error>(&error) {
                Some(rustls::Error::InvalidMessage(_)) => MeilisearchError::NoTls { address },
                Some(rustls::Error::InvalidCertificate(_)) => {
                    MeilisearchError::Certificate { address, cause }
                }
                _ => MeilisearchError::Unreachable { address, cause },
            };
        }
        if cause_of::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse) {
            return MeilisearchError::NotHttp { address, cause };
        }
        MeilisearchError::Interrupted {
            request: sent.request.clone(),
            cause,
        }
    }
}

#[async_trait]
impl HttpClient for Http {
    async fn stream_request<
        Query: Serialize + Send + Sync,
        Payload: AsyncRead + Send + Sync + 'static,
        Output: DeserializeOwned + 'static,
    >(
        &self,
        url: &str,
        method: Method<Query, Payload>,
        _content_type: &str,
        _expected_status: u16,
    ) -> Result<Output, SdkError> {
        let url = format!("{url}{}", yaup::to_string(method.query())?);
        let verb = match &method {
            Method::Get { .. } => reqwest::Method::GET,
            Method::Post { .. } => reqwest::Method::POST,
            Method::Put { .. } => reqwest::Method::PUT,
            Method::Patch { .. } => reqwest::Method::PATCH,
            Method::Delete { .. } => reqwest::Method::DELETE,
        };
        let body = match method.into_body() {
            None => Body::None,
            Some(payload) => body_of(Box::new(payload)).ok_or(SdkError::InvalidRequest)?,
        };
        Ok(self.send(verb, &url, body).await?.json()?)
    }

    fn is_tokio(&self) -> bool {
        true
    }
}

fn bearer(key: &ApiKey) -> Result<HeaderValue, MeilisearchError> {
    let mut value = HeaderValue::from_bytes(format!("Bearer {}", key.expose()).as_bytes())
        .map_err(|_| MeilisearchError::Client {
            cause: "the API key can't be put into a header".to_owned(),
        })?;
    value.set_sensitive(true);
    Ok(value)
}

/// `reqwest` panics without a TLS provider, and a second one of the same kind is no error.
pub(crate) fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests;
