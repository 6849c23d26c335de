//! What `status` found, for people.

use super::{IndexStatus, Live, QueueStatus, ServerStatus, StatusReport};
use crate::figures::{counted, grouped, listed, moment, size, span};
use crate::report::generation::{ADOPTED, FOREIGN, MOVED, made, row};
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
        for index in &self.indexes {
            page.line("");
            let name = match index.index == index.live_uid {
                true => index.index.clone(),
                false => format!("{} (live uid {})", index.index, index.live_uid),
            };
            page.line(style(name).bold());
            page.table(index.rows());
        }
        page.text()
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
                "its files have {}, of which {} are in use; the difference is used again by what comes next",
                size(all),
                size(used)
            )),
            (Some(all), None) => page.note(format_args!(
                "its files have {}; what deletions leave free in them is used again by what comes next",
                size(all)
            )),
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
    fn rows(&self) -> Vec<[String; 3]> {
        let mut rows = vec![match &self.live {
            None => row("live", None, &["nothing is there"]),
            Some(live) => live.row(),
        }];
        if let Some(database) = &self.database {
            let newest = database.newest_change;
            let newest = newest.map(|newest| format!("newest change {}", moment(newest)));
            let count = match database.documents {
                Some(_) => "",
                None => "not counted (half a second is not enough; --max-missing counts)",
            };
            let about = [count, newest.as_deref().unwrap_or_default()];
            rows.push(row("database", database.documents, &about));
        }
        if let Some(until) = self.live.as_ref().and_then(|live| live.followed_until) {
            let until = format!("until {}", moment(until));
            rows.push(row("followed", None, &[&until, &self.waiting()]));
        }
        for retained in &self.retained {
            let made = made(&retained.created_at, retained.age_seconds);
            let adopted = if retained.adopted { ADOPTED } else { "" };
            let about = [made.as_str(), &retained.uid, adopted];
            rows.push(row("retained", Some(retained.documents), &about));
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
        rows
    }

    /// What changed in the database since the live index followed it.
    fn waiting(&self) -> String {
        let Some(database) = &self.database else {
            return String::new();
        };
        match database.waiting.zip(database.waiting_seconds) {
            None if !database.tracks_edits => "edits are not followed, only compared".to_owned(),
            None => String::new(),
            Some((0, _)) => "nothing waits".to_owned(),
            Some((waiting, seconds)) => format!(
                "{} since, the first {} ago",
                counted(waiting, "document changed", "documents changed"),
                span(seconds)
            ),
        }
    }
}

impl Live {
    fn row(&self) -> [String; 3] {
        let origin = match (&self.built_for, self.built_by_us, self.adopted) {
            (Some(built_for), _, _) => format!("built for {built_for}, brought here by hand"),
            (None, true, _) => String::new(),
            (None, false, true) => ADOPTED.to_owned(),
            (None, false, false) => "by another program".to_owned(),
        };
        let made = made(&self.created_at, self.age_seconds);
        let bytes = self.bytes.map(size).unwrap_or_default();
        row("live", Some(self.documents), &[&made, &bytes, &origin])
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
            "  its files have 644.0 MB, of which 402.0 MB are in use; the difference is used again by what comes next",
            "  3 tasks wait or are at work: 3 for articles",
            "  live      20,319 documents  made 2026-11-24 14:30:02Z (2 h 59 min ago), 318.0 MB",
            "  followed                    until 2026-11-24 17:10:00Z, 12 documents changed since, the first 17 min ago",
            "  building   4,100 documents  begun 2026-11-24 17:29:00Z, articles_20261124T172900Z, on web-1, a run is at work on it",
            "  foreign        9 documents  articles_archive, not built by this program, never touched",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
