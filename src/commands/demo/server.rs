//! The throw-away server of the demo: a process that ends when this one does.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::error::{Error, RuntimeError, UsageError};

/// The program, as the workspace builds it beside this one.
const PROGRAM: &str = "ephemeral-meilisearch";

/// Its first line on standard output.
const LISTENING: &str = "listening on ";

/// How long it may take to listen. It takes some milliseconds; a cold disk is allowed more.
const START_UP: Duration = Duration::from_secs(30);

/// A running server.
pub struct ThrowAway {
    /// Where it listens.
    pub address: String,
    // Killed when this is dropped.
    _process: Child,
}

impl ThrowAway {
    /// Starts `program`, or the one beside this program, on a free port of the loopback, over `folder`.
    ///
    /// # Errors
    /// Where there is no such program, or it does not start.
    pub async fn start(program: Option<&Path>, folder: &Path) -> Result<Self, Error> {
        let program = match program {
            Some(program) => program.to_owned(),
            None => beside_this_program()?,
        };
        let failed =
            |why: String| UsageError::error(format!("cannot start {}: {why}", program.display()));
        let mut process = Command::new(&program)
            .args([
                "--http-addr",
                "127.0.0.1:0",
                "--exit-when-stdin-closes",
                "--db-path",
            ])
            .arg(folder)
            .env_remove("MEILI_MASTER_KEY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let stdout = process
            .stdout
            .take()
            .ok_or_else(|| failed("its output cannot be read".to_owned()))?;
        let mut lines = BufReader::new(stdout).lines();
        let address = tokio::time::timeout(START_UP, async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) = line.strip_prefix(LISTENING) {
                    return Some(address.trim().to_owned());
                }
            }
            None
        })
        .await
        .ok()
        .flatten()
        .ok_or_else(|| failed("it does not say where it listens".to_owned()))?;
        // Its output is read to the end, so that a full pipe never stops it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            address,
            _process: process,
        })
    }
}

fn beside_this_program() -> Result<PathBuf, Error> {
    let this = std::env::current_exe().map_err(RuntimeError)?;
    let program = this.with_file_name(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Ok(program);
    }
    Err(UsageError::error(format!(
        "the demo needs the program {PROGRAM}, which is not beside this one ({}); in a checkout \
         `cargo build --profile demo --workspace --features ephemeral` makes both, or name one with --server",
        program.display()
    )))
}
