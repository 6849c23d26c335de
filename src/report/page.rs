//! What people read of a report, built line by line.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::terminal::{broken, set_in, style, width};

/// What stands before a line that is a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// Worth knowing.
    Warning,
    /// Failed, or not as it should be.
    Bad,
    /// Nobody looked.
    Unknown,
}

impl Mark {
    /// Of what is either good or bad.
    pub fn of(is_good: bool) -> Mark {
        match is_good {
            true => Mark::Good,
            false => Mark::Bad,
        }
    }
}

impl Display for Mark {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Mark::Good => style("✔").green().bold().fmt(f),
            Mark::Warning => style("⚠").yellow().bold().fmt(f),
            Mark::Bad => style("✘").red().bold().fmt(f),
            Mark::Unknown => style("?").dim().fmt(f),
        }
    }
}

/// What every terminal has.
const COLUMNS: usize = 80;

/// Behind how many columns the last cell of a table has too little room to be broken.
const WIDEST_INDENT: usize = 50;

/// Up to how many generations are named.
const FEW: usize = 2;

/// The lines until now.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// Begins with a verdict.
    pub fn headed(mark: Mark, verdict: impl Display) -> Page {
        let mut page = Page::default();
        page.line(format_args!("{mark} {verdict}"));
        page
    }

    /// A line.
    pub fn line(&mut self, text: impl Display) {
        // A String takes everything that is written to it.
        let _ = writeln!(self.0, "{text}");
    }

    /// A line that belongs to the one above. It is broken where it is too long.
    pub fn note(&mut self, text: impl Display) {
        let text = text.to_string();
        match text.contains('\n') || 2 + width(&text) <= COLUMNS {
            true => self.line(format_args!("  {text}")),
            false => self.wrapped(2, &text),
        }
    }

    /// A line that is set in, and broken between words where it is longer than a terminal of 80 columns; what follows is set
    /// in further.
    pub fn wrapped(&mut self, indent: usize, text: &str) {
        self.broken(&" ".repeat(indent), indent + 4, text);
    }

    /// Lines behind a mark, each broken where it is too long; all but the first begin below the first's text.
    pub fn hanging(&mut self, mark: &str, text: &str) {
        let below = " ".repeat(width(mark));
        for (place, line) in text.lines().enumerate() {
            let before = if place == 0 { mark } else { &below };
            // What is set in is so for a reason: a statement to be copied.
            let inside = line.len() - line.trim_start().len();
            let before = format!("{before}{}", &line[..inside]);
            self.broken(&before, width(&before), line);
        }
    }

    fn broken(&mut self, before: &str, indent: usize, text: &str) {
        self.line(broken(before, indent, text, COLUMNS, width));
    }

    /// A note that names some generations, or counts them, where there are any.
    pub fn generations(&mut self, what: &str, uids: &[String]) {
        match uids.len() {
            0 => {}
            1..=FEW => self.note(format_args!("{what}: {}", uids.join(", "))),
            many => self.note(format_args!("{what}: {many} generations")),
        }
    }

    /// Rows as columns, two spaces before and between; numbers are right where they lead their cell. A cell stays on its
    /// line, whatever the name or the value in it holds.
    pub fn table<const N: usize>(&mut self, rows: impl IntoIterator<Item = [String; N]>) {
        let on_one_line = |cell: String| cell.replace('\n', "\\n").replace('\t', "\\t");
        let rows: Vec<[String; N]> = rows.into_iter().map(|row| row.map(on_one_line)).collect();
        let mut widths = [0; N];
        for row in &rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(cell));
            }
        }
        for row in &rows {
            let (mut line, mut before) = (String::new(), 0);
            for (widest, cell) in widths.iter().zip(row) {
                before = line.len();
                let padding = " ".repeat(widest - width(cell));
                let _ = match cell.starts_with(|first: char| first.is_ascii_digit()) {
                    true => write!(line, "  {padding}{cell}"),
                    false => write!(line, "  {cell}{padding}"),
                };
            }
            let line = line.trim_end();
            match line.split_at_checked(before) {
                // The last cell goes on below its beginning.
                Some((cells, last)) if width(line) > COLUMNS && width(cells) < WIDEST_INDENT => {
                    self.broken(&format!("{cells}  "), width(cells) + 2, last);
                }
                _ => self.line(line),
            }
        }
    }

    /// All of it.
    pub fn text(self) -> String {
        self.0
    }
}

/// What is said about something, with its name in front where it does not begin with it anyway.
pub fn about(name: &str, said: &str) -> String {
    let said = set_in(said);
    match said.strip_prefix(name) {
        Some(rest) if rest.starts_with(':') => said.into_owned(),
        _ => format!("{name}: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_said_of_one_thing_once() {
        assert_eq!(about("a", "a: it is gone"), "a: it is gone");
        assert_eq!(about("a", "it is gone"), "a: it is gone");
        assert_eq!(about("a", "ab: it is gone"), "a: ab: it is gone");
    }

    #[test]
    fn a_long_line_is_broken_between_words_at_80_columns() {
        let mut page = Page::default();
        page.wrapped(2, &"word ".repeat(20));
        let text = page.text();
        assert!(text.lines().all(|line| width(line) <= 80), "{text}");
        assert!(
            text.starts_with("  word") && text.contains("\n      word"),
            "{text}"
        );
        let mut page = Page::default();
        page.wrapped(0, &"x".repeat(100));
        assert_eq!(page.text().lines().count(), 1, "a word is never cut");
    }

    #[test]
    fn lines_behind_a_mark_stay_below_its_text() {
        let mut page = Page::default();
        let long = "word ".repeat(20);
        page.hanging("  → ", &format!("{long}\n  CREATE {long}"));
        let text = page.text();
        let begins: Vec<&str> = text
            .lines()
            .map(|line| &line[..line.find("word").unwrap()])
            .collect();
        assert_eq!(begins, ["  → ", "    ", "      CREATE ", "      "]);
        assert!(text.lines().all(|line| width(line) <= 80), "{text}");
    }

    #[test]
    fn the_last_cell_of_a_table_goes_on_below_its_beginning() {
        let mut page = Page::default();
        let long = "word ".repeat(20);
        page.table([
            ["a".to_owned(), long],
            ["bcd".to_owned(), "word".to_owned()],
        ]);
        let text = page.text();
        let begins: Vec<&str> = text
            .lines()
            .map(|line| &line[..line.find("word").unwrap()])
            .collect();
        assert_eq!(begins, ["  a    ", "       ", "  bcd  "]);
        assert!(text.lines().all(|line| width(line) <= 80), "{text}");
    }

    #[test]
    fn columns_are_aligned_and_numbers_stand_right() {
        let mut page = Page::headed(Mark::Good, "Live");
        page.table([
            ["articles".to_owned(), "5,208 documents".to_owned()],
            ["authors".to_owned(), "17 documents".to_owned()],
        ]);
        page.table([["a\nb".to_owned(), "c\td".to_owned()]]);
        page.generations("deleted", &[]);
        page.generations("retained", &["a".to_owned(), "b".to_owned()]);
        page.generations("deleted", &["a", "b", "c"].map(str::to_owned));
        assert_eq!(
            page.text(),
            "✔ Live\n  articles  5,208 documents\n  authors      17 documents\n  a\\nb  c\\td\n  retained: a, b\n  deleted: 3 generations\n"
        );
    }
}
