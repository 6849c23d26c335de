//! What the steps of a run share at one server.

use std::sync::Arc;

use super::Rebuild;
use crate::error::Error;
use crate::generation::build::{Build, Started};
use crate::generation::gates::{self, Expected, PassedGates};
use crate::generation::generations::Observer;
use crate::generation::promote::Proven;
use crate::generation::prune::{self, Pruned};
use crate::generation::records::Record;
use crate::meilisearch::network::until_succeeded_here;
use crate::meilisearch::upload::BatchLimit;
use crate::meilisearch::{Features, Server, TaskUid};
use crate::prepared::Prepared;
use crate::progress::Progress;
use crate::reader::Read;
use crate::report;
use crate::report::reindex::Times;
use crate::spool::Inlet;
use crate::sqlite::{Commits, Database};
use crate::sync::{Followed, SharedRows};

/// What the steps of one run share at one server.
pub(super) struct Job<'a> {
    pub database: &'a Database,
    pub rows: SharedRows,
    pub server: &'a Server,
    /// With the settings that this server knows, and what is live there.
    pub indexes: Arc<[Prepared]>,
    pub limit: BatchLimit,
    pub started: Started,
    /// Tells whether anything was committed since it was asked last.
    pub commits: Option<Commits>,
    pub observer: Observer,
    pub features: Features,
    pub progress: &'a Progress,
    pub warnings: Vec<String>,
    pub times: Times,
    /// Documents that got their vectors from the live index, by the place of their index.
    pub vectors_taken: Vec<u64>,
    /// What is read, from the moment on in which reading begins.
    pub inlet: Option<Inlet>,
    /// What runs that died had left behind.
    pub leftovers: Pruned,
}

/// Builds that are being filled.
pub(super) struct Filling<'a> {
    pub job: Job<'a>,
    pub records: Vec<Record>,
    pub builds: Vec<Build>,
}

/// Builds that passed every gate, and what is known of them.
pub(super) struct Built<'a> {
    pub job: Job<'a>,
    pub records: Vec<Record>,
    pub read: Arc<Read>,
    pub caught_up: Vec<Followed>,
    pub passed: PassedGates,
}

impl Job<'_> {
    /// What runs that died left behind goes first: the disk needs room for a second copy.
    pub(super) async fn delete_leftovers(&mut self) -> Result<(), Error> {
        let pruned = prune::leftovers(self.server, &self.indexes, &self.observer).await?;
        self.warn(&pruned.warnings);
        self.leftovers = pruned;
        Ok(())
    }

    /// From here on everything that is committed is noticed.
    pub(super) async fn watch_commits(&mut self) -> Result<(), Error> {
        self.commits = Some(Commits::since_now(self.database).await?);
        Ok(())
    }

    pub(super) async fn prune(&mut self, retain: u32, proven: &Proven) -> Pruned {
        self.progress.step("deleting older generations");
        let (server, indexes) = (self.server, &self.indexes);
        let pruned =
            prune::former_generations(server, indexes, &self.observer, retain, proven).await;
        let pruned = pruned.unwrap_or_else(|error| Pruned {
            warnings: vec![format!(
                "former generations could not be deleted ({error}); the next run does it"
            )],
            ..Pruned::default()
        });
        self.warn(&pruned.warnings);
        pruned
    }

    pub(super) async fn succeeded(&self, tasks: &[TaskUid], what: &str) -> Result<(), Error> {
        for task in tasks {
            self.started.task(*task);
        }
        until_succeeded_here(self.server, tasks, what).await?;
        Ok(())
    }

    pub(super) fn warn(&mut self, warnings: &[String]) {
        report::warn(&mut self.warnings, warnings);
    }
}

impl<'a> Filling<'a> {
    /// Catches up with what was written meanwhile, and asks the gates.
    pub(super) async fn check(self, read: Arc<Read>, how: &Rebuild) -> Result<Built<'a>, Error> {
        let Filling {
            mut job,
            records,
            builds,
        } = self;
        job.times.reading = read.seconds;
        job.progress.step("catching up with the database");
        let (caught_up, documents) = job.catch_up(&builds, &read).await?;
        let each = job.indexes.iter().zip(&read.indexes).zip(documents);
        let expected: Vec<Expected<'_>> = each
            .map(|((prepared, read), documents)| Expected::of(prepared, read, documents))
            .collect();
        job.progress.step("checking before going live");
        let passed = gates::check(job.server, &builds, &expected, how.max_loss).await?;
        job.warn(&passed.warnings);
        Ok(Built {
            job,
            records,
            read,
            caught_up,
            passed,
        })
    }
}
