//! The Meilisearch of a test: a process of its own, on a port of its own, over a folder of its own.
//!
//! In this order: `MEILISEARCH_HOST` names a server that is there already (docker-compose, a service of the CI; its key
//! in `MEILISEARCH_API_KEY`); `MEILISEARCH_BIN` names a `meilisearch` program; else the program `ephemeral-meilisearch`
//! beside the program under test.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::api::Api;
use super::{eventually, within};

/// Long enough for a real server in production mode, and like nothing else in any output.
pub const MASTER_KEY: &str = "a-master-key-that-nobody-may-read";

#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// No master key: everybody may do everything, as Bisan's own server is.
    pub open: bool,
    /// To behave as version 1.5 does. A real server is the version that it is.
    pub like_1_5: bool,
    pub payload_limit: Option<u64>,
}

pub struct Server {
    pub url: String,
    pub key: Option<String>,
    process: Option<Process>,
    has_controls: bool,
}

struct Process {
    child: Child,
    program: Program,
    options: ServerOptions,
    folder: PathBuf,
}

#[derive(Clone)]
enum Program {
    Real(PathBuf),
    Ephemeral(PathBuf),
}

impl Server {
    pub async fn start(folder: &Path, options: ServerOptions) -> Server {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(url) = set("MEILISEARCH_HOST") {
            let url = url.trim_end_matches('/').to_owned();
            return Server {
                url,
                key: set("MEILISEARCH_API_KEY"),
                process: None,
                has_controls: false,
            };
        }
        let program = match set("MEILISEARCH_BIN") {
            Some(path) => Program::Real(path.into()),
            None => Program::Ephemeral(ephemeral()),
        };
        let key = (!options.open).then(|| MASTER_KEY.to_owned());
        let folder = folder.to_owned();
        let (child, url) = launch(&program, &options, &folder, 0).await;
        Server {
            url,
            key,
            has_controls: matches!(program, Program::Ephemeral(_)),
            process: Some(Process {
                child,
                program,
                options,
                folder,
            }),
        }
    }

    /// Whether the test may kill it, look into its folder, and take every index in it for its own.
    pub fn is_ours(&self) -> bool {
        self.process.is_some()
    }

    /// The same server for somebody to whom it does not belong.
    pub fn shared(&self) -> Server {
        Server {
            url: self.url.clone(),
            key: self.key.clone(),
            process: None,
            has_controls: self.has_controls,
        }
    }

    /// Whether it is the throw-away server, which can be told to hold its tasks.
    pub fn has_controls(&self) -> bool {
        self.has_controls
    }

    pub fn api(&self) -> Api {
        Api::new(&self.url, self.key.as_deref())
    }

    /// As the kernel does when memory runs out.
    pub async fn kill(&mut self) {
        let process = self
            .process
            .as_mut()
            .expect("only a server of our own is killed");
        process.child.kill().await.unwrap();
    }

    /// From now on it dies right after it has committed a swap, until it is started again. False where it is a server that
    /// cannot be asked to.
    pub async fn will_die_of_a_swap(&mut self) -> bool {
        if self.has_controls {
            self.api().control("die-after-swap").await;
        }
        self.has_controls
    }

    /// Returns when it has ended by itself.
    pub async fn died(&mut self) {
        let process = self.process.as_mut().expect("a server of our own");
        // Not `wait`, which closes the standard input, and so tells it to end.
        eventually("the server dies", async || {
            process.child.try_wait().unwrap()
        })
        .await;
    }

    /// At the same address, over the same folder.
    pub async fn start_again(&mut self) {
        let process = self
            .process
            .as_mut()
            .expect("only a server of our own is started again");
        let port = self.url.rsplit(':').next().unwrap().parse().unwrap();
        let (child, url) = launch(&process.program, &process.options, &process.folder, port).await;
        process.child = child;
        assert_eq!(url, self.url);
    }
}

/// A failing test shows what its server had to say.
impl Drop for Server {
    fn drop(&mut self) {
        let Some(process) = &self.process else { return };
        if std::thread::panicking() {
            let log =
                std::fs::read_to_string(process.folder.join("server.log")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            eprintln!(
                "--- the last lines of the server's log\n{}",
                tail.join("\n")
            );
        }
    }
}

fn ephemeral() -> PathBuf {
    let indexer = assert_cmd::cargo::cargo_bin!("bisan-indexer");
    let path = indexer.with_file_name(format!(
        "ephemeral-meilisearch{}",
        std::env::consts::EXE_SUFFIX
    ));
    assert!(
        path.exists(),
        "{} is not there. `cargo test --workspace --features ephemeral` builds it and runs these tests; \
         or set MEILISEARCH_BIN to a meilisearch program, or MEILISEARCH_HOST to a running server.",
        path.display()
    );
    path
}

async fn launch(
    program: &Program,
    options: &ServerOptions,
    folder: &Path,
    port: u16,
) -> (Child, String) {
    std::fs::create_dir_all(folder).unwrap();
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("server.log"))
        .unwrap();
    let (path, port) = match program {
        Program::Real(path) => (path, if port == 0 { free_port() } else { port }),
        Program::Ephemeral(path) => (path, port),
    };
    let mut command = Command::new(path);
    command
        .env_clear()
        .current_dir(folder)
        .kill_on_drop(true)
        .stderr(log.try_clone().unwrap());
    command.arg("--http-addr").arg(format!("127.0.0.1:{port}"));
    command.arg("--db-path").arg(folder.join("data.ms"));
    if !options.open {
        command.args(["--master-key", MASTER_KEY]);
    }
    if let Some(bytes) = options.payload_limit {
        command
            .arg("--http-payload-size-limit")
            .arg(bytes.to_string());
    }
    match program {
        Program::Real(_) => {
            // Some builds know no flag for it; all know the variable.
            command
                .env("MEILI_NO_ANALYTICS", "true")
                // For each batch it clears a twentieth of that, of two thirds of the machine's memory where nothing is said.
                .env("MEILI_MAX_INDEXING_MEMORY", "200MiB")
                // From 1.50 on a server asks nobody on its own network, and the provider of a test is there.
                .env("MEILI_EXPERIMENTAL_ALLOWED_IP_NETWORKS", "127.0.0.0/8")
                .args(["--env", "development"])
                .stdin(Stdio::null())
                .stdout(log);
            let mut child = command
                .spawn()
                .expect("MEILISEARCH_BIN names a program that runs");
            let url = format!("http://127.0.0.1:{port}");
            let api = Api::new(&url, None);
            eventually("the server's port answers", async || {
                assert!(
                    child.try_wait().unwrap().is_none(),
                    "the server ended; see {}/server.log",
                    folder.display()
                );
                api.is_up().await.then_some(())
            })
            .await;
            (child, url)
        }
        Program::Ephemeral(_) => {
            if options.like_1_5 || std::env::var("EPHEMERAL_LIKE").is_ok_and(|like| like == "1.5") {
                command.args(["--like", "1.5"]);
            }
            // It ends when this test does, however this test ends: its standard input closes then.
            command
                .args(["--controls", "--exit-when-stdin-closes"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let url = within("the server says where it listens", async {
                while let Some(line) = lines.next_line().await.unwrap() {
                    if let Some(url) = line.strip_prefix("listening on ") {
                        return url.trim().to_owned();
                    }
                }
                let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
                panic!("the server ended before it listened:\n{log}");
            })
            .await;
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            (child, url)
        }
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
