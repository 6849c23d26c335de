//! What `status` warns of, and what exceeds the limits that it was given.

use super::{InDatabase, IndexStatus, Outcome, StatusReport};
use crate::cli::Status;
use crate::figures::{counted, documents, grouped, span};
use crate::report::generation::created;

impl StatusReport {
    /// Holds every index to what is allowed.
    pub fn judge(&mut self, options: &Status) {
        for index in &self.indexes {
            self.exceeded.extend(index.exceeded(options));
        }
        if !self.exceeded.is_empty() {
            self.outcome = Outcome::Behind;
        }
    }
}

impl IndexStatus {
    /// What the database says of it.
    pub fn add_database(&mut self, in_database: InDatabase, fingerprint: &str) {
        let live = self.live.as_ref().map_or(0, |live| live.documents);
        let documents = in_database.documents;
        self.missing = documents.map(|documents| documents.saturating_sub(live));
        self.lag_seconds = in_database.waiting_seconds;
        self.database = Some(in_database);
        if let Some(live) = &mut self.live {
            let built_by = live.fingerprint.as_deref().filter(|_| live.built_by_us);
            live.definition_changed = built_by.map(|built_by| built_by != fingerprint);
        }
    }

    fn exceeded(&self, options: &Status) -> Vec<String> {
        let live_uid = &self.live_uid;
        let mut exceeded = Vec::new();
        let Some(database) = &self.database else {
            // Its definition cannot be used, which is a warning of its own; whoever watches a limit must hear of it.
            if options.max_missing.is_some() || options.max_lag.is_some() {
                exceeded.push(format!(
                    "{live_uid}: the database could not be asked about it"
                ));
            }
            return exceeded;
        };
        if let (Some(max), Some(all), Some(missing)) =
            (options.max_missing, database.documents, self.missing)
            && !max.allows(missing, all)
        {
            exceeded.push(format!(
                "{live_uid}: {} missing in the live index ({} of {}), and --max-missing allows {max}",
                counted(missing, "document is", "documents are"),
                grouped(all - missing),
                grouped(all),
            ));
        }
        let Some(max) = options.max_lag else {
            return exceeded;
        };
        match self.lag_seconds {
            None if !database.tracks_edits => exceeded.push(format!(
                "{live_uid}: changes.sql does not show the edits, so there is no lag to hold to --max-lag {max:#}"
            )),
            None => exceeded.push(format!(
                "{live_uid}: nothing follows the database, so there is no lag to hold to --max-lag {max:#}"
            )),
            Some(lag) if lag > max.as_secs() => exceeded.push(format!(
                "{live_uid}: the oldest change waits for {}, and --max-lag allows {max:#}",
                span(lag)
            )),
            Some(_) => {}
        }
        exceeded
    }

    /// What should be done about it, limits or not.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let spots = self
            .database
            .iter()
            .flat_map(|database| &database.blind_spots);
        warnings.extend(spots.cloned());
        let Some(live) = &self.live else {
            warnings.push(
                "there is no such index: a search finds nothing; `bisan-indexer reindex` makes it"
                    .to_owned(),
            );
            return warnings;
        };
        if let Some(database) = &self.database
            && live.documents == 0
            && database.documents != Some(0)
        {
            let in_database = database
                .documents
                .map_or("more than was counted".to_owned(), documents);
            warnings.push(format!(
                "the live index is empty, and the database has {in_database}; `bisan-indexer reindex`"
            ));
        }
        if let Some(built_for) = &live.built_for {
            warnings.push(format!(
                "what lies there was built for `{built_for}`: the two were swapped or renamed by hand, and `sync` \
                 does not follow it; swap them back, or `bisan-indexer apply` builds it anew"
            ));
        } else if live.followed_until.is_none() {
            warnings.push(
                "the live index was not built by this program, or its record is lost: `sync` cannot follow \
                 it; `bisan-indexer reindex` builds it anew"
                    .to_owned(),
            );
        }
        if live.definition_changed == Some(true) {
            warnings.push(format!(
                "the definition has changed since the live index was built ({}); `bisan-indexer reindex` \
                 builds it by the new one",
                created(&live.created_at)
            ));
        }
        warnings
    }
}
