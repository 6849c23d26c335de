//! Generations of an index: built beside the live one, checked, swapped in, kept for a rollback, deleted.
//!
//! | file | what it does |
//! | --- | --- |
//! | `build` | a generation under construction, and how it is cancelled |
//! | `records` | the records about generations, kept in Meilisearch itself |
//! | `generations` | which index is live, retained, a leftover, or not ours |
//! | `gates`, `former` | the checks before a build, or a former generation, is swapped in |
//! | `smoke` | smoke queries, and whether an index answers them |
//! | `vectors` | takes embeddings over from the live index, so that no provider is asked for them again |
//! | `quiesce` | waits until no task in the queue can still swap, create or delete one of our indexes |
//! | `swap`, `promote` | the one call that makes builds live, and its proof |
//! | `prune` | deletes leftovers and generations beyond the retained ones |

pub mod build;
pub mod former;
pub mod gates;
pub mod generations;
pub mod promote;
pub mod prune;
pub mod quiesce;
pub mod records;
pub mod smoke;
pub mod swap;
pub mod vectors;
