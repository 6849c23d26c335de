//! All calls into the engine that write.
//!
//! The engine's functions are generic and instantiate its whole indexer in the crate that calls them, so they are called
//! here only, behind functions that are not generic.

use std::fs::{self, File};
use std::path::Path;

use milli_core::heed::{EnvFlags, EnvOpenOptions};
use milli_core::progress::Progress;
use milli_core::tokenizer::Language;
use milli_core::update::new::indexer::{self, DocumentOperation};
use milli_core::update::{ClearDocuments, IndexerConfig, Settings};
use milli_core::vector::EmbeddingConfigs;
use milli_core::{
    Error, Index, InternalError, LocalizedAttributesRule, Result, ThreadPoolNoAbort,
    ThreadPoolNoAbortBuilder, UserError,
};
use serde_json::{Map, Value};

use crate::like::{Feature, Like};
use crate::settings;

/// How large an index may become. This is address space, not disk; a real server reserves 2 TiB for each.
const MAP_SIZE: usize = 64 << 30;
/// As many readers as a busy test can have at once.
const MAX_READERS: u32 = 1024;

/// The threads and limits that all writes share.
pub struct Engine {
    documents: ThreadPoolNoAbort,
    settings: IndexerConfig,
    like: Like,
}

/// One step of a batch of documents.
pub enum Operation<'a> {
    /// Whole documents from a file of NDJSON.
    Replace(&'a memmap2::Mmap),
    /// Fields to be merged into documents, from a file of NDJSON.
    Update(&'a memmap2::Mmap),
    /// Ids to be removed.
    Delete(&'a [&'a str]),
}

/// What became of one operation: how many documents it concerns, or why none of it was done.
pub type Outcome = std::result::Result<u64, UserError>;

/// Opens the index in this folder, creating it if there is none.
#[allow(unsafe_code)]
pub fn open(folder: &Path) -> Result<Index> {
    fs::create_dir_all(folder)?;
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(MAP_SIZE).max_readers(MAX_READERS);
    // SAFETY: without waiting for the disk, a commit can be lost or torn by a loss of power, and by nothing else: what a killed
    // process has written is the kernel's. These databases are made to be thrown away (`journal.rs` does the same).
    unsafe { options.flags(EnvFlags::NO_SYNC) };
    Index::new(options, folder, true)
}

/// Maps a file of documents, as the engine wants it.
#[allow(unsafe_code)]
pub fn map(file: &File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: a mapping is undefined when the file is changed below it. Payload files are written once, under a name that
    // only this server knows, and are removed by name only, which leaves the mapping intact.
    unsafe { memmap2::Mmap::map(file) }
}

impl Engine {
    /// An engine with this many threads, whose indexes are searched as by this version.
    pub fn new(threads: usize, like: Like) -> std::result::Result<Self, std::io::Error> {
        let pool = || {
            ThreadPoolNoAbortBuilder::new()
                .num_threads(threads)
                .build()
                .map_err(std::io::Error::other)
        };
        let settings = IndexerConfig {
            thread_pool: Some(pool()?),
            ..Default::default()
        };
        Ok(Self {
            documents: pool()?,
            settings,
            like,
        })
    }

    /// Carries out the operations in their order, in one transaction. An operation with an error of its own is left out
    /// whole; any other error undoes everything.
    pub fn write_documents(
        &self,
        index: &Index,
        primary_key: Option<&str>,
        operations: &[Operation<'_>],
        stop: &(dyn Fn() -> bool + Sync),
        progress: &Progress,
    ) -> Result<Vec<Outcome>> {
        self.know_no_persian(index)?;
        let rtxn = index.read_txn()?;
        let mut wtxn = index.write_txn()?;
        let known_fields = index.fields_ids_map(&rtxn)?;
        let mut fields = known_fields.clone();
        let mut changes = DocumentOperation::new();
        for operation in operations {
            match operation {
                Operation::Replace(payload) => changes.replace_documents(payload)?,
                Operation::Update(payload) => changes.update_documents(payload)?,
                Operation::Delete(ids) => changes.delete_documents(ids),
            }
        }
        // Outlives the changes, which point into it.
        let arena = bumpalo::Bump::new();
        let (changes, outcomes, primary_key) = changes.into_changes(
            &arena,
            index,
            &rtxn,
            primary_key,
            &mut fields,
            &stop,
            progress.clone(),
        )?;
        let outcomes: Vec<Outcome> = outcomes
            .into_iter()
            .map(|outcome| match outcome.error {
                Some(error) => Err(error),
                None => Ok(outcome.document_count),
            })
            .collect();
        if outcomes.iter().any(Outcome::is_ok) {
            indexer::index(
                &mut wtxn,
                index,
                &self.documents,
                self.settings.grenad_parameters(),
                &known_fields,
                fields,
                primary_key,
                &changes,
                EmbeddingConfigs::default(),
                &stop,
                progress,
            )?;
            wtxn.commit()?;
        }
        Ok(outcomes)
    }

    /// Applies settings one after the other, in one transaction.
    pub fn write_settings(
        &self,
        index: &Index,
        updates: &[&Map<String, Value>],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<()> {
        let mut wtxn = index.write_txn()?;
        let mut builder = Settings::new(&mut wtxn, index, &self.settings);
        for update in updates {
            settings::apply(&mut builder, update)
                .map_err(|error| Error::UserError(UserError::SerdeJson(error)))?;
        }
        carry_out(builder, stop)?;
        wtxn.commit()?;
        settings::remember_rules(index, updates)?;
        Ok(())
    }

    /// Versions that have no `localizedAttributes` take every text in the Arabic script for Arabic. This engine guesses whether it
    /// is Persian, and compares letters by that; so it is told.
    fn know_no_persian(&self, index: &Index) -> Result<()> {
        let mut wtxn = index.write_txn()?;
        if self.like.has(Feature::Locales) || index.localized_attributes_rules(&wtxn)?.is_some() {
            return Ok(());
        }
        let all = LocalizedAttributesRule::new(vec!["*".to_owned()], vec![Language::Ara]);
        let mut builder = Settings::new(&mut wtxn, index, &self.settings);
        builder.set_localized_attributes_rules(vec![all]);
        carry_out(builder, &|| false)?;
        wtxn.commit()?;
        Ok(())
    }

    /// Sets the primary key of an index that has no documents yet.
    pub fn write_primary_key(&self, index: &Index, primary_key: &str) -> Result<()> {
        let mut wtxn = index.write_txn()?;
        let mut builder = Settings::new(&mut wtxn, index, &self.settings);
        builder.set_primary_key(primary_key.to_owned());
        carry_out(builder, &|| false)?;
        wtxn.commit()?;
        Ok(())
    }

    /// Removes all documents, and says how many there were.
    pub fn clear(&self, index: &Index) -> Result<u64> {
        let mut wtxn = index.write_txn()?;
        let removed = ClearDocuments::new(&mut wtxn, index).execute()?;
        wtxn.commit()?;
        Ok(removed)
    }
}

/// The one call that instantiates the engine's indexer for settings.
pub fn carry_out(builder: Settings<'_, '_, '_>, stop: &(dyn Fn() -> bool + Sync)) -> Result<()> {
    builder.execute(|_| (), stop)
}

/// Whether a write ended because it was told to stop.
pub fn was_stopped(error: &Error) -> bool {
    matches!(
        error,
        Error::InternalError(InternalError::AbortedIndexation)
    )
}
