//! Colours: marks in a text, which become escape codes where the text is printed.

use std::fmt::{self, Display};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::safe;

/// Whether standard output and standard error are coloured. Nothing is, until it is said.
static COLOURS: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];

/// Which of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

impl Stream {
    pub(super) fn has_colours(self) -> bool {
        COLOURS[self as usize].load(Ordering::Relaxed)
    }
}

/// Says where colours are used; the bars' library is told as well.
pub fn set_colours(out: bool, err: bool) {
    console::set_colors_enabled(out);
    console::set_colors_enabled_stderr(err);
    COLOURS[Stream::Out as usize].store(out, Ordering::Relaxed);
    COLOURS[Stream::Err as usize].store(err, Ordering::Relaxed);
}

/// What the sinks take for the beginning of a mark. Noncharacters, which should not occur in text, in a random
/// order: a document that contains some of them anyway causes no colour.
static MARK: LazyLock<String> = LazyLock::new(|| {
    let lot = RandomState::new().hash_one(0_u8);
    (0..8)
        .map(|at| (lot >> (at * 8)) as u32 & 0x1f)
        .map(|number| char::from_u32(0xfdd0 + number).unwrap_or('\u{fdd0}'))
        .collect()
});

/// The codes of the styles, by the digit that follows a mark.
const CODES: [&str; 7] = ["0", "1", "2", "31", "32", "33", "36"];

/// A text in colours, where colours are used.
#[derive(Clone, Debug)]
pub struct Styled<T> {
    text: T,
    /// The positions in [`CODES`] that it has, by bit.
    codes: u8,
}

/// A text to be styled.
pub fn style<T: Display>(text: T) -> Styled<T> {
    Styled { text, codes: 0 }
}

impl<T> Styled<T> {
    fn with(self, code: u8) -> Self {
        Self {
            codes: self.codes | 1 << code,
            ..self
        }
    }

    /// Bold.
    pub fn bold(self) -> Self {
        self.with(1)
    }

    /// Dim.
    pub fn dim(self) -> Self {
        self.with(2)
    }

    /// Red.
    pub fn red(self) -> Self {
        self.with(3)
    }

    /// Green.
    pub fn green(self) -> Self {
        self.with(4)
    }

    /// Yellow.
    pub fn yellow(self) -> Self {
        self.with(5)
    }

    /// Cyan.
    pub fn cyan(self) -> Self {
        self.with(6)
    }
}

impl<T: Display> Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !Stream::Out.has_colours() && !Stream::Err.has_colours() {
            return self.text.fmt(f);
        }
        for code in (1..CODES.len()).filter(|code| self.codes & 1 << code != 0) {
            write!(f, "{}{code}", *MARK)?;
        }
        self.text.fmt(f)?;
        write!(f, "{}0", *MARK)
    }
}

/// How many columns a text takes, colours aside.
pub fn width(text: &str) -> usize {
    console::measure_text_width(&painted(text, false))
}

/// A text that may hold styles, safe, and in colours or without.
pub(super) fn painted(text: &str, colours: bool) -> String {
    let mut pieces = text.split(MARK.as_str());
    let mut painted = safe(pieces.next().unwrap_or_default()).into_owned();
    for piece in pieces {
        let mut rest = piece.chars();
        let code = rest.next().and_then(|digit| digit.to_digit(10));
        if let (true, Some(code)) = (colours, code.and_then(|code| CODES.get(code as usize))) {
            painted.push_str("\x1b[");
            painted.push_str(code);
            painted.push('m');
        }
        painted.push_str(&safe(rest.as_str()));
    }
    painted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_from_outside_paints() {
        let outside = format!("\u{fdd0}\u{fdd1}1 {}", "\u{1b}[1m");
        assert!(!painted(&outside, true).contains('\u{1b}'));
        // Marks are there only where colours are: this one is put together by hand.
        let text = format!("{0}4✔{0}0 {outside}", *MARK);
        assert!(painted(&text, true).starts_with("\u{1b}[32m✔\u{1b}[0m \\u{fdd0}"));
        assert!(painted(&text, false).starts_with("✔ \\u{fdd0}"));
        assert_eq!(width(&format!("{0}4✔{0}0 ab", *MARK)), 4);
    }
}
