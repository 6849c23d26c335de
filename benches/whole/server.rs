//! A Meilisearch to measure with: empty, and of our own where nobody named one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Outcome;
use super::process::{self, status_bytes};

/// Between two looks at a task or at the memory.
const LOOK: Duration = Duration::from_millis(20);

/// How many threads index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// As many as the server takes by itself: half of the cores.
    Default,
    Exactly(u32),
}

/// A server that held nothing when it was handed out.
pub struct Server {
    pub url: String,
    pub key: Option<String>,
    client: reqwest::Client,
    own: Option<Own>,
}

/// A process that ends with the measurement.
struct Own {
    child: Child,
    folder: TempDir,
    anonymous: Arc<AtomicU64>,
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Whether servers are started here, with as many threads as are asked for.
    pub fn is_ours() -> bool {
        set("MEILISEARCH_HOST").is_none()
    }

    /// A server without an index.
    pub async fn start(threads: Threads) -> Outcome<Server> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build()?;
        let server = match set("MEILISEARCH_HOST") {
            Some(url) => Server {
                url: url.trim_end_matches('/').to_owned(),
                key: set("MEILISEARCH_API_KEY"),
                client,
                own: None,
            },
            None => {
                let (own, url) = launch(threads)?;
                Server {
                    url,
                    key: None,
                    client,
                    own: Some(own),
                }
            }
        };
        let begun = Instant::now();
        while server.ask(Method::GET, "/health", None).await.is_err() {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(format!("{} does not answer", server.url).into());
            }
            tokio::time::sleep(LOOK).await;
        }
        match server.ask(Method::GET, "/indexes", None).await?["total"].as_u64() {
            Some(0) => Ok(server),
            _ => Err(format!("{} holds an index; it must hold none", server.url).into()),
        }
    }

    /// What the server says of itself.
    pub async fn version(&self) -> Outcome<String> {
        let version = self.ask(Method::GET, "/version", None).await?;
        let what = if self.own.is_some() {
            "started for each measurement"
        } else {
            "that ran already"
        };
        let number = version["pkgVersion"].as_str().unwrap_or("unknown");
        let binary = if set("MEILISEARCH_BIN").is_some() || self.own.is_none() {
            "Meilisearch"
        } else {
            "ephemeral-meilisearch, as Meilisearch"
        };
        Ok(format!("{binary} {number}, {what}."))
    }

    /// An answer's body; an answer that is an error is one here too.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Outcome<Value> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(format!("{path}: {status} {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// An empty index with settings.
    pub async fn prepare(&self, uid: &str, settings: &Value) -> Outcome<()> {
        let index = json!({"uid": uid, "primaryKey": "id"});
        self.ask(Method::POST, "/indexes", Some(index)).await?;
        let path = format!("/indexes/{uid}/settings");
        self.ask(Method::PATCH, &path, Some(settings.clone()))
            .await?;
        self.idle().await
    }

    /// The floor of all indexing: the documents as ready-made requests, one where they fit, until their tasks have ended.
    pub async fn load(&self, uid: &str, requests: &[PathBuf]) -> Outcome<Duration> {
        let begun = Instant::now();
        for ndjson in requests {
            self.upload(uid, ndjson).await?;
        }
        self.idle().await?;
        Ok(begun.elapsed())
    }

    async fn upload(&self, uid: &str, ndjson: &Path) -> Outcome<()> {
        let file = tokio::fs::File::open(ndjson).await?;
        let length = file.metadata().await?.len();
        let body = reqwest::Body::wrap_stream(chunks(file));
        let answer = self
            .request(Method::POST, &format!("/indexes/{uid}/documents"))
            .header("content-type", "application/x-ndjson")
            .header("content-length", length)
            .body(body)
            .send()
            .await?;
        if !answer.status().is_success() {
            return Err(format!("{} {}", answer.status(), answer.text().await?).into());
        }
        Ok(())
    }

    /// Returns when no task waits, and fails if documents were refused. (Some tools make an index that is there already.)
    pub async fn idle(&self) -> Outcome<()> {
        let open = "/tasks?statuses=enqueued,processing&limit=1";
        while !is_empty(&self.ask(Method::GET, open, None).await?) {
            tokio::time::sleep(LOOK).await;
        }
        let failed = self
            .ask(
                Method::GET,
                "/tasks?statuses=failed&types=documentAdditionOrUpdate&limit=1",
                None,
            )
            .await?;
        if is_empty(&failed) {
            Ok(())
        } else {
            Err(format!("a task has failed: {failed}").into())
        }
    }

    /// How long it takes to read every document of an index, a thousand a page, and to do nothing with them.
    pub async fn listing(&self, uid: &str) -> Outcome<Duration> {
        const PAGE: usize = 1000;
        let documents = self.count(uid).await?;
        let begun = Instant::now();
        for offset in (0..documents).step_by(PAGE) {
            let path = format!("/indexes/{uid}/documents?limit={PAGE}&offset={offset}");
            self.request(Method::GET, &path)
                .send()
                .await?
                .error_for_status()?
                .bytes()
                .await?;
        }
        Ok(begun.elapsed())
    }

    /// How many documents an index holds.
    pub async fn count(&self, uid: &str) -> Outcome<u64> {
        let path = format!("/indexes/{uid}/documents?limit=0");
        let answer = self.ask(Method::GET, &path, None).await?;
        answer["total"].as_u64().ok_or_else(|| "no total".into())
    }

    /// The processor time that the server has taken so far.
    pub fn cpu(&self) -> Option<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()?)).ok()?;
        let after_name = text.rsplit_once(')')?.1; // a name may hold blanks
        let mut fields = after_name.split_ascii_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u64>().ok();
        let ticks = ticks()? + ticks()?;
        Some(Duration::from_secs_f64(
            ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
        ))
    }

    /// The most memory that it ever had resident, with the pages of its database that were mapped.
    pub fn peak(&self) -> Option<u64> {
        status_bytes(self.pid()?, "VmHWM")
    }

    /// The most that it had allocated: what the kernel cannot take back, looked at all along.
    pub fn peak_allocated(&self) -> Option<u64> {
        Some(self.own.as_ref()?.anonymous.load(Ordering::Relaxed))
    }

    /// Returns when the process is no more: somebody killed it.
    pub async fn gone(&self) {
        let Some(pid) = self.pid() else {
            return std::future::pending().await;
        };
        while status_bytes(pid, "RssAnon").is_some() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What its files take on the disk.
    pub fn disk(&self) -> Option<u64> {
        blocks(self.own.as_ref()?.folder.path()).ok()
    }

    fn pid(&self) -> Option<u32> {
        Some(self.own.as_ref()?.child.id())
    }

    /// Leaves it as it was found: ended, or without an index.
    pub async fn end(self) -> Outcome<()> {
        if self.own.is_some() {
            return Ok(());
        }
        let indexes = self.ask(Method::GET, "/indexes?limit=1000", None).await?;
        for index in indexes["results"].as_array().into_iter().flatten() {
            let uid = index["uid"].as_str().unwrap_or_default();
            self.ask(Method::DELETE, &format!("/indexes/{uid}"), None)
                .await?;
        }
        self.idle().await
    }
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `total` came with 1.6's tasks; a page that holds nothing says the same on all.
fn is_empty(page: &Value) -> bool {
    page["results"].as_array().is_some_and(Vec::is_empty)
}

fn launch(threads: Threads) -> Outcome<(Own, String)> {
    let program = match set("MEILISEARCH_BIN") {
        Some(path) => PathBuf::from(path),
        None => process::indexer().with_file_name("ephemeral-meilisearch"),
    };
    if !program.exists() {
        return Err(format!(
            "{} is not there; `just bench` builds it, or set MEILISEARCH_BIN or MEILISEARCH_HOST",
            program.display()
        )
        .into());
    }
    let folder = tempfile::tempdir()?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    drop(listener);
    let log = std::fs::File::create(folder.path().join("log"))?;
    let mut command = Command::new(&program);
    command
        .args(["--env", "development", "--http-addr", &address.to_string()])
        .args(["--http-payload-size-limit", "10GB"]) // the floor is one request
        .arg("--db-path")
        .arg(folder.path().join("data.ms"))
        .env("MEILI_NO_ANALYTICS", "true")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    if let Threads::Exactly(threads) = threads {
        command.env("MEILI_MAX_INDEXING_THREADS", threads.to_string());
    }
    let child = command.spawn()?;
    let anonymous = Arc::new(AtomicU64::new(0));
    tokio::spawn(watch_memory(child.id(), Arc::clone(&anonymous)));
    let own = Own {
        child,
        folder,
        anonymous,
    };
    Ok((own, format!("http://{address}")))
}

async fn watch_memory(pid: u32, peak: Arc<AtomicU64>) {
    while let Some(bytes) = status_bytes(pid, "RssAnon") {
        peak.fetch_max(bytes, Ordering::Relaxed);
        tokio::time::sleep(LOOK).await;
    }
}

fn blocks(folder: &Path) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let (path, metadata) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)))?;
        bytes += if metadata.is_dir() {
            blocks(&path)?
        } else {
            metadata.blocks() * 512
        };
    }
    Ok(bytes)
}

fn chunks(
    file: tokio::fs::File,
) -> impl futures::TryStream<Ok = Vec<u8>, Error = std::io::Error> + Send + 'static {
    const CHUNK: usize = 256 * 1024;
    futures::stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let length = tokio::io::AsyncReadExt::read(&mut file, &mut chunk).await?;
        chunk.truncate(length);
        Ok((length > 0).then_some((chunk, file)))
    })
    .into_stream()
}
