//! What `status` found, for people.

use jiff::Timestamp;

use super::{IndexStatus, Live, QueueStatus, ServerStatus, StatusReport};
use crate::figures::{counted, documents, grouped, listed, moment, size, span};
use crate::report::generation::{ADOPTED, FOREIGN, MOVED, row};
use crate::report::page::{Mark, Page};
use crate::terminal::{line, style};

impl StatusReport {
    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut page = self.server.page();
        if let Some(queue) = &self.queue {
            page.note(queue.summary());
        }
        if let Some(database) = &self.database {
            let wal = match database.wal_bytes {
                0 => String::new(),
                bytes => format!(", its write-ahead log has {}", size(bytes)),
            };
            let path = database.path.to_string_lossy();
            page.note(format_args!("database {}{wal}", line(&path)));
        }
        page.table(self.indexes.iter().map(|index| index.row(self.checked_at)));
        let blind = self.indexes.iter().filter(|index| index.is_blind());
        let blind = listed(blind.map(|index| line(&index.live_uid)));
        if !blind.is_empty() {
            page.note(format_args!("edits are not followed: {blind}"));
        }
        for index in &self.indexes {
            index.details(&mut page);
        }
        self.former(&mut page);
        page.text()
    }

    /// Generations that a rollback could make live again: counted, for there may be many.
    fn former(&self, page: &mut Page) {
        let all = self.indexes.iter().map(|index| index.retained.len() as u64);
        let all: u64 = all.sum();
        if all > 0 {
            let all = counted(all, "former generation", "former generations");
            page.note(format_args!(
                "{all}: `bisan-indexer rollback --list` lists them"
            ));
        }
    }
}

impl ServerStatus {
    fn page(&self) -> Page {
        let version = self.version.as_deref().unwrap_or("(version not told)");
        let mut page = Page::headed(
            Mark::Good,
            format_args!("Meilisearch {version} at {}", self.address),
        );
        match (self.database_size, self.used_database_size) {
            (Some(all), Some(used)) => page.note(format_args!(
                "its files have {}, of which {} are in use",
                size(all),
                size(used)
            )),
            (Some(all), None) => page.note(format_args!("its files have {}", size(all))),
            (None, _) => {}
        }
        page
    }
}

impl QueueStatus {
    /// Whose tasks wait, or are at work.
    pub fn summary(&self) -> String {
        if self.waiting == 0 {
            return "no task waits".to_owned();
        }
        let by_index = self
            .by_index
            .iter()
            .map(|waiting| format!("{} for {}", grouped(waiting.tasks), waiting.uid));
        let waiting = counted(
            self.waiting,
            "task waits or is at work",
            "tasks wait or are at work",
        );
        format!("{waiting}: {}", listed(by_index))
    }
}

impl IndexStatus {
    /// The index in a line: whether it is as the database, and since when.
    fn row(&self, now: Timestamp) -> [String; 5] {
        let (mark, state) = self.state(now);
        let live = self.live.as_ref();
        let age = live.and_then(|live| live.age_seconds);
        [
            mark.to_string(),
            style(line(&self.live_uid)).bold().to_string(),
            live.map(|live| documents(live.documents))
                .unwrap_or_default(),
            state,
            age.map(|age| format!("built {} ago", span(age)))
                .unwrap_or_default(),
        ]
    }

    fn state(&self, now: Timestamp) -> (Mark, String) {
        let Some(live) = &self.live else {
            return (
                Mark::Bad,
                style("not there: run `reindex`").red().to_string(),
            );
        };
        let Some(database) = &self.database else {
            let until = live
                .followed_until
                .map(|until| format!("followed until {}", since(until, now)));
            return (Mark::Good, until.unwrap_or_default());
        };
        let (have, want) = (live.documents, database.documents.unwrap_or(live.documents));
        if have != want {
            let differ = match have < want {
                true => format!("{} missing", grouped(want - have)),
                false => format!("{} too many", grouped(have - want)),
            };
            return (Mark::Bad, style(differ).red().to_string());
        }
        match database.waiting.zip(database.waiting_seconds) {
            Some((waiting, seconds)) if waiting > 0 => {
                let changed = format!("{} changed, {} ago", grouped(waiting), span(seconds));
                (Mark::Warning, style(changed).yellow().to_string())
            }
            Some(_) => {
                let until = live.followed_until.unwrap_or(now);
                let counted = match database.documents {
                    Some(_) => "",
                    None => ", not counted (--max-missing counts)",
                };
                let state = format!("up to date as of {}{counted}", since(until, now));
                (Mark::Good, style(state).green().to_string())
            }
            None => {
                let counted = match database.documents {
                    Some(_) => "counts agree",
                    None => "not counted",
                };
                (Mark::Good, counted.to_owned())
            }
        }
    }

    /// Whether no look at the database shows what was edited.
    fn is_blind(&self) -> bool {
        let database = self.database.as_ref();
        database.is_some_and(|database| !database.tracks_edits)
    }

    /// What is not as everywhere else.
    fn details(&self, page: &mut Page) {
        let name = match self.index == self.live_uid {
            true => line(&self.live_uid).into_owned(),
            false => format!("{} (definition {})", line(&self.live_uid), self.index),
        };
        let mut rows = Vec::new();
        if let Some(live) = &self.live
            && let Some(origin) = live.origin()
        {
            rows.push(row("live", None, &[&origin]));
        }
        for build in &self.builds {
            let role = match build.at_work {
                true => "building",
                false => "left over",
            };
            let begun = format!("begun {}", moment(build.begun_at));
            let host = format!("on {}", build.host);
            let about = [begun.as_str(), &build.uid, &host, &build.about];
            rows.push(row(role, Some(build.documents), &about));
        }
        for foreign in &self.foreign {
            let whose = if foreign.moved { MOVED } else { FOREIGN };
            let about = [foreign.uid.as_str(), whose];
            rows.push(row("foreign", Some(foreign.documents), &about));
        }
        for [role, documents, about] in rows {
            let documents = match documents.is_empty() {
                true => documents,
                false => format!(" of {documents}"),
            };
            page.wrapped(2, &format!("{name}: {role}{documents}: {about}"));
        }
    }
}

/// A moment of today by its time alone.
fn since(at: Timestamp, now: Timestamp) -> String {
    match at.strftime("%Y-%m-%d").to_string() == now.strftime("%Y-%m-%d").to_string() {
        true => at.strftime("%H:%M:%SZ").to_string(),
        false => moment(at),
    }
}

impl Live {
    /// Whose it is, where it is not simply ours.
    fn origin(&self) -> Option<String> {
        match (&self.built_for, self.built_by_us, self.adopted) {
            (Some(built_for), _, _) => Some(format!("built for {built_for}, brought here by hand")),
            (None, true, _) => None,
            (None, false, true) => Some(ADOPTED.to_owned()),
            (None, false, false) => Some("by another program".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    #[test]
    fn the_summary_tells_what_is_live_and_what_waits() {
        let text = documented::<StatusReport>("status").summary();
        for line in [
            "✔ Meilisearch 1.50.0 at http://localhost:7700",
            "  its files have 644.0 MB, of which 402.0 MB are in use",
            "  3 tasks wait or are at work: 3 for articles",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
