//! Conditions: which columns must be equal for a row to have an effect.

use super::{ColumnName, Condition, Join, Query, Select, Side, begins_query, column};
use crate::sqlite::sql::{Kind, Token};
use crate::triggers::text::{closing, depths, is_word};

impl<'a> Select<'a> {
    /// The parts that AND joins, where nothing else does.
    pub(super) fn read_conditions(
        &mut self,
        sql: &'a str,
        tokens: &[Token<'a>],
        on: Option<(Join, std::ops::Range<usize>)>,
    ) {
        self.note_calls(tokens);
        for part in conjuncts(tokens) {
            if part.len() > 1
                && part[0].text == "("
                && closing(part, 0) == part.len() - 1
                && !begins_query(&part[1])
            {
                self.read_conditions(sql, &part[1..part.len() - 1], on.clone());
                continue;
            }
            let right = match equal(part) {
                Some((left, Right::Column(right))) => Some((left, Side::Column(right))),
                Some((left, Right::Query(tokens))) => {
                    self.inner.push(Query::read(sql, tokens));
                    Some((left, Side::Subquery(self.inner.len() - 1)))
                }
                None => {
                    self.look_inside(sql, part);
                    None
                }
            };
            if let Some((left, right)) = right {
                self.conditions.push(Condition {
                    left,
                    right,
                    on: on.clone(),
                });
            }
        }
    }
}

enum Right<'t, 'a> {
    Column(ColumnName),
    Query(&'t [Token<'a>]),
}

/// `a.x = b.y`, `a.x IS b.y`, `a.x IN (SELECT …)`.
fn equal<'t, 'a>(part: &'t [Token<'a>]) -> Option<(ColumnName, Right<'t, 'a>)> {
    let depths = depths(part);
    let at = (0..part.len()).find(|at| {
        depths[*at] == 0
            && (part[*at].text == "=" || is_word(&part[*at], "is") || is_word(&part[*at], "in"))
    })?;
    let left = column(&part[..at])?;
    if is_word(&part[at], "in") {
        let inside = &part[at + 1..];
        let is_query = inside.len() > 2
            && inside[0].text == "("
            && begins_query(&inside[1])
            && closing(inside, 0) == inside.len() - 1;
        return is_query.then(|| (left, Right::Query(&inside[1..inside.len() - 1])));
    }
    let doubled = usize::from(part.get(at + 1).is_some_and(|token| token.text == "="));
    let right = column(part.get(at + 1 + doubled..)?)?;
    Some((left, Right::Column(right)))
}

/// The parts between the ANDs outside parentheses; the whole where there is an OR.
fn conjuncts<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let depths = depths(tokens);
    let mut parts = Vec::new();
    let (mut start, mut cases, mut is_between) = (0, 0_usize, false);
    for (at, token) in tokens.iter().enumerate() {
        if depths[at] > 0 || token.kind != Kind::Word {
            continue;
        }
        match token.text.to_ascii_lowercase().as_str() {
            "case" => cases += 1,
            "end" => cases = cases.saturating_sub(1),
            _ if cases > 0 => {}
            "or" => return vec![tokens],
            "between" => is_between = true,
            "and" if is_between => is_between = false,
            "and" => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..]);
    parts
}
