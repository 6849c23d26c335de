//! The API key, which is never printed or logged.

use std::path::Path;
use std::{env, fmt, fs, io};

use thiserror::Error;

use crate::error::{CommandError, USAGE};

/// An API key. It comes from the environment or from a file, never from an argument (a process list shows those), and no
/// log, error or report shows it: `Debug` hides it and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

#[derive(Debug, Error)]
pub enum ApiKeyError {
    #[error(
        "the API key in {from} holds a control character (a line end in its middle, say), which no key has. Write it anew"
    )]
    ControlCharacter { from: String },
    #[error("the API key in {from} is not valid UTF-8. Write it anew")]
    NotUtf8 { from: String },
    #[error("{from} is empty. Put the key into it, or leave it out for a server without keys")]
    Empty { from: String },
    #[error(
        "the API key's file {path} can't be read ({source}). Check the path and its permissions"
    )]
    File { path: String, source: io::Error },
}

impl CommandError for ApiKeyError {
    fn exit_code(&self) -> u8 {
        USAGE
    }
}

impl ApiKey {
    /// The key of an environment variable; none if it isn't set or is empty, as an unset variable of a compose file is.
    pub fn from_env(variable: &str) -> Result<Option<ApiKey>, ApiKeyError> {
        let from = || format!("${variable}");
        match env::var(variable) {
            Ok(text) if text.trim().is_empty() => Ok(None),
            Ok(text) => ApiKey::read(&text, from()).map(Some),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => Err(ApiKeyError::NotUtf8 { from: from() }),
        }
    }

    /// The key in a file, as secrets are mounted into containers. An empty file is an error: a key was intended.
    pub fn from_file(path: &Path) -> Result<ApiKey, ApiKeyError> {
        let from = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => ApiKey::read(&text, from),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(ApiKeyError::NotUtf8 { from })
            }
            Err(source) => Err(ApiKeyError::File { path: from, source }),
        }
    }

    /// White space around a key is a line end of its file, not a part of it.
    fn read(text: &str, from: String) -> Result<ApiKey, ApiKeyError> {
        let key = text.trim();
        if key.is_empty() {
            return Err(ApiKeyError::Empty { from });
        }
        if key.chars().any(char::is_control) {
            return Err(ApiKeyError::ControlCharacter { from });
        }
        Ok(ApiKey(key.to_owned()))
    }

    /// A compose file that says `KEY: "'abc'"` makes the quotes a part of the key. Worth a hint when the server refuses it.
    pub fn looks_quoted(&self) -> bool {
        let (first, last) = (self.0.chars().next(), self.0.chars().next_back());
        self.0.len() > 1 && first == last && matches!(first, Some('"' | '\'' | '`'))
    }

    /// The same text without the key, for what others say.
    pub(super) fn hide_in(&self, text: &str) -> String {
        text.replace(&self.0, "***")
    }

    /// For the header of a request, and for nothing else.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

#[cfg(test)]
impl ApiKey {
    pub(super) fn of(text: &str) -> ApiKey {
        ApiKey::read(text, "a test".to_owned()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_shows() {
        assert_eq!(format!("{:?}", ApiKey::of("secret")), "ApiKey(***)");
    }

    #[test]
    fn a_line_end_around_it_is_no_part_of_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "  abc \r\n").unwrap();
        assert_eq!(ApiKey::from_file(file.path()).unwrap().expose(), "abc");
    }

    #[test]
    fn what_can_be_no_key_is_refused_without_showing_it() {
        let error = ApiKey::read("abc\ndef", "$KEY".to_owned())
            .unwrap_err()
            .to_string();
        assert!(error.contains("$KEY") && !error.contains("abc"), "{error}");
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(
            ApiKey::from_file(file.path()),
            Err(ApiKeyError::Empty { .. })
        ));
        let missing = ApiKey::from_file(Path::new("/nowhere/key"))
            .unwrap_err()
            .to_string();
        assert!(missing.contains("/nowhere/key"), "{missing}");
    }

    #[test]
    fn a_variable_that_is_not_set_is_no_key() {
        assert_eq!(
            ApiKey::from_env("BISAN_INDEXER_TEST_NO_SUCH_VARIABLE").unwrap(),
            None
        );
    }

    #[test]
    fn quotes_around_a_key_are_noticed() {
        assert!(ApiKey::of("\"abc\"").looks_quoted());
        assert!(ApiKey::of("'abc'").looks_quoted());
        assert!(!ApiKey::of("abc").looks_quoted());
        assert!(!ApiKey::of("'").looks_quoted());
    }
}
