//! Which definitions are in use: those of a folder, or the ones that are compiled in.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use super::{CatalogError, IndexDefinition, built_in, load};

/// The folder that is used where it is there and none is named: `init` writes into it.
const FOLDER: &str = "index-settings";

/// Whose definitions are compiled in.
pub const WHOSE: &str = "Bisan's definitions, which are compiled in";

/// Where definitions come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder.
    Folder(PathBuf),
    /// The program itself.
    CompiledIn,
}

impl Source {
    /// The folder that is named, else `./index-settings` where that is one, else what is compiled in.
    pub fn of(named: Option<&Path>) -> Source {
        match named {
            Some(folder) => Source::Folder(folder.to_owned()),
            None if Path::new(FOLDER).is_dir() => Source::Folder(PathBuf::from(FOLDER)),
            None => Source::CompiledIn,
        }
    }

    /// All of its definitions.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub fn load(&self) -> Result<Vec<IndexDefinition>, CatalogError> {
        match self {
            Source::Folder(folder) => load(folder),
            Source::CompiledIn => built_in(),
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Source::Folder(folder)
                if folder.is_relative()
                    && !folder.starts_with(".")
                    && !folder.starts_with("..") =>
            {
                write!(f, "./{}", folder.display())
            }
            Source::Folder(folder) => folder.display().fmt(f),
            Source::CompiledIn => f.write_str(WHOSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_told_as_it_is_found() {
        let folder = |path: &str| Source::of(Some(Path::new(path))).to_string();
        assert_eq!(folder("index-settings"), "./index-settings");
        assert_eq!(folder("/rails/index-settings"), "/rails/index-settings");
        assert_eq!(folder("../x"), "../x");
        assert!(Source::CompiledIn.to_string().contains("Bisan's"));
    }
}
