//! What every failure of a command has in common: a message and an exit code.
//!
//! Each stage defines its own errors, with their exit codes. This file contains none of them: every stage imports it,
//! and it imports no stage.

use std::path::PathBuf;
use std::{fmt, io};

/// The exit code of a failure: the database, the network, Meilisearch or a task.
pub const FAILED: u8 = 1;
/// An invalid option, path or index definition.
pub const USAGE: u8 = 2;
/// A check or gate refused; the live index is unchanged.
pub const REFUSED: u8 = 3;
/// Another run is in progress.
pub const LOCKED: u8 = 4;
/// The database and the index differ, or there is something to do. Not an error: the exit code of an answer.
pub const DIFFERENT: u8 = 5;
/// Ctrl-C or SIGTERM (128 + SIGINT, as shells have it), or a person who said no.
pub const INTERRUPTED: u8 = 130;

/// The worse of two exit codes, of parts of one command. What could not be done weighs more than what was refused, and that
/// more than a difference that was found.
pub fn worse(one: u8, other: u8) -> u8 {
    const BY_WEIGHT: [u8; 7] = [0, DIFFERENT, LOCKED, REFUSED, USAGE, FAILED, INTERRUPTED];
    let weight = |code| BY_WEIGHT.iter().position(|known| *known == code);
    match weight(one) < weight(other) {
        true => other,
        false => one,
    }
}

/// An error that can end a command.
pub trait CommandError: std::error::Error + Send + Sync + 'static {
    /// The exit code of a command that ends with this error.
    fn exit_code(&self) -> u8;
}

/// Whatever ended a command: any [`CommandError`].
pub struct Error(Box<dyn CommandError>);

impl Error {
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        self.0.exit_code()
    }

    /// Whether it is an error of type `E`.
    pub fn is<E: CommandError>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// The error, where it is one of type `E`.
    pub fn downcast_ref<E: CommandError>(&self) -> Option<&E> {
        let error: &(dyn std::error::Error + 'static) = &*self.0;
        error.downcast_ref()
    }
}

impl<E: CommandError> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What was asked cannot be done as it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

impl CommandError for UsageError {
    fn exit_code(&self) -> u8 {
        USAGE
    }
}

impl UsageError {
    /// As an [`Error`].
    pub fn error(why: impl fmt::Display) -> Error {
        Self(why.to_string()).into()
    }
}

/// A file that the user asked for cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("can't write {}: {error}; give another folder, or make it writable for this user", path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// The system's word.
    pub error: io::Error,
}

impl CommandError for WriteError {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// A part of the program itself broke: its runtime, a thread, its own page.
#[derive(Debug, thiserror::Error)]
#[error("the program itself failed: {0}; please report this")]
pub struct RuntimeError(pub io::Error);

impl CommandError for RuntimeError {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}
