//! How a generation is told: one form, whichever command tells it.

use crate::figures::{documents, listed, moment};
use crate::generation::generations::Leftover;

/// One that another program made, and that has a record since.
pub const ADOPTED: &str = "by another program, adopted";
/// One of which no record of ours knows.
pub const FOREIGN: &str = "not built by this program, never touched";
/// One of ours under a uid that this program gives to none.
pub const MOVED: &str = "built for this live uid, brought here by hand, never touched";

/// Its line in a table: its role, its documents, and what else is known of it.
pub fn row(role: &str, documents_of_it: Option<u64>, about: &[&str]) -> [String; 3] {
    let known = about.iter().filter(|part| !part.is_empty());
    [
        role.to_owned(),
        documents_of_it.map(documents).unwrap_or_default(),
        listed(known),
    ]
}

/// Its `createdAt`, by which people tell it from others.
pub fn created(created_at: &str) -> String {
    let at = created_at.parse();
    at.map_or_else(|_| created_at.to_owned(), moment)
}

/// What a leftover is, and whether its run has ended.
pub fn leftover(leftover: &Leftover) -> String {
    format!("{}, {}", leftover.what(), leftover.verdict)
}
