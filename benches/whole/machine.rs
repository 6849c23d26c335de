//! On what was measured: a figure without its machine says nothing.

use std::fs;
use std::process::Command;

use super::Outcome;
use super::process::{field, indexer};
use super::server::{Server, Threads};

/// The head of the report.
pub async fn describe() -> Outcome<String> {
    let server = Server::start(Threads::Default).await?;
    let version = server.version().await?;
    server.end().await?;
    let program = Command::new(indexer()).arg("--version").output()?;
    Ok(format!(
        "Measured on {} with {} on {} ({}), Linux {}.\n",
        jiff::Timestamp::now().strftime("%Y-%m-%d"),
        String::from_utf8_lossy(&program.stdout).trim(),
        processor(),
        memory(),
        first_line("/proc/sys/kernel/osrelease"),
    ) + &format!("Server: {version}\n"))
}

/// How busy the machine was in the last minute, of whatever.
pub fn load() -> String {
    let line = first_line("/proc/loadavg");
    line.split(' ').next().unwrap_or("unknown").to_owned()
}

fn processor() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&text, "model name").unwrap_or("a processor without a name");
    format!("{cores} cores of {model}")
}

fn memory() -> String {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = field(&text, "MemTotal").and_then(|total| total.split(' ').next()?.parse().ok());
    kib.map_or_else(
        || "memory unknown".to_owned(),
        |kib: f64| format!("{:.0} GiB", kib / f64::from(1 << 20)),
    )
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
