//! The open indexes: one folder, one LMDB environment, opened once and shared.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use milli_core::Index;
use uuid::Uuid;

use crate::engine;
use crate::error::ApiError;

/// The folder of all indexes. Which uid stands for which folder is the queue's knowledge, not this one's: a swap changes
/// names and touches no folder.
pub struct Store {
    dir: PathBuf,
    folders: Mutex<Folders>,
}

#[derive(Default)]
struct Folders {
    open: HashMap<String, Index>,
    /// Opening one of these again would bring an empty index into being.
    deleted: HashSet<String>,
}

impl Store {
    /// The store in the folder of the database.
    pub fn open(dir: &Path) -> std::io::Result<Self> {
        let dir = dir.join("indexes");
        fs::create_dir_all(&dir)?;
        Ok(Self {
            dir,
            folders: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Folders> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new, empty index in a folder of its own; its `createdAt` is now.
    pub fn create(&self) -> Result<(String, Index), ApiError> {
        let folder = Uuid::new_v4().to_string();
        let index = engine::open(&self.dir.join(&folder))?;
        self.lock().open.insert(folder.clone(), index.clone());
        Ok((folder, index))
    }

    /// The index in this folder; `None` if it has been deleted.
    pub fn get(&self, folder: &str) -> Result<Option<Index>, ApiError> {
        // Held while opening: LMDB must not have one environment open twice in a process.
        let mut folders = self.lock();
        if folders.deleted.contains(folder) {
            return Ok(None);
        }
        if let Some(index) = folders.open.get(folder) {
            return Ok(Some(index.clone()));
        }
        let index = engine::open(&self.dir.join(folder))?;
        folders.open.insert(folder.to_owned(), index.clone());
        Ok(Some(index))
    }

    /// Closes an index that no uid stands for any more, and removes its folder once the last reader has left. That
    /// may be after the task has succeeded, as with the real server.
    pub fn delete(&self, folder: &str) -> Result<(), ApiError> {
        let index = {
            let mut folders = self.lock();
            folders.deleted.insert(folder.to_owned());
            folders.open.remove(folder)
        };
        let path = self.dir.join(folder);
        let remove = move || {
            if let Some(index) = index {
                index.prepare_for_closing().wait();
            }
            if let Err(error) = fs::remove_dir_all(&path) {
                eprintln!("could not remove {}: {error}", path.display());
            }
        };
        thread::Builder::new()
            .name("index-removal".into())
            .spawn(remove)?;
        Ok(())
    }
}
