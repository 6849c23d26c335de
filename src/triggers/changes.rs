//! The text of changes.sql: which documents a row of the log is about.

use super::graph::{Base, Edge, Graph, Id};
use super::schema::Table;
use super::text::{literal, quoted, same};
use crate::sqlite::sql;

/// One part of changes.sql.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The log has the ids of the documents themselves.
    Ids { src: String },
    /// The log has a key, by which the documents are found.
    Found { src: String, select: String },
    /// Every document.
    Every { src: String, why: String },
}

/// The whole text.
pub(super) fn text(log: &str, documents_sql: &str, parts: &[Part]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|part| part.text(log, documents_sql))
        .collect();
    format!("{}\n", parts.join("\nUNION ALL\n"))
}

impl Part {
    fn text(&self, log: &str, documents_sql: &str) -> String {
        match self {
            Part::Ids { src } => format!(
                "SELECT c.\"id\" AS \"id\", c.\"seq\" AS \"seq\"\nFROM {} AS c\nWHERE c.\"src\" = {} AND c.\"seq\" > :after",
                quoted(log),
                literal(src)
            ),
            Part::Found { select, .. } => select.clone(),
            Part::Every { src, why } => {
                let about = format!(
                    "-- EVERY document: {why}.\n\
                     -- Better: a part that finds by c.\"id\" only the documents that the row of {src} is a part of."
                );
                format!(
                    "{}\nSELECT d.\"id\" AS \"id\", c.\"seq\" AS \"seq\"\n\
                     FROM (SELECT max(\"seq\") AS \"seq\" FROM {} WHERE \"src\" = {} AND \"seq\" > :after) AS c\n\
                     CROSS JOIN (\n{}\n) AS d\nWHERE c.\"seq\" IS NOT NULL",
                    about.replace('\r', " "),
                    quoted(log),
                    literal(src),
                    sql::core(documents_sql)
                )
            }
        }
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
    let id = match &base.id {
        Id::Column(name) => format!("{}.{}", quoted(&base_alias), column(name, table)),
        Id::Expression(expr) => expr.text.to_owned(),
    };
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
