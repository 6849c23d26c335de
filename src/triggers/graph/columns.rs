//! Which column of which table a name stands for, through views, subqueries and common table expressions.

use super::{End, Graph, Kind};
use crate::triggers::select::{ColumnName, Expr, Output, Select};
use crate::triggers::text::same;

impl<'a> Graph<'a> {
    pub(super) fn lookup(&self, scope: usize, wanted: &ColumnName) -> Option<End> {
        let mut next = Some(scope);
        while let Some(scope) = next {
            let places = &self.scopes[scope].places;
            let named: Vec<usize> = places
                .iter()
                .copied()
                .filter(|place| {
                    let alias = wanted.qualifier.as_ref();
                    alias.is_none_or(|alias| same(alias, &self.places[*place].alias))
                })
                .collect();
            if let Some(place) = named
                .iter()
                .find(|place| self.has_column(**place, &wanted.column))
            {
                return Some(End {
                    place: *place,
                    column: wanted.column.clone(),
                });
            }
            let may_be_unknown = named
                .iter()
                .any(|place| matches!(self.places[*place].kind, Kind::Unknown));
            if may_be_unknown || (wanted.qualifier.is_some() && !named.is_empty()) {
                return None;
            }
            next = self.scopes[scope].parent;
        }
        None
    }

    pub(super) fn has_column(&self, place: usize, column: &str) -> bool {
        match &self.places[place].kind {
            Kind::Table(table) => table.column(column).is_some() || table.is_rowid(column),
            Kind::Derived { .. } => self
                .column_names(place)
                .iter()
                .any(|name| same(name, column)),
            Kind::Unknown => false,
        }
    }

    pub(super) fn column_names(&self, place: usize) -> Vec<String> {
        match &self.places[place].kind {
            Kind::Table(table) => {
                let shown = table.columns.iter().filter(|column| !column.is_hidden);
                shown.map(|column| column.name.clone()).collect()
            }
            Kind::Derived {
                columns, scopes, ..
            } => {
                let Some(first) = scopes.first() else {
                    return columns.clone();
                };
                let outputs = self.outputs(*first).into_iter();
                let mut names: Vec<String> = outputs.map(|(name, ..)| name).collect();
                for (name, given) in names.iter_mut().zip(columns) {
                    name.clone_from(given);
                }
                names
            }
            Kind::Unknown => Vec::new(),
        }
    }

    /// What a SELECT returns: names, the column at a place where it is one, and the expression where it was written.
    pub(super) fn outputs(&self, scope: usize) -> Vec<(String, Option<End>, Option<Expr<'a>>)> {
        let mut outputs = Vec::new();
        for output in &self.scopes[scope].select.outputs {
            let of = match output {
                Output::One { expr, name } => {
                    let end = expr.column().and_then(|column| self.lookup(scope, &column));
                    outputs.push((name.clone(), end, Some(expr.clone())));
                    continue;
                }
                Output::All => None,
                Output::AllOf(alias) => Some(alias),
            };
            for place in &self.scopes[scope].places {
                if of.is_some_and(|alias| !same(alias, &self.places[*place].alias)) {
                    continue;
                }
                for column in self.column_names(*place) {
                    let end = End {
                        place: *place,
                        column: column.clone(),
                    };
                    outputs.push((column, Some(end), None));
                }
            }
        }
        outputs
    }

    /// The columns of tables that a column of a view or subquery is.
    pub(super) fn ends(&self, end: &End) -> Vec<End> {
        let (scopes, is_opaque) = match &self.places[end.place].kind {
            Kind::Table(table) => {
                let column = table
                    .spelled(&end.column)
                    .unwrap_or_else(|| end.column.clone());
                return vec![End { column, ..*end }];
            }
            Kind::Unknown => return Vec::new(),
            Kind::Derived {
                scopes, is_opaque, ..
            } => (scopes, *is_opaque),
        };
        let names = self.column_names(end.place);
        let at = names.iter().position(|name| same(name, &end.column));
        let Some(at) = at.filter(|_| !is_opaque) else {
            return Vec::new();
        };
        let inside = scopes.iter().flat_map(|scope| {
            let outputs = self.outputs(*scope);
            let inner = outputs.get(at).and_then(|(_, end, _)| end.clone());
            inner
                .filter(|inner| self.passes(*scope, inner))
                .map_or_else(Vec::new, |inner| self.ends(&inner))
        });
        inside.collect()
    }

    /// Whether the rows of a SELECT that have a value in this column come of rows with the same value only.
    pub(super) fn passes(&self, scope: usize, end: &End) -> bool {
        let select = &self.scopes[scope].select;
        if select.is_windowed {
            return false;
        }
        if select.is_grouped {
            return self.is_group_key(scope, end);
        }
        !self.is_aggregate(select)
    }

    /// Whether a SELECT groups by this very column. By another collation, one group has several values of it.
    pub(super) fn is_group_key(&self, scope: usize, end: &End) -> bool {
        let same_column = |one: &End| one.place == end.place && same(&one.column, &end.column);
        self.group_columns(scope).iter().any(same_column) && self.is_binary(end)
    }

    /// Whether values of a column are equal only if they are the same.
    pub(super) fn is_binary(&self, end: &End) -> bool {
        self.ends(end).iter().all(|end| {
            let table = self.table(end.place);
            table.is_some_and(|table| table.collation(&end.column).eq_ignore_ascii_case("binary"))
        })
    }

    /// The columns that a SELECT groups by, also by their number or by the name of what it returns.
    pub(super) fn group_columns(&self, scope: usize) -> Vec<End> {
        let outputs = self.outputs(scope);
        let terms = self.scopes[scope].select.group_by.iter();
        let found = terms.filter_map(|term| {
            if let Ok(number) = term.text.parse::<usize>() {
                return outputs.get(number.checked_sub(1)?)?.1.clone();
            }
            let column = term.column()?;
            self.lookup(scope, &column).or_else(|| {
                let named = outputs.iter().find(|(name, ..)| same(name, &column.column));
                named.and_then(|(_, end, _)| end.clone())
            })
        });
        found.collect()
    }

    pub(super) fn is_aggregate(&self, select: &Select<'a>) -> bool {
        select.calls.iter().any(|(name, arguments)| {
            let is_scalar = matches!(name.as_str(), "min" | "max") && *arguments > 1;
            !is_scalar && self.aggregates.contains(name)
        })
    }
}
