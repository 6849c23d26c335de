//! What `completions` made.

use serde::{Deserialize, Serialize};

/// What `--output json` gets.
#[derive(Debug, Serialize, Deserialize)]
pub struct CompletionsReport {
    /// The shell's name.
    pub shell: String,
    /// The script, as the shell reads it.
    pub script: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    #[test]
    fn the_report_is_documented_field_by_field() {
        documented::<CompletionsReport>("completions");
    }
}
