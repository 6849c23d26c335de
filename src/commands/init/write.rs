//! The text of documents.sql, as a person would write it, with the reason for each line beside it.

use super::condition::Condition;
use super::fields::Field;
use super::identity::Identity;
use super::joins::Join;
use super::schema::Table;

/// Words that SQLite would not take for a name.
const RESERVED: [&str; 70] = [
    "abort",
    "action",
    "add",
    "all",
    "alter",
    "and",
    "as",
    "autoincrement",
    "between",
    "by",
    "case",
    "check",
    "collate",
    "column",
    "commit",
    "constraint",
    "create",
    "cross",
    "current_date",
    "current_time",
    "current_timestamp",
    "default",
    "deferrable",
    "delete",
    "desc",
    "distinct",
    "drop",
    "else",
    "end",
    "escape",
    "except",
    "exists",
    "false",
    "filter",
    "foreign",
    "from",
    "full",
    "group",
    "having",
    "in",
    "index",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "left",
    "limit",
    "match",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "set",
    "table",
    "true",
    "union",
    "where",
];
const ALSO_RESERVED: [&str; 24] = [
    "then",
    "to",
    "transaction",
    "trigger",
    "unique",
    "update",
    "using",
    "values",
    "view",
    "when",
    "with",
    "window",
    "over",
    "partition",
    "range",
    "rows",
    "groups",
    "exclude",
    "ignore",
    "replace",
    "like",
    "glob",
    "regexp",
    "if",
];

/// A name in SQL, in quotes where it needs them.
pub(super) fn name(name: &str) -> String {
    let is_plain = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let lower = name.to_lowercase();
    let is_reserved = [&RESERVED[..], &ALSO_RESERVED[..]]
        .concat()
        .contains(&lower.as_str());
    match is_plain && !is_reserved {
        true => name.to_owned(),
        false => crate::sqlite::queries::quoted(name),
    }
}

/// A text in SQL.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        for (plain, sql) in [
            ("Track", "Track"),
            ("order", "\"order\""),
            ("a b", "\"a b\""),
            ("2nd", "\"2nd\""),
            ("مقالات", "\"مقالات\""),
            ("x\"y", "\"x\"\"y\""),
        ] {
            assert_eq!(name(plain), sql);
        }
        assert_eq!(literal("it's"), "'it''s'");
    }
}
