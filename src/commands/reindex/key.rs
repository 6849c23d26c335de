//! Whether the key has the rights for a complete reindex. Otherwise a key that may not swap would be refused only after
//! everything has been indexed.

use crate::catalog::IndexDefinition;
use crate::commands::key::rights::Rights;
use crate::error::{CommandError, Error, FAILED};
use crate::meilisearch::Server;
use crate::meilisearch::permissions::refused_at_the_end;

/// The key lets a run begin, and would not let it end.
#[derive(Debug, thiserror::Error)]
#[error(
    "the key may not do {}; nothing was begun. A key's actions cannot be changed: make another with `bisan-indexer key \
     --create`{}", .lacking.join(", "), Rights::needed_for(.lacking)
)]
pub struct KeyLacks {
    /// The actions, by Meilisearch's names.
    pub lacking: Vec<&'static str>,
}

impl CommandError for KeyLacks {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// Tests without effect the rights for the last steps of the run; the first steps show their rights by themselves.
/// Without a key there is nothing to test: the server needs no key, or the run has already failed.
///
/// # Errors
/// What the key lacks.
pub async fn suffices(server: &Server, definitions: &[IndexDefinition]) -> Result<(), Error> {
    if !server.has_key() {
        return Ok(());
    }
    let live_uids: Vec<&str> = definitions
        .iter()
        .map(|one| one.live_uid.as_str())
        .collect();
    let with_searches = definitions.iter().any(|one| !one.smoke.is_empty());
    let lacking = refused_at_the_end(server, &live_uids, with_searches).await?;
    if lacking.is_empty() {
        return Ok(());
    }
    Err(KeyLacks { lacking }.into())
}
