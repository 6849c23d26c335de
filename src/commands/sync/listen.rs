//! The HTTP endpoints of the follower: is it alive, does it follow, its metrics. No answer contains a secret.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode, header};
use jiff::Timestamp;

use super::state::{Readiness, Silent, States};
use crate::cli::{Health as Options, ListenAddress};
use crate::error::{CommandError, Error, FAILED, RuntimeError, UsageError};
use crate::meilisearch::Server;
use crate::retry::RetryPolicy;
use crate::servers::NamedServer;
use crate::{endpoints, terminal};

/// How long the follower's answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a server's answer is waited for, where a balancer asks whether it may send searches there.
const SERVER_PATIENCE: Duration = Duration::from_secs(2);

/// Listens at `address` and answers from the `states` of these servers for as long as the follower runs.
///
/// # Errors
/// Where the address is taken or not this machine's.
pub async fn listen(
    address: &ListenAddress,
    servers: &[NamedServer],
    states: States,
) -> Result<SocketAddr, Error> {
    let listener = address.bind().await.map_err(|error| {
        UsageError::error(format!(
            "cannot listen on {address} ({error}); give another --listen"
        ))
    })?;
    let address = listener.local_addr().map_err(RuntimeError)?;
    let servers: Arc<[NamedServer]> = servers.into();
    endpoints::open(listener, move |request| {
        let (servers, states) = (Arc::clone(&servers), states.clone());
        async move { answer(&request, &servers, &states).await }
    });
    Ok(address)
}

async fn answer(
    request: &Request<Incoming>,
    servers: &[NamedServer],
    states: &States,
) -> Response<Full<Bytes>> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/health") => (StatusCode::OK, "alive\n".to_owned()),
        (&Method::GET | &Method::HEAD, "/ready") => {
            ready(request.uri().query(), servers, states).await
        }
        (&Method::GET, "/metrics") => {
            let silent = silent(servers).await;
            (StatusCode::OK, states.metrics(Timestamp::now(), &silent))
        }
        _ => (
            StatusCode::NOT_FOUND,
            "/health, /ready and /metrics are here\n".to_owned(),
        ),
    };
    // A reason can quote a server or SQLite, and who asks with curl sits at a terminal.
    let text = terminal::safe(&text).into_owned();
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    response
}

/// `/ready`, of all servers, or with `?server=NAME` of one, as a balancer asks before it sends searches there.
async fn ready(
    query: Option<&str>,
    servers: &[NamedServer],
    states: &States,
) -> (StatusCode, String) {
    let mut parameters = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let server = parameters.find(|(name, _)| name == "server");
    let readiness = match &server {
        Some((_, server)) => states.readiness_of(server, &silent(servers).await),
        None => states.readiness(&silent(servers).await),
    };
    match readiness {
        Readiness::Ready(spots) => {
            let mut text = "ready\n".to_owned();
            for spot in spots {
                text.push_str(&spot);
                text.push('\n');
            }
            (StatusCode::OK, text)
        }
        Readiness::NoneIsBetter(reason) => {
            let text = format!("no server is followed now, so none is left out: {reason}\n");
            (StatusCode::OK, text)
        }
        Readiness::NotReady(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
        Readiness::Unknown => {
            let text = "there is no server of this name\n".to_owned();
            (StatusCode::NOT_FOUND, text)
        }
    }
}

/// The servers that do not answer at this moment, with why, and those that were away since the last round there. Of several
/// servers each is asked: a follower notices that its own is away only when it has something to do.
async fn silent(servers: &[NamedServer]) -> Silent {
    let is_several = servers.len() > 1;
    let each = servers.iter().map(async |at| {
        if is_several && let Err(why) = asked(&at.server).await {
            return Some((at.name.clone(), why));
        }
        let why = at.server.unsettled_absence()?;
        let since = format!("it was away, and no round has ended since: {why}");
        Some((at.name.clone(), since))
    });
    join_all(each).await.into_iter().flatten().collect()
}

/// Asks a server whether it is there; once, and not for long.
async fn asked(server: &Server) -> Result<(), String> {
    let once = server.with_policy(RetryPolicy::NONE);
    match tokio::time::timeout(SERVER_PATIENCE, once.health()).await {
        Ok(answered) => answered.map_err(|error| error.to_string()),
        Err(_) => Err(format!(
            "{} does not answer within {} seconds",
            server.address(),
            SERVER_PATIENCE.as_secs()
        )),
    }
}

/// What a follower answered.
#[derive(Debug, serde::Serialize)]
pub struct Health {
    /// Whether it follows.
    pub ready: bool,
    /// Its own words.
    pub answer: String,
}

/// No follower answers.
#[derive(Debug, thiserror::Error)]
#[error("no follower answers at {address} ({why}); is `sync --watch --listen {address}` running?")]
pub struct NoFollower {
    address: ListenAddress,
    why: String,
}

impl CommandError for NoFollower {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// Asks a follower how it is: the command of a container's health check.
///
/// # Errors
/// Where nothing answers.
pub async fn ask(options: &Options) -> Result<Health, Error> {
    let path = if options.alive { "health" } else { "ready" };
    let url = format!("http://{}/{path}", options.listen.from_here());
    let failed = |error: reqwest::Error| NoFollower {
        address: options.listen.clone(),
        why: error.without_url().to_string(),
    };
    // reqwest wants a provider before it makes a client, also for one that never speaks TLS.
    crate::meilisearch::http::install_tls();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .tls_certs_only([])
        .build()
        .map_err(failed)?;
    let response = client.get(url).send().await.map_err(failed)?;
    let ready = response.status().is_success();
    let answer = response.text().await.map_err(failed)?.trim().to_owned();
    Ok(Health { ready, answer })
}
