//! What the tests share: a client that does no more than it must, and waiting for facts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take that should happen soon.
pub const DEADLINE: Duration = Duration::from_secs(300);

/// A request's answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// Talks to one server with one key.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub key: Option<String>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, key: None }
    }

    pub fn with_key(&self, key: &str) -> Self {
        Self {
            address: self.address,
            key: Some(key.to_owned()),
        }
    }

    /// Sends bytes as they are.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        read_answer(self.request(method, path, headers, body))
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if let Some(key) = &self.key {
            head += &format!("Authorization: Bearer {key}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).expect("the head is sent");
        // A server may answer before it has read everything.
        let _ = stream.write_all(body);
        stream
    }

    /// Sends JSON to a server that may die before it answers.
    pub fn json_unanswered(&self, method: &str, path: &str, body: &Value) {
        let headers = [("Content-Type", "application/json")];
        let mut stream = self.request(method, path, &headers, body.to_string().as_bytes());
        let _ = stream.read_to_end(&mut Vec::new());
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [("Content-Type", "application/json")];
        self.send(method, path, &headers, body.to_string().as_bytes())
    }

    pub fn ndjson(&self, path: &str, body: &str) -> Answer {
        self.send(
            "POST",
            path,
            &[("Content-Type", "application/x-ndjson")],
            body.as_bytes(),
        )
    }

    /// Waits until a task is over, and returns it.
    pub fn wait(&self, task: u64) -> Value {
        until(&format!("task {task} is over"), || {
            let task = self.get(&format!("/tasks/{task}")).body;
            (!matches!(task["status"].as_str(), Some("enqueued" | "processing"))).then_some(task)
        })
    }

    /// Does what makes a task, and waits for it.
    pub fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.json(method, path, body);
        self.wait(
            answer.body["taskUid"]
                .as_u64()
                .unwrap_or_else(|| panic!("no task: {answer:?}")),
        )
    }
}

fn read_answer(stream: TcpStream) -> Answer {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("a status line");
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status in {line:?}"));
    let mut length = None;
    loop {
        line.clear();
        reader.read_line(&mut line).expect("a header");
        let header = line.trim_end();
        if header.is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let mut body = Vec::new();
    match length {
        Some(length) => {
            body.resize(length, 0);
            reader.read_exact(&mut body).expect("the whole body");
        }
        None => {
            reader.read_to_end(&mut body).expect("the body");
        }
    }
    Answer {
        status,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    }
}

/// Asks until there is an answer, or fails after [`DEADLINE`].
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            begin.elapsed() < DEADLINE,
            "it never came about that {what}"
        );
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// The server as a program of its own, which can be killed. It ends with the test, whatever way that ends.
pub struct Program {
    pub child: Child,
    pub client: Client,
    stdin: Option<ChildStdin>,
}

impl Program {
    /// Starts it on a folder.
    pub fn start(db: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ephemeral-meilisearch"))
            .args([
                "--http-addr",
                "127.0.0.1:0",
                "--exit-when-stdin-closes",
                "--db-path",
            ])
            .arg(db)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let stdin = child.stdin.take().expect("a pipe");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("a line on standard output");
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        let client = Client::new(address.parse().expect("an address"));
        Self {
            child,
            client,
            stdin: Some(stdin),
        }
    }

    /// What happens when the starting program ends.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Kills it as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it has ended");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
