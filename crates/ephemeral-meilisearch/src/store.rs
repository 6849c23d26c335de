//! The open indexes: one folder, one LMDB environment, opened once and shared.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use milli_core::Index;
use uuid::Uuid;

use crate::engine;
use crate::error::ApiError;

/// The folder of all indexes. Which uid stands for which folder is the queue's knowledge, not this one's: a swap changes
/// names and touches no folder.
pub struct Store {
    dir: PathBuf,
    open: Mutex<HashMap<String, Index>>,
}

impl Store {
    /// The store in the folder of the database.
    pub fn open(dir: &Path) -> std::io::Result<Self> {
        let dir = dir.join("indexes");
        fs::create_dir_all(&dir)?;
        Ok(Self {
            dir,
            open: Mutex::new(HashMap::new()),
        })
    }

    /// A new, empty index in a folder of its own; its `createdAt` is now.
    pub fn create(&self) -> Result<(String, Index), ApiError> {
        let folder = Uuid::new_v4().to_string();
        let index = engine::open(&self.dir.join(&folder))?;
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(folder.clone(), index.clone());
        Ok((folder, index))
    }

    /// The index in this folder.
    pub fn get(&self, folder: &str) -> Result<Index, ApiError> {
        // Held while opening: LMDB must not have one environment open twice in a process.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = open.get(folder) {
            return Ok(index.clone());
        }
        let index = engine::open(&self.dir.join(folder))?;
        open.insert(folder.to_owned(), index.clone());
        Ok(index)
    }

    /// Closes an index that no uid stands for any more, and removes its folder once the last reader has left. That
    /// may be after the task has succeeded, as with the real server.
    pub fn delete(&self, folder: &str) -> Result<(), ApiError> {
        let index = self.get(folder)?;
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(folder);
        let path = self.dir.join(folder);
        let closed = index.prepare_for_closing();
        thread::Builder::new()
            .name("index-removal".into())
            .spawn(move || {
                closed.wait();
                if let Err(error) = fs::remove_dir_all(&path) {
                    eprintln!("could not remove {}: {error}", path.display());
                }
            })?;
        Ok(())
    }
}
