//! Which version of Meilisearch to be like, and what that version has.
//!
//! One table, [`Feature`]: each line is something that came (or went) with a version. Everything else in the crate
//! asks `like.has(Feature::…)` and never compares versions itself.

use std::fmt;
use std::str::FromStr;

/// A version 1.MINOR of Meilisearch, whose routes, fields and parameters are imitated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Like {
    minor: u16,
}

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $minor:literal;)*) => {
        /// What not every version has, with the first 1.x that has it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Feature { $($(#[$doc])* $name,)* }

        impl Feature {
            const fn first_minor(self) -> u16 {
                match self { $(Feature::$name => $minor,)* }
            }
        }
    };
}

features! {
    /// The payload limit holds for every route; before, routes that read JSON stop at 2 MiB.
    OneLimitForAllRoutes = 6;
    /// `proximityPrecision`, `embedders`.
    SettingsOf6 = 6;
    /// `searchCutoffMs`.
    SearchCutoff = 8;
    /// `retrieveVectors` of the documents routes.
    RetrieveVectors = 9;
    /// `rankingScoreThreshold`, `distinct`, matching strategy `frequency` of a search.
    SearchOf9 = 9;
    /// `localizedAttributes` and `locales`.
    Locales = 10;
    /// Ids up to u64; before, only i64.
    UnsignedIds = 10;
    /// A refusal names the patterns that the key permits.
    RefusalNamesPatterns = 10;
    /// Deletions by filter join the batches of their index.
    BatchedDeleteByFilter = 10;
    /// `/batches`, `batchUid` of tasks.
    Batches = 12;
    /// The parameter `reverse` of the task list.
    Reverse = 12;
    /// Ids longer than 511 bytes are refused.
    IdLength = 12;
    /// The engine that keeps NDJSON as it was sent: other messages, and a task's batch never mixes documents and settings.
    NewIndexer = 12;
    /// `facetSearch`, `prefixSearch`.
    SettingsOf12 = 12;
    /// `usedDatabaseSize`, sizes and embeddings in the statistics.
    SizesInStats = 12;
    /// `ids` of `documents/fetch`.
    FetchIds = 14;
    /// POST and PUT in one batch.
    MixedMethods = 14;
    /// `filterableAttributes` with objects.
    FilterableObjects = 14;
    /// `typoTolerance.disableOnNumbers`, `batchStrategy` of batches.
    Of15 = 15;
    /// The length of a word for typos is counted in letters; before, in bytes.
    TyposByLetters = 16;
    /// `sort` of the documents routes.
    DocumentsSort = 16;
    /// The actions `network.*`.
    NetworkActions = 13;
    /// The actions of chats, and the default key with them.
    ChatKeys = 15;
    /// The actions `*.get` and `export`, and the default key that reads everything.
    ReadOnlyKeys = 16;
    /// The actions `webhooks.*`.
    WebhookActions = 17;
    /// The action `indexes.compact`.
    CompactAction = 23;
    /// The action `fields.post`.
    FieldsAction = 33;
    /// The action `tasks.compact`.
    CompactTasksAction = 40;
    /// The actions `dynamicSearchRules.*`.
    SearchRulesActions = 41;
    /// `indices` in `_matchesPosition`: which item of an array matched.
    MatchIndices = 12;
    /// `federation` of a multi-search.
    Federation = 10;
    /// `requestUid` in the answer to a search.
    RequestUid = 23;
    /// `showPerformanceDetails`, `personalize`, `media` and `useNetwork` of a search are known by name.
    SearchOfNewest = 50;
    /// How many documents a search finds is told beyond `maxTotalHits`, too. Seen on 1.50; when it began was not looked at.
    TotalsBeyondMost = 50;
    /// `rename` of a swap, `uid` of an index update.
    Rename = 18;
    /// `customMetadata` of document tasks.
    CustomMetadata = 26;
    /// A swap relabels the tasks of both indexes; from 1.18 on only those of the left one (in truth mended in 1.30.1).
    WholeRelabel = 31;
    /// The task type `documentEdition`.
    TypeDocumentEdition = 10;
    /// The task type `upgradeDatabase`.
    TypeUpgradeDatabase = 13;
    /// The task type `export`.
    TypeExport = 16;
    /// The task type `indexCompaction`.
    TypeIndexCompaction = 23;
    /// The task type `networkTopologyChange`.
    TypeNetworkTopologyChange = 30;
    /// The task types `dsrUpdate` and `dsrClear`.
    TypesOfSearchRules = 50;
    /// `skipCreation` of document additions.
    SkipCreation = 31;
    /// The settings `foreignKeys` and `chat` are known by name, though they need an experimental feature.
    SettingsOf39 = 39;
    /// A key that is limited to index patterns can do nothing that concerns the whole server, such as reading the version
    /// (in truth from 1.48.2).
    GlobalActionsNeedAllIndexes = 49;
    /// The ranking rules `attributeRank` and `wordPosition` in the place of `attribute`, by default.
    SplitAttributeRule = 49;
    /// `useNetwork` of the documents routes.
    UseNetwork = 50;
}

impl Like {
    /// The version that is imitated when none is asked for.
    pub const NEWEST: Like = Like { minor: 50 };
    /// The oldest version that is imitated.
    pub const OLDEST: Like = Like { minor: 5 };

    /// Whether the imitated version has this feature.
    pub const fn has(self, feature: Feature) -> bool {
        self.minor >= feature.first_minor()
    }

    /// What `/version` says.
    pub fn package_version(self) -> String {
        // Those that were recorded.
        let patch = match self.minor {
            5 => 1,
            15 => 2,
            _ => 0,
        };
        format!("1.{}.{patch}", self.minor)
    }
}

impl Default for Like {
    fn default() -> Self {
        Self::NEWEST
    }
}

impl fmt::Display for Like {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

/// A version that can't be imitated.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a version between {oldest} and {newest}, such as 1.5 or 1.50", oldest = Like::OLDEST, newest = Like::NEWEST)]
pub struct UnknownVersion(String);

impl FromStr for Like {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let unknown = || UnknownVersion(text.to_owned());
        let mut parts = text.trim_start_matches('v').split('.');
        let major = parts.next().ok_or_else(unknown)?;
        let minor = parts
            .next()
            .and_then(|minor| minor.parse().ok())
            .ok_or_else(unknown)?;
        let like = Like { minor };
        if major != "1" || like < Self::OLDEST || like > Self::NEWEST {
            return Err(unknown());
        }
        Ok(like)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number_not_by_text() {
        let old: Like = "1.5".parse().unwrap();
        assert!(!old.has(Feature::Batches));
        assert!("v1.12.3".parse::<Like>().unwrap().has(Feature::Batches));
        assert!(Like::NEWEST.has(Feature::UseNetwork));
        assert_eq!(old.package_version(), "1.5.1");
    }

    #[test]
    fn versions_that_are_not_imitated_are_refused() {
        for text in ["1.4", "2.0", "1", "newest", "1.51"] {
            assert!(text.parse::<Like>().is_err(), "{text}");
        }
    }
}
