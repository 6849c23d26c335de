//! Which tables get an index: those that a person would search. The others are named with the reason, and `--table`
//! brings each.

use super::error::CannotInit;
use super::look::Look;
use super::role::Role;
use super::schema::{Kind, Schema, Table};
use super::vocabulary as known;
use super::words::Words;

/// Why a table gets no index unless somebody asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Machinery,
    Tokens,
    Accounts,
    Empty,
    NoWords,
    Link,
    Log,
    Options,
    Lookup,
    View,
    Unreadable,
}

impl Why {
    /// In the words of a report.
    pub fn told(self) -> &'static str {
        match self {
            Why::Machinery => "a framework's own table",
            Why::Tokens => "its rows are tokens or sessions",
            Why::Accounts => "its rows are accounts, with passwords",
            Why::Empty => "it has no rows",
            Why::NoWords => "it has no texts of its own that somebody would search",
            Why::Link => "it only joins two others",
            Why::Log => "a log: what happened, a row each time",
            Why::Options => "settings of the application",
            Why::Lookup => "a few names that others are sorted by",
            Why::View => "a view",
            Why::Unreadable => "a view that cannot be read",
        }
    }
}

/// What the schema alone says against a table.
pub(super) fn by_schema(table: &Table) -> Option<Why> {
    let columns: Vec<Words> = table
        .columns
        .iter()
        .map(|column| column.words.clone())
        .collect();
    match table.kind {
        Kind::View => Some(Why::View),
        Kind::Unreadable(_) => Some(Why::Unreadable),
        Kind::Machinery => Some(Why::Machinery),
        Kind::Table if known::is_machinery(&table.name) => Some(Why::Machinery),
        Kind::Table if known::is_machinery_by_its_columns(&table.words, &columns) => {
            Some(Why::Machinery)
        }
        Kind::Table if known::is_of_tokens(&table.words) => Some(Why::Tokens),
        Kind::Table => None,
    }
}

/// What its rows say against it.
pub(super) fn by_rows(look: &Look<'_>, looks: &[Look<'_>]) -> Option<Why> {
    let words = &look.table.words;
    if look
        .table
        .columns
        .iter()
        .any(|column| known::is_of_accounts(&column.words))
    {
        return Some(Why::Accounts);
    }
    if look.rows == 0 {
        return Some(Why::Empty);
    }
    if is_link(look) {
        return Some(Why::Link);
    }
    if !look.has_words() || is_of_others(look) {
        return Some(Why::NoWords);
    }
    if known::is_log(words) {
        return Some(Why::Log);
    }
    if known::is_options(words) {
        return Some(Why::Options);
    }
    is_lookup(look, looks).then_some(Why::Lookup)
}

/// Two foreign keys, and nothing that somebody wrote or counted.
pub(super) fn is_link(look: &Look<'_>) -> bool {
    let is_bare =
        |role: Role| matches!(role, Role::Key | Role::Reference | Role::Time | Role::Empty);
    let is_order = |words: &Words| {
        words.end_with(&[
            "position", "order", "rank", "sort", "ordinal", "index", "weight", "sequence",
        ])
    };
    look.keys.len() == 2
        && look
            .columns
            .iter()
            .all(|one| is_bare(one.role) || is_order(&one.column.words))
}

/// A name and little else, few rows, and others that refer to it.
pub(super) fn is_lookup(look: &Look<'_>, looks: &[Look<'_>]) -> bool {
    /// More than these are searched by themselves; fewer, where they refer to others in their turn.
    const ROWS: u64 = 100;
    const ROWS_OF_ONE_THAT_REFERS: u64 = 60;
    let written = look
        .columns
        .iter()
        .filter(|one| one.role.is_worth_a_table())
        .count();
    let is_of_persons = look.name().len() > 1;
    let has_long = look
        .columns
        .iter()
        .any(|one| one.role == Role::Text && one.seen.mean_words() > 150);
    let rows = match look.keys.is_empty() {
        true => ROWS,
        false => ROWS_OF_ONE_THAT_REFERS,
    };
    let is_somewhere = look.columns.iter().any(|one| one.role == Role::Place);
    let is_meant = known::is_lookup(&look.table.words);
    let most_written = if is_meant { 2 } else { 1 };
    if look.rows > rows || written > most_written || is_of_persons || is_somewhere || has_long {
        return false;
    }
    let others = looks.iter().filter(|other| {
        other.table.name != look.table.name
            && other
                .keys
                .iter()
                .any(|key| key.table.eq_ignore_ascii_case(&look.table.name))
    });
    others.into_iter().any(|other| {
        let is_gathered = is_link(other) && written == 1;
        is_meant || is_gathered || other.rows >= look.rows * 5
    })
}

/// It has copies of others' names and none of its own: an order, a booking.
fn is_of_others(look: &Look<'_>) -> bool {
    look.keys.len() > 1
        && look.columns.iter().all(|one| match one.role {
            Role::Name(rank) => rank >= known::OTHER_NAME,
            role => !role.is_worth_a_table(),
        })
}

/// The tables that were asked for.
pub(super) fn asked<'s>(
    schema: &'s Schema,
    names: &[String],
) -> Result<Vec<&'s Table>, CannotInit> {
    let mut tables: Vec<&Table> = Vec::new();
    for name in names {
        let table = schema.table(name).ok_or_else(|| CannotInit::NoSuchTable {
            name: name.clone(),
            known: schema.names(),
        })?;
        let why = match &table.kind {
            Kind::Machinery => {
                "it belongs to a virtual table of SQLite, such as a full-text index; choose the table that it is made from"
            }
            Kind::Unreadable(why) => why,
            Kind::Table | Kind::View => "",
        };
        if !why.is_empty() {
            return Err(CannotInit::Unfit {
                table: name.clone(),
                why: why.to_owned(),
            });
        }
        if !tables.iter().any(|other| other.name == table.name) {
            tables.push(table);
        }
    }
    Ok(tables)
}
