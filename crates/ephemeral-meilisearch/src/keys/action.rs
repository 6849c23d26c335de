//! What a key can be allowed to do, and how the names in a key spread over single actions.

use crate::like::{Feature, Like};

/// What a request wants to do, by the names that keys use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Search,
    DocumentsAdd,
    DocumentsGet,
    DocumentsDelete,
    IndexesCreate,
    IndexesGet,
    IndexesUpdate,
    IndexesDelete,
    IndexesSwap,
    TasksGet,
    TasksCancel,
    TasksDelete,
    SettingsGet,
    SettingsUpdate,
    StatsGet,
    Version,
    KeysGet,
    KeysCreate,
    KeysUpdate,
    KeysDelete,
}

impl Action {
    /// The name inside a key.
    pub fn name(self) -> &'static str {
        match self {
            Action::Search => "search",
            Action::DocumentsAdd => "documents.add",
            Action::DocumentsGet => "documents.get",
            Action::DocumentsDelete => "documents.delete",
            Action::IndexesCreate => "indexes.create",
            Action::IndexesGet => "indexes.get",
            Action::IndexesUpdate => "indexes.update",
            Action::IndexesDelete => "indexes.delete",
            Action::IndexesSwap => "indexes.swap",
            Action::TasksGet => "tasks.get",
            Action::TasksCancel => "tasks.cancel",
            Action::TasksDelete => "tasks.delete",
            Action::SettingsGet => "settings.get",
            Action::SettingsUpdate => "settings.update",
            Action::StatsGet => "stats.get",
            Action::Version => "version",
            Action::KeysGet => "keys.get",
            Action::KeysCreate => "keys.create",
            Action::KeysUpdate => "keys.update",
            Action::KeysDelete => "keys.delete",
        }
    }

    /// Whether the action is about the keys themselves, which are closed on a server without a master key.
    pub fn is_about_keys(self) -> bool {
        self.name().starts_with("keys.")
    }

    /// Whether a route can do this for a key that is limited to some indexes without naming one of them: it looks
    /// at each index itself, as a list or a swap does.
    pub fn is_sorted_out_by_its_route(self) -> bool {
        matches!(
            self,
            Action::Search
                | Action::DocumentsGet
                | Action::IndexesCreate
                | Action::IndexesGet
                | Action::IndexesSwap
                | Action::TasksGet
                | Action::TasksCancel
                | Action::TasksDelete
                | Action::SettingsGet
                | Action::StatsGet
        )
    }
}

/// Whether `granted`, a name in a key, covers `action`.
pub fn covers(granted: &str, action: Action) -> bool {
    match granted {
        "*" => true,
        // Reading keys would hand out their values, and with them every right.
        "*.get" => {
            !action.is_about_keys()
                && (action.name().ends_with(".get")
                    || matches!(action, Action::Search | Action::Version))
        }
        name => match name.strip_suffix(".*") {
            Some(group) => action.name().split('.').next() == Some(group),
            None => name == action.name(),
        },
    }
}

/// Whether `name` concerns the server as a whole, so that newer servers refuse it to a key limited to some indexes.
pub fn is_global(name: &str) -> bool {
    const GROUPS: [&str; 10] = [
        "metrics",
        "dumps",
        "snapshots",
        "keys",
        "experimental",
        "network",
        "chats",
        "chatsSettings",
        "webhooks",
        "dynamicSearchRules",
    ];
    matches!(name, "version" | "export" | "tasks.compact")
        || name
            .split_once('.')
            .is_some_and(|(group, _)| GROUPS.contains(&group))
}

/// Every name that a key may hold on this version, in the order in which a refusal lists them.
pub fn known_names(like: Like) -> Vec<&'static str> {
    NAMES
        .iter()
        .filter(|(_, since)| since.is_none_or(|feature| like.has(feature)))
        .map(|(name, _)| *name)
        .collect()
}

/// The names, each with what brought it; `None` is as old as 1.5.
const NAMES: &[(&str, Option<Feature>)] = &[
    ("*", None),
    ("search", None),
    ("documents.*", None),
    ("documents.add", None),
    ("documents.get", None),
    ("documents.delete", None),
    ("indexes.*", None),
    ("indexes.create", None),
    ("indexes.get", None),
    ("indexes.update", None),
    ("indexes.delete", None),
    ("indexes.swap", None),
    ("tasks.*", None),
    ("tasks.cancel", None),
    ("tasks.delete", None),
    ("tasks.get", None),
    ("settings.*", None),
    ("settings.get", None),
    ("settings.update", None),
    ("stats.*", None),
    ("stats.get", None),
    ("metrics.*", None),
    ("metrics.get", None),
    ("dumps.*", None),
    ("dumps.create", None),
    ("snapshots.*", None),
    ("snapshots.create", None),
    ("version", None),
    ("keys.create", None),
    ("keys.get", None),
    ("keys.update", None),
    ("keys.delete", None),
    ("experimental.get", None),
    ("experimental.update", None),
    ("export", Some(Feature::ReadOnlyKeys)),
    ("network.get", Some(Feature::NetworkActions)),
    ("network.update", Some(Feature::NetworkActions)),
    ("chatCompletions", Some(Feature::ChatKeys)),
    ("chats.*", Some(Feature::ChatKeys)),
    ("chats.get", Some(Feature::ChatKeys)),
    ("chats.delete", Some(Feature::ChatKeys)),
    ("chatsSettings.*", Some(Feature::ChatKeys)),
    ("chatsSettings.get", Some(Feature::ChatKeys)),
    ("chatsSettings.update", Some(Feature::ChatKeys)),
    ("*.get", Some(Feature::ReadOnlyKeys)),
    ("webhooks.get", Some(Feature::WebhookActions)),
    ("webhooks.update", Some(Feature::WebhookActions)),
    ("webhooks.delete", Some(Feature::WebhookActions)),
    ("webhooks.create", Some(Feature::WebhookActions)),
    ("webhooks.*", Some(Feature::WebhookActions)),
    ("indexes.compact", Some(Feature::CompactAction)),
    ("fields.post", Some(Feature::FieldsAction)),
    ("tasks.compact", Some(Feature::CompactTasksAction)),
    ("dynamicSearchRules.get", Some(Feature::SearchRulesActions)),
    (
        "dynamicSearchRules.create",
        Some(Feature::SearchRulesActions),
    ),
    (
        "dynamicSearchRules.update",
        Some(Feature::SearchRulesActions),
    ),
    (
        "dynamicSearchRules.delete",
        Some(Feature::SearchRulesActions),
    ),
    ("dynamicSearchRules.*", Some(Feature::SearchRulesActions)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_covers_its_group_and_no_other() {
        assert!(covers("documents.*", Action::DocumentsDelete));
        assert!(!covers("documents.*", Action::IndexesDelete));
        assert!(covers("*", Action::KeysDelete));
        assert!(!covers("documents.add", Action::DocumentsGet));
    }

    #[test]
    fn all_reading_does_not_include_reading_keys() {
        assert!(covers("*.get", Action::TasksGet));
        assert!(covers("*.get", Action::Search));
        assert!(covers("*.get", Action::Version));
        assert!(!covers("*.get", Action::KeysGet));
        assert!(!covers("*.get", Action::SettingsUpdate));
    }

    #[test]
    fn every_action_can_be_put_in_a_key() {
        let names = known_names(Like::NEWEST);
        for action in [Action::Search, Action::IndexesSwap, Action::Version] {
            assert!(names.contains(&action.name()));
        }
        let old: Like = "1.5".parse().unwrap();
        assert!(!known_names(old).contains(&"*.get"));
    }
}
