//! Progress for people: bars on a terminal, plain lines elsewhere.
//!
//! Log lines go through [`Progress::log_writer`], so that on a terminal they appear above the bars.

use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::LogFormat;
use crate::figures::{counted, size};
use crate::terminal;

mod log;
mod wait;

pub use log::LogWriter;
pub use wait::WaitProgress;

/// How often a plain line may say how far the work is. A log that is read later has no use for more.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// How wide a bar is drawn, in columns: what is said beside it has 52 of 80.
const BAR_WIDTH: usize = 17;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Bars, where standard error is a terminal; plain lines otherwise.
    Auto,
    /// Nothing (`--quiet`).
    Nothing,
}

/// The progress of one run. Cloned freely; all clones draw the same bars.
#[derive(Clone)]
pub struct Progress(Arc<Inner>);

struct Inner {
    bars: Option<Bars>,
    plain: bool,
    screen: MultiProgress,
    rows: AtomicU64,
    rows_expected: AtomicU64,
    /// How many servers get what is read.
    servers: AtomicU64,
    spooled: AtomicU64,
    sent: AtomicU64,
    stage: Mutex<Option<(Stage, Option<u64>)>>,
    last_line: Mutex<Instant>,
}

/// Which part of a run is in progress, for callers that draw something else than bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The database is read, and the documents are sent.
    Reading,
    /// The server works on what it was sent.
    Indexing,
    /// The builds are caught up, looked at, and swapped into place.
    Promoting,
}

struct Bars {
    /// A line that says what is looked at, where nothing can be counted.
    look: ProgressBar,
    rows: ProgressBar,
    sent: ProgressBar,
    server: ProgressBar,
}

impl Progress {
    /// Progress shown as asked.
    pub fn new(show: Show) -> Self {
        let terminal = io::stderr().is_terminal() && show == Show::Auto;
        let plain = !terminal && show == Show::Auto;
        Self::on(MultiProgress::new(), terminal, plain)
    }

    fn on(screen: MultiProgress, with_bars: bool, plain: bool) -> Self {
        Self(Arc::new(Inner {
            bars: with_bars.then(Bars::hidden),
            plain,
            screen,
            rows: AtomicU64::new(0),
            rows_expected: AtomicU64::new(0),
            servers: AtomicU64::new(1),
            spooled: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            stage: Mutex::new(None),
            last_line: Mutex::new(Instant::now()),
        }))
    }

    /// Progress of a step that is too small to be shown.
    pub fn silent() -> Self {
        Self::new(Show::Nothing)
    }

    /// The same screen, from the beginning again: for a second run in one process.
    pub fn afresh(&self) -> Self {
        let inner = &self.0;
        Self::on(inner.screen.clone(), inner.bars.is_some(), inner.plain)
    }

    /// What is read is sent to so many servers.
    pub fn servers(&self, servers: usize) {
        self.0.servers.store(servers as u64, Ordering::Relaxed);
    }

    /// Reading begins; `rows` are expected.
    pub fn reading(&self, rows: u64) {
        self.enter(Stage::Reading, None);
        self.0.rows_expected.store(rows, Ordering::Relaxed);
        if let Some(bars) = &self.0.bars {
            bars.show(&self.0.screen);
            bars.rows.set_length(rows);
        }
    }

    /// One more row was read, and `bytes` of NDJSON came of it.
    pub fn row(&self, bytes: u64) {
        let rows = self.0.rows.fetch_add(1, Ordering::Relaxed) + 1;
        let spooled = self.0.spooled.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bars) = &self.0.bars {
            bars.rows.set_position(rows);
            bars.sent
                .set_length(spooled * self.0.servers.load(Ordering::Relaxed));
        }
        if rows.is_multiple_of(256) {
            self.tell(|| format!("{rows} of {} read", counted(self.expected(), "row", "rows")));
        }
    }

    /// `bytes` more have arrived at the server.
    pub fn sent(&self, bytes: u64) {
        let sent = self.0.sent.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bars) = &self.0.bars {
            bars.sent.set_position(sent);
        }
        self.tell(|| {
            format!(
                "{} of {} sent",
                size(sent),
                size(
                    self.0.spooled.load(Ordering::Relaxed) * self.0.servers.load(Ordering::Relaxed)
                )
            )
        });
    }

    /// How far the server says that it is.
    pub fn server(&self, wait: &WaitProgress) {
        self.enter(
            Stage::Indexing,
            wait.percent.map(|percent| percent.round() as u64),
        );
        if let Some(bars) = &self.0.bars {
            let text = wait.in_words(bars.room());
            bars.server.set_position(wait.part_done());
            bars.server.set_message(terminal::line(&text).into_owned());
        }
        self.tell(|| format!("Meilisearch: {}", wait.in_words(usize::MAX)));
    }

    /// What is going on where nothing can be counted.
    pub fn looking(&self, at: impl Fn() -> String) {
        if let Some(bars) = &self.0.bars {
            if bars.look.is_hidden() && !bars.look.is_finished() {
                self.0.screen.add(bars.look.clone());
                bars.look.enable_steady_tick(Duration::from_millis(100));
            }
            bars.look.set_message(terminal::line(&at()).into_owned());
        }
        self.tell(at);
    }

    /// A step that has no figures: it says what is going on.
    pub fn step(&self, text: &str) {
        self.enter(Stage::Promoting, None);
        if self.0.bars.is_some() {
            self.looking(|| text.to_owned());
        }
        tracing::debug!("{text}");
    }

    /// Removes the bars; only the result is printed after this.
    pub fn finish(&self) {
        if let Some(bars) = &self.0.bars {
            bars.clear();
        }
    }

    /// Where log lines of this form go: standard error, above the bars.
    pub fn log_writer(&self, form: LogFormat) -> LogWriter {
        let screen = self.0.bars.as_ref().map(|_| self.0.screen.clone());
        LogWriter::new(screen, form)
    }

    /// The part of the run that is under way, and how much of it is done in percent, where that is known. None: it has not
    /// begun to read.
    pub fn stage(&self) -> Option<(Stage, Option<u64>)> {
        let now = self.0.stage.lock().map_or(None, |stage| *stage)?;
        Some(match now {
            (Stage::Reading, _) => {
                let rows = self.0.rows.load(Ordering::Relaxed);
                (Stage::Reading, (rows * 100).checked_div(self.expected()))
            }
            other => other,
        })
    }

    fn enter(&self, stage: Stage, percent: Option<u64>) {
        if let Ok(mut now) = self.0.stage.lock() {
            *now = Some((stage, percent));
        }
    }

    fn expected(&self) -> u64 {
        self.0.rows_expected.load(Ordering::Relaxed)
    }

    fn tell(&self, text: impl FnOnce() -> String) {
        if !self.0.plain {
            return;
        }
        let Ok(mut last) = self.0.last_line.try_lock() else {
            return;
        };
        if last.elapsed() >= PLAIN_INTERVAL {
            *last = Instant::now();
            tracing::info!("{}", text());
        }
    }
}

impl Bars {
    fn hidden() -> Self {
        let bar = |template: &str| {
            let template = template.replace("BAR", &BAR_WIDTH.to_string());
            let bar = ProgressBar::hidden();
            if let Ok(style) = ProgressStyle::with_template(&template) {
                bar.set_style(style.progress_chars("━╸─"));
            }
            bar
        };
        Self {
            look: bar("{spinner:>9.cyan} {wide_msg}"),
            rows: bar("{prefix:>9} {bar:BAR.cyan} {human_pos} of {human_len} rows"),
            sent: bar(
                "{prefix:>9} {bar:BAR.cyan} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}",
            ),
            server: bar("{prefix:>9} {bar:BAR.green} {wide_msg}"),
        }
    }

    /// How many columns of the terminal are left for words beside a bar.
    fn room(&self) -> usize {
        let (_, columns) = console::Term::stderr().size();
        // The name of the bar, and a space on both sides of it.
        usize::from(columns).saturating_sub(9 + 1 + BAR_WIDTH + 1)
    }

    /// Bars begin to be drawn only when there is something to draw: a refused run leaves no empty bar behind.
    fn show(&self, screen: &MultiProgress) {
        for (bar, name) in [
            (&self.rows, "reading"),
            (&self.sent, "sending"),
            (&self.server, "indexing"),
        ] {
            if bar.is_hidden() && !bar.is_finished() {
                screen.add(bar.clone());
                bar.set_prefix(name);
                bar.reset_elapsed();
            }
        }
        self.server.set_length(100);
        for bar in [&self.rows, &self.sent, &self.server] {
            // Redrawn by a clock: the last of a thousand quick steps would otherwise not be seen.
            bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    fn clear(&self) {
        for bar in [&self.look, &self.rows, &self.sent, &self.server] {
            bar.disable_steady_tick();
            bar.finish_and_clear();
        }
    }
}
