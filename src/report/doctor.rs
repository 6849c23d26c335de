//! Checks of `doctor` and their verdicts.

use std::fmt::Display;

use serde::Serialize;

use crate::figures::{counted, listed};
use crate::report::page::{Mark, Page};
use crate::terminal::style;

/// Whether a run would be refused or fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No check failed.
    Fine,
    /// At least one did.
    Failed,
}

/// What came of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// A run goes well, but something will go wrong one day, or is worth knowing.
    Warning,
    /// A run would be refused or fail.
    Failed,
    /// Not checked, since that takes too long.
    Skipped,
}

/// All that was checked.
#[derive(Clone, Debug, Serialize)]
pub struct DoctorReport {
    /// Whether a run would be refused or fail.
    pub outcome: Outcome,
    /// How many checks gave a warning.
    pub warnings: u64,
    /// How many failed.
    pub failed: u64,
    /// Each check: those of all indexes first, then index by index.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What it is about: `definitions`, `database`, `server`, `key`, or the name of an index definition.
    pub about: String,
    /// Which check it is: a name that stays.
    pub check: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do; null where nothing needs doing.
    pub advice: Option<String>,
}

/// Checks on their way.
#[derive(Clone, Debug, Default)]
pub struct Checks(Vec<Check>);

impl Checks {
    /// One check of `about`, whose verdict is to follow.
    pub fn at<'c>(&'c mut self, about: &'c str, check: &'static str) -> Judged<'c> {
        Judged {
            checks: &mut self.0,
            about,
            check,
        }
    }

    /// Everything: what all indexes need first, then index by index.
    pub fn report(self) -> DoctorReport {
        const FIRST: [&str; 4] = ["definitions", "database", "server", "key"];
        let mut abouts: Vec<String> = FIRST.map(str::to_owned).to_vec();
        for check in &self.0 {
            if !abouts.contains(&check.about) {
                abouts.push(check.about.clone());
            }
        }
        let mut checks = self.0;
        checks.sort_by_key(|check| abouts.iter().position(|about| *about == check.about));
        let count = |verdict| {
            let its = checks.iter().filter(|check| check.verdict == verdict);
            its.count() as u64
        };
        let failed = count(Verdict::Failed);
        DoctorReport {
            outcome: match failed {
                0 => Outcome::Fine,
                _ => Outcome::Failed,
            },
            warnings: count(Verdict::Warning),
            failed,
            checks,
        }
    }
}

/// A check that gets its verdict.
#[derive(Debug)]
pub struct Judged<'c> {
    checks: &'c mut Vec<Check>,
    about: &'c str,
    check: &'static str,
}

impl Judged<'_> {
    /// As it should be.
    pub fn ok(self, found: impl Display) {
        self.add(Verdict::Ok, &found, None);
    }

    /// Worth knowing.
    pub fn warn(self, found: impl Display, advice: impl Display) {
        self.add(Verdict::Warning, &found, Some(&advice));
    }

    /// Not checked; the advice says how it is.
    pub fn skip(self, found: impl Display, advice: impl Display) {
        self.add(Verdict::Skipped, &found, Some(&advice));
    }

    /// A run would be refused or fail.
    pub fn fail(self, found: impl Display, advice: impl Display) {
        self.add(Verdict::Failed, &found, Some(&advice));
    }

    /// A run would be refused or fail; what to do is in the words of the error.
    pub fn fail_as_said(self, error: impl Display) {
        self.add(Verdict::Failed, &error, None);
    }

    fn add(self, verdict: Verdict, found: &dyn Display, advice: Option<&dyn Display>) {
        self.checks.push(Check {
            about: self.about.to_owned(),
            check: self.check,
            verdict,
            found: found.to_string(),
            advice: advice.map(ToString::to_string),
        });
    }
}

impl DoctorReport {
    /// A log line for each check that failed or warns.
    pub fn log(&self) {
        for check in &self.checks {
            let (about, found) = (&check.about, &check.found);
            let advice = check.advice.as_ref().map(|advice| format!("; {advice}"));
            let advice = advice.unwrap_or_default();
            match check.verdict {
                Verdict::Ok | Verdict::Skipped => {}
                Verdict::Warning => tracing::warn!("{about}: {found}{advice}"),
                Verdict::Failed => tracing::error!("{about}: {found}{advice}"),
            }
        }
    }

    /// The summary for people. What is as it should be is counted, unless `all` is to be shown, and what was found of several
    /// indexes is told once.
    pub fn summary(&self, all: bool) -> String {
        let mut page = Page::default();
        match all {
            true => self.show_all(&mut page),
            false => self.show_bad(&mut page),
        }
        page.line("");
        let warnings = counted(self.warnings, "warning", "warnings");
        let failed = counted(self.failed, "check failed", "checks failed");
        page.line(match (self.failed, self.warnings) {
            (0, 0) if all => format!("{} Everything is as it should be", Mark::Good),
            (0, 0) => format!(
                "{} Everything is as it should be; -v shows each check",
                Mark::Good
            ),
            (0, _) => format!("{} {warnings}; a run goes well all the same", Mark::Warning),
            (_, 0) => format!("{} {failed}", Mark::Bad),
            _ => format!("{} {failed}, {warnings}", Mark::Bad),
        });
        page.text()
    }

    fn show_all(&self, page: &mut Page) {
        let groups = self.checks.chunk_by(|one, next| one.about == next.about);
        for (place, group) in groups.enumerate() {
            if place > 0 {
                page.line("");
            }
            page.line(style(&group[0].about).bold());
            group.iter().for_each(|check| check.show(page));
        }
    }

    fn show_bad(&self, page: &mut Page) {
        let bad: Vec<&Check> = self
            .checks
            .iter()
            .filter(|check| !check.is_good())
            .collect();
        let mut others = 0;
        for group in self.checks.chunk_by(|one, next| one.about == next.about) {
            let good = group.iter().filter(|check| check.is_good()).count() as u64;
            let about = &group[0].about;
            if good < group.len() as u64 {
                others += good;
                continue;
            }
            let good = counted(good, "check passed", "checks passed");
            page.line(format_args!("{} {about}: {good}", Mark::Good));
        }
        for group in bad.chunk_by(|one, next| one.about == next.about) {
            // What is said of several is said with the first of them.
            let new = group.iter().filter(|check| check.is_first_of(&bad));
            let new: Vec<(Vec<&str>, &Check)> =
                new.map(|check| (check.abouts(&bad), *check)).collect();
            for same in new.chunk_by(|one, next| one.0 == next.0) {
                page.hanging("", &style(listed(&same[0].0)).bold().to_string());
                same.iter().for_each(|(_, check)| check.show(page));
            }
        }
        if others > 0 {
            let others = counted(others, "other check", "other checks");
            page.line(format_args!("{} {others} of these passed", Mark::Good));
        }
    }
}

impl Check {
    fn is_good(&self) -> bool {
        self.verdict == Verdict::Ok
    }

    fn says_the_same(&self, other: &Check) -> bool {
        let said = |check: &Check| (check.verdict, check.found.clone(), check.advice.clone());
        said(self) == said(other)
    }

    fn is_first_of(&self, all: &[&Check]) -> bool {
        let first = all.iter().find(|other| self.says_the_same(other));
        first.is_some_and(|first| first.about == self.about)
    }

    /// All of which this is said.
    fn abouts<'a>(&self, all: &[&'a Check]) -> Vec<&'a str> {
        let same = all.iter().filter(|other| self.says_the_same(other));
        same.map(|other| other.about.as_str()).collect()
    }

    fn show(&self, page: &mut Page) {
        page.hanging(&format!("  {} ", self.verdict.mark()), &self.found);
        if let Some(advice) = &self.advice {
            page.hanging(&format!("    {} ", style("→").dim()), advice);
        }
    }
}

impl Verdict {
    fn mark(self) -> Mark {
        match self {
            Verdict::Ok => Mark::Good,
            Verdict::Warning => Mark::Warning,
            Verdict::Failed => Mark::Bad,
            Verdict::Skipped => Mark::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::expect_documented;

    fn report() -> DoctorReport {
        let mut checks = Checks::default();
        checks
            .at("database", "database.readable")
            .ok("/rails/storage/production.sqlite3 can be read");
        checks.at("articles", "definition.changes_index").warn(
            "changes.sql reads the whole table articles at each look (14 ms)",
            "CREATE INDEX index_articles_on_updated_at ON articles (updated_at);",
        );
        checks.at("key", "key.actions").fail(
            "the key may not do documents.delete",
            "add the action to the key",
        );
        checks
            .at("database", "database.lock")
            .ok("no other run is at work");
        checks.report()
    }

    #[test]
    fn the_report_is_documented_field_by_field() {
        expect_documented("doctor", &report());
    }

    #[test]
    fn the_summary_puts_together_what_belongs_together_and_says_what_to_do() {
        assert_eq!(
            report().summary(true),
            "database\n  ✔ /rails/storage/production.sqlite3 can be read\n  ✔ no other run is at work\n\n\
             key\n  ✘ the key may not do documents.delete\n    → add the action to the key\n\n\
             articles\n  ⚠ changes.sql reads the whole table articles at each look (14 ms)\n    \
             → CREATE INDEX index_articles_on_updated_at ON articles (updated_at);\n\n\
             ✘ 1 check failed, 1 warning\n"
        );
    }

    #[test]
    fn what_is_as_it_should_be_takes_a_line() {
        assert_eq!(
            report().summary(false),
            "✔ database: 2 checks passed\nkey\n  ✘ the key may not do documents.delete\n    → add the action to the key\n\
             articles\n  ⚠ changes.sql reads the whole table articles at each look (14 ms)\n    \
             → CREATE INDEX index_articles_on_updated_at ON articles (updated_at);\n\n\
             ✘ 1 check failed, 1 warning\n"
        );
    }

    #[test]
    fn what_is_found_of_several_indexes_is_told_once() {
        let mut checks = Checks::default();
        for about in ["articles", "authors"] {
            checks
                .at(about, "definition.changes")
                .warn("there is no changes.sql", "write one");
            checks.at(about, "definition.rows").ok("10 rows");
        }
        checks
            .at("authors", "definition.first_rows")
            .fail("a bad row", "mend it");
        assert_eq!(
            checks.report().summary(false),
            "articles, authors\n  ⚠ there is no changes.sql\n    → write one\n\
             authors\n  ✘ a bad row\n    → mend it\n✔ 2 other checks of these passed\n\n\
             ✘ 1 check failed, 2 warnings\n"
        );
    }
}
