//! A terminal, and what a person would see on it.

use std::fs::File;
use std::io::{Read, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, Mutex};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::task::JoinHandle;

const WIDTH: u16 = 120;

/// The end that a program is given, and somebody at the other who reads all that it writes.
pub struct Terminal {
    pub end: File,
    keyboard: File,
    written: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl Terminal {
    pub fn open() -> Terminal {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let size = Winsize {
            ws_row: 40,
            ws_col: WIDTH,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&screen, size).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap();
        // Where the tests run without a terminal, this must not become theirs: its end would end them all.
        let end = File::options()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits().cast_signed())
            .open(name.to_str().unwrap())
            .unwrap();
        let keyboard = File::from(screen.try_clone().unwrap());
        let written = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&written);
        let reading = tokio::task::spawn_blocking(move || read(screen, &all));
        Terminal {
            end,
            keyboard,
            written,
            reading,
        }
    }

    /// Returns once this was written to it.
    pub async fn shows(&self, text: &str) {
        super::eventually(text, async || self.text().contains(text).then_some(())).await;
    }

    /// What a person types.
    pub fn type_in(&self, text: &str) {
        (&self.keyboard).write_all(text.as_bytes()).unwrap();
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    /// Everything that was ever written to it, once nobody can write any more.
    pub async fn closed(self) -> String {
        let Terminal {
            end,
            keyboard,
            written,
            reading,
        } = self;
        drop((end, keyboard));
        reading.await.unwrap();
        let all = written.lock().unwrap();
        String::from_utf8_lossy(&all).into_owned()
    }
}

fn read(screen: OwnedFd, all: &Mutex<Vec<u8>>) {
    let mut screen = File::from(screen);
    let mut piece = [0; 4096];
    // The end of a terminal shows as an error (EIO) and not as an end.
    while let Ok(read @ 1..) = screen.read(&mut piece) {
        all.lock().unwrap().extend_from_slice(&piece[..read]);
    }
}

/// What stands on the screen, and above it, after all this was written: its lines, as a person reads them.
pub fn shown(written: &str) -> Vec<String> {
    let mut lines: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0usize, 0usize);
    let mut rest = written.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                if rest.next() != Some('[') {
                    continue;
                }
                let mut number = String::new();
                let order = loop {
                    match rest.next() {
                        Some(digit @ ('0'..='9' | ';' | '?')) => number.push(digit),
                        other => break other,
                    }
                };
                let count = number.parse().unwrap_or(1);
                match order {
                    Some('A') => row = row.saturating_sub(count),
                    Some('B') => row += count,
                    Some('C') => column += count,
                    Some('D') => column = column.saturating_sub(count),
                    Some('G') => column = count - 1,
                    Some('K') if number == "2" => lines[row].clear(),
                    Some('K') => lines[row].truncate(column),
                    Some('J') => {
                        lines.truncate(row + 1);
                        lines[row].truncate(column);
                    }
                    _ => {} // colours, and whether the cursor is seen
                }
            }
            other => {
                // A full line goes on in the next one, but not before there is something to go on with.
                if column == usize::from(WIDTH) {
                    row += 1;
                    column = 0;
                    if lines.len() <= row {
                        lines.push(Vec::new());
                    }
                }
                if lines[row].len() <= column {
                    lines[row].resize(column + 1, ' ');
                }
                lines[row][column] = other;
                column += 1;
            }
        }
        while lines.len() <= row {
            lines.push(Vec::new());
        }
    }
    lines
        .into_iter()
        .map(|line| line.into_iter().collect::<String>().trim_end().to_owned())
        .collect()
}
