//! Pieces of SQL text: names in and out of their quotes, tokens without what stands between them.

pub(super) use crate::sqlite::queries::quoted;
use crate::sqlite::sql::{self, Kind, Token};

/// The name that a token stands for; nothing for a string, a number or an operator.
pub(super) fn name(token: &Token<'_>) -> Option<String> {
    let quote = token.text.chars().next()?;
    match token.kind {
        Kind::Word if quote.is_ascii_digit() => None,
        Kind::Word => Some(token.text.to_owned()),
        Kind::Quoted if quote == '\'' || token.text.len() < 2 => None,
        Kind::Quoted => {
            let inner = &token.text[1..token.text.len() - 1];
            let doubled: String = [quote, quote].iter().collect();
            Some(inner.replace(&doubled, &quote.to_string()))
        }
        _ => None,
    }
}

/// Whether a token is this keyword (in lower case).
pub(super) fn is_word(token: &Token<'_>, word: &str) -> bool {
    token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word)
}

/// Whether two names mean the same to SQLite.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The tokens of a text that mean something.
pub(super) fn significant(text: &str) -> Vec<Token<'_>> {
    sql::tokens(text)
        .filter(|token| token.kind != Kind::Blank)
        .collect()
}

/// The text from the first of these tokens to the last, of the text that they were cut from.
pub(super) fn between<'a>(sql: &'a str, tokens: &[Token<'a>]) -> &'a str {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => &sql[first.start..last.start + last.text.len()],
        _ => "",
    }
}

/// For each token the number of parentheses around it; a parenthesis itself counts as outside.
pub(super) fn depths(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut depth = 0_usize;
    let of = |token: &Token<'_>| match token.text {
        "(" => {
            depth += 1;
            depth - 1
        }
        ")" => {
            depth = depth.saturating_sub(1);
            depth
        }
        _ => depth,
    };
    tokens.iter().map(of).collect()
}

/// The pieces between the commas outside parentheses.
pub(super) fn by_commas<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let depths = depths(tokens);
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        if depths[at] == 0 && token.text == "," {
            pieces.push(&tokens[start..at]);
            start = at + 1;
        }
    }
    if start < tokens.len() {
        pieces.push(&tokens[start..]);
    }
    pieces
}

/// Where the parenthesis closes that opens at `open`; the number of tokens where it does not.
pub(super) fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let depths = depths(&tokens[open..]);
    let inside = depths
        .iter()
        .enumerate()
        .skip(1)
        .find(|(at, depth)| **depth == 0 && tokens[open + at].text == ")");
    inside.map_or(tokens.len(), |(at, _)| open + at)
}

/// What a changes.sql of our own compares `src` with, as literals, each once.
pub(super) fn sources(changes_sql: &str) -> Vec<String> {
    let mut sources: Vec<String> = Vec::new();
    for window in significant(changes_sql).windows(3) {
        if window[0].text == "\"src\"" && window[1].text == "=" {
            let source = window[2].text.to_owned();
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
    }
    sources
}
