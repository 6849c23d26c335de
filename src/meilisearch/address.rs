//! The address of the server.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;
use url::{Host, Url};

use crate::error::{CommandError, USAGE};

/// The address of a Meilisearch: `http` or `https`, with the sub-path of a proxy kept.
///
/// It never holds a password, so it may be printed. An address with one would show it in every error of every request.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    url: Arc<Url>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum AddressError {
    #[error("the address of Meilisearch is empty. Give it like http://localhost:7700")]
    Empty,
    #[error(
        "`{0}` is no address of a Meilisearch: write it with http:// or https:// in front, like http://localhost:7700"
    )]
    NoScheme(String),
    #[error("`{0}` is no address of a Meilisearch ({1}). Write it like http://localhost:7700")]
    NotAUrl(String, String),
    /// Shows nothing of the address, since a password is in it.
    #[error(
        "the address of Meilisearch holds a user name or a password, which would show in logs. \
         Leave it out: the API key has its own option"
    )]
    Userinfo,
    #[error(
        "`{0}` has a `?` or `#` part: an address of Meilisearch ends with its path. Leave that part out"
    )]
    QueryOrFragment(String),
}

impl CommandError for AddressError {
    fn exit_code(&self) -> u8 {
        USAGE
    }
}

impl Address {
    /// The address without a slash at its end, so that a path can be put behind it.
    pub fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The last part of its path, where that is the name of a route of Meilisearch's API.
    pub(super) fn route(&self) -> Option<&str> {
        const ROUTES: [&str; 11] = [
            "/batches",
            "/dumps",
            "/experimental-features",
            "/indexes",
            "/keys",
            "/metrics",
            "/multi-search",
            "/network",
            "/stats",
            "/tasks",
            "/version",
        ];
        let path = self.url.path().trim_end_matches('/');
        let last = &path[path.rfind('/')?..];
        ROUTES.contains(&last).then_some(last)
    }

    /// What a server is called that was given no name: `search.example.org:443`.
    pub fn host_and_port(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// On this machine. Such an address is never asked through a proxy.
    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }

    /// On this machine or in its network: a private address, or a name that only a local network knows
    /// (`meilisearch`, as in docker-compose; `search.internal`).
    pub fn is_private(&self) -> bool {
        self.is_loopback()
            || match self.url.host() {
                Some(Host::Domain(name)) => {
                    !name.contains('.') || name.ends_with(".local") || name.ends_with(".internal")
                }
                Some(Host::Ipv4(ip)) => private(IpAddr::V4(ip)),
                Some(Host::Ipv6(ip)) => private(IpAddr::V6(ip)),
                None => false,
            }
    }

    /// The key would cross a public network in the clear.
    pub fn sends_key_in_clear(&self) -> bool {
        self.url.scheme() == "http" && !self.is_private()
    }

    /// Whether no connection to it is encrypted. One to another machine may go through a proxy that is spoken to by TLS.
    pub fn never_speaks_tls(&self) -> bool {
        self.url.scheme() == "http" && self.is_loopback()
    }
}

fn private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.contains('@') {
            return Err(AddressError::Userinfo);
        }
        let url = match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url,
            Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase) => {
                return Err(AddressError::NoScheme(text.to_owned()));
            }
            Err(error) => return Err(AddressError::NotAUrl(text.to_owned(), error.to_string())),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::QueryOrFragment(text.to_owned()));
        }
        Ok(Address { url: Arc::new(url) })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn a_sub_path_is_kept_and_slashes_at_the_end_are_not() {
        assert_eq!(
            address("http://localhost:7700/").as_str(),
            "http://localhost:7700"
        );
        assert_eq!(
            address(" https://example.org/search// ").as_str(),
            "https://example.org/search"
        );
    }

    #[test]
    fn a_route_of_the_api_is_known() {
        assert_eq!(address("http://a:7700/indexes/").route(), Some("/indexes"));
        assert_eq!(address("http://a/search/tasks").route(), Some("/tasks"));
        for other in ["http://a", "http://indexes", "http://a/search"] {
            assert_eq!(address(other).route(), None, "{other}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_refused_without_showing_it() {
        let error = "https://me:secret@example.org"
            .parse::<Address>()
            .unwrap_err();
        assert_eq!(error, AddressError::Userinfo);
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn what_is_no_address_is_told_with_the_right_form() {
        for text in ["localhost:7700", "127.0.0.1:7700", "ftp://a", "meilisearch"] {
            assert!(
                matches!(text.parse::<Address>(), Err(AddressError::NoScheme(_))),
                "{text}"
            );
        }
        assert_eq!("  ".parse::<Address>().unwrap_err(), AddressError::Empty);
        assert!(matches!(
            "http://".parse::<Address>(),
            Err(AddressError::NotAUrl(..))
        ));
        assert!(matches!(
            "http://a/?b=1".parse::<Address>(),
            Err(AddressError::QueryOrFragment(_))
        ));
    }

    #[test]
    fn only_a_public_network_may_not_see_the_key() {
        for text in [
            "http://localhost:7700",
            "http://127.0.0.1",
            "http://[::1]:7700",
            "http://search.localhost",
        ] {
            assert!(address(text).is_loopback(), "{text}");
        }
        for text in [
            "http://meilisearch:7700",
            "http://10.1.2.3",
            "http://192.168.0.4",
            "http://[fd00::1]",
        ] {
            assert!(!address(text).is_loopback(), "{text}");
            assert!(!address(text).sends_key_in_clear(), "{text}");
        }
        assert!(address("http://search.example.org").sends_key_in_clear());
        assert!(address("http://8.8.8.8").sends_key_in_clear());
        assert!(!address("https://search.example.org").sends_key_in_clear());
    }
}
