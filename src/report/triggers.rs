//! The report of `triggers`, and the forms of its SQL.

use std::fmt::Write as _;

use serde::Serialize;

use crate::figures::counted;
use crate::terminal::{line, set_in};
use crate::triggers::{Changes, Missing, Wanted};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The SQL was printed.
    Shown,
    /// The same, and each changes.sql was written.
    Written,
    /// --check: the database has everything.
    Complete,
    /// --check: something is missing.
    Different,
}

/// A change log's SQL.
#[derive(Clone, Debug, Serialize)]
pub struct TriggersReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The log.
    pub log_table: String,
    /// What to execute, in this order; with --check only what is missing.
    pub statements: Vec<String>,
    /// The triggers that are needed.
    pub triggers: Vec<NamedTrigger>,
    /// The changes.sql of each index.
    pub changes: Vec<Changes>,
    /// --check: what the database lacks.
    pub missing: Vec<Missing>,
    /// --check: triggers that write to the log and that no definition needs.
    pub unneeded: Vec<String>,
}

/// A trigger and its table.
#[derive(Clone, Debug, Serialize)]
pub struct NamedTrigger {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: String,
}

impl TriggersReport {
    pub fn new(wanted: &Wanted, statements: Vec<String>) -> Self {
        let triggers = wanted.triggers.iter().map(|trigger| NamedTrigger {
            name: trigger.name.clone(),
            table: trigger.table.clone(),
        });
        Self {
            outcome: Outcome::Shown,
            log_table: wanted.log_table.clone(),
            statements,
            triggers: triggers.collect(),
            changes: wanted.changes.clone(),
            missing: Vec::new(),
            unneeded: Vec::new(),
        }
    }

    /// What stands above the SQL.
    pub fn introduction(&self) -> String {
        let names: Vec<String> = self
            .changes
            .iter()
            .map(|one| line(&one.index).into_owned())
            .collect();
        format!(
            "-- A change log for {}. Execute this once, in a migration of the application.\n\
             -- `bisan-indexer triggers --changes NAME` prints the changes.sql of an index.\n\n",
            names.join(", ")
        )
    }

    /// The summary of --check.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for one in &self.missing {
            let _ = writeln!(
                text,
                "{} on {}: {}",
                line(&one.name),
                line(&one.table),
                set_in(&one.why)
            );
        }
        for name in &self.unneeded {
            let _ = writeln!(text, "{}: no definition needs it", line(name));
        }
        if self.missing.is_empty() {
            let count = counted(self.triggers.len() as u64, "trigger", "triggers");
            let _ = writeln!(
                text,
                "the change log {} is complete: {count}",
                line(&self.log_table)
            );
        } else {
            let _ = write!(
                text,
                "To mend it, in a migration of the application:\n\n{}",
                script(&self.statements)
            );
        }
        text
    }
}

/// Statements as a script.
pub fn script(statements: &[String]) -> String {
    let statements: Vec<String> = statements.iter().map(|sql| format!("{sql};\n")).collect();
    statements.join("\n")
}

/// Statements as a Rails migration: SQLite executes one statement a call.
pub fn migration(log: &str, up: &[String], down: &[String]) -> String {
    let words = log.split(|c: char| !c.is_ascii_alphanumeric());
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    let name: String = words.map(capital).collect();
    let executed = |statements: &[String]| {
        let mut text = String::new();
        for sql in statements {
            text.push_str("    execute <<~'SQL'\n");
            for line in sql.lines() {
                let _ = writeln!(text, "      {line}");
            }
            text.push_str("    SQL\n");
        }
        text
    };
    format!(
        "class Add{name} < ActiveRecord::Migration[7.1]\n  def up\n{}  end\n\n  def down\n{}  end\nend\n",
        executed(up),
        executed(down)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::expect_documented;

    /// Every field is there: docs/json.md shows this very report.
    #[test]
    fn the_report_is_documented_field_by_field() {
        let named = |name: &str| NamedTrigger {
            name: name.to_owned(),
            table: "articles".to_owned(),
        };
        expect_documented(
            "triggers",
            &TriggersReport {
                outcome: Outcome::Different,
                log_table: "bisan_changes".to_owned(),
                statements: vec!["CREATE TRIGGER \"bisan_changes_articles_delete\" ...".to_owned()],
                triggers: vec![named("bisan_changes_articles_insert"), named("bisan_changes_articles_delete")],
                changes: vec![Changes {
                    index: "articles".to_owned(),
                    sql: "SELECT ...\n".to_owned(),
                    warnings: vec!["articles.author_id has no index, so a change of authors reads the whole of articles; add one".to_owned()],
                }],
                missing: vec![Missing {
                    name: "bisan_changes_articles_delete".to_owned(),
                    table: "articles".to_owned(),
                    why: "it is not there".to_owned(),
                }],
                unneeded: vec!["bisan_changes_pages_insert".to_owned()],
            },
        );
    }

    #[test]
    fn a_migration_executes_one_statement_a_call() {
        let up = ["CREATE TRIGGER x\nBEGIN\n  SELECT 1;\nEND".to_owned()];
        let down = ["DROP TRIGGER IF EXISTS \"x\"".to_owned()];
        assert_eq!(
            migration("bisan_changes", &up, &down),
            "class AddBisanChanges < ActiveRecord::Migration[7.1]
  def up
    execute <<~'SQL'
      CREATE TRIGGER x
      BEGIN
        SELECT 1;
      END
    SQL
  end

  def down
    execute <<~'SQL'
      DROP TRIGGER IF EXISTS \"x\"
    SQL
  end
end
"
        );
    }
}
