//! One key: its name, its rights, its end. Its value is not here, since it follows from the uid and the master key.

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use time::OffsetDateTime;
use uuid::Uuid;

use super::action::{Action, covers};
use crate::like::{Feature, Like};

/// A key as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    pub name: Option<String>,
    pub description: Option<String>,
    pub uid: Uuid,
    /// Names of actions, see [`super::action`].
    pub actions: Vec<String>,
    /// Uids of indexes, or their beginnings with a star at the end.
    pub indexes: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl Key {
    /// Whether the key may do this at `now`, on whichever indexes it is good for.
    pub fn may(&self, action: Action, now: OffsetDateTime) -> bool {
        self.expires_at.is_none_or(|end| now < end)
            && self.actions.iter().any(|granted| covers(granted, action))
    }

    /// Whether it is good for every index.
    pub fn is_for_all_indexes(&self) -> bool {
        self.indexes.iter().any(|pattern| pattern == "*")
    }

    /// The value that a client sends: hexadecimal HMAC-SHA256 of the uid under the master key. Other master key,
    /// other values, as on the real server.
    pub fn value(&self, master_key: &str) -> String {
        value(self.uid, master_key)
    }

    /// The keys that a new server has.
    pub fn defaults(like: Like, now: OffsetDateTime) -> Vec<Key> {
        let mut keys = Vec::new();
        // Lists show the newest first, and there the search key stands above the admin's.
        let mut add = |name: &str, description: &str, actions: &[&str]| {
            let made = now + time::Duration::nanoseconds(keys.len() as i64);
            keys.push(Key {
                name: Some(format!("Default {name} API Key")),
                description: Some(description.to_owned()),
                uid: Uuid::new_v4(),
                actions: actions.iter().map(|action| (*action).to_owned()).collect(),
                indexes: vec!["*".to_owned()],
                expires_at: None,
                created_at: made,
                updated_at: made,
            });
        };
        if like.has(Feature::ChatKeys) {
            add(
                "Chat",
                "Use it to chat and search from the frontend",
                &["chatCompletions", "search"],
            );
        }
        if like.has(Feature::ReadOnlyKeys) {
            add(
                "Read-Only Admin",
                "Use it to read information across the whole database. Caution! Do not expose this key on a public frontend",
                &["*.get", "keys.get"],
            );
        }
        add(
            "Admin",
            "Use it for anything that is not a search operation. Caution! Do not expose it on a public frontend",
            &["*"],
        );
        add("Search", "Use it to search from the frontend", &["search"]);
        keys
    }
}

/// Whether `pattern` is a uid, the beginning of one with a star, or a star.
pub fn is_pattern(pattern: &str) -> bool {
    let stem = pattern.strip_suffix('*').unwrap_or(pattern);
    if stem.is_empty() {
        return pattern == "*";
    }
    stem.len() <= 400
        && stem
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Whether the index `uid` falls under `pattern`.
pub fn matches(pattern: &str, uid: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => uid.starts_with(beginning),
        None => pattern == uid,
    }
}

fn value(uid: Uuid, master_key: &str) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(master_key.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(uid.hyphenated().to_string().as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_the_real_server_derives() {
        // openssl: printf 6062abda-a5aa-4414-ac91-ecd7944c0f8d | openssl dgst -sha256 -hmac masterKey
        let uid = Uuid::parse_str("6062abda-a5aa-4414-ac91-ecd7944c0f8d").unwrap();
        assert_eq!(
            value(uid, "masterKey"),
            "0d030b69eea2dde1af6e6b714146c4dc942d4b2725c173e5d132c60aad9782f5"
        );
    }

    #[test]
    fn patterns_are_uids_or_beginnings() {
        for good in ["*", "articles", "articles*", "a-b_c*"] {
            assert!(is_pattern(good), "{good}");
        }
        for bad in ["", "**", "a*b", "a b", "مقالات"] {
            assert!(!is_pattern(bad), "{bad}");
        }
        assert!(matches("articles*", "articles_20261124"));
        assert!(matches("articles*", "articles"));
        assert!(!matches("articles", "articles_20261124"));
        assert!(matches("*", "anything"));
    }

    #[test]
    fn an_expired_key_may_nothing() {
        let now = OffsetDateTime::now_utc();
        let mut key = Key::defaults(Like::NEWEST, now).remove(2);
        assert!(key.may(Action::Version, now));
        key.expires_at = Some(now);
        assert!(!key.may(Action::Version, now));
    }
}
