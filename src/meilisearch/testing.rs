//! A server with prepared answers, for what a real one rarely does: pages of HTML, cut connections, a task that is
//! gone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::meilisearch::{Address, ApiKey, Server};
use crate::retry::RetryPolicy;

/// Retries as in life, a thousand times faster.
pub const QUICK: RetryPolicy = RetryPolicy {
    total: Duration::from_millis(400),
    at_least: 0,
    first: Duration::from_millis(2),
    longest: Duration::from_millis(8),
};

#[derive(Debug, Clone)]
pub enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Closes the connection without an answer.
    Nothing,
    /// Promises more than it sends.
    HalfABody,
    /// Refuses, and is cut off before it has said why.
    Cut {
        status: u16,
        content_type: &'static str,
    },
    /// Answers before it has read the body, as proxies do, and closes.
    AtOnce { status: u16, body: String },
}

pub fn json_answer(status: u16, body: Value) -> Reply {
    Reply::Answer {
        status,
        headers: vec![("content-type", "application/json".into())],
        body: body.to_string(),
    }
}

pub fn html(status: u16) -> Reply {
    let body = format!(
        "<html>\n<head><title>{status} Said by nginx</title></head>\n{}</html>",
        "<!-- x -->".repeat(900)
    );
    Reply::Answer {
        status,
        headers: vec![("content-type", "text/html".into())],
        body,
    }
}

pub fn complaint(status: u16, code: &str, message: &str) -> Reply {
    json_answer(
        status,
        json!({"message": message, "code": code, "type": "invalid_request", "link": "https://example.org"}),
    )
}

pub fn taken(task: u64) -> Reply {
    let body = json!({"taskUid": task, "indexUid": "a", "status": "enqueued", "type": "documentAdditionOrUpdate",
        "enqueuedAt": "2026-11-25T08:02:14.289815776Z"});
    json_answer(202, body)
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// In lower case.
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Answering = dyn FnMut(&Request) -> Reply + Send;

pub struct Canned {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
    listening: JoinHandle<()>,
}

impl Canned {
    /// Answers in this order; the last one stays.
    pub async fn replies(replies: impl IntoIterator<Item = Reply>) -> Canned {
        let mut replies: VecDeque<Reply> = replies.into_iter().collect();
        Canned::answering(move |_| match replies.len() {
            1 => replies[0].clone(),
            _ => replies.pop_front().unwrap(),
        })
        .await
    }

    pub async fn answering(answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Canned {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<Mutex<Answering>> = Arc::new(Mutex::new(answer));
        let log = requests.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), log.clone()));
            }
        });
        Canned {
            address,
            requests,
            listening,
        }
    }

    pub fn server(&self) -> Server {
        self.server_with_key(None)
    }

    pub fn server_with_key(&self, key: Option<&str>) -> Server {
        Server::with_retry_policy(self.address(), key.map(ApiKey::of), QUICK).unwrap()
    }

    /// A server behind a sub-path.
    pub fn server_at(&self, path: &str) -> Server {
        let address = format!("{}{path}", self.address).parse().unwrap();
        Server::with_retry_policy(address, None, QUICK).unwrap()
    }

    pub fn address(&self) -> Address {
        self.address.parse().unwrap()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: Arc<Mutex<Answering>>,
    log: Arc<Mutex<Vec<Request>>>,
) {
    let mut read = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let head_ends = loop {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        read.extend_from_slice(&buffer[..count]);
        if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&read[..head_ends]).into_owned();
    let mut line = head.split(' ');
    let (method, path) = (
        line.next().unwrap().to_owned(),
        line.next().unwrap().to_owned(),
    );
    let head = head.to_lowercase();
    let mut request = Request {
        method,
        path,
        head,
        body: read.split_off(head_ends),
    };
    // A request that is answered at once is not read beyond its head.
    if request.path.contains("/at-once/") {
        let reply = (answer.lock().unwrap())(&request);
        log.lock().unwrap().push(request);
        return write(&mut stream, reply).await;
    }
    let length = request
        .head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next());
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    while request.body.len() < length {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        request.body.extend_from_slice(&buffer[..count]);
    }
    let reply = (answer.lock().unwrap())(&request);
    log.lock().unwrap().push(request);
    write(&mut stream, reply).await;
}

async fn write(stream: &mut TcpStream, reply: Reply) {
    let (status, headers, body, promised) = match reply {
        Reply::Nothing => return,
        Reply::Answer {
            status,
            headers,
            body,
        } => (status, headers, body.clone(), body.len()),
        Reply::AtOnce { status, body } => (status, vec![], body.clone(), body.len()),
        Reply::Cut {
            status,
            content_type,
        } => (
            status,
            vec![("content-type", content_type.to_owned())],
            String::new(),
            9000,
        ),
        Reply::HalfABody => (200, vec![], "{\"results\": [".to_owned(), 9000),
    };
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {promised}\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
    let _ = stream.shutdown().await;
}
