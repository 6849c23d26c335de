//! The routes, a file a resource.

pub mod keys;
pub mod multi_search;
pub mod search;
