//! Carries out an earlier plan, which was perhaps shown to a person an hour ago.
//!
//! A plan says which documents differ, but not their content: rows change in the meantime, and a follower sends them.
//! So the rows of these documents are read when they are sent, and ids to delete are looked up in the database again.
//! Nothing else is compared again.

use std::mem;

use crate::document::ids::DocumentId;
use crate::error::Error;
use crate::sqlite::queries::IDS_PER_READ;
use crate::sync::{Followed, Plan, Reason, Round};

impl Round<'_> {
    /// Sends and deletes what was found, by the rows as they are now.
    ///
    /// # Errors
    /// What kept it from ending; what was sent until then is right, and sending it again is harmless.
    pub async fn carry_out_found(&self, mut found: Followed) -> Result<Followed, Error> {
        let mut connection = self.database.connect().await?;
        let mut plan = Plan::new(self.limit.bytes())?;
        for (ids, reason) in [
            (&found.plan.changed, Reason::Changed),
            (&found.plan.missing, Reason::Missing),
            (&found.plan.different, Reason::Different),
        ] {
            let mut ids = ids.ids()?;
            loop {
                let some = ids.by_ref().take(IDS_PER_READ);
                let some: Vec<DocumentId> = some.collect::<Result<_, _>>()?;
                if some.is_empty() {
                    break;
                }
                self.add_rows(&mut connection, &some, reason, &mut plan)
                    .await?;
            }
        }
        plan.gone = mem::take(&mut found.plan.gone);
        (plan.rows, plan.row_bytes) = (found.plan.rows, found.plan.row_bytes);
        plan.notes = mem::take(&mut found.plan.notes);
        plan.finish()?;
        self.guard(&mut connection, &plan).await?;
        self.carry_out(&mut connection, &mut plan).await?;
        connection.close().await?;
        Ok(Followed { plan, ..found })
    }
}
