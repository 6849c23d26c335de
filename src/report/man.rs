//! What `man` made.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What `--output json` gets.
#[derive(Debug, Serialize, Deserialize)]
pub struct ManReport {
    /// The files that were written, in the order of their names; none where the page was printed.
    pub files: Vec<PathBuf>,
    /// The program's page in roff, where it was not written into a file.
    pub page: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    #[test]
    fn the_report_is_documented_field_by_field() {
        documented::<ManReport>("man");
    }
}
