//! What the log gets for a row of a table, and the triggers that put it there.

use super::graph::Id;
use super::schema::{ROWIDS, Table, Term, Unique};
use super::text::{name, quoted, same, significant};
use super::trigger::{Event, Trigger};
use crate::sqlite::queries::literal;

/// Milliseconds since 1970, on every SQLite.
pub(super) const NOW: &str = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";

/// What the log gets for a row: the column `src`, and the value of `id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logged {
    pub src: String,
    pub what: What,
}

/// The value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Column(String),
    /// As documents.sql has it, with its name for the table.
    Expression {
        text: String,
        alias: String,
    },
}

impl Logged {
    /// A column of a table. The same column always has the same `src`, whichever definitions need it.
    pub(super) fn column(table: &Table, column: &str) -> Logged {
        let is_default = table.default_key().is_some_and(|key| same(&key, column));
        let src = if is_default {
            table.name.clone()
        } else {
            format!("{}.{column}", table.name)
        };
        Logged {
            src,
            what: What::Column(column.to_owned()),
        }
    }

    /// The ids of documents.
    pub(super) fn id(table: &Table, alias: &str, id: &Id<'_>) -> Logged {
        match id {
            Id::Column(column) => Logged::column(table, column),
            Id::Expression(expr) => Logged {
                src: format!("{}.{}", table.name, expr.text),
                what: What::Expression {
                    text: expr.text.to_owned(),
                    alias: alias.to_owned(),
                },
            },
        }
    }

    /// The columns that the value is made of.
    pub(super) fn columns(&self, table: &Table) -> Vec<String> {
        match &self.what {
            What::Column(column) => vec![column.clone()],
            What::Expression { text, .. } => columns_in(text, table),
        }
    }

    /// A SELECT of the value of one row, NEW or OLD.
    fn of_row(&self, row: &str, table: &Table) -> String {
        match &self.what {
            What::Column(column) => format!("SELECT {row}.{} AS \"id\"", reference(column, table)),
            What::Expression { text, alias } => {
                format!(
                    "SELECT {text} AS \"id\" FROM {} AS {}",
                    one_row(row, &self.columns(table), table),
                    quoted(alias)
                )
            }
        }
    }

    /// The INSERT for one row, NEW or OLD; with `unless` only where its value is not that of this row.
    fn insert(&self, log: &str, row: &str, unless: Option<&str>, table: &Table) -> String {
        let src = literal(&self.src);
        if let What::Column(column) = &self.what {
            let id = format!("{row}.{}", reference(column, table));
            let never_null = table.is_never_null(column);
            return match unless {
                None if never_null => format!("{} VALUES ({src}, {id}, {NOW})", into(log)),
                None => format!(
                    "{} SELECT {src}, {id}, {NOW} WHERE {id} IS NOT NULL",
                    into(log)
                ),
                Some(other) => {
                    let exactly = if table.collation(column).eq_ignore_ascii_case("binary") {
                        ""
                    } else {
                        " COLLATE BINARY"
                    };
                    let other = format!("{other}.{}{exactly}", reference(column, table));
                    let filter = format!("{id} IS NOT {other}");
                    let not_null = if never_null {
                        String::new()
                    } else {
                        format!(" AND {id} IS NOT NULL")
                    };
                    format!(
                        "{} SELECT {src}, {id}, {NOW} WHERE {filter}{not_null}",
                        into(log)
                    )
                }
            };
        }
        let differs = unless.map_or_else(String::new, |other| {
            format!(
                " AND k.\"id\" IS NOT ({}) COLLATE BINARY",
                self.of_row(other, table)
            )
        });
        format!(
            "{} SELECT {src}, k.\"id\", {NOW} FROM ({}) AS k WHERE k.\"id\" IS NOT NULL{differs}",
            into(log),
            self.of_row(row, table)
        )
    }

    /// The INSERT for the rows whose place NEW takes with OR REPLACE; none where they have the value of NEW.
    fn insert_displaced(&self, log: &str, unique: &Unique, table: &Table) -> Option<String> {
        let decides = |column: &String| {
            unique.terms.iter().any(|term| {
                let is_it = |of: &String| {
                    same(of, column) || (table.is_rowid(of) && table.is_rowid(column))
                };
                term.collation.eq_ignore_ascii_case("binary")
                    && term.column.as_ref().is_some_and(is_it)
            })
        };
        if self.columns(table).iter().all(decides) {
            return None;
        }
        let (into, src, from) = (into(log), literal(&self.src), quoted(&table.name));
        let rows = |alias: &str| {
            let terms = unique
                .terms
                .iter()
                .map(|term| term.equals_new(alias, table));
            let terms: Vec<String> = terms.collect();
            format!("{from} AS {alias} WHERE {}", terms.join(" AND "))
        };
        Some(match &self.what {
            What::Column(column) => {
                let id = format!("d.{}", reference(column, table));
                let not_null = if table.is_never_null(column) {
                    String::new()
                } else {
                    format!(" AND {id} IS NOT NULL")
                };
                format!(
                    "{into} SELECT {src}, {id}, {NOW} FROM {}{not_null}",
                    rows("d")
                )
            }
            What::Expression { text, alias } => format!(
                "{into} SELECT {src}, k.\"id\", {NOW} FROM (SELECT {text} AS \"id\" FROM {}) AS k WHERE k.\"id\" IS NOT NULL",
                rows(&quoted(alias))
            ),
        })
    }
}

impl Term {
    /// The condition that a row has this term's value of NEW.
    fn equals_new(&self, alias: &str, table: &Table) -> String {
        let Some(column) = &self.column else {
            let columns = columns_in(&self.expression, table);
            let (text, new) = (&self.expression, one_row("NEW", &columns, table));
            return format!(
                "({text}) COLLATE {} = (SELECT {text} FROM {new})",
                quoted(&self.collation)
            );
        };
        let collate = if self.collation.eq_ignore_ascii_case(table.collation(column)) {
            String::new()
        } else {
            format!(" COLLATE {}", quoted(&self.collation))
        };
        // OR REPLACE puts the default in the place of a NULL that is not allowed.
        let default = table.default_of(column);
        let column = reference(column, table);
        let new = match default {
            Some(default) => format!("ifnull(NEW.{column}, {default})"),
            None => format!("NEW.{column}"),
        };
        format!("{alias}.{column}{collate} = {new}")
    }

    fn columns(&self, table: &Table) -> Vec<String> {
        match &self.column {
            Some(column) => vec![column.clone()],
            None => columns_in(&self.expression, table),
        }
    }
}

/// The triggers of one table: `columns` are those that are read of it.
pub(super) fn triggers(
    log: &str,
    table: &Table,
    logged: &[Logged],
    columns: &[String],
) -> Vec<Trigger> {
    let named = |what: &str| format!("{log}_{}_{what}", table.name);
    let trigger =
        |what: &str, event: Event, columns: Vec<String>, statements: Vec<String>| Trigger {
            name: named(what),
            table: table.name.clone(),
            event,
            columns,
            condition: None,
            statements,
        };
    let each = |row: &str| {
        let inserts = logged.iter().map(|one| one.insert(log, row, None, table));
        inserts.collect::<Vec<_>>()
    };
    let mut watched: Vec<String> = columns.to_vec();
    watched.extend(logged.iter().flat_map(|one| one.columns(table)));
    let updated = logged.iter().flat_map(|one| {
        [
            one.insert(log, "OLD", None, table),
            one.insert(log, "NEW", Some("OLD"), table),
        ]
    });
    let mut triggers = vec![
        trigger("insert", Event::AfterInsert, Vec::new(), each("NEW")),
        trigger(
            "update",
            Event::AfterUpdate,
            update_of(&watched, table),
            updated.collect(),
        ),
        trigger("delete", Event::AfterDelete, Vec::new(), each("OLD")),
    ];
    let mut before_insert = Vec::new();
    for unique in &table.uniques {
        let displaced = logged
            .iter()
            .filter_map(|one| one.insert_displaced(log, unique, table));
        let displaced: Vec<String> = displaced.collect();
        if displaced.is_empty() {
            continue;
        }
        before_insert.extend(displaced.iter().cloned());
        let columns: Vec<String> = unique
            .terms
            .iter()
            .flat_map(|term| term.columns(table))
            .collect();
        let differs = columns.iter().map(|column| {
            let column = reference(column, table);
            format!("NEW.{column} IS NOT OLD.{column}")
        });
        let differs: Vec<String> = differs.collect();
        let event = Event::BeforeUpdate;
        let mut one = trigger(
            &format!("replace_{}", unique.name),
            event,
            update_of(&columns, table),
            displaced,
        );
        one.condition = Some(differs.join(" OR ")).filter(|condition| !condition.is_empty());
        triggers.push(one);
    }
    if !before_insert.is_empty() {
        triggers.push(trigger(
            "replace",
            Event::BeforeInsert,
            Vec::new(),
            before_insert,
        ));
    }
    triggers
}

/// The columns for UPDATE OF, in the order of the table. SQLite compares the names with those that an UPDATE sets: a
/// generated column is never set, and a rowid may be set by each of its names.
fn update_of(columns: &[String], table: &Table) -> Vec<String> {
    let is_wanted = |name: &str| columns.iter().any(|column| same(column, name));
    if table
        .columns
        .iter()
        .any(|column| column.is_generated && is_wanted(&column.name))
    {
        return Vec::new();
    }
    let ordinary = table
        .columns
        .iter()
        .filter(|column| is_wanted(&column.name));
    let mut list: Vec<String> = ordinary.map(|column| column.name.clone()).collect();
    if columns.iter().any(|column| table.is_rowid(column)) {
        let names = ROWIDS.iter().filter(|name| table.column(name).is_none());
        list.extend(names.map(|name| (*name).to_owned()));
    }
    list
}

/// The columns whose names stand in an expression.
fn columns_in(expression: &str, table: &Table) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for token in significant(expression) {
        let column =
            name(&token).filter(|name| table.column(name).is_some() || table.is_rowid(name));
        if let Some(column) = column
            && !columns.iter().any(|known| same(known, &column))
        {
            columns.push(
                table
                    .column(&column)
                    .map_or(column, |column| column.name.clone()),
            );
        }
    }
    columns
}

/// NEW or OLD as a table of one row.
fn one_row(row: &str, columns: &[String], table: &Table) -> String {
    let columns = columns.iter().map(|column| {
        let column = reference(column, table);
        format!("{row}.{column} AS {column}")
    });
    format!("(SELECT {})", columns.collect::<Vec<_>>().join(", "))
}

/// A column behind a dot. A rowid that is no column has no quotes.
fn reference(column: &str, table: &Table) -> String {
    match table.column(column) {
        Some(column) => quoted(&column.name),
        None => column.to_owned(),
    }
}

fn into(log: &str) -> String {
    format!("INSERT INTO {} (\"src\", \"id\", \"at\")", quoted(log))
}
