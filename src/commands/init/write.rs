//! The text of documents.sql, as a person would write it, with the reason for each line beside it.

use super::condition::Condition;
use super::field::Field;
use super::identity::Identity;
use super::joins::Join;
use super::schema::Table;
use super::sql::name;

/// The statement, with a comment for each line.
pub(super) fn documents(
    table: &Table,
    identity: &Identity,
    fields: &[Field],
    joins: &[Join<'_>],
    conditions: &[Condition],
    notes: &[String],
) -> String {
    let mut text = String::from(
        "-- One row is one document. Written by `bisan-indexer init`: edit it as you like.\n",
    );
    for note in notes {
        text.push_str(&format!("-- {}\n", one_line(note)));
    }
    text.push_str("SELECT\n");
    let mut lines = vec![(
        format!("{} AS id", identity.expression),
        identity.why.clone(),
    )];
    lines.extend(fields.iter().map(|field| (selected(field), reason(field))));
    let last = lines.len() - 1;
    for (at, (line, why)) in lines.into_iter().enumerate() {
        let comma = if at == last { "" } else { "," };
        text.push_str(&format!("  {line}{comma} -- {}\n", one_line(&why)));
    }
    text.push_str(&format!("FROM {}\n", name(&table.name)));
    for join in joins {
        let alias = match join.alias == join.look.table.name {
            true => String::new(),
            false => format!(" AS {}", name(&join.alias)),
        };
        text.push_str(&format!(
            "LEFT JOIN {}{alias} ON {}\n",
            name(&join.look.table.name),
            join.on
        ));
    }
    let mut wanted: Vec<(String, String)> = Vec::new();
    wanted.extend(
        identity
            .condition
            .clone()
            .map(|condition| (condition, "what has no id is no document".to_owned())),
    );
    wanted.extend(
        conditions
            .iter()
            .map(|one| (one.sql.clone(), one.why.clone())),
    );
    if !wanted.is_empty() {
        // Each line can be taken out without another.
        text.push_str("WHERE true\n");
    }
    for (condition, why) in wanted {
        text.push_str(&format!("  AND {condition} -- {}\n", one_line(&why)));
    }
    text
}

fn selected(field: &Field) -> String {
    let alias = match field.conversion {
        Some(conversion) => crate::sqlite::queries::quoted(&format!("{}:{conversion}", field.name)),
        None => name(&field.name),
    };
    format!("{} AS {alias}", field.expression)
}

/// What a field is, and what it is used for.
fn reason(field: &Field) -> String {
    let uses = [
        (field.rank.is_some(), "searched"),
        (field.filtered, "filtered"),
        (field.sorted, "sorted"),
    ];
    let uses: Vec<&str> = uses
        .iter()
        .filter(|(is_used, _)| *is_used)
        .map(|(_, how)| *how)
        .collect();
    match uses.is_empty() {
        true => format!("{}: only shown", field.why),
        false => format!("{}: {}", field.why, uses.join(", ")),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
