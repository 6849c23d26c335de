//! (being written)
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {}
