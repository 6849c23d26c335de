//! The servers of a command: one, or several that are to hold the same indexes.
//!
//! Each of several has a name, by which reports, log lines and metrics speak of it.

use std::path::{Path, PathBuf};

use futures::future::join_all;
use tracing::Span;

use crate::cli::{API_KEY, ServerOptions};
use crate::error::{CommandError, Error, USAGE};
use crate::meilisearch::{Address, ApiKey, Server, TaskUid};

/// A server, and what it is called.
#[derive(Clone, Debug)]
pub struct NamedServer {
    /// The name that was given to it, or its host and port.
    pub name: String,
    /// The server.
    pub server: Server,
}

impl NamedServer {
    /// What its log lines are written in, so that each says which server it is about. An error's level: a span that is
    /// filtered out would leave even errors without a name.
    pub fn span(&self) -> Span {
        tracing::error_span!("at", server = %self.name)
    }

    /// The same where there are several servers. A single one needs no name.
    pub fn span_if(&self, is_several: bool) -> Span {
        match is_several {
            true => self.span(),
            false => Span::none(),
        }
    }
}

/// Servers that cannot be told apart, or keys that belong to none.
#[derive(Debug, thiserror::Error)]
pub enum ServersError {
    /// Two have one name.
    #[error(
        "two servers are called `{name}`: give each a name of its own, as in --meilisearch a=http://host:7700"
    )]
    SameName {
        /// The name.
        name: String,
    },
    /// One is named twice: what is done at each would be done to it twice.
    #[error("{address} is given twice; name each server once")]
    SameAddress {
        /// Its address.
        address: String,
    },
    /// Two addresses lead to one server: a second swap there would undo the first.
    #[error(
        "{one} and {other} are one server: the newest task of both is {task}, enqueued {enqueued_at}; name each server once. \
         If one was made of the other's data, run `bisan-indexer reindex` on one of them alone, and they are told apart"
    )]
    SameServer {
        /// A server's name.
        one: String,
        /// The other's.
        other: String,
        /// The uid of the newest task.
        task: TaskUid,
        /// When it was enqueued, as the server says.
        enqueued_at: String,
    },
    /// A file with a key for a server that was not given.
    #[error("--api-key-file {given}: no server is called `{name}`; there are {}", .names.join(", "))]
    UnknownName {
        /// What was given.
        given: String,
        /// The name in front of it.
        name: String,
        /// Those that are.
        names: Vec<String>,
    },
    /// Two files with a key for the same server, or for all.
    #[error("--api-key-file: {} has two files; one server has one key", .name.as_deref().unwrap_or("the key for all servers"))]
    TwoKeys {
        /// Of which server; none for all.
        name: Option<String>,
    },
    /// More than one, for what can speak with one only.
    #[error(
        "{servers} servers are given, and `{command}` works with one at a time: name that one with --meilisearch"
    )]
    OneAtATime {
        /// How many.
        servers: usize,
        /// What cannot.
        command: String,
    },
}

impl CommandError for ServersError {
    fn exit_code(&self) -> u8 {
        USAGE
    }
}

/// All servers that were given, each with its key. Warns where a key would travel in the clear through a public network.
///
/// # Errors
/// An address or a key that cannot be read, or servers that cannot be told apart.
pub fn open(options: &ServerOptions) -> Result<Vec<NamedServer>, Error> {
    let mut given = Vec::with_capacity(options.addresses.len());
    for text in &options.addresses {
        let (name, address) = named(text);
        let address: Address = address.parse()?;
        let name = name.map_or_else(|| address.host_and_port(), str::to_owned);
        given.push((name, address));
    }
    tell_apart(&given)?;
    let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
    let files = KeyFiles::of(&options.api_key_file, &names)?;
    let mut servers = Vec::with_capacity(given.len());
    for (i, (name, address)) in given.iter().enumerate() {
        let key = match files.of_server(i) {
            Some(file) => Some(ApiKey::from_file(file)?),
            None => ApiKey::from_env(API_KEY)?,
        };
        if key.is_some() && address.sends_key_in_clear() {
            tracing::warn!(
                "the key for Meilisearch travels unencrypted to {address}, where anybody on the way can read it; use https"
            );
        }
        servers.push(NamedServer {
            name: name.clone(),
            server: Server::new(address.clone(), key)?,
        });
    }
    Ok(servers)
}

/// Refuses two addresses that lead to one server, where both can be asked for their newest task: uids are counted by each
/// server for itself, and times have nanoseconds.
///
/// # Errors
/// [`ServersError::SameServer`].
pub async fn refuse_twins(servers: &[NamedServer]) -> Result<(), Error> {
    if servers.len() < 2 {
        return Ok(());
    }
    let asked = servers.iter().map(async |at| {
        // One that cannot be asked is told of by whoever needs it, and is not waited for here: the others would wait too.
        at.server.health().await.ok()?;
        let newest = at.server.newest_task().await.ok().flatten()?;
        Some((&at.name, newest.uid, newest.enqueued_at?))
    });
    let newest: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
    for (i, (name, uid, enqueued_at)) in newest.iter().enumerate() {
        for (other, other_uid, other_at) in &newest[..i] {
            if uid == other_uid && enqueued_at == other_at {
                return Err(ServersError::SameServer {
                    one: (*other).clone(),
                    other: (*name).clone(),
                    task: *uid,
                    enqueued_at: enqueued_at.to_string(),
                }
                .into());
            }
        }
    }
    Ok(())
}

/// The name in front of what was given, if it has one: `a=http://host`.
fn named(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((name, rest)) if is_name(name.trim()) => (Some(name.trim()), rest),
        _ => (None, text),
    }
}

/// What can be a name, and cannot be the beginning of an address or of most paths.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty() && text.chars().all(fits)
}

fn tell_apart(given: &[(String, Address)]) -> Result<(), ServersError> {
    for (i, (name, address)) in given.iter().enumerate() {
        for (other, other_address) in &given[..i] {
            if address == other_address {
                return Err(ServersError::SameAddress {
                    address: address.to_string(),
                });
            }
            if name == other {
                return Err(ServersError::SameName { name: name.clone() });
            }
        }
    }
    Ok(())
}

/// The files of keys: one for all servers, and one each for some.
#[derive(Debug)]
struct KeyFiles {
    all: Option<PathBuf>,
    each: Vec<Option<PathBuf>>,
}

impl KeyFiles {
    fn of(given: &[PathBuf], names: &[&str]) -> Result<KeyFiles, ServersError> {
        let mut files = KeyFiles {
            all: None,
            each: vec![None; names.len()],
        };
        for file in listed(given, names.len() > 1) {
            let (owner, path) = match file.to_str().map(named) {
                Some((Some(name), path)) => match names.iter().position(|one| *one == name) {
                    Some(owner) => (Some(owner), PathBuf::from(path)),
                    // A path may have such a beginning, too.
                    None if names.len() == 1 || file.exists() => (None, file),
                    None => {
                        return Err(ServersError::UnknownName {
                            given: file.display().to_string(),
                            name: name.to_owned(),
                            names: names.iter().map(|name| (*name).to_owned()).collect(),
                        });
                    }
                },
                _ => (None, file),
            };
            let place = match owner {
                Some(owner) => &mut files.each[owner],
                None => &mut files.all,
            };
            if place.replace(path).is_some() {
                return Err(ServersError::TwoKeys {
                    name: owner.map(|owner| names[owner].to_owned()),
                });
            }
        }
        Ok(files)
    }

    fn of_server(&self, place: usize) -> Option<&Path> {
        self.each[place].as_deref().or(self.all.as_deref())
    }
}

/// Each file that was given. A variable can hold several only with commas between them; a path of a single server's key may
/// have a comma of its own.
fn listed(given: &[PathBuf], several: bool) -> Vec<PathBuf> {
    let parts = |file: &PathBuf| match file.to_str() {
        Some(text) if several => text.split(',').map(PathBuf::from).collect(),
        _ => vec![file.clone()],
    };
    given.iter().flat_map(parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(addresses: &[&str], files: &[&str]) -> ServerOptions {
        ServerOptions {
            addresses: addresses.iter().map(|text| (*text).to_owned()).collect(),
            api_key_file: files.iter().map(PathBuf::from).collect(),
        }
    }

    fn names(addresses: &[&str]) -> Vec<String> {
        let servers = open(&options(addresses, &[])).unwrap();
        servers.into_iter().map(|one| one.name).collect()
    }

    fn refused(addresses: &[&str], files: &[&str]) -> String {
        let error = open(&options(addresses, files)).unwrap_err();
        assert_eq!(error.exit_code(), USAGE);
        error.to_string()
    }

    #[test]
    fn a_server_is_called_as_it_was_named_or_by_host_and_port() {
        assert_eq!(
            names(&[
                "a=http://one:7700",
                "http://two:7701/search/",
                "https://three"
            ]),
            ["a", "two:7701", "three:443"]
        );
        assert_eq!(names(&["http://h/a=b"]), ["h:80"], "a path is no name");
    }

    #[test]
    fn servers_that_cannot_be_told_apart_are_refused() {
        assert!(refused(&["http://a:1", "b=http://a:1/"], &[]).contains("given twice"));
        assert!(refused(&["a=http://a:1", "a=http://b:1"], &[]).contains("called `a`"));
        assert!(refused(&["http://a:1/x", "http://a:1/y"], &[]).contains("called `a:1`"));
    }

    #[test]
    fn a_password_in_what_was_given_is_not_shown() {
        for text in ["a=http://me:secret@b", "secret=x@b", "http://a:secret=1@b"] {
            let said = refused(&["http://c", text], &[]);
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn a_file_with_a_key_is_for_all_or_for_the_server_whose_name_it_has() {
        let of = |files: &[&str], names: &[&str]| {
            let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
            let files = KeyFiles::of(&files, names).map_err(|error| error.to_string())?;
            let paths = (0..names.len()).map(|i| files.of_server(i).map(Path::to_owned));
            Ok::<_, String>(paths.collect::<Vec<_>>())
        };
        let some = |path: &str| Some(PathBuf::from(path));
        assert_eq!(of(&["/key"], &["a", "b"]), Ok(vec![some("/key"); 2]));
        assert_eq!(
            of(&["/key,b=/other"], &["a", "b"]),
            Ok(vec![some("/key"), some("/other")])
        );
        assert_eq!(
            of(&["b=/other"], &["a", "b"]),
            Ok(vec![None, some("/other")])
        );
        assert_eq!(of(&["a=/k,e,y"], &["a"]), Ok(vec![some("/k,e,y")]));
        assert_eq!(
            of(&["c=/key"], &["a"]),
            Ok(vec![some("c=/key")]),
            "a path of a single server's"
        );
        assert!(
            of(&["c=/nowhere"], &["a", "b"])
                .unwrap_err()
                .contains("there are a, b")
        );
        assert!(
            of(&["/one", "/two"], &["a", "b"])
                .unwrap_err()
                .contains("two files")
        );
        assert!(
            of(&["a=/one", "a=/two"], &["a", "b"])
                .unwrap_err()
                .contains("a has two")
        );
    }
}
