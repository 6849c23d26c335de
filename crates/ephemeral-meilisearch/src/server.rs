//! Starting and stopping a server, in this process or as a program.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::serve::ListenerExt;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::keys::KeyStore;
use crate::like::Like;
use crate::queue::Queue;
use crate::routes;
use crate::scheduler;
use crate::state::AppState;
use crate::store::Store;

/// How long requests that are being answered may hold up the end.
const GRACE: Duration = Duration::from_millis(500);

/// Removes payloads that no task waits for: a kill can come between a payload and its task, and between the end of a task
/// and the removal of its payload.
fn remove_orphans(state: &AppState) -> io::Result<()> {
    let wanted: BTreeSet<String> = state.queue.read(|state| {
        let open = state.tasks.values().filter(|task| !task.status.is_over());
        open.filter_map(|task| task.kind.payload().map(str::to_owned))
            .collect()
    });
    for entry in fs::read_dir(&state.payloads)? {
        let entry = entry?;
        if !wanted.contains(entry.file_name().to_string_lossy().as_ref()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// How to start a server.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub http_addr: String,
    /// Opens everything; without it everything is open.
    pub master_key: Option<String>,
    /// Where to keep everything; without it a temporary folder, removed at the end.
    pub db_path: Option<PathBuf>,
    /// The largest body in bytes, unpacked.
    pub payload_limit: u64,
    /// Threads that index.
    pub threads: usize,
    /// The version to be like.
    pub like: Like,
    /// For tests: end as if killed between committing a swap and committing its task.
    pub die_after_swap_commit: bool,
    /// For tests: answer the routes of `routes/controls.rs`, which no real server has.
    pub controls: bool,
}

impl Default for Config {
    /// Loopback, a free port, a temporary folder, no key.
    fn default() -> Self {
        Self {
            http_addr: "127.0.0.1:0".into(),
            master_key: None,
            db_path: None,
            payload_limit: 100_000_000,
            threads: thread::available_parallelism().map_or(1, usize::from),
            like: Like::NEWEST,
            die_after_swap_commit: false,
            controls: false,
        }
    }
}

impl fmt::Debug for Config {
    /// Without the master key: what is debugged ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("http_addr", &self.http_addr)
            .field("has_master_key", &self.master_key.is_some())
            .field("db_path", &self.db_path)
            .field("payload_limit", &self.payload_limit)
            .field("threads", &self.threads)
            .field("like", &self.like)
            .finish_non_exhaustive()
    }
}

/// A server that runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    state: Arc<AppState>,
    stop: Option<oneshot::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
    /// Held so that no other server opens the same folder.
    _lock: File,
    /// Removed when everything else has ended.
    _temporary: Option<TempDir>,
}

impl Server {
    /// Opens the database, takes up what was left in its queue, and listens.
    pub fn start(config: Config) -> io::Result<Self> {
        let temporary = match config.db_path {
            Some(_) => None,
            None => Some(
                tempfile::Builder::new()
                    .prefix("ephemeral-meilisearch-")
                    .tempdir()?,
            ),
        };
        let dir = match (&config.db_path, &temporary) {
            (Some(path), _) => path.clone(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => return Err(io::Error::other("no folder for the database")),
        };
        let payloads = dir.join("payloads");
        fs::create_dir_all(&payloads)?;
        let lock = File::create(dir.join("lock"))?;
        lock.try_lock().map_err(|error| {
            io::Error::other(format!(
                "another server has {} open: {error}",
                dir.display()
            ))
        })?;

        let state = Arc::new(AppState {
            like: config.like,
            keys: KeyStore::open(&dir, config.master_key, config.like)?,
            queue: Queue::open(&dir, config.like)?,
            store: Store::open(&dir)?,
            engine: Engine::new(config.threads, config.like)?,
            payloads,
            payload_limit: config.payload_limit,
            die_after_swap_commit: config.die_after_swap_commit.into(),
            controls: config.controls,
        });
        remove_orphans(&state)?;
        let listener = TcpListener::bind(&config.http_addr)?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let (stop, stopped) = oneshot::channel();

        let scheduler = Arc::clone(&state);
        let scheduler = thread::Builder::new()
            .name("scheduler".into())
            .spawn(move || scheduler::run(&scheduler))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        // As a service, the router is shared by all connections instead of being copied for each.
        let router = routes::router(Arc::clone(&state)).into_make_service();
        let http = thread::Builder::new().name("http".into()).spawn(move || {
            runtime.block_on(async {
                let served = async {
                    let listener = tokio::net::TcpListener::from_std(listener)?;
                    // Small answers must not wait for the client's acknowledgement of the one before.
                    let listener = listener.tap_io(|stream| {
                        let _ = stream.set_nodelay(true);
                    });
                    axum::serve(listener, router).await
                };
                tokio::select! {
                    served = served => if let Err(error) = served {
                        eprintln!("the server can't listen any more: {error}");
                    },
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(GRACE);
        })?;
        Ok(Self {
            address,
            state,
            stop: Some(stop),
            threads: vec![scheduler, http],
            _lock: lock,
            _temporary: temporary,
        })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as clients write it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets tasks pile up, as they do behind a long batch, until [`Server::release_tasks`]. A batch that is already
    /// being carried out goes on.
    pub fn hold_tasks(&self) {
        self.state.queue.hold(true);
    }

    /// Ends what [`Server::hold_tasks`] began.
    pub fn release_tasks(&self) {
        self.state.queue.hold(false);
    }

    /// Waits until every task has ended, or until those that are left are held back.
    pub fn wait_until_idle(&self) {
        self.state.queue.wait_until_quiet();
    }

    /// Ends the server. A batch that is being carried out is broken off, and done again at the next start.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.queue.close();
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_debugged_holds_no_key() {
        let config = Config {
            master_key: Some("secret words".into()),
            ..Config::default()
        };
        let debugged = format!("{config:?}");
        assert!(!debugged.contains("secret"), "{debugged}");
    }
}
