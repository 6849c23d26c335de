//! Statements derived from those of a definition: only its ids, its documents for some ids, what changed.
//!
//! A definition's statement is put in parentheses, without its trailing `;` and comments and with a line end before
//! the closing one (in case the statement still ends in a comment). SQLite looks into the parentheses when it plans:
//! a condition on `id` reaches the table's own index. Columns are named with their table: `"id"` alone would be the
//! text 'id' where there is no such column.

use crate::sqlite::sql;
use crate::sqlite::value::{Argument, Value};

/// As many ids as one statement should ask for: each takes up to two of SQLite's 32,766 parameters, and with some
/// hundred a statement the time goes into reading rows.
pub const IDS_PER_READ: usize = 500;

/// The ids of all documents.
pub fn ids_only(documents_sql: &str) -> String {
    format!(
        "SELECT d.\"id\" FROM (\n{}\n) AS d",
        sql::core(documents_sql)
    )
}

/// How many documents there are.
pub fn count(documents_sql: &str) -> String {
    format!("SELECT COUNT(*) FROM (\n{}\n)", sql::core(documents_sql))
}

/// The documents with these ids, and the values to bind. What does not come back does not exist (any more).
pub fn by_ids<'i>(
    documents_sql: &str,
    ids: impl IntoIterator<Item = &'i str>,
) -> (String, Vec<Argument>) {
    let (list, arguments) = id_list(ids);
    (
        format!(
            "SELECT * FROM (\n{}\n) AS d WHERE d.\"id\" IN ({list})",
            sql::core(documents_sql)
        ),
        arguments,
    )
}

/// Which of these ids documents.sql returns at this moment.
pub fn ids_among<'i>(
    documents_sql: &str,
    ids: impl IntoIterator<Item = &'i str>,
) -> (String, Vec<Argument>) {
    let (list, arguments) = id_list(ids);
    (
        format!(
            "SELECT d.\"id\" FROM (\n{}\n) AS d WHERE d.\"id\" IN ({list})",
            sql::core(documents_sql)
        ),
        arguments,
    )
}

/// The rows of a table whose column has this id, whatever documents.sql leaves out, and the values to bind.
pub fn in_table(table: &str, column: &str, id: &str) -> (String, Vec<Argument>) {
    let (list, arguments) = id_list([id]);
    (
        format!(
            "SELECT * FROM {} AS t WHERE t.{} IN ({list})",
            quoted(table),
            quoted(column)
        ),
        arguments,
    )
}

/// All rows of a table or view.
pub fn whole_table(table: &str) -> String {
    format!("SELECT * FROM {}", quoted(table))
}

/// A row, if a column of a table belongs to its PRIMARY KEY or a UNIQUE index. Bind table and column, in this order.
pub const IS_KEY: &str = "SELECT 1 FROM pragma_table_xinfo(?1) AS c WHERE c.name = ?2 COLLATE NOCASE AND (c.pk > 0 OR c.name IN \
     (SELECT i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i WHERE l.\"unique\" = 1)) LIMIT 1";

/// The ids that documents.sql gives to the rows of a table whose column is one of so many values, to be bound: by a common table
/// expression that stands in the table's place.
pub fn of_one_row(
    documents_sql: &str,
    table: &str,
    column: &str,
    with_rowid: bool,
) -> impl Fn(usize) -> String {
    let (table, column) = (quoted(table), quoted(column));
    let rowid = if with_rowid { "rowid AS rowid, " } else { "" };
    let core = sql::core(documents_sql).to_owned();
    move |values| {
        let values = placeholders(values);
        format!(
            "WITH {table} AS (SELECT {rowid}* FROM main.{table} AS t WHERE t.{column} IN ({values}))\n\
             SELECT d.\"id\" FROM (\n{core}\n) AS d"
        )
    }
}

/// One row of counts about the values of a column that are not NULL: blobs, texts, all; with a closing tag, with a comma;
/// no JSON list or object; no boolean; what cannot stand in an id, or in a part of one; the mean and the greatest length;
/// with Arabic letters, and with letters that Persian has and Arabic has not.
pub fn column_counts(table: &str, column: &str) -> String {
    let (c, from) = (quoted(column), quoted(table));
    format!(
        "SELECT COALESCE(SUM(typeof({c}) = 'blob'), 0), COALESCE(SUM(typeof({c}) = 'text'), 0), COUNT({c}), \
         COALESCE(SUM({c} LIKE '%</%>%'), 0), COALESCE(SUM({c} LIKE '%,%'), 0), \
         COALESCE(SUM(typeof({c}) <> 'text' OR NOT json_valid({c}) OR SUBSTR({c}, 1, 1) NOT IN ('{{', '[')), 0), \
         COALESCE(SUM(CAST({c} AS TEXT) NOT IN ('0', '1', 't', 'f', 'true', 'false')), 0), \
         COALESCE(SUM(typeof({c}) = 'real' OR {c} GLOB '*[^A-Za-z0-9_-]*' OR LENGTH({c}) NOT BETWEEN 1 AND 500), 0), \
         COALESCE(SUM(typeof({c}) = 'real' OR {c} GLOB '*[^A-Za-z0-9_]*' OR LENGTH({c}) NOT BETWEEN 1 AND 100), 0), \
         CAST(COALESCE(AVG(LENGTH({c})), 0) AS INTEGER), COALESCE(MAX(LENGTH(CAST({c} AS BLOB))), 0), \
         COALESCE(SUM({c} GLOB '*[\u{0621}-\u{064A}]*'), 0), \
         COALESCE(SUM({c} GLOB '*[\u{06A9}\u{06CC}]*'), 0) FROM {from} WHERE {c} IS NOT NULL"
    )
}

/// One row about the types of these columns of documents.sql, four values each: how many numbers, how many texts, the first
/// id with a number, the first id with a text.
pub fn types_of<'c>(documents_sql: &str, columns: impl IntoIterator<Item = &'c str>) -> String {
    let of = |column: &str| {
        let column = format!("d.{}", quoted(column));
        let number = format!("typeof({column}) IN ('integer', 'real')");
        let text = format!("typeof({column}) = 'text'");
        format!(
            "SUM({number}), SUM({text}), MIN(CASE WHEN {number} THEN d.\"id\" END), \
             MIN(CASE WHEN {text} THEN d.\"id\" END)"
        )
    };
    let values: Vec<String> = columns.into_iter().map(of).collect();
    format!(
        "SELECT {} FROM (\n{}\n) AS d",
        values.join(", "),
        sql::core(documents_sql)
    )
}

/// The ids of documents that changes.sql never names, whatever `:since` is: they have no change timestamp.
pub fn without_change_time(documents_sql: &str, changes_sql: &str) -> String {
    format!(
        "{} EXCEPT SELECT c.\"id\" FROM (\n{}\n) AS c",
        ids_only(documents_sql),
        sql::core(changes_sql)
    )
}

/// Whether a table has an index that begins with a column; bind both, in this order.
pub const HAS_INDEX: &str = "SELECT COUNT(*) FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i \
     WHERE i.seqno = 0 AND i.name = ?2 COLLATE NOCASE";

/// What changed: rows of (id, changed_at), whatever order changes.sql has them in and whatever else it selects. Bind
/// the lower bound if it has a parameter.
pub fn changes(changes_sql: &str) -> String {
    format!(
        "SELECT c.\"id\", c.\"changed_at\" FROM (\n{}\n) AS c",
        sql::core(changes_sql)
    )
}

/// What the change log names: rows of (id, seq). Bind the number after which it begins.
pub fn logged_changes(changes_sql: &str) -> String {
    format!(
        "SELECT c.\"id\", c.\"seq\" FROM (\n{}\n) AS c",
        sql::core(changes_sql)
    )
}

/// Which end of changes.sql, in SQLite's order of values: NULL, then numbers, then texts, then blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The least change timestamp.
    First,
    /// The greatest.
    Last,
}

/// Whether a column holds both numbers and texts, by the values at its two ends.
pub fn mixes_kinds(first: Value<'_>, last: Value<'_>) -> bool {
    matches!(first, Value::Integer(_) | Value::Real(_)) && matches!(last, Value::Text(_))
}

/// Values below everything that a column may hold, in the order in which they are tried as a bound.
///
/// The least integer is below every number, and every number is below every text. An application that converts the
/// bound first (`unixepoch(:since)`, `datetime(:since, 'unixepoch')`) makes NULL of it, which hides everything; the year
/// 0 as seconds and as a text is what the two make the most of.
pub fn lowest_bounds() -> [Argument; 3] {
    const YEAR_0: i64 = -62_167_219_200;
    [
        Argument::Integer(i64::MIN),
        Argument::Integer(YEAR_0),
        Argument::Text("0000-01-01".to_owned()),
    ]
}

/// The row (id, changed_at) at one end of what changed. Values of two kinds in one column show at its ends. Bind a
/// lower bound that lets everything through.
///
/// With an index on the timestamp this is one seek, in a UNION ALL one for each part: SQLite takes an ORDER BY with a
/// LIMIT into the parentheses, which it does not with MIN and MAX. Without one it is one pass that keeps one row.
pub fn change_at(end: End, changes_sql: &str) -> String {
    let order = match end {
        End::First => "ASC",
        End::Last => "DESC",
    };
    format!("{} ORDER BY 2 {order} LIMIT 1", changes(changes_sql))
}

/// The newest change timestamps, so many of them at most. Bind a lower bound.
pub fn newest_changes(changes_sql: &str, most: usize) -> String {
    format!("{} ORDER BY 2 DESC LIMIT {most}", changes(changes_sql))
}

/// How many rows a statement has, as far as `most`: it reads no more of them.
pub fn count_up_to(sql: &str, most: u64) -> String {
    // LIMIT takes a signed number.
    let most = most.min(i64::MAX.unsigned_abs());
    format!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM (\n{}\n) LIMIT {most})",
        sql::core(sql)
    )
}

/// One id of changes.sql that is one of documents.sql, however either spells it. Bind a lower bound.
pub fn an_id_of_both(documents_sql: &str, changes_sql: &str) -> String {
    format!(
        "{} WHERE CAST(c.\"id\" AS TEXT) IN (SELECT CAST(d.\"id\" AS TEXT) FROM (\n{}\n) AS d) LIMIT 1",
        changes(changes_sql),
        sql::core(documents_sql)
    )
}

/// The rows of changes.sql that have no change timestamp.
pub fn without_timestamp(changes_sql: &str) -> String {
    format!("{} WHERE c.\"changed_at\" IS NULL", changes(changes_sql))
}

/// `?1, ?2, ...` for ids, each in every spelling that a column may hold it in.
///
/// A list of parameters, rather than a subquery over a JSON array: SQLite takes a list into a GROUP BY or DISTINCT
/// (the usual way to gather an article's tags) and reads only these rows, but a subquery it does not.
fn id_list<'i>(ids: impl IntoIterator<Item = &'i str>) -> (String, Vec<Argument>) {
    let arguments: Vec<Argument> = ids.into_iter().flat_map(spellings).collect();
    (placeholders(arguments.len()), arguments)
}

fn placeholders(count: usize) -> String {
    let placeholders: Vec<String> = (1..=count).map(|number| format!("?{number}")).collect();
    placeholders.join(", ")
}

/// A text as a literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as SQL has it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The id as a text, and as a number if it is one: an expression without affinity (`a.id || ''`) equals only the one, a
/// column without a declared type only what it holds.
pub fn spellings(id: &str) -> impl Iterator<Item = Argument> {
    let number = id
        .parse::<i64>()
        .ok()
        .filter(|number| number.to_string() == id);
    [
        number.map(Argument::Integer),
        Some(Argument::Text(id.to_owned())),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests;
