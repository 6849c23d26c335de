//! Output to a terminal: everything that is printed goes through here, and text from outside cannot control the
//! terminal.
//!
//! Documents, ids, file names, messages of a server and of SQLite are text from outside. Printed unchanged, a document
//! could move the cursor, overwrite what is above it, or reverse the direction of a line so that it reads differently.
//! So all output is made [`safe`] where it leaves the program: standard output ([`print`]), a question ([`question`])
//! and log lines ([`log_fields`]). Code that builds a message need not care about it.
//!
//! Until then the program's own colours are not escape codes but marks ([`style`]), which no text from outside can
//! contain: they are chosen at random when the program starts.

mod style;

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use style::{Stream, painted};
pub use style::{set_colours, style, width};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::error::{CommandError, Error, FAILED};

/// What is printed, and with it how a character is written that must not be printed itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people: `\u{202e}`. The program's own colours are painted.
    Text,
    /// A JSON document: `\u202e`, which is the same document.
    Json,
    /// Prometheus' text form, where such a character can only stand in a label.
    Prometheus,
    /// An XML document: `&#x202e;`, which is the same document.
    Xml,
}

/// Whether a character commands the terminal, or can make a line read as another: control characters, those that turn the
/// direction of writing, and those that cannot be seen at all.
///
/// Line ends and tabs are layout. The joiners of Persian, of Indian scripts and of emoji (U+200C, U+200D) are spelling.
fn is_unsafe(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => true,
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
        '\u{ad}' | '\u{61c}' | '\u{180e}' => true,
        // Space of no width, marks of direction.
        '\u{200b}' | '\u{200e}' | '\u{200f}' => true,
        // Separators of lines and paragraphs, embeddings and overrides.
        '\u{2028}'..='\u{202e}' => true,
        // Word joiner, invisible operators, isolates, and what Unicode gave up.
        '\u{2060}'..='\u{206f}' => true,
        // Byte order mark, interlinear annotation.
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' => true,
        // Noncharacters, among them the marks of this module.
        '\u{fdd0}'..='\u{fdef}' => true,
        // Tags, which repeat all of ASCII and show nothing.
        '\u{e0000}'..='\u{e007f}' => true,
        other => u32::from(other) & 0xfffe == 0xfffe,
    }
}

/// The same text with nothing in it that commands a terminal. Arabic, and whatever else is to be read, stays as it is.
pub fn safe(text: &str) -> Cow<'_, str> {
    safe_in(Form::Text, text)
}

/// The same, on one line: for what stands in the middle of a line and may hold line ends, such as the name of a file.
pub fn line(text: &str) -> Cow<'_, str> {
    match text.contains(['\n', '\t']) {
        true => safe(&text.replace('\n', "\\n").replace('\t', "\\t"))
            .into_owned()
            .into(),
        false => safe(text),
    }
}

/// A text of words behind what stands before it, broken between words where a line is longer than so many columns, as `width`
/// measures it. What follows is set in.
pub fn broken(
    before: &str,
    indent: usize,
    text: &str,
    columns: usize,
    width: impl Fn(&str) -> usize,
) -> String {
    let mut broken = String::new();
    let mut line = before.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && width(&line) + 1 + width(word) > columns {
            broken.push_str(line.trim_end());
            broken.push('\n');
            line = " ".repeat(indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    broken.push_str(line.trim_end());
    broken
}

fn safe_in(form: Form, text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_unsafe) else {
        return text.into();
    };
    let mut safe = String::with_capacity(text.len() + 16);
    safe.push_str(&text[..first]);
    for character in text[first..].chars() {
        if is_unsafe(character) {
            // A String takes everything that is written to it.
            let _ = escape(form, character, &mut safe);
        } else {
            safe.push(character);
        }
    }
    safe.into()
}

fn escape(form: Form, character: char, text: &mut String) -> fmt::Result {
    match form {
        Form::Text => write!(text, "{}", character.escape_default()),
        Form::Json => {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                write!(text, "\\u{unit:04x}")?;
            }
            Ok(())
        }
        // Its own escape is the backslash, and it knows none of these.
        Form::Prometheus => write!(text, "\\{}", character.escape_default()),
        Form::Xml => write!(text, "&#x{:x};", u32::from(character)),
    }
}

/// Prints on standard output, all of it, or says why not.
///
/// # Errors
/// Where it cannot be written: a full disk, a closed pipe.
pub fn print(form: Form, text: &str) -> io::Result<()> {
    let text = match form {
        Form::Text => painted(text, Stream::Out.has_colours()).into(),
        other => safe_in(other, text),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    // What is left in its buffer would be lost silently at the end of the program.
    out.flush()
}

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written ({0}): what it was to get is lost")]
pub struct OutputError(pub io::Error);

impl CommandError for OutputError {
    fn exit_code(&self) -> u8 {
        FAILED
    }
}

/// Says one thing more on standard output, for who has more to say than a last word.
///
/// # Errors
/// Where it cannot be written.
pub fn say(text: &str) -> Result<(), Error> {
    print(Form::Text, &format!("{text}\n")).map_err(OutputError)?;
    Ok(())
}

/// Prints what the command line is answered with by its parser: help on standard output, on standard error what is wrong.
/// Both quote words and variables as they were given; where those hold a command, colours are given up.
///
/// # Errors
/// Where it cannot be written.
pub fn answer(answer: &clap::Error) -> io::Result<()> {
    let variables = std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        ["BISAN_INDEXER_", "MEILISEARCH_", "DATABASE_"]
            .iter()
            .any(|ours| name.starts_with(ours))
    });
    let mut given = std::env::args_os().chain(variables.map(|(_, value)| value));
    if !given.any(|text| text.to_string_lossy().contains(is_unsafe)) {
        answer.print()?;
        return io::stdout().flush();
    }
    let text = answer.render().to_string();
    match answer.use_stderr() {
        true => io::stderr().write_all(safe(&text).as_bytes()),
        false => print(Form::Text, &text),
    }
}

/// Asks on standard error.
///
/// # Errors
/// Where it cannot be written.
pub fn question(text: &str) -> io::Result<()> {
    io::stderr().write_all(painted(text, Stream::Err.has_colours()).as_bytes())
}

/// How the fields of a log line are written for people. The text of a library or a server can hold line ends, too: what
/// comes after one is set in, so that it cannot be taken for another line of this program's.
pub fn log_fields() -> impl for<'w> FormatFields<'w> {
    debug_fn(|out, field, value| {
        let text = format!("{value:?}");
        let text = safe(&text);
        match field.name() {
            "message" => write!(out, "{}", set_in(&text)),
            // Of a span, as which it stands in front of what is said ([`LogLines`]).
            "server" => write!(out, "{}", line(&text)),
            name => write!(out, "{name}={}", line(&text)),
        }
    })
    .delimited(" ")
}

/// A log line for people. Where several servers are at work, the name of the one that it is about stands in front of what is
/// said; a line without one is left to the formatter inside.
pub struct LogLines<F>(pub F);

impl<S, N, F> FormatEvent<S, N> for LogLines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(span) = context.lookup_current() else {
            return self.0.format_event(context, out, event);
        };
        let level = *event.metadata().level();
        let colour = match level {
            Level::ERROR => 31,
            Level::WARN => 33,
            Level::INFO => 32,
            Level::DEBUG => 34,
            Level::TRACE => 35,
        };
        match out.has_ansi_escapes() {
            true => write!(out, "\u{1b}[{colour}m{level:>5}\u{1b}[0m ")?,
            false => write!(out, "{level:>5} ")?,
        }
        if let Some(server) = span.extensions().get::<FormattedFields<N>>() {
            write!(out, "{server}: ")?;
        }
        context.format_fields(out.by_ref(), event)?;
        writeln!(out)
    }
}

/// The same text with whatever follows a line end set in: a name that holds one cannot begin a line of this program's.
pub fn set_in(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return text.into();
    }
    let mut lines = text.lines();
    let mut set_in = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        set_in.push('\n');
        if !line.starts_with(' ') {
            set_in.push_str("  ");
        }
        set_in.push_str(line);
    }
    set_in.into()
}

/// A log line that is a JSON object.
pub fn log_object(line: &[u8]) -> Vec<u8> {
    safe_in(Form::Json, &String::from_utf8_lossy(line))
        .into_owned()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_commands_a_terminal_is_written_out() {
        for (text, expected) in [
            ("\u{1b}[2Ja\u{7}\r", "\\u{1b}[2Ja\\u{7}\\r"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            (
                "a\u{202e}b\u{2066}c\u{200f}",
                "a\\u{202e}b\\u{2066}c\\u{200f}",
            ),
            ("\u{feff}a\u{200b}b\u{ad}", "\\u{feff}a\\u{200b}b\\u{ad}"),
            ("\u{e0041}\u{fffe}", "\\u{e0041}\\u{fffe}"),
        ] {
            assert_eq!(safe(text), expected);
        }
        assert_eq!(line("a\nb\tc\r"), "a\\nb\\tc\\r");
    }

    #[test]
    fn what_is_to_be_read_stays_as_it_is() {
        for text in [
            "القُدْس عاصمة فلسطين، وغزّة",
            "می\u{200c}خواهم",
            "Łódź, 東京, कि\u{200d}, 👨\u{200d}👩\u{200d}👧 ☂\u{fe0f}",
            "two\nlines\tand a tab",
        ] {
            assert!(matches!(safe(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn a_line_end_in_a_message_begins_no_line_of_the_programs_own() {
        assert_eq!(set_in("a\nERROR b\n  c"), "a\n  ERROR b\n  c");
    }

    proptest! {
        #[test]
        fn json_stays_the_same_document(text in any::<String>(), more in "[\u{7f}-\u{9f}\u{200b}-\u{2069}\u{e0000}-\u{e007f}]{0,9}") {
            let document = serde_json::json!({ format!("{more}{text}"): [format!("{text}{more}")] });
            let printed = format!("{document:#}\n");
            let printed = safe_in(Form::Json, &printed);
            prop_assert!(!printed.contains(is_unsafe));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), document);
        }

        #[test]
        fn nothing_unsafe_is_printed_whatever_the_form(text in any::<String>()) {
            for form in [Form::Text, Form::Json, Form::Prometheus, Form::Xml] {
                prop_assert!(!safe_in(form, &text).contains(is_unsafe));
            }
            prop_assert!(!painted(&text, true).contains(is_unsafe));
        }
    }
}
