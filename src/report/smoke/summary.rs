//! What the smoke queries found, for people.

use super::{Asked, Found, IndexSmoked, SmokeReport};
use crate::figures::{counted, kinds};
use crate::report::page::{Mark, Page};
use crate::terminal::style;

impl SmokeReport {
    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut page = Page::default();
        for index in &self.indexes {
            index.summary(&mut page);
        }
        let asked = counted(self.asked, "query", "queries");
        match self.failed {
            0 => page.line(format_args!("{} {asked} passed", Mark::Good)),
            failed => page.line(format_args!("{} {failed} of {asked} failed", Mark::Bad)),
        }
        page.text()
    }
}

impl IndexSmoked {
    fn summary(&self, page: &mut Page) {
        page.line(style(&self.uid).bold());
        // Of a set of hundreds, what is right and as it was is passed over.
        let shown = |query: &&Asked| query.set.is_none() || !query.passed || query.has_changed();
        page.table(self.queries.iter().filter(shown).map(|query| {
            let mark = match (query.passed, self.counts(query)) {
                (true, _) => Mark::Good,
                (false, true) => Mark::Bad,
                (false, false) => Mark::Warning,
            };
            query.row(mark)
        }));
        if self.queries.is_empty() {
            page.note("no smoke query");
        }
        for set in &self.sets {
            page.note(format_args!(
                "{} {} of a set of {} right, {} needed",
                Mark::of(set.passed),
                set.right,
                counted(set.asked, "query", "queries"),
                set.needed
            ));
        }
        if let (Some(recall), Some(mrr)) = (self.recall, self.mrr) {
            page.note(format_args!(
                "recall {recall:.2}, mean reciprocal rank {mrr:.2}"
            ));
        }
        if let Some(compared) = &self.compared {
            let relevance = compared.recall.zip(compared.mrr).map(|(recall, mrr)| {
                format!(" (recall {recall:.2}, mean reciprocal rank {mrr:.2})")
            });
            let changes = kinds(&[
                (compared.gained, "right that were not"),
                (compared.lost, "not right any more"),
            ]);
            let changes = match changes.is_empty() {
                true => "the same are right".to_owned(),
                false => changes,
            };
            page.note(format_args!(
                "beside {}{}: {changes}",
                style(&compared.uid).bold(),
                relevance.unwrap_or_default()
            ));
        }
    }
}

impl Asked {
    /// Whether the other generation answers it otherwise.
    fn has_changed(&self) -> bool {
        let compared = self.compared.as_ref();
        compared
            .is_some_and(|compared| compared.passed != self.passed || compared.rank != self.rank)
    }

    fn expectation(&self) -> String {
        let within = self
            .within
            .map_or_else(String::new, |n| format!(" (within {n})"));
        let found = |found: &Found| match found.rank {
            Some(rank) => format!(", {} at {rank}{within}", found.id),
            None => format!(", {} not found{within}", found.id),
        };
        let finds: String = self.finds.iter().map(found).collect();
        let not = |found: &Found| match found.rank {
            Some(rank) => format!(", {} at {rank}, and should not be{within}", found.id),
            None => String::new(),
        };
        let not: String = self.not.iter().map(not).collect();
        let at_least = match self.min_hits {
            0 if !self.finds.is_empty() || !self.not.is_empty() => String::new(),
            at_least => format!(" (at least {at_least})"),
        };
        format!(
            "{}{at_least}{finds}{not}",
            counted(self.hits, "hit", "hits"),
        )
    }

    fn before(&self) -> String {
        let Some(compared) = self.compared.as_ref().filter(|_| self.has_changed()) else {
            return String::new();
        };
        match (&compared.failure, compared.rank) {
            (Some(failure), _) => format!("other: {failure}"),
            (None, Some(rank)) => format!("other: at {rank}"),
            (None, None) => "other: right".to_owned(),
        }
    }

    fn row(&self, mark: Mark) -> [String; 5] {
        [
            mark.to_string(),
            self.name(),
            self.expectation(),
            format!("{} ms", self.milliseconds),
            self.before(),
        ]
    }
}
