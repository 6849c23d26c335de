//! A proxy between program and server that does to one request what networks, proxies and dying servers do to any.
//! The fault is on the wire, so the program needs no hook for it.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::point::Point;
use super::wire::{Body, Canned, Head, Stream, stream_over};
use super::within;

/// What happens to a request.
#[derive(Clone)]
pub enum Fault {
    /// The connection ends before the server has heard anything.
    CutBefore,
    /// The server has heard the head and half of the body, then both sides see the connection end.
    CutInBody,
    /// The server has done what was asked; its answer never arrives.
    LoseAnswer,
    /// Somebody in between answers; the server has heard nothing.
    Answer(Canned),
    /// The server has done what was asked; somebody in between answers for it.
    DeliverThenAnswer(Canned),
    /// The server gets other words in the body than the client sent: what it makes of them, no client can foresee.
    Rewrite {
        from: &'static str,
        to: &'static str,
    },
    /// The request waits on the way to the server.
    Hold(Hold),
    /// The server has done what was asked; its answer waits on the way back.
    HoldAnswer(Hold),
    /// The request waits on the way to the server, which then does what was asked; somebody in between answers for it.
    HoldThenAnswer(Hold, Canned),
}

/// For who reads which one it was.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::CutBefore => f.write_str("the connection ends before"),
            Fault::CutInBody => f.write_str("the connection ends in the body of"),
            Fault::LoseAnswer => f.write_str("the answer is lost of"),
            Fault::Answer(answer) => write!(f, "{} in the place of", answer.status),
            Fault::DeliverThenAnswer(answer) => write!(f, "{} after", answer.status),
            Fault::Rewrite { .. } => f.write_str("other words in"),
            Fault::Hold(_) | Fault::HoldAnswer(_) | Fault::HoldThenAnswer(..) => {
                f.write_str("a hold at")
            }
        }
    }
}

impl Fault {
    fn html(status: u16, title: &str) -> Canned {
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center>\r\n<hr><center>nginx/1.24.0</center></body>\r\n</html>\r\n"
        );
        Canned {
            status,
            headers: vec![
                ("content-type", "text/html".to_owned()),
                ("server", "nginx/1.24.0".to_owned()),
            ],
            body,
        }
    }

    pub fn bad_gateway() -> Fault {
        Fault::Answer(Fault::html(502, "502 Bad Gateway"))
    }

    /// The proxy gave up waiting; the server had not.
    pub fn gateway_timeout_after_delivery() -> Fault {
        Fault::DeliverThenAnswer(Fault::html(504, "504 Gateway Time-out"))
    }

    pub fn unavailable() -> Fault {
        Fault::Answer(Canned {
            status: 503,
            headers: vec![],
            body: String::new(),
        })
    }

    pub fn too_many_requests(retry_after_seconds: u32) -> Fault {
        let headers = vec![
            ("retry-after", retry_after_seconds.to_string()),
            ("content-type", "text/plain".to_owned()),
        ];
        Fault::Answer(Canned {
            status: 429,
            headers,
            body: "slow down".to_owned(),
        })
    }

    /// Any page of HTML.
    pub fn page(status: u16, html: &str) -> Fault {
        Fault::Answer(Canned {
            status,
            headers: vec![("content-type", "text/html".to_owned())],
            body: html.to_owned(),
        })
    }

    /// The server has done what was asked, and a page is answered in its place.
    pub fn page_after_delivery(status: u16) -> Fault {
        Fault::DeliverThenAnswer(Fault::html(status, "One moment"))
    }

    /// The same with JSON that nobody foresaw.
    pub fn json_after_delivery(status: u16, body: &serde_json::Value) -> Fault {
        Fault::DeliverThenAnswer(Canned::json(status, body))
    }

    /// As a web server that wants https.
    pub fn redirect(location: &str) -> Fault {
        Fault::Answer(Canned {
            status: 301,
            headers: vec![("location", location.to_owned())],
            body: String::new(),
        })
    }

    /// An answer of Meilisearch's own shape.
    pub fn meilisearch(status: u16, code: &str, message: &str) -> Fault {
        let body = serde_json::json!({"message": message, "code": code, "type": "invalid_request", "link": ""});
        Fault::Answer(Canned::json(status, &body))
    }

    /// An answer with any JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Fault {
        Fault::Answer(Canned::json(status, body))
    }
}

/// One request that waits until the test lets it go.
#[derive(Clone)]
pub struct Hold {
    reached: Arc<watch::Sender<bool>>,
    released: Arc<watch::Sender<bool>>,
}

impl Hold {
    fn new() -> Hold {
        Hold {
            reached: Arc::new(watch::Sender::new(false)),
            released: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Returns once a request has come to it.
    pub async fn reached(&self, what: &str) {
        let mut reached = self.reached.subscribe();
        within(what, reached.wait_for(|there| *there))
            .await
            .unwrap();
    }

    pub fn release(&self) {
        self.released.send_replace(true);
    }

    async fn stop_here(&self) {
        self.reached.send_replace(true);
        let _ = self.released.subscribe().wait_for(|free| *free).await;
    }
}

/// One request that came by.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub is_probe: bool,
    pub body_bytes: u64,
    /// None: no answer went back.
    pub status: Option<u16>,
    /// What was sent, where bodies are kept.
    pub body: Vec<u8>,
}

impl Seen {
    /// Whether the server is asked to change something, a task's being cancelled included.
    pub fn changes_something(&self) -> bool {
        let only_asks = ["/fetch", "/search", "/multi-search"];
        self.method != "GET" && !only_asks.iter().any(|end| self.path.ends_with(end))
    }

    /// What it asks for, whichever generation and however many tasks it is about.
    pub fn kind(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        let path: String = path.chars().filter(|c| !c.is_ascii_digit()).collect();
        format!("{} {path}", self.method)
    }
}

struct Rule {
    which: Which,
    fault: Fault,
    left: usize,
}

enum Which {
    /// Of the requests behind the first `after`.
    Point {
        point: Point,
        after: usize,
    },
    Route {
        method: String,
        path: String,
    },
}

impl Which {
    /// Whether it is about the last of these.
    fn is(&self, seen: &[Seen]) -> bool {
        let Some(last) = seen.last() else {
            return false;
        };
        match self {
            Which::Point { point, after } => point.is_last_of(&seen[*after..]),
            Which::Route {
                method,
                path: pattern,
            } => {
                (*method == last.method || method == "*")
                    && matches(pattern, &last.path)
                    && !last.is_probe
            }
        }
    }
}

/// Whether the program only tries what its key may do: that is not the request that a promise is about.
fn is_probe(head: &Head) -> bool {
    head.header("user-agent")
        .is_some_and(|agent| agent.ends_with("(probe)"))
}

/// What comes by way of `HTTP_PROXY` names the whole address: `GET http://host/path`.
fn origin_form(target: &str) -> &str {
    match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => target,
    }
}

/// `*` stands for any characters.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| matches(after, &rest[at..]))
        }),
    }
}

#[derive(Default)]
struct Plan {
    rules: Vec<Rule>,
    seen: Vec<Seen>,
    body_limit: Option<u64>,
    keeps_bodies: bool,
}

pub struct FaultProxy {
    address: String,
    sub_path: &'static str,
    plan: Arc<Mutex<Plan>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl FaultProxy {
    pub async fn before(server: &str) -> FaultProxy {
        FaultProxy::under("", server).await
    }

    /// As `location /search/ { proxy_pass …/; }` would have it: only what comes under the sub-path is passed on.
    pub async fn under(sub_path: &'static str, server: &str) -> FaultProxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let upstream = server
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        let plan = Arc::new(Mutex::new(Plan::default()));
        let shared = plan.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let passing = Passing {
                    plan: shared.clone(),
                    upstream: upstream.clone(),
                    sub_path,
                };
                tokio::spawn(async move { passing.serve(stream_over(client)).await });
            }
        });
        FaultProxy {
            address,
            sub_path,
            plan,
            accepting,
        }
    }

    pub fn url(&self) -> String {
        format!("{}{}", self.address, self.sub_path)
    }

    /// The fault at this request, of those from now on.
    pub fn at(&self, point: impl Into<Point>, fault: Fault) {
        let mut plan = self.plan.lock().unwrap();
        let which = Which::Point {
            point: point.into(),
            after: plan.seen.len(),
        };
        plan.rules.push(Rule {
            which,
            fault,
            left: 1,
        });
    }

    /// Whether all that was to happen so often has happened.
    pub fn happened(&self) -> bool {
        let plan = self.plan.lock().unwrap();
        plan.rules.iter().all(|rule| rule.left == 0)
    }

    /// The fault at the first `times` requests of this route. In the path `*` stands for any characters.
    pub fn times(&self, times: usize, method: &str, path: &str, fault: Fault) {
        let which = Which::Route {
            method: method.to_owned(),
            path: path.to_owned(),
        };
        self.plan.lock().unwrap().rules.push(Rule {
            which,
            fault,
            left: times,
        });
    }

    pub fn once(&self, method: &str, path: &str, fault: Fault) {
        self.times(1, method, path, fault);
    }

    pub fn always(&self, method: &str, path: &str, fault: Fault) {
        self.times(usize::MAX, method, path, fault);
    }

    /// Holds the first request of this route before the server has heard of it.
    pub fn hold(&self, method: &str, path: &str) -> Hold {
        let hold = Hold::new();
        self.once(method, path, Fault::Hold(hold.clone()));
        hold
    }

    /// Holds the answer to the first request of this route: the server has done what was asked.
    pub fn hold_answer(&self, method: &str, path: &str) -> Hold {
        let hold = Hold::new();
        self.once(method, path, Fault::HoldAnswer(hold.clone()));
        hold
    }

    /// Holds the first request of this route before the server has heard of it; then the server does what was asked, and a
    /// page is answered in its place.
    pub fn hold_then_page(&self, method: &str, path: &str, status: u16) -> Hold {
        let hold = Hold::new();
        let page = Fault::html(status, "One moment");
        self.once(method, path, Fault::HoldThenAnswer(hold.clone(), page));
        hold
    }

    /// Holds this request, of those from now on, before the server has heard of it or after it has done what was asked.
    pub fn hold_at(&self, point: impl Into<Point>, delivered: bool) -> Hold {
        let hold = Hold::new();
        self.at(
            point,
            if delivered {
                Fault::HoldAnswer(hold.clone())
            } else {
                Fault::Hold(hold.clone())
            },
        );
        hold
    }

    /// `client_max_body_size` of nginx: a larger body is refused with 413 and an HTML page.
    pub fn limit_bodies(&self, bytes: u64) {
        self.plan.lock().unwrap().body_limit = Some(bytes);
    }

    /// From here on what is sent can be read in [`FaultProxy::seen`].
    pub fn keep_bodies(&self) {
        self.plan.lock().unwrap().keeps_bodies = true;
    }

    /// From here on everything passes.
    pub fn heal(&self) {
        let mut plan = self.plan.lock().unwrap();
        plan.rules.clear();
        plan.body_limit = None;
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.plan.lock().unwrap().seen.clone()
    }

    /// Returns once the program has asked about tasks several times more: it waits for one.
    pub async fn waits_for_tasks(&self) {
        const TIMES: usize = 6;
        let before = self.count("GET", "/tasks*");
        super::eventually("the program waits for a task", async || {
            (self.count("GET", "/tasks*") >= before + TIMES).then_some(())
        })
        .await;
    }

    /// How many requests of this route came by.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.seen()
            .iter()
            .filter(|seen| seen.method == method && matches(path, &seen.path) && !seen.is_probe)
            .count()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

struct Passing {
    plan: Arc<Mutex<Plan>>,
    upstream: String,
    sub_path: &'static str,
}

impl Passing {
    async fn serve(&self, mut client: Stream) {
        while let Ok(Some(head)) = Head::read(&mut client).await {
            let Some(path) = origin_form(head.path()).strip_prefix(self.sub_path) else {
                let _ = Fault::html(404, "404 Not Found").send(&mut client).await;
                continue;
            };
            let (place, fault) = self.note(&head, path);
            match self.pass(&mut client, &head, place, fault).await {
                Ok(Some(status)) => self.plan.lock().unwrap().seen[place].status = Some(status),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Its place among all that came by, and what is to happen to it.
    fn note(&self, head: &Head, path: &str) -> (usize, Option<Fault>) {
        let mut plan = self.plan.lock().unwrap();
        let length = head
            .header("content-length")
            .and_then(|bytes| bytes.parse().ok())
            .unwrap_or(0);
        plan.seen.push(Seen {
            method: head.method().to_owned(),
            path: path.to_owned(),
            is_probe: is_probe(head),
            body_bytes: length,
            status: None,
            body: Vec::new(),
        });
        let Plan { seen, rules, .. } = &mut *plan;
        let place = seen.len() - 1;
        let rule = rules
            .iter_mut()
            .find(|rule| rule.left > 0 && rule.which.is(seen));
        let fault = rule.map(|rule| {
            rule.left -= 1;
            rule.fault.clone()
        });
        let over = plan.body_limit.is_some_and(|limit| length > limit);
        (
            place,
            fault.or_else(|| {
                over.then(|| Fault::Answer(Fault::html(413, "413 Request Entity Too Large")))
            }),
        )
    }

    /// The status that went back; None when the client is to see its connection end.
    async fn pass(
        &self,
        client: &mut Stream,
        head: &Head,
        place: usize,
        fault: Option<Fault>,
    ) -> io::Result<Option<u16>> {
        let mut body = Body::of_request(head);
        if let Some(Fault::CutBefore) = fault {
            return Ok(None);
        }
        if let Some(Fault::CutInBody) = fault {
            self.deliver_half(client, head, &mut body).await?;
            return Ok(None);
        }
        let mut body = body.collect(client).await?;
        if let Some(Fault::Rewrite { from, to }) = &fault {
            body = String::from_utf8(body)
                .unwrap()
                .replace(from, to)
                .into_bytes();
        }
        {
            let mut plan = self.plan.lock().unwrap();
            let keeps = plan.keeps_bodies;
            let seen = &mut plan.seen[place];
            seen.body_bytes = body.len() as u64;
            if keeps {
                seen.body.clone_from(&body);
            }
        }
        if let Some(Fault::Answer(answer)) = &fault {
            answer.send(client).await?;
            return Ok(Some(answer.status));
        }
        if let Some(Fault::Hold(hold) | Fault::HoldThenAnswer(hold, _)) = &fault {
            hold.stop_here().await;
        }
        let (answer_head, answer_body) = self.deliver(head, &body).await?;
        match &fault {
            Some(Fault::LoseAnswer) => return Ok(None),
            Some(Fault::DeliverThenAnswer(answer) | Fault::HoldThenAnswer(_, answer)) => {
                answer.send(client).await?;
                return Ok(Some(answer.status));
            }
            Some(Fault::HoldAnswer(hold)) => hold.stop_here().await,
            _ => {}
        }
        client
            .write_all(&answer_head.write_with(Some(answer_body.len() as u64), &[]))
            .await?;
        client.write_all(&answer_body).await?;
        client.flush().await?;
        Ok(Some(answer_head.status()))
    }

    async fn deliver(&self, head: &Head, body: &[u8]) -> io::Result<(Head, Vec<u8>)> {
        let mut server = self.knock(head, body.len() as u64).await?;
        server.write_all(body).await?;
        server.flush().await?;
        let answer = Head::read(&mut server)
            .await?
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let body = match answer.status() {
            204 => Vec::new(),
            _ => Body::of_answer(&answer).collect(&mut server).await?,
        };
        Ok((answer, body))
    }

    async fn deliver_half(
        &self,
        client: &mut Stream,
        head: &Head,
        body: &mut Body,
    ) -> io::Result<()> {
        let length = head
            .header("content-length")
            .and_then(|bytes| bytes.parse().ok())
            .unwrap_or(0u64);
        if length == 0 {
            return Ok(()); // nothing to cut: the connection ends before the head was passed on
        }
        let mut server = self.knock(head, length).await?;
        let mut left = (length / 2) as usize;
        while left > 0 {
            let Some(piece) = body.next(client).await? else {
                break;
            };
            server.write_all(&piece[..piece.len().min(left)]).await?;
            left = left.saturating_sub(piece.len());
        }
        server.flush().await
    }

    async fn knock(&self, head: &Head, body_bytes: u64) -> io::Result<Stream> {
        let mut server = stream_over(TcpStream::connect(&self.upstream).await?);
        let mut head = head.clone();
        let target = origin_form(head.target())
            .strip_prefix(self.sub_path)
            .unwrap_or_default()
            .to_owned();
        head.first_line = format!("{} {target} HTTP/1.1", head.method());
        let has_body =
            head.header("content-length").is_some() || head.header("transfer-encoding").is_some();
        server
            .write_all(&head.write_with(has_body.then_some(body_bytes), &[("connection", "close")]))
            .await?;
        Ok(server)
    }
}
