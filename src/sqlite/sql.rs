//! A minimal reader of SQL text: finds comments and strings, and the words and parameters outside them.
//!
//! Definitions are written by people. `documents.sql` ends with `;`, or with `-- a comment` and no line end, and holds
//! strings with `;` or `--` in them. A statement that is wrapped in another one must survive all of that.

/// A piece of SQL as SQLite's own tokenizer would cut it (<https://www.sqlite.org/lang_keywords.html> has no grammar of
/// it; the rules are those of `tokenize.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// Byte offset.
    pub(crate) start: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// White space or a comment.
    Blank,
    Semicolon,
    /// A keyword, a name or a number.
    Word,
    /// `'...'`, `"..."`, `` `...` ``, `[...]`.
    Quoted,
    /// `?`, `?7`, `:since`, `@since`, `$since`.
    Parameter,
    Operator,
}

/// All tokens of `sql`; their texts, put together again, are `sql`.
pub(crate) fn tokens(sql: &str) -> impl Iterator<Item = Token<'_>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &sql[start..];
        let (kind, length) = next(rest)?;
        let token = Token {
            kind,
            text: &rest[..length],
            start,
        };
        start += length;
        Some(token)
    })
}

fn next(rest: &str) -> Option<(Kind, usize)> {
    let bytes = rest.as_bytes();
    let second = bytes.get(1).copied();
    let until = |wanted: &str, from: usize| {
        rest[from..]
            .find(wanted)
            .map_or(rest.len(), |at| from + at + wanted.len())
    };
    Some(match *bytes.first()? {
        b'-' if second == Some(b'-') => (Kind::Blank, until("\n", 2)),
        b'/' if second == Some(b'*') => (Kind::Blank, until("*/", 2)),
        b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' => (Kind::Blank, 1),
        _ if rest.starts_with('\u{feff}') => (Kind::Blank, '\u{feff}'.len_utf8()),
        b';' => (Kind::Semicolon, 1),
        quote @ (b'\'' | b'"' | b'`') => (Kind::Quoted, quoted(bytes, quote)),
        b'[' => (Kind::Quoted, until("]", 1)),
        b'?' => (
            Kind::Parameter,
            1 + bytes[1..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count(),
        ),
        b':' | b'@' | b'$' | b'#' if second.is_some_and(is_name) => {
            (Kind::Parameter, 1 + name_length(&bytes[1..]))
        }
        byte if is_name(byte) => (Kind::Word, name_length(bytes)),
        _ => (Kind::Operator, 1),
    })
}

/// The length of a quoted piece, both quotes included; a doubled quote stands for one.
fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    bytes.len()
}

/// Names may hold any letter beyond ASCII.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn name_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_name(**byte)).count()
}

/// A name without its quotes.
pub(super) fn unquoted(name: &str) -> String {
    match name.chars().next() {
        Some('"' | '`' | '[' | '\'') if name.len() >= 2 => name[1..name.len() - 1].to_owned(),
        _ => name.to_owned(),
    }
}

/// The statement without what stands around it: white space, comments and semicolons before and after. What comes
/// out can be put in parentheses. Comments inside stay (they may be hints to the reader of a query log).
pub(crate) fn core(sql: &str) -> &str {
    let mut significant =
        tokens(sql).filter(|token| !matches!(token.kind, Kind::Blank | Kind::Semicolon));
    let Some(first) = significant.next() else {
        return "";
    };
    let last = significant.last().unwrap_or(first);
    &sql[first.start..last.start + last.text.len()]
}

/// The first word, in upper case: SELECT, WITH, PRAGMA ...
pub(super) fn first_word(sql: &str) -> Option<String> {
    let first = tokens(sql).find(|token| !matches!(token.kind, Kind::Blank | Kind::Semicolon))?;
    Some(
        first
            .text
            .chars()
            .take(30)
            .collect::<String>()
            .to_uppercase(),
    )
}

/// Whether the function `name` (in lower case) is called.
pub(super) fn calls(sql: &str, name: &str) -> bool {
    let mut significant = tokens(sql)
        .filter(|token| token.kind != Kind::Blank)
        .peekable();
    while let Some(token) = significant.next() {
        let is_name = match token.kind {
            Kind::Word => token.text.eq_ignore_ascii_case(name),
            Kind::Quoted => token.text[1..]
                .to_ascii_lowercase()
                .strip_prefix(name)
                .is_some_and(|rest| rest.len() <= 1),
            _ => false,
        };
        if is_name && significant.peek().is_some_and(|token| token.text == "(") {
            return true;
        }
    }
    false
}

/// The statement with its parameters as `?1`, `?2`, numbered as SQLite numbers them, and how many values it needs.
/// sqlx binds by position only and refuses `:since`.
pub(super) fn positional(sql: &str) -> (String, usize) {
    let mut rewritten = String::with_capacity(sql.len() + 8);
    let mut names: Vec<(&str, usize)> = Vec::new();
    let mut highest = 0;
    for token in tokens(sql) {
        if token.kind != Kind::Parameter {
            rewritten.push_str(token.text);
            continue;
        }
        let named = names
            .iter()
            .find(|(name, _)| *name == token.text)
            .map(|(_, number)| *number);
        let number = match token.text.strip_prefix('?') {
            Some("") => highest + 1,
            Some(digits) => digits.parse().unwrap_or(highest + 1),
            None => named.unwrap_or(highest + 1),
        };
        if named.is_none() && !token.text.starts_with('?') {
            names.push((token.text, number));
        }
        highest = highest.max(number);
        rewritten.push('?');
        rewritten.push_str(&number.to_string());
    }
    (rewritten, highest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_core_of_a_statement_can_be_put_in_parentheses() {
        for (sql, expected) in [
            ("SELECT 1", "SELECT 1"),
            ("SELECT 1;", "SELECT 1"),
            ("SELECT 1 ; ;\n", "SELECT 1"),
            ("-- what for\nSELECT 1 -- no line end", "SELECT 1"),
            ("/* a; */ SELECT 1 /* ; */ ; -- ;", "SELECT 1"),
            ("SELECT 1 /* never closed", "SELECT 1"),
            ("SELECT ';' AS a, '--' AS b", "SELECT ';' AS a, '--' AS b"),
            ("SELECT 'it''s; -- /*' ;", "SELECT 'it''s; -- /*'"),
            (
                "SELECT \"a;\"\"--\", [b;--], `c;``--` ;",
                "SELECT \"a;\"\"--\", [b;--], `c;``--`",
            ),
            (
                "SELECT a - -1, b/c -- x\n FROM t",
                "SELECT a - -1, b/c -- x\n FROM t",
            ),
            ("\u{feff}SELECT 'غزة;' ;", "SELECT 'غزة;'"),
            (" ; -- nothing", ""),
            ("", ""),
        ] {
            assert_eq!(core(sql), expected, "{sql}");
        }
    }

    #[test]
    fn words_are_found_outside_comments_and_strings_only() {
        assert_eq!(
            first_word("-- DELETE\n /* x */ with a AS (SELECT 1) SELECT * FROM a").as_deref(),
            Some("WITH")
        );
        assert_eq!(first_word("(SELECT 1)").as_deref(), Some("("));
        assert_eq!(first_word("  -- x"), None);
        for call in [
            "SELECT load_extension('x')",
            "SELECT LOAD_EXTENSION ('x')",
            "SELECT \"load_extension\"('x')",
        ] {
            assert!(calls(call, "load_extension"), "{call}");
        }
        for none in [
            "SELECT 'load_extension(1)'",
            "SELECT load_extension FROM t",
            "SELECT my_load_extension(1)",
        ] {
            assert!(!calls(none, "load_extension"), "{none}");
        }
    }

    #[test]
    fn parameters_are_numbered_as_sqlite_numbers_them() {
        for (sql, expected, count) in [
            ("SELECT :since, :since", "SELECT ?1, ?1", 1),
            ("SELECT @a, $b, :a, @a", "SELECT ?1, ?2, ?3, ?1", 3),
            ("SELECT ?, :x, ?5, ?", "SELECT ?1, ?2, ?5, ?6", 6),
            (
                "SELECT ':since', \"@x\", a::b -- :c\n",
                "SELECT ':since', \"@x\", a:?1 -- :c\n",
                1,
            ),
            (
                "SELECT '{\"a\":1}' -> '$.a'",
                "SELECT '{\"a\":1}' -> '$.a'",
                0,
            ),
            ("SELECT :منذ", "SELECT ?1", 1),
        ] {
            assert_eq!(positional(sql), (expected.to_owned(), count), "{sql}");
        }
    }

    proptest! {
        #[test]
        fn tokens_are_the_text_again(sql in "(SELECT|--|/\\*|\\*/|'|\"|`|\\[|\\]|;|:a|\\?1|\n|غ|x| ){0,40}") {
            let together: String = tokens(&sql).map(|token| token.text).collect();
            prop_assert_eq!(&together, &sql);
            let core = core(&sql);
            prop_assert!(sql.contains(core));
            prop_assert_eq!(super::core(core), core);
        }
    }
}
