//! Reads all documents in one snapshot, and sends them into the builds while they are read.

use std::sync::Arc;
use std::time::Instant;

use super::job::{Filling, Job};
use super::vectors::{self, Vectored};
use crate::background::Background;
use crate::error::Error;
use crate::meilisearch::upload::{self, BatchLimit};
use crate::prepared::Prepared;
use crate::progress::Progress;
use crate::reader::{self, Output, Read};
use crate::spool::{self, Spool};
use crate::sqlite::Database;

/// A read of all documents that is under way. Dropping it ends it.
pub(super) struct Reading {
    pub began: Instant,
    pub reader: Background<Read>,
}

impl Reading {
    /// Begins to read all documents, in one snapshot, into one spool from which each server takes at its own pace. The builds
    /// are created meanwhile.
    pub(super) async fn begin(
        database: &Database,
        defined: &Arc<[Prepared]>,
        jobs: &mut [Option<Job<'_>>],
        progress: &Progress,
    ) -> Result<Reading, Error> {
        let began = Instant::now();
        let (writer, spool) = Spool::create(None)?;
        let mut jobs: Vec<&mut Job<'_>> = jobs.iter_mut().flatten().collect();
        let limit = match jobs.as_slice() {
            // What refuses a batch makes the next ones smaller.
            [job] => job.limit.clone(),
            // Whoever takes smaller ones has them cut.
            jobs => BatchLimit::new(jobs.iter().map(|job| job.limit.bytes()).max().unwrap_or(0)),
        };
        let (batches, inlets) = spool::share(&spool, jobs.len());
        for (job, inlet) in jobs.iter_mut().zip(inlets) {
            job.inlet = Some(inlet);
        }
        let output = Output {
            spool: Some(writer),
            batches,
            limit,
        };
        let connection = database.connect().await?;
        let (indexes, progress) = (Arc::clone(defined), progress.clone());
        let reader = Background::begin(async move {
            reader::read_all(connection, &indexes, output, &progress).await
        });
        Ok(Reading { began, reader })
    }
}

impl<'a> Filling<'a> {
    /// Uploads what is read, as it arrives, and waits until Meilisearch has indexed it.
    pub(super) async fn fill(mut self, began: Instant) -> Result<Filling<'a>, Error> {
        let Filling { job, builds, .. } = &mut self;
        let Some(inlet) = job.inlet.take() else {
            return Ok(self);
        };
        let sources = vectors::sources(job.server, &job.indexes, builds).await?;
        let Vectored {
            spool,
            batches,
            taken,
        } = vectors::take(job.server, sources, inlet.spool, inlet.batches, &job.limit)?;
        let uids: Vec<String> = builds.iter().map(|build| build.uid.clone()).collect();
        let uploading = async {
            let sent = upload::upload_all(
                job.server,
                &spool,
                &uids,
                batches,
                &job.limit,
                job.progress,
                |sent| job.started.task(sent.task),
            );
            Ok::<_, Error>(sent.await?)
        };
        let (sent, vectors) = tokio::try_join!(uploading, taken.outcome())?;
        // The others may still need what lies there; this server does not.
        drop(spool);
        job.vectors_taken = vectors;
        job.times.uploading = began.elapsed().as_secs_f64();
        upload::all_ended(job.server, &sent, |wait| job.progress.server(wait)).await?;
        job.times.indexing = began.elapsed().as_secs_f64();
        Ok(self)
    }
}
