//! The built program, as people run it.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::terminal::Terminal;
use super::within;

/// A run that has not begun.
pub struct Program {
    command: Command,
    secrets: Vec<String>,
}

impl Program {
    /// With nothing of the caller's environment: neither a proxy nor a server is taken from it by accident.
    pub fn new(folder: &Path) -> Program {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("bisan-indexer"));
        command
            .env_clear()
            .env("HOME", folder)
            .env("TMPDIR", folder)
            .env("RUST_BACKTRACE", "1");
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.kill_on_drop(true);
        Program {
            command,
            secrets: Vec::new(),
        }
    }

    pub fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Program {
        self.command.arg(arg);
        self
    }

    pub fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Program {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Program {
        self.command.env(name, value);
        self
    }

    pub fn without_env(mut self, name: &str) -> Program {
        self.command.env_remove(name);
        self
    }

    /// Speaks to a terminal instead of into pipes; what is said there, the terminal tells.
    pub fn on_terminal(mut self, terminal: &Terminal) -> Program {
        let end = || Stdio::from(terminal.end.try_clone().unwrap());
        self.command.stdout(end()).stderr(end());
        self
    }

    /// The same, where somebody also types.
    pub fn at_terminal(mut self, terminal: &Terminal) -> Program {
        let end = Stdio::from(terminal.end.try_clone().unwrap());
        self.command.stdin(end);
        self.on_terminal(terminal)
    }

    /// Standard output is this file.
    pub fn out_to(mut self, file: std::fs::File) -> Program {
        self.command.stdout(file);
        self
    }

    /// No file that it writes may be larger: as a disk that is full.
    pub fn with_files_up_to_kib(mut self, kib: u64) -> Program {
        let program = std::mem::replace(&mut self.command, Command::new("bash"));
        let program = program.into_std();
        // Without the signal, writing too much is an error, as it is on a full disk.
        let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
        self.command.arg("-c").arg(script);
        self.command
            .arg(program.get_program())
            .args(program.get_args());
        self.command.env_clear();
        for (name, value) in program.get_envs() {
            if let Some(value) = value {
                self.command.env(name, value);
            }
        }
        if let Some(folder) = program.get_current_dir() {
            self.command.current_dir(folder);
        }
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        self
    }

    /// What must not be found in anything that this run says.
    pub fn secret(mut self, secret: &str) -> Program {
        self.secrets.push(secret.to_owned());
        self
    }

    pub fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let pid = child.id().unwrap();
        let out = tokio::spawn(read_all(child.stdout.take()));
        let err = tokio::spawn(read_all(child.stderr.take()));
        let peak = Arc::new(AtomicU64::new(0));
        let watching = tokio::spawn(watch_memory(pid, peak.clone()));
        Running {
            child,
            pid,
            out,
            err,
            peak,
            watching,
            secrets: self.secrets,
        }
    }

    /// The bare process, for who reads along while it speaks. What it says is not looked through for secrets.
    pub fn spawn(mut self) -> Child {
        self.command.spawn().unwrap()
    }

    pub async fn run(self) -> Ended {
        self.start().ended().await
    }

    /// Runs, and must end with exit code 0.
    #[track_caller]
    pub fn succeeds(self) -> impl Future<Output = Ended> {
        let place = std::panic::Location::caller();
        async move {
            let ended = self.run().await;
            let said = ended.said();
            assert_eq!(ended.status.code(), Some(0), "exit code ({place})\n{said}");
            ended
        }
    }

    /// The report of a run that must end with exit code 0.
    #[track_caller]
    pub fn reports(self) -> impl Future<Output = Value> {
        let ended = self.succeeds();
        async { ended.await.report() }
    }
}

async fn read_all(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> Vec<u8> {
    let mut all = Vec::new();
    if let Some(mut stream) = stream {
        let _ = stream.read_to_end(&mut all).await;
    }
    all
}

/// A run under way.
pub struct Running {
    child: Child,
    pid: u32,
    out: JoinHandle<Vec<u8>>,
    err: JoinHandle<Vec<u8>>,
    peak: Arc<AtomicU64>,
    watching: JoinHandle<()>,
    secrets: Vec<String>,
}

impl Running {
    /// Ctrl-C.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// As `docker stop` asks.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// `kill -9`: no chance to clean up.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid as i32).unwrap(), signal).unwrap();
    }

    /// Returns when it has ended; [`Running::ended`] then tells how.
    pub async fn over(&mut self) {
        within("the program ends", self.child.wait()).await.unwrap();
    }

    pub async fn ended(mut self) -> Ended {
        let status = within("the program ends", self.child.wait()).await.unwrap();
        self.watching.abort();
        let text =
            |bytes: Vec<u8>| String::from_utf8(bytes).expect("all that the program says is UTF-8");
        let ended = Ended {
            status,
            out: text(self.out.await.unwrap()),
            err: text(self.err.await.unwrap()),
            peak_kib: self.peak.load(Ordering::Relaxed),
        };
        for secret in &self.secrets {
            let said = ended.out.contains(secret) || ended.err.contains(secret);
            assert!(
                !said,
                "the program gave a secret away:\n{}\n{}",
                ended.out, ended.err
            );
        }
        ended
    }
}

/// The kernel keeps the high-water mark itself, so looking now and then misses only what grew since the last look.
async fn watch_memory(pid: u32, peak: Arc<AtomicU64>) {
    while let Ok(status) = tokio::fs::read_to_string(format!("/proc/{pid}/status")).await {
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let Some(kib) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        else {
            return;
        };
        peak.fetch_max(kib, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A run that is over.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
    /// The most memory that it ever had resident. 0 where the system does not tell.
    pub peak_kib: u64,
}

impl Ended {
    #[track_caller]
    pub fn expect(self, code: i32) -> Ended {
        let said = self.said();
        assert_eq!(self.status.code(), Some(code), "exit code\n{said}");
        self
    }

    /// Standard output as one line: a line that is too long for a terminal is broken between words.
    pub fn out_on_one_line(&self) -> String {
        let words: Vec<&str> = self.out.split_whitespace().collect();
        words.join(" ")
    }

    /// Whether a task failed because the server had done it, died, and did not know so when it was started again. A real one
    /// before 1.7 deletes the content of a task before it notes that the task is done; the next run sets it right.
    pub fn met_a_task_that_was_done(&self) -> bool {
        self.status.code() == Some(1) && self.err.contains("No such file or directory (os error 2)")
    }

    fn said(&self) -> String {
        let (out, err) = (&self.out, &self.err);
        format!("--- standard output\n{out}\n--- standard error\n{err}")
    }

    /// All these words, in whatever order, are in what was said on standard error.
    #[track_caller]
    pub fn says<'a>(self, words: impl IntoIterator<Item = &'a str>) -> Ended {
        for word in words {
            assert!(
                self.err.contains(word),
                "`{word}` is missing\n--- standard error\n{}",
                self.err
            );
        }
        self
    }

    #[track_caller]
    pub fn says_nothing_of(self, word: &str) -> Ended {
        assert!(
            !self.err.contains(word) && !self.out.contains(word),
            "`{word}`\n{}\n{}",
            self.out,
            self.err
        );
        self
    }

    /// The one JSON report on standard output.
    #[track_caller]
    pub fn report(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| {
            panic!(
                "no report ({error})\n--- standard output\n{}\n{}",
                self.out, self.err
            )
        })
    }
}
