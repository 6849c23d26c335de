//! What values look like: shares, times, sizes.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use bytesize::ByteSize;
use jiff::{SignedDuration, Span, SpanRelativeTo};
use tokio::net::TcpListener;

use crate::error::{Error, UsageError};
use crate::figures::counted;

/// A length of time: `90s`, `15m`, `1h 30m`, `2d` (of 24 hours each).
pub(super) fn time(text: &str) -> Result<SignedDuration, String> {
    let span: Result<Span, _> = text.trim().parse();
    let time = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    match time {
        Ok(time) if !time.is_negative() => Ok(time),
        _ => Err(format!(
            "`{text}` is no length of time: write one such as 500ms, 90s, 15min, 2h or 1d"
        )),
    }
}

pub(super) fn positive_time(text: &str) -> Result<SignedDuration, String> {
    let time = time(text)?;
    if time.is_positive() {
        Ok(time)
    } else {
        Err("a time above zero is needed".to_owned())
    }
}

/// A share in percent, written `20%` or `20`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent(f64);

impl Percent {
    /// The share as a number between 0 and 1.
    pub fn fraction(self) -> f64 {
        self.0 / 100.0
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number: f64 = text
            .trim()
            .trim_end_matches('%')
            .trim_end()
            .parse()
            .map_err(|_| format!("`{text}` is no share: write a percentage such as 20%"))?;
        if (0.0..=100.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("`{text}` is not between 0% and 100%"))
        }
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// How many of several servers something has to succeed at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Require {
    /// Every one.
    #[default]
    All,
    /// So many.
    Number(usize),
}

impl Require {
    /// How many that are, of so many servers.
    ///
    /// # Errors
    /// Where there are not that many.
    pub fn among(self, servers: usize) -> Result<usize, Error> {
        match self {
            Self::All => Ok(servers),
            Self::Number(number) if number <= servers => Ok(number),
            Self::Number(number) => Err(UsageError::error(format!(
                "--require {number}, and --meilisearch names {}",
                counted(servers as u64, "server", "servers")
            ))),
        }
    }
}

impl FromStr for Require {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "all" => Ok(Self::All),
            text => match text.parse() {
                Ok(number) if number > 0 => Ok(Self::Number(number)),
                _ => Err(format!("`{text}` is neither `all` nor a number of servers")),
            },
        }
    }
}

impl std::fmt::Display for Require {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// How much may be missing: a number, or a share of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowance {
    /// So many.
    Number(u64),
    /// Such a share.
    Share(Percent),
}

impl Allowance {
    /// Whether `some` of `all` are no more than that.
    pub fn allows(self, some: u64, all: u64) -> bool {
        match self {
            Self::Number(number) => some <= number,
            Self::Share(share) => some as f64 <= share.fraction() * all as f64,
        }
    }
}

impl FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().ends_with('%') {
            return text.parse().map(Self::Share);
        }
        let number = text.trim().parse();
        number.map(Self::Number).map_err(|_| {
            format!("`{text}` is neither a number of documents nor a share such as 1%")
        })
    }
}

impl std::fmt::Display for Allowance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

/// Where something listens: `127.0.0.1:9700`, `[::1]:9700`, `localhost:9700`; `:9700` is every address of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    host: String,
    port: u16,
}

impl ListenAddress {
    /// Opens it.
    ///
    /// # Errors
    /// Where it is taken, not this machine's, or a name that nobody knows.
    pub async fn bind(&self) -> std::io::Result<TcpListener> {
        if self.host.is_empty() {
            // Both kinds of addresses where the system has both.
            let everywhere = [
                SocketAddr::from((Ipv6Addr::UNSPECIFIED, self.port)),
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, self.port)),
            ];
            return TcpListener::bind(&everywhere[..]).await;
        }
        TcpListener::bind(self.to_string()).await
    }

    /// The same as somebody on this machine asks for it.
    pub fn from_here(&self) -> String {
        match self.host.as_str() {
            "" => format!("127.0.0.1:{}", self.port),
            _ => self.to_string(),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!(
                "`{text}` is no address to listen on: write host and port, as in 127.0.0.1:9700 or localhost:9700 (:9700 is \
                 every address of this machine)"
            )
        };
        let (host, port) = text.trim().rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let is_v6 = |host: &str| host.parse::<Ipv6Addr>().is_ok();
        let fits = match host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
        {
            Some(inner) => is_v6(inner),
            None => host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)),
        };
        if !fits {
            return Err(wrong());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

pub(super) fn uid_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, uid)) if !name.trim().is_empty() && !uid.trim().is_empty() => {
            Ok((name.trim().to_owned(), uid.trim().to_owned()))
        }
        _ => Err(format!("`{text}` is not NAME=UID, as in articles=Article")),
    }
}

/// The smallest batch: below it the requests cost more than what they carry.
const MIN_BATCH: ByteSize = ByteSize::kb(1);

pub(super) fn batch_size(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize = text
        .parse()
        .map_err(|_| format!("`{text}` is no size: write one such as 10MB"))?;
    if size < MIN_BATCH {
        return Err(format!("a batch has at least {MIN_BATCH}"));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage() {
        assert_eq!("20%".parse::<Percent>().unwrap().fraction(), 0.2);
        assert_eq!(" 7.5 ".parse::<Percent>().unwrap().fraction(), 0.075);
        assert_eq!("100%".parse::<Percent>().unwrap().fraction(), 1.0);
        for wrong in ["", "%", "twenty", "101%", "-1", "NaN"] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_may_be_missing_is_a_number_or_a_share() {
        let allows = |text: &str, some, all| text.parse::<Allowance>().unwrap().allows(some, all);
        assert!(allows("0", 0, 0) && allows("3", 3, 10) && !allows("3", 4, 10));
        assert!(allows("1%", 1, 100) && !allows("1%", 2, 100));
        assert!(allows("0%", 0, 0) && !allows("0%", 1, 1_000_000));
        for wrong in ["", "-1", "many", "1.5", "200%"] {
            assert!(wrong.parse::<Allowance>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_length_of_time_may_have_days() {
        assert_eq!(time("90s").unwrap().as_secs(), 90);
        assert_eq!(time("1h 30m").unwrap().as_secs(), 5_400);
        assert_eq!(time("2d").unwrap().as_secs(), 172_800);
        assert_eq!(time("0s").unwrap().as_secs(), 0);
        assert_eq!(time("500ms").unwrap().as_millis(), 500);
        for wrong in ["", "10", "-5m", "-1d", "soon", "1mo"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_live_uid_is_given_by_name() {
        assert_eq!(
            uid_pair("articles=Article").unwrap(),
            ("articles".into(), "Article".into())
        );
        assert!(uid_pair("articles").is_err());
        assert!(uid_pair("=Article").is_err());
    }

    #[tokio::test]
    async fn an_address_to_listen_on_is_a_host_and_a_port() {
        for text in ["127.0.0.1:0", "localhost:0", ":0", "0.0.0.0:0"] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            address.bind().await.unwrap();
        }
        assert_eq!(
            ":9700".parse::<ListenAddress>().unwrap().from_here(),
            "127.0.0.1:9700"
        );
        assert!("[::1]:9700".parse::<ListenAddress>().is_ok());
        for wrong in [
            "",
            "9700",
            "localhost",
            "localhost:http",
            "::1:9700",
            "a b:1",
            "http://a:1",
        ] {
            assert!(wrong.parse::<ListenAddress>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_batch_has_a_size() {
        assert_eq!(batch_size("10MB").unwrap(), ByteSize::mb(10));
        assert_eq!(batch_size("1MiB").unwrap(), ByteSize::mib(1));
        assert!(batch_size("10").is_err());
        assert!(batch_size("lots").is_err());
    }
}
