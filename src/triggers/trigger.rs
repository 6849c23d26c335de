//! One trigger: as a structure, as SQL, and read back from the SQL that the database keeps.

use std::fmt;

use super::text::{between, is_word, name, quoted, same, significant};
use crate::sqlite::sql::Kind;

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: String,
    /// When it runs.
    pub event: Event,
    /// The columns of UPDATE OF; none: each update.
    pub columns: Vec<String>,
    /// Its WHEN.
    pub condition: Option<String>,
    /// What it does, without the semicolons.
    pub statements: Vec<String>,
}

/// When a trigger runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// BEFORE INSERT
    BeforeInsert,
    /// BEFORE UPDATE
    BeforeUpdate,
    /// AFTER INSERT
    AfterInsert,
    /// AFTER UPDATE
    AfterUpdate,
    /// AFTER DELETE
    AfterDelete,
}

impl Event {
    const ALL: [(Event, &str, &str); 5] = [
        (Event::BeforeInsert, "BEFORE", "INSERT"),
        (Event::BeforeUpdate, "BEFORE", "UPDATE"),
        (Event::AfterInsert, "AFTER", "INSERT"),
        (Event::AfterUpdate, "AFTER", "UPDATE"),
        (Event::AfterDelete, "AFTER", "DELETE"),
    ];

    fn words(self) -> (&'static str, &'static str) {
        let found = Event::ALL.iter().find(|(event, ..)| *event == self);
        found.map_or(("", ""), |(_, time, what)| (time, what))
    }
}

impl Trigger {
    /// The trigger that a CREATE TRIGGER makes; none where it is of a kind that this program does not write.
    pub fn parse(sql: &str) -> Option<Trigger> {
        let tokens = significant(sql);
        let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| is_word(token, word));
        let mut at = tokens.iter().position(|token| is_word(token, "trigger"))? + 1;
        while ["if", "not", "exists"].iter().any(|word| is(at, word)) {
            at += 1;
        }
        let mut trigger_name = name(tokens.get(at)?)?;
        if tokens.get(at + 1)?.text == "." {
            at += 2;
            trigger_name = name(tokens.get(at)?)?;
        }
        at += 1;
        let (event, ..) = Event::ALL.iter().find(|(_, time, what)| {
            is(at, &time.to_lowercase()) && is(at + 1, &what.to_lowercase())
        })?;
        at += 2;
        let on = (at..tokens.len()).find(|at| is(*at, "on"))?;
        let columns = tokens[at..on].iter().skip(1).filter_map(name).collect();
        let table = name(tokens.get(on + 1)?)?;
        let begin = (on..tokens.len()).find(|at| is(*at, "begin"))?;
        let condition = (on..begin)
            .find(|at| is(*at, "when"))
            .map(|when| between(sql, &tokens[when + 1..begin]).to_owned());
        let body = tokens.get(begin + 1..tokens.len().checked_sub(1)?)?;
        let statements = body
            .split(|token| token.kind == Kind::Semicolon)
            .filter(|statement| !statement.is_empty())
            .map(|statement| between(sql, statement).to_owned());
        Some(Trigger {
            name: trigger_name,
            table,
            event: *event,
            columns,
            condition,
            statements: statements.collect(),
        })
    }

    /// Whether this one does all that `wanted` does, and at least as often.
    pub fn covers(&self, wanted: &Trigger) -> bool {
        self.lacks(wanted).is_none()
    }

    /// What this one does not do that `wanted` does.
    pub(super) fn lacks(&self, wanted: &Trigger) -> Option<String> {
        if !same(&self.table, &wanted.table) || self.event != wanted.event {
            return Some("it is a trigger of another table or event".to_owned());
        }
        let of = |columns: &[String]| {
            columns
                .iter()
                .map(|column| column.to_lowercase())
                .collect::<Vec<_>>()
        };
        let has = of(&self.columns);
        if !has.is_empty() {
            let mut missing = of(&wanted.columns);
            missing.retain(|column| !has.contains(column));
            if wanted.columns.is_empty() {
                return Some("it runs at updates of some columns only".to_owned());
            }
            if !missing.is_empty() {
                return Some(format!(
                    "it does not run at updates of {}",
                    missing.join(", ")
                ));
            }
        }
        let spelled = |condition: &Option<String>| condition.as_deref().map(normal);
        if self.condition.is_some() && spelled(&self.condition) != spelled(&wanted.condition) {
            return Some("it runs under another condition".to_owned());
        }
        let has: Vec<String> = self.statements.iter().map(|sql| normal(sql)).collect();
        let missing = wanted
            .statements
            .iter()
            .find(|sql| !has.contains(&normal(sql)));
        missing.map(|sql| format!("it lacks the statement: {sql}"))
    }
}

/// The tokens of a statement, whatever stands between them.
fn normal(sql: &str) -> String {
    let texts: Vec<&str> = significant(sql).iter().map(|token| token.text).collect();
    texts.join(" ")
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (time, what) = self.event.words();
        write!(f, "CREATE TRIGGER {} {time} {what}", quoted(&self.name))?;
        let columns: Vec<String> = self.columns.iter().map(|column| quoted(column)).collect();
        if !columns.is_empty() {
            write!(f, " OF {}", columns.join(", "))?;
        }
        write!(f, " ON {}", quoted(&self.table))?;
        if let Some(condition) = &self.condition {
            write!(f, "\nWHEN {condition}")?;
        }
        f.write_str("\nBEGIN\n")?;
        for statement in &self.statements {
            writeln!(f, "  {statement};")?;
        }
        f.write_str("END")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger() -> Trigger {
        Trigger {
            name: "log_a \"b\"_update".to_owned(),
            table: "a \"b\"".to_owned(),
            event: Event::AfterUpdate,
            columns: vec!["id".to_owned(), "عنوان".to_owned()],
            condition: None,
            statements: vec![
                "INSERT INTO \"log\" VALUES ('a;b', NEW.\"id\")".to_owned(),
                "SELECT CASE WHEN 1 THEN 2 END".to_owned(),
            ],
        }
    }

    #[test]
    fn a_trigger_is_read_back_from_its_text() {
        let one = trigger();
        assert_eq!(Trigger::parse(&one.to_string()).unwrap(), one);
        let other = Trigger {
            event: Event::BeforeUpdate,
            columns: Vec::new(),
            condition: Some("NEW.\"x\" IS NOT OLD.\"x\"".to_owned()),
            ..one
        };
        assert_eq!(Trigger::parse(&other.to_string()).unwrap(), other);
        assert_eq!(
            Trigger::parse("CREATE TRIGGER x INSTEAD OF INSERT ON v BEGIN SELECT 1; END"),
            None
        );
    }

    #[test]
    fn a_trigger_covers_one_that_does_less() {
        let less = trigger();
        let mut more = trigger();
        more.columns.push("body".to_owned());
        more.statements.insert(0, "SELECT   1".to_owned());
        assert!(more.covers(&less) && !less.covers(&more));
        let spaced = less.to_string().replace("VALUES (", "VALUES\n      ( ");
        assert!(Trigger::parse(&spaced).unwrap().covers(&less));
        more.columns.clear();
        assert!(more.covers(&less));
        more.condition = Some("0".to_owned());
        assert!(!more.covers(&less));
    }
}
