//! What `status` found: for people and for programs. Fields are only ever added. Sizes are in bytes, times in seconds.

use std::fmt::Write as _;
use std::path::PathBuf;

use bytesize::ByteSize;
use jiff::Timestamp;
use serde::Serialize;

use crate::report::{aligned, counted, grouped, moment, span};
use crate::terminal::{line, style};

/// Whether everything is within what was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing exceeds `--max-missing` or `--max-lag`, or neither was given.
    Fine,
    /// Something does: `exceeded` says what.
    Behind,
}

/// What `status` found.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// Whether everything is within what was allowed.
    pub outcome: Outcome,
    /// When it was looked at.
    pub checked_at: Timestamp,
    /// Meilisearch.
    pub server: ServerStatus,
    /// The database; null with `--no-database`.
    pub database: Option<DatabaseStatus>,
    /// What waits on the server; null where the key may not see it.
    pub queue: Option<QueueStatus>,
    /// One entry an index.
    pub indexes: Vec<IndexStatus>,
    /// What exceeds `--max-missing` or `--max-lag`.
    pub exceeded: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Meilisearch.
#[derive(Clone, Debug, Serialize)]
pub struct ServerStatus {
    /// Its address.
    pub address: String,
    /// Its version; null where the key may not ask for it.
    pub version: Option<String>,
    /// Bytes of its files.
    pub database_size: Option<u64>,
    /// Bytes of them that are in use; null on old versions.
    pub used_database_size: Option<u64>,
}

/// The database file.
#[derive(Clone, Debug, Serialize)]
pub struct DatabaseStatus {
    /// Its path.
    pub path: PathBuf,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
}

/// Tasks that wait or are at work, of whomever.
#[derive(Clone, Debug, Serialize)]
pub struct QueueStatus {
    /// All of them.
    pub waiting: u64,
    /// By index, of the newest thousand.
    pub by_index: Vec<Waiting>,
}

/// Tasks of one index.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    /// The index; `…` for tasks of no single one, such as swaps.
    pub uid: String,
    /// How many.
    pub tasks: u64,
}

impl From<(String, usize)> for Waiting {
    fn from((uid, tasks): (String, usize)) -> Self {
        Self {
            uid,
            tasks: tasks as u64,
        }
    }
}

/// One index.
#[derive(Clone, Debug, Serialize)]
pub struct IndexStatus {
    /// The definition's name.
    pub index: String,
    /// The uid that the application searches.
    pub live_uid: String,
    /// The index under the live uid; null if there is none.
    pub live: Option<Live>,
    /// What the database has of it; null where it was not asked.
    pub database: Option<InDatabase>,
    /// How many documents fewer the live index has than the database.
    pub missing: Option<u64>,
    /// For how long the oldest change waits to be followed; null where nothing follows.
    pub lag_seconds: Option<i64>,
    /// Former live generations, the one that was live before first.
    pub retained: Vec<Retained>,
    /// Builds under construction, and leftovers of dead runs.
    pub builds: Vec<Build>,
    /// Indexes whose uid begins alike and that this program did not make; it never touches them.
    pub foreign: Vec<Foreign>,
}

/// The live generation.
#[derive(Clone, Debug, Serialize)]
pub struct Live {
    /// Which it is, and when it was made.
    pub created_at: String,
    /// How long ago.
    pub age_seconds: Option<i64>,
    /// Documents, counted.
    pub documents: u64,
    /// Bytes of the stored documents; null on old versions.
    pub bytes: Option<u64>,
    /// Whether this program built it.
    pub built_by_us: bool,
    /// The other live uid that it was built for, where somebody swapped or renamed the two by hand; null where it is in its
    /// place.
    pub built_for: Option<String>,
    /// Whether another program made it, and this program has adopted it.
    pub adopted: bool,
    /// Of the definition that it was built by.
    pub fingerprint: Option<String>,
    /// Whether the definition is another one now; null where that cannot be told.
    pub definition_changed: Option<bool>,
    /// From where the next round of `sync` looks.
    pub checkpoint: Option<Timestamp>,
    /// Until when it has followed the database. The checkpoint is earlier, for rows that are committed later than dated.
    pub followed_until: Option<Timestamp>,
}

/// What the database has of one index.
#[derive(Clone, Debug, Serialize)]
pub struct InDatabase {
    /// Documents, by documents.sql.
    pub documents: u64,
    /// The newest change timestamp that is not in the future; null without changes.sql.
    pub newest_change: Option<Timestamp>,
    /// Documents that changed after `followed_until`; null where nothing follows, and where changes.sql does not show it.
    pub waiting: Option<u64>,
    /// For how long the first of them waits, 0 where none does; null where nothing follows.
    pub waiting_seconds: Option<i64>,
    /// Whether changes.sql shows each edit that moves its timestamp; if not, it is unknown what waits.
    pub tracks_edits: bool,
    /// What a look at changes.sql cannot show, or not cheaply.
    pub blind_spots: Vec<String>,
}

/// A former live generation.
#[derive(Clone, Debug, Serialize)]
pub struct Retained {
    /// Where it lies.
    pub uid: String,
    /// Which it is.
    pub created_at: String,
    /// How long ago it was made.
    pub age_seconds: Option<i64>,
    /// Documents, counted.
    pub documents: u64,
    /// Whether it was there before this program.
    pub adopted: bool,
}

/// A build.
#[derive(Clone, Debug, Serialize)]
pub struct Build {
    /// Where it lies.
    pub uid: String,
    /// Which it is.
    pub created_at: String,
    /// The host whose run made it.
    pub host: String,
    /// When that run began.
    pub begun_at: Timestamp,
    /// Documents until now.
    pub documents: u64,
    /// Whether it was complete, and only never swapped in.
    pub complete: bool,
    /// An empty index that a swap needed, and that is no build.
    pub placeholder: bool,
    /// Whether a run on this host is at work on it.
    pub at_work: bool,
    /// What is known of it, in words.
    pub about: String,
}

/// An index that is not ours.
#[derive(Clone, Debug, Serialize)]
pub struct Foreign {
    /// Where it lies.
    pub uid: String,
    /// When it was made.
    pub created_at: String,
    /// Documents, counted.
    pub documents: u64,
    /// Whether this program made it and somebody renamed or swapped it by hand.
    pub moved: bool,
}

impl StatusReport {
    /// The summary for people.
    pub fn summary(&self) -> String {
        let mut text = self.server.summary();
        if let Some(queue) = &self.queue {
            let _ = writeln!(text, "  {}", queue.summary());
        }
        if let Some(database) = &self.database {
            let wal = match database.wal_bytes {
                0 => String::new(),
                bytes => format!(", its write-ahead log has {}", size(bytes)),
            };
            let path = database.path.to_string_lossy();
            let _ = writeln!(text, "  database {}{wal}", line(&path));
        }
        for index in &self.indexes {
            text.push('\n');
            text.push_str(&index.summary());
        }
        text
    }
}

impl ServerStatus {
    fn summary(&self) -> String {
        let tick = style("✔").green().bold();
        let version = self.version.as_deref().unwrap_or("(version not told)");
        let mut text = format!("{tick} Meilisearch {version} at {}\n", self.address);
        let _ = match (self.database_size, self.used_database_size) {
            (Some(all), Some(used)) => writeln!(
                text,
                "  its files have {}, of which {} are in use; the difference is used again by what comes next",
                size(all),
                size(used)
            ),
            (Some(all), None) => writeln!(
                text,
                "  its files have {}; what deletions leave free in them is used again by what comes next",
                size(all)
            ),
            (None, _) => Ok(()),
        };
        text
    }
}

impl QueueStatus {
    fn summary(&self) -> String {
        if self.waiting == 0 {
            return "no task waits".to_owned();
        }
        let by_index: Vec<String> = self
            .by_index
            .iter()
            .map(|waiting| format!("{} for {}", grouped(waiting.tasks), waiting.uid))
            .collect();
        let waiting = counted(
            self.waiting,
            "task waits or is at work",
            "tasks wait or are at work",
        );
        format!("{waiting}: {}", by_index.join(", "))
    }
}

impl IndexStatus {
    fn summary(&self) -> String {
        let mut rows: Vec<[String; 3]> = Vec::new();
        let mut row = |what: &str, documents: Option<u64>, about: Vec<String>| {
            let about: Vec<String> = about.into_iter().filter(|part| !part.is_empty()).collect();
            let documents = documents.map(|number| counted(number, "document", "documents"));
            rows.push([
                what.to_owned(),
                documents.unwrap_or_default(),
                about.join(", "),
            ]);
        };
        match &self.live {
            None => row("live", None, vec!["nothing is there".to_owned()]),
            Some(live) => row(
                "live",
                Some(live.documents),
                vec![
                    made(&live.created_at, live.age_seconds),
                    live.bytes.map(size).unwrap_or_default(),
                    match (&live.built_for, live.built_by_us, live.adopted) {
                        (Some(built_for), _, _) => {
                            format!("built for {built_for}, brought here by hand")
                        }
                        (None, true, _) => String::new(),
                        (None, false, true) => "by another program, adopted".to_owned(),
                        (None, false, false) => "by another program".to_owned(),
                    },
                ],
            ),
        }
        if let Some(database) = &self.database {
            let newest = database.newest_change;
            let newest = newest.map(|newest| format!("newest change {}", moment(newest)));
            row(
                "database",
                Some(database.documents),
                vec![newest.unwrap_or_default()],
            );
        }
        if let Some(until) = self.live.as_ref().and_then(|live| live.followed_until) {
            let waiting = self
                .database
                .as_ref()
                .and_then(|it| it.waiting.zip(it.waiting_seconds));
            let waiting = match waiting {
                None if self.database.as_ref().is_some_and(|it| !it.tracks_edits) => {
                    "edits are not followed, only compared".to_owned()
                }
                None => String::new(),
                Some((0, _)) => "nothing waits".to_owned(),
                Some((waiting, seconds)) => format!(
                    "{} since, the first {} ago",
                    counted(waiting, "document changed", "documents changed"),
                    span(seconds)
                ),
            };
            row(
                "followed",
                None,
                vec![format!("until {}", moment(until)), waiting],
            );
        }
        for retained in &self.retained {
            let kind = match retained.adopted {
                true => "by another program, adopted",
                false => "",
            };
            let made = made(&retained.created_at, retained.age_seconds);
            row(
                "retained",
                Some(retained.documents),
                vec![made, retained.uid.clone(), kind.to_owned()],
            );
        }
        for build in &self.builds {
            let what = if build.at_work {
                "building"
            } else {
                "left over"
            };
            row(
                what,
                Some(build.documents),
                vec![
                    format!("begun {}", moment(build.begun_at)),
                    build.uid.clone(),
                    format!("on {}", build.host),
                    build.about.clone(),
                ],
            );
        }
        for foreign in &self.foreign {
            row(
                "foreign",
                Some(foreign.documents),
                vec![
                    foreign.uid.clone(),
                    match foreign.moved {
                        true => "made for this live uid, brought there by hand, never touched",
                        false => "not ours, never touched",
                    }
                    .to_owned(),
                ],
            );
        }
        let name = match self.index == self.live_uid {
            true => self.index.clone(),
            false => format!("{} (live uid {})", self.index, self.live_uid),
        };
        format!("{}\n{}", style(name).bold(), aligned(&rows))
    }
}

fn made(created_at: &str, age_seconds: Option<i64>) -> String {
    let made = created_at
        .parse()
        .map_or_else(|_| created_at.to_owned(), moment);
    match age_seconds {
        Some(seconds) => format!("made {made} ({} ago)", span(seconds)),
        None => format!("made {made}"),
    }
}

fn size(bytes: u64) -> String {
    ByteSize::b(bytes).display().si().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::expect_documented;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Every field is there: docs/json.md shows this very report.
    fn report() -> StatusReport {
        StatusReport {
            outcome: Outcome::Behind,
            checked_at: at("2026-11-24T17:30:00Z"),
            server: ServerStatus {
                address: "http://localhost:7700".to_owned(),
                version: Some("1.50.0".to_owned()),
                database_size: Some(644_000_000),
                used_database_size: Some(402_000_000),
            },
            database: Some(DatabaseStatus {
                path: "/rails/storage/production.sqlite3".into(),
                wal_bytes: 4_120_032,
            }),
            queue: Some(QueueStatus {
                waiting: 3,
                by_index: vec![Waiting {
                    uid: "articles".to_owned(),
                    tasks: 3,
                }],
            }),
            indexes: vec![IndexStatus {
                index: "articles".to_owned(),
                live_uid: "articles".to_owned(),
                live: Some(Live {
                    created_at: "2026-11-24T14:30:02.114209Z".to_owned(),
                    age_seconds: Some(10_797),
                    documents: 20_319,
                    bytes: Some(318_000_000),
                    built_by_us: true,
                    built_for: None,
                    adopted: false,
                    fingerprint: Some("b6cf102ba6cd".to_owned()),
                    definition_changed: Some(false),
                    checkpoint: Some(at("2026-11-24T16:55:00Z")),
                    followed_until: Some(at("2026-11-24T17:10:00Z")),
                }),
                database: Some(InDatabase {
                    documents: 20_331,
                    newest_change: Some(at("2026-11-24T17:12:41.512Z")),
                    waiting: Some(12),
                    waiting_seconds: Some(1_039),
                    tracks_edits: true,
                    blind_spots: Vec::new(),
                }),
                missing: Some(12),
                lag_seconds: Some(1_039),
                retained: vec![Retained {
                    uid: "articles_20261124T143000Z".to_owned(),
                    created_at: "2026-11-20T09:12:55.3Z".to_owned(),
                    age_seconds: Some(375_424),
                    documents: 20_112,
                    adopted: false,
                }],
                builds: vec![Build {
                    uid: "articles_20261124T172900Z".to_owned(),
                    created_at: "2026-11-24T17:29:00.9Z".to_owned(),
                    host: "web-1".to_owned(),
                    begun_at: at("2026-11-24T17:29:00.5Z"),
                    documents: 4_100,
                    complete: false,
                    placeholder: false,
                    at_work: true,
                    about: "a run is at work on it".to_owned(),
                }],
                foreign: vec![Foreign {
                    uid: "articles_archive".to_owned(),
                    created_at: "2024-02-01T00:00:00Z".to_owned(),
                    documents: 9,
                    moved: false,
                }],
            }],
            exceeded: vec!["articles: 12 documents are missing in the live index (20,319 of 20,331), and --max-missing allows 0".to_owned()],
            warnings: Vec::new(),
        }
    }

    #[test]
    fn the_report_is_documented_field_by_field() {
        expect_documented("status", &report());
    }

    #[test]
    fn the_summary_tells_what_is_live_and_what_waits() {
        let text = report().summary();
        for line in [
            "✔ Meilisearch 1.50.0 at http://localhost:7700",
            "  its files have 644.0 MB, of which 402.0 MB are in use; the difference is used again by what comes next",
            "  3 tasks wait or are at work: 3 for articles",
            "  live      20,319 documents  made 2026-11-24 14:30:02Z (2 h 59 min ago), 318.0 MB",
            "  followed                    until 2026-11-24 17:10:00Z, 12 documents changed since, the first 17 min ago",
            "  building   4,100 documents  begun 2026-11-24 17:29:00Z, articles_20261124T172900Z, on web-1, a run is at work on it",
            "  foreign        9 documents  articles_archive, not ours, never touched",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
