//! Between the read and the upload: documents that have not changed get their vectors from the live index.

use tokio::sync::mpsc;

use crate::background::Background;
use crate::error::Error;
use crate::generation::build::Build;
use crate::generation::vectors::LiveVectors;
use crate::meilisearch::upload::BatchLimit;
use crate::meilisearch::{MeilisearchError, Server};
use crate::prepared::Prepared;
use crate::spool::{Batch, Line, Spool, SpoolWriter};

/// Lines that are in memory at once: their vectors come in one answer, or in a few.
const LINES: usize = 100;

/// Bytes of lines that are in memory at once, but for a single longer one.
const LINE_BYTES: usize = 1 << 20;

/// What is uploaded in the place of what was read.
pub(super) struct Vectored {
    /// Where it lies.
    pub spool: Spool,
    /// The batches, as they are complete.
    pub batches: mpsc::UnboundedReceiver<Batch>,
    /// How many documents got their vectors, by the place of their index.
    pub taken: Background<Vec<u64>>,
}

/// From where each build can take vectors; an index without embedders, or without a live one, has no source.
///
/// # Errors
/// Where settings cannot be read.
pub(super) async fn sources(
    server: &Server,
    indexes: &[Prepared],
    builds: &[Build],
) -> Result<Vec<Option<LiveVectors>>, Error> {
    let mut sources = Vec::with_capacity(indexes.len());
    for (index, build) in indexes.iter().zip(builds) {
        let live_uid = &index.definition.live_uid;
        let has_embedders = index.settings.contains_key("embedders");
        let is_live = index.live.as_ref().is_some_and(|live| live.is_of(live_uid));
        sources.push(match has_embedders && is_live {
            true => LiveVectors::look(server, live_uid, &build.uid).await?,
            false => None,
        });
    }
    Ok(sources)
}

/// Puts itself between the batches that are read and those that are uploaded, if any index has a source of vectors.
///
/// # Errors
/// Where the temporary folder takes no second file.
pub(super) fn take(
    server: &Server,
    sources: Vec<Option<LiveVectors>>,
    read: Spool,
    batches: mpsc::UnboundedReceiver<Batch>,
    limit: &BatchLimit,
) -> Result<Vectored, Error> {
    if sources.iter().all(Option::is_none) {
        let none = vec![0; sources.len()];
        return Ok(Vectored {
            spool: read,
            batches,
            taken: Background::begin(async move { Ok::<_, Error>(none) }),
        });
    }
    let (writer, spool) = Spool::create(None)?;
    let (ready, vectored) = mpsc::unbounded_channel();
    let stage = Stage {
        server: server.clone(),
        taken: vec![0; sources.len()],
        sources,
        writer,
        ready,
        limit: limit.clone(),
    };
    Ok(Vectored {
        spool,
        batches: vectored,
        taken: Background::begin(stage.run(read, batches)),
    })
}

struct Stage {
    server: Server,
    sources: Vec<Option<LiveVectors>>,
    taken: Vec<u64>,
    writer: SpoolWriter,
    ready: mpsc::UnboundedSender<Batch>,
    limit: BatchLimit,
}

impl Stage {
    async fn run(
        mut self,
        read: Spool,
        mut batches: mpsc::UnboundedReceiver<Batch>,
    ) -> Result<Vec<u64>, Error> {
        let mut current = None;
        while let Some(batch) = batches.recv().await {
            if current.replace(batch.index) != Some(batch.index) {
                let ended = self.writer.begin_index(batch.index)?;
                self.announce(ended);
            }
            let mut lines = Vec::new();
            let mut bytes = 0;
            for line in read.lines(&batch) {
                let line = line?;
                bytes += line.json.len();
                lines.push(line);
                if lines.len() == LINES || bytes > LINE_BYTES {
                    self.pass_on(batch.index, std::mem::take(&mut lines))
                        .await?;
                    bytes = 0;
                }
            }
            self.pass_on(batch.index, lines).await?;
            read.release(&batch);
        }
        let ended = self.writer.finish()?;
        self.announce(ended);
        Ok(self.taken)
    }

    async fn pass_on(&mut self, index: usize, mut lines: Vec<Line>) -> Result<(), Error> {
        if let Some(source) = &self.sources[index] {
            match source.add(&self.server, &mut lines).await {
                Ok(added) => self.taken[index] += added,
                // The provider is asked then, which costs money and loses nothing.
                Err(error) => self.give_up(index, &error),
            }
        }
        for line in lines {
            let batch = self.writer.push(&line.json, &line.id, self.limit.bytes())?;
            self.announce(batch);
        }
        Ok(())
    }

    fn give_up(&mut self, index: usize, error: &MeilisearchError) {
        tracing::warn!(
            "the vectors of live documents cannot be read, so Meilisearch asks for new ones: {error}"
        );
        self.sources[index] = None;
    }

    fn announce(&self, batch: Option<Batch>) {
        if let Some(batch) = batch
            && self.ready.send(batch).is_err()
        {
            tracing::debug!("nobody uploads any more");
        }
    }
}
