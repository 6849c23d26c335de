//! The address of the database: parses an option or `DATABASE_URL` into a path.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// Where the SQLite database lies.
///
/// It is always a path in the end. The forms that are understood, so that `DATABASE_URL` can be handed over as it is:
///
/// | form | path |
/// | --- | --- |
/// | `storage/production.sqlite3` | as it stands, whatever it contains (`file:x.db` and `a?b.db` are names of files) |
/// | `sqlite:storage/production.sqlite3`, `sqlite://storage/production.sqlite3` | what follows, percent-decoded |
/// | `sqlite3:storage/production.sqlite3?pool=5&timeout=5000` | Rails' own: likewise; the query is for Rails' pool |
/// | `sqlite:///rails/storage/production.sqlite3` | `/rails/storage/production.sqlite3` |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseAddress {
    path: PathBuf,
}

/// Why an address can't be used. Never repeats the address: one that was meant for another database holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing was given.
    #[error("the address of the database is empty; give the path of the SQLite file")]
    Empty,
    /// `:memory:`, `mode=memory`.
    #[error(
        "a database in memory belongs to the process that made it and is empty for every other process; give the path of the SQLite file"
    )]
    InMemory,
    /// `postgres://...`
    #[error(
        "`{scheme}:` is no SQLite database; give the path of a SQLite file, or `sqlite:` and the path (a file of such a name: put `./` in front)"
    )]
    OtherScheme {
        /// The part before the colon.
        scheme: String,
    },
    /// `file:///...`
    #[error(
        "`{form}` is how another library writes an address; give the path alone, or `sqlite:` and the path"
    )]
    OtherForm {
        /// What it begins with.
        form: &'static str,
    },
    /// `immutable=1` and such.
    #[error("`{parameter}` can't be used: {reason}")]
    Parameter {
        /// The parameter of the query, with its value where that decides.
        parameter: String,
        /// Why not.
        reason: &'static str,
    },
}

impl DatabaseAddress {
    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl From<PathBuf> for DatabaseAddress {
    fn from(path: PathBuf) -> Self {
        DatabaseAddress { path }
    }
}

impl From<&Path> for DatabaseAddress {
    fn from(path: &Path) -> Self {
        DatabaseAddress { path: path.into() }
    }
}

impl fmt::Display for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

impl FromStr for DatabaseAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let path = match text.split_once(':') {
            Some(("sqlite" | "sqlite3", rest)) => from_url(rest)?,
            Some(("file", rest)) if rest.starts_with("//") => {
                return Err(AddressError::OtherForm { form: "file://" });
            }
            Some((scheme, rest)) if rest.starts_with("//") && is_scheme(scheme) => {
                let scheme = scheme.to_owned();
                return Err(AddressError::OtherScheme { scheme });
            }
            _ => PathBuf::from(text),
        };
        if path.as_os_str().is_empty() {
            return Err(AddressError::Empty);
        }
        if path == Path::new(":memory:") {
            return Err(AddressError::InMemory);
        }
        Ok(DatabaseAddress { path })
    }
}

/// What follows `sqlite:`.
fn from_url(rest: &str) -> Result<PathBuf, AddressError> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    for parameter in query.split('&') {
        check_parameter(parameter)?;
    }
    Ok(percent_decoded(path.strip_prefix("//").unwrap_or(path)))
}

/// Rails' pool and timeouts, and `mode=ro|rw|rwc`, change nothing here: the database is opened for reading and never
/// created. What would change WHAT is read is refused instead of passed over.
fn check_parameter(parameter: &str) -> Result<(), AddressError> {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let reason = match (name, value) {
        ("mode", "memory") => return Err(AddressError::InMemory),
        ("immutable", value) if !matches!(value, "0" | "false" | "no" | "off") => {
            "it ignores the write-ahead log and reads wrong data while the application writes"
        }
        ("vfs", _) => "this program knows SQLite's own way to read files only",
        ("nolock", value) if !matches!(value, "0" | "false" | "no" | "off") => {
            "without locks a read beside a writer is a mixture of old and new pages"
        }
        _ => return Ok(()),
    };
    let parameter = parameter.to_owned();
    Err(AddressError::Parameter { parameter, reason })
}

/// A URL's scheme: a letter, then letters, digits, `+`, `-`, `.`; not a Windows drive.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// `%D8%BA` as the byte it stands for; a `%` that begins no such pair stays.
fn percent_decoded(text: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(OsString::from_vec(percent_decode_str(text).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> String {
        text.parse::<DatabaseAddress>().unwrap().to_string()
    }

    #[test]
    fn every_spelling_of_an_address_is_a_path() {
        for (given, expected) in [
            ("storage/production.sqlite3", "storage/production.sqlite3"),
            (
                "/rails/storage/production.sqlite3",
                "/rails/storage/production.sqlite3",
            ),
            ("  storage/p.sqlite3\n", "storage/p.sqlite3"),
            ("sqlite:storage/p.sqlite3", "storage/p.sqlite3"),
            ("sqlite://storage/p.sqlite3", "storage/p.sqlite3"),
            ("sqlite:///rails/p.sqlite3", "/rails/p.sqlite3"),
            ("sqlite:/rails/p.sqlite3", "/rails/p.sqlite3"),
            (
                "sqlite3:storage/p.sqlite3?pool=5&timeout=5000",
                "storage/p.sqlite3",
            ),
            ("sqlite3:///rails/p.sqlite3?pool=5", "/rails/p.sqlite3"),
            ("sqlite://p.sqlite3?mode=ro", "p.sqlite3"),
            ("sqlite://p.sqlite3?mode=rwc&immutable=0", "p.sqlite3"),
            ("sqlite:a%20b%3Fc.db", "a b?c.db"),
            ("sqlite:%D8%BA%D8%B2%D8%A9.db", "غزة.db"),
            ("sqlite:100%.db", "100%.db"),
            ("sqlite:100%zz.db", "100%zz.db"),
        ] {
            assert_eq!(path(given), expected, "{given}");
        }
    }

    #[test]
    fn a_plain_path_is_taken_as_it_stands() {
        for name in [
            "file:x.db",
            "file:x.db?mode=rwc",
            "a?b.db",
            "a%20b.db",
            "./sqlite:x.db",
            "c:x.db",
        ] {
            assert_eq!(path(name), name);
        }
    }

    #[test]
    fn what_would_read_something_else_is_refused() {
        let refused = |text: &str| text.parse::<DatabaseAddress>().unwrap_err();
        for empty in ["", "  ", "sqlite:", "sqlite3://", "sqlite:?pool=5"] {
            assert_eq!(refused(empty), AddressError::Empty, "{empty}");
        }
        for memory in [
            ":memory:",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite3:x?mode=memory",
        ] {
            assert_eq!(refused(memory), AddressError::InMemory, "{memory}");
        }
        for parameter in [
            "immutable=1",
            "immutable=true",
            "immutable",
            "vfs=unix-none",
            "nolock=1",
        ] {
            let error = refused(&format!("sqlite:x.db?pool=5&{parameter}"));
            assert!(
                matches!(error, AddressError::Parameter { .. }),
                "{parameter}: {error:?}"
            );
        }
    }

    #[test]
    fn the_password_of_another_database_is_not_repeated() {
        let error = "postgres://bisan:geheim@db/bisan"
            .parse::<DatabaseAddress>()
            .unwrap_err();
        assert_eq!(
            error,
            AddressError::OtherScheme {
                scheme: "postgres".into()
            }
        );
        assert!(!error.to_string().contains("geheim"));
    }
}
