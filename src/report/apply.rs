//! What `apply` found and did.

use serde::{Deserialize, Serialize};

use crate::document::ids::IdList;
use crate::error::Error;
use crate::figures::{documents, grouped, listed, size};
use crate::meilisearch::Task;
use crate::meilisearch::settings::Difference;
use crate::prepared::Prepared;
use crate::report::page::Page;
use crate::report::reindex::ReindexReport;
use crate::report::sync::SyncReport;
use crate::sync::Plan;
use crate::terminal::style;

/// Ids that a plan names of each kind; the counts are of all.
const FIRST_IDS: usize = 10;

/// What is to be done, the cheapest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Every live index is what its definition and the database say.
    #[default]
    Nothing,
    /// Documents differ.
    Sync,
    /// Settings differ by keys that can be changed in place; documents that differ are sent, too.
    Settings,
    /// A definition changed, or a live index cannot be followed.
    Reindex,
}

/// What `apply` found and did.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApplyReport {
    /// The way that was chosen for all indexes: the dearest that one of them needs.
    pub way: Action,
    /// Whether it was done; false for `--dry-run`, and where nothing was to be done.
    pub done: bool,
    /// What each index needs, and why.
    pub indexes: Vec<IndexPlan>,
    /// What a sync did; null where there was none.
    pub sync: Option<SyncReport>,
    /// What a reindex did; null where there was none.
    pub reindex: Option<ReindexReport>,
}

/// What one index needs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct IndexPlan {
    /// The definition's name.
    pub index: String,
    /// The uid that the application searches.
    pub live_uid: String,
    /// What it needs.
    pub way: Action,
    /// Why.
    pub reasons: Vec<String>,
    /// Settings that differ, key by key.
    pub settings: Vec<Difference>,
    /// Settings that the definition does not mention, set by hand perhaps, which this way resets.
    pub lost_settings: Vec<String>,
    /// Settings that another program sent to the live index since it went live, the newest first.
    pub other_writers: Vec<OtherWriter>,
    /// Documents that differ; null if they were not compared, because a rebuild sends all of them.
    pub documents: Option<Documents>,
    /// How many documents this way sends; null if they were not compared.
    pub documents_to_send: Option<u64>,
    /// How many bytes of NDJSON; null if they were not compared.
    pub bytes_to_send: Option<u64>,
}

/// Documents that differ.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Documents {
    /// In the database only.
    pub add: u64,
    /// On both sides, with another field.
    pub change: u64,
    /// In the index only.
    pub delete: u64,
    /// The first ids of each.
    pub first_added: Vec<String>,
    /// The first ids of each.
    pub first_changed: Vec<String>,
    /// The first ids of each.
    pub first_deleted: Vec<String>,
}

/// Settings that another program sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OtherWriter {
    /// Its task.
    pub task: u64,
    /// When.
    pub enqueued_at: Option<String>,
    /// Which settings.
    pub keys: Vec<String>,
}

impl OtherWriter {
    /// Whoever sent this task.
    pub fn new(task: &Task) -> Self {
        let keys = task.details.as_object();
        Self {
            task: task.uid,
            enqueued_at: task.enqueued_at.clone(),
            keys: keys.map_or_else(Vec::new, |keys| keys.keys().cloned().collect()),
        }
    }
}

impl Documents {
    /// Those of a plan.
    pub fn new(plan: &Plan) -> Result<Self, Error> {
        let first = |ids: &IdList| {
            let ids = ids.first(FIRST_IDS)?;
            Ok::<_, Error>(ids.iter().map(ToString::to_string).collect())
        };
        Ok(Self {
            add: plan.missing.len(),
            change: plan.different.len(),
            delete: plan.gone.len(),
            first_added: first(&plan.missing)?,
            first_changed: first(&plan.different)?,
            first_deleted: first(&plan.gone)?,
        })
    }

    fn all(&self) -> u64 {
        self.add + self.change + self.delete
    }

    /// `2 to add (7 9), 1 to delete (3)`; nothing where nothing differs.
    fn words(&self) -> Option<String> {
        let kinds = [
            (self.add, "add", &self.first_added),
            (self.change, "change", &self.first_changed),
            (self.delete, "delete", &self.first_deleted),
        ];
        let words = listed(kinds.iter().filter(|(count, ..)| *count > 0).map(
            |(count, what, ids)| {
                let more = if *count > ids.len() as u64 {
                    " …"
                } else {
                    ""
                };
                let ids = match ids.is_empty() {
                    true => String::new(),
                    false => format!(" (id {}{more})", ids.join(" ")),
                };
                format!("{} to {what}{ids}", grouped(*count))
            },
        ));
        Some(words).filter(|words| !words.is_empty())
    }
}

impl IndexPlan {
    /// Nothing is due yet.
    pub fn new(index: &Prepared) -> Self {
        Self {
            index: index.definition.name.clone(),
            live_uid: index.definition.live_uid.clone(),
            ..Self::default()
        }
    }

    /// It has to be rebuilt, for this reason.
    pub fn rebuild(&mut self, reason: &str) {
        self.way = Action::Reindex;
        self.reasons.push(reason.to_owned());
    }

    /// The way and its reason in a line: `settings in place: synonyms`.
    fn head(&self) -> String {
        match self.way {
            Action::Nothing => "nothing to do".to_owned(),
            Action::Sync => {
                let differing = self.documents.as_ref().map_or(0, Documents::all);
                format!("sync: {}", documents(differing))
            }
            Action::Settings => {
                let changed = self.settings.iter().map(|difference| &difference.key);
                match listed(changed.chain(&self.lost_settings)) {
                    none if none.is_empty() => {
                        "settings in place: they are there already".to_owned()
                    }
                    keys => format!("settings in place: {keys}"),
                }
            }
            Action::Reindex => format!("reindex: {}", self.reasons.join("; ")),
        }
    }

    fn describe(&self, page: &mut Page) {
        let uid = style(&self.live_uid).bold();
        page.line(format_args!("{uid}  {}", self.head()));
        if self.way != Action::Reindex {
            self.reasons.iter().for_each(|reason| page.note(reason));
        }
        for difference in &self.settings {
            page.note(format_args!("settings: {difference}"));
        }
        if !self.lost_settings.is_empty() {
            page.note(format_args!(
                "settings that the definition does not mention get lost: {}; add them to {}/settings.json to keep them",
                listed(&self.lost_settings),
                self.index
            ));
        }
        if let Some(newest) = self.other_writers.first() {
            let when = newest.enqueued_at.as_deref();
            page.note(format_args!(
                "another program sends settings to this index: {} (task {}, {}); where that is meilisearch-rails, say \
                 `meilisearch check_settings: false` in the model, or it sends them again",
                listed(&newest.keys),
                newest.task,
                when.unwrap_or("at an unknown time")
            ));
        }
        if let Some(words) = self.documents.as_ref().and_then(Documents::words) {
            page.note(format_args!("documents: {words}"));
        }
        if let Some(number) = self.documents_to_send.filter(|number| *number > 0) {
            let bytes = self.bytes_to_send.map(|bytes| format!(", {}", size(bytes)));
            let bytes = bytes.unwrap_or_default();
            page.note(format_args!("to send: {}{bytes}", documents(number)));
        }
    }
}

impl ApplyReport {
    /// Of what each index needs. Nothing is done yet.
    pub fn new(indexes: Vec<IndexPlan>) -> Self {
        let way = indexes.iter().map(|index| index.way).max();
        Self {
            way: way.unwrap_or_default(),
            done: false,
            indexes,
            sync: None,
            reindex: None,
        }
    }

    /// The plan for people.
    pub fn describe(&self) -> String {
        let mut page = Page::default();
        if self.way == Action::Nothing {
            page.line("nothing to do");
        }
        for index in &self.indexes {
            if self.way != Action::Nothing || !index.other_writers.is_empty() {
                index.describe(&mut page);
            }
        }
        let mut others = self.indexes.iter();
        if self.way == Action::Reindex && others.any(|index| index.way != Action::Reindex) {
            page.line(
                "indexes that are built together go live together, so all of these are built",
            );
        }
        page.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    fn plan() -> IndexPlan {
        documented::<ApplyReport>("apply").indexes.remove(0)
    }

    #[test]
    fn the_plan_names_the_way_its_reasons_and_its_cost() {
        let text = ApplyReport::new(vec![plan()]).describe();
        let text = text.replace("\n      ", " "); // where a line was broken
        for part in [
            "articles  settings in place: synonyms, faceting\n  settings.json changed\n",
            "settings: `synonyms` is {} and should be {\"قدس\":[\"القدس\"]}",
            "get lost: faceting; add them to articles/settings.json",
            "another program sends settings to this index: faceting (task 812,",
            "documents: 2 to add (id 20330 20331), 11 to change (id 1 2 3 4 5 6 7 8 9 10 …), 1 to delete (id 7)",
            "to send: 13 documents, 208.0 kB",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn the_dearest_way_is_taken_for_all() {
        let mut rebuilt = IndexPlan {
            live_uid: "authors".to_owned(),
            reasons: Vec::new(),
            ..plan()
        };
        rebuilt.rebuild("documents.sql changed");
        let report = ApplyReport::new(vec![plan(), rebuilt]);
        assert_eq!(report.way, Action::Reindex);
        let text = report.describe();
        assert!(
            text.contains("authors  reindex: documents.sql changed\n"),
            "{text}"
        );
        assert!(text.contains("go live together"), "{text}");
        let nothing = IndexPlan {
            way: Action::Nothing,
            other_writers: Vec::new(),
            ..plan()
        };
        assert_eq!(
            ApplyReport::new(vec![nothing]).describe(),
            "nothing to do\n"
        );
    }
}
