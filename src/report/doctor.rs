//! Checks of `doctor` and their verdicts.

use std::fmt::Display;

use serde::Serialize;

use crate::figures::counted;
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
#[derive(Debug, Default)]
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

    /// The summary for people. What is as it should be is counted, unless `all` is to be shown.
    pub fn summary(&self, all: bool) -> String {
        let mut page = Page::default();
        for (place, group) in self
            .checks
            .chunk_by(|one, next| one.about == next.about)
            .enumerate()
        {
            let about = style(&group[0].about).bold();
            let good = group
                .iter()
                .filter(|check| check.verdict == Verdict::Ok)
                .count() as u64;
            let is_good = good == group.len() as u64;
            let good = counted(good, "check passed", "checks passed");
            if is_good && !all {
                page.line(format_args!("{} {about}: {good}", Mark::Good));
                continue;
            }
            if place > 0 && all {
                page.line("");
            }
            page.line(about);
            for check in group
                .iter()
                .filter(|check| all || check.verdict != Verdict::Ok)
            {
                let found = check.found.replace('\n', "\n    ");
                page.note(format_args!("{} {found}", check.verdict.mark()));
                if let Some(advice) = &check.advice {
                    let (arrow, advice) = (style("→").dim(), advice.replace('\n', "\n      "));
                    page.note(format_args!("  {arrow} {advice}"));
                }
            }
            if !all && good.starts_with(|digit: char| ('1'..='9').contains(&digit)) {
                page.note(format_args!("{} {good}", Mark::Good));
            }
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
}
