//! The program: flags and variables of the real server, as far as it has the feature.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::Parser;
use ephemeral_meilisearch::bytes::parse_bytes;
use ephemeral_meilisearch::{Config, Like, Server};

/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// A throw-away Meilisearch for tests and demos. No server for production: it promises neither speed nor safety, and its
/// database can't be read by a real Meilisearch.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Args {
    /// Where to listen. Port 0 takes a free one; the address is printed on standard output
    #[arg(long, env = "MEILI_HTTP_ADDR", default_value = "127.0.0.1:7700")]
    http_addr: String,

    /// The key that may do everything. Without it, everyone may
    #[arg(long, env = "MEILI_MASTER_KEY", hide_env_values = true)]
    master_key: Option<String>,

    /// Where to keep everything. Without it: a temporary folder that is removed at the end
    #[arg(long, env = "MEILI_DB_PATH")]
    db_path: Option<PathBuf>,

    /// The largest body of a request, unpacked: bytes, or with a unit such as `100 MB` or `2MiB`
    #[arg(long, env = "MEILI_HTTP_PAYLOAD_SIZE_LIMIT", default_value = "100 MB", value_parser = parse_bytes)]
    http_payload_size_limit: u64,

    /// Threads that index; all cores without it
    #[arg(long, env = "MEILI_MAX_INDEXING_THREADS")]
    max_indexing_threads: Option<usize>,

    /// The version whose routes, settings and limits to have, from 1.5 to 1.50
    #[arg(long, env = "EPHEMERAL_MEILISEARCH_LIKE", default_value_t = Like::NEWEST)]
    like: Like,

    /// Accepted and without effect: nothing is ever reported to anyone
    #[arg(long, env = "MEILI_NO_ANALYTICS", num_args = 0..=1, default_missing_value = "true", hide = true)]
    no_analytics: Option<String>,

    /// Accepted and without effect
    #[arg(long, env = "MEILI_ENV", hide = true)]
    env: Option<String>,

    /// Accepted and without effect
    #[arg(long, env = "MEILI_LOG_LEVEL", hide = true)]
    log_level: Option<String>,

    /// Accepted and without effect
    #[arg(long, env = "MEILI_MAX_INDEXING_MEMORY", hide = true)]
    max_indexing_memory: Option<String>,

    /// Ends when standard input does, so that the server does not outlive the program that started it
    #[arg(long, help_heading = "For tests")]
    exit_when_stdin_closes: bool,

    /// Answers, to the master key, four more routes: POST /controls/hold begins no further batch, so that tasks pile up as
    /// behind a long one; /controls/release ends that; /controls/wait-idle answers when nothing is left to do, or to begin;
    /// /controls/die-after-swap is the option below, from then on
    #[arg(long, help_heading = "For tests")]
    controls: bool,

    /// Ends as if killed between committing a swap and committing its task: the next start carries the swap out again, and
    /// so undoes it
    #[arg(long, help_heading = "For tests")]
    die_after_swap_commit: bool,
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ephemeral-meilisearch: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> io::Result<()> {
    // Asked for before anything is started, so that no signal finds the default way to die.
    let (end, ended) = mpsc::channel();
    end_on_signals(end.clone())?;
    if args.exit_when_stdin_closes {
        end_with_stdin(end)?;
    }
    let defaults = Config::default();
    let server = Server::start(Config {
        http_addr: args.http_addr,
        master_key: args.master_key.filter(|key| !key.is_empty()),
        db_path: args.db_path,
        payload_limit: args.http_payload_size_limit,
        threads: args.max_indexing_threads.unwrap_or(defaults.threads),
        like: args.like,
        die_after_swap_commit: args.die_after_swap_commit,
        controls: args.controls,
    })?;
    println!("listening on {}", server.url());
    io::stdout().flush()?;
    eprintln!(
        "like Meilisearch {}, at {}; for tests and demos only",
        args.like.package_version(),
        server.url()
    );
    let _ = ended.recv();
    // The engine is asked to break its work off, and mostly does at once. Nothing is lost if it is not waited for.
    thread::Builder::new().name("patience".into()).spawn(|| {
        thread::sleep(PATIENCE);
        std::process::exit(0);
    })?;
    server.shutdown();
    Ok(())
}

/// Reports SIGINT and SIGTERM.
fn end_on_signals(end: mpsc::Sender<()>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            let _ = end.send(());
        })?;
    Ok(())
}

/// Reports the end of standard input, which comes when its writer ends in whatever way.
fn end_with_stdin(end: mpsc::Sender<()>) -> io::Result<()> {
    thread::Builder::new().name("stdin".into()).spawn(move || {
        let mut ignored = [0; 256];
        while matches!(io::stdin().read(&mut ignored), Ok(read) if read > 0) {}
        let _ = end.send(());
    })?;
    Ok(())
}
