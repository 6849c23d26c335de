//! A process from its start to its end, and what the kernel says that it took.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wait4::Wait4;

use super::Outcome;

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(5);

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// From its start to its end.
    pub wall: Duration,
    /// Of all its threads, in the program and in the kernel.
    pub cpu: Duration,
    /// The most memory that it ever had resident, in bytes. Not what `wait4` tells, which counts what this process itself
    /// had before the other took its place.
    pub peak: u64,
}

/// The program that ships, as this package builds it.
pub fn indexer() -> PathBuf {
    env!("CARGO_BIN_EXE_bisan-indexer").into()
}

/// A run of it that takes nothing from this process's environment but what it needs.
pub fn bisan_indexer<'a>(words: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(indexer());
    command.env_clear().args(words);
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Runs it to its end; one that fails fails the measurement, with what it said.
pub async fn run(mut command: Command) -> Outcome<Cost> {
    let work = move || {
        let said = tempfile::NamedTempFile::new()?;
        command.stdin(Stdio::null()).stderr(said.reopen()?);
        let begun = Instant::now();
        let mut child = command.spawn()?;
        let watching = watch_memory(child.id());
        let ended = child.wait4()?;
        let wall = begun.elapsed();
        let peak = watching.join().unwrap_or(0);
        if !ended.status.success() {
            let said = std::fs::read_to_string(said.path())?;
            return Err(format!("{command:?} ended with {}: {said}", ended.status).into());
        }
        Ok(Cost {
            wall,
            cpu: ended.rusage.utime + ended.rusage.stime,
            peak,
        })
    };
    tokio::task::spawn_blocking(work).await?
}

/// What `triggers` prints on standard output.
pub fn triggers(database: &Path, definitions: &Path, options: &[&str]) -> Outcome<String> {
    let mut command: Command = bisan_indexer(["triggers"]);
    command.args(options).arg("--database").arg(database);
    command.arg("--index-settings").arg(definitions);
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The kernel keeps the high-water mark itself, so looking now and then misses only what grew since the last look. A
/// process that has ended has no memory, which ends the looking.
fn watch_memory(pid: u32) -> JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut peak = 0;
        while let Some(bytes) = status_bytes(pid, "VmHWM") {
            peak = bytes;
            std::thread::sleep(LOOK);
        }
        peak
    })
}

/// A figure of memory that the kernel tells of a process that lives.
pub fn status_bytes(pid: u32, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kib: u64 = field(&text, name)?
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()?;
    Some(kib * 1024)
}

/// The value of the first `name: value`, as the files of /proc have it.
pub fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then_some(value.trim())
    })
}

/// Whether there is such a program to compare with.
pub fn is_there(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).exists())
}
