//! The guard against a round that would delete too much.

use crate::cli::Percent;
use crate::error::{CommandError, Error, REFUSED};
use crate::figures::counted;
use crate::sqlite::{Connection, queries};
use crate::sync::{Plan, Round};

/// A round that would delete too much.
#[derive(Debug, thiserror::Error)]
#[error(
    "{uid}: {deletes} of {} would be deleted, {:.0} % where --max-loss allows {allowed}; nothing was \
     changed. If an import is running, wait until it has ended; if the deletes are right, repeat with --max-loss {}%",
    counted(*.documents, "document", "documents"), share(*.deletes, *.documents), share(*.deletes, *.documents).ceil()
)]
pub struct TooManyDeletes {
    /// The index.
    pub uid: String,
    /// What would be deleted.
    pub deletes: u64,
    /// Of how many.
    pub documents: u64,
    /// The share that is allowed.
    pub allowed: Percent,
}

impl CommandError for TooManyDeletes {
    fn exit_code(&self) -> u8 {
        REFUSED
    }
}

/// As few deletes as this are not too many, whatever share they are: in an index of three, one is a third. Unless they
/// are all, or none is allowed.
const FEW_DELETES: u64 = 10;

fn share(deletes: u64, documents: u64) -> f64 {
    deletes as f64 * 100.0 / documents.max(1) as f64
}

impl Round<'_> {
    /// Refuses to delete a larger share than is allowed, and to empty an index unless all of it may go: a table that is
    /// empty for a moment will be filled again.
    pub(super) async fn guard(
        &self,
        connection: &mut Connection,
        plan: &Plan,
    ) -> Result<(), Error> {
        let deletes = plan.gone.len();
        let Some(allowed) = self.max_loss.filter(|_| deletes > 0) else {
            return Ok(());
        };
        let percent = allowed.fraction() * 100.0;
        let all_go = percent < 100.0 && self.is_empty(connection).await?;
        if deletes <= FEW_DELETES && !all_go && percent > 0.0 {
            return Ok(());
        }
        let documents = self.server.count_documents(self.uid).await?;
        let deletes = if all_go { documents } else { deletes };
        if share(deletes, documents) > percent {
            return Err(TooManyDeletes {
                uid: self.uid.to_owned(),
                deletes,
                documents,
                allowed,
            }
            .into());
        }
        Ok(())
    }

    /// Whether documents.sql returns no row at this moment.
    async fn is_empty(&self, connection: &mut Connection) -> Result<bool, Error> {
        let mut snapshot = connection.snapshot().await?;
        let ids = queries::ids_only(&self.index.definition.documents_sql);
        let is_empty = snapshot.first_row(&ids, Vec::new()).await?.is_none();
        snapshot.end().await?;
        Ok(is_empty)
    }
}
