//! The log table: made, pruned, and taken away again.

use super::logged::NOW;
use super::text::quoted;
use super::trigger::{Event, Trigger};
use crate::sqlite::queries::literal;

/// How often the log is pruned: at each row whose number this divides.
const PRUNED_EVERY: u32 = 1_000;

/// The statements that make the log. Its first row says that it was made, so that the log is never empty.
pub fn create(log: &str) -> [String; 2] {
    let name = quoted(log);
    [
        format!(
            "CREATE TABLE {name} (\"seq\" INTEGER PRIMARY KEY, \"src\" TEXT NOT NULL, \"id\" NOT NULL, \"at\" INTEGER NOT NULL)"
        ),
        format!(
            "INSERT INTO {name} (\"src\", \"id\", \"at\") VALUES ({}, {}, {NOW})",
            literal(""),
            literal("created")
        ),
    ]
}

/// The trigger that keeps the newest rows of the log, so many.
pub fn prune(log: &str, keep: u32) -> Trigger {
    Trigger {
        name: format!("{log}_prune"),
        table: log.to_owned(),
        event: Event::AfterInsert,
        columns: Vec::new(),
        condition: Some(format!("NEW.\"seq\" % {PRUNED_EVERY} = 0")),
        statements: vec![format!(
            "DELETE FROM {} WHERE \"seq\" <= NEW.\"seq\" - {keep}",
            quoted(log)
        )],
    }
}

/// The statements that take away these triggers and the log.
pub fn drop(log: &str, triggers: &[Trigger]) -> Vec<String> {
    let triggers = triggers.iter().map(|trigger| drop_trigger(&trigger.name));
    let table = format!("DROP TABLE IF EXISTS {}", quoted(log));
    triggers.chain([table]).collect()
}

/// The statement that takes away one trigger.
pub fn drop_trigger(name: &str) -> String {
    format!("DROP TRIGGER IF EXISTS {}", quoted(name))
}
