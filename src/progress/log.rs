//! Log lines on a terminal that shows bars.

use std::io::{self, Write};

use indicatif::MultiProgress;

use crate::cli::LogFormat;
use crate::terminal;

/// Writes a log line above the bars. The line is written whole when the writer is dropped, as tracing does after
/// each event.
pub struct LogWriter {
    screen: Option<MultiProgress>,
    form: LogFormat,
    line: Vec<u8>,
}

impl LogWriter {
    /// For lines of this form, above the bars where there is a screen with bars.
    pub(super) fn new(screen: Option<MultiProgress>, form: LogFormat) -> LogWriter {
        LogWriter {
            screen,
            form,
            line: Vec::new(),
        }
    }
}

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.line.is_empty() {
            return Ok(());
        }
        let mut line = std::mem::take(&mut self.line);
        if self.form == LogFormat::Json {
            line = terminal::log_object(&line);
        }
        match &self.screen {
            Some(screen) => {
                if self.form == LogFormat::Text {
                    line = on_screen(&line);
                }
                screen.suspend(|| io::stderr().write_all(&line))
            }
            None => io::stderr().write_all(&line),
        }
    }
}

/// The same log lines, each broken between words where the terminal is narrower.
fn on_screen(line: &[u8]) -> Vec<u8> {
    let (_, columns) = console::Term::stderr().size();
    let text = String::from_utf8_lossy(line);
    let width = console::measure_text_width;
    let mut shown = String::with_capacity(text.len() + 16);
    for line in text.lines() {
        match width(line) <= usize::from(columns) {
            true => shown.push_str(line),
            false => {
                let words = line.trim_start();
                let before = &line[..line.len() - words.len()];
                shown.push_str(&terminal::broken(before, 6, words, columns.into(), width));
            }
        }
        shown.push('\n');
    }
    shown.into_bytes()
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        // A log that cannot be written (a closed pipe) must not end the work.
        let _ = self.flush();
    }
}
