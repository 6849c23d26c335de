//! Derives advice from the text and the plan of a statement: which index would help, whether its rows depend on the
//! time at which it runs. It never decides what is sent or deleted.

use crate::sqlite::sql::{self, Kind, Token, unquoted};

/// A column that changes.sql compares with `:since`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The table, its alias resolved.
    pub table: String,
    /// The column.
    pub column: String,
}

/// The columns that a statement compares with `:since`, as far as its text tells. A column that goes through a function
/// first is not among them: no index would help it.
pub fn compared_with_since(sql: &str) -> Vec<Comparison> {
    let tokens: Vec<Token<'_>> = sql::tokens(sql)
        .filter(|token| token.kind != Kind::Blank)
        .collect();
    let tables = tables(&tokens);
    let mut found = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Parameter || token.text != ":since" {
            continue;
        }
        // `a.updated_at >= :since`, the comparison in one token or two.
        let before = &tokens[..i];
        let comparison = before
            .iter()
            .rev()
            .take_while(|token| token.kind == Kind::Operator && matches!(token.text, ">" | "="))
            .count();
        if comparison == 0 {
            continue;
        }
        let Some((column, qualifier)) = column_at_end(&before[..i - comparison]) else {
            continue;
        };
        let table = match &qualifier {
            Some(qualifier) => tables
                .iter()
                .find(|(alias, _)| alias.eq_ignore_ascii_case(qualifier)),
            None if tables.len() == 1 => tables.first(),
            None => None,
        };
        let Some((_, table)) = table else { continue };
        let one = Comparison {
            table: table.clone(),
            column,
        };
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// The names that stand behind FROM and JOIN, each once: tables, views, and common table expressions.
pub fn tables_read(sql: &str) -> Vec<String> {
    let tokens: Vec<Token<'_>> = sql::tokens(sql)
        .filter(|token| token.kind != Kind::Blank)
        .collect();
    let mut names: Vec<String> = Vec::new();
    for (_, table) in tables(&tokens) {
        if !names.contains(&table) {
            names.push(table);
        }
    }
    names
}

/// The names, in small letters, that stand behind the first FROM: those that decide which rows come. Names of tables
/// and functions are among them.
pub fn names_in_conditions(sql: &str) -> Vec<String> {
    let is_from = |token: &Token<'_>| token.text.eq_ignore_ascii_case("from");
    sql::tokens(sql)
        .skip_while(|token| !is_from(token))
        .filter(|token| match token.kind {
            Kind::Word => true,
            Kind::Quoted => !token.text.starts_with('\''),
            _ => false,
        })
        .map(|token| token.text.trim_matches(['"', '`', '[', ']']).to_lowercase())
        .collect()
}

/// What in a statement gives another value at another time, if anything does: `CURRENT_DATE`, `date('now')`, `random()`.
/// Documents of such a statement differ from themselves, so every comparison finds drift.
pub fn unsteady(sql: &str) -> Option<String> {
    let tokens: Vec<Token<'_>> = sql::tokens(sql)
        .filter(|token| token.kind != Kind::Blank)
        .collect();
    let next = |i: usize, ahead: usize| tokens.get(i + ahead).map_or("", |token| token.text);
    tokens.iter().enumerate().find_map(|(i, token)| {
        let text = token.text.to_lowercase();
        let is_unsteady = match token.kind {
            Kind::Quoted => text == "'now'",
            Kind::Word => match text.as_str() {
                "current_timestamp" | "current_date" | "current_time" => true,
                "random" | "randomblob" => next(i, 1) == "(",
                "date" | "time" | "datetime" | "julianday" | "unixepoch" => {
                    next(i, 1) == "(" && next(i, 2) == ")"
                }
                _ => false,
            },
            _ => false,
        };
        is_unsteady.then(|| token.text.to_owned())
    })
}

/// The tables that a step of SQLite's query plan reads from their first row to their last, by the names that the statement has
/// for them.
pub(super) fn scanned<'p>(plan: impl IntoIterator<Item = &'p str>) -> Vec<String> {
    let mut scanned: Vec<String> = Vec::new();
    for step in plan {
        let Some(name) = step
            .strip_prefix("SCAN ")
            .and_then(|rest| rest.split(' ').next())
        else {
            continue;
        };
        // `SCAN (subquery-1)`, `SCAN CONSTANT ROW`, `SCAN 3-ROW VALUES CLAUSE`: no table.
        let is_table = !name.starts_with(|first: char| first == '(' || first.is_ascii_digit())
            && name != "CONSTANT";
        if is_table && !scanned.iter().any(|known| known == name) {
            scanned.push(name.to_owned());
        }
    }
    scanned
}

/// The column that stands at the end of these tokens, and what stands before its dot.
fn column_at_end(tokens: &[Token<'_>]) -> Option<(String, Option<String>)> {
    let name = |token: &Token<'_>| match token.kind {
        Kind::Word => Some(token.text.to_owned()),
        Kind::Quoted => Some(unquoted(token.text)),
        _ => None,
    };
    let (last, before) = tokens.split_last()?;
    let column = name(last)?;
    let qualifier = match before {
        [.., qualifier, dot] if dot.text == "." => name(qualifier),
        _ => None,
    };
    Some((column, qualifier))
}

/// Every table after FROM or JOIN, by its alias and by its own name.
fn tables(tokens: &[Token<'_>]) -> Vec<(String, String)> {
    /// Words that may follow a table and are no alias.
    const NO_ALIAS: [&str; 16] = [
        "where", "join", "left", "right", "inner", "outer", "cross", "natural", "full", "on",
        "using", "group", "order", "limit", "union", "indexed",
    ];
    let mut tables = Vec::new();
    let is_name = |token: &&Token<'_>| matches!(token.kind, Kind::Word | Kind::Quoted);
    for (i, token) in tokens.iter().enumerate() {
        let opens = ["from", "join"]
            .iter()
            .any(|word| token.text.eq_ignore_ascii_case(word));
        if !opens || token.kind != Kind::Word {
            continue;
        }
        let Some(table) = tokens.get(i + 1).filter(is_name) else {
            continue;
        };
        let table = unquoted(table.text);
        let as_word = tokens
            .get(i + 2)
            .is_some_and(|token| token.text.eq_ignore_ascii_case("as"));
        let alias = tokens.get(i + 2 + usize::from(as_word)).filter(is_name);
        let alias = alias
            .map(|token| unquoted(token.text))
            .filter(|alias| as_word || !NO_ALIAS.contains(&alias.to_lowercase().as_str()));
        tables.push((alias.unwrap_or_else(|| table.clone()), table));
    }
    tables.dedup();
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(sql: &str) -> Vec<(String, String)> {
        let found = compared_with_since(sql).into_iter();
        found.map(|one| (one.table, one.column)).collect()
    }

    fn pair(table: &str, column: &str) -> (String, String) {
        (table.to_owned(), column.to_owned())
    }

    #[test]
    fn columns_that_are_compared_with_since_are_found_with_their_tables() {
        let bisan = "SELECT articles.id AS id, articles.updated_at AS changed_at FROM articles
            WHERE articles.updated_at >= :since
            UNION ALL SELECT a.id, n.updated_at FROM authors AS n JOIN articles a ON a.author_id = n.id
            WHERE n.updated_at >= :since -- :since";
        let expected = [
            pair("articles", "updated_at"),
            pair("authors", "updated_at"),
        ];
        assert_eq!(compared(bisan), expected);
        let plain = "SELECT id, changed AS changed_at FROM \"the posts\" WHERE changed > :since";
        assert_eq!(compared(plain), [pair("the posts", "changed")]);
        assert_eq!(
            compared("SELECT id FROM a WHERE datetime(a.x) >= :since"),
            []
        );
        assert_eq!(compared("SELECT id FROM a, b WHERE x = 1"), []);
    }

    #[test]
    fn what_depends_on_the_moment_is_found() {
        for (sql, found) in [
            (
                "SELECT id, CURRENT_DATE AS today FROM a",
                Some("CURRENT_DATE"),
            ),
            (
                "SELECT id FROM a WHERE publish_date <= date('now')",
                Some("'now'"),
            ),
            ("SELECT id, RANDOM() AS r FROM a", Some("RANDOM")),
            ("SELECT id, unixepoch() AS t FROM a", Some("unixepoch")),
            (
                "SELECT id, date(updated_at) AS d, random FROM a -- CURRENT_DATE, 'now'",
                None,
            ),
            ("SELECT id, 'now and then' AS t FROM a", None),
        ] {
            assert_eq!(unsteady(sql).as_deref(), found, "{sql}");
        }
    }

    #[test]
    fn scans_of_tables_are_told_from_other_steps() {
        let plan = [
            "CO-ROUTINE d",
            "SCAN a USING COVERING INDEX x",
            "SEARCH n USING INTEGER PRIMARY KEY (rowid=?)",
            "SCAN (subquery-1)",
            "SCAN CONSTANT ROW",
            "SCAN 2-ROW VALUES CLAUSE",
            "SCAN a",
            "USE TEMP B-TREE FOR ORDER BY",
        ];
        assert_eq!(scanned(plan), ["a"]);
        assert_eq!(scanned([]), Vec::<String>::new());
    }
}
