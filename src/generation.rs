//! Generations of an index: built beside the live one, checked, swapped in, kept for a rollback, deleted.
//!
//! | file | what it does |
//! | --- | --- |
//! | `build` | a generation under construction, and how it is taken back |
//! | `records` | the records about generations, kept in Meilisearch itself |
//! | `generations` | which index is live, retained, left over, or somebody else's |
//! | `gates`, `former` | the checks before a build, or a former generation, is swapped in |
//! | `quiesce` | waits until no uid will change hands by itself any more |
//! | `swap`, `promote` | the one call that makes builds live, and its proof |
//! | `prune` | what is deleted, and what stays |

pub mod build;
pub mod former;
pub mod gates;
pub mod generations;
pub mod promote;
pub mod prune;
pub mod quiesce;
pub mod records;
pub mod swap;

pub use build::{Build, Started};
