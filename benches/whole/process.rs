//! A process from its start to its end, and what the kernel says that it took.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

use super::Outcome;

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// From its start to its end.
    pub wall: Duration,
    /// Of all its threads, in the program and in the kernel.
    pub cpu: Duration,
    /// The most memory that it ever had resident, in bytes. The kernel counts what this process had when it forked, so
    /// this process holds no documents.
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
        let ended = command.spawn()?.wait4()?;
        let wall = begun.elapsed();
        if !ended.status.success() {
            let said = std::fs::read_to_string(said.path())?;
            return Err(format!("{command:?} ended with {}: {said}", ended.status).into());
        }
        Ok(Cost {
            wall,
            cpu: ended.rusage.utime + ended.rusage.stime,
            peak: ended.rusage.maxrss,
        })
    };
    tokio::task::spawn_blocking(work).await?
}

/// Whether there is such a program to compare with.
pub fn is_there(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).exists())
}
