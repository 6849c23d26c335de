//! How much memory the server takes while it indexes, by what can be chosen: its threads and the size of a batch.
//!
//! On a machine that has more, a memory cgroup around the whole measurement shows whether it does with less:
//! `systemd-run --scope -p MemoryMax=2G just bench small-server`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::on_articles;
use crate::Outcome;
use crate::data::Data;
use crate::server::{Server, Threads};
use crate::table::{Table, known, memory, time};

/// Bisan's production: 340 MB.
const ARTICLES: u32 = 20_331;

/// What an application and its jobs take beside it.
const OTHERS: usize = 600 << 20;

pub async fn measure(data: &Data) -> Outcome<String> {
    if !Server::is_ours() {
        return Ok("Only a server that is started here tells its memory.\n".to_owned());
    }
    let database = data.articles(ARTICLES).await?;
    let _others = Others::begin();
    let limit = std::env::var("MEILI_MAX_INDEXING_MEMORY").unwrap_or("not set".to_owned());
    let mut table = Table::new(&[
        "`MEILI_MAX_INDEXING_MEMORY`",
        "indexing threads",
        "`--batch-size`",
        "`reindex`",
        "server's peak, allocated",
        "server's peak, with mapped pages",
    ]);
    for threads in [1, 2] {
        for batch in ["10MB", "25MB", "100MB"] {
            let server = Server::start(Threads::Exactly(threads)).await?;
            let words = ["reindex", "--batch-size", batch];
            let outcome = tokio::select! {
                cost = on_articles(&server, &database, &words) => time(cost?.wall),
                () = server.gone() => "the server was killed".to_owned(),
            };
            table.row(vec![
                limit.clone(),
                threads.to_string(),
                batch.to_owned(),
                outcome,
                known(server.peak_allocated(), memory),
                known(server.peak(), memory),
            ]);
            server.end().await?;
        }
    }
    Ok(table.to_string())
}

/// Memory that is in use all along, so that the kernel cannot take it back.
struct Others {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Others {
    fn begin() -> Others {
        const PAGE: usize = 4096;
        let end = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&end);
        let thread = std::thread::spawn(move || {
            let mut memory = vec![1_u8; OTHERS];
            while !ended.load(Ordering::Relaxed) {
                for page in memory.chunks_mut(PAGE) {
                    page[0] = page[0].wrapping_add(1);
                }
                std::hint::black_box(&memory);
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        Others {
            end,
            thread: Some(thread),
        }
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
