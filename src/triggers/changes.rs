//! The text of changes.sql: which documents a row of the log is about.

use super::graph::{Base, Edge, Graph, Id};
use super::schema::Table;
use super::text::{quoted, same};
use crate::sqlite::queries::literal;

/// One part of changes.sql.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The log has the ids of the documents themselves.
    Ids { src: String },
    /// The log has a key, by which the documents are found.
    Found { src: String, select: String },
    /// Every row that may be a document: also those that have just ceased to be one.
    Every {
        src: String,
        why: String,
        ids: Vec<String>,
    },
}

/// The whole text.
pub(super) fn text(log: &str, parts: &[Part]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| part.text(log)).collect();
    format!("{}\n", parts.join("\nUNION ALL\n"))
}

impl Part {
    fn text(&self, log: &str) -> String {
        match self {
            Part::Ids { src } => format!(
                "SELECT c.\"id\" AS \"id\", c.\"seq\" AS \"seq\"\nFROM {} AS c\nWHERE c.\"src\" = {} AND c.\"seq\" > :after",
                quoted(log),
                literal(src)
            ),
            Part::Found { select, .. } => select.clone(),
            Part::Every { src, why, ids } => {
                let newest = format!(
                    "SELECT max(\"seq\") AS \"seq\" FROM {} WHERE \"src\" = {} AND \"seq\" > :after",
                    quoted(log),
                    literal(src)
                );
                let selects = ids.iter().map(|ids| {
                    format!(
                        "SELECT d.\"id\" AS \"id\", c.\"seq\" AS \"seq\"\nFROM ({newest}) AS c\n\
                         CROSS JOIN ({ids}) AS d\nWHERE c.\"seq\" IS NOT NULL AND d.\"id\" IS NOT NULL"
                    )
                });
                let selects: Vec<String> = selects.collect();
                format!(
                    "-- EVERY document, since {why}.\n\
                     -- Better: a part that finds by c.\"id\" only the documents that the changed row belongs to.\n{}",
                    selects.join("\nUNION ALL\n")
                )
            }
        }
    }
}

/// The ids of all rows that may be documents.
pub(super) fn all_ids(graph: &Graph<'_>, base: &Base<'_>) -> Option<String> {
    let table = graph.table(base.place)?;
    let alias = quoted(&graph.places[base.place].alias);
    let id = id(base, table, &alias);
    Some(format!(
        "SELECT {id} AS \"id\" FROM {} AS {alias}",
        quoted(&table.name)
    ))
}

/// The id as documents.sql has it.
fn id(base: &Base<'_>, table: &Table, alias: &str) -> String {
    match &base.id {
        Id::Column(name) => format!("{alias}.{}", column(name, table)),
        Id::Expression(expr) => expr.text.to_owned(),
    }
}

/// The part that follows a way from the row of the log to the documents. The range of the log comes first.
pub(super) fn found(
    log: &str,
    src: &str,
    graph: &Graph<'_>,
    way: &[Edge],
    base: &Base<'_>,
) -> Option<Part> {
    let base_alias = graph.places[base.place].alias.clone();
    let logged = if same(&base_alias, "c") {
        "logged"
    } else {
        "c"
    };
    let mut taken = vec![logged.to_owned(), base_alias.clone()];
    let mut alias_of = |place: usize| {
        if place == base.place {
            return base_alias.clone();
        }
        let wanted = &graph.places[place].alias;
        let mut alias = wanted.clone();
        let mut number = 2;
        while taken.iter().any(|other| same(other, &alias)) {
            alias = format!("{wanted}_{number}");
            number += 1;
        }
        taken.push(alias.clone());
        alias
    };
    let mut select = String::new();
    let mut before = format!("{logged}.\"id\"");
    let mut previous: Option<String> = None;
    for edge in way {
        let table = graph.table(edge.to.place)?;
        if let Some(alias) = &previous {
            let from = graph.table(edge.from.place)?;
            before = format!("{}.{}", quoted(alias), column(&edge.from.column, from));
        }
        let alias = alias_of(edge.to.place);
        let collate = if edge
            .collation
            .eq_ignore_ascii_case(table.collation(&edge.to.column))
        {
            String::new()
        } else {
            format!(" COLLATE {}", quoted(&edge.collation))
        };
        select.push_str(&format!(
            "\nCROSS JOIN {} AS {} ON {}.{} = {before}{collate}",
            quoted(&table.name),
            quoted(&alias),
            quoted(&alias),
            column(&edge.to.column, table),
        ));
        previous = Some(alias);
    }
    let table = graph.table(base.place)?;
    let id = id(base, table, &quoted(&base_alias));
    Some(Part::Found {
        src: src.to_owned(),
        select: format!(
            "SELECT {id} AS \"id\", {logged}.\"seq\" AS \"seq\"\nFROM {} AS {logged}{select}\nWHERE {logged}.\"src\" = {} AND {logged}.\"seq\" > :after",
            quoted(log),
            literal(src)
        ),
    })
}

fn column(name: &str, table: &Table) -> String {
    if table.column(name).is_some() {
        quoted(name)
    } else {
        name.to_owned()
    }
}
