//! API keys: who may do what to which index.
//!
//! The keys lie in one file, without their values: a value follows from the key's uid and the master key, as on the real
//! server, so that nothing on disk and nothing printed for debugging lets anybody in.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header::AUTHORIZATION};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::ApiError;
use crate::like::{Feature, Like};

pub mod action;
pub mod key;

pub use action::Action;
pub use key::Key;

/// Which indexes the key of a request may see; there is one only where [`KeyStore::authorize`] said yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// `None` is every index.
    patterns: Option<Vec<String>>,
    may_create: bool,
}

impl Allowed {
    /// Every index, as the master key has it.
    pub fn everything() -> Self {
        Self {
            patterns: None,
            may_create: true,
        }
    }

    /// Whether the key is good for the index under this uid.
    pub fn index(&self, uid: &str) -> bool {
        match &self.patterns {
            None => true,
            Some(patterns) => patterns.iter().any(|pattern| key::matches(pattern, uid)),
        }
    }

    /// Whether the key is limited to some indexes; such a key does not see what belongs to no index.
    pub fn is_restricted(&self) -> bool {
        self.patterns.is_some()
    }

    /// Whether documents or settings sent to a missing index may create it.
    pub fn may_create(&self, uid: &str) -> bool {
        self.may_create && self.index(uid)
    }
}

/// The keys on disk, and the master key they stand under.
pub struct KeyStore {
    file: PathBuf,
    master_key: Option<String>,
    like: Like,
    keys: Mutex<Vec<Key>>,
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyStore")
            .field("file", &self.file)
            .field("has_master_key", &self.master_key.is_some())
            .finish_non_exhaustive()
    }
}

impl KeyStore {
    /// Opens the keys in `dir`, and makes the default ones if there is none yet.
    pub fn open(dir: &Path, master_key: Option<String>, like: Like) -> io::Result<Self> {
        let file = dir.join("keys.json");
        let mut keys: Vec<Key> = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        if keys.is_empty() {
            keys = Key::defaults(like, OffsetDateTime::now_utc());
            save(&file, &keys)?;
        }
        Ok(Self {
            file,
            master_key,
            like,
            keys: Mutex::new(keys),
        })
    }

    /// Says yes to whoever has the master key, and to everybody where there is none.
    pub fn authorize_master(&self, bearer: Option<&str>) -> Result<(), ApiError> {
        match &self.master_key {
            Some(master_key) if bearer.ok_or_else(missing_header)? != master_key => {
                Err(invalid_key())
            }
            _ => Ok(()),
        }
    }

    /// Says what the bearer may see, if it may do `action` (on `index`, if the route names one).
    pub fn authorize(
        &self,
        bearer: Option<&str>,
        action: Action,
        index: Option<&str>,
    ) -> Result<Allowed, ApiError> {
        let Some(master_key) = &self.master_key else {
            return if action.is_about_keys() {
                Err(missing_master_key())
            } else {
                Ok(Allowed::everything())
            };
        };
        let bearer = bearer.ok_or_else(missing_header)?;
        if bearer == master_key {
            return Ok(Allowed::everything());
        }
        let keys = self.lock();
        let key = keys
            .iter()
            .find(|key| key.value(master_key) == bearer)
            .ok_or_else(invalid_key)?;
        let now = OffsetDateTime::now_utc();
        let allowed = Allowed {
            patterns: (!key.is_for_all_indexes()).then(|| key.indexes.clone()),
            may_create: key.may(Action::IndexesCreate, now),
        };
        if let Some(uid) = index
            && !allowed.index(uid)
        {
            return Err(self.outside_of(key, uid));
        }
        let needs_all_indexes = index.is_none()
            && !action.is_sorted_out_by_its_route()
            && self.like.has(Feature::GlobalActionsNeedAllIndexes);
        if !key.may(action, now) || (needs_all_indexes && allowed.is_restricted()) {
            return Err(invalid_key());
        }
        Ok(allowed)
    }

    /// The keys, the newest first.
    pub fn list(&self) -> Vec<Key> {
        let mut keys = self.lock().clone();
        keys.sort_by_key(|key| std::cmp::Reverse(key.created_at));
        keys
    }

    /// The key with this uid or this value.
    pub fn get(&self, name: &str) -> Result<Key, ApiError> {
        let keys = self.lock();
        let position = self.position(&keys, name)?;
        Ok(keys[position].clone())
    }

    /// Adds a key whose uid must be new.
    pub fn create(&self, key: Key) -> Result<Key, ApiError> {
        self.refuse_global_action(&key)?;
        self.change(|keys| {
            if keys.iter().any(|old| old.uid == key.uid) {
                let message = format!(
                    "`uid` field value `{}` is already an existing API key.",
                    key.uid
                );
                return Err(ApiError::new("api_key_already_exists", message));
            }
            keys.push(key.clone());
            Ok(key)
        })
    }

    /// Changes what people read of a key; `None` leaves it, `Some(None)` takes it away.
    pub fn rename(
        &self,
        which: &str,
        name: Option<Option<String>>,
        description: Option<Option<String>>,
    ) -> Result<Key, ApiError> {
        self.change(|keys| {
            let position = self.position(keys, which)?;
            let key = &mut keys[position];
            if let Some(name) = name {
                key.name = name;
            }
            if let Some(description) = description {
                key.description = description;
            }
            key.updated_at = OffsetDateTime::now_utc();
            Ok(key.clone())
        })
    }

    /// Takes a key away.
    pub fn delete(&self, which: &str) -> Result<(), ApiError> {
        self.change(|keys| {
            let position = self.position(keys, which)?;
            keys.remove(position);
            Ok(())
        })
    }

    /// The value of a key, for the routes that show keys.
    pub fn value_of(&self, key: &Key) -> String {
        match &self.master_key {
            Some(master_key) => key.value(master_key),
            None => String::new(),
        }
    }

    /// Changes the keys on disk first and in memory after, so that what was answered survives a kill.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Key>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut keys = self.lock();
        let mut changed = keys.clone();
        let result = change(&mut changed)?;
        save(&self.file, &changed)?;
        *keys = changed;
        Ok(result)
    }

    fn position(&self, keys: &[Key], name: &str) -> Result<usize, ApiError> {
        let uid = Uuid::parse_str(name).ok();
        keys.iter()
            .position(|key| match (uid, &self.master_key) {
                (Some(uid), _) => key.uid == uid,
                (None, Some(master_key)) => key.value(master_key) == name,
                (None, None) => false,
            })
            .ok_or_else(|| {
                let message = format!("API key `{name}` not found.");
                ApiError::new("api_key_not_found", message)
            })
    }

    fn refuse_global_action(&self, key: &Key) -> Result<(), ApiError> {
        if key.is_for_all_indexes() || !self.like.has(Feature::GlobalActionsNeedAllIndexes) {
            return Ok(());
        }
        let Some(action) = key.actions.iter().find(|action| action::is_global(action)) else {
            return Ok(());
        };
        Err(ApiError::new(
            "index_scoped_api_key_with_global_action",
            format!(
                "cannot create index-scoped API key with global action `{action}`\n  - Hint: remove action `{action}` from the action list, or remove `indexes` to make the key global"
            ),
        ))
    }

    fn outside_of(&self, key: &Key, uid: &str) -> ApiError {
        if !self.like.has(Feature::RefusalNamesPatterns) {
            return invalid_key();
        }
        let mut patterns = key.indexes.clone();
        patterns.sort_unstable();
        // The real server's own spelling.
        let message = format!(
            "The API key cannot acces the index `{uid}`, authorized indexes are {patterns:?}."
        );
        ApiError::new("invalid_api_key", message)
    }

    /// A panic elsewhere cannot leave the list half changed, since [`Self::change`] works on a copy.
    fn lock(&self) -> MutexGuard<'_, Vec<Key>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The token of a request's `Authorization: Bearer …`; `None` if there is no such header.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let header = header.to_str().unwrap_or_default();
    match header.split_once(' ') {
        Some(("Bearer", token)) => Ok(Some(token)),
        None if header == "Bearer" => Err(invalid_key()),
        _ => Err(missing_header()),
    }
}

fn invalid_key() -> ApiError {
    ApiError::new("invalid_api_key", "The provided API key is invalid.")
}

fn missing_header() -> ApiError {
    ApiError::new(
        "missing_authorization_header",
        "The Authorization header is missing. It must use the bearer authorization method.",
    )
}

fn missing_master_key() -> ApiError {
    ApiError::new(
        "missing_master_key",
        "Meilisearch is running without a master key. To access this API endpoint, you must have set a master key at launch.",
    )
}

/// Writes beside the file and renames, so that a kill leaves the old file or the new one.
fn save(file: &Path, keys: &[Key]) -> io::Result<()> {
    let beside = file.with_extension("json.tmp");
    let mut out = std::fs::File::create(&beside)?;
    out.write_all(&serde_json::to_vec_pretty(keys)?)?;
    out.sync_all()?;
    std::fs::rename(&beside, file)
}

#[cfg(test)]
mod tests;
