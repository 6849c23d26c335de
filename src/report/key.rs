//! What a key needs.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::KeyHolder;
use crate::meilisearch::keys::MadeKey;
use crate::report::page::Page;

/// From an open server to keys with no more rights than needed, so that nobody is refused in between.
pub const STEPS_TO_A_MASTER_KEY: [&str; 6] = [
    "Close the server's port to the world (a firewall, or no published port): until step 4 everybody can write to it",
    "Make a master key of at least 16 bytes, as with: openssl rand -hex 32",
    "Give it to the application and to this program as MEILISEARCH_API_KEY, and restart both. An open server takes any key, \
     so nothing changes yet; what sends none is refused from the next step on",
    "Restart Meilisearch with MEILI_MASTER_KEY set to it. Searches fail for as long as it starts, some seconds; where that is \
     too long, start a second Meilisearch with the master key and an empty folder, `bisan-indexer reindex` into it, \
     and point the application there",
    "With the master key, `bisan-indexer key --create > indexer.key`, and `--for application` (or `--for rails`) for the application",
    "Give each its own key in the master key's place, and restart it. The master key stays with Meilisearch alone; \
     changing it changes every key",
];

/// One right, by Meilisearch's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Right {
    /// As it stands in a key.
    pub action: &'static str,
    /// What it is needed for.
    pub why: &'static str,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was made.
    Told,
    /// The key was made.
    Created,
}

/// How the server knows its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// It has no master key.
    Open,
    /// It has one.
    Guarded,
    /// It did not answer.
    Unknown,
}

/// What a key needs, and the key where it was made.
#[derive(Clone, Debug, Serialize)]
pub struct KeyReport {
    /// How it ended.
    pub outcome: Outcome,
    /// Whose key it is.
    #[serde(rename = "for")]
    pub holder: &'static str,
    /// What it may do.
    pub actions: Vec<Right>,
    /// To what.
    pub indexes: Vec<String>,
    /// From when on it is refused.
    pub expires_at: Option<String>,
    /// How the server knows its callers.
    pub server: ServerState,
    /// What a person should know about such a key.
    pub notes: &'static [&'static str],
    /// What to do on a server without a master key, in this order.
    pub steps: &'static [&'static str],
    /// The name of the new key on the server.
    pub key_uid: Option<String>,
    /// The new key: a secret.
    pub key: Option<String>,
}

impl KeyReport {
    /// Of a key that is not made.
    pub fn new(
        holder: KeyHolder,
        (actions, indexes): (Vec<Right>, Vec<String>),
        expires_at: Option<Timestamp>,
        server: ServerState,
    ) -> Self {
        Self {
            outcome: Outcome::Told,
            holder: match holder {
                KeyHolder::Indexer => "indexer",
                KeyHolder::Application => "application",
                KeyHolder::Rails => "rails",
            },
            actions,
            indexes,
            expires_at: expires_at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            server,
            notes: notes(holder),
            steps: match server {
                ServerState::Open => &STEPS_TO_A_MASTER_KEY,
                ServerState::Guarded | ServerState::Unknown => &[],
            },
            key_uid: None,
            key: None,
        }
    }

    /// The same of the key that was made.
    pub fn made(self, made: MadeKey) -> Self {
        Self {
            outcome: Outcome::Created,
            key_uid: Some(made.uid),
            key: Some(made.key),
            ..self
        }
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut page = Page::default();
        page.line(format_args!(
            "A key for the {} needs",
            match self.holder {
                "rails" => "Rails application",
                holder => holder,
            }
        ));
        let rights = self.actions.iter();
        page.table(rights.map(|right| [right.action, right.why].map(str::to_owned)));
        page.line("for the indexes");
        self.indexes.iter().for_each(|index| page.note(index));
        self.notes.iter().for_each(|note| page.line(note));
        match self.server {
            ServerState::Open => {
                page.line(
                    "This server has no master key: everybody may do everything. In this order:",
                );
                page.line(numbered(self.steps));
            }
            ServerState::Guarded | ServerState::Unknown => page.line(format_args!(
                "With the master key in MEILISEARCH_API_KEY, `bisan-indexer key --create --for {}` makes it",
                self.holder
            )),
        }
        page.text()
    }
}

/// Lines with numbers before them.
pub fn numbered(steps: &[&str]) -> String {
    let lines = steps.iter().zip(1..);
    let lines: Vec<String> = lines
        .map(|(step, number)| format!("  {number}. {step}"))
        .collect();
    lines.join("\n")
}

fn notes(holder: KeyHolder) -> &'static [&'static str] {
    match holder {
        KeyHolder::Indexer => &[
            "A key for some indexes does not see the task of a swap. It need not: the swap is proven by the createdAt of what lies \
             under the live uid, and by a task that waits behind it",
            "Neither `version` nor any right over keys is needed; below 1.48.2 `version` is added when the key is made",
        ],
        KeyHolder::Application => &[
            "It searches and does nothing else. meilisearch-rails also creates indexes, sends settings, and writes records as they are \
             saved: for it, --for rails",
        ],
        KeyHolder::Rails => &[
            "Where the models say `auto_index: false, auto_remove: false, check_settings: false` and the indexes exist, search may be enough",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::expect_documented;

    #[test]
    fn the_report_is_documented_field_by_field() {
        let right = Right {
            action: "search",
            why: "searches",
        };
        let report = KeyReport::new(
            KeyHolder::Application,
            (vec![right], vec!["articles".to_owned()]),
            Some("2027-11-24T17:29:00Z".parse().unwrap()),
            ServerState::Guarded,
        );
        let report = report.made(MadeKey {
            key: "d0552b41d0552b41".to_owned(),
            uid: "6062abda-a5aa-4414-ac91-ecd7944c0f8d".to_owned(),
        });
        expect_documented("key", &report);
    }

    #[test]
    fn an_open_server_is_told_what_to_do_in_which_order() {
        let rights = (Vec::new(), vec!["articles".to_owned()]);
        let report = KeyReport::new(KeyHolder::Indexer, rights, None, ServerState::Open);
        let text = report.summary();
        let place = |words: &str| {
            text.find(words)
                .unwrap_or_else(|| panic!("{words}: {text}"))
        };
        assert!(place("Give it to the application") < place("Restart Meilisearch with"));
        assert!(place("Restart Meilisearch with") < place("key --create > indexer.key"));
    }
}
