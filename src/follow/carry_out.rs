//! Sends what a round found, waits for it, and deletes what still is gone.

use futures::TryStreamExt as _;
use tokio::sync::mpsc;

use super::{Plan, Round};
use crate::engine::upload;
use crate::engine::wait::wait;
use crate::error::Error;
use crate::ids::{DocumentId, IdSet};
use crate::progress::Progress;
use crate::source::Connection;
use crate::source::queries::{self, IDS_PER_READ};

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
                |sent| self.begun.task(sent.task),
            )
            .await?;
            upload::all_ended(self.server, &sent, |_| ()).await?;
        }
        self.keep_what_came_back(connection, &mut plan.gone).await?;
        self.delete(&plan.gone).await
    }

    /// Asks the database once more, at this moment, for everything that is about to be deleted.
    async fn keep_what_came_back(
        &self,
        connection: &mut Connection,
        gone: &mut IdSet,
    ) -> Result<(), Error> {
        if gone.is_empty() {
            return Ok(());
        }
        let ids: Vec<DocumentId> = gone.iter().collect();
        let mut snapshot = connection.snapshot().await?;
        for some in ids.chunks(IDS_PER_READ) {
            let (sql, arguments) = queries::ids_among(
                &self.index.definition.documents_sql,
                some.iter().map(DocumentId::as_str),
            );
            let mut rows = snapshot.rows(&sql, arguments);
            while let Some(row) = rows.try_next().await? {
                if let Ok(id) = DocumentId::from_value(row.value(0)) {
                    gone.remove(&id);
                }
            }
        }
        Ok(snapshot.end().await?)
    }

    async fn delete(&self, gone: &IdSet) -> Result<(), Error> {
        if gone.is_empty() {
            return Ok(());
        }
        let ids: Vec<DocumentId> = gone.iter().collect();
        let ids: Vec<&str> = ids.iter().map(DocumentId::as_str).collect();
        let tasks = self.server.delete_ids(self.uid, &ids).await?;
        for task in &tasks {
            self.begun.task(*task);
        }
        for ended in wait(self.server, &tasks, &mut |_| ()).await? {
            if ended.is_failure() {
                let what = format!("deletes from {}", self.uid);
                return Err(ended.into_error(&what).into());
            }
        }
        Ok(())
    }
}
