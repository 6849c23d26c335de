//! Sends what a round found, waits for the tasks, and deletes the documents whose rows are still gone.

use std::collections::HashSet;

use futures::TryStreamExt as _;
use tokio::sync::mpsc;

use crate::document::ids::{DocumentId, IdList};
use crate::error::Error;
use crate::meilisearch::upload;
use crate::meilisearch::wait::until_succeeded;
use crate::progress::Progress;
use crate::sqlite::Connection;
use crate::sqlite::queries::{self, IDS_PER_READ};
use crate::sync::{Plan, Round};

/// Ids that are deleted by one task, and asked for in one snapshot before that.
const IDS_A_DELETE: usize = 10_000;

impl Round<'_> {
    /// Does what the plan says. Ids that came back meanwhile are taken off its list of deletes.
    pub(super) async fn carry_out(
        &self,
        connection: &mut Connection,
        plan: &mut Plan,
    ) -> Result<(), Error> {
        plan.finish()?;
        let uids = [self.uid.to_owned()];
        for spooled in &mut plan.spooled {
            if spooled.batches.is_empty() {
                continue;
            }
            let (ready, batches) = mpsc::unbounded_channel();
            for batch in spooled.batches.drain(..) {
                let _ = ready.send(batch);
            }
            drop(ready);
            let sent = upload::upload_all(
                self.server,
                &spooled.spool,
                &uids,
                batches,
                self.limit,
                &Progress::silent(),
                |sent| self.started.task(sent.task),
            )
            .await?;
            upload::all_ended(self.server, &sent, |_| ()).await?;
        }
        plan.gone = self.delete(connection, &plan.gone).await?;
        Ok(())
    }

    /// Deletes what still is gone, and returns what that was.
    async fn delete(&self, connection: &mut Connection, gone: &IdList) -> Result<IdList, Error> {
        let mut deleted = IdList::new();
        let mut tasks = Vec::new();
        let mut ids = gone.ids()?;
        loop {
            let some: Vec<DocumentId> =
                ids.by_ref().take(IDS_A_DELETE).collect::<Result<_, _>>()?;
            if some.is_empty() {
                break;
            }
            let still_gone = self.still_gone(connection, some).await?;
            let texts: Vec<&str> = still_gone.iter().map(DocumentId::as_str).collect();
            for task in self.server.delete_ids(self.uid, &texts).await? {
                self.started.task(task);
                tasks.push(task);
            }
            for id in &still_gone {
                deleted.push(id)?;
            }
        }
        let what = format!("deletes from {}", self.uid);
        until_succeeded(self.server, &tasks, &what).await?;
        deleted.settle()?;
        Ok(deleted)
    }

    /// Asks the database once more, at this moment, for what is about to be deleted. Leaves out what came back.
    async fn still_gone(
        &self,
        connection: &mut Connection,
        ids: Vec<DocumentId>,
    ) -> Result<Vec<DocumentId>, Error> {
        let mut there = HashSet::new();
        let mut snapshot = connection.snapshot().await?;
        for some in ids.chunks(IDS_PER_READ) {
            let (sql, arguments) = queries::ids_among(
                &self.index.definition.documents_sql,
                some.iter().map(DocumentId::as_str),
            );
            let mut rows = snapshot.rows(&sql, arguments);
            while let Some(row) = rows.try_next().await? {
                there.extend(DocumentId::from_value(row.value(0)).ok());
            }
        }
        snapshot.end().await?;
        Ok(ids.into_iter().filter(|id| !there.contains(id)).collect())
    }
}
