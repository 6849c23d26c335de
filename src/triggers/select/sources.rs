//! FROM: tables, views and subqueries, and how they are joined.

use super::{Join, Query, Select, Source, What, begins_query};
use crate::sqlite::sql::Token;
use crate::triggers::text::{closing, depths, is_word, name, same};

/// Words that end an expression of a FROM clause, or stand behind a table and are no alias of it.
const NO_ALIAS: [&str; 11] = [
    "join", "left", "right", "inner", "outer", "cross", "natural", "full", "on", "using", "indexed",
];

impl<'a> Select<'a> {
    /// Sources, joined; `outer` is how the parentheses around them are joined.
    pub(super) fn read_sources(&mut self, sql: &'a str, tokens: &[Token<'a>], outer: Option<Join>) {
        let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| is_word(token, word));
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
        let (mut at, mut is_first) = (0, true);
        while at < tokens.len() {
            let (mut join, mut is_natural) = (Join::Inner, false);
            loop {
                match text(at).to_ascii_lowercase().as_str() {
                    "," | "inner" | "cross" | "outer" => {}
                    "natural" => is_natural = true,
                    "left" => join = Join::Left,
                    "right" | "full" => join = Join::Other,
                    "join" => {
                        at += 1;
                        break;
                    }
                    _ => break,
                }
                at += 1;
            }
            if is_first {
                join = outer.unwrap_or(Join::Inner);
                is_first = false;
            }
            let first_source = self.sources.len();
            let mut source = Source {
                alias: String::new(),
                what: What::Function,
                join,
                using: Vec::new(),
                is_natural,
            };
            if text(at) == "(" {
                let end = closing(tokens, at);
                let inside = &tokens[(at + 1).min(end)..end];
                at = end + 1;
                if inside.first().is_some_and(begins_query) {
                    source.what = What::Derived(Query::read(sql, inside));
                    self.sources.push(source);
                } else {
                    self.read_sources(sql, inside, Some(join));
                }
            } else {
                let Some(mut found) = tokens.get(at).and_then(name) else {
                    // Nothing that is understood: what follows is not looked at.
                    self.sources.push(source);
                    return;
                };
                at += 1;
                let mut schema = None;
                if text(at) == "." {
                    schema = Some(found);
                    found = tokens.get(at + 1).and_then(name).unwrap_or_default();
                    at += 2;
                }
                source.alias = found.clone();
                if text(at) == "(" {
                    let end = closing(tokens, at);
                    self.look_inside(sql, &tokens[at..end.min(tokens.len())]);
                    at = end + 1;
                } else {
                    source.what = What::Named {
                        schema,
                        name: found,
                    };
                }
                self.sources.push(source);
            }
            let as_word = usize::from(is(at, "as"));
            let alias = tokens.get(at + as_word).and_then(name);
            let is_alias = |alias: &String| {
                as_word == 1
                    || !NO_ALIAS.iter().any(|word| same(alias, word)) && !same(alias, "not")
            };
            if let Some(alias) = alias.filter(is_alias) {
                at += 1 + as_word;
                if let Some(source) = self.sources.last_mut() {
                    source.alias = alias;
                }
            }
            if is(at, "indexed") {
                at += 3;
            } else if is(at, "not") && is(at + 1, "indexed") {
                at += 2;
            }
            let right = first_source..self.sources.len();
            if is(at, "on") {
                let end = condition_end(tokens, at + 1);
                self.read_conditions(sql, &tokens[at + 1..end], Some((join, right)));
                at = end;
            } else if is(at, "using") {
                let end = closing(tokens, at + 1);
                let columns = tokens[(at + 2).min(end)..end].iter().filter_map(name);
                if let Some(source) = self.sources.get_mut(first_source) {
                    source.using = columns.collect();
                }
                at = end + 1;
            }
            let goes_on = at >= tokens.len() || text(at) == "," || is_join_word(tokens, at);
            if !goes_on {
                return;
            }
        }
    }
}

fn is_join_word(tokens: &[Token<'_>], at: usize) -> bool {
    let opens = ["left", "right", "full", "inner", "cross", "natural", "join"];
    tokens
        .get(at)
        .is_some_and(|token| opens.iter().any(|word| is_word(token, word)))
        && tokens
            .get(at + 1)
            .is_none_or(|next| next.text != "(" || is_word(&tokens[at], "join"))
}

/// Where the condition of a join ends.
fn condition_end(tokens: &[Token<'_>], start: usize) -> usize {
    let depths = depths(&tokens[start..]);
    (start..tokens.len())
        .find(|at| {
            depths[at - start] == 0 && (tokens[*at].text == "," || is_join_word(tokens, *at))
        })
        .unwrap_or(tokens.len())
}
