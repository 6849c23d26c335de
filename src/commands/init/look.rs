//! A table that was looked at: what each column is, where its foreign keys lead, and what its rows are called.

use super::role::{self, Role};
use super::sample::{Sample, Seen};
use super::schema::{Column, ForeignKey, Kind, Schema, Table};
use super::vocabulary as known;
use super::words::Words;

/// A table with what its rows tell.
pub(super) struct Look<'s> {
    pub table: &'s Table,
    pub rows: u64,
    pub columns: Vec<Looked<'s>>,
    /// Where its keys lead: declared ones, and those that only the names tell.
    pub keys: Vec<ForeignKey>,
}

/// A column that was looked at.
pub(super) struct Looked<'s> {
    pub column: &'s Column,
    pub seen: Seen,
    pub role: Role,
}

impl<'s> Look<'s> {
    /// `brought` are columns that somebody wants whatever they hide, as `table.column` or by their name alone.
    pub fn new(schema: &Schema, table: &'s Table, sample: Sample, brought: &[String]) -> Look<'s> {
        let keys = keys(schema, table, &sample);
        let columns = table.columns.iter().zip(sample.columns);
        let columns = columns.map(|(column, seen)| {
            let is_reference = keys
                .iter()
                .any(|key| key.column.eq_ignore_ascii_case(&column.name));
            let is_brought = brought.iter().any(|name| {
                let full = format!("{}.{}", table.name, column.name);
                name.eq_ignore_ascii_case(&column.name) || name.eq_ignore_ascii_case(&full)
            });
            let role = role::of(table, column, &seen, is_reference, is_brought);
            Looked { column, seen, role }
        });
        Look {
            table,
            rows: sample.rows,
            columns: columns.collect(),
            keys,
        }
    }

    /// The columns that say what a row is called, the best first: one, or first and last name.
    pub fn name(&self) -> Vec<&Looked<'s>> {
        let first = self
            .columns
            .iter()
            .find(|one| known::is_first_name(&one.column.words));
        let last = self
            .columns
            .iter()
            .find(|one| known::is_last_name(&one.column.words));
        let ranked = |one: &&Looked<'_>| match one.role {
            Role::Name(rank) => Some((rank, one.column.name.clone())),
            _ => None,
        };
        let best = self
            .columns
            .iter()
            .filter(|one| one.role.is_name())
            .min_by_key(ranked);
        // Beside them stand the name of an account, and what a person's post is called: `Title`.
        let both: Vec<_> = [first, last]
            .into_iter()
            .flatten()
            .filter(|one| one.role.is_name())
            .collect();
        let is_whole = |one: &Looked<'_>| known::is_whole_name(&one.column.words);
        if both.len() == 2 && !best.is_some_and(is_whole) {
            return both;
        }
        if let Some(best) = best {
            return vec![best];
        }
        // No name says so: the first short text whose values are mostly different.
        let by_its_values = self.columns.iter().find(|one| {
            one.role == Role::Words
                && one.seen.mean_length() <= 60
                && one.seen.distinct * 2 >= one.seen.values
        });
        by_its_values.into_iter().collect()
    }

    /// The name of a row as an expression, of a table under an alias.
    pub fn name_of(&self, alias: &str) -> Option<String> {
        let columns: Vec<String> = self
            .name()
            .iter()
            .map(|one| format!("{alias}.{}", super::sql::name(&one.column.name)))
            .collect();
        match columns.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            // One of them may be NULL.
            several => {
                let parts: Vec<String> = several
                    .iter()
                    .map(|part| format!("COALESCE({part}, '')"))
                    .collect();
                Some(format!("TRIM({})", parts.join(" || ' ' || ")))
            }
        }
    }

    /// Has something that is searched by its words.
    pub fn has_words(&self) -> bool {
        self.columns.iter().any(|one| one.role.is_worth_a_table())
    }

    /// The key of the rows that a foreign key leads to, where it can lead to one row only.
    pub fn target(&self, key: &ForeignKey) -> Option<&'s Column> {
        let column = match (key.to.as_str(), self.table.key().as_slice()) {
            ("", [one]) => self.table.column(&one.name)?,
            ("", _) => return None,
            (to, _) => self.table.column(to)?,
        };
        self.table.is_unique(&column.name).then_some(column)
    }
}

/// The declared foreign keys, and those that only the names tell: `author_id` where there is a table `authors`.
fn keys(schema: &Schema, table: &Table, sample: &Sample) -> Vec<ForeignKey> {
    let mut keys = table.foreign_keys.clone();
    for (column, seen) in table.columns.iter().zip(&sample.columns) {
        let Some(what) = column.words.without_last(known::KEY_ENDINGS) else {
            continue;
        };
        let is_declared = keys
            .iter()
            .any(|key| key.column.eq_ignore_ascii_case(&column.name));
        let is_own_key = matches!(table.key().as_slice(), [only] if only.name == column.name);
        let has_kinds = table.columns.iter().any(|other| {
            other
                .words
                .without_last(&["type"])
                .is_some_and(|other| other == what)
        });
        if is_declared || is_own_key || has_kinds {
            continue;
        }
        let is_parent = |parent: &&Table| {
            parent.kind == Kind::Table && is_meant(&what, &parent.words, &table.words)
        };
        let Some(parent) = schema.tables.iter().find(is_parent) else {
            continue;
        };
        let parents_key = parent.key();
        let [key] = parents_key.as_slice() else {
            continue;
        };
        // A number is no key of rows that are known by texts.
        let holds_numbers = seen.is_number() || seen.values == 0;
        if key.declared.contains("INT") && !holds_numbers {
            continue;
        }
        keys.push(ForeignKey {
            column: column.name.clone(),
            table: parent.name.clone(),
            to: String::new(),
        });
    }
    keys
}

/// `author` means `authors`, and `blog_authors` in a table that begins with `blog_`, too.
fn is_meant(what: &Words, parent: &Words, own: &Words) -> bool {
    let prefix = own.iter().next().map(Words::of);
    parent.same_thing(what)
        || prefix
            .and_then(|prefix| parent.after(&prefix))
            .is_some_and(|parent| parent.same_thing(what))
}
