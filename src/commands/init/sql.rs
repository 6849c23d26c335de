//! Names in SQL, as a person would write them.

use crate::sqlite::queries::quoted;

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
        false => quoted(name),
    }
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
    }
}
