//! The demo's page: a search box, a strip that shows every search of the last minute, and a button that starts a
//! reindex.
//!
//! The program serves it itself, and forwards three kinds of requests to Meilisearch: which indexes exist, how many
//! documents they hold, and searches. So the page only sends requests to its own origin, its policy can forbid all
//! other origins, and the API key of a server never gets into a browser.
//!
//! The reindex changes something, and any page of the web can make a browser send a POST to the loopback. So a request
//! starts a reindex only if it has this address as its host (a domain name that points to the loopback is refused),
//! comes from this page (`Origin`), and has the token of the page, which other pages can't read.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use tokio::sync::Notify;

use crate::cli::ListenAddress;
use crate::endpoints;
use crate::error::{Error, RuntimeError, UsageError};
use crate::meilisearch::{MeilisearchError, Server};
use crate::progress::Progress;

/// The page. The throw-away server shows the same one, without the token.
const PAGE: &str = include_str!("page.html");

/// Only the page's own script and style, by their hashes, and nothing from elsewhere.
const POLICY: &str = include_str!("page.csp");

/// Where the token goes.
const TOKEN_SLOT: &str = r#"<meta name="reindex-token" content="">"#;

/// The header that brings it back.
const TOKEN: HeaderName = HeaderName::from_static("x-reindex-token");

/// A search is some hundred bytes.
const LARGEST_SEARCH: usize = 64 * 1024;

/// The page, open for who is on this machine.
pub struct Page {
    desk: Arc<Desk>,
}

/// What all requests share.
struct Desk {
    server: Server,
    /// What a browser may call this address.
    hosts: Vec<String>,
    token: String,
    reindex: Mutex<Reindex>,
    pressed: Notify,
}

enum Reindex {
    Never,
    Asked,
    Running { progress: Progress, since: Instant },
    Ended { seconds: f64, error: Option<String> },
}

impl Page {
    /// Opens it at `listen`, over `server`, which should be asked without retries: the strip shows how it is, not how
    /// patient this program can be.
    ///
    /// # Errors
    /// Where that address cannot be listened on, or the system has no randomness to give.
    pub async fn open(server: Server, listen: &ListenAddress) -> Result<Page, Error> {
        let listener = listen.bind().await.map_err(|error| {
            UsageError::error(format!(
                "cannot show the page on {listen} ({error}); give another --listen"
            ))
        })?;
        let address = listener.local_addr().map_err(RuntimeError)?;
        let desk = Arc::new(Desk {
            server,
            hosts: hosts(address),
            token: fresh_token().map_err(RuntimeError)?,
            reindex: Mutex::new(Reindex::Never),
            pressed: Notify::new(),
        });
        let asked = Arc::clone(&desk);
        endpoints::open(listener, move |request| {
            let desk = Arc::clone(&asked);
            async move { desk.answer(request).await }
        });
        Ok(Page { desk })
    }

    /// Where it is, as a browser wants it.
    pub fn url(&self) -> String {
        format!("http://{}/", self.desk.hosts[0])
    }

    /// Waits until a person presses the button.
    pub async fn pressed(&self) {
        self.desk.pressed.notified().await;
    }

    /// The reindex that was asked for has begun.
    pub fn begun(&self, progress: &Progress) {
        self.desk.set(Reindex::Running {
            progress: progress.clone(),
            since: Instant::now(),
        });
    }

    /// It has ended; the button can be pressed again.
    pub fn ended(&self, outcome: &Result<(), Error>) {
        let seconds = match &*self.desk.reindex() {
            Reindex::Running { since, .. } => since.elapsed().as_secs_f64(),
            _ => 0.0,
        };
        let error = outcome.as_ref().err().map(Error::to_string);
        self.desk.set(Reindex::Ended { seconds, error });
    }
}

/// The names by which a browser may ask for an address: its own, and those of the loopback, which a container's published
/// port has.
fn hosts(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let mut hosts = vec![format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let own = address.to_string();
    if !address.ip().is_unspecified() && !hosts.contains(&own) {
        hosts.insert(0, own);
    }
    hosts
}

impl Desk {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let Some(host) = self.host(&request) else {
            return told(
                StatusCode::MISDIRECTED_REQUEST,
                "this page has another address",
            );
        };
        let path = request.uri().path().to_owned();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (request.method(), parts.as_slice()) {
            (&Method::GET, [""]) => self.page(),
            (&Method::GET, ["indexes"]) => passed_on(self.indexes().await),
            (&Method::GET, ["stats"]) => passed_on(self.stats().await),
            (&Method::POST, ["indexes", uid, "search"]) => match search_of(request).await {
                Some(search) => passed_on(self.server.search(uid, &search).await),
                None => told(StatusCode::BAD_REQUEST, "this is no search"),
            },
            (&Method::GET, ["progress"]) => json_answer(StatusCode::OK, &self.reindex().told()),
            (&Method::POST, ["reindex"]) if self.is_from_the_page(&request, &host) => self.press(),
            (&Method::POST, ["reindex"]) => {
                told(StatusCode::FORBIDDEN, "only the page's own button may")
            }
            (_, ["reindex"]) => {
                let mut answer = told(StatusCode::METHOD_NOT_ALLOWED, "this is asked with POST");
                let allowed = HeaderValue::from_static("POST");
                answer.headers_mut().insert(header::ALLOW, allowed);
                answer
            }
            _ => told(StatusCode::NOT_FOUND, "there is nothing here"),
        }
    }

    /// The host that was asked for, if it is this one.
    fn host(&self, request: &Request<Incoming>) -> Option<String> {
        let host = request.headers().get(header::HOST)?.to_str().ok()?;
        self.hosts.iter().find(|known| *known == host).cloned()
    }

    fn is_from_the_page(&self, request: &Request<Incoming>, host: &str) -> bool {
        let has = |name: HeaderName, wanted: &str| {
            let value = request.headers().get(name);
            value.is_some_and(|value| value.as_bytes() == wanted.as_bytes())
        };
        has(header::ORIGIN, &format!("http://{host}")) && has(TOKEN, &self.token)
    }

    fn page(&self) -> Response<Full<Bytes>> {
        let slot = TOKEN_SLOT.replace(r#""""#, &format!("\"{}\"", self.token));
        let mut answer = Response::new(Full::new(PAGE.replacen(TOKEN_SLOT, &slot, 1).into()));
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, POLICY.trim_ascii_end()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
        ] {
            let value = HeaderValue::from_static(value);
            answer.headers_mut().insert(name, value);
        }
        answer
    }

    async fn indexes(&self) -> Result<Value, MeilisearchError> {
        let indexes = self.server.indexes().await?;
        let results: Vec<Value> = indexes
            .iter()
            .map(|index| json!({"uid": index.uid, "createdAt": index.created_at}))
            .collect();
        Ok(json!({"results": results}))
    }

    async fn stats(&self) -> Result<Value, MeilisearchError> {
        let stats = self.server.stats().await?;
        let indexes: Map<String, Value> = stats
            .indexes
            .into_iter()
            .map(|(uid, index)| (uid, json!({"numberOfDocuments": index.number_of_documents})))
            .collect();
        Ok(json!({"indexes": indexes}))
    }

    /// One at a time: a second press changes nothing.
    fn press(&self) -> Response<Full<Bytes>> {
        let mut reindex = self.reindex();
        if let Reindex::Asked | Reindex::Running { .. } = *reindex {
            return told(StatusCode::CONFLICT, "a reindex is under way");
        }
        *reindex = Reindex::Asked;
        self.pressed.notify_one();
        json_answer(StatusCode::ACCEPTED, &reindex.told())
    }

    fn set(&self, state: Reindex) {
        *self.reindex() = state;
    }

    fn reindex(&self) -> std::sync::MutexGuard<'_, Reindex> {
        // What is in it is replaced whole, so a panic elsewhere leaves nothing half-done.
        self.reindex
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Reindex {
    fn told(&self) -> Value {
        match self {
            Reindex::Never => json!({"running": false}),
            Reindex::Asked => json!({"running": true, "stage": null}),
            Reindex::Running { progress, .. } => {
                let (stage, percent) = progress.stage().unzip();
                json!({"running": true, "stage": stage, "percent": percent.flatten()})
            }
            Reindex::Ended { seconds, error } => {
                json!({"running": false, "ended": {"seconds": seconds, "error": error}})
            }
        }
    }
}

async fn search_of(request: Request<Incoming>) -> Option<Map<String, Value>> {
    let body = Limited::new(request.into_body(), LARGEST_SEARCH);
    serde_json::from_slice(&body.collect().await.ok()?.to_bytes()).ok()
}

fn passed_on(answer: Result<Value, MeilisearchError>) -> Response<Full<Bytes>> {
    match answer {
        Ok(value) => json_answer(StatusCode::OK, &value),
        Err(error) => told(StatusCode::BAD_GATEWAY, &error.to_string()),
    }
}

fn told(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    json_answer(status, &json!({"message": message}))
}

fn json_answer(status: StatusCode, value: &Value) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(value.to_string().into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    answer
}

/// 128 bits that nobody can guess.
fn fresh_token() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// A page whose script or style was changed would be shown without it.
    #[test]
    fn the_policy_names_the_pages_own_script_and_style_and_nothing_else() {
        let hash = |tag: &str| {
            let (_, rest) = PAGE.split_once(&format!("<{tag}>")).unwrap();
            let (inside, _) = rest.split_once(&format!("</{tag}>")).unwrap();
            format!("'sha256-{}'", base64(&Sha256::digest(inside)))
        };
        let right = format!(
            "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'\n",
            hash("script"),
            hash("style")
        );
        assert_eq!(POLICY, right, "page.csp has to say\n{right}");
    }

    #[test]
    fn the_page_has_one_place_for_the_token_and_names_no_other_place() {
        assert_eq!(PAGE.matches(TOKEN_SLOT).count(), 1);
        for elsewhere in ["http:", "https:", "//cdn", "src=", "@import", "innerHTML"] {
            assert!(!PAGE.contains(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn no_token_is_like_another() {
        let (one, other) = (fresh_token().unwrap(), fresh_token().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }

    fn base64(bytes: &[u8]) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let group = |three: &[u8]| {
            let bits = (0..3).fold(0, |bits, at| {
                bits << 8 | usize::from(*three.get(at).unwrap_or(&0))
            });
            let sign = |at: usize| match at <= three.len() {
                true => char::from(ALPHABET[bits >> (18 - 6 * at) & 63]),
                false => '=',
            };
            [sign(0), sign(1), sign(2), sign(3)]
        };
        bytes.chunks(3).flat_map(group).collect()
    }
}
