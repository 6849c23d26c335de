//! Index definitions of a test's own.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// A folder as `--index-settings` takes it.
pub struct Definitions {
    pub folder: PathBuf,
}

impl Definitions {
    pub fn empty(folder: &Path) -> Definitions {
        std::fs::create_dir_all(folder).unwrap();
        Definitions {
            folder: folder.to_owned(),
        }
    }

    /// One definition; what it needs besides `documents.sql` comes with the methods below.
    pub fn index(self, name: &str, documents_sql: &str) -> Definitions {
        std::fs::create_dir_all(self.folder.join(name)).unwrap();
        self.file(name, "documents.sql", documents_sql).file(
            name,
            "settings.json",
            &json!({}).to_string(),
        )
    }

    pub fn settings(self, name: &str, settings: Value) -> Definitions {
        self.file(name, "settings.json", &settings.to_string())
    }

    pub fn changes(self, name: &str, sql: &str) -> Definitions {
        self.file(name, "changes.sql", sql)
    }

    pub fn smoke(self, name: &str, queries: Value) -> Definitions {
        self.file(name, "smoke.json", &queries.to_string())
    }

    pub fn file(self, name: &str, file: &str, content: &str) -> Definitions {
        std::fs::write(self.folder.join(name).join(file), content).unwrap();
        self
    }

    pub fn without(self, name: &str, file: &str) -> Definitions {
        std::fs::remove_file(self.folder.join(name).join(file)).unwrap();
        self
    }
}
