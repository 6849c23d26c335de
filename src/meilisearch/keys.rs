//! The rights of the server's keys, and how a key is created.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::meilisearch::error::MeilisearchError;
use crate::meilisearch::server::Server;
use crate::meilisearch::version::Version;

/// From here on `version` is for keys of all indexes only, and a key for some is not made with it.
pub const VERSION_NEEDS_ALL_INDEXES: Version = (1, 48, 2);

/// Meilisearch's own code for "there is no master key, so there are no keys".
const NO_MASTER_KEY: &str = "missing_master_key";

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    /// What people read of it.
    pub name: &'a str,
    /// What people read of it, too.
    pub description: &'a str,
    /// What it may do, by Meilisearch's names.
    pub actions: &'a [&'a str],
    /// The uids that it may do it to; a `*` at the end stands for anything.
    pub indexes: &'a [String],
    /// From when on it is refused; none is never.
    pub expires_at: Option<Timestamp>,
}

/// A key that was made. `Debug` hides it.
#[derive(Clone, Deserialize)]
pub struct MadeKey {
    /// The key itself.
    pub key: String,
    /// Its name on the server, which is no secret.
    pub uid: String,
}

impl std::fmt::Debug for MadeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MadeKey({})", self.uid)
    }
}

/// How the server knows its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It has no master key: everybody may do everything.
    Open,
    /// It has one, and our key may manage keys.
    OursToManage,
    /// It has one, and our key (or its absence) may not manage keys.
    Guarded,
}

impl Server {
    /// Whether the server has a master key, and whether ours may manage its keys.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub async fn access(&self) -> Result<Access, MeilisearchError> {
        match self.get::<Value>("/keys?limit=1").await {
            Ok(_) => Ok(Access::OursToManage),
            Err(error) if error.code() == Some(NO_MASTER_KEY) => Ok(Access::Open),
            Err(error) if error.is_forbidden() => Ok(Access::Guarded),
            Err(error) => Err(error),
        }
    }

    /// Makes a key. Asked only once: a second request would make a second key.
    ///
    /// # Errors
    /// If it was not created, or if that is unknown.
    pub async fn create_key(&self, new: &NewKey<'_>) -> Result<MadeKey, MeilisearchError> {
        let body = json!({
            "name": new.name,
            "description": new.description,
            "actions": new.actions,
            "indexes": new.indexes,
            "expiresAt": new.expires_at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        });
        self.once().post("/keys", &body).await
    }
}
