//! Reads all documents in one snapshot, and sends them into the builds while they are read.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::Job;
use super::vectors::{self, Vectored};
use crate::background::Background;
use crate::error::Error;
use crate::generation::build::Build;
use crate::meilisearch::upload;
use crate::reader::{self, Output, Read};
use crate::spool::{Batch, Spool};

/// A read of all documents that is under way. Dropping it ends it.
pub(super) struct Reading {
    began: Instant,
    reader: Background<Read>,
    spool: Spool,
    batches: mpsc::UnboundedReceiver<Batch>,
}

impl Job<'_> {
    /// Begins to read all documents, in one snapshot, into the spool: the builds are created meanwhile.
    pub(super) async fn begin_reading(&self) -> Result<Reading, Error> {
        let began = Instant::now();
        let (writer, spool) = Spool::create(None)?;
        let (ready, batches) = mpsc::unbounded_channel();
        let output = Output {
            spool: Some(writer),
            batches: ready,
            limit: self.limit.clone(),
        };
        let connection = self.database.connect().await?;
        let (indexes, progress) = (Arc::clone(&self.indexes), self.progress.clone());
        let reader = Background::begin(async move {
            reader::read_all(connection, &indexes, output, &progress).await
        });
        Ok(Reading {
            began,
            reader,
            spool,
            batches,
        })
    }

    /// Uploads what is read, as it arrives, and waits until Meilisearch has indexed it.
    pub(super) async fn fill(&mut self, reading: Reading, builds: &[Build]) -> Result<Read, Error> {
        let Reading {
            began,
            reader,
            spool,
            batches,
        } = reading;
        let sources = vectors::sources(self.server, &self.indexes, builds).await?;
        let Vectored {
            spool,
            batches,
            taken,
        } = vectors::take(self.server, sources, spool, batches, &self.limit)?;
        let uids: Vec<String> = builds.iter().map(|build| build.uid.clone()).collect();
        let uploading = async {
            let sent = upload::upload_all(
                self.server,
                &spool,
                &uids,
                batches,
                &self.limit,
                self.progress,
                |sent| self.started.task(sent.task),
            );
            Ok::<_, Error>(sent.await?)
        };
        let (read, sent, vectors) = tokio::try_join!(reader.outcome(), uploading, taken.outcome())?;
        self.vectors_taken = vectors;
        self.times.reading = read.seconds;
        self.times.uploading = began.elapsed().as_secs_f64();
        upload::all_ended(self.server, &sent, |wait| self.progress.server(wait)).await?;
        self.times.indexing = began.elapsed().as_secs_f64();
        Ok(read)
    }
}
