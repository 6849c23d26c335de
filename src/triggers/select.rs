//! Reads the text of a SELECT: its tables with their aliases, which columns must be equal, its subqueries.
//!
//! It reads enough to tell how a row of one table gets into a document, and no more. What it does not understand it
//! leaves out, so that no way is found where there is one; never the other way round.
//!
//! It is one file, because a FROM clause contains conditions, and a condition may contain a SELECT.

mod conditions;
mod sources;

use super::text::{between, by_commas, closing, depths, is_word, name};
use crate::sqlite::sql::{Kind, Token};

/// A SELECT with its compound parts.
#[derive(Clone, Debug, Default)]
pub(super) struct Query<'a> {
    pub ctes: Vec<Cte<'a>>,
    /// One, or those of a UNION.
    pub selects: Vec<Select<'a>>,
    /// It has INTERSECT, EXCEPT or VALUES, or could not be read.
    pub is_other: bool,
    /// It has a LIMIT, so that one row decides about another.
    pub is_limited: bool,
}

/// A common table expression.
#[derive(Clone, Debug)]
pub(super) struct Cte<'a> {
    pub name: String,
    pub columns: Vec<String>,
    pub query: Query<'a>,
}

/// One SELECT.
#[derive(Clone, Debug, Default)]
pub(super) struct Select<'a> {
    pub outputs: Vec<Output<'a>>,
    pub sources: Vec<Source<'a>>,
    pub conditions: Vec<Condition>,
    pub group_by: Vec<Expr<'a>>,
    /// It has GROUP BY.
    pub is_grouped: bool,
    /// It leaves out rows that are equal: DISTINCT, or UNION without ALL.
    pub is_distinct: bool,
    /// It calls a window function.
    pub is_windowed: bool,
    /// The functions that it calls outside its subqueries, in small letters, with the number of their arguments.
    pub calls: Vec<(String, usize)>,
    /// The subqueries of its expressions.
    pub inner: Vec<Query<'a>>,
}

/// An expression.
#[derive(Clone, Debug)]
pub(super) struct Expr<'a> {
    pub tokens: Vec<Token<'a>>,
    pub text: &'a str,
}

/// What a SELECT returns.
#[derive(Clone, Debug)]
pub(super) enum Output<'a> {
    /// `*`
    All,
    /// `articles.*`
    AllOf(String),
    /// One column.
    One { expr: Expr<'a>, name: String },
}

/// A table, view or subquery behind FROM or JOIN.
#[derive(Clone, Debug)]
pub(super) struct Source<'a> {
    pub alias: String,
    pub what: What<'a>,
    pub join: Join,
    pub using: Vec<String>,
    pub is_natural: bool,
}

/// What a source is.
#[derive(Clone, Debug)]
pub(super) enum What<'a> {
    Named {
        schema: Option<String>,
        name: String,
    },
    Derived(Query<'a>),
    /// A table-valued function.
    Function,
}

/// How a source is joined to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Inner,
    Left,
    /// RIGHT or FULL.
    Other,
}

/// A column as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnName {
    pub qualifier: Option<String>,
    pub column: String,
}

/// Two sides that must be equal.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub left: ColumnName,
    pub right: Side,
    /// The ON of a join that it stands in: how that joins, and the sources on its right. None: WHERE.
    pub on: Option<(Join, std::ops::Range<usize>)>,
}

/// The other side.
#[derive(Clone, Debug)]
pub(super) enum Side {
    Column(ColumnName),
    /// `IN (SELECT …)`: this one of the subqueries.
    Subquery(usize),
}

/// Words that an expression may end with, and that are no name.
const NO_NAME: [&str; 7] = [
    "null",
    "end",
    "true",
    "false",
    "current_timestamp",
    "current_date",
    "current_time",
];

impl<'a> Query<'a> {
    /// Reads a statement's tokens, without semicolons.
    pub(super) fn read(sql: &'a str, tokens: &[Token<'a>]) -> Query<'a> {
        let mut query = Query::default();
        let mut rest = tokens;
        if rest.first().is_some_and(|token| is_word(token, "with")) {
            rest = query.read_ctes(sql, rest);
        }
        let depths = depths(rest);
        let top = |at: usize, word: &str| depths[at] == 0 && is_word(&rest[at], word);
        let body_end = (0..rest.len())
            .find(|at| top(*at, "order") || top(*at, "limit"))
            .unwrap_or(rest.len());
        query.is_limited = (body_end..rest.len()).any(|at| top(at, "limit"));
        let (mut start, mut is_merged) = (0, false);
        for at in 0..=body_end {
            let is_cut = at == body_end
                || ["union", "intersect", "except"]
                    .iter()
                    .any(|word| top(at, word));
            if !is_cut || at < start {
                continue;
            }
            match Select::read(sql, &rest[start..at]) {
                Some(select) => query.selects.push(select),
                None => query.is_other = true,
            }
            query.is_other |= at < body_end && !top(at, "union");
            let all = rest.get(at + 1).is_some_and(|token| is_word(token, "all"));
            is_merged |= at < body_end && !all;
            start = at + 1 + usize::from(all);
        }
        for select in &mut query.selects {
            select.is_distinct |= is_merged;
        }
        if let Some(select) = query.selects.last_mut() {
            select.look_inside(sql, &rest[body_end..]);
        }
        query
    }

    /// `WITH a AS (…), b(x) AS MATERIALIZED (…)`; returns what follows.
    fn read_ctes<'t>(&mut self, sql: &'a str, tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
        let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| is_word(token, word));
        let opens = |at: usize| tokens.get(at).is_some_and(|token| token.text == "(");
        let mut at = 1 + usize::from(is(1, "recursive"));
        loop {
            let Some(cte) = tokens.get(at).and_then(name) else {
                return &tokens[at.min(tokens.len())..];
            };
            at += 1;
            let mut columns = Vec::new();
            if opens(at) {
                let end = closing(tokens, at);
                columns = tokens[at + 1..end].iter().filter_map(name).collect();
                at = end + 1;
            }
            while ["as", "not", "materialized"]
                .iter()
                .any(|word| is(at, word))
            {
                at += 1;
            }
            if !opens(at) {
                return &tokens[at.min(tokens.len())..];
            }
            let end = closing(tokens, at);
            let query = Query::read(sql, &tokens[at + 1..end]);
            self.ctes.push(Cte {
                name: cte,
                columns,
                query,
            });
            at = end + 1;
            if tokens.get(at).is_none_or(|token| token.text != ",") {
                return &tokens[at.min(tokens.len())..];
            }
            at += 1;
        }
    }
}

impl<'a> Select<'a> {
    fn read(sql: &'a str, tokens: &[Token<'a>]) -> Option<Select<'a>> {
        let first = tokens.first()?;
        if !is_word(first, "select") {
            return None;
        }
        let depths = depths(tokens);
        let clause = |word: &str, from: usize| {
            (from..tokens.len()).find(|at| {
                let distinct_from =
                    word == "from" && *at > 1 && is_word(&tokens[at - 1], "distinct") && *at > 2;
                depths[*at] == 0 && is_word(&tokens[*at], word) && !distinct_from
            })
        };
        let end = tokens.len();
        let from = clause("from", 1).unwrap_or(end);
        let window = clause("window", from).unwrap_or(end);
        let having = clause("having", from).unwrap_or(window);
        let group = clause("group", from).unwrap_or(having);
        let filter = clause("where", from).unwrap_or(group);

        let mut select = Select {
            is_grouped: group < having,
            is_distinct: tokens
                .get(1)
                .is_some_and(|token| is_word(token, "distinct")),
            ..Select::default()
        };
        let skipped = usize::from(
            tokens
                .get(1)
                .is_some_and(|token| is_word(token, "distinct") || is_word(token, "all")),
        );
        let columns = &tokens[1 + skipped..from];
        for piece in by_commas(columns) {
            select.outputs.push(Output::read(sql, piece));
        }
        select.look_inside(sql, columns);
        if from < filter {
            select.read_sources(sql, &tokens[from + 1..filter], None);
        }
        if filter < group {
            select.read_conditions(sql, &tokens[filter + 1..group], None);
        }
        if select.is_grouped {
            let terms = &tokens[(group + 2).min(having)..having];
            let terms_of = by_commas(terms)
                .into_iter()
                .map(|piece| Expr::new(sql, piece));
            select.group_by = terms_of.collect();
            select.look_inside(sql, terms);
        }
        select.look_inside(sql, &tokens[having..]);
        Some(select)
    }

    /// The subqueries and the calls in an expression.
    fn look_inside(&mut self, sql: &'a str, tokens: &[Token<'a>]) {
        self.note_calls(tokens);
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at].text == "(" && tokens.get(at + 1).is_some_and(begins_query) {
                let end = closing(tokens, at);
                self.inner.push(Query::read(sql, &tokens[at + 1..end]));
                at = end;
            }
            at += 1;
        }
    }

    fn note_calls(&mut self, tokens: &[Token<'a>]) {
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at].text == "(" {
                if tokens.get(at + 1).is_some_and(begins_query) {
                    at = closing(tokens, at);
                } else if let Some(called) =
                    at.checked_sub(1).and_then(|before| name(&tokens[before]))
                {
                    let end = closing(tokens, at);
                    let arguments = by_commas(&tokens[(at + 1).min(end)..end]).len();
                    self.calls.push((called.to_lowercase(), arguments));
                }
            }
            let over = tokens.get(at).is_some_and(|token| token.text == ")")
                && tokens
                    .get(at + 1)
                    .is_some_and(|token| is_word(token, "over"));
            self.is_windowed |= over;
            at += 1;
        }
    }
}

impl<'a> Output<'a> {
    fn read(sql: &'a str, tokens: &[Token<'a>]) -> Output<'a> {
        match tokens {
            [star] if star.text == "*" => return Output::All,
            [.., table, dot, star] if dot.text == "." && star.text == "*" => {
                return Output::AllOf(name(table).unwrap_or_default());
            }
            _ => {}
        }
        let (expr, alias) = match tokens {
            [expr @ .., as_word, alias] if is_word(as_word, "as") && !expr.is_empty() => {
                (expr, text_or_name(alias))
            }
            [expr @ .., before, alias] if is_implicit_alias(before, alias) => {
                (&tokens[..expr.len() + 1], text_or_name(alias))
            }
            _ => (tokens, None),
        };
        let expr = Expr::new(sql, expr);
        let name = alias
            .or_else(|| expr.column().map(|column| column.column))
            .unwrap_or_else(|| expr.text.to_owned());
        Output::One { expr, name }
    }
}

impl<'a> Expr<'a> {
    fn new(sql: &'a str, tokens: &[Token<'a>]) -> Expr<'a> {
        Expr {
            tokens: tokens.to_vec(),
            text: between(sql, tokens),
        }
    }

    /// The column, where the expression is one and nothing else.
    pub(super) fn column(&self) -> Option<ColumnName> {
        column(&self.tokens)
    }
}

/// An alias may be written as a string.
fn text_or_name(token: &Token<'_>) -> Option<String> {
    let text = token
        .text
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    name(token).or_else(|| text.map(|text| text.replace("''", "'")))
}

fn is_implicit_alias(before: &Token<'_>, alias: &Token<'_>) -> bool {
    let is_value = |token: &Token<'_>| match token.kind {
        Kind::Quoted | Kind::Parameter => true,
        Kind::Word => ![
            "collate", "not", "and", "or", "is", "then", "else", "when", "like", "in", "glob",
            "as", "between", "escape",
        ]
        .iter()
        .any(|word| is_word(token, word)),
        _ => token.text == ")",
    };
    let is_name = text_or_name(alias).is_some() && !NO_NAME.iter().any(|word| is_word(alias, word));
    is_name && is_value(before)
}

/// The column that these tokens are, and nothing else.
pub(super) fn column(tokens: &[Token<'_>]) -> Option<ColumnName> {
    let (qualifier, column) = match tokens {
        [column] => (None, column),
        [qualifier, dot, column] if dot.text == "." => (Some(qualifier), column),
        [_, first, qualifier, dot, column] if first.text == "." && dot.text == "." => {
            (Some(qualifier), column)
        }
        [open, inside @ .., close] if open.text == "(" && close.text == ")" => {
            return self::column(inside);
        }
        _ => return None,
    };
    if qualifier.is_none() && NO_NAME.iter().any(|word| is_word(column, word)) {
        return None;
    }
    let qualifier = match qualifier {
        Some(token) => Some(name(token)?),
        None => None,
    };
    Some(ColumnName {
        qualifier,
        column: name(column)?,
    })
}

fn begins_query(token: &Token<'_>) -> bool {
    ["select", "with", "values"]
        .iter()
        .any(|word| is_word(token, word))
}
